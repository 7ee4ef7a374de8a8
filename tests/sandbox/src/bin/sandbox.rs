//! `cargo sandbox -- COMMAND…`: runs a command inside a sandbox and exits as the command did.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Parser;
use gitops_sandbox::{Options, Part, Sandbox, cli};

/// Starts a cluster with everything around it, runs COMMAND with its environment, and stops it all.
///
/// Without COMMAND it stays until Ctrl-C and prints how to look around.
#[derive(Debug, Parser)]
#[command(name = "cargo sandbox")]
struct Arguments {
    /// Parts to leave out, separated by commas.
    #[arg(long, value_delimiter = ',')]
    without: Vec<Part>,
    /// Parts to have that are left out by default, separated by commas.
    #[arg(long, value_delimiter = ',')]
    with: Vec<Part>,
    /// Run Argo CD from the start, as its Helm chart would, and not as an EKS capability.
    #[arg(long)]
    self_managed: bool,
    /// Leave the folder with the logs behind.
    #[arg(long)]
    keep_folder: bool,
    /// Only find or build the programs.
    #[arg(long)]
    prepare: bool,
    /// The provider to use instead of building the one of this checkout.
    #[arg(long, value_name = "FILE")]
    provider: Option<PathBuf>,
    /// What to run, with its arguments.
    #[arg(trailing_var_arg = true)]
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(cli::arguments());
    cli::run(async { run(arguments).await })
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut options = Options {
        without: BTreeSet::from_iter(arguments.without),
        with: BTreeSet::from_iter(arguments.with),
        managed: !arguments.self_managed,
        keep_folder: arguments.keep_folder,
        provider: arguments.provider,
        ..Options::default()
    };
    if arguments.prepare {
        let tools = tokio::task::spawn_blocking(move || Sandbox::prepare(&options)).await??;
        for (name, path) in tools.iter() {
            eprintln!("{name:<24} {}", path.display());
        }
        return Ok(ExitCode::SUCCESS);
    }
    if options.provider.is_none() {
        options.provider = cli::build_provider().await?;
    }
    let sandbox = Sandbox::start(options).await?;
    cli::print_timings(&sandbox);

    let [program, rest @ ..] = arguments.command.as_slice() else {
        cli::print_ways_to_look_around(&sandbox);
        cli::interrupted().await;
        return Ok(ExitCode::SUCCESS);
    };
    let mut command = Command::new(program);
    command.args(rest).envs(sandbox.env().iter().map(|(name, value)| (name, value)));
    let status = sandbox.supervisor().run(&command, cli::interrupted()).await?;
    Ok(cli::exit_code(status))
}
