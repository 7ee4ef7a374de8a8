//! `gitops_kargo_promotion_abort`: ends a promotion that goes on.

use serde_json::json;

use super::kargo::{Project, ended};
use super::{Bounds, InCluster};
use crate::framework::checks::{dns_subdomain, exactly_one};
use crate::framework::{Attr, Diagnostics, Model, Result, SendProgress};
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

impl InCluster for KargoPromotionAbort {
    const NAME: &'static str = "kargo_promotion_abort";

    fn bounds(&self) -> Bounds<'_> {
        self.project.bounds()
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        exactly_one(&[("name", &self.name), ("stage", &self.stage)], diagnostics);
    }

    async fn act(self, cx: &Operation, progress: &SendProgress) -> Result<()> {
        let open = self.project.open(cx)?;
        let name = match self.stage.as_str() {
            None => self.name.require("name")?.clone(),
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
    use crate::resources::actions::tests::broken;

    #[test]
    fn a_promotion_is_named_in_one_way() {
        let text = |text: &str| Attr::Known(text.to_owned());
        let broken = |name: Attr<String>, stage: Attr<String>| {
            broken(&KargoPromotionAbort { name, stage, ..KargoPromotionAbort::default() })
        };
        assert_eq!(broken(Attr::Null, Attr::Null), [""]);
        assert_eq!(broken(text("a"), text("b")), ["stage"]);
        assert_eq!(broken(Attr::Null, text("b")), [""; 0]);
        assert_eq!(broken(Attr::Unknown, Attr::Null), [""; 0]);
    }
}
