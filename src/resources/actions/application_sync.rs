//! `gitops_application_sync`: brings an application to what its sources say, now.

use serde_json::{Value as Json, json};

use super::{Bounds, InCluster, Subject};
use crate::framework::{Attr, Diagnostics, Model, Path, Result, SendProgress, api};
use crate::resources::Operation;
use crate::resources::argocd::application::sync_policy::Retry;
use crate::resources::argocd::operation;
use crate::resources::object::Scene;

/// Synchronises an Argo CD application: what its sources render is applied to its cluster, at once
/// and whatever its `sync_policy` says.
///
/// One that is being synchronised already is waited for first. The action ends when the
/// synchronisation has, and fails with what Argo CD says when it has failed; a sync window that
/// keeps it back is told of and waited out. What is being synchronised goes on when the run is
/// stopped.
#[derive(Clone, Debug, Default, Model)]
pub struct ApplicationSync {
    /// Which application.
    #[attr(flatten)]
    pub subject: Subject,
    /// Revision to synchronise to, for this once: a branch, a tag, a commit, a version of a chart.
    /// The application's `target_revision` when not set. Argo CD refuses another revision for an
    /// application with automated synchronisation.
    pub revision: Attr<String>,
    /// The same for an application with several `sources`, in their order.
    pub revisions: Attr<Vec<String>>,
    /// Delete resources that are no longer in the sources; off when not set.
    pub prune: Attr<bool>,
    /// Only show what would be done; off when not set.
    pub dry_run: Attr<bool>,
    /// Replace resources that cannot be changed in place, by deleting them; off when not set.
    #[attr(local)]
    pub force: Attr<bool>,
    /// `hook` applies the resources in waves and runs the hooks among them; `apply` applies all at
    /// once and runs none. `hook` when not set.
    #[attr(local, one_of = ["hook", "apply"])]
    pub strategy: Attr<String>,
    /// Switches for this synchronisation, such as `ServerSideApply=true` or `Replace=true`; those of
    /// the application's `sync_policy` when not set.
    pub sync_options: Attr<Vec<String>>,
    /// Only these resources, and no hooks; all when not set.
    #[attr(length(1, usize::MAX))]
    pub resources: Attr<Vec<SyncResource>>,
    /// What happens after the synchronisation has failed; what the application's `sync_policy` says
    /// when not set.
    #[attr(api = "/retry")]
    pub retry: Attr<Retry>,
    /// End as soon as the synchronisation is asked for, and not with it; off when not set.
    #[attr(local)]
    pub r#async: Attr<bool>,
    /// Wait in the end until the application is healthy as well, and fail when it is degraded; off
    /// when not set.
    #[attr(local)]
    pub healthy: Attr<bool>,
}

/// A resource of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SyncResource {
    /// Its API group; the core group when not set.
    pub group: Attr<String>,
    /// Its kind.
    #[attr(required)]
    pub kind: Attr<String>,
    /// Its name.
    #[attr(required)]
    pub name: Attr<String>,
    /// Its namespace; that of the application's destination when not set.
    pub namespace: Attr<String>,
}

impl InCluster for ApplicationSync {
    const NAME: &'static str = "application_sync";

    fn bounds(&self) -> Bounds<'_> {
        self.subject.bounds()
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        if self.revision.is_set() && self.revisions.is_set() {
            diagnostics.invalid(
                Path::attribute("revisions"),
                "Both revision and revisions are set",
                "Set revision for an application with one source, and revisions for one with \
                 several.",
            );
        }
        if self.healthy.is_true() && (self.r#async.is_true() || self.dry_run.is_true()) {
            let other = if self.r#async.is_true() { "async" } else { "dry_run" };
            diagnostics.invalid(
                Path::attribute("healthy"),
                "Nothing to wait for",
                format!("With {other} nothing is waited for that could be healthy. Remove one."),
            );
        }
    }

    async fn act(self, cx: &Operation, progress: &SendProgress) -> Result<()> {
        let (target, object) = self.subject.find(cx)?;
        let scene = Scene { cx, target: &target, object: &object };
        let asked = self.operation()?;
        operation::start(&scene, |live| Ok(completed(asked.clone(), live)), progress).await?;
        if self.r#async.is_true() {
            progress.send(format!("{object} is being synchronised"));
            return Ok(());
        }
        operation::complete(&scene, self.healthy.is_true(), progress).await
    }
}

