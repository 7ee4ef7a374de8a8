//! `cargo demo`: one apply takes an EKS cluster from nothing to a synced Argo CD application.
//!
//! It runs the example with the real command line tool against a sandbox and tells what happens. It
//! fails if a step fails, if the second plan is not empty, or if the destroy leaves anything
//! behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::{Parser, ValueEnum};
use gitops_sandbox::{Options, Part, Sandbox, cli, inventory};

/// Builds the provider, starts a sandbox and takes examples/quickstart (with terragrunt,
/// terragrunt-examples) through its whole life.
#[derive(Debug, Parser)]
#[command(name = "cargo demo")]
struct Arguments {
    /// Leave everything applied and running until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// The command line tool to run it with.
    #[arg(long, value_enum, default_value_t = Tool::Tofu)]
    cli: Tool,
    /// Another configuration than the quickstart, or its two units for terragrunt.
    #[arg(long, value_name = "DIR", hide = true)]
    example: Option<PathBuf>,
    /// Another provider than this checkout's.
    #[arg(long, value_name = "FILE", hide = true)]
    provider: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tool {
    Tofu,
    Terraform,
    Terragrunt,
}

/// One call of the tool.
struct Step {
    /// Also the name of its log.
    name: &'static str,
    /// What it is for.
    title: &'static str,
    arguments: &'static [&'static str],
    /// The exit code of a success. Of a plan with `-detailed-exitcode`, 2 means that there is
    /// something to do.
    expected: i32,
    /// Whether nothing may be changed.
    idle: bool,
    /// What to say when it went well.
    outcome: &'static str,
}

const INIT: Step = Step {
    name: "init",
    title: "init: find the provider",
    arguments: &["init", "-input=false", "-no-color"],
    expected: 0,
    idle: false,
    outcome: "the freshly built provider is installed",
};
const PLAN: Step = Step {
    name: "plan",
    title: "plan: what would be created",
    arguments: &["plan", "-input=false", "-no-color", "-detailed-exitcode"],
    expected: 2,
    idle: false,
    outcome: "planned",
};
const APPLY: Step = Step {
    name: "apply",
    title: "apply: everything in one go",
    arguments: &["apply", "-input=false", "-no-color", "-auto-approve"],
    expected: 0,
    idle: false,
    outcome: "applied",
};
const SECOND_PLAN: Step = Step {
    name: "second-plan",
    title: "plan again: nothing may be left to do",
    arguments: &["plan", "-input=false", "-no-color", "-detailed-exitcode"],
    expected: 0,
    idle: true,
    outcome: "the second plan is empty",
};
const SECOND_APPLY: Step = Step {
    name: "second-apply",
    title: "apply again: nothing may happen",
    arguments: &["apply", "-input=false", "-no-color", "-auto-approve"],
    expected: 0,
    idle: true,
    outcome: "applied again",
};
const DESTROY: Step = Step {
    name: "destroy",
    title: "destroy: leave nothing behind",
    arguments: &["destroy", "-input=false", "-no-color", "-auto-approve"],
    expected: 0,
    idle: false,
    outcome: "destroyed",
};

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(cli::arguments());
    cli::run(async { run(arguments).await.map(|()| ExitCode::SUCCESS) })
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let example = match arguments.cli {
        Tool::Tofu | Tool::Terraform => "examples/quickstart",
        Tool::Terragrunt => "terragrunt-examples",
    };
    let example = arguments.example.unwrap_or_else(|| checkout.join(example));
    ensure!(example.is_dir(), "there is no example at {}", example.display());

    heading("Building the provider");
    let provider = match arguments.provider {
        Some(provider) => Some(provider),
        None => cli::build_provider().await?,
    };
    heading("Starting a cluster with Git, IAM and the EKS API around it");
    let with = match arguments.cli {
        Tool::Terraform => BTreeSet::from([Part::Terraform]),
        Tool::Tofu | Tool::Terragrunt => BTreeSet::new(),
    };
    let sandbox = Sandbox::start(Options { provider, with, ..Options::default() }).await?;
    cli::print_timings(&sandbox);

    let demo = Demo::new(&sandbox, arguments.cli, &example)?;
    tokio::select! {
        walked = demo.walk(arguments.keep) => walked?,
        () = cli::interrupted() => bail!("interrupted"),
    }
    eprintln!("\nAll steps went well, in {:.0} s.", start.elapsed().as_secs_f64());
    if arguments.keep {
        cli::print_ways_to_look_around(&sandbox);
        eprintln!("The configuration and its state are in {}.", demo.folder.display());
        cli::interrupted().await;
    }
    Ok(())
}

