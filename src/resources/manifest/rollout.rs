//! Whether a `Deployment`, a `StatefulSet` or a `DaemonSet` is rolled out, by the rules of
//! `kubectl rollout status`.

use serde_json::Value as Json;

use crate::framework::wait::Poll;
use crate::framework::{Error, Result};

/// Looks at an object; [`Poll::Pending`] says what is missing.
///
/// # Errors
/// When the roll-out has failed for good.
pub(super) fn rolled_out(object: &Json) -> Result<Poll<()>> {
    let number = |part: &str, name: &str| object[part][name].as_i64().unwrap_or_default();
    let generation = object["metadata"]["generation"].as_i64().unwrap_or_default();
    if number("status", "observedGeneration") < generation {
        return Ok(Poll::Pending("its controller has not seen the change yet".into()));
    }
    let missing = match object["kind"].as_str() {
        Some("DaemonSet") => {
            let wanted = number("status", "desiredNumberScheduled");
            let updated = number("status", "updatedNumberScheduled");
            let available = number("status", "numberAvailable");
            if object["spec"]["updateStrategy"]["type"] == "OnDelete" {
                // Pods are made anew when somebody deletes them.
                None
            } else if updated < wanted {
                Some(format!("{updated} of {wanted} pods are of the new template"))
            } else if available < wanted {
                Some(format!("{available} of {wanted} pods are available"))
            } else {
                None
            }
        }
        Some("StatefulSet") => stateful(object),
        _ => {
            if let Some(message) = overdue(object) {
                return Err(Error::failed(format!("the roll-out makes no progress: {message}"))
                    .advise("Look at the pods of the Deployment and their events."));
            }
            let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
            let updated = number("status", "updatedReplicas");
            let all = number("status", "replicas");
            let available = number("status", "availableReplicas");
            if updated < wanted {
                Some(format!("{updated} of {wanted} replicas are of the new template"))
            } else if all > updated {
                Some(format!("{} old replicas are still there", all - updated))
            } else if available < updated {
                Some(format!("{available} of {updated} replicas are available"))
            } else {
                None
            }
        }
    };
    Ok(missing.map_or(Poll::Ready(()), Poll::Pending))
}

fn stateful(object: &Json) -> Option<String> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let number = |name: &str| status[name].as_i64().unwrap_or_default();
    if spec["updateStrategy"]["type"] == "OnDelete" {
        return None;
    }
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let (ready, updated) = (number("readyReplicas"), number("updatedReplicas"));
    if ready < wanted {
        return Some(format!("{ready} of {wanted} replicas are ready"));
    }
    let partition = spec["updateStrategy"]["rollingUpdate"]["partition"].as_i64();
    if let Some(partition) = partition.filter(|partition| *partition > 0) {
        let due = (wanted - partition).max(0);
        return (updated < due)
            .then(|| format!("{updated} of {due} replicas are of the new template"));
    }
    let done = status["updateRevision"] == status["currentRevision"];
    (!done).then(|| format!("{updated} of {wanted} replicas are of the new template"))
}

/// What a Deployment says when it has waited too long for its pods.
fn overdue(object: &Json) -> Option<String> {
    let conditions = object["status"]["conditions"].as_array();
    let overdue = conditions.into_iter().flatten().find(|condition| {
        condition["type"] == "Progressing" && condition["reason"] == "ProgressDeadlineExceeded"
    })?;
    Some(overdue["message"].as_str().unwrap_or("its progress deadline has passed").to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn look(kind: &str, spec: &Json, status: &Json) -> Result<String> {
        let object = json!({
            "kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": status,
        });
        rolled_out(&object).map(|poll| match poll {
            Poll::Ready(()) => "done".to_owned(),
            Poll::Pending(why) => why,
        })
    }

    #[test]
    fn a_deployment_is_rolled_out_when_its_new_pods_are_available_and_the_old_ones_gone() {
        let spec = json!({"replicas": 2});
        for (status, says) in [
            (json!({}), "has not seen the change"),
            (json!({"observedGeneration": 1}), "has not seen the change"),
            (json!({"observedGeneration": 2}), "0 of 2 replicas are of the new template"),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 3}),
                "1 old replicas are still there",
            ),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 1}),
                "1 of 2 replicas are available",
            ),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}),
                "done",
            ),
        ] {
            let found = look("Deployment", &spec, &status).unwrap();
            assert!(found.contains(says), "{found}");
        }
        let failed = json!({"observedGeneration": 2, "conditions": [{
            "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
            "message": "ReplicaSet \"a\" has timed out progressing.",
        }]});
        let error = look("Deployment", &spec, &failed).unwrap_err();
        assert!(error.message().contains("timed out progressing"), "{error}");
    }

    #[test]
    fn a_stateful_set_is_rolled_out_down_to_its_partition() {
        let spec = json!({"replicas": 3});
        let mut status = json!({"observedGeneration": 2, "readyReplicas": 2});
        assert!(look("StatefulSet", &spec, &status).unwrap().contains("2 of 3 replicas are ready"));
        status["readyReplicas"] = 3.into();
        status["updatedReplicas"] = 1.into();
        status["updateRevision"] = "b".into();
        status["currentRevision"] = "a".into();
        assert!(look("StatefulSet", &spec, &status).unwrap().contains("1 of 3"));
        let partitioned =
            json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}});
        assert_eq!(look("StatefulSet", &partitioned, &status).unwrap(), "done");
        status["currentRevision"] = "b".into();
        assert_eq!(look("StatefulSet", &spec, &status).unwrap(), "done");
        let by_hand = json!({"replicas": 9, "updateStrategy": {"type": "OnDelete"}});
        assert_eq!(look("StatefulSet", &by_hand, &status).unwrap(), "done");
    }

    #[test]
    fn a_daemon_set_is_rolled_out_when_every_node_has_its_new_pod() {
        let mut status = json!({"observedGeneration": 2, "desiredNumberScheduled": 2});
        assert!(look("DaemonSet", &json!({}), &status).unwrap().contains("0 of 2 pods are of"));
        status["updatedNumberScheduled"] = 2.into();
        assert!(look("DaemonSet", &json!({}), &status).unwrap().contains("0 of 2 pods are avail"));
        status["numberAvailable"] = 2.into();
        assert_eq!(look("DaemonSet", &json!({}), &status).unwrap(), "done");
    }
}
