//! `gitops_application_set`: applications that Argo CD generates.

mod check;
pub mod generator;
mod lifecycle;
mod parameters;
pub mod pull_request;
pub mod references;
pub mod scm_provider;
pub mod template;
mod wait;

use crate::framework::{Attr, Model, Set};

use super::ArgocdMeta;
use generator::Generator;
use template::Template;

/// An Argo CD `ApplicationSet`: one application for each set of parameters that
/// its generators find, out of one template.
///
/// A destroy ends when the generated applications are gone, and with them what
/// they have deployed, unless `sync_policy` has it otherwise. With `wait`, an
/// apply ends when Argo CD has generated the applications and deployed them.
#[derive(Clone, Debug, Default, Model)]
pub struct ApplicationSet {
    /// What is common to the objects of Argo CD.
    #[attr(flatten)]
    pub metadata: ArgocdMeta,
    /// Where the parameters come from: each generator finds any number of sets of parameters, and
    /// each set makes an application.
    #[attr(required)]
    pub generators: Attr<Vec<Generator>>,
    /// What each application is like. Its texts may have parameters in them: `{{.name}}` with
    /// `go_template`, `{{name}}` without.
    #[attr(required)]
    pub template: Attr<Template>,
    /// A change of each application as YAML or JSON text with parameters, merged into what the
    /// template makes; for what is no text in the template, such as whole blocks that depend on a
    /// parameter. It cannot change the project. Needs `go_template`.
    pub template_patch: Attr<String>,
    /// Parameters are written in the language of Go's templates, `{{.path.basename}}`, with the
    /// functions of Sprig; off when not set, which only replaces `{{path.basename}}`.
    #[attr(omitempty)]
    pub go_template: Attr<bool>,
    /// Options for Go's templates. `missingkey=error` makes a parameter that there is not an error,
    /// where otherwise `<no value>` is deployed.
    pub go_template_options: Attr<Vec<String>>,
    /// What is done with applications that are generated no more, or changed, or already there.
    pub sync_policy: Attr<SetSyncPolicy>,
    /// In which order changes reach the applications. Needs an Argo CD with progressive syncs
    /// turned on.
    pub strategy: Attr<Strategy>,
    /// Labels and annotations that others add to the applications, and that are let be.
    pub preserved_fields: Attr<PreservedFields>,
    /// Fields of the applications that others may change.
    pub ignore_application_differences: Attr<Vec<IgnoreApplicationDifferences>>,
    /// Wait at the end of a create or an update until the applications are generated, and each is
    /// as this says; `{}` waits for everything. Without it, an apply ends as soon as the object is
    /// written.
    #[attr(local)]
    pub wait: Attr<ApplicationSetWait>,
    /// Paths of attributes that somebody else may change after they were set here, as in
    /// `template.spec.source.target_revision`: they are written at the creation and let be from
    /// then on.
    #[attr(local)]
    pub ignore_fields: Attr<Set<String>>,
}

/// What is done with applications that are generated no more, or changed, or
/// already there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SetSyncPolicy {
    /// What may be done to applications: `sync` creates, updates and deletes them,
    /// `create-update` never deletes, `create-delete` never updates, `create-only` does neither.
    /// Where nothing is deleted the applications survive the destroy of the set, too. `sync` when
    /// not set, unless Argo CD is configured with another.
    #[attr(one_of = ["create-only", "create-update", "create-delete", "sync"])]
    pub applications_sync: Attr<String>,
    /// Leave what an application has deployed in place when the application is deleted; off when
    /// not set.
    #[attr(omitempty)]
    pub preserve_resources_on_deletion: Attr<bool>,
}

/// In which order changes reach the applications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Strategy {
    /// `AllAtOnce`, or `RollingSync` for the steps of `rolling_sync`; `AllAtOnce` when not set. A
    /// rolling sync turns the automated synchronisation of the applications off, and starts it by
    /// itself.
    #[attr(api = "type")]
    pub r#type: Attr<String>,
    /// The steps of a rolling sync.
    pub rolling_sync: Attr<RollingSync>,
    /// In which order the applications are deleted with the set: `AllAtOnce`, or `Reverse` for the
    /// steps from the last to the first; `AllAtOnce` when not set.
    pub deletion_order: Attr<String>,
}

/// The steps of a rolling sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct RollingSync {
    /// The steps, each of which begins when the applications of the one before are healthy.
    /// Applications that fit no step are not synchronised.
    pub steps: Attr<Vec<RollingStep>>,
}

/// A step of a rolling sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct RollingStep {
    /// The applications of the step, by their labels; all of these have to fit.
    pub match_expressions: Attr<Vec<StepExpression>>,
    /// How many applications of the step may be on their way at a time, as a number or a percentage
    /// of them; all of them when not set. 0 stops before the step.
    #[attr(int_or_string)]
    pub max_update: Attr<String>,
}

/// A rule for a label of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct StepExpression {
    /// The label.
    pub key: Attr<String>,
    /// `In`, when the label is to have one of the values, or `NotIn`.
    pub operator: Attr<String>,
    /// The values.
    pub values: Attr<Vec<String>>,
}

/// Labels and annotations that others add to the applications, and that are let
/// be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PreservedFields {
    /// The keys of labels.
    pub labels: Attr<Vec<String>>,
    /// The keys of annotations.
    pub annotations: Attr<Vec<String>>,
}

/// Fields of the applications that others may change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct IgnoreApplicationDifferences {
    /// Only the application of this name; all of them when not set.
    pub name: Attr<String>,
    /// The fields as JSON pointers: `/spec/source/targetRevision`.
    pub json_pointers: Attr<Vec<String>>,
    /// The fields as jq expressions: `.spec.source.helm.values`. Lists are fields as a whole.
    pub jq_path_expressions: Attr<Vec<String>>,
}

/// What an apply waits for, beyond the applications being generated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ApplicationSetWait {
    /// Until what is live is as the sources have it, of every application; on when not set.
    #[attr(default = true)]
    pub synced: Attr<bool>,
    /// Until every application is healthy; on when not set.
    #[attr(default = true)]
    pub healthy: Attr<bool>,
    /// End with an error as soon as the generators fail, an application is degraded or its
    /// synchronisation has failed for good, rather than wait for somebody to repair it; on when not
    /// set.
    #[attr(default = true)]
    pub fail_on_degraded: Attr<bool>,
}
