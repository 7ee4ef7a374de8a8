//! `gitops_manifest`: any object of a cluster, written as it is in YAML.

mod check;
mod content;
mod drift;
pub mod field_path;
mod known;
mod lifecycle;
pub mod list;
mod peers;
mod plan;
mod rollout;
mod spelling;
mod wait;

use field_path::field_path;
pub use lifecycle::Life;

use crate::framework::schema::Same;
use crate::framework::{Attr, Dynamic, Model, Set, Timeouts, Value, newtype};
use crate::resources::object::ClusterRef;

/// Any object of a Kubernetes cluster, of a kind that has no resource of its own here: a Deployment,
/// a `CustomResourceDefinition`, an object of that definition.
///
/// It is applied on the server's side. Only the fields that `manifest` sets are managed, and only
/// they show in a plan: what the API fills in and what controllers and people add is theirs. A plan
/// asks neither for the cluster nor for the definition of the kind to be there; an apply waits for a
/// definition that the same run makes.
#[derive(Clone, Debug, Default, Model)]
pub struct Manifest {
    /// The object: `apiVersion`, `kind`, `metadata` and what else the kind has, spelled as in YAML.
    /// What is `null` is left out. Another API group, kind, namespace or name makes another object.
    /// Where a namespace belongs and none is given, it is `default`.
    #[attr(required, local)]
    pub manifest: Attr<Document>,
    /// Further parts of the object that are kept nowhere, neither in the state nor in a plan, as in
    /// `{ stringData = { password = ephemeral.random_password.db.result } }`: put into `manifest`,
    /// objects into objects.
    #[attr(write_only, sensitive, local)]
    pub manifest_wo: Attr<Dynamic>,
    /// Raise it to have a new value of `manifest_wo` applied.
    #[attr(local)]
    pub manifest_wo_version: Attr<i64>,
    /// What to wait for at the end of a create or an update.
    #[attr(local)]
    pub wait: Attr<Wait>,
    /// Paths of fields that somebody else may change after they were set here, as in
    /// `spec.replicas` or `metadata.annotations["example.com/owner"]`: they are written at the
    /// creation and let be from then on.
    #[attr(local, check = field_path)]
    pub ignore_fields: Attr<Set<String>>,
    /// Take over fields that other field managers own when an object that is there already is
    /// adopted; without it they are named in an error. A later change takes over whatever the plan
    /// showed.
    #[attr(local)]
    pub force_conflicts: Attr<bool>,
    /// What a destroy does with the objects that this one owns: `background` deletes them
    /// afterwards, `foreground` before it, `orphan` leaves them in place. `background` when not set.
    #[attr(local, default = "background", one_of = ["foreground", "background", "orphan"])]
    pub cascade: Attr<String>,
    /// What a destroy does with the object itself: `delete` it, or `abandon` it, which leaves it in
    /// the cluster and forgets about it. `delete` when not set.
    #[attr(local, default = "delete", one_of = ["delete", "abandon"])]
    pub on_destroy: Attr<String>,
    /// Paths of fields to read back into `fields`, as in
    /// `status.loadBalancer.ingress[0].hostname`.
    #[attr(local, check = field_path)]
    pub read_fields: Attr<Set<String>>,
    /// What is at the paths of `read_fields`, by path: text as it is, and everything else as JSON.
    /// A path where there is nothing is left out.
    #[attr(computed, local)]
    pub fields: Attr<std::collections::BTreeMap<String, String>>,
    /// The API version, from `manifest`.
    #[attr(computed, stable, identity, local)]
    pub api_version: Attr<String>,
    /// The kind, from `manifest`.
    #[attr(computed, stable, identity, local)]
    pub kind: Attr<String>,
    /// The namespace; none for objects of the whole cluster.
    #[attr(computed, stable, identity = "optional", local)]
    pub namespace: Attr<String>,
    /// The name, from `manifest`.
    #[attr(computed, stable, identity, local)]
    pub name: Attr<String>,
    /// The id that the cluster gave the object; one that is made anew has another.
    #[attr(computed, stable, local)]
    pub uid: Attr<String>,
    /// The cluster that the object lives in; the provider's `cluster` when not set.
    #[attr(local)]
    pub cluster: Attr<ClusterRef>,
    /// How long each operation may take, waiting included.
    #[attr(block, local)]
    pub timeouts: Attr<Timeouts>,
}

/// What to wait for; all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Wait {
    /// Until a `Deployment`, a `StatefulSet` or a `DaemonSet` is rolled out, as `kubectl rollout
    /// status` has it; off when not set.
    #[attr(local)]
    pub rollout: Attr<bool>,
    /// Until the object has these conditions.
    #[attr(local)]
    pub conditions: Attr<Vec<ConditionWait>>,
    /// Until these fields have their values.
    #[attr(local)]
    pub fields: Attr<Vec<FieldWait>>,
}

/// A condition to wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ConditionWait {
    /// Its type, such as `Ready`.
    #[attr(required, local)]
    pub r#type: Attr<String>,
    /// Its status: `True`, `False` or `Unknown`; `True` when not set.
    #[attr(local, default = "True", one_of = ["True", "False", "Unknown"])]
    pub status: Attr<String>,
}

/// A field to wait for: any value of it, unless one of `value` and `value_regex` says which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FieldWait {
    /// Its path, as in `status.loadBalancer.ingress[0].ip`.
    #[attr(required, local, check = field_path)]
    pub path: Attr<String>,
    /// The value; what is no text is compared as JSON, such as `3` and `true`.
    #[attr(local)]
    pub value: Attr<String>,
    /// A regular expression that the value matches.
    #[attr(local, check = crate::framework::checks::regex)]
    pub value_regex: Attr<String>,
}

/// An object as a manifest has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document(pub Dynamic);

newtype!(Document(Dynamic), |attribute| attribute.same = Same::Whole(same));

/// Whether they are the same to the API: `0.5` and `500m` are where quantities are.
fn same(a: &Value, b: &Value) -> bool {
    let documents = content::document(a).ok().zip(content::document(b).ok());
    documents.is_some_and(|(a, b)| drift::same(&a, &b, &[]))
}

#[cfg(test)]
mod tests;
