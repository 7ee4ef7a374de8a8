//! `gitops_application_rollback`: brings an application back to an earlier deployment.

use serde_json::{Value as Json, json};

use super::{Bounds, InCluster, Subject};
use crate::clients::kube::is_leaving;
use crate::framework::{Attr, Diagnostics, Error, Model, Path, Result, SendProgress};
use crate::resources::Operation;
use crate::resources::argocd::operation;
use crate::resources::object::Scene;

/// Brings an Argo CD application back to what was deployed before: the revision, and the sources as
/// they were configured then. Without `id` and `revision`, to the deployment before the last.
///
/// Argo CD does it by a synchronisation that runs no hooks, and the application is out of sync
/// afterwards: its configuration is not changed. One with automated synchronisation cannot be rolled
/// back, since that would bring it forward again. An operation that is going on is waited for first.
#[derive(Clone, Debug, Default, Model)]
pub struct ApplicationRollback {
    /// Which application.
    #[attr(flatten)]
    pub subject: Subject,
    /// Id of the deployment, as the application's history has it (the data source
    /// `gitops_application` shows it).
    #[attr(local, range(0, i64::MAX))]
    pub id: Attr<i64>,
    /// Revision that was deployed, whole or its beginning: the last deployment of it is meant. Of an
    /// application with several `sources`, that of any of them.
    #[attr(local)]
    pub revision: Attr<String>,
    /// Delete resources that were not there then; off when not set.
    pub prune: Attr<bool>,
    /// Only show what would be done; off when not set.
    pub dry_run: Attr<bool>,
    /// Wait in the end until the application is healthy as well, and fail when it is degraded; off
    /// when not set.
    #[attr(local)]
    pub healthy: Attr<bool>,
}

impl InCluster for ApplicationRollback {
    const NAME: &'static str = "application_rollback";

    fn bounds(&self) -> Bounds<'_> {
        self.subject.bounds()
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        if self.id.is_set() && self.revision.is_set() {
            diagnostics.invalid(
                Path::attribute("revision"),
                "Both id and revision are set",
                "A deployment is named by its id or by its revision. Remove one.",
            );
        }
        if self.healthy.is_true() && self.dry_run.is_true() {
            diagnostics.invalid(
                Path::attribute("healthy"),
                "Nothing to wait for",
                "With dry_run nothing is deployed that could be healthy. Remove one.",
            );
        }
    }

    async fn act(self, cx: &Operation, progress: &SendProgress) -> Result<()> {
        let (target, object) = self.subject.find(cx)?;
        let scene = Scene { cx, target: &target, object: &object };
        operation::start(&scene, |live| self.operation(live), progress).await?;
        operation::complete(&scene, self.healthy.is_true(), progress).await
    }
}

impl ApplicationRollback {
    /// What is asked of Argo CD, for the application as it is.
    fn operation(&self, live: &Json) -> Result<Json> {
        if is_leaving(live) {
            return Err(Error::failed("the application is being deleted").at("name"));
        }
        let automated = &live["spec"]["syncPolicy"]["automated"];
        if automated.is_object() && automated["enabled"] != false {
            return Err(Error::failed(
                "the application is synchronised automatically, which would undo a rollback at once",
            )
            .at("name")
            .advise(
                "Turn it off first, by sync_policy = { automated = { enabled = false } }, or set \
                 target_revision to what is to be deployed.",
            ));
        }
        let deployment = self.deployment(live)?;
        let mut sync = json!({
            "prune": self.prune.is_true(),
            "dryRun": self.dry_run.is_true(),
            "syncStrategy": { "apply": {} },
        });
        for (field, value) in [
            ("revision", &deployment["revision"]),
            ("revisions", &deployment["revisions"]),
            ("source", &deployment["source"]),
            ("sources", &deployment["sources"]),
            ("syncOptions", &live["spec"]["syncPolicy"]["syncOptions"]),
        ] {
            if says_something(value) {
                sync[field] = value.clone();
            }
        }
        Ok(json!({ "sync": sync }))
    }

    /// The deployment of the application's history that is meant.
    fn deployment<'a>(&self, live: &'a Json) -> Result<&'a Json> {
        let history = live["status"]["history"].as_array().map(Vec::as_slice).unwrap_or_default();
        let (found, at) = match (&self.id, &self.revision) {
            (Attr::Known(id), _) => (history.iter().find(|it| it["id"] == *id), "id"),
            (_, Attr::Known(revision)) => {
                let is_of = |it: &&Json| revisions(it).any(|it| it.starts_with(revision.as_str()));
                (history.iter().rev().find(is_of), "revision")
            }
            _ => (history.iter().rev().nth(1), "name"),
        };
        let found = found.ok_or_else(|| {
            let known = history.iter().rev().map(|deployment| {
                let revisions: Vec<_> = revisions(deployment).collect();
                format!("{} ({})", deployment["id"], revisions.join(", "))
            });
            let known: Vec<_> = known.collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join("; ") };
            Error::failed(format!("the history has no such deployment; it has {known}"))
                .at(at)
                .advise("Argo CD keeps as many as revision_history_limit says, 10 when not set.")
        })?;
        if !says_something(&found["source"]) && !says_something(&found["sources"]) {
            return Err(Error::failed(format!(
                "the history does not say what the sources of deployment {} were",
                found["id"]
            ))
            .at(at));
        }
        Ok(found)
    }
}

