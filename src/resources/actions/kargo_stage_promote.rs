//! `gitops_kargo_stage_promote`: brings freight to a stage, now.

use serde_json::{Value as Json, json};

use super::kargo::{Open, Project, deleted, ended};
use super::{Bounds, InCluster};
use crate::clients::kube::WriteOptions;
use crate::framework::checks::{dns_subdomain, exactly_one, label_value};
use crate::framework::wait::Poll;
use crate::framework::{Attr, Diagnostics, Error, Model, Path, Result, SendProgress};
use crate::resources::Operation;
use crate::resources::kargo::promotion::{self, Promotion};
use crate::resources::kargo::stage::Stage;
use crate::resources::object::{Kind, OPERATOR, Scene};

/// Promotes freight to a Kargo stage: the steps of its promotion template are run, at once and
/// whether or not freight is promoted there by itself.
///
/// The action ends when the promotion has, and fails with what Kargo says of the step that failed. A
/// promotion to the same stage that goes on is waited for by Kargo, and so is this one then. What is
/// being promoted goes on when the run is stopped; `gitops_kargo_promotion_abort` ends it.
///
/// The freight has to be available to the stage: made by its warehouse, verified in the stages before
/// it, or approved (`gitops_kargo_freight_approve`). Kargo asks for the permission `promote` on the
/// stage.
#[derive(Clone, Debug, Default, Model)]
pub struct KargoStagePromote {
    /// Name of the stage.
    #[attr(required, local, check = dns_subdomain)]
    pub name: Attr<String>,
    /// In which project.
    #[attr(flatten)]
    pub project: Project,
    /// Name of the freight. Exactly one of this, `freight_alias` and `warehouse` is set.
    #[attr(local, check = dns_subdomain)]
    pub freight: Attr<String>,
    /// The freight by its alias, such as `iron-sponge`.
    #[attr(local, check = label_value)]
    pub freight_alias: Attr<String>,
    /// A warehouse: Kargo takes of its freight what would be promoted by itself, which is the newest
    /// that is available to the stage unless the stage says otherwise.
    #[attr(local, check = dns_subdomain)]
    pub warehouse: Attr<String>,
    /// End as soon as the promotion is asked for, and not with it; off when not set.
    #[attr(local)]
    pub r#async: Attr<bool>,
    /// Wait in the end until the freight is verified in the stage as well, so that the next stages
    /// may take it, and fail when it is not; off when not set.
    #[attr(local)]
    pub verified: Attr<bool>,
}

impl InCluster for KargoStagePromote {
    const NAME: &'static str = "kargo_stage_promote";

    fn bounds(&self) -> Bounds<'_> {
        self.project.bounds()
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        let ways = [
            ("freight", &self.freight),
            ("freight_alias", &self.freight_alias),
            ("warehouse", &self.warehouse),
        ];
        exactly_one(&ways, diagnostics);
        if self.verified.is_true() && self.r#async.is_true() {
            diagnostics.invalid(
                Path::attribute("verified"),
                "Nothing to wait for",
                "With async nothing is waited for that could be verified. Remove one.",
            );
        }
    }

    async fn act(self, cx: &Operation, progress: &SendProgress) -> Result<()> {
        let open = self.project.open(cx)?;
        let stage = open.object(&Stage::OBJECT, self.name.require("name")?);
        let live = open.current(&stage, "name").await?;
        if live["spec"]["promotionTemplate"].is_null() {
            return Err(Error::invalid(format!("{stage} has no promotion template"))
                .at("name")
                .advise(
                    "A control-flow stage passes freight on without a promotion: what is verified \
                 before it is available behind it.",
                ));
        }
        let made = self.ask(&open).await?;
        let name = made["metadata"]["name"].as_str().unwrap_or_default();
        let freight = made["spec"]["freight"].as_str().unwrap_or("freight that Kargo chooses");
        let object = open.object(&Promotion::OBJECT, name);
        progress.send(format!("{object} brings {freight} to {stage}"));
        if self.r#async.is_true() {
            return Ok(());
        }
        let scene = Scene { cx, target: &open.target, object: &object };
        let ended = ended(&scene, progress).await?;
        if let Some(error) = promotion::failure(&ended) {
            return Err(error
                .advise("Mend what the message names and invoke the action again.")
                .context(format!("promoting {freight} to {stage}")));
        }
        progress.send(format!("{object} has succeeded"));
        if self.verified.is_true() {
            progress.send(format!("Waiting for the freight to be verified in {stage}"));
            let collection = ended["status"]["freightCollection"]["id"].clone();
            let what = format!("the freight to be verified in {stage}");
            let judge = |live: Option<&Json>| {
                let live = live.ok_or_else(|| deleted(&stage))?;
                verification(live, &collection)
            };
            let objects = cx.provider().objects();
            objects.wait_for(&open.target, &stage, &what, cx.deadline(), judge).await?;
        }
        Ok(())
    }
}

