//! The programs of the sandbox: which, in which version, and where each one comes from.
//!
//! A program of an acceptable version on PATH (or in `KUBEBUILDER_ASSETS`) is taken. Else it is
//! built with Go from a module of our own under `tools/`, whose go.mod and go.sum pin everything by
//! checksum. Programs whose exact version matters to what the sandbox shows (Argo CD, kro) are
//! always built.

mod custom_resources;
mod found;
mod go;
mod programs;
mod python;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cache::Cache;
pub use custom_resources::CustomResources;

/// A set of programs that comes as one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Tool {
    /// `etcd`.
    Etcd,
    /// `kube-apiserver` and `kube-controller-manager`.
    Kubernetes,
    /// `kubectl`, for people who look around.
    Kubectl,
    /// `tofu`.
    OpenTofu,
    /// `terraform`.
    Terraform,
    /// `argocd`; which of its programs it is depends on the name it is started under.
    ArgoCd,
    /// `kustomize`, which Argo CD runs.
    Kustomize,
    /// `helm`, which Argo CD runs.
    Helm,
    /// `terragrunt`.
    Terragrunt,
    /// `kro`, its controller.
    Kro,
    /// `tfplugindocs`, for the pages of the registries.
    TfPluginDocs,
    /// `python`, with boto3 and moto's server; and `redis-server`, which a package carries.
    Python,
}

impl Tool {
    /// Every tool, in the order of how soon a test needs it.
    pub const ALL: [Self; 12] = [
        Self::Etcd,
        Self::Kubernetes,
        Self::Python,
        Self::OpenTofu,
        Self::Terraform,
        Self::ArgoCd,
        Self::Kustomize,
        Self::Helm,
        Self::Terragrunt,
        Self::Kubectl,
        Self::Kro,
        Self::TfPluginDocs,
    ];

    fn source(self) -> Source {
        match self {
            Self::Etcd => Source::Go(&programs::ETCD),
            Self::Kubernetes => Source::Go(&programs::KUBERNETES),
            Self::Kubectl => Source::Go(&programs::KUBECTL),
            Self::OpenTofu => Source::Go(&programs::OPENTOFU),
            Self::Terraform => Source::Go(&programs::TERRAFORM),
            Self::ArgoCd => Source::Go(&programs::ARGOCD),
            Self::Kustomize => Source::Go(&programs::KUSTOMIZE),
            Self::Helm => Source::Go(&programs::HELM),
            Self::Terragrunt => Source::Go(&programs::TERRAGRUNT),
            Self::Kro => Source::Go(&programs::KRO),
            Self::TfPluginDocs => Source::Go(&programs::TFPLUGINDOCS),
            Self::Python => Source::Python,
        }
    }
}

enum Source {
    Go(&'static go::Program),
    Python,
}

/// The programs of one sandbox, found or built.
#[derive(Clone, Debug, Default)]
pub struct Toolbox {
    programs: BTreeMap<&'static str, PathBuf>,
}

impl Toolbox {
    /// Finds or builds the wanted tools; minutes the first time, with a line on stderr for each
    /// build.
    pub fn prepare(cache: &Cache, wanted: &[Tool]) -> anyhow::Result<Self> {
        let mut programs = BTreeMap::new();
        for tool in Tool::ALL.into_iter().filter(|tool| wanted.contains(tool)) {
            let had = match tool.source() {
                Source::Go(program) => match found::everything_of(program) {
                    Some(found) => found,
                    None => program.build(cache)?,
                },
                Source::Python => python::environment(cache)?,
            };
            programs.extend(had);
        }
        Ok(Self { programs })
    }

    /// Where a program is, by its file name.
    pub fn get(&self, name: &str) -> Option<&Path> {
        self.programs.get(name).map(PathBuf::as_path)
    }

    /// Where a program is that has been asked for in [`Toolbox::prepare`].
    pub fn require(&self, name: &str) -> anyhow::Result<&Path> {
        self.get(name)
            .with_context(|| format!("{name} is not among the prepared tools of this sandbox"))
    }

    /// All programs by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.programs.iter().map(|(name, path)| (*name, path.as_path()))
    }
}

/// The folder of the modules and requirements, in the checkout that this was compiled from.
fn definitions() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tools"))
}
