//! A stage of Kargo, as it is.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::kargo::{Condition, FreightReference, Origin, freight, put, read, seen};
use crate::framework::{Attr, DataSource, Diagnostics, Model, Result};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::kargo::stage::Stage;
use crate::resources::object::{ClusterRef, Kind};

/// Reads a Kargo stage: which freight it has, how that does, and what came of the last promotion. It
/// is read as it is; nothing is waited for.
#[derive(Clone, Debug, Default, Model)]
pub struct KargoStage {
    /// Name of the stage.
    #[attr(required, local, check = crate::framework::checks::dns_subdomain)]
    name: Attr<String>,
    /// Namespace of the stage, which is its project.
    #[attr(required, local, check = crate::framework::checks::dns_label)]
    namespace: Attr<String>,
    /// The cluster that Kargo runs in; the provider's `cluster` when not set.
    #[attr(local)]
    cluster: Attr<ClusterRef>,
    /// The freight that the stage has now, one piece of each warehouse; empty before the first
    /// promotion.
    #[attr(computed, api = "/currentFreight")]
    current_freight: Attr<Vec<FreightReference>>,
    /// The same in a few words: the name of the freight, or such as `1/2 Fulfilled`.
    #[attr(computed, api = "/status/freightSummary")]
    freight_summary: Attr<String>,
    /// The last verification of the freight that it has now; null when there was none.
    #[attr(computed, api = "/verification")]
    verification: Attr<Verification>,
    /// How what is deployed does.
    #[attr(computed, api = "/status/health")]
    health: Attr<Health>,
    /// The promotion that goes on; null when none does.
    #[attr(computed, api = "/status/currentPromotion")]
    current_promotion: Attr<Promotion>,
    /// The last promotion that has ended; null before the first.
    #[attr(computed, api = "/status/lastPromotion")]
    last_promotion: Attr<Promotion>,
    /// Whether freight is promoted here by itself, as the project's configuration says.
    #[attr(computed, api = "/status/autoPromotionEnabled")]
    auto_promotion_enabled: Attr<bool>,
    /// What keeps freight from being promoted by itself, by its origin, such as `Warehouse/shop`:
    /// somebody has promoted other freight by hand.
    #[attr(computed, api = "/status/autoPromotionHolds")]
    auto_promotion_holds: Attr<BTreeMap<String, Hold>>,
    /// What Kargo says of the stage: `Ready`, `Healthy`, `Verified`, `Promoting`.
    #[attr(computed, api = "/status/conditions")]
    conditions: Attr<Vec<Condition>>,
}

/// How what is deployed does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Health {
    /// `Healthy`, `Unhealthy`, `Progressing`, `Unknown` or `NotApplicable`; null while Kargo has not
    /// looked.
    #[attr(computed)]
    status: Attr<String>,
    /// What ails it; empty when nothing does.
    #[attr(computed)]
    issues: Attr<Vec<String>>,
}

/// A verification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Verification {
    /// Its id.
    #[attr(computed)]
    id: Attr<String>,
    /// `Pending`, `Running`, `Successful`, `Failed`, `Error`, `Aborted` or `Inconclusive`.
    #[attr(computed)]
    phase: Attr<String>,
    /// Why it is so, where Kargo says.
    #[attr(computed)]
    message: Attr<String>,
    /// When it began.
    #[attr(computed)]
    start_time: Attr<String>,
    /// When it ended; null while it goes on.
    #[attr(computed)]
    finish_time: Attr<String>,
}

