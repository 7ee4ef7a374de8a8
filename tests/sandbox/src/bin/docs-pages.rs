//! `cargo docs-pages`: makes the pages of `docs/` that the registries show.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use gitops_sandbox::{cli, pages};

/// Builds the provider and makes index.md, resources/, data-sources/, functions/ and
/// ephemeral-resources/ of docs/ out of its schema, examples/ and docs/templates/.
#[derive(Debug, Parser)]
#[command(name = "cargo docs-pages")]
struct Arguments {}

fn main() -> ExitCode {
    Arguments::parse_from(cli::arguments());
    cli::run(async { run().await.map(|()| ExitCode::SUCCESS) })
}

async fn run() -> anyhow::Result<()> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let provider = cli::build_provider().await?;
    let provider = provider.context("it builds the provider with cargo: run cargo docs-pages")?;
    let made = pages::make(&checkout, &provider)?;
    let changed = pages::write(&checkout, &made)?;
    for page in &changed {
        eprintln!("docs/{}", page.display());
    }
    eprintln!("{} of {} pages have changed", changed.len(), made.len());
    Ok(())
}
