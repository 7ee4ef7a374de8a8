//! Folders of sockets whose providers were killed, and could not remove them.
//!
//! A provider holds a lock on its folder, which the system lets go of however the process ends. So a
//! folder that can be locked is nobody's any more, and whoever serves next removes it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use tracing::debug;

use super::{PREFIX, SOCKET};

/// A folder is made a moment before it is locked, and is not to be taken for a leftover in between.
const YOUNG: Duration = Duration::from_mins(1);

/// Locks a folder for the life of the result. Without a lock, where the file system has none, the
/// only loss is that nobody tells the folder from a leftover.
pub(super) fn lock(dir: &Path) -> Option<File> {
    let lock = File::open(dir).ok()?;
    lock.try_lock().ok().map(|()| lock)
}

/// Removes the leftovers in the folder in which `own`, the folder of this process, is. How many.
pub(super) fn remove_beside(own: &Path) -> usize {
    let removed = remove_in(own).unwrap_or_default();
    if removed > 0 {
        debug!(removed, "removed the sockets of providers that were killed");
    }
    removed
}

fn remove_in(own: &Path) -> io::Result<usize> {
    let owner = fs::symlink_metadata(own)?.uid();
    let entries = fs::read_dir(own.parent().unwrap_or(own))?;
    let leftovers = entries.flatten().map(|entry| entry.path());
    Ok(leftovers.filter(|dir| dir != own && remove(dir, owner).is_ok()).count())
}

/// Removes a folder if it is a leftover of `owner`'s.
fn remove(dir: &Path, owner: u32) -> io::Result<()> {
    let no = || io::Error::from(io::ErrorKind::InvalidInput);
    let found = fs::symlink_metadata(dir)?;
    let is_old = found.modified()?.elapsed().is_ok_and(|age| age >= YOUNG);
    let is_one = dir.file_name().is_some_and(is_name) && found.is_dir();
    // Others' folders are others' to remove, wherever a privilege would let us.
    if !is_one || !is_old || found.uid() != owner {
        return Err(no());
    }
    let _lock = lock(dir).ok_or_else(no)?;
    for entry in fs::read_dir(dir)? {
        if entry?.file_name() != SOCKET {
            return Err(no());
        }
    }
    match fs::remove_file(dir.join(SOCKET)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::remove_dir(dir),
    }
}

/// Whether a name is one that a provider of ours gives a folder.
fn is_name(name: &OsStr) -> bool {
    let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
    number.is_some_and(|hex| u64::from_str_radix(hex, 16).is_ok_and(|n| format!("{n:x}") == hex))
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::time::SystemTime;

    use super::*;

    /// A folder as a provider leaves it behind, which was made that long ago.
    fn leave(parent: &Path, name: &str, age: Duration) -> PathBuf {
        let dir = parent.join(name);
        fs::create_dir(&dir).unwrap();
        drop(UnixListener::bind(dir.join(SOCKET)).unwrap());
        age_by(&dir, age);
        dir
    }

    fn age_by(dir: &Path, age: Duration) {
        let then = SystemTime::now().checked_sub(age).unwrap();
        File::open(dir).unwrap().set_times(FileTimes::new().set_modified(then)).unwrap();
    }

    #[test]
    fn what_a_killed_provider_left_is_removed_and_nothing_else_is() {
        let temp = tempfile::tempdir().unwrap();
        let leave = |name: &str, age| leave(temp.path(), name, age);
        let own = leave("plugin0a", YOUNG * 2);
        let dead = [leave("pluginabc123", YOUNG * 2), leave("plugin0", YOUNG)];
        let empty = temp.path().join("pluginfe");
        fs::create_dir(&empty).unwrap();
        age_by(&empty, YOUNG);

        let (alive, lock) = {
            let dir = leave("plugina11ce", YOUNG * 2);
            let lock = lock(&dir).expect("nobody has it");
            (dir, lock)
        };
        let young = leave("plugin1", YOUNG / 2);
        let named =
            ["plugin", "pluginxyz", "plugin0x1", "plugin00", "plugin12345678901234567", "p1"]
                .map(|name| leave(name, YOUNG * 2));
        let full = leave("plugin2", YOUNG * 2);
        fs::write(full.join("notes"), "not a provider's").unwrap();
        age_by(&full, YOUNG * 2);
        let file = temp.path().join("plugin3");
        fs::write(&file, "a socket of a provider in Go is no folder").unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = self::leave(elsewhere.path(), "plugin4", YOUNG * 2);
        symlink(&target, temp.path().join("plugin4")).unwrap();

        assert_eq!(remove_beside(&own), 3);
        for dir in dead.iter().chain([&empty]) {
            assert!(!dir.exists(), "{}", dir.display());
        }
        for kept in [&own, &alive, &young, &full, &file, &target].into_iter().chain(&named) {
            assert!(kept.exists(), "{}", kept.display());
        }

        // Its provider ends, in whatever way.
        drop(lock);
        assert_eq!(remove_beside(&own), 1);
        assert!(!alive.exists());
    }

    #[test]
    fn the_folders_of_others_are_left_to_them() {
        let temp = tempfile::tempdir().unwrap();
        let dir = leave(temp.path(), "plugin5", YOUNG * 2);
        let owner = fs::metadata(&dir).unwrap().uid();
        assert!(remove(&dir, owner + 1).is_err() && dir.exists());
        assert!(remove(&dir, owner).is_ok() && !dir.exists());
    }
}
