//! Waiting for what controllers make of an object.

use regex::Regex;
use serde_json::Value as Json;

use super::Wait;
use super::field_path::{FieldPath, shown};
use super::rollout::rolled_out;
use crate::framework::wait::Poll;
use crate::framework::{Error, Path, Result};
use crate::resources::object::Scene;

/// Waits until an object is as `wait` asks, beginning with how it was applied; returns it as it is
/// then.
///
/// # Errors
/// When it cannot become so any more, which the object itself says; when it is deleted meanwhile; or
/// a time-out that says what was still missing and what its conditions say.
pub(super) async fn until_met(scene: &Scene<'_>, wait: &Wait, applied: Json) -> Result<Json> {
    let wants = Wants::of(wait)?;
    if wants.0.is_empty() {
        return Ok(applied);
    }
    if let Poll::Ready(object) = wants.judge(&applied)? {
        return Ok(object);
    }
    let Scene { cx, target, object } = *scene;
    let what = format!("{object} to be as wait asks");
    let met = scene.objects().wait_for(target, object, &what, cx.deadline(), |seen| match seen {
        None => Err(Error::failed(format!("{object} was deleted while it was waited for"))),
        Some(seen) => wants.judge(seen),
    });
    met.await.map_err(|error| error.at(Path::attribute("wait")))
}

struct Wants(Vec<Want>);

enum Want {
    Rollout,
    Condition { kind: String, status: String },
    Field { path: FieldPath, value: Expected },
}

enum Expected {
    Any,
    Value(String),
    Matching(Regex),
}

impl Wants {
    fn of(wait: &Wait) -> Result<Self> {
        let mut wants = Vec::new();
        if wait.rollout.is_true() {
            wants.push(Want::Rollout);
        }
        for condition in wait.conditions.known().into_iter().flatten() {
            wants.push(Want::Condition {
                kind: condition.r#type.require("type")?.clone(),
                status: condition.status.as_str().unwrap_or("True").to_owned(),
            });
        }
        for field in wait.fields.known().into_iter().flatten() {
            let value = match (field.value.as_str(), field.value_regex.as_str()) {
                (Some(value), _) => Expected::Value(value.to_owned()),
                (None, Some(regex)) => Expected::Matching(
                    Regex::new(regex).map_err(|error| Error::invalid(error.to_string()))?,
                ),
                (None, None) => Expected::Any,
            };
            let path = FieldPath::parse(field.path.require("path")?).map_err(Error::invalid)?;
            wants.push(Want::Field { path, value });
        }
        Ok(Self(wants))
    }

    fn judge(&self, object: &Json) -> Result<Poll<Json>> {
        let mut missing = Vec::new();
        for want in &self.0 {
            if let Poll::Pending(why) = want.judge(object)? {
                missing.push(why);
            }
        }
        if missing.is_empty() {
            return Ok(Poll::Ready(object.clone()));
        }
        if let Some(why) = self.failed(object) {
            return Err(Error::failed(why).advise(
                "The object exists and is in the state. Mend what the message names, and apply \
                 again.",
            ));
        }
        missing.extend(complaints(object));
        Ok(Poll::Pending(missing.join("; ")))
    }

    /// What an object says that has failed for good: by the condition `Stalled` of controllers that
    /// know it, and by a Job's `Failed`. Not when that is waited for.
    fn failed(&self, object: &Json) -> Option<String> {
        conditions(object)
            .filter(|condition| {
                let kind = &condition["type"];
                let awaited = self.0.iter().any(
                    |want| matches!(want, Want::Condition { kind: wanted, .. } if kind == wanted),
                );
                let is_end = kind == "Stalled" || (kind == "Failed" && object["kind"] == "Job");
                is_end && condition["status"] == "True" && !awaited && !is_stale(object, condition)
            })
            .map(|condition| format!("it has failed: {}", told(condition)))
            .next()
    }
}

impl Want {
    fn judge(&self, object: &Json) -> Result<Poll<()>> {
        match self {
            Self::Rollout => rolled_out(object),
            Self::Condition { kind, status } => {
                let found = conditions(object).find(|condition| condition["type"] == **kind);
                let Some(found) = found else {
                    return Ok(Poll::Pending(format!("it has no condition {kind}")));
                };
                if is_stale(object, found) {
                    return Ok(Poll::Pending(format!(
                        "the condition {kind} is about an older generation"
                    )));
                }
                if found["status"] == **status {
                    return Ok(Poll::Ready(()));
                }
                Ok(Poll::Pending(told(found)))
            }
            Self::Field { path, value } => {
                let found = path.find(object).map(shown);
                let met = match (value, &found) {
                    (_, None) => false,
                    (Expected::Any, Some(_)) => true,
                    (Expected::Value(wanted), Some(found)) => wanted == found,
                    (Expected::Matching(regex), Some(found)) => regex.is_match(found),
                };
                if met {
                    return Ok(Poll::Ready(()));
                }
                Ok(Poll::Pending(match found {
                    Some(found) => format!("{path} is {found:?}"),
                    None => format!("there is no {path}"),
                }))
            }
        }
    }
}

