//! `cargo bench`: the tables of `docs/performance.md`, with the budget beside each figure.
//!
//! | variable | |
//! |---|---|
//! | `BENCH_ONLY` | only these tables, separated by commas: `process`, `library`, `cluster` |
//! | `BENCH_SIZES` | how many Applications, separated by commas; 300 and 1,000 when not set |
//! | `BENCH_ROUNDS` | how often everything is done at each size; 3 when not set |
//! | `BENCH_PROVIDER` | a program to measure in the place of this checkout's release build |
//!
//! It fails when something could not be measured, and not for a budget that is missed: a busy
//! machine is no defect.

mod cluster;
mod library;
mod machine;
mod process;
mod table;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use table::Table;

/// What a run is asked for.
struct Wanted {
    tables: Option<Vec<String>>,
    sizes: Vec<usize>,
    rounds: usize,
    provider: PathBuf,
    /// The provider that does nothing.
    idle: PathBuf,
}

fn main() -> anyhow::Result<()> {
    // `cargo test --benches` builds and starts this too; only `cargo bench` passes `--bench`.
    if !env::args().any(|argument| argument == "--bench") {
        eprintln!("nothing is measured without --bench, which cargo bench passes");
        return Ok(());
    }
    let wanted = Wanted::read()?;
    say(&machine::describe(&wanted.provider)?);
    let runtime = tokio::runtime::Runtime::new()?;
    if wanted.has("process") {
        show(&process::measure(&wanted.provider)?);
    }
    if wanted.has("library") {
        show(&runtime.block_on(library::measure())?);
    }
    if wanted.has("cluster") {
        let (sizes, rounds) = (&wanted.sizes, wanted.rounds);
        let measured = cluster::measure(&wanted.provider, &wanted.idle, sizes, rounds);
        for table in runtime.block_on(measured)? {
            show(&table);
        }
    }
    Ok(())
}

impl Wanted {
    fn read() -> anyhow::Result<Self> {
        let list = |name: &str| -> Option<Vec<String>> {
            let value = env::var(name).ok()?;
            Some(value.split(',').map(|part| part.trim().to_owned()).collect())
        };
        let sizes = list("BENCH_SIZES").unwrap_or_else(|| vec!["300".into(), "1000".into()]);
        let sizes = sizes.iter().map(|size| size.parse()).collect::<Result<_, _>>();
        let rounds = env::var("BENCH_ROUNDS").ok().map_or(Ok(3), |rounds| rounds.parse::<usize>());
        let rounds = rounds.context("BENCH_ROUNDS is a number")?;
        ensure!(rounds > 0, "BENCH_ROUNDS is at least 1");
        Ok(Self {
            tables: list("BENCH_ONLY"),
            sizes: sizes.context("BENCH_SIZES is numbers")?,
            rounds,
            provider: match env::var_os("BENCH_PROVIDER") {
                Some(provider) => PathBuf::from(provider).canonicalize()?,
                None => built(&["--bin", PROVIDER], PROVIDER)?,
            },
            idle: built(
                &["--package", "gitops-bench", "--example", IDLE],
                &format!("examples/{IDLE}"),
            )?,
        })
    }

    fn has(&self, table: &str) -> bool {
        self.tables.as_ref().is_none_or(|tables| tables.iter().any(|it| it == table))
    }
}

const PROVIDER: &str = "terraform-provider-gitops";
const IDLE: &str = "terraform-provider-idle";

/// Builds a program as it is released, into the folder that this one is in, and says where it is.
fn built(what: &[&str], file: &str) -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?;
    // TARGET/release/deps/performance-…
    let release = program.ancestors().nth(2).context("this program is in no target folder")?;
    let target = release.parent().context("the folder of builds is in no target folder")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let mut build = Command::new(cargo);
    build.args(["build", "--release"]).args(what);
    build.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(target);
    let status = build.status().context("cannot run cargo")?;
    ensure!(status.success(), "{file} could not be built: {status}");
    Ok(release.join(file))
}

fn show(table: &Table) {
    say(&table.to_string());
}

/// To standard output, which here is for people and no handshake.
fn say(text: &str) {
    use std::io::Write as _;
    // A reader that has gone away wants nothing more.
    let _ = writeln!(std::io::stdout(), "{text}");
}
