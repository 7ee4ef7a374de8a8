//! Asking Kargo to look at an object again.

use std::time::SystemTime;

use serde_json::{Value as Json, json};

use super::project_config::policies::{PromotionPolicy, auto_promotes};
use super::stage::Stage;
use crate::clients::kube::ObjectRef;
use crate::framework::{Error, Path, Result, clock::Clock};
use crate::resources::object::{Kind, Scene};

/// Kargo looks at an object again when this annotation has another value than
/// the last time.
pub const REFRESH: &str = "kargo.akuity.io/refresh";
/// The request is not part of the configuration, so it has a manager of its own.
const REFRESHER: &str = "terraform-provider-gitops-refresh";

/// Asks for a look, and gives the token that `status.lastHandledRefresh` has
/// after it. `scene` says where; `object` may be another one than the scene's.
///
/// # Errors
/// [`is_not_found`](Error::is_not_found) when the object is not there; a missing
/// permission.
pub async fn request(scene: &Scene<'_>, object: &ObjectRef) -> Result<String> {
    let token = token(Clock::system().now());
    let change = json!({"metadata": {"annotations": {REFRESH: token}}});
    let (objects, deadline) = (scene.objects(), scene.cx.deadline());
    objects.patch(scene.target, object, None, &change, REFRESHER, deadline).await?;
    Ok(token)
}

fn token(now: SystemTime) -> String {
    let nanos = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("gitops-{nanos}")
}

/// Has Kargo look at the stages of the scene's project of which these policies
/// say something else than Kargo does. By itself it would take up to five
/// minutes to see that.
///
/// A stage that cannot be reached is only warned about: the policies are in
/// place.
///
/// # Errors
/// When the run is cancelled, or its time is up.
pub async fn affected_stages(scene: &Scene<'_>, policies: &[PromotionPolicy]) -> Result<()> {
    let Scene { cx, target, object } = *scene;
    let Some(project) = object.namespace.as_deref() else { return Ok(()) };
    let objects = scene.objects();
    let stages = objects.list(target, &Stage::OBJECT, Some(project), None, cx.deadline()).await;
    let stages = match stages {
        Err(error) => return told(scene, error),
        Ok(stages) => stages,
    };
    for stage in stages.iter().filter(|stage| is_affected(policies, stage)) {
        let name = stage["metadata"]["name"].as_str().unwrap_or_default();
        match request(scene, &Stage::OBJECT.namespaced(project, name)).await {
            // Deleted meanwhile.
            Err(error) if error.is_not_found() => {}
            Err(error) => told(scene, error)?,
            Ok(_) => {}
        }
    }
    Ok(())
}

fn told(scene: &Scene<'_>, error: Error) -> Result<()> {
    if error.is_cancelled() || error.is_timed_out() {
        return Err(error);
    }
    if !error.is_not_found() {
        scene.cx.warn(
            Path::attribute("promotion_policies"),
            "Stages were not told of the promotion policies",
            format!(
                "{}. The policies are in place, and Kargo sees that within five minutes.",
                error.message()
            ),
        );
    }
    Ok(())
}

/// Whether Kargo has to look at a stage for the policies to hold. One without
/// steps promotes nothing.
fn is_affected(policies: &[PromotionPolicy], stage: &Json) -> bool {
    let has_steps = !stage["spec"]["promotionTemplate"]["spec"]["steps"].is_null();
    let is_on = stage["status"]["autoPromotionEnabled"] == true;
    has_steps && auto_promotes(policies, stage) != Some(is_on)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::framework::Attr;
    use crate::resources::kargo::project_config::policies::PromotionPolicySelector;

    #[test]
    fn a_token_is_another_one_each_time() {
        let at = |nanos| token(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos));
        assert_eq!(at(7), "gitops-7");
        assert_ne!(at(7), at(8));
    }

    #[test]
    fn stages_are_affected_when_kargo_thinks_otherwise() {
        let policy = |name: &str, on: bool| PromotionPolicy {
            stage_selector: PromotionPolicySelector {
                name: name.to_owned().into(),
                ..PromotionPolicySelector::default()
            }
            .into(),
            auto_promotion_enabled: on.into(),
            ..PromotionPolicy::default()
        };
        let stage = |is_on: bool| {
            json!({
                "metadata": {"name": "dev", "labels": {"team": "web"}},
                "spec": {"promotionTemplate": {"spec": {"steps": [{"uses": "fail"}]}}},
                "status": if is_on { json!({"autoPromotionEnabled": true}) } else { json!({}) },
            })
        };
        let affected = |policies: &[PromotionPolicy]| {
            [is_affected(policies, &stage(false)), is_affected(policies, &stage(true))]
        };
        assert_eq!(affected(&[]), [false, true]);
        assert_eq!(affected(&[policy("dev", true)]), [true, false]);
        assert_eq!(affected(&[policy("prod", true)]), [false, true]);
        // The first that fits counts.
        assert_eq!(affected(&[policy("dev", false), policy("dev", true)]), [false, true]);
        assert_eq!(affected(&[policy("glob:d*", true)]), [true, true], "for Kargo to say");
        let older = PromotionPolicy {
            stage_selector: Attr::Null,
            stage: "dev".to_owned().into(),
            ..policy("", true)
        };
        assert_eq!(affected(&[older]), [true, false]);
        let mut labelled = policy("", true);
        let selector = labelled.stage_selector.known().cloned().unwrap();
        let labels = [("team".to_owned(), "api".to_owned())].into();
        labelled.stage_selector =
            PromotionPolicySelector { match_labels: Attr::Known(labels), ..selector }.into();
        assert_eq!(affected(&[labelled]), [false, true]);
        let mut control_flow = stage(true);
        control_flow["spec"] = json!({});
        assert!(!is_affected(&[], &control_flow));
    }
}
