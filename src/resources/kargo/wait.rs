//! Waiting for what Kargo's controllers make of an object.
//!
//! What is waited for here is tried again by Kargo itself (a repository that
//! cannot be reached, a Secret that is not there yet), so nothing but the
//! deadline ends a wait, unless `judge` says that it is in vain.

use serde_json::Value as Json;

use crate::framework::wait::Poll;
use crate::framework::{Attr, Error, Model, Result, Value};
use crate::resources::object::Scene;

/// What an apply waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ReadyWait {
    /// Until Kargo says that the object is ready, as it is now; on when not set.
    #[attr(default = true)]
    pub ready: Attr<bool>,
}

impl ReadyWait {
    /// Whether these values, of which `wait` is such a one, ask for a wait.
    pub(super) fn is_on(values: &Value) -> Result<bool> {
        let wait = Attr::<Self>::from_value(values.get("wait").clone())?;
        Ok(wait.known().is_some_and(|wait| wait.ready != Attr::Known(false)))
    }
}

/// What a look at an object found.
#[derive(Debug)]
pub enum Look {
    /// What was waited for.
    Settled,
    /// Not yet, and why.
    Pending(String),
}

/// Waits until `judge` finds the object settled; `what` completes "waited 5m
/// for Stage shop/prod to …".
///
/// # Errors
/// Whatever `judge` fails with; a time-out, which says what was seen last, and
/// what it is that Kargo does not run.
pub async fn until(
    scene: &Scene<'_>,
    what: &str,
    mut judge: impl FnMut(&Json) -> Result<Look> + Send,
) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let what = format!("{object} to {what}");
    let mut silent = true;
    let judge = |live: Option<&Json>| {
        let live = live.ok_or_else(|| {
            Error::failed(format!("{object} was deleted while it was waited for"))
        })?;
        silent = is_silent(live);
        Ok(match judge(live)? {
            Look::Settled => Poll::Ready(live.clone()),
            Look::Pending(state) => Poll::Pending(state),
        })
    };
    let waited = scene.objects().wait_for(target, object, &what, cx.deadline(), judge).await;
    waited.map_err(|error| {
        if !error.is_timed_out() {
            return error;
        }
        error.advise(if silent { NOBODY } else { THERE })
    })
}

/// Advice when nothing was ever said of an object.
const NOBODY: &str = "No controller of Kargo has looked at it: check that Kargo runs, and that a \
                      controller serves the shard, if one is set. The object exists and is in the \
                      state; without wait an apply ends as soon as it is written.";
/// Advice when something was said.
const THERE: &str = "The object exists and is in the state. Mend what the last state names and \
                     apply again, or give it more time by timeouts.";

/// Whether no controller has said anything of an object yet.
fn is_silent(live: &Json) -> bool {
    let conditions = live["status"]["conditions"].as_array();
    conditions.is_none_or(Vec::is_empty) && live["status"]["phase"].is_null()
}

/// A condition of an object.
pub fn condition<'a>(live: &'a Json, kind: &str) -> Option<&'a Json> {
    let conditions = live["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|condition| condition["type"] == kind)
}

/// Whether a condition is about the object as it is now. Some controllers do
/// not say what it is about.
pub fn is_current(live: &Json, condition: &Json) -> bool {
    let observed = &condition["observedGeneration"];
    observed.is_null() || *observed == live["metadata"]["generation"]
}

/// What keeps an object from being ready; nothing when it is, as it is now.
pub fn not_ready(live: &Json) -> Option<String> {
    let Some(ready) = condition(live, "Ready") else {
        return Some("Kargo has not said anything of it yet".to_owned());
    };
    if !is_current(live, ready) {
        return Some("Kargo has not looked at its last change yet".to_owned());
    }
    (ready["status"] != "True").then(|| describe(ready))
}

/// The end of a wait that is in vain.
pub fn failure(condition: &Json) -> Error {
    Error::failed(describe(condition)).advise(
        "The object exists and is in the state. Mend what the message names and apply again.",
    )
}

/// A condition in one line: `Ready is False (NoFreight): the message`.
pub fn describe(condition: &Json) -> String {
    let text = |name: &str| condition[name].as_str().unwrap_or_default();
    let message = Some(text("message")).filter(|message| !message.is_empty());
    format!(
        "{} is {} ({}): {}",
        text("type"),
        text("status"),
        text("reason"),
        message.unwrap_or("no message")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As recorded of Kargo 1.11.
    #[test]
    fn an_object_is_ready_when_kargo_says_so_of_its_last_change() {
        let live = |generation: u64, ready: Json| json!({"metadata": {"generation": generation}, "status": {"conditions": [ready]}});
        let ready = json!({"type": "Ready", "status": "True", "reason": "Synced",
            "message": "Project is synced and ready for use", "observedGeneration": 1});
        assert_eq!(not_ready(&live(1, ready.clone())), None);
        assert!(not_ready(&live(2, ready)).unwrap().contains("last change"));
        let refused = json!({"type": "Ready", "status": "False", "reason": "SyncWebhookReceiversFailed",
            "message": "Secret \"gh-hook\" not found", "observedGeneration": 1});
        assert_eq!(
            not_ready(&live(1, refused)).unwrap(),
            "Ready is False (SyncWebhookReceiversFailed): Secret \"gh-hook\" not found"
        );
        // The Ready of a control-flow Stage does not say what it is about, nor anything else.
        let silent = json!({"type": "Ready", "status": "True", "reason": "Ready", "message": ""});
        assert_eq!(not_ready(&live(3, silent.clone())), None);
        assert_eq!(describe(&silent), "Ready is True (Ready): no message");
        assert!(is_silent(&json!({})) && is_silent(&json!({"status": {"conditions": []}})));
        assert!(not_ready(&json!({})).is_some());
    }
}
