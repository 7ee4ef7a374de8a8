//! Operations of an application: what Argo CD is asked to do to it, once.
//!
//! A request is the field `operation` of the object, beside `spec`. Argo CD takes it away when it is
//! done, and keeps what came of it in `status.operationState`.

use serde_json::{Value as Json, json};

use crate::clients::kube::{Freshness, ObjectRef};
use crate::framework::wait::Poll;
use crate::framework::{Error, Result, SendProgress};
use crate::resources::argocd::ailing;
use crate::resources::argocd::application::{ApplicationWait, wait};
use crate::resources::object::{OPERATOR, Scene};

/// Who asked, as Argo CD shows it.
const USERNAME: &str = "terraform-provider-gitops";

/// Asks for an operation, after the one that is going on; `operation` makes it for the application
/// as it is then.
///
/// # Errors
/// When the application is not there, or `operation` says that it cannot be done.
pub async fn start(
    scene: &Scene<'_>,
    operation: impl Fn(&Json) -> Result<Json>,
    progress: &SendProgress,
) -> Result<()> {
    loop {
        let live = idle(scene, progress).await?;
        let mut operation = operation(&live)?;
        operation["initiatedBy"] = json!({ "username": USERNAME });
        let change = json!({
            // Another request in between is not overwritten.
            "metadata": { "resourceVersion": live["metadata"]["resourceVersion"] },
            "operation": operation,
            // What comes there next is of this operation.
            "status": { "operationState": null },
        });
        let Scene { cx, target, object } = *scene;
        let asked = scene.objects().patch(target, object, None, &change, OPERATOR, cx.deadline());
        match asked.await {
            Err(error) if error.is_conflict() => {}
            asked => return asked.map(drop),
        }
    }
}

/// The application as it is now.
///
/// # Errors
/// When it is not there.
pub async fn current(scene: &Scene<'_>) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let found = scene.objects().get(target, object, Freshness::Now, cx.deadline()).await?;
    found.ok_or_else(|| missing(object))
}

/// That an application which is asked for is not there.
pub fn missing(object: &ObjectRef) -> Error {
    Error::not_found(format!("{object} is not there")).at("name").advise(
        "Check its name, namespace and cluster. An application of the same configuration is there \
         in time if the action is triggered by it, or its name taken from it.",
    )
}

/// Ends the operation that is going on, and waits until it has ended.
pub async fn terminate(scene: &Scene<'_>, progress: &SendProgress) -> Result<()> {
    let Scene { cx, target, object } = *scene;
    loop {
        let live = current(scene).await?;
        let Some(change) = termination(&live) else {
            progress.send(format!("Nothing to end: no operation of {object} is going on"));
            return Ok(());
        };
        let ended = scene.objects().patch(target, object, None, &change, OPERATOR, cx.deadline());
        match ended.await {
            Err(error) if error.is_conflict() => {}
            ended => {
                ended?;
                break;
            }
        }
    }
    progress.send(format!("Waiting for the operation of {object} to end"));
    let done = idle(scene, progress).await?;
    progress.send(match done["status"]["operationState"] {
        Json::Null => "Taken back before Argo CD had begun".to_owned(),
        _ => format!("Ended as {}", describe(&done)),
    });
    Ok(())
}

/// The change that ends the operation which is going on, if one is.
fn termination(live: &Json) -> Option<Json> {
    if !is_going_on(live) {
        return None;
    }
    // Another request in between is not ended.
    let metadata = json!({ "resourceVersion": live["metadata"]["resourceVersion"] });
    let begun = live["status"]["operationState"]["phase"].is_string();
    Some(if begun {
        let status = json!({ "operationState": { "phase": "Terminating" } });
        json!({ "metadata": metadata, "status": status })
    } else {
        json!({ "metadata": metadata, "operation": null })
    })
}

/// Waits until no operation is going on.
async fn idle(scene: &Scene<'_>, progress: &SendProgress) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let live = current(scene).await?;
    if !is_going_on(&live) {
        return Ok(live);
    }
    progress.send(format!("Waiting for another operation of {object} to end"));
    let what = format!("another operation of {object} to end");
    let judge = |live: Option<&Json>| {
        let live = live.ok_or_else(deleted)?;
        Ok(if is_going_on(live) {
            Poll::Pending(describe(live))
        } else {
            Poll::Ready(live.clone())
        })
    };
    scene.objects().wait_for(target, object, &what, cx.deadline(), judge).await
}