/// A promotion to the stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Promotion {
    /// Its name.
    #[attr(computed)]
    name: Attr<String>,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Errored` or `Aborted`.
    #[attr(computed, api = "status/phase")]
    phase: Attr<String>,
    /// Why it failed, or was aborted.
    #[attr(computed, api = "status/message")]
    message: Attr<String>,
    /// When it began.
    #[attr(computed, api = "status/startedAt")]
    started_at: Attr<String>,
    /// When it ended; null while it goes on.
    #[attr(computed, api = "status/finishedAt")]
    finished_at: Attr<String>,
    /// The freight that is promoted.
    #[attr(computed)]
    freight: Attr<FreightReference>,
    /// How its steps went, as far as they were begun.
    #[attr(computed, api = "status/stepExecutionMetadata")]
    step_execution_metadata: Attr<Vec<StepExecution>>,
}

/// How a step went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct StepExecution {
    /// Its name: that of the step, or such as `step-1`; `TASK::STEP` for a step of a task.
    #[attr(computed)]
    alias: Attr<String>,
    /// `Running`, `Succeeded`, `Failed`, `Errored`, `Aborted` or `Skipped`.
    #[attr(computed)]
    status: Attr<String>,
    /// Why it failed.
    #[attr(computed)]
    message: Attr<String>,
}

/// Why freight of an origin is not promoted by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Hold {
    /// Who has promoted other freight.
    #[attr(computed)]
    actor: Attr<String>,
    /// Since when.
    #[attr(computed)]
    created_at: Attr<String>,
    /// The freight that was promoted.
    #[attr(computed)]
    freight_name: Attr<String>,
    /// Where that freight is from.
    #[attr(computed)]
    origin: Attr<Origin>,
    /// The promotion that did it.
    #[attr(computed)]
    promotion_name: Attr<String>,
}

impl DataSource for KargoStage {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "kargo_stage";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let target = cx.provider().target(&config.cluster)?;
        let namespace = config.namespace.require("namespace")?;
        let object = Stage::OBJECT.namespaced(namespace, config.name.require("name")?);
        let live = read(cx, &target, &object).await?;
        seen(&shown(live), &config.into_value())
    }
}

/// The stage with what it has now at hand, and with nothing left out that is only empty.
fn shown(mut live: Json) -> Json {
    put(&mut live, "status", json!({}));
    let current = live["status"]["freightHistory"][0].clone();
    // A map by the origin, which is in the freight as well.
    let items = current["items"].as_object().into_iter().flat_map(|items| items.values().cloned());
    live["currentFreight"] = items.map(freight).collect();
    live["verification"] = current["verificationHistory"][0].clone();
    let status = &mut live["status"];
    for (name, empty) in [
        ("health", json!({})),
        ("conditions", json!([])),
        ("autoPromotionEnabled", json!(false)),
        ("autoPromotionHolds", json!({})),
    ] {
        put(status, name, empty);
    }
    put(&mut status["health"], "issues", json!([]));
    for name in ["currentPromotion", "lastPromotion"] {
        let promotion = &mut status[name];
        if promotion.is_object() {
            promotion["freight"] = freight(promotion["freight"].take());
            put(promotion, "status", json!({}));
            put(&mut promotion["status"], "stepExecutionMetadata", json!([]));
        }
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Value;
    use crate::resources::data_sources::kargo::recorded;

    fn config() -> Value {
        let text = |text: &str| Attr::Known(text.to_owned());
        let config =
            KargoStage { name: text("dev"), namespace: text("shop"), ..KargoStage::default() };
        Model::into_value(config)
    }

    fn stage(live: Json) -> KargoStage {
        seen(&shown(live), &config()).unwrap()
    }

    #[test]
    fn what_the_stage_has_and_what_became_of_it_is_shown() {
        let freight = json!({
            "name": "bc477e5",
            "origin": {"kind": "Warehouse", "name": "shop"},
            "commits": [{
                "repoURL": "https://github.com/example/shop", "id": "43feb2c", "branch": "main",
                "message": "init", "author": "a <a@example.com>", "committer": "b <b@example.com>",
            }],
            "images": [{"repoURL": "ghcr.io/example/shop", "tag": "1.1.0", "digest": "sha256:08c1"}],
        });
        let found = stage(json!({
            "metadata": {"name": "dev", "namespace": "shop"},
            "status": {
                "freightSummary": "bc477e5",
                "freightHistory": [
                    {
                        "id": "ab55080",
                        "items": {"Warehouse/shop": freight},
                        "verificationHistory": [
                            {"id": "2", "phase": "Successful", "startTime": "2026-01-02T00:00:00Z"},
                            {"id": "1", "phase": "Failed"},
                        ],
                    },
                    {"id": "old", "items": {"Warehouse/shop": {"name": "old"}}},
                ],
                "health": {"status": "Unhealthy", "issues": ["it is ill"]},
                "conditions": [{"type": "Ready", "status": "False", "observedGeneration": 3}],
                "autoPromotionEnabled": true,
                "autoPromotionHolds": {"Warehouse/shop": {
                    "actor": "kubernetes:admin", "freightName": "bc477e5", "promotionName": "dev.1",
                }},
                "lastPromotion": {
                    "name": "dev.1.bc477e5",
                    "freight": freight,
                    "status": {
                        "phase": "Failed", "message": "step \"step-1\": failed: boom",
                        "stepExecutionMetadata": [
                            {"alias": "step-1", "status": "Failed", "message": "failed: boom"},
                        ],
                    },
                },
            },
        }));
        let text = |text: &str| Attr::Known(text.to_owned());
        let current = found.current_freight.known().unwrap();
        assert_eq!((current.len(), &current[0].name), (1, &text("bc477e5")));
        let contents = &current[0].contents;
        assert_eq!(contents.origin.known().unwrap().name, text("shop"));
        let commit = &contents.commits.known().unwrap()[0];
        assert_eq!((&commit.id, &commit.tag), (&text("43feb2c"), &Attr::Null));
        let image = &contents.images.known().unwrap()[0];
        assert_eq!((&image.tag, &image.digest), (&text("1.1.0"), &text("sha256:08c1")));
        assert_eq!(image.annotations, Attr::Known(BTreeMap::new()));
        assert_eq!(contents.charts, Attr::Known(vec![]));
        let verification = found.verification.known().unwrap();
        assert_eq!((&verification.id, &verification.phase), (&text("2"), &text("Successful")));
        let health = found.health.known().unwrap();
        assert_eq!(health.issues, Attr::Known(vec!["it is ill".to_owned()]));
        let condition = &found.conditions.known().unwrap()[0];
        assert_eq!(
            (&condition.r#type, &condition.observed_generation),
            (&text("Ready"), &3.into())
        );
        let holds = found.auto_promotion_holds.known().unwrap();
        assert_eq!(holds["Warehouse/shop"].promotion_name, text("dev.1"));
        let last = found.last_promotion.known().unwrap();
        assert_eq!((&last.name, &last.phase), (&text("dev.1.bc477e5"), &text("Failed")));
        assert!(last.message.as_str().unwrap().contains("boom"));
        assert_eq!(last.step_execution_metadata.known().unwrap()[0].alias, text("step-1"));
        assert_eq!(last.freight.known().unwrap().name, text("bc477e5"));
        assert_eq!((found.current_promotion, found.name), (Attr::Null, text("dev")));
    }

    #[test]
    fn a_stage_that_nobody_has_looked_at_is_empty_and_not_null() {
        let found = stage(json!({"metadata": {"name": "dev", "namespace": "shop"}}));
        assert_eq!(found.current_freight, Attr::Known(vec![]));
        assert_eq!(found.conditions, Attr::Known(vec![]));
        assert_eq!(found.health.known().unwrap().issues, Attr::Known(vec![]));
        assert_eq!(found.auto_promotion_enabled, Attr::Known(false));
        assert_eq!((&found.verification, &found.last_promotion), (&Attr::Null, &Attr::Null));
        assert!(Model::into_value(found).is_wholly_known());
    }

    #[test]
    fn what_a_live_kargo_wrote_is_read() {
        for (file, live) in recorded("Stage") {
            let promoted = live["status"]["freightHistory"][0].is_object();
            let found = stage(live);
            let current = found.current_freight.known().unwrap();
            assert_eq!(!current.is_empty(), promoted, "{file}");
            assert!(Model::into_value(found).is_wholly_known(), "{file}");
        }
    }
}
