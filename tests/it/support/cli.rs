//! Configurations on disk, and the real command line tools that work on them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use gitops_sandbox::Sandbox;
use gitops_sandbox::process::Process;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value as Json;

/// What no call of a tool may take, even on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(4);

/// A command line tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cli {
    Tofu,
    Terraform,
    Terragrunt,
}

impl Cli {
    /// The name of the program.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tofu => "tofu",
            Self::Terraform => "terraform",
            Self::Terragrunt => "terragrunt",
        }
    }
}

/// A folder with a configuration, and the tool that works on it.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    sandbox: &'static Sandbox,
    cli: Cli,
    folder: PathBuf,
    variables: BTreeMap<String, Option<String>>,
}

impl Workspace {
    /// An empty folder of this name.
    pub(crate) fn new(sandbox: &'static Sandbox, name: &str) -> Self {
        let folder = sandbox.folder().join("workspaces").join(name);
        assert!(!folder.exists(), "two tests use the workspace {name}");
        fs::create_dir_all(&folder).expect("a folder");
        let workspace = Self { sandbox, cli: Cli::Tofu, folder, variables: BTreeMap::new() };
        let kubeconfig = sandbox.control_plane().admin().file.to_str().expect("UTF-8").to_owned();
        workspace.with("TF_VAR_kubeconfig", kubeconfig).with("TF_VAR_prefix", format!("it-{name}"))
    }

    /// A copy of a folder of this checkout, such as `examples/quickstart`.
    pub(crate) fn of(sandbox: &'static Sandbox, name: &str, source: &str) -> Self {
        let workspace = Self::new(sandbox, name);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(source), &workspace.folder);
        workspace
    }

    /// The same for another tool.
    pub(crate) fn under(self, cli: Cli) -> Self {
        Self { cli, ..self }
    }

    /// The same with a variable of the environment.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.insert(name.to_owned(), Some(value.to_string()));
        self
    }

    /// The same without a variable of the environment.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.insert(name.to_owned(), None);
        self
    }

    /// Writes a file, such as a further part of the configuration.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let file = self.folder.join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a written file");
    }

    /// Removes a file.
    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.folder.join(file)).expect("a removed file");
    }

    /// Changes a text that occurs in a file, once.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert_eq!(text.matches(from).count(), 1, "{from:?} is to occur once in {file}");
        self.write(file, &text.replacen(from, to, 1));
    }

    /// The text of a file.
    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).expect("a file")
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The prefix of the names of what it makes.
    pub(crate) fn prefix(&self) -> &str {
        self.variables["TF_VAR_prefix"].as_deref().expect("set in new()")
    }

    /// Whether its state has resources, as far as can be told from the file.
    pub(crate) fn has_resources(&self) -> bool {
        let state = fs::read(self.folder.join("terraform.tfstate")).unwrap_or_default();
        let state: Json = serde_json::from_slice(&state).unwrap_or_default();
        state["resources"].as_array().is_some_and(|resources| !resources.is_empty())
    }

    /// The resources in its state file.
    pub(crate) fn resources(&self) -> Vec<Json> {
        let state: Json = serde_json::from_str(&self.read("terraform.tfstate")).expect("JSON");
        state["resources"].as_array().cloned().unwrap_or_default()
    }

    /// Finds the provider.
    pub(crate) async fn init(&self) {
        self.run(&["init", "-input=false", "-no-color"]).await.succeeded();
    }

    /// Makes everything as configured.
    pub(crate) async fn apply(&self) -> Run {
        self.run(&["apply", "-input=false", "-no-color", "-auto-approve"]).await
    }

    /// Ends everything.
    pub(crate) async fn destroy(&self) -> Run {
        self.run(&["destroy", "-input=false", "-no-color", "-auto-approve"]).await
    }

    /// Plans without looking closer: see [`Run::shows_no_changes`].
    pub(crate) async fn plan(&self) -> Run {
        self.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]).await
    }

    /// Plans into `tfplan` and reads it.
    pub(crate) async fn planned(&self) -> Plan {
        let run = self
            .run(&["plan", "-input=false", "-no-color", "-detailed-exitcode", "-out=tfplan"])
            .await;
        assert!(matches!(run.code, Some(0 | 2)), "{run}");
        let shown = self.run(&["show", "-json", "tfplan"]).await.succeeded();
        Plan(serde_json::from_str(&shown.output).expect("a plan as JSON"))
    }

    /// Runs the tool to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).ended().await
    }

    /// Starts the tool, in a process group of its own with all it starts.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_within(&[], arguments)
    }

    /// Starts the tool as the arguments of another program, such as `strace`.
    pub(crate) fn start_within(&self, outer: &[&str], arguments: &[&str]) -> Running {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let words = [outer, &[self.cli.name()], arguments].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(&self.folder);
        command.envs(self.sandbox.env().iter().map(|(name, value)| (name, value)));
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let workspace = self.folder.file_name().expect("a name").to_string_lossy();
        let verb = arguments.first().copied().unwrap_or_default();
        let log = format!("{number:03}-{workspace}-{}-{verb}", self.cli.name());
        let process = self.sandbox.supervisor().spawn(&log, &command).expect("a process");
        Running { process, words: words.join(" "), started: Instant::now() }
    }
}

/// A tool at work. Dropping it kills it and what it has started.
pub(crate) struct Running {
    process: Process,
    words: String,
    started: Instant,
}

