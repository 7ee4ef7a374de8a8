//! Where the manifests of an application are and how they are rendered.

use std::collections::BTreeMap;

use crate::framework::{Attr, Model};

use super::helm::Helm;
use super::kustomize::Kustomize;

/// One place that manifests come from. At most one of `helm`, `kustomize`,
/// `directory` and `plugin` says how they are rendered; Argo CD finds out by
/// itself when none does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Source {
    /// URL of the Git repository, Helm repository or OCI registry. With the EKS capability,
    /// `CodeCommit`, `CodeConnections` and ECR need no registered repository.
    #[attr(required, api = "repoURL")]
    pub repo_url: Attr<String>,
    /// Directory within the repository; not for a Helm repository.
    pub path: Attr<String>,
    /// Name of the chart in a Helm repository; needs `target_revision`.
    pub chart: Attr<String>,
    /// What to deploy: a branch, tag or commit of a Git repository, a version or range of versions
    /// of a chart, a tag or digest in a registry. The head of the default branch when not set.
    pub target_revision: Attr<String>,
    /// Only tags that begin with this count when `target_revision` is a range of versions, and the
    /// rest of the tag is the version: for repositories with many components.
    pub tag_prefix: Attr<String>,
    /// Within `sources`: name by which the others refer to the files of this one, as in
    /// `$values/envs/prod.yaml`.
    #[attr(api = "ref")]
    pub r#ref: Attr<String>,
    /// Within `sources`: name to show and to select the source by.
    pub name: Attr<String>,
    /// Options for a Helm chart.
    pub helm: Attr<Helm>,
    /// Options for a kustomization.
    pub kustomize: Attr<Kustomize>,
    /// Options for a directory of plain manifests or Jsonnet.
    pub directory: Attr<Directory>,
    /// A config management plugin that renders the manifests. The EKS capability has none.
    pub plugin: Attr<Plugin>,
}

/// Options for a directory of plain manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Directory {
    /// Look into the directories below as well.
    #[attr(omitempty)]
    pub recurse: Attr<bool>,
    /// Only files whose path fits this pattern, such as `*.yaml` or `{*.yml,*.yaml}`.
    pub include: Attr<String>,
    /// No files whose path fits this pattern.
    pub exclude: Attr<String>,
    /// Take every file for a manifest, and not only those that end in `.yaml`, `.yml`, `.json` or
    /// `.jsonnet`.
    #[attr(omitempty)]
    pub disable_extension_filter: Attr<bool>,
    /// Options for Jsonnet.
    pub jsonnet: Attr<Jsonnet>,
}

/// Options for Jsonnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Jsonnet {
    /// External variables.
    pub ext_vars: Attr<Vec<JsonnetVariable>>,
    /// Top-level arguments.
    pub tlas: Attr<Vec<JsonnetVariable>>,
    /// Further directories to find libraries in.
    pub libs: Attr<Vec<String>>,
}

/// A variable or argument for Jsonnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct JsonnetVariable {
    /// Its name.
    #[attr(required)]
    pub name: Attr<String>,
    /// Its value.
    #[attr(required)]
    pub value: Attr<String>,
    /// The value is code to evaluate, and not text.
    #[attr(omitempty)]
    pub code: Attr<bool>,
}

/// A config management plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Plugin {
    /// Name of the plugin; the one that recognises the files when not set.
    pub name: Attr<String>,
    /// Variables for its environment; the plugin sees each with `ARGOCD_ENV_` before its name.
    pub env: Attr<Vec<EnvironmentVariable>>,
    /// Parameters that the plugin announces.
    pub parameters: Attr<Vec<PluginParameter>>,
}

/// A variable for a plugin's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct EnvironmentVariable {
    /// Its name, usually in capital letters.
    #[attr(required)]
    pub name: Attr<String>,
    /// Its value.
    #[attr(required)]
    pub value: Attr<String>,
}

/// A parameter for a plugin, with one of `string`, `array` and `map`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PluginParameter {
    /// Its name.
    pub name: Attr<String>,
    /// Its value, when it is text.
    pub string: Attr<String>,
    /// Its value, when it is a list.
    pub array: Attr<Vec<String>>,
    /// Its value, when it is a map.
    pub map: Attr<BTreeMap<String, String>>,
}
