//! `gitops_kargo_stage`: a step of a pipeline, and how freight gets there.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Variable;
use super::steps::Steps;
use super::wait::{self, Look};
use crate::clients::kube::ObjectKind;
use crate::framework::checks::{kargo_duration, same_go_duration};
use crate::framework::{Attr, Diagnostics, Model, Result, Value};
use crate::resources::object::{Kind, ObjectMeta, Scene};

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
    /// Color of the stage in the user interface: a name that Kargo knows or any of CSS, such as
    /// `#22c55e`; one that Kargo chooses when not set.
    #[attr(api = "/metadata/annotations/kargo.akuity.io~1color")]
    pub color: Attr<String>,
    /// Wait at the end of a create or an update until Kargo has looked at the stage; `{}` does.
    /// Without it, an apply ends as soon as the object is written.
    #[attr(local)]
    pub wait: Attr<StageWait>,
}

/// What an apply waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct StageWait {
    /// Until the stage has freight whose promotion went well, is healthy and is verified, too. A
    /// stage that was made a moment ago has no freight, unless it is promoted by itself. Off when
    /// not set.
    #[attr(default = false)]
    pub ready: Attr<bool>,
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

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        let Attr::Known(asked) = Attr::<StageWait>::from_value(values.get("wait").clone())? else {
            return Ok(applied);
        };
        let (wanted, to_be_ready) = match asked.ready {
            Attr::Known(true) => ("be ready", true),
            _ => ("be looked at by Kargo", false),
        };
        wait::until(scene, wanted, |live| judge(live, to_be_ready)).await
    }
}

/// Whether Kargo has looked at a stage as it is now, and finds it ready if it is
/// to be.
///
/// A control-flow stage, which promotes nothing, says what it is about only
/// beside the conditions; any other says it there only once it has freight.
fn judge(live: &Json, to_be_ready: bool) -> Result<Look> {
    let Some(ready) = wait::condition(live, "Ready") else {
        return Ok(Look::Pending("Kargo has not said anything of it yet".to_owned()));
    };
    let generation = &live["metadata"]["generation"];
    let is_current = ready["observedGeneration"] == *generation
        || live["status"]["observedGeneration"] == *generation;
    if !is_current {
        return Ok(Look::Pending("Kargo has not looked at its last change yet".to_owned()));
    }
    if !to_be_ready || ready["status"] == "True" {
        return Ok(Look::Settled);
    }
    let ended = ["LastPromotionFailed", "LastPromotionErrored", "LastPromotionAborted"];
    if ended.iter().any(|reason| ready["reason"] == *reason) {
        // It stays so until somebody promotes again.
        return Err(wait::failure(ready));
    }
    Ok(Look::Pending(wait::describe(ready)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As recorded of Kargo 1.11.
    #[test]
    fn a_stage_is_looked_at_long_before_it_is_ready() {
        let live = |conditions: Json, observed: Json| {
            json!({"metadata": {"generation": 1},
                   "status": {"conditions": conditions, "observedGeneration": observed}})
        };
        let found = |stage: &Json, to_be_ready| match judge(stage, to_be_ready) {
            Ok(Look::Settled) => "settled".to_owned(),
            Ok(Look::Pending(why)) => why,
            Err(error) => format!("failed: {}", error.message()),
        };
        let fresh = json!([{"type": "Ready", "status": "False", "reason": "NoFreight",
            "message": "Stage has no current Freight", "observedGeneration": 1}]);
        let fresh = live(fresh, Json::Null);
        assert_eq!(found(&fresh, false), "settled");
        assert_eq!(found(&fresh, true), "Ready is False (NoFreight): Stage has no current Freight");
        let control_flow =
            json!([{"type": "Ready", "status": "True", "reason": "Ready", "message": ""}]);
        assert_eq!(found(&live(control_flow.clone(), json!(1)), true), "settled");
        let stale = live(control_flow, Json::Null);
        assert_eq!(found(&stale, false), "Kargo has not looked at its last change yet");
        let failed = json!([{"type": "Ready", "status": "False", "reason": "LastPromotionFailed",
            "message": "step \"step-1\": failed: boom", "observedGeneration": 1}]);
        let failed = live(failed, json!(1));
        assert_eq!(found(&failed, false), "settled");
        assert_eq!(
            found(&failed, true),
            "failed: Ready is False (LastPromotionFailed): step \"step-1\": failed: boom"
        );
        // A shard that nobody serves.
        assert_eq!(found(&json!({"metadata": {}}), false), "Kargo has not said anything of it yet");
    }
}
