//! The one folder that outlives sandboxes: programs that took minutes to build.
//!
//! An entry is a folder whose name carries a hash of everything that went into it, so a change of a
//! version, a checksum or a build flag makes a new entry and never meets a stale one. It is made
//! under another name and renamed when complete, under a lock: concurrent test runs wait for one
//! another, and an interrupted build leaves nothing that looks finished. The whole folder may be
//! deleted at any time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// Overrides where the cache is.
pub const CACHE_VARIABLE: &str = "GITOPS_SANDBOX_CACHE";

/// A folder of built programs.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The user's cache: `$GITOPS_SANDBOX_CACHE`, else `terraform-provider-gitops/sandbox` in
    /// `$XDG_CACHE_HOME` or `~/.cache`.
    pub fn of_user() -> anyhow::Result<Self> {
        let variable =
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = variable(CACHE_VARIABLE)
            .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("terraform-provider-gitops/sandbox")))
            .or_else(|| Some(variable("HOME")?.join(".cache/terraform-provider-gitops/sandbox")))
            .with_context(|| {
                format!("no place for built programs: set {CACHE_VARIABLE} or HOME")
            })?;
        Self::at(&root)
    }

    /// A cache in the given folder, which is created.
    pub fn at(root: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(root)
            .with_context(|| format!("cannot create the cache folder {}", root.display()))?;
        // Entries are named in environments and command lines of programs that run elsewhere.
        Ok(Self { root: root.canonicalize()? })
    }

    /// Where the entries are.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder `NAME-KEY`, filled by `build` if it does not exist.
    ///
    /// `build` gets the folder to fill; it is called by at most one process at a time over the
    /// whole cache, since two builds at once would only slow each other down.
    pub fn entry(
        &self,
        name: &str,
        key: &Key,
        build: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let folder = self.root.join(format!("{name}-{}", key.text()));
        if folder.is_dir() {
            return Ok(folder);
        }
        let _held = self.lock()?;
        if folder.is_dir() {
            return Ok(folder);
        }
        let unfinished = self.root.join(".unfinished");
        // Holding the lock, whatever is there is of a build that was interrupted.
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        let filling = unfinished.join(name);
        fs::create_dir_all(&filling)?;
        build(&filling).with_context(|| format!("cannot make {name}"))?;
        fs::rename(&filling, &folder)?;
        fs::remove_dir_all(&unfinished)?;
        Ok(folder)
    }

    fn lock(&self) -> anyhow::Result<File> {
        let file = File::create(self.root.join(".lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!("sandbox: waiting for another process that builds programs");
                file.lock()?;
            }
            Err(TryLockError::Error(e)) => return Err(e).context("cannot lock the cache folder"),
        }
        Ok(file)
    }
}

/// What an entry was made of.
#[derive(Clone, Debug, Default)]
pub struct Key(Sha256);

impl Key {
    /// A key for this operating system and architecture: a cache may be on a shared folder.
    pub fn new() -> Self {
        Self::default().with(std::env::consts::OS).with(std::env::consts::ARCH)
    }

    /// Adds an ingredient. Its length goes in too, so that moving text between two of them is a
    /// change.
    #[must_use]
    pub fn with(mut self, ingredient: impl AsRef<[u8]>) -> Self {
        let bytes = ingredient.as_ref();
        self.0.update(bytes.len().to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// Twelve hexadecimal digits.
    fn text(&self) -> String {
        use std::fmt::Write as _;
        self.0.clone().finalize().iter().take(6).fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::at(folder.path()).expect("a cache");
        (folder, cache)
    }

    #[test]
    fn an_entry_is_built_once() {
        let (_folder, cache) = cache();
        let mut built = 0;
        for _ in 0..2 {
            let entry = cache.entry("a", &Key::new().with("1"), |folder| {
                built += 1;
                Ok(fs::write(folder.join("x"), "y")?)
            });
            assert_eq!(
                fs::read_to_string(entry.expect("an entry").join("x")).expect("the file"),
                "y"
            );
        }
        assert_eq!(built, 1);
    }

    #[test]
    fn a_failed_build_leaves_no_entry_and_is_tried_again() {
        let (_folder, cache) = cache();
        let key = Key::new().with("1");
        let failed = cache.entry("a", &key, |folder| {
            fs::write(folder.join("half"), "")?;
            anyhow::bail!("the compiler gave up")
        });
        assert!(format!("{:#}", failed.expect_err("a failure")).contains("the compiler gave up"));
        let entry = cache
            .entry("a", &key, |folder| Ok(fs::write(folder.join("whole"), "")?))
            .expect("an entry");
        assert!(entry.join("whole").exists() && !entry.join("half").exists());
    }

    #[test]
    fn a_key_changes_with_each_ingredient_and_with_their_borders() {
        let texts = [
            Key::new().with("ab").with("c").text(),
            Key::new().with("a").with("bc").text(),
            Key::new().with("abc").text(),
            Key::new().with("ab").with("c").text(),
        ];
        assert_ne!(texts[0], texts[1]);
        assert_ne!(texts[0], texts[2]);
        assert_eq!(texts[0], texts[3]);
    }

    #[test]
    fn concurrent_builders_of_one_entry_wait_for_the_first() {
        let (_folder, cache) = cache();
        let built = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let entry = cache.entry("a", &Key::new(), |_| {
                        built.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        std::thread::sleep(std::time::Duration::from_millis(20));
                        Ok(())
                    });
                    entry.expect("an entry");
                });
            }
        });
        assert_eq!(built.into_inner(), 1);
    }
}
