//! The pages of `docs/` that the registries show, made by tfplugindocs out of the provider's schema
//! and the examples.
//!
//! It works in a temporary folder that is laid out as it expects a provider to be: in `docs/` it
//! would remove what it has not written, and pages for people who work on the provider are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value as Json};

use crate::cache::Cache;
use crate::tools::{Tool, Toolbox};

/// The provider's name, and with a `_` behind it the prefix of the names that have pages.
const PROVIDER: &str = "gitops";

/// What of `docs/` is made here, with all that is below it.
const MADE: [&str; 7] = [
    "index.md",
    "resources",
    "data-sources",
    "functions",
    "ephemeral-resources",
    "list-resources",
    "actions",
];

/// Schemas by the name of a type, each of which is served under a short name too.
const BY_TYPE: [&str; 6] = [
    "resource_schemas",
    "resource_identity_schemas",
    "data_source_schemas",
    "ephemeral_resource_schemas",
    "list_resource_schemas",
    "action_schemas",
];

/// Pages by their path below `docs/`.
pub type Pages = BTreeMap<PathBuf, String>;

/// Makes the pages of the provider that is this program, with the templates and examples of a
/// checkout, and has tfplugindocs check them.
pub fn make(checkout: &Path, provider: &Path) -> anyhow::Result<Pages> {
    let tools = Toolbox::prepare(&Cache::of_user()?, &[Tool::Terraform, Tool::TfPluginDocs])?;
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("terraform-provider-gitops");
    copy(&checkout.join("examples"), &root.join("examples"))?;
    copy(&checkout.join("docs/templates"), &root.join("templates"))?;

    let schema = folder.path().join("schema.json");
    let schemas = schema_of(provider, tools.require("terraform")?, folder.path())?;
    fs::write(&schema, schemas.to_string())?;

    let tfplugindocs = tools.require("tfplugindocs")?;
    let run = |verb: &str| {
        let mut command = Command::new(tfplugindocs);
        command.args([verb, "--provider-name", PROVIDER, "--provider-dir"]).arg(&root);
        command.arg("--providers-schema").arg(&schema).current_dir(&root);
        said(&mut command)
    };
    run("generate")?;
    run("validate")?;
    read(&root.join("docs"))
}

/// The pages that are in a checkout.
pub fn of_checkout(checkout: &Path) -> anyhow::Result<Pages> {
    read(&checkout.join("docs"))
}

/// Puts the pages into a checkout in the place of those that are there, and tells which have
/// changed.
pub fn write(checkout: &Path, pages: &Pages) -> anyhow::Result<BTreeSet<PathBuf>> {
    let before = of_checkout(checkout)?;
    let changed = differences(&before, pages);
    for page in &changed {
        let file = checkout.join("docs").join(page);
        match pages.get(page) {
            Some(text) => {
                fs::create_dir_all(file.parent().context("a page is in a folder")?)?;
                fs::write(file, text)?;
            }
            None => fs::remove_file(file)?,
        }
    }
    Ok(changed)
}

/// The pages that only one side has, or that differ.
pub fn differences(before: &Pages, after: &Pages) -> BTreeSet<PathBuf> {
    let all = before.keys().chain(after.keys());
    all.filter(|page| before.get(*page) != after.get(*page)).cloned().collect()
}

/// The schemas as tfplugindocs looks for them, from the tool that knows of lists and actions, without the short names.
fn schema_of(provider: &Path, terraform: &Path, folder: &Path) -> anyhow::Result<Json> {
    let work = folder.join("schema");
    fs::create_dir_all(&work)?;
    let beside = provider.parent().and_then(Path::to_str).context("a folder in UTF-8")?;
    // The debug form of a text is one of HCL.
    let overrides = format!(
        "disable_checkpoint = true\nprovider_installation {{\n  dev_overrides {{\n    \
         \"eks-gitops/gitops\" = {beside:?}\n  }}\n  direct {{}}\n}}\n"
    );
    let settings = work.join("cli.tfrc");
    fs::write(&settings, overrides)?;
    let requirement = "terraform {\n  required_providers {\n    gitops = {\n      \
                       source = \"eks-gitops/gitops\"\n    }\n  }\n}\n";
    fs::write(work.join("main.tf"), requirement)?;
    let mut command = Command::new(terraform);
    command.args(["providers", "schema", "-json"]).current_dir(&work);
    command.env("TF_CLI_CONFIG_FILE", &settings).env("CHECKPOINT_DISABLE", "1");
    let mut answer: Json = serde_json::from_slice(&said(&mut command)?)?;
    let schemas = answer["provider_schemas"].as_object_mut().context("schemas of providers")?;
    let ours = schemas.values_mut().next().context("the schema of the provider")?;
    for part in BY_TYPE {
        if let Some(types) = ours[part].as_object_mut() {
            without_short_names(types);
        }
    }
    let ours = ours.take();
    answer["provider_schemas"] = Map::from_iter([(PROVIDER.to_owned(), ours)]).into();
    Ok(answer)
}

fn without_short_names(types: &mut Map<String, Json>) {
    let rest = |name: &str| name.strip_prefix(PROVIDER)?.strip_prefix('_').map(str::to_owned);
    types.retain(|name, _| rest(name).is_some());
}

/// What a program prints; fails with all that it said when it fails.
fn said(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let name = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        bail!("{name}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr));
    }
    Ok(output.stdout)
}

fn read(docs: &Path) -> anyhow::Result<Pages> {
    let mut pages = Pages::new();
    let mut left: Vec<_> = MADE.iter().map(PathBuf::from).collect();
    while let Some(below) = left.pop() {
        let path = docs.join(&below);
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                left.push(below.join(entry?.file_name()));
            }
        } else if path.is_file() {
            pages.insert(below, fs::read_to_string(&path)?);
        }
    }
    Ok(pages)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    ensure!(from.is_dir(), "there is no folder {}", from.display());
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(pages: &[(&str, &str)]) -> Pages {
        pages.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect()
    }

    #[test]
    fn pages_replace_those_of_before_and_leave_the_others_alone() {
        let checkout = tempfile::tempdir().expect("a folder");
        let docs = checkout.path().join("docs");
        fs::create_dir_all(&docs).expect("a folder");
        fs::write(docs.join("design.md"), "by hand").expect("a file");
        let first = pages(&[("index.md", "1"), ("resources/a.md", "a"), ("resources/b.md", "b")]);
        let changed = write(checkout.path(), &first).expect("written");
        assert_eq!(changed.len(), 3);
        let second = pages(&[("index.md", "1"), ("resources/a.md", "A"), ("functions/c.md", "c")]);
        let changed = write(checkout.path(), &second).expect("written");
        let expected = ["functions/c.md", "resources/a.md", "resources/b.md"].map(PathBuf::from);
        assert_eq!(changed, BTreeSet::from(expected));
        assert_eq!(of_checkout(checkout.path()).expect("pages"), second);
        assert_eq!(fs::read_to_string(docs.join("design.md")).expect("the page"), "by hand");
        assert_eq!(write(checkout.path(), &second).expect("written"), BTreeSet::new());
    }

    #[test]
    fn only_names_with_the_prefix_have_pages() {
        let mut types = Map::new();
        for name in ["gitops_cluster", "cluster", "gitopsy"] {
            types.insert(name.to_owned(), Json::Null);
        }
        without_short_names(&mut types);
        assert_eq!(types.keys().collect::<Vec<_>>(), ["gitops_cluster"]);
    }
}
