//! The generators of an `ApplicationSet`.
//!
//! Their definition repeats the whole template in each of them, and all of them
//! in matrix and merge: what overrides the template is JSON text here, and so
//! are generators of the third level.

use std::collections::BTreeMap;

use crate::framework::{Attr, JsonText, Model};
use crate::resources::object::LabelSelector;

use super::pull_request::PullRequest;
use super::scm_provider::ScmProvider;

/// A source of parameters: exactly one kind of generator, and what is taken of
/// what it finds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Generator {
    /// The kinds that stand for themselves.
    #[attr(flatten)]
    pub leaf: Leaf,
    /// Every combination of what two generators find.
    pub matrix: Attr<Matrix>,
    /// What several generators find, put together where they agree.
    pub merge: Attr<Merge>,
}

/// Kinds of generators that have no others in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Leaf {
    /// Parameters that are written down here.
    pub list: Attr<ListGenerator>,
    /// Clusters that are registered with Argo CD; `{}` for all of them.
    #[attr(keep_empty)]
    pub clusters: Attr<ClusterGenerator>,
    /// Directories or files of a Git repository.
    pub git: Attr<GitGenerator>,
    /// Directories or files of an OCI artifact. Needs Argo CD 3.6.
    pub oci: Attr<OciGenerator>,
    /// Repositories of an organisation.
    pub scm_provider: Attr<ScmProvider>,
    /// Pull requests of a repository.
    pub pull_request: Attr<PullRequest>,
    /// Clusters that a resource of another kind decides on.
    pub cluster_decision_resource: Attr<ClusterDecisionResource>,
    /// Parameters that a service of yours answers with.
    pub plugin: Attr<PluginGenerator>,
    /// Only sets of parameters that this selects, by parameters as if they were labels.
    pub selector: Attr<LabelSelector>,
}

/// A generator within matrix or merge: exactly one kind of generator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct NestedGenerator {
    /// The kinds that stand for themselves.
    #[attr(flatten)]
    pub leaf: Leaf,
    /// A matrix, as JSON from `jsonencode(...)` with the field names of the API: two `generators`
    /// that have no others in them.
    pub matrix: Attr<JsonText>,
    /// A merge, as JSON from `jsonencode(...)` with the field names of the API: `generators` that
    /// have no others in them, and `mergeKeys`.
    pub merge: Attr<JsonText>,
}

/// A matrix within another generator, as its JSON has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub(super) struct DeepMatrix {
    /// The two generators.
    #[attr(required)]
    pub(super) generators: Attr<Vec<Leaf>>,
}

/// A merge within another generator, as its JSON has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub(super) struct DeepMerge {
    /// The generators.
    #[attr(required)]
    pub(super) generators: Attr<Vec<Leaf>>,
    /// Parameters by which they agree.
    #[attr(required)]
    pub(super) merge_keys: Attr<Vec<String>>,
}

/// What every kind of generator has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Override {
    /// What is different from the template in applications of this generator, as JSON from
    /// `jsonencode(...)` with the field names of the API.
    pub template: Attr<JsonText>,
}

/// What most kinds of generators have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Further {
    /// Further parameters, as `values.NAME`; they may be made of the others.
    pub values: Attr<BTreeMap<String, String>>,
    /// What is different in its applications.
    #[attr(flatten)]
    pub own: Override,
}

/// Every combination of what two generators find.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Matrix {
    /// The two generators. The second may use the parameters of the first.
    #[attr(required)]
    pub generators: Attr<Vec<NestedGenerator>>,
    /// What is different in its applications.
    #[attr(flatten)]
    pub own: Override,
}

/// What several generators find: the first says which sets of parameters there
/// are, the others change and add parameters of those that agree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Merge {
    /// The generators, at least two.
    #[attr(required)]
    pub generators: Attr<Vec<NestedGenerator>>,
    /// Parameters by which sets agree; no two of one generator may agree in all of them.
    #[attr(required)]
    pub merge_keys: Attr<Vec<String>>,
    /// What is different in its applications.
    #[attr(flatten)]
    pub own: Override,
}