impl Running {
    /// Waits for the end.
    pub(crate) async fn ended(mut self) -> Run {
        loop {
            if let Some(status) = self.status() {
                return self.run(status);
            }
            assert!(
                self.started.elapsed() < TIMEOUT,
                "{} has not ended in {TIMEOUT:?}; it said:\n{}",
                self.words,
                self.output()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.status().is_some()
    }

    /// What it has said so far.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.process.log()).expect("a log")).into_owned()
    }

    /// SIGKILL, to the tool and the provider alike.
    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
    }

    /// Ctrl-C: as from a terminal, SIGINT to the whole group.
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    fn signal(&self, signal: Signal) {
        let group = Pid::from_raw(self.process.group()).expect("a group");
        // It may have ended a moment ago.
        let _ = kill_process_group(group, signal);
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.process.ended().expect("the state of a child")
    }

    fn run(self, status: ExitStatus) -> Run {
        let output = self.output();
        let took = self.started.elapsed();
        assert!(status.signal().is_none(), "{} was killed: {status}\n{output}", self.words);
        Run { words: self.words, code: status.code(), output, took }
    }
}

/// How a call of a tool ended.
pub(crate) struct Run {
    words: String,
    /// The exit code; of a plan with `-detailed-exitcode`, 2 means that there is something to do.
    pub(crate) code: Option<i32>,
    /// All that it said.
    pub(crate) output: String,
    /// From start to end.
    pub(crate) took: Duration,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { words, code, output, took } = self;
        write!(f, "{words} ended with {code:?} after {took:.1?}:\n{output}")
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert_eq!(self.code, Some(1), "{self}");
        self
    }

    /// Of a plan: there is something to do.
    #[track_caller]
    pub(crate) fn shows_changes(self) -> Self {
        assert_eq!(self.code, Some(2), "{self}");
        self
    }

    /// Of a plan: nothing is to do.
    #[track_caller]
    pub(crate) fn shows_no_changes(self) -> Self {
        assert_eq!(self.code, Some(0), "the plan is not empty\n{self}");
        self
    }

    /// What it said holds these words, wherever the tool broke the lines.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.text().contains(words), "nothing of {words:?} in\n{self}");
        self
    }

    /// What it said, on one line and without the frames around messages.
    pub(crate) fn text(&self) -> String {
        let text: String = self.output.replace(['│', '╷', '╵'], " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// A plan, as `show -json` has it.
pub(crate) struct Plan(pub(crate) Json);

impl Plan {
    /// Which attributes change, by address: `gitops_application.this` → `source.target_revision`.
    ///
    /// Those whose new value is known only after apply are among them, with a `?` behind. An object
    /// that comes, goes or is made anew has the one entry `create`, `delete` or `replace`; one that
    /// is imported the entry `import` beside others.
    pub(crate) fn changes(&self) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::new();
        for resource in self.0["resource_changes"].as_array().into_iter().flatten() {
            let address = resource["address"].as_str().expect("an address").to_owned();
            let change = &resource["change"];
            let actions: Vec<_> = change["actions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            let mut fields = Vec::new();
            if !change["importing"].is_null() {
                fields.push("import".to_owned());
            }
            match actions[..] {
                ["no-op" | "read"] => {}
                ["update"] => {
                    differences("", &change["before"], &change["after"], &mut fields);
                    // What becomes unknown is left out of `after`, and so is a difference already.
                    let mut unknown = Vec::new();
                    truths("", &change["after_unknown"], &mut unknown);
                    fields.retain(|field| !unknown.contains(field));
                    fields.extend(unknown.into_iter().map(|field| format!("{field}?")));
                }
                [one] => fields.push(one.to_owned()),
                _ => fields.push("replace".to_owned()),
            }
            if !fields.is_empty() {
                all.insert(address, fields);
            }
        }
        all
    }
}

/// The paths at which two values differ; a list of another length differs as a whole.
fn differences(at: &str, before: &Json, after: &Json, paths: &mut Vec<String>) {
    match (before, after) {
        (Json::Object(b), Json::Object(a)) => {
            let mut keys: Vec<_> = b.keys().chain(a.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                differences(&field(at, key), &before[key], &after[key], paths);
            }
        }
        (Json::Array(b), Json::Array(a)) if a.len() == b.len() => {
            for (index, (b, a)) in b.iter().zip(a).enumerate() {
                differences(&format!("{at}[{index}]"), b, a, paths);
            }
        }
        _ if before == after => {}
        _ => paths.push(at.to_owned()),
    }
}

/// The paths at which a value is `true`.
fn truths(at: &str, value: &Json, paths: &mut Vec<String>) {
    match value {
        Json::Bool(true) => paths.push(at.to_owned()),
        Json::Object(fields) => {
            fields.iter().for_each(|(key, value)| truths(&field(at, key), value, paths));
        }
        Json::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| truths(&format!("{at}[{index}]"), item, paths));
        }
        _ => {}
    }
}

fn field(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

/// Copies a configuration without what a run of it may have left there.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    let entries = fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
    for entry in entries.map(|entry| entry.expect("an entry")) {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with(".terra") || text.starts_with("terraform.tfstate") {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to.join(&name));
        } else {
            fs::copy(entry.path(), to.join(&name)).expect("a copied file");
        }
    }
}
