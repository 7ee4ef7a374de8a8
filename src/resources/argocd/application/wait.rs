//! When an application is where its configuration wants it.
//!
//! Nothing in an Application ties its status to its spec by a generation, so
//! the order of events does it: ask for a refresh, wait until Argo CD has taken
//! the request away, and only then believe what the status says, provided that
//! it was compared with the sources that the spec has now.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::ApplicationWait;
use crate::framework::wait::Poll;
use crate::framework::{Attr, Error, Result, json};
use crate::resources::argocd::{ailing, operation};
use crate::resources::object::Scene;

/// Asks Argo CD to look at an application again; it removes the annotation when it has.
const REFRESH: &str = "argocd.argoproj.io/refresh";
/// The request is not part of the configuration, so it has a manager of its own.
pub(in crate::resources::argocd) const REFRESHER: &str = "terraform-provider-gitops-refresh";
/// What fails is looked at this often before it is believed: a cluster or a
/// repository that was registered a moment ago is unknown to Argo CD at first.
pub(in crate::resources::argocd) const LOOKS: u32 = 3;
pub(in crate::resources::argocd) const BETWEEN_LOOKS: Duration = Duration::from_secs(4);

/// Waits until the application is as `wait` asks.
pub(in crate::resources::argocd) async fn until_settled(
    scene: &Scene<'_>,
    wait: &ApplicationWait,
) -> Result<Json> {
    outcome(scene, wait).await?.map_err(|why| {
        Error::failed(why).advise(
            "The application exists and is in the state. Mend what the message names and apply \
             again; with wait = { fail_on_degraded = false } an apply waits for somebody to mend \
             it.",
        )
    })
}

/// The application as `wait` asks for it, or why it will not be.
///
/// # Errors
/// When that cannot be found out, or not in time.
pub(in crate::resources::argocd) async fn outcome(
    scene: &Scene<'_>,
    wait: &ApplicationWait,
) -> Result<std::result::Result<Json, String>> {
    let on = |attr: &Attr<bool>| attr.known() != Some(&false);
    let wanted = Wanted {
        synced: on(&wait.synced),
        healthy: on(&wait.healthy),
        operation: on(&wait.operation),
        fail: on(&wait.fail_on_degraded),
    };
    let mut look = 1;
    loop {
        request_refresh(scene, Refresh::Normal).await?;
        let what = format!("{} to be {}", scene.object, wanted.describe());
        let verdict = scene
            .objects()
            .wait_for(scene.target, scene.object, &what, scene.cx.deadline(), |live| {
                let live = live.ok_or_else(|| {
                    Error::failed("the application was deleted while it was waited for")
                })?;
                Ok(match wanted.judge(live) {
                    Verdict::Settled => Poll::Ready(Ok(live.clone())),
                    Verdict::Failing(why) => Poll::Ready(Err(why)),
                    Verdict::Pending(state) => Poll::Pending(state),
                })
            })
            .await?;
        if verdict.is_ok() || look == LOOKS {
            return Ok(verdict);
        }
        look += 1;
        scene.cx.deadline().sleep(BETWEEN_LOOKS).await?;
    }
}

/// How Argo CD is asked to look at an application again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// With the manifests that it keeps for a revision.
    Normal,
    /// With manifests that are rendered anew.
    Hard,
}

/// Has Argo CD look at the application again, and waits until it has.
pub async fn refresh(scene: &Scene<'_>, kind: Refresh) -> Result<Json> {
    request_refresh(scene, kind).await?;
    let Scene { cx, target, object } = *scene;
    let what = format!("{object} to be refreshed");
    let judge = |live: Option<&Json>| {
        let live = live
            .ok_or_else(|| Error::failed("the application was deleted while it was waited for"))?;
        Ok(if asks_for_refresh(live) {
            Poll::Pending(NOT_TAKEN_UP.into())
        } else {
            Poll::Ready(live.clone())
        })
    };
    scene.objects().wait_for(target, object, &what, cx.deadline(), judge).await
}

/// What Argo CD has to say about an application: the conditions, each in one line.
pub fn conditions(live: &Json) -> Vec<String> {
    let conditions = live["status"]["conditions"].as_array().map(Vec::as_slice);
    conditions.unwrap_or_default().iter().map(condition).collect()
}

fn condition(condition: &Json) -> String {
    format!(
        "{}: {}",
        condition["type"].as_str().unwrap_or_default(),
        condition["message"].as_str().unwrap_or("no message")
    )
}

const NOT_TAKEN_UP: &str = "Argo CD has not taken up the refresh yet";

fn asks_for_refresh(live: &Json) -> bool {
    !live["metadata"]["annotations"][REFRESH].is_null()
}

