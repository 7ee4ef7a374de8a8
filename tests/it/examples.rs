//! Every example is valid, and those of resources and functions can be planned: the real CLIs say
//! so, with the provider as it is built here.
//!
//! These examples leave out what every configuration has, as pages of documentation do; it is
//! added here. Their plans need no credentials and no cluster, since all they do is to create.

mod pipelines;
mod tftests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gitops_sandbox::cache::Cache;
use gitops_sandbox::tools::{Tool, Toolbox};
use tempfile::TempDir;
use terraform_provider_gitops::framework::{Object, PREFIX};
use terraform_provider_gitops::resources;

const COMMON: &str = "\
terraform {
  required_providers {
    gitops = {
      source = \"eks-gitops/gitops\"
    }
  }
}

provider \"gitops\" {
  region  = \"eu-west-1\"
  cluster = { name = \"main\" }
}
";

/// Folders with one example for each thing that has a page.
const PAGES: [&str; 4] = [
    "examples/data-sources",
    "examples/ephemeral-resources",
    "examples/functions",
    "examples/resources",
];

/// The same for what only Terraform knows of.
const PAGES_OF_TERRAFORM: [&str; 2] = ["examples/actions", "examples/list-resources"];

/// Whole configurations.
const WHOLE: [&str; 12] = [
    "argocd-app-of-apps",
    "argocd-application-sets",
    "argocd-applications",
    "argocd-projects",
    "argocd-settings",
    "github-actions",
    "hub-and-spoke",
    "irsa",
    "karpenter",
    "migrate-manifests",
    "provider",
    "quickstart",
];

/// Those whose plans call nobody.
const PLANNED: [&str; 2] = ["examples/functions", "examples/resources"];

/// Goes for any text that an example leaves to its user, but a private key.
const TEXT: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

#[test]
fn every_example_is_valid_and_formatted() {
    let tofu = Cli::tofu();
    let mut folders: Vec<_> = PAGES.into_iter().flat_map(folders_in).collect();
    folders.extend(WHOLE.map(|name| Path::new("examples").join(name)));
    folders.extend(["examples/pipelines", "examples/modules"].into_iter().flat_map(folders_in));
    folders.extend(["capability", "apps"].map(|unit| Path::new("terragrunt-examples").join(unit)));
    let mut wrong: Vec<_> = folders.iter().filter_map(|folder| tofu.complaint(folder)).collect();
    let terraform = Cli::terraform();
    let folders = PAGES_OF_TERRAFORM.into_iter().flat_map(folders_in);
    wrong.extend(folders.filter_map(|folder| terraform.complaint(&folder)));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_example_would_be_found() {
    let tofu = Cli::tofu();
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(
        folder.path().join("main.tf"),
        "resource \"gitops_kargo_project\" \"x\" {\n  name  = \"x\"\n  title = \"y\"\n}\n",
    )
    .expect("a file");
    let complaint = tofu.complaint(folder.path()).expect("title is no argument");
    assert!(complaint.contains("title"), "{complaint}");
    let unformatted = "resource \"gitops_kargo_project\" \"x\" {\nname = \"x\"\n}\n";
    fs::write(folder.path().join("main.tf"), unformatted).expect("a file");
    let complaint = tofu.complaint(folder.path()).expect("two spaces are missing");
    assert!(complaint.contains("tofu fmt"), "{complaint}");
}

#[test]
fn every_import_is_written_as_the_type_reads_it() {
    for managed in resources::registry().resources() {
        let name = format!("{PREFIX}_{}", managed.name());
        let folder = root().join("examples/resources").join(&name);
        let commands = fs::read_to_string(folder.join("import.sh")).expect("import.sh");
        let mut imports = commands.lines().filter(|line| !line.starts_with('#')).peekable();
        assert!(imports.peek().is_some(), "{name}: no import");
        // Of several ways, the first is the one that every type has.
        let words: Vec<_> = imports.next().unwrap_or_default().split_whitespace().collect();
        let ["terraform", "import", address, id] = words[..] else {
            panic!("{name}: {words:?} is no import")
        };
        assert!(address.starts_with(&format!("{name}.")), "{name}: {address}");
        let by_text = managed.import_format().parse(id).unwrap_or_else(|error| panic!("{error}"));
        let block = fs::read_to_string(folder.join("import-by-identity.tf")).expect("a block");
        assert!(block.contains(&format!("to = {address}\n")), "{name}: {block}");
        // Both ways name the same object.
        let by_identity = identity(&block);
        for attribute in managed.identity().iter().filter(|attribute| !attribute.optional) {
            assert!(by_identity.contains_key(attribute.name), "{name}: {}", attribute.name);
        }
        assert_eq!(by_identity, by_text, "{name}");
    }
}

/// The attributes of the block `identity`, each of them text.
fn identity(block: &str) -> Object {
    let inside = block.split_once("identity = {").map_or("", |(_, rest)| rest);
    let attributes = inside.lines().filter_map(|line| line.split_once(" = "));
    attributes
        .map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('"').into()))
        .collect()
}

