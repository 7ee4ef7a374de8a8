//! How kinds of resources are judged, compared, and left alone.

use crate::framework::{Attr, Model};

use super::check;

/// How resources of a kind are judged and compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Customization {
    /// Script in Lua that judges the resource `obj`: it returns a table with `status` (`Healthy`,
    /// `Progressing`, `Degraded`, `Suspended`) and `message`.
    #[attr(check = check::lua)]
    pub health: Attr<String>,
    /// Whether the script may use Lua's standard libraries; off when not set. Not for the EKS
    /// capability.
    pub use_open_libs: Attr<bool>,
    /// Actions that users may do to such resources. Not for the EKS capability.
    pub actions: Attr<ResourceActions>,
    /// Differences between what is wanted and what is live that do not count.
    pub ignore_differences: Attr<IgnoredFields>,
    /// Changes of live resources that are no reason to look at their application.
    pub ignore_resource_updates: Attr<IgnoredFields>,
    /// Fields that hold a well-known type of Kubernetes, whose spellings are compared by meaning.
    #[attr(length(1, usize::MAX))]
    pub known_type_fields: Attr<Vec<KnownTypeField>>,
}

/// Actions that users may do to resources of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ResourceActions {
    /// Script in Lua that returns a table with the actions that are possible for the resource
    /// `obj`.
    #[attr(required, api = "discovery.lua", check = check::lua)]
    pub discovery_lua: Attr<String>,
    /// The actions.
    #[attr(required, length(1, usize::MAX))]
    pub definitions: Attr<Vec<ResourceActionDefinition>>,
    /// Keep the actions that Argo CD has for the kind by itself; off when not set.
    #[attr(omitempty)]
    pub merge_builtin_actions: Attr<bool>,
}

/// An action that users may do to resources of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ResourceActionDefinition {
    /// Name of the action.
    #[attr(required)]
    pub name: Attr<String>,
    /// Script in Lua that changes the resource `obj` and returns it.
    #[attr(required, api = "action.lua", check = check::lua)]
    pub action_lua: Attr<String>,
}

/// Fields that are left out of a comparison. At least one of the three says which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct IgnoredFields {
    /// Fields to leave out, as JSON pointers: `/spec/replicas`.
    pub json_pointers: Attr<Vec<String>>,
    /// Fields to leave out, as jq expressions: `.spec.template.spec.initContainers[]`.
    #[attr(api = "jqPathExpressions")]
    pub jq_path_expressions: Attr<Vec<String>>,
    /// Field managers whose fields are left out.
    pub managed_fields_managers: Attr<Vec<String>>,
}

/// A field that holds a well-known type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct KnownTypeField {
    /// Path of the field, as in `spec.template.spec.resources`.
    #[attr(required)]
    pub field: Attr<String>,
    /// The type, as in `core/v1/ResourceRequirements`, `core/Quantity` or `meta/v1/Duration`.
    #[attr(required)]
    pub r#type: Attr<String>,
}

/// Resources of some groups, kinds and clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FilteredResource {
    /// API groups, as names or patterns; all when not set.
    pub api_groups: Attr<Vec<String>>,
    /// Kinds, as names or patterns; all when not set.
    pub kinds: Attr<Vec<String>>,
    /// Clusters, as servers or patterns of them; all when not set.
    pub clusters: Attr<Vec<String>>,
}

/// How live resources are compared with what is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct CompareOptions {
    /// Whether the rules that Kubernetes puts into aggregated roles count for nothing; off when not
    /// set.
    pub ignore_aggregated_roles: Attr<bool>,
    /// Whose field `status` is left out: that of custom resource definitions (`crd`), of `all`
    /// resources or of `none`. `all` when not set.
    #[attr(one_of = ["crd", "all", "none"])]
    pub ignore_resource_status_field: Attr<String>,
    /// Whether what `ignore_differences` leave out is no reason to look at an application either; on
    /// when not set.
    pub ignore_differences_on_resource_updates: Attr<bool>,
}
