//! What a sandbox is made of.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::aws::ACCOUNT_ID;
use crate::tools::{CustomResources, Tool};

/// A part that may be left out.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, clap::ValueEnum)]
pub enum Part {
    /// Argo CD: its controllers, or in a managed sandbox what a capability would start.
    Argocd,
    /// The custom resource definitions of Kargo.
    Kargo,
    /// kro's controller and custom resource definitions; left out unless asked for.
    Kro,
    /// Terraform beside `OpenTofu`; left out unless asked for, since it takes minutes to build.
    Terraform,
    /// IAM, ECR, STS, the EKS API and with it EKS authentication.
    Aws,
}

/// How a sandbox is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Parts to leave out.
    pub without: BTreeSet<Part>,
    /// Parts to have that are left out by default.
    pub with: BTreeSet<Part>,
    /// Argo CD and kro as EKS capabilities, started by creating them; else they run from the start,
    /// as their Helm charts would have them. Needs [`Part::Aws`].
    pub managed: bool,
    /// Leaves the folder with the logs behind.
    pub keep_folder: bool,
    /// The provider for Terraform and `OpenTofu`; by default the one beside this program, if there
    /// is one.
    pub provider: Option<PathBuf>,
    /// The name of the EKS cluster.
    pub cluster: String,
    /// The AWS region.
    pub region: String,
    /// How long one state transition in the EKS API takes.
    pub tick: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            without: BTreeSet::new(),
            with: BTreeSet::new(),
            managed: true,
            keep_folder: false,
            provider: None,
            cluster: "sandbox".to_owned(),
            region: "eu-west-1".to_owned(),
            tick: Duration::from_millis(500),
        }
    }
}

impl Options {
    /// Whether the sandbox has a part.
    pub fn has(&self, part: Part) -> bool {
        let by_default = !matches!(part, Part::Kro | Part::Terraform);
        (by_default || self.with.contains(&part)) && !self.without.contains(&part)
    }

    /// Whether Argo CD and kro come as EKS capabilities.
    pub fn is_managed(&self) -> bool {
        self.managed && self.has(Part::Aws)
    }

    /// What has to be built.
    pub(crate) fn tools(&self) -> Vec<Tool> {
        let mut tools =
            vec![Tool::Etcd, Tool::Kubernetes, Tool::Kubectl, Tool::OpenTofu, Tool::Terragrunt];
        if self.has(Part::Terraform) {
            tools.push(Tool::Terraform);
        }
        if self.has(Part::Aws) || self.has(Part::Argocd) {
            tools.push(Tool::Python);
        }
        if self.has(Part::Argocd) {
            tools.extend([Tool::ArgoCd, Tool::Kustomize, Tool::Helm]);
        }
        if self.has(Part::Kro) {
            tools.push(Tool::Kro);
        }
        tools
    }

    /// The definitions of the parts, and whether they are there from the start; a capability brings
    /// its own.
    pub(crate) fn custom_resources(&self) -> Vec<(CustomResources, bool)> {
        let at_start = !self.is_managed();
        [
            (Part::Kargo, CustomResources::Kargo, true),
            (Part::Argocd, CustomResources::ArgoCd, at_start),
            (Part::Kro, CustomResources::Kro, at_start),
        ]
        .into_iter()
        .filter(|(part, _, _)| self.has(*part))
        .map(|(_, definitions, at_start)| (definitions, at_start))
        .collect()
    }

    /// The ARN of the cluster, as the EKS API gives it.
    pub fn cluster_arn(&self) -> String {
        let (region, cluster) = (&self.region, &self.cluster);
        format!("arn:aws:eks:{region}:{ACCOUNT_ID}:cluster/{cluster}")
    }
}
