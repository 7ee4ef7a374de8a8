//! Where the real custom resource definitions are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use gitops_sandbox::cache::Cache;
use gitops_sandbox::tools::CustomResources;
use serde_json::Value as Json;

/// The release whose schemas of subscriptions the models are written for.
const KARGO: &str = "github.com/akuity/kargo@v1.11.2";

/// Upstream's own files.
pub(super) struct Definitions {
    /// Where they are from, for a person.
    pub(super) origin: String,
    argocd: BTreeMap<String, String>,
    kargo: BTreeMap<String, String>,
    kro: BTreeMap<String, String>,
    subscriptions: PathBuf,
    runners: PathBuf,
}

impl Definitions {
    /// The files of a folder `shared/crds` beside the workspace, of the one that
    /// `GITOPS_CRDS` names, or else of the modules that the sandbox pins. The
    /// schemas of subscriptions are always in Kargo's module.
    pub(super) fn find() -> Self {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/crds");
        let named = env::var_os("GITOPS_CRDS").map(PathBuf::from);
        let kargo = module(KARGO);
        let subscriptions = kargo.join("pkg/subscription/schemas");
        let runners = kargo.join("pkg/promotion/runner/builtin/schemas");
        if let Some(folder) = Some(beside).filter(|folder| folder.is_dir()).or(named) {
            return Self {
                origin: folder.display().to_string(),
                argocd: files(&folder.join("argocd")),
                kargo: files(&folder.join("kargo")),
                kro: files(&folder.join("kro")),
                subscriptions,
                runners,
            };
        }
        let cache = Cache::of_user().expect("a folder for what is downloaded");
        let pinned = |of: CustomResources| of.files(&cache).expect("the definitions of a module");
        Self {
            origin: "the modules that the sandbox pins".to_owned(),
            argocd: pinned(CustomResources::ArgoCd),
            kargo: pinned(CustomResources::Kargo),
            kro: pinned(CustomResources::Kro),
            subscriptions,
            runners,
        }
    }

    /// The schema of a kind of Argo CD.
    pub(super) fn argocd(&self, file: &str) -> Json {
        schema(&self.argocd, file)
    }

    /// The schema of a kind of Kargo.
    pub(super) fn kargo(&self, file: &str) -> Json {
        schema(&self.kargo, file)
    }

    /// The schema of a kind of kro.
    pub(super) fn kro(&self, file: &str) -> Json {
        schema(&self.kro, file)
    }

    /// The schema of a subscription, which its definition leaves open.
    pub(super) fn subscription(&self, name: &str) -> Json {
        let text = read(&self.subscriptions.join(format!("{name}.json")));
        serde_json::from_str(&text).expect("a JSON schema")
    }

    /// The schemas of the configurations of steps, by the names of their files.
    pub(super) fn runners(&self) -> BTreeMap<String, Json> {
        let parse = |(name, text): (String, String)| {
            let schema = serde_json::from_str(&text);
            (name, schema.expect("a JSON schema"))
        };
        files(&self.runners).into_iter().map(parse).collect()
    }

    /// The types of subscriptions that have a schema.
    pub(super) fn subscriptions(&self) -> BTreeSet<String> {
        let files = fs::read_dir(&self.subscriptions).expect("a folder with JSON schemas");
        let names = files.map(|file| file.expect("a file").file_name().into_string());
        names
            .map(|name| name.expect("a name in UTF-8"))
            .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .collect()
    }
}

fn schema(files: &BTreeMap<String, String>, file: &str) -> Json {
    let text = files.get(file).unwrap_or_else(|| panic!("there is no {file}"));
    let definition: Json =
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{file} is no YAML: {error}"));
    let versions = definition["spec"]["versions"].as_array().expect("a definition has versions");
    assert_eq!(versions.len(), 1, "{file} has one version");
    versions[0]["schema"]["openAPIV3Schema"].clone()
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries
        .map(|entry| entry.expect("a file"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), read(&entry.path())))
        .collect()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The folder of a Go module.
fn module(module: &str) -> PathBuf {
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=mod")
        .env("GOWORK", "off")
        .current_dir(env::temp_dir())
        .output()
        .expect("Go is on the PATH, to get the custom resource definitions with");
    let said: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let folder = said["Dir"].as_str().unwrap_or_else(|| {
        let error = String::from_utf8_lossy(&output.stderr);
        panic!("go mod download {module}: {} {error}", said["Error"])
    });
    folder.into()
}