async fn request_refresh(scene: &Scene<'_>, kind: Refresh) -> Result<()> {
    let kind = match kind {
        Refresh::Normal => "normal",
        Refresh::Hard => "hard",
    };
    let change = json!({"metadata": {"annotations": {REFRESH: kind}}});
    let deadline = scene.cx.deadline();
    let objects = scene.objects();
    objects.patch(scene.target, scene.object, None, &change, REFRESHER, deadline).await.map(drop)
}

/// What is waited for.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches of the configuration")]
struct Wanted {
    synced: bool,
    healthy: bool,
    operation: bool,
    fail: bool,
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Settled,
    /// Goes on; the text says how it stands.
    Pending(String),
    /// Will not get better by itself.
    Failing(String),
}

impl Wanted {
    fn describe(self) -> String {
        let wanted = [
            (self.synced, "synced"),
            (self.healthy, "healthy"),
            (self.operation, "done with its operation"),
        ];
        let wanted: Vec<_> = wanted.iter().filter(|(on, _)| *on).map(|(_, what)| *what).collect();
        if wanted.is_empty() { "refreshed".into() } else { wanted.join(" and ") }
    }

    fn judge(self, live: &Json) -> Verdict {
        if asks_for_refresh(live) {
            return Verdict::Pending(NOT_TAKEN_UP.into());
        }
        let status = &live["status"];
        if !compared(&live["spec"], &status["sync"]["comparedTo"]) {
            if let Some(why) = self.failure(live) {
                return Verdict::Failing(why);
            }
            return Verdict::Pending("Argo CD has not compared the new sources yet".into());
        }
        let operation = Operation::of(live);
        if operation == Operation::Running && (self.operation || self.synced) {
            return Verdict::Pending(describe(live));
        }
        let synced = status["sync"]["status"] == "Synced";
        let healthy = status["health"]["status"] == "Healthy";
        if (synced || !self.synced) && (healthy || !self.healthy) && operation != Operation::Failed
        {
            return Verdict::Settled;
        }
        match self.failure(live) {
            Some(why) => Verdict::Failing(why),
            None => Verdict::Pending(describe(live)),
        }
    }

    /// Why it will not get better, if it will not.
    fn failure(self, live: &Json) -> Option<String> {
        if !self.fail {
            return None;
        }
        let status = &live["status"];
        let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fatal = conditions
            .iter()
            .find(|condition| condition["type"].as_str().is_some_and(|kind| FATAL.contains(&kind)));
        if let Some(found) = fatal {
            return Some(condition(found));
        }
        if Operation::of(live) == Operation::Failed {
            return Some(operation::failure(&status["operationState"]));
        }
        if self.healthy && status["health"]["status"] == "Degraded" {
            return Some(describe(live));
        }
        None
    }
}

/// Conditions that mean a failure.
const FATAL: [&str; 4] = ["InvalidSpecError", "ComparisonError", "SyncError", "UnknownError"];

/// How the synchronisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    None,
    Running,
    Failed,
}

impl Operation {
    fn of(live: &Json) -> Self {
        let state = &live["status"]["operationState"];
        if !live["operation"].is_null() {
            return Self::Running;
        }
        match state["phase"].as_str() {
            // One that failed and has an end is waiting to be retried.
            Some("Running" | "Terminating") => Self::Running,
            Some("Failed" | "Error") if concerns(live) => Self::Failed,
            _ => Self::None,
        }
    }
}

/// Whether the last operation was for the revision that is wanted now; an old
/// failure says nothing about it.
fn concerns(live: &Json) -> bool {
    let (sync, result) = (&live["status"]["sync"], &live["status"]["operationState"]["syncResult"]);
    let same = |name: &str| !result[name].is_null() && result[name] == sync[name];
    same("revision") || same("revisions")
}

/// Whether the last comparison was with what the spec says now.
fn compared(spec: &Json, compared: &Json) -> bool {
    let fields = if spec["sources"].as_array().is_some_and(|sources| !sources.is_empty()) {
        ["sources", "destination"]
    } else {
        ["source", "destination"]
    };
    if !spec["sourceHydrator"].is_null() {
        // What is compared then is a branch that the hydrator wrote.
        return !compared.is_null();
    }
    fields
        .iter()
        .all(|field| json::same(&spec[field], &json::project(&spec[field], &compared[field])))
}

