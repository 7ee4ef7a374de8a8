//! Options for a kustomization.

use std::collections::BTreeMap;

use crate::framework::{Attr, Model};

/// Options for a kustomization; they win over what its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Kustomize {
    /// Version of Kustomize, one that Argo CD is configured with; its own when not set.
    pub version: Attr<String>,
    /// Text before the name of each resource.
    pub name_prefix: Attr<String>,
    /// Text after the name of each resource.
    pub name_suffix: Attr<String>,
    /// Namespace of every resource.
    pub namespace: Attr<String>,
    /// Images to use in place of others, each as `[OLD=]NEW[:TAG][@DIGEST]`.
    pub images: Attr<Vec<String>>,
    /// How many replicas workloads have.
    pub replicas: Attr<Vec<KustomizeReplica>>,
    /// Labels for every resource.
    pub common_labels: Attr<BTreeMap<String, String>>,
    /// Set the common labels even where a resource has them with another value.
    #[attr(omitempty)]
    pub force_common_labels: Attr<bool>,
    /// Leave the common labels out of selectors.
    #[attr(omitempty)]
    pub label_without_selector: Attr<bool>,
    /// Set the common labels in the templates of workloads as well.
    #[attr(omitempty)]
    pub label_include_templates: Attr<bool>,
    /// Annotations for every resource.
    pub common_annotations: Attr<BTreeMap<String, String>>,
    /// Replace variables such as `$ARGOCD_APP_NAME` in the common annotations.
    #[attr(omitempty)]
    pub common_annotations_envsubst: Attr<bool>,
    /// Set the common annotations even where a resource has them with another value.
    #[attr(omitempty)]
    pub force_common_annotations: Attr<bool>,
    /// Components to add, by their paths relative to the kustomization.
    pub components: Attr<Vec<String>>,
    /// Pass over components that do not exist.
    #[attr(omitempty)]
    pub ignore_missing_components: Attr<bool>,
    /// Changes to resources.
    pub patches: Attr<Vec<KustomizePatch>>,
    /// Version of Kubernetes that charts within the kustomization are rendered for; the cluster's
    /// when not set.
    pub kube_version: Attr<String>,
    /// API versions that charts within the kustomization may rely on, as in
    /// `apps/v1/Deployment`; the cluster's when not set.
    pub api_versions: Attr<Vec<String>>,
}

/// How many replicas a workload has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct KustomizeReplica {
    /// Name of the Deployment or `StatefulSet`.
    #[attr(required)]
    pub name: Attr<String>,
    /// How many: a number.
    #[attr(required, int_or_string)]
    pub count: Attr<String>,
}

/// A change to resources, as text in `patch` or in the file `path`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct KustomizePatch {
    /// File with the change, relative to the kustomization.
    pub path: Attr<String>,
    /// The change: a strategic merge patch or a JSON patch, as YAML.
    pub patch: Attr<String>,
    /// Which resources to change; those that a strategic merge patch names when not set.
    pub target: Attr<KustomizeTarget>,
    /// Switches of Kustomize: `allowNameChange`, `allowKindChange`.
    pub options: Attr<BTreeMap<String, bool>>,
}

/// Which resources a patch is for. Everything that is set has to fit; names,
/// kinds and the like may be regular expressions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct KustomizeTarget {
    /// Their API group.
    pub group: Attr<String>,
    /// Their API version.
    pub version: Attr<String>,
    /// Their kind.
    pub kind: Attr<String>,
    /// Their name.
    pub name: Attr<String>,
    /// Their namespace.
    pub namespace: Attr<String>,
    /// Labels that they have, as in `app=shop,tier!=db`.
    pub label_selector: Attr<String>,
    /// Annotations that they have, in the same way.
    pub annotation_selector: Attr<String>,
}
