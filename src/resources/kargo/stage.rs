//! `gitops_kargo_stage`: a step of a pipeline, and how freight gets there.

use std::collections::BTreeMap;

use super::Variable;
use super::steps::Steps;
use crate::clients::kube::ObjectKind;
use crate::framework::checks::{kargo_duration, same_go_duration};
use crate::framework::{Attr, Diagnostics, Model};
use crate::resources::object::{Kind, ObjectMeta};

/// A Kargo stage: what it takes freight from, and what a promotion does.
///
/// Without `promotion_template` it is a control-flow stage, which only passes
/// freight on.
#[derive(Clone, Debug, Default, Model)]
pub struct Stage {
    /// What is common to all objects. The namespace is the project.
    #[attr(flatten)]
    pub metadata: ObjectMeta,
    /// Freight that the stage takes, each item of another warehouse.
    #[attr(required, length(1, usize::MAX))]
    pub requested_freight: Attr<Vec<FreightRequest>>,
    /// What a promotion does.
    #[attr(api = "promotionTemplate/spec")]
    pub promotion_template: Attr<PromotionTemplate>,
    /// How the freight of the stage is verified before the next stages may take it; by the health
    /// of its Argo CD applications when not set.
    pub verification: Attr<Verification>,
    /// Variables for the expressions of the promotion template and the verification.
    pub vars: Attr<Vec<Variable>>,
    /// Shard whose controller takes care of the stage; the default one when not set.
    pub shard: Attr<String>,
}

/// Freight that a stage takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FreightRequest {
    /// The warehouse that made it.
    #[attr(required)]
    pub origin: Attr<FreightOrigin>,
    /// Where it may be taken from: the warehouse itself, or stages before this one.
    #[attr(required, keep_empty)]
    pub sources: Attr<FreightSources>,
}

/// The warehouse that made the freight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FreightOrigin {
    /// Kind of the origin; `Warehouse`, the only one that there is, when not set.
    #[attr(default = "Warehouse", one_of = ["Warehouse"])]
    pub kind: Attr<String>,
    /// Name of the warehouse.
    #[attr(required)]
    pub name: Attr<String>,
}

/// Where freight may be taken from: `direct`, `stages` or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FreightSources {
    /// From the warehouse itself, as soon as it is made; off when not set.
    #[attr(omitempty)]
    pub direct: Attr<bool>,
    /// From these stages, when they have verified it.
    pub stages: Attr<Vec<String>>,
    /// How many of the stages have to have verified it: `OneOf` them or `All`; `OneOf` when not
    /// set.
    #[attr(one_of = ["OneOf", "All"])]
    pub availability_strategy: Attr<String>,
    /// How long it has to have been in one of the stages, in hours, minutes and seconds; not at all
    /// when not set.
    #[attr(check = kargo_duration, same = same_go_duration)]
    pub required_soak_time: Attr<String>,
    /// Which freight is promoted by itself, where the project's configuration has that turned on.
    pub auto_promotion_options: Attr<AutoPromotionOptions>,
}

/// Which freight is promoted by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AutoPromotionOptions {
    /// The newest that may be taken (`NewestFreight`), or what the one stage before this has now
    /// (`MatchUpstream`); `NewestFreight` when not set.
    #[attr(one_of = ["NewestFreight", "MatchUpstream"])]
    pub selection_policy: Attr<String>,
}

/// What a promotion does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PromotionTemplate {
    /// Variables for the expressions of the steps; they win over the stage's.
    pub vars: Attr<Vec<Variable>>,
    /// The steps, one after the other: a list of objects, each with `uses`, the name of a step that
    /// Kargo knows, or `task`, a promotion task to insert (`{ name, kind }`, the kind being
    /// `PromotionTask` or `ClusterPromotionTask`).
    ///
    /// Beside `uses`, a step has `config` (its settings, spelled as in Kargo's documentation), `as`
    /// (a name for its outputs), `if` (an expression that is true when it is to run),
    /// `continue_on_error` and `retry` (`{ timeout, error_threshold }`); beside either of them,
    /// `vars` (a list of `{ name, value }`). Expressions are written as `$${{ ... }}`.
    pub steps: Attr<Steps>,
}

/// How the freight of a stage is verified: by analysis runs of Argo Rollouts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Verification {
    /// Templates of the analysis runs.
    pub analysis_templates: Attr<Vec<AnalysisTemplate>>,
    /// Labels and annotations of the analysis runs.
    pub analysis_run_metadata: Attr<AnalysisRunMetadata>,
    /// Arguments of the analysis runs.
    pub args: Attr<Vec<AnalysisRunArgument>>,
}

/// A template of an analysis run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AnalysisTemplate {
    /// Name of the template; one of the project's unless `kind` says otherwise.
    #[attr(required)]
    pub name: Attr<String>,
    /// `AnalysisTemplate` or `ClusterAnalysisTemplate`; `AnalysisTemplate` when not set.
    #[attr(one_of = ["AnalysisTemplate", "ClusterAnalysisTemplate"])]
    pub kind: Attr<String>,
}

/// Labels and annotations of analysis runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AnalysisRunMetadata {
    /// Their labels.
    #[attr(check = crate::framework::checks::label_value)]
    pub labels: Attr<BTreeMap<String, String>>,
    /// Their annotations.
    pub annotations: Attr<BTreeMap<String, String>>,
}

/// An argument of analysis runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AnalysisRunArgument {
    /// Its name.
    #[attr(required)]
    pub name: Attr<String>,
    /// Its value, which may have expressions in it (`$${{ ... }}` in a Terraform string).
    #[attr(required)]
    pub value: Attr<String>,
}

impl Kind for Stage {
    type Model = Self;

    const NAME: &'static str = "kargo_stage";
    const OBJECT: ObjectKind = ObjectKind::new("kargo.akuity.io/v1alpha1", "Stage", "stages");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.check(diagnostics);
    }
}