impl KargoStagePromote {
    /// Makes the promotion. Kargo's webhook gives it its name and its steps, so that it is made by a
    /// plain create and never by an apply, which would keep it under a name that nobody knows.
    async fn ask(&self, open: &Open<'_>) -> Result<Json> {
        let stage = self.name.require("name")?;
        let freight = match (self.freight.as_str(), self.freight_alias.as_str()) {
            (Some(name), _) => Some(name.to_owned()),
            (None, Some(alias)) => {
                let found = open.aliased(alias, "freight_alias").await?;
                found["metadata"]["name"].as_str().map(str::to_owned)
            }
            (None, None) => None,
        };
        let content = self.content(stage, freight);
        let cx = open.cx;
        let options = WriteOptions { field_manager: OPERATOR.into(), ..WriteOptions::default() };
        let (objects, namespace) = (cx.provider().objects(), Some(open.namespace.as_str()));
        let kind = Promotion::OBJECT;
        let made = objects.create(&open.target, &kind, namespace, content, &options, cx.deadline());
        made.await.map_err(|error| {
            error.advise(
                "Freight is available to a stage when it was verified in the stages before it, and \
                 has soaked there, or was approved (gitops_kargo_freight_approve). The provider \
                 needs the permission promote on the stage, beside that to create promotions; and \
                 Kargo's webhooks have to run, which give a promotion its steps.",
            )
        })
    }

    fn content(&self, stage: &str, freight: Option<String>) -> Json {
        let mut spec = json!({"stage": stage});
        if let Some(freight) = freight {
            spec["freight"] = freight.into();
        } else {
            spec["origin"] = json!({"kind": "Warehouse", "name": self.warehouse.as_str()});
        }
        json!({"metadata": {"generateName": promotion::generate_name(stage)}, "spec": spec})
    }
}

/// Whether the freight of a promotion is verified in its stage.
fn verification(stage: &Json, collection: &Json) -> Result<Poll<()>> {
    let current = &stage["status"]["freightHistory"][0];
    if current["id"] != *collection {
        return Ok(Poll::Pending("Kargo has not looked at the stage since".to_owned()));
    }
    let last = &current["verificationHistory"][0];
    let said = last["message"].as_str().map_or_else(String::new, |message| format!(": {message}"));
    match last["phase"].as_str() {
        Some("Successful") => Ok(Poll::Ready(())),
        Some(phase @ ("Failed" | "Error" | "Aborted" | "Inconclusive")) => {
            Err(Error::failed(format!("the verification ended as {phase}{said}")))
        }
        Some(phase) => Ok(Poll::Pending(format!("the verification is {phase}{said}"))),
        None => {
            let health = stage["status"]["health"]["status"].as_str().unwrap_or("unknown");
            Ok(Poll::Pending(format!("no verification has begun; the stage's health is {health}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::actions::tests::broken;

    fn text(text: &str) -> Attr<String> {
        Attr::Known(text.to_owned())
    }

    fn named() -> KargoStagePromote {
        let project = Project { namespace: text("shop"), ..Project::default() };
        KargoStagePromote { name: text("dev"), project, ..KargoStagePromote::default() }
    }

    #[test]
    fn what_is_promoted_is_said_in_one_way() {
        assert_eq!(broken(&named()), [""]);
        let by_name = KargoStagePromote { freight: text("bc477e5"), ..named() };
        assert_eq!(broken(&by_name), [""; 0]);
        assert_eq!(broken(&KargoStagePromote { warehouse: Attr::Unknown, ..named() }), [""; 0]);
        let twice = KargoStagePromote { freight_alias: text("iron-sponge"), ..by_name.clone() };
        assert_eq!(broken(&twice), ["freight_alias"]);
        let both = KargoStagePromote { verified: true.into(), r#async: true.into(), ..by_name };
        assert_eq!(broken(&both), ["verified"]);
    }

    #[test]
    fn kargo_is_asked_for_the_freight_or_for_the_newest_of_a_warehouse() {
        let action = KargoStagePromote { warehouse: text("shop"), ..named() };
        assert_eq!(
            action.content("dev", None),
            json!({
                "metadata": {"generateName": "dev-"},
                "spec": {"stage": "dev", "origin": {"kind": "Warehouse", "name": "shop"}},
            })
        );
        let spec = &named().content("dev", Some("bc477e5".to_owned()))["spec"];
        assert_eq!(*spec, json!({"stage": "dev", "freight": "bc477e5"}));
    }

    #[test]
    fn only_the_verification_of_this_very_freight_counts() {
        let stage = |id: &str, history: Json| {
            let current = json!({"id": id, "verificationHistory": history});
            json!({"status": {"freightHistory": [current], "health": {"status": "Progressing"}}})
        };
        let is = |stage: &Json| verification(stage, &json!("ab55080"));
        let good = json!([{"phase": "Successful"}, {"phase": "Failed"}]);
        assert!(matches!(is(&stage("ab55080", good.clone())), Ok(Poll::Ready(()))));
        for waiting in [
            stage("other", good),
            stage("ab55080", json!([{"phase": "Running"}])),
            stage("ab55080", json!([])),
            json!({}),
        ] {
            assert!(matches!(is(&waiting), Ok(Poll::Pending(_))), "{waiting}");
        }
        let failed = stage("ab55080", json!([{"phase": "Failed", "message": "too slow"}]));
        let said = is(&failed).unwrap_err().to_string();
        assert_eq!(said, "the verification ended as Failed: too slow");
    }
}