impl ApplicationSync {
    /// What is asked of Argo CD.
    fn operation(&self) -> Result<Json> {
        let mut operation = api::render(&Self::attributes(), "/sync", &self.clone().into_value())?;
        let strategy = self.strategy.as_str().unwrap_or("hook");
        let force = self.force.is_true();
        operation["sync"]["syncStrategy"] = json!({ strategy: { "force": force } });
        Ok(operation)
    }
}

/// What is asked, with what the application's own policy says where nothing is configured. Argo
/// CD's API does the same with what users ask of it; its controller takes a request as it is.
fn completed(mut asked: Json, live: &Json) -> Json {
    let policy = &live["spec"]["syncPolicy"];
    for (at, theirs) in [("/sync/syncOptions", "syncOptions"), ("/retry", "retry")] {
        if asked.pointer(at).is_none() && !policy[theirs].is_null() {
            let (parent, name) = at.rsplit_once('/').unwrap_or_default();
            if let Some(parent) = asked.pointer_mut(parent) {
                parent[name] = policy[theirs].clone();
            }
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::actions::tests::broken;

    fn text(text: &str) -> Attr<String> {
        text.to_owned().into()
    }

    fn named() -> ApplicationSync {
        let subject = Subject { name: text("shop"), ..Subject::default() };
        ApplicationSync { subject, ..ApplicationSync::default() }
    }

    #[test]
    fn what_is_asked_is_what_is_configured() {
        let sync = ApplicationSync {
            revision: text("v2"),
            prune: true.into(),
            dry_run: true.into(),
            force: true.into(),
            strategy: text("apply"),
            sync_options: vec!["Replace=true".to_owned()].into(),
            resources: vec![SyncResource {
                kind: text("ConfigMap"),
                name: text("a"),
                ..SyncResource::default()
            }]
            .into(),
            retry: Retry { limit: 2.into(), ..Retry::default() }.into(),
            healthy: false.into(),
            ..named()
        };
        let wanted = json!({
            "sync": {
                "revision": "v2", "prune": true, "dryRun": true,
                "syncOptions": ["Replace=true"],
                "resources": [{"kind": "ConfigMap", "name": "a"}],
                "syncStrategy": {"apply": {"force": true}},
            },
            "retry": {"limit": 2},
        });
        assert_eq!(sync.operation().unwrap(), wanted);
        let least = named().operation().unwrap();
        assert_eq!(least, json!({"sync": {"syncStrategy": {"hook": {"force": false}}}}));
    }

    #[test]
    fn what_is_not_configured_is_as_the_application_s_own_policy_says() {
        let policy = json!({"syncOptions": ["CreateNamespace=true"], "retry": {"limit": 3}});
        let live = json!({"spec": {"syncPolicy": policy}});
        let asked = named().operation().unwrap();
        let operation = completed(asked.clone(), &live);
        assert_eq!(operation["sync"]["syncOptions"], policy["syncOptions"]);
        assert_eq!(operation["sync"]["syncStrategy"], asked["sync"]["syncStrategy"]);
        assert_eq!(operation["retry"], policy["retry"]);
        assert_eq!(completed(asked.clone(), &json!({"spec": {}})), asked);
        let own = ApplicationSync {
            sync_options: Attr::Known(Vec::new()),
            retry: Retry { limit: 0.into(), ..Retry::default() }.into(),
            ..named()
        };
        let own = completed(own.operation().unwrap(), &live);
        assert_eq!(own["sync"]["syncOptions"], json!([]));
        assert_ne!(own["retry"], policy["retry"]);
    }

    #[test]
    fn what_contradicts_itself_is_refused_where_it_is_written() {
        assert!(broken(&named()).is_empty());
        let revisions = Attr::Known(vec!["a".to_owned()]);
        assert_eq!(
            broken(&ApplicationSync { revision: text("a"), revisions, ..named() }),
            ["revisions"]
        );
        let healthy = ApplicationSync { healthy: true.into(), ..named() };
        assert!(broken(&healthy).is_empty());
        let with_async = ApplicationSync { r#async: true.into(), ..healthy.clone() };
        assert_eq!(broken(&with_async), ["healthy"]);
        assert_eq!(broken(&ApplicationSync { dry_run: true.into(), ..healthy }), ["healthy"]);
    }
}