/// A tool with the provider that is built beside this test.
struct Cli {
    name: &'static str,
    program: PathBuf,
    /// Holds the configuration of the CLI.
    folder: TempDir,
}

impl Cli {
    fn tofu() -> Self {
        Self::new(Tool::OpenTofu, "tofu")
    }

    fn terraform() -> Self {
        Self::new(Tool::Terraform, "terraform")
    }

    fn new(tool: Tool, name: &'static str) -> Self {
        let cache = Cache::of_user().expect("a folder for built programs");
        let tools = Toolbox::prepare(&cache, &[tool]).expect("it is built");
        let program = tools.require(name).expect("it is among its programs").to_owned();
        let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-gitops"));
        let beside = provider.parent().expect("a file is in a folder");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let overrides = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  dev_overrides {{\n    \
             \"eks-gitops/gitops\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
            beside.display()
        );
        fs::write(folder.path().join("cli.tfrc"), overrides).expect("a file");
        Self { name, program, folder }
    }

    /// What is wrong with the configuration in a folder, or nothing.
    fn complaint(&self, folder: &Path) -> Option<String> {
        // Of these, all is known that a plan needs.
        let can_be_planned = PLANNED.iter().any(|planned| folder.starts_with(planned));
        let folder = root().join(folder);
        let (copy, text) = copied(&folder);
        let variables = variables(&text);
        let run = |arguments: &[&str]| self.run(copy.path(), arguments, &variables);
        if let Err(output) = run(&["fmt", "-check", "-diff"]) {
            return Some(format!("{}: run {} fmt\n{output}", folder.display(), self.name));
        }
        complete(copy.path(), &text);
        let queries = text.lines().any(|line| line.starts_with("list \""));
        let validate: &[_] = if queries { &["validate", "-query"] } else { &["validate"] };
        if let Err(output) = run(&[validate, &["-no-color"]].concat()) {
            return Some(format!("{}:\n{output}", folder.display()));
        }
        if !can_be_planned {
            return None;
        }
        // What is imported is read, and there is nothing to be read.
        if folder.join("import-by-identity.tf").exists() {
            fs::remove_file(copy.path().join("import-by-identity.tf")).expect("it was there");
        }
        let output = run(&["plan", "-no-color", "-input=false"]).err()?;
        Some(format!("{}:\n{output}", folder.display()))
    }

    /// What it says; in `Err` when it fails.
    fn run(&self, folder: &Path, arguments: &[&str], variables: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(folder);
        command.env("TF_CLI_CONFIG_FILE", self.folder.path().join("cli.tfrc"));
        for variable in variables {
            let text = if variable.ends_with("private_key") { PRIVATE_KEY } else { TEXT };
            command.env(format!("TF_VAR_{variable}"), text);
        }
        let output = command.output().expect("the tool starts");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        if output.status.success() { Ok(text) } else { Err(text) }
    }
}

/// A copy of a configuration and its tests, and the text of the configuration.
fn copied(folder: &Path) -> (TempDir, String) {
    let copy = tempfile::tempdir().expect("a temporary folder");
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("the folder of an example") {
        let file = entry.expect("an entry").path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_configuration = [".tf", ".tfquery.hcl"].iter().any(|end| name.ends_with(end));
        if is_configuration {
            text += &fs::read_to_string(&file).expect("a configuration");
        }
        // What a configuration reads lies beside it.
        let is_beside = [tftests::END, ".yaml"].iter().any(|end| name.ends_with(end));
        if is_configuration || is_beside {
            fs::copy(&file, copy.path().join(name)).expect("a copy");
        }
    }
    assert!(!text.is_empty(), "{} has no configuration", folder.display());
    (copy, text)
}

/// Adds what an example leaves out.
fn complete(copy: &Path, text: &str) {
    if !text.contains("required_providers") {
        fs::write(copy.join("common.tf"), COMMON).expect("a file");
    }
}

/// The variables that a configuration declares.
fn variables(text: &str) -> Vec<&str> {
    let names = text.lines().filter_map(|line| line.strip_prefix("variable \""));
    names.filter_map(|rest| rest.split('"').next()).collect()
}

/// The folders in a folder, by their path in the checkout.
fn folders_in(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut folders: Vec<_> = names.map(|name| Path::new(folder).join(name)).collect();
    folders.sort();
    folders
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
