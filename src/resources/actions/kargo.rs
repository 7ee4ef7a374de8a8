//! What the actions of Kargo have in common.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Bounds;
use crate::clients::kube::{Freshness, ObjectKind, ObjectRef, Target};
use crate::framework::checks::{dns_label, go_duration};
use crate::framework::clock::Clock;
use crate::framework::wait::Poll;
use crate::framework::{Attr, Error, Model, Result, SendProgress};
use crate::resources::Operation;
use crate::resources::kargo::freight::{ALIAS_LABEL, Freight};
use crate::resources::kargo::promotion;
use crate::resources::object::{ClusterRef, Kind, Scene};

/// The project that an action is for, and how long it may take.
#[derive(Clone, Debug, Default, Model)]
pub struct Project {
    /// The Kargo project, which is the namespace of its objects.
    #[attr(required, local, check = dns_label)]
    pub namespace: Attr<String>,
    /// The cluster that Kargo runs in; the provider's `cluster` when not set.
    #[attr(local)]
    pub cluster: Attr<ClusterRef>,
    /// How long the action may take, waiting included, as in `30m`; 15 minutes when not set.
    #[attr(local, check = go_duration)]
    pub timeout: Attr<String>,
}

impl Project {
    pub(super) fn bounds(&self) -> Bounds<'_> {
        Bounds { cluster: &self.cluster, timeout: &self.timeout }
    }

    pub(super) fn open<'a>(&self, cx: &'a Operation) -> Result<Open<'a>> {
        let namespace = self.namespace.require("namespace")?.clone();
        Ok(Open { cx, target: cx.provider().target(&self.cluster)?, namespace })
    }
}

/// A project in its cluster.
pub(super) struct Open<'a> {
    pub(super) cx: &'a Operation,
    pub(super) target: Target,
    pub(super) namespace: String,
}

impl Open<'_> {
    /// An object of the project.
    pub(super) fn object(&self, kind: &ObjectKind, name: &str) -> ObjectRef {
        kind.namespaced(self.namespace.as_str(), name)
    }

    /// The object as it is now.
    ///
    /// # Errors
    /// When it is not there; `attribute` is what names it.
    pub(super) async fn current(
        &self,
        object: &ObjectRef,
        attribute: &'static str,
    ) -> Result<Json> {
        current(self.cx, &self.target, object, attribute).await
    }

    /// The freight with that alias.
    ///
    /// # Errors
    /// When there is none; `attribute` is what names it.
    pub(super) async fn aliased(&self, alias: &str, attribute: &'static str) -> Result<Json> {
        let (cx, selector) = (self.cx, format!("{ALIAS_LABEL}={alias}"));
        let (objects, namespace) = (cx.provider().objects(), Some(self.namespace.as_str()));
        let kind = Freight::OBJECT;
        let found = objects.list(&self.target, &kind, namespace, Some(&*selector), cx.deadline());
        found.await?.into_iter().next().ok_or_else(|| {
            let project = &self.namespace;
            Error::not_found(format!("no freight in project {project:?} has the alias {alias:?}"))
                .at(attribute)
                .advise("Kargo shows the aliases; they may be changed at any time.")
        })
    }
}

/// The object as it is now.
///
/// # Errors
/// When it is not there; `attribute` is what names it.
pub(super) async fn current(
    cx: &Operation,
    target: &Target,
    object: &ObjectRef,
    attribute: &'static str,
) -> Result<Json> {
    let objects = cx.provider().objects();
    let found = objects.get(target, object, Freshness::Now, cx.deadline()).await?;
    found.ok_or_else(|| {
        Error::not_found(format!("{object} is not there")).at(attribute).advise(
            "Check its name, its namespace, which is the Kargo project, and the cluster. An object \
             of the same configuration is there in time if the action is triggered by it, or its \
             name taken from it.",
        )
    })
}

/// Follows a promotion to its end, whatever that is.
pub(super) async fn ended(scene: &Scene<'_>, progress: &SendProgress) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let what = format!("{object} to end");
    let mut told = String::new();
    let judge = |live: Option<&Json>| {
        let live = live.ok_or_else(|| deleted(object))?;
        if promotion::is_over(live) {
            return Ok(Poll::Ready(live.clone()));
        }
        let now = promotion::describe(live);
        if now != told {
            progress.send(now.clone());
            told.clone_from(&now);
        }
        Ok(Poll::Pending(now))
    };
    scene.objects().wait_for(target, object, &what, cx.deadline(), judge).await
}

/// The end of a wait for an object that is there no longer.
pub(super) fn deleted(object: &ObjectRef) -> Error {
    Error::failed(format!("{object} was deleted while it was waited for"))
}

/// The time of day.
pub(super) fn now() -> Result<Timestamp> {
    Timestamp::try_from(Clock::system().now()).map_err(|error| {
        Error::failed("the clock of this machine is out of range").caused_by(error)
    })
}
