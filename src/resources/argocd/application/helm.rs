//! Options for a Helm chart.

use crate::framework::{Attr, JsonText, Model};

/// Options for a Helm chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Helm {
    /// Name of the release; the application's when not set.
    pub release_name: Attr<String>,
    /// Files with values, relative to the chart, or to another source by its `ref`
    /// (`$values/prod.yaml`). Later files win.
    pub value_files: Attr<Vec<String>>,
    /// Values as YAML text. They win over `value_files`; with `values_object` they are ignored.
    pub values: Attr<String>,
    /// Values as JSON, from `jsonencode(...)`. They win over `values`; each key is compared by
    /// itself, so values that others add are left alone.
    pub values_object: Attr<JsonText>,
    /// Single values by their path, such as `image.tag`. They win over all the others.
    pub parameters: Attr<Vec<HelmParameter>>,
    /// Single values whose text is the content of a file.
    pub file_parameters: Attr<Vec<HelmFileParameter>>,
    /// Pass over files of `value_files` that do not exist.
    #[attr(omitempty)]
    pub ignore_missing_value_files: Attr<bool>,
    /// Leave out the custom resource definitions of the chart.
    #[attr(omitempty)]
    pub skip_crds: Attr<bool>,
    /// Do not check the values against the chart's schema.
    #[attr(omitempty)]
    pub skip_schema_validation: Attr<bool>,
    /// Leave out the tests of the chart.
    #[attr(omitempty)]
    pub skip_tests: Attr<bool>,
    /// Send the credentials of the repository to every host that the chart is fetched from.
    #[attr(omitempty)]
    pub pass_credentials: Attr<bool>,
    /// Namespace that the chart is rendered with; the destination's when not set.
    pub namespace: Attr<String>,
    /// Version of Kubernetes that the chart is rendered for; the cluster's when not set.
    pub kube_version: Attr<String>,
    /// API versions that the chart may rely on, as in `apps/v1/Deployment`; the cluster's when not
    /// set.
    pub api_versions: Attr<Vec<String>>,
    /// Version of Helm. Argo CD knows only `v3`.
    pub version: Attr<String>,
}

/// A single value of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct HelmParameter {
    /// Path of the value, such as `image.tag`.
    pub name: Attr<String>,
    /// The value.
    pub value: Attr<String>,
    /// Take the value as text even where it reads as a number, `true` or `false`.
    #[attr(omitempty)]
    pub force_string: Attr<bool>,
}

/// A single value of a chart that is read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct HelmFileParameter {
    /// Path of the value, such as `config`.
    pub name: Attr<String>,
    /// The file, relative to the chart, or to another source by its `ref`.
    pub path: Attr<String>,
}