/// Follows the operation that was asked for to its end.
///
/// # Errors
/// When it has failed, with what Argo CD says.
async fn follow(scene: &Scene<'_>, progress: &SendProgress) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let what = format!("the operation of {object} to end");
    let mut told = String::new();
    let judge = |live: Option<&Json>| {
        let live = live.ok_or_else(deleted)?;
        let now = describe(live);
        if is_going_on(live) || live["status"]["operationState"].is_null() {
            if now != told {
                progress.send(now.clone());
                told.clone_from(&now);
            }
            return Ok(Poll::Pending(now));
        }
        match live["status"]["operationState"]["phase"].as_str() {
            Some("Succeeded") => Ok(Poll::Ready(live.clone())),
            _ => Err(Error::failed(failure(&live["status"]["operationState"]))
                .advise("Mend what the message names and invoke the action again.")),
        }
    };
    scene.objects().wait_for(target, object, &what, cx.deadline(), judge).await
}

/// Follows the operation to its end and says what came of it; with `healthy`, waits until the
/// application is that as well.
pub async fn complete(scene: &Scene<'_>, healthy: bool, progress: &SendProgress) -> Result<()> {
    let done = follow(scene, progress).await?;
    progress.send(summary(&done));
    if healthy {
        progress.send(format!("Waiting for {} to be healthy", scene.object));
        until_healthy(scene).await?;
    }
    Ok(())
}

/// Waits until the application is healthy, whether or not its sources have moved on meanwhile.
async fn until_healthy(scene: &Scene<'_>) -> Result<()> {
    let healthy = ApplicationWait {
        synced: false.into(),
        healthy: true.into(),
        operation: true.into(),
        fail_on_degraded: true.into(),
    };
    wait::until_settled(scene, &healthy).await.map(drop)
}

/// What came of an operation that has ended well, in one line.
fn summary(live: &Json) -> String {
    let state = &live["status"]["operationState"];
    let result = &state["syncResult"];
    let revisions = result["revisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let revisions = revisions.iter().chain([&result["revision"]]).filter_map(Json::as_str);
    let revisions: Vec<_> = revisions.filter(|revision| !revision.is_empty()).collect();
    let count = result["resources"].as_array().map_or(0, Vec::len);
    let message = state["message"].as_str().unwrap_or("no message");
    let at =
        if revisions.is_empty() { String::new() } else { format!(" at {}", revisions.join(", ")) };
    format!("Ended well{at} with {count} resources: {message}")
}

/// Why an operation has failed: its message, and those of its resources.
pub fn failure(state: &Json) -> String {
    format!(
        "the synchronisation ended as {}: {}{}",
        state["phase"].as_str().unwrap_or("failed"),
        state["message"].as_str().unwrap_or("no message"),
        ailing::failed(state)
    )
}

/// Whether Argo CD has something to do, or does it. What failed and has an end is waiting to be
/// tried again, as long as its phase says that it is running.
fn is_going_on(live: &Json) -> bool {
    let phase = live["status"]["operationState"]["phase"].as_str();
    !live["operation"].is_null() || matches!(phase, Some("Running" | "Terminating"))
}

/// How an operation stands, in one line.
fn describe(live: &Json) -> String {
    let state = &live["status"]["operationState"];
    match (state["phase"].as_str(), state["message"].as_str()) {
        (Some(phase), Some(message)) => format!("{phase}: {message}"),
        (Some(phase), None) => phase.to_owned(),
        (None, _) => "Argo CD has not taken it up yet".to_owned(),
    }
}

fn deleted() -> Error {
    Error::failed("the application was deleted while it was waited for")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_going_on_is_ended_and_what_has_not_begun_is_taken_back() {
        let live = |operation: Json, phase: Json| {
            json!({
                "metadata": {"resourceVersion": "7"},
                "operation": operation,
                "status": {"operationState": {"phase": phase}},
            })
        };
        let asked = json!({"sync": {}});
        let running = termination(&live(asked.clone(), json!("Running"))).unwrap();
        assert_eq!(running["metadata"]["resourceVersion"], "7");
        assert_eq!(running["status"]["operationState"], json!({"phase": "Terminating"}));
        assert_eq!(running.get("operation"), None);
        // To be tried again.
        assert!(termination(&live(Json::Null, json!("Running"))).is_some());
        let waiting = termination(&live(asked, Json::Null)).unwrap();
        assert_eq!(waiting["operation"], Json::Null);
        assert!(waiting.as_object().unwrap().contains_key("operation"), "{waiting}");
        assert_eq!(waiting.get("status"), None);
        for done in ["Succeeded", "Failed", "Error"] {
            assert_eq!(termination(&live(Json::Null, json!(done))), None, "{done}");
        }
        assert_eq!(termination(&json!({"metadata": {}})), None);
    }
}