/// Parameters that are written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ListGenerator {
    /// The sets of parameters, as a JSON list of objects from `jsonencode(...)`. Without
    /// `go_template` every parameter is text.
    pub elements: Attr<JsonText>,
    /// Further sets of parameters, as YAML text; it may come out of a parameter of the other
    /// generator of a matrix.
    pub elements_yaml: Attr<String>,
    /// What is different in its applications.
    #[attr(flatten)]
    pub own: Override,
}

/// Clusters that are registered with Argo CD: `name`, `server`, `metadata` and
/// the rest of their registration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ClusterGenerator {
    /// Only clusters whose registration has these labels; all when not set, together with the one
    /// that a self-managed Argo CD runs in.
    pub selector: Attr<LabelSelector>,
    /// One set of parameters with all clusters in the parameter `clusters`, in place of one set for
    /// each; off when not set.
    #[attr(omitempty)]
    pub flat_list: Attr<bool>,
    /// What it adds to what it finds.
    #[attr(flatten)]
    pub further: Further,
}

/// Directories or files of a Git repository, one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GitGenerator {
    /// URL of the Git repository.
    #[attr(required, api = "repoURL")]
    pub repo_url: Attr<String>,
    /// Branch, tag or commit; `HEAD` for the default branch.
    #[attr(required)]
    pub revision: Attr<String>,
    /// What is taken of it.
    #[attr(flatten)]
    pub paths: Paths,
}

/// Directories or files of an OCI artifact, one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct OciGenerator {
    /// URL of the artifact, `oci://...`.
    #[attr(required, api = "repoURL")]
    pub repo_url: Attr<String>,
    /// Tag or digest.
    #[attr(required)]
    pub revision: Attr<String>,
    /// What is taken of it.
    #[attr(flatten)]
    pub paths: Paths,
}

/// Directories or files, and how they become parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Paths {
    /// Directories, whose `path` is the parameter.
    pub directories: Attr<Vec<PathItem>>,
    /// Files of JSON or YAML, whose content are the parameters.
    pub files: Attr<Vec<PathItem>>,
    /// Text before the names of the parameters that are about the path, to tell two generators of a
    /// matrix apart.
    pub path_param_prefix: Attr<String>,
    /// How often to look for changes, in seconds; every 180 when not set.
    pub requeue_after_seconds: Attr<i64>,
    /// What it adds to what it finds.
    #[attr(flatten)]
    pub further: Further,
}

/// What to take or to leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PathItem {
    /// Path from the root, or a pattern: `apps/*`, `clusters/**/config.json`.
    #[attr(required)]
    pub path: Attr<String>,
    /// Leave out what fits; it wins over every other item. Off when not set.
    #[attr(omitempty)]
    pub exclude: Attr<bool>,
}

/// Clusters that a resource of another kind decides on, by one of `name` and
/// `label_selector`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ClusterDecisionResource {
    /// Name of a `ConfigMap`, beside the application set, that says what kind of resource it is and
    /// where in its status the clusters are.
    #[attr(required)]
    pub config_map_ref: Attr<String>,
    /// Name of the resource.
    pub name: Attr<String>,
    /// The resources by their labels.
    pub label_selector: Attr<LabelSelector>,
    /// How often to look for changes, in seconds; every 180 when not set.
    pub requeue_after_seconds: Attr<i64>,
    /// What it adds to what it finds.
    #[attr(flatten)]
    pub further: Further,
}

/// Parameters that a service of yours answers with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PluginGenerator {
    /// Where the service is and what it wants to hear.
    #[attr(required)]
    pub config_map_ref: Attr<PluginConfigMap>,
    /// What the service is asked with.
    pub input: Attr<PluginInput>,
    /// How often to ask again, in seconds; every 1800 when not set.
    pub requeue_after_seconds: Attr<i64>,
    /// What it adds to what it finds.
    #[attr(flatten)]
    pub further: Further,
}

/// A `ConfigMap` with `baseUrl` and `token` of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PluginConfigMap {
    /// Its name.
    #[attr(required)]
    pub name: Attr<String>,
}

/// What a service is asked with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PluginInput {
    /// Whatever it understands, as a JSON object from `jsonencode(...)`.
    pub parameters: Attr<JsonText>,
}