/// A copy of the example inside a sandbox, and the tool that works on it.
struct Demo<'a> {
    sandbox: &'a Sandbox,
    tool: Tool,
    folder: PathBuf,
}

impl<'a> Demo<'a> {
    fn new(sandbox: &'a Sandbox, tool: Tool, example: &Path) -> anyhow::Result<Self> {
        let folder = sandbox.folder().join("demo");
        copy(example, &folder).with_context(|| format!("cannot copy {}", example.display()))?;
        Ok(Self { sandbox, tool, folder })
    }

    async fn walk(&self, keep: bool) -> anyhow::Result<()> {
        let before = inventory::take(self.sandbox).await?;
        for step in [INIT, PLAN, APPLY] {
            self.take(&step).await?;
        }
        let applied = inventory::take(self.sandbox).await?;
        for new in applied.difference(&before) {
            eprintln!("  there is now: {new}");
        }
        for step in [SECOND_PLAN, SECOND_APPLY] {
            self.take(&step).await?;
        }
        if keep {
            return Ok(());
        }
        self.take(&DESTROY).await?;
        let after = inventory::take(self.sandbox).await?;
        let left: Vec<_> = after.difference(&before).map(String::as_str).collect();
        ensure!(left.is_empty(), "the destroy left behind: {}", left.join(", "));
        eprintln!("  nothing is left in AWS or in the cluster");
        Ok(())
    }

    /// Runs the tool, showing of its output the lines that tell of progress; all of it on failure.
    async fn take(&self, step: &Step) -> anyhow::Result<()> {
        heading(step.title);
        let command = self.command(step);
        let words: Vec<_> =
            std::iter::once(command.get_program()).chain(command.get_args()).collect();
        eprintln!("$ {}", words.join(std::ffi::OsStr::new(" ")).display());
        let start = Instant::now();
        let (status, output) = self.watch(step, &command).await?;
        if status.code() != Some(step.expected) {
            eprint!("{output}");
            match (status.code(), step.expected) {
                (Some(2), 0) => bail!("the plan is not empty"),
                (Some(0), 2) => bail!("the plan is empty, but everything was to be created"),
                _ => bail!("{} ended with {status}", step.name),
            }
        }
        let idle = "0 added, 0 changed, 0 destroyed";
        let mut summaries = output.lines().filter(|line| line.contains("Apply complete!"));
        if step.idle && !summaries.all(|line| line.contains(idle)) {
            bail!("the second apply was to change nothing");
        }
        eprintln!("✓ {} ({:.1} s)", step.outcome, start.elapsed().as_secs_f64());
        Ok(())
    }

    async fn watch(&self, step: &Step, command: &Command) -> anyhow::Result<(ExitStatus, String)> {
        let name = format!("demo-{}", step.name);
        let mut process = self.sandbox.supervisor().spawn(&name, command)?;
        let mut shown = 0;
        loop {
            // In this order, so that nothing is missed of what it wrote before its end.
            let status = process.ended()?;
            let output = String::from_utf8_lossy(&fs::read(process.log())?).into_owned();
            let complete = output.rfind('\n').map_or(0, |end| end + 1);
            for line in output[shown..complete].lines().filter_map(progress) {
                eprintln!("  {line}");
            }
            shown = complete;
            if let Some(status) = status {
                return Ok((status, output));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn command(&self, step: &Step) -> Command {
        let mut command = match self.tool {
            Tool::Tofu => Command::new("tofu"),
            Tool::Terraform => Command::new("terraform"),
            Tool::Terragrunt => {
                let mut command = Command::new("terragrunt");
                command.args(["run", "--all", "--non-interactive", "--no-color", "--"]);
                command
            }
        };
        command.args(step.arguments).current_dir(&self.folder);
        command.envs(self.sandbox.env().iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The part of a line that is worth showing: summaries, and what has been done.
fn progress(line: &str) -> Option<&str> {
    // Behind terragrunt's own marks.
    let line = line.rsplit_once("tofu: ").map_or(line, |(_, line)| line).trim();
    let tells = [" complete after ", "No changes.", "Plan: ", "Still creating...", "Error: "];
    let sums_up = ["Apply complete!", "Destroy complete!"];
    let shown = tells.iter().any(|part| line.contains(part))
        || sums_up.iter().any(|start| line.starts_with(start));
    shown.then_some(line)
}

fn heading(text: &str) {
    eprintln!("\n── {text}");
}

/// Copies a configuration without what a run of it may have left there.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with(".terra") || text.starts_with("terraform.tfstate") {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