fn conditions(object: &Json) -> impl Iterator<Item = &Json> {
    object["status"]["conditions"].as_array().into_iter().flatten()
}

/// Whether a condition is about an object as it was before its last change.
fn is_stale(object: &Json, condition: &Json) -> bool {
    let generation = object["metadata"]["generation"].as_i64();
    let observed = [&condition["observedGeneration"], &object["status"]["observedGeneration"]];
    let observed = observed.into_iter().find_map(Json::as_i64);
    generation.zip(observed).is_some_and(|(generation, observed)| observed < generation)
}

/// What the conditions say that are not good, for a wait in vain.
fn complaints(object: &Json) -> impl Iterator<Item = String> {
    let bad = conditions(object).filter(|condition| {
        condition["status"] != "True"
            && condition["message"].as_str().is_some_and(|m| !m.is_empty())
    });
    bad.map(told)
}

/// `Ready is False (NoPods: none are scheduled)`.
fn told(condition: &Json) -> String {
    let text = |name: &str| condition[name].as_str().unwrap_or_default();
    let why: Vec<_> =
        [text("reason"), text("message")].into_iter().filter(|text| !text.is_empty()).collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(": ")) };
    format!("{} is {}{why}", text("type"), text("status"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ConditionWait, FieldWait};
    use super::*;
    use crate::framework::Attr;

    fn known(text: &str) -> Attr<String> {
        Attr::Known(text.to_owned())
    }

    fn condition(kind: &str, status: &str) -> ConditionWait {
        ConditionWait { r#type: known(kind), status: known(status) }
    }

    fn judge(wait: &Wait, object: &Json) -> Result<String> {
        Wants::of(wait)?.judge(object).map(|poll| match poll {
            Poll::Ready(_) => "met".to_owned(),
            Poll::Pending(why) => why,
        })
    }

    #[test]
    fn a_condition_counts_for_the_generation_that_it_saw() {
        let wait = Wait { conditions: vec![condition("Ready", "True")].into(), ..Wait::default() };
        let object = |condition: Json| json!({"metadata": {"generation": 2}, "status": {"conditions": [condition]}});
        for (seen, says) in [
            (json!({"type": "Other", "status": "True"}), "it has no condition Ready"),
            (
                json!({"type": "Ready", "status": "False", "reason": "NoPods", "message": "none"}),
                "Ready is False (NoPods: none)",
            ),
            (
                json!({"type": "Ready", "status": "True", "observedGeneration": 1}),
                "older generation",
            ),
            (json!({"type": "Ready", "status": "True", "observedGeneration": 2}), "met"),
            (json!({"type": "Ready", "status": "True"}), "met"),
        ] {
            let found = judge(&wait, &object(seen)).unwrap();
            assert!(found.contains(says), "{found}");
        }
        let stale = json!({
            "metadata": {"generation": 2},
            "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]},
        });
        assert!(judge(&wait, &stale).unwrap().contains("older generation"));
    }

    #[test]
    fn a_field_is_there_has_a_value_or_matches() {
        let object = json!({"status": {"phase": "Running", "replicas": 3, "ready": true}});
        let field = |path: &str, value: Option<&str>, regex: Option<&str>| FieldWait {
            path: known(path),
            value: value.map(str::to_owned).into(),
            value_regex: regex.map(str::to_owned).into(),
        };
        for (wanted, says) in [
            (field("status.phase", None, None), "met"),
            (field("status.phase", Some("Running"), None), "met"),
            (field("status.replicas", Some("3"), None), "met"),
            (field("status.ready", Some("true"), None), "met"),
            (field("status.phase", None, Some("^(Running|Succeeded)$")), "met"),
            (field("status.phase", Some("Failed"), None), "status.phase is \"Running\""),
            (field("status.ip", None, None), "there is no status.ip"),
        ] {
            let wait = Wait { fields: vec![wanted].into(), ..Wait::default() };
            assert_eq!(judge(&wait, &object).unwrap(), says);
        }
    }

    #[test]
    fn what_has_failed_for_good_is_not_waited_for() {
        let job = json!({"kind": "Job", "status": {"conditions": [
            {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "no"},
        ]}});
        let complete =
            Wait { conditions: vec![condition("Complete", "True")].into(), ..Wait::default() };
        let error = judge(&complete, &job).unwrap_err();
        assert!(error.message().contains("BackoffLimitExceeded: no"), "{error}");
        let failed =
            Wait { conditions: vec![condition("Failed", "True")].into(), ..Wait::default() };
        assert_eq!(judge(&failed, &job).unwrap(), "met");
    }

    #[test]
    fn a_wait_in_vain_says_what_is_missing_and_what_the_object_says() {
        let wait = Wait {
            rollout: true.into(),
            conditions: vec![condition("Available", "True")].into(),
            ..Wait::default()
        };
        let object = json!({
            "kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "conditions": [
                {"type": "Progressing", "status": "Unknown", "message": "pods are pending"},
            ]},
        });
        let found = judge(&wait, &object).unwrap();
        for says in ["0 of 1 replicas", "no condition Available", "pods are pending"] {
            assert!(found.contains(says), "{found}");
        }
    }
}
