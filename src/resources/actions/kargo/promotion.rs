//! Promotions that go on, and how they end.

use serde_json::Value as Json;

use crate::framework::wait::Poll;
use crate::framework::{Error, Result, SendProgress};
use crate::resources::object::Scene;

/// Follows a promotion to its end, whatever that is.
pub(crate) async fn ended(scene: &Scene<'_>, progress: &SendProgress) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let what = format!("{object} to end");
    let mut told = String::new();
    let judge = |live: Option<&Json>| {
        let Some(live) = live else {
            return Err(Error::failed(format!("{object} was deleted while it was waited for")));
        };
        if is_over(live) {
            return Ok(Poll::Ready(live.clone()));
        }
        let now = describe(live);
        if now != told {
            progress.send(now.clone());
            told.clone_from(&now);
        }
        Ok(Poll::Pending(now))
    };
    scene.objects().wait_for(target, object, &what, cx.deadline(), judge).await
}

/// Whether it has ended, well or not.
pub(crate) fn is_over(live: &Json) -> bool {
    let phase = live["status"]["phase"].as_str();
    matches!(phase, Some("Succeeded" | "Failed" | "Errored" | "Aborted"))
}

/// How a promotion stands, in one line.
pub(crate) fn describe(live: &Json) -> String {
    let status = &live["status"];
    let steps = live["spec"]["steps"].as_array().map_or(0, Vec::len);
    match status["phase"].as_str() {
        Some("Running") => {
            let at = status["currentStep"].as_u64().unwrap_or_default() + 1;
            let alias = status["stepExecutionMetadata"].as_array().and_then(|steps| steps.last());
            let alias = alias.and_then(|step| step["alias"].as_str()).unwrap_or("about to begin");
            format!("Running step {at} of {steps}: {alias}")
        }
        None | Some("Pending" | "") => {
            "Pending: it waits for its turn, or Kargo has not taken it up".to_owned()
        }
        Some(phase) => match status["message"].as_str() {
            Some(message) => format!("{phase}: {message}"),
            None => phase.to_owned(),
        },
    }
}

/// Why a promotion that has ended was no success: its message, and those of its steps that are not
/// in it.
pub(crate) fn failure(live: &Json) -> Error {
    let status = &live["status"];
    let message = status["message"].as_str().unwrap_or("no message");
    let failed = status["stepExecutionMetadata"].as_array().into_iter().flatten().filter(|step| {
        // What is tolerated has failed nothing.
        step["continueOnError"] != true
            && matches!(step["status"].as_str(), Some("Failed" | "Errored" | "Aborted"))
    });
    let more: Vec<_> = failed
        .filter_map(|step| {
            let said = step["message"].as_str().filter(|said| !message.contains(said))?;
            Some(format!("{}: {said}", step["alias"].as_str().unwrap_or("a step")))
        })
        .collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
    let phase = status["phase"].as_str().unwrap_or("failed");
    Error::failed(format!("the promotion ended as {phase}: {message}{more}"))
        .advise("Mend what the message names and invoke the action again.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn promotion(status: &Json) -> Json {
        json!({"spec": {"steps": [{}, {}, {}]}, "status": status})
    }

    #[test]
    fn how_it_stands_is_told_by_its_steps() {
        for (status, over, said) in [
            (json!({}), false, "Pending"),
            (json!({"phase": "Pending"}), false, "Pending"),
            (json!({"phase": "Running"}), false, "Running step 1 of 3: about to begin"),
            (
                json!({
                    "phase": "Running", "currentStep": 1,
                    "stepExecutionMetadata": [{"alias": "a"}, {"alias": "bump::commit"}],
                }),
                false,
                "Running step 2 of 3: bump::commit",
            ),
            (json!({"phase": "Succeeded"}), true, "Succeeded"),
            (json!({"phase": "Aborted", "message": "by admin"}), true, "Aborted: by admin"),
        ] {
            let live = promotion(&status);
            assert_eq!(is_over(&live), over, "{live}");
            assert!(describe(&live).starts_with(said), "{}", describe(&live));
        }
    }

    #[test]
    fn the_step_that_failed_is_quoted_once() {
        let failed = promotion(&json!({
            "phase": "Failed",
            "message": "step \"step-2\": failed: boom",
            "stepExecutionMetadata": [
                {"alias": "step-1", "status": "Failed", "message": "never mind", "continueOnError": true},
                {"alias": "step-2", "status": "Failed", "message": "step \"step-2\": failed: boom"},
            ],
        }));
        assert_eq!(
            failure(&failed).message(),
            "the promotion ended as Failed: step \"step-2\": failed: boom"
        );
        let errored = promotion(&json!({
            "phase": "Errored",
            "message": "it broke",
            "stepExecutionMetadata": [{"alias": "w", "status": "Errored", "message": "no such host"}],
        }));
        let said = failure(&errored);
        assert_eq!(said.message(), "the promotion ended as Errored: it broke (w: no such host)");
    }
}