/// How it stands, in one line.
pub fn describe(live: &Json) -> String {
    let status = &live["status"];
    let text = |json: &Json| json.as_str().map(ToOwned::to_owned);
    let mut parts = vec![
        format!("sync {}", text(&status["sync"]["status"]).unwrap_or_else(|| "Unknown".into())),
        format!(
            "health {}{}",
            text(&status["health"]["status"]).unwrap_or_else(|| "Unknown".into()),
            ailing::unhealthy(status)
        ),
    ];
    if let Some(message) = text(&status["health"]["message"]) {
        parts.push(message);
    }
    let state = &status["operationState"];
    if let Some(phase) = text(&state["phase"]) {
        let message = text(&state["message"]).unwrap_or_default();
        parts.push(format!("operation {phase}: {message}"));
    }
    if live["spec"]["syncPolicy"]["automated"].is_null() && status["sync"]["status"] == "OutOfSync"
    {
        parts.push(
            "no automated synchronisation is configured, so somebody has to start one".into(),
        );
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Wanted = Wanted { synced: true, healthy: true, operation: true, fail: true };

    fn application(change: impl FnOnce(&mut Json)) -> Json {
        let source = json!({"repoURL": "https://git/demo", "path": "app"});
        let destination = json!({"server": "https://kubernetes.default.svc", "namespace": "demo"});
        let mut live = json!({
            "metadata": {"name": "a"},
            "spec": {"source": source, "destination": destination, "syncPolicy": {"automated": {}}},
            "status": {
                "sync": {
                    "status": "Synced", "revision": "abc",
                    "comparedTo": {"source": source, "destination": destination},
                },
                "health": {"status": "Healthy"},
                "operationState": {
                    "phase": "Succeeded", "finishedAt": "2026-01-01T00:00:00Z",
                    "syncResult": {"revision": "abc"},
                },
            },
        });
        change(&mut live);
        live
    }

    fn pending(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Pending(_))
    }

    #[test]
    fn synced_and_healthy_at_the_new_sources_is_settled() {
        assert_eq!(ALL.judge(&application(|_| {})), Verdict::Settled);
    }

    #[test]
    fn a_status_from_before_the_refresh_is_not_believed() {
        let live = application(|live| live["metadata"]["annotations"] = json!({REFRESH: "normal"}));
        assert!(pending(&ALL.judge(&live)));
        let live = application(|live| live["spec"]["source"]["path"] = json!("other"));
        assert!(pending(&ALL.judge(&live)));
        let live = application(|live| live["status"] = json!({}));
        assert!(pending(&ALL.judge(&live)));
    }

    #[test]
    fn an_operation_on_its_way_is_waited_for() {
        let live = application(|live| live["operation"] = json!({"sync": {}}));
        assert!(pending(&ALL.judge(&live)));
        let live = application(|live| live["status"]["operationState"]["phase"] = json!("Running"));
        assert!(pending(&ALL.judge(&live)));
    }

    #[test]
    fn a_failed_synchronisation_of_this_revision_fails_with_its_message() {
        let failed = |live: &mut Json| {
            live["status"]["sync"]["status"] = json!("OutOfSync");
            live["status"]["operationState"]["phase"] = json!("Failed");
            live["status"]["operationState"]["message"] = json!("one or more objects failed");
            live["status"]["operationState"]["syncResult"]["resources"] = json!([{
                "kind": "ConfigMap", "namespace": "demo", "name": "x", "status": "SyncFailed",
                "message": "forbidden",
            }]);
        };
        assert_eq!(
            ALL.judge(&application(failed)),
            Verdict::Failing(
                "the synchronisation ended as Failed: one or more objects failed (ConfigMap \
                 demo/x: forbidden)"
                    .into()
            )
        );
        let patient = Wanted { fail: false, ..ALL };
        assert!(pending(&patient.judge(&application(failed))));
        // The same of an older revision says nothing.
        let old = application(|live| {
            failed(live);
            live["status"]["operationState"]["syncResult"]["revision"] = json!("old");
        });
        assert!(pending(&ALL.judge(&old)));
    }

    #[test]
    fn a_condition_that_is_an_error_fails_with_its_message() {
        let live = application(|live| {
            live["status"]["sync"]["status"] = json!("Unknown");
            live["status"]["conditions"] =
                json!([{"type": "ComparisonError", "message": "app path does not exist"}]);
        });
        assert_eq!(
            ALL.judge(&live),
            Verdict::Failing("ComparisonError: app path does not exist".into())
        );
    }

    #[test]
    fn only_what_is_asked_for_is_waited_for() {
        let live = application(|live| live["status"]["health"]["status"] = json!("Progressing"));
        assert!(pending(&ALL.judge(&live)));
        assert_eq!(Wanted { healthy: false, ..ALL }.judge(&live), Verdict::Settled);
        let degraded = application(|live| {
            let health = json!({"status": "Degraded", "message": "its keys are missing"});
            live["status"]["health"]["status"] = json!("Degraded");
            live["status"]["resources"] = json!([
                {"kind": "ConfigMap", "namespace": "demo", "name": "x", "health": health},
            ]);
        });
        assert_eq!(
            ALL.judge(&degraded),
            Verdict::Failing(
                "sync Synced, health Degraded (ConfigMap demo/x: its keys are missing), operation \
                 Succeeded: "
                    .into()
            )
        );
        assert_eq!(Wanted { healthy: false, ..ALL }.judge(&degraded), Verdict::Settled);
    }
}
