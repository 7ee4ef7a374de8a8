//! `gitops_kargo_promotion_abort`: ends a promotion that goes on.

use std::time::Duration;

use serde_json::json;

use super::kargo::{Project, ended};
use crate::framework::checks::{dns_subdomain, exactly_one};
use crate::framework::{Action, Attr, Diagnostics, Model, Result, SendProgress};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::kargo::promotion::{self, Promotion};
use crate::resources::kargo::stage::Stage;
use crate::resources::object::{Kind, OPERATOR, Scene};

/// By this annotation Kargo is asked to end a promotion.
const ABORT: &str = "kargo.akuity.io/abort";

/// Ends a Kargo promotion that goes on or waits, such as one that waits for a pull request nobody
/// merges, and waits until it has ended. What its steps have done so far stays.
///
/// When there is nothing to end, the action says so.
#[derive(Clone, Debug, Default, Model)]
pub struct KargoPromotionAbort {
    /// Name of the promotion. Either this or `stage` is set.
    #[attr(local, check = dns_subdomain)]
    pub name: Attr<String>,
    /// A stage: the promotion to it that goes on is ended.
    #[attr(local, check = dns_subdomain)]
    pub stage: Attr<String>,
    /// In which project.
    #[attr(flatten)]
    pub project: Project,
}

impl Action for KargoPromotionAbort {
    type Config = Self;
    type Provider = Provider;

    const NAME: &'static str = "kargo_promotion_abort";

    fn timeout(config: &Self) -> Duration {
        config.project.timeout()
    }

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.project.validate(diagnostics);
        exactly_one(&[("name", &config.name), ("stage", &config.stage)], diagnostics);
    }

    fn plan(cx: &Operation, config: &Self) -> Result<()> {
        config.project.plan(cx)
    }

    async fn invoke(cx: &Operation, config: Self, progress: &SendProgress) -> Result<()> {
        let open = config.project.open(cx)?;
        let name = match config.stage.as_str() {
            None => config.name.require("name")?.clone(),
            Some(stage) => {
                let object = open.object(&Stage::OBJECT, stage);
                let live = open.current(&object, "stage").await?;
                let Some(name) = live["status"]["currentPromotion"]["name"].as_str() else {
                    progress.send(format!("Nothing to end: no promotion to {object} goes on"));
                    return Ok(());
                };
                name.to_owned()
            }
        };
        let object = open.object(&Promotion::OBJECT, &name);
        let live = open.current(&object, "name").await?;
        if promotion::is_over(&live) {
            let how = promotion::describe(&live);
            progress.send(format!("Nothing to end: {object} has ended as {how}"));
            return Ok(());
        }
        // Kargo puts the name of who asks into it.
        let asked = json!({"action": "terminate"}).to_string();
        let change = json!({"metadata": {"annotations": {ABORT: asked}}});
        let (objects, target) = (cx.provider().objects(), &open.target);
        objects.patch(target, &object, None, &change, OPERATOR, cx.deadline()).await?;
        progress.send(format!("Waiting for {object} to end"));
        let over = ended(&Scene { cx, target, object: &object }, progress).await?;
        progress.send(format!("{object} has ended as {}", promotion::describe(&over)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promotion_is_named_in_one_way() {
        let text = |text: &str| Attr::Known(text.to_owned());
        let broken = |name: Attr<String>, stage: Attr<String>| {
            let action = KargoPromotionAbort { name, stage, ..KargoPromotionAbort::default() };
            let mut found = Diagnostics::default();
            KargoPromotionAbort::validate(&action, &mut found);
            found.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(broken(Attr::Null, Attr::Null), [""]);
        assert_eq!(broken(text("a"), text("b")), ["stage"]);
        assert_eq!(broken(Attr::Null, text("b")), [""; 0]);
        assert_eq!(broken(Attr::Unknown, Attr::Null), [""; 0]);
    }
}
