//! Custom resource definitions out of pinned Go modules.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use super::go::go;
use crate::cache::{Cache, Key};

/// The custom resource definitions of one project, as the files of a pinned Go module.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CustomResources {
    /// Of Argo CD 3.6.1, which the provider's types follow. The controllers are of 3.2.6, the last
    /// version that can be built here, and work with the newer definitions, which only add optional
    /// fields.
    ArgoCd,
    /// Of Kargo 1.11.2.
    Kargo,
    /// Of kro 0.9.4.
    Kro,
}

struct Module {
    path: &'static str,
    version: &'static str,
    sum: &'static str,
    folder: &'static str,
}

impl CustomResources {
    fn module(self) -> Module {
        match self {
            Self::ArgoCd => Module {
                path: "github.com/argoproj/argo-cd/v3",
                version: "v3.6.1",
                sum: "h1:OmhqeKiR3C//awbFrhQqFdtRI+Qiv17j8vqm3UkMj/g=",
                folder: "manifests/crds/",
            },
            Self::Kargo => Module {
                path: "github.com/akuity/kargo",
                version: "v1.11.2",
                sum: "h1:n9qTrpkZxtlzu7eJa509XPZbsIMAYoT0qIvTiMjMTKI=",
                folder: "charts/kargo/resources/crds/",
            },
            Self::Kro => Module {
                path: "github.com/kubernetes-sigs/kro",
                version: "v0.9.4",
                sum: "h1:gynhldCLYW5x+M0c2Bf1ihoQTpNE68SKiXl1f6aX1kk=",
                folder: "helm/crds/",
            },
        }
    }

    /// The definitions as YAML texts by file name, downloaded the first time.
    pub fn files(self, cache: &Cache) -> anyhow::Result<BTreeMap<String, String>> {
        let module = self.module();
        let key =
            Key::new().with(module.path).with(module.version).with(module.sum).with(module.folder);
        let name = module.folder_name();
        let folder = cache.entry(&name, &key, |folder| module.extract(folder))?;
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read_to_string(path)?);
        }
        Ok(files)
    }
}

impl Module {
    fn folder_name(&self) -> String {
        let project = self.path.split('/').nth(2).unwrap_or(self.path);
        format!("{project}-crds-{}", self.version)
    }

    /// Writes the definitions among the module's files into the folder.
    fn extract(&self, folder: &Path) -> anyhow::Result<()> {
        let zip = self.download(folder)?;
        let mut archive = zip::ZipArchive::new(File::open(&zip)?)?;
        let prefix = format!("{}@{}/{}", self.path, self.version, self.folder);
        for index in 0..archive.len() {
            let mut file = archive.by_index(index)?;
            let name = file.name()?.strip_prefix(&prefix).unwrap_or_default().to_owned();
            // Beside the definitions lies a kustomization.yaml that lists them.
            let is_yaml = Path::new(&name).extension().is_some_and(|kind| kind == "yaml");
            if !is_yaml || name.contains('/') || name == "kustomization.yaml" {
                continue;
            }
            std::io::copy(&mut file, &mut File::create(folder.join(name))?)?;
        }
        ensure!(
            fs::read_dir(folder)?.next().is_some(),
            "{} has no files under {prefix}",
            zip.display()
        );
        Ok(())
    }

    /// The module's zip file in Go's module cache, its checksum being the pinned one.
    ///
    /// The zip and not the unpacked folder: Go refuses to unpack a module that asks for a newer Go.
    fn download(&self, anywhere: &Path) -> anyhow::Result<PathBuf> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Download {
            zip: Option<PathBuf>,
            sum: Option<String>,
            error: Option<String>,
        }
        let wanted = format!("{}@{}", self.path, self.version);
        eprintln!("sandbox: downloading {wanted} for its custom resource definitions");
        let output = go()
            .current_dir(anywhere)
            .args(["mod", "download", "-json", &wanted])
            .output()
            .context("cannot run go, which downloads modules; install Go 1.26 or later")?;
        let answer: Download = serde_json::from_slice(&output.stdout).with_context(|| {
            format!(
                "go mod download of {wanted} failed: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        })?;
        let (Some(zip), Some(sum)) = (answer.zip, answer.sum) else {
            bail!("go mod download of {wanted} failed: {}", answer.error.unwrap_or_default());
        };
        ensure!(sum == self.sum, "the checksum of {wanted} is {sum}, expected {}", self.sum);
        Ok(zip)
    }
}