/// Whether a part of a deployment is there: Argo CD writes empty ones.
fn says_something(json: &Json) -> bool {
    match json {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(elements) => !elements.is_empty(),
        Json::Object(fields) => fields.values().any(says_something),
        _ => true,
    }
}

fn revisions(deployment: &Json) -> impl Iterator<Item = &str> {
    let several = deployment["revisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let all = several.iter().chain([&deployment["revision"]]);
    all.filter_map(Json::as_str).filter(|revision| !revision.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::actions::tests::broken;

    fn text(text: &str) -> Attr<String> {
        text.to_owned().into()
    }

    fn to(id: Attr<i64>, revision: Attr<String>) -> ApplicationRollback {
        ApplicationRollback { id, revision, ..ApplicationRollback::default() }
    }

    fn live() -> Json {
        let source = |path: &str| json!({ "repoURL": "https://x", "path": path });
        json!({
            "spec": { "syncPolicy": { "syncOptions": ["CreateNamespace=true"] } },
            "status": { "history": [
                { "id": 3, "revision": "aaa1", "source": source("a") },
                { "id": 4, "revision": "bbb1", "source": source("b") },
                { "id": 5, "revision": "aaa1", "source": source("c") },
                { "id": 6, "revisions": ["ccc1", "ddd1"], "source": { "repoURL": "" },
                  "sources": [source("d"), source("e")] },
            ] },
        })
    }

    #[test]
    fn a_deployment_is_asked_for_as_it_was() {
        let operation = to(Attr::Known(3), Attr::Null).operation(&live()).unwrap();
        let expected = json!({ "sync": {
            "revision": "aaa1", "source": { "repoURL": "https://x", "path": "a" },
            "syncOptions": ["CreateNamespace=true"], "syncStrategy": { "apply": {} },
            "prune": false, "dryRun": false,
        } });
        assert_eq!(operation, expected);
        let several = to(Attr::Null, text("ddd")).operation(&live()).unwrap();
        assert_eq!(several["sync"]["revisions"], json!(["ccc1", "ddd1"]));
        assert_eq!(several["sync"]["sources"][1]["path"], "e");
        assert!(several["sync"].get("source").is_none(), "{several}");
        // The last of a revision, and the one before the last of all: here the same.
        for rollback in [to(Attr::Null, text("aaa1")), to(Attr::Null, Attr::Null)] {
            assert_eq!(rollback.operation(&live()).unwrap()["sync"]["source"]["path"], "c");
        }
    }

    #[test]
    fn what_is_not_in_the_history_is_told_with_what_is() {
        for (rollback, at) in
            [(to(Attr::Known(9), Attr::Null), "id"), (to(Attr::Null, text("zzz")), "revision")]
        {
            let error = rollback.operation(&live()).unwrap_err();
            assert_eq!(error.path().unwrap().to_string(), at);
            assert!(error.message().contains("6 (ccc1, ddd1); 5 (aaa1); 4 (bbb1)"), "{error}");
        }
        let error = to(Attr::Null, Attr::Null).operation(&json!({})).unwrap_err();
        assert!(error.message().contains("it has none"), "{error}");
        let old = json!({ "status": { "history": [{ "id": 1, "revision": "a" }] } });
        let error = to(Attr::Known(1), Attr::Null).operation(&old).unwrap_err();
        assert!(error.message().contains("what the sources of deployment 1 were"), "{error}");
    }

    #[test]
    fn what_would_be_undone_is_refused() {
        let rollback = to(Attr::Known(3), Attr::Null);
        for automated in [json!({}), json!({ "prune": true }), json!({ "enabled": true })] {
            let mut live = live();
            live["spec"]["syncPolicy"]["automated"] = automated;
            let error = rollback.operation(&live).unwrap_err();
            assert!(error.detail().contains("automatically"), "{error}");
        }
        let mut off = live();
        off["spec"]["syncPolicy"]["automated"] = json!({ "enabled": false });
        assert!(rollback.operation(&off).is_ok());
        off["metadata"] = json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" });
        assert!(rollback.operation(&off).unwrap_err().message().contains("being deleted"));
    }

    #[test]
    fn what_contradicts_itself_is_refused_where_it_is_written() {
        assert_eq!(broken(&to(Attr::Known(1), text("a"))), ["revision"]);
        let idle = ApplicationRollback {
            healthy: true.into(),
            dry_run: true.into(),
            ..ApplicationRollback::default()
        };
        assert_eq!(broken(&idle), ["healthy"]);
    }
}
