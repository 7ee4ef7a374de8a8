//! When the applications of a set are generated, and as its configuration wants
//! them.
//!
//! The status of a set is tied to its spec by nothing. As with an application,
//! the order of events does it: Argo CD takes the request for a refresh away at the
//! end of a reconciliation that went well, and only then is its status believed.

use serde_json::{Value as Json, json};

use super::ApplicationSetWait;
use super::lifecycle::applications;
use crate::framework::wait::Poll;
use crate::framework::{Attr, Error, Result};
use crate::resources::argocd::application::wait::{BETWEEN_LOOKS, LOOKS, REFRESHER, outcome};
use crate::resources::argocd::application::{Application, ApplicationWait};
use crate::resources::object::{Kind, Scene};

/// Asks Argo CD to run the generators again; it removes the annotation when it has.
const REFRESH: &str = "argocd.argoproj.io/application-set-refresh";
/// An error that was there before the apply is looked at this often before it is believed: it may
/// be of what the apply has mended, and generators take their time.
const LOOKS_AT_OLD: u32 = 15;

/// Waits until the applications are generated, and each is as `wait` asks. `applied` is the set as
/// the apply has left it.
pub(super) async fn until_settled(
    scene: &Scene<'_>,
    applied: &Json,
    wait: &ApplicationSetWait,
) -> Result<Json> {
    let fails = wait.fail_on_degraded.known() != Some(&false);
    let set = until_generated(scene, applied, fails).await?;
    let off = |attr: &Attr<bool>| attr.known() == Some(&false);
    if off(&wait.synced) && off(&wait.healthy) {
        return Ok(set);
    }
    let wait = ApplicationWait {
        synced: wait.synced.clone(),
        healthy: wait.healthy.clone(),
        operation: (!off(&wait.synced)).into(),
        fail_on_degraded: fails.into(),
    };
    for application in applications(scene, &set).await? {
        let name = application["metadata"]["name"].as_str().unwrap_or_default();
        let namespace = application["metadata"]["namespace"].as_str().unwrap_or_default();
        let object = Application::OBJECT.namespaced(namespace, name);
        let scene = Scene { object: &object, ..*scene };
        let outcome = outcome(&scene, &wait).await?;
        if let Err(why) = outcome {
            return Err(failure(format!("{object} was generated, and fails: {why}")));
        }
    }
    Ok(set)
}

async fn until_generated(scene: &Scene<'_>, applied: &Json, fails: bool) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let what = format!("{object} to generate its applications");
    let old = error(applied);
    let mut look = 1;
    loop {
        let change = json!({ "metadata": { "annotations": { REFRESH: "true" } } });
        let objects = scene.objects();
        objects.patch(target, object, None, &change, REFRESHER, cx.deadline()).await?;
        let verdict = objects
            .wait_for(target, object, &what, cx.deadline(), |live| {
                let live = live.ok_or_else(|| {
                    Error::failed("the application set was deleted while it was waited for")
                })?;
                Ok(match (judge(live), error(live)) {
                    (_, Some(found)) if fails => Poll::Ready(Err(found.clone())),
                    (None, _) => Poll::Ready(Ok(live.clone())),
                    (Some(state), _) => Poll::Pending(state),
                })
            })
            .await?;
        match verdict {
            Ok(live) => return Ok(live),
            Err(found) => {
                let looks = if old == Some(&found) { LOOKS_AT_OLD } else { LOOKS };
                if look >= looks {
                    return Err(failure(describe(&found)));
                }
            }
        }
        look += 1;
        cx.deadline().sleep(BETWEEN_LOOKS).await?;
    }
}

fn failure(why: String) -> Error {
    Error::failed(why).advise(
        "The application set exists and is in the state. Mend what the message names and apply \
         again; with wait = { fail_on_degraded = false } an apply waits for somebody to mend it.",
    )
}

/// What is still to come of a set, if anything is.
fn judge(live: &Json) -> Option<String> {
    if let Some(found) = error(live) {
        return Some(describe(found));
    }
    if !live["metadata"]["annotations"][REFRESH].is_null() {
        return Some("Argo CD has not taken up the refresh yet".into());
    }
    ["ParametersGenerated", "ResourcesUpToDate"].into_iter().find_map(|kind| {
        let condition = condition(live, kind);
        let is_true = condition.is_some_and(|condition| condition["status"] == "True");
        (!is_true).then(|| match condition {
            Some(condition) => describe(condition),
            None => format!("Argo CD has not said {kind} yet"),
        })
    })
}

fn condition<'a>(live: &'a Json, kind: &str) -> Option<&'a Json> {
    let conditions = live["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|condition| condition["type"] == kind)
}

/// The condition that is an error, if there is one.
fn error(live: &Json) -> Option<&Json> {
    condition(live, "ErrorOccurred").filter(|condition| condition["status"] == "True")
}

/// A condition in one line.
fn describe(condition: &Json) -> String {
    let text = |name: &str| condition[name].as_str().unwrap_or("no message");
    format!("{}: {}", text("reason"), text("message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(conditions: &Json, annotations: &Json) -> Json {
        json!({
            "metadata": { "annotations": annotations },
            "status": { "conditions": conditions },
        })
    }

    fn is(kind: &str, status: &str, message: &str) -> Json {
        json!({ "type": kind, "status": status, "reason": "Why", "message": message })
    }

    #[test]
    fn a_set_is_settled_when_its_generators_and_its_applications_are() {
        let [generated, applied] = [
            is("ParametersGenerated", "True", "generated"),
            is("ResourcesUpToDate", "True", "up to date"),
        ];
        let none = is("ErrorOccurred", "False", "all is well");
        let all = json!([none, generated, applied]);
        assert_eq!(judge(&set(&all, &json!({}))), None);
        let asked = json!({ REFRESH: "true" });
        assert!(judge(&set(&all, &asked)).unwrap().contains("refresh"));
        let some = judge(&set(&json!([generated]), &json!({}))).unwrap();
        assert_eq!(some, "Argo CD has not said ResourcesUpToDate yet");
        let rolling = json!([generated, is("ResourcesUpToDate", "False", "step 1")]);
        assert_eq!(judge(&set(&rolling, &json!({}))).unwrap(), "Why: step 1");
    }

    #[test]
    fn an_error_is_told_with_its_reason() {
        let found = json!([is("ErrorOccurred", "True", "map has no entry for key \"x\"")]);
        let live = set(&found, &json!({}));
        assert_eq!(error(&live), found.get(0));
        assert_eq!(judge(&live).unwrap(), "Why: map has no entry for key \"x\"");
        assert_eq!(error(&set(&json!([is("ErrorOccurred", "False", "")]), &json!({}))), None);
    }
}
