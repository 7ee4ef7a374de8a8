//! Waiting for what a controller does to an object.
//!
//! A wait looks at the object once and then follows its changes with a watch,
//! so that it ends within milliseconds of the change and costs nothing
//! meanwhile. Where listing or watching is not allowed it reads the object
//! again and again.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use http::Method;
use kube::api::WatchEvent;
use serde_json::Value as Json;
use tokio::sync::Mutex;

use super::super::cluster::Ask;
use super::super::error::{Cause, Failure};
use super::super::fields::{At, managers};
use super::super::object::{ObjectRef, identify, query};
use super::super::target::Target;
use super::read::{Page, listing_is_refused};
use super::{Objects, OnStop, Patience, persist};
use crate::framework::wait::{Deadline, Pace, Poll, until};
use crate::framework::{Error, Result};

/// Between two looks at most: changes that come in a burst are seen as one or two.
const BURST: Pace = Pace::new(Duration::from_millis(10), Duration::from_millis(10));
/// How long one watch lasts. The next one begins with a fresh look, so that a
/// lost event delays a wait by no more than this.
const WATCH: Duration = Duration::from_mins(1);
/// A watch silent for longer than it was to last has lost its connection.
const SILENCE: Duration = Duration::from_secs(75);
/// Before a watch that failed is begun anew, and between reads where watching is
/// not allowed.
const PAUSE: Duration = Duration::from_secs(1);

impl Objects {
    /// Waits until `judge` is content with the object.
    ///
    /// `judge` sees the object now and after each change; `None` stands for an
    /// object that is not there. It answers [`Poll::Ready`], [`Poll::Pending`]
    /// with a text for the error of a wait in vain, or an error to end the wait
    /// at once. `what` completes "waited 5m for …".
    ///
    /// # Errors
    /// The error of `judge`; a time-out that quotes the last pending text; a
    /// cancel; a missing permission.
    pub async fn wait_for<T: Send>(
        &self,
        target: &Target,
        object: &ObjectRef,
        what: &str,
        deadline: &Deadline,
        judge: impl FnMut(Option<&Json>) -> Result<Poll<T>> + Send,
    ) -> Result<T> {
        let observer = Observer { objects: self, target, object, deadline, view: View::New };
        let wait = Mutex::new((observer, judge));
        until(deadline, BURST, what, || async {
            let (observer, judge) = &mut *wait.lock().await;
            let seen = observer.next().await.map_err(|failure| {
                failure.error.context(format!("watching {object} in {target}"))
            })?;
            judge(seen.as_ref())
        })
        .await
    }

    /// Waits until the object is gone, or another one of its name is there than
    /// the one with `uid`.
    ///
    /// # Errors
    /// As for [`wait_for`](Self::wait_for); a time-out names the finalizers that
    /// are left, who removes them, and the object's conditions.
    pub async fn wait_gone(
        &self,
        target: &Target,
        object: &ObjectRef,
        uid: Option<&str>,
        deadline: &Deadline,
    ) -> Result<()> {
        let what = format!("{object} to be gone");
        let judge = |seen: Option<&Json>| {
            Ok(match seen {
                None => Poll::Ready(()),
                Some(seen) if uid.is_some_and(|uid| seen["metadata"]["uid"] != uid) => {
                    Poll::Ready(())
                }
                Some(seen) => Poll::Pending(remains(seen)),
            })
        };
        let gone = self.wait_for(target, object, &what, deadline, judge).await;
        gone.map_err(|error| {
            if !error.is_timed_out() {
                return error;
            }
            held_up(error.context(format!("deleting {object} in {target}")))
        })
    }
}

/// Says what to do about an object that was to be gone in time and is not.
#[must_use]
pub fn held_up(error: Error) -> Error {
    if !error.is_timed_out() {
        return error;
    }
    error.advise(
        "The controllers that remove the finalizers have to run until the object is gone: destroy \
         them afterwards. If one is gone for good, remove its finalizer by hand.",
    )
}

/// Looks at one object, and then at each change of it.
struct Observer<'a> {
    objects: &'a Objects,
    target: &'a Target,
    object: &'a ObjectRef,
    deadline: &'a Deadline,
    view: View,
}

enum View {
    New,
    Watch(BoxStream<'static, Result<WatchEvent<Json>, Failure>>),
    /// Watching is not possible.
    Reads,
}

impl Observer<'_> {
    /// The object now, and on later calls after its next change.
    async fn next(&mut self) -> Result<Option<Json>, Failure> {
        loop {
            match &mut self.view {
                View::New => match self.look().await {
                    // Between the list and the watch the server forgot the version.
                    Err(failure) if failure.cause == Cause::Expired => self.pause().await?,
                    Err(failure) if listing_is_refused(failure.cause) => {
                        tracing::debug!(error = %failure.error, "reading instead of watching");
                        self.view = View::Reads;
                        return self.read().await;
                    }
                    seen => return seen,
                },
                View::Reads => {
                    self.pause().await?;
                    return self.read().await;
                }
                View::Watch(events) => match tokio::time::timeout(SILENCE, events.next()).await {
                    Ok(Some(Ok(WatchEvent::Added(mut seen) | WatchEvent::Modified(mut seen)))) => {
                        let ObjectRef { kind, namespace, .. } = self.object;
                        identify(&mut seen, kind, namespace.as_deref());
                        return Ok(Some(seen));
                    }
                    Ok(Some(Ok(WatchEvent::Deleted(_)))) => return Ok(None),
                    Ok(Some(Ok(WatchEvent::Bookmark(_)))) => {}
                    ended => {
                        // Too old a version, a server that goes away, or its time is up.
                        tracing::debug!(?ended, "looking again");
                        self.view = View::New;
                        if matches!(ended, Ok(Some(_))) {
                            self.pause().await?;
                        }
                    }
                },
            }
        }
    }

    /// Lists the one object, which gives a version to watch from even when the
    /// object is old or not there, and starts the watch.
    async fn look(&mut self) -> Result<Option<Json>, Failure> {
        let ObjectRef { kind, namespace, name } = self.object;
        let only = format!("fieldSelector={}", query(&format!("metadata.name={name}")));
        let all = kind.path(namespace.as_deref());
        let path = format!("{all}?{only}");
        let ask = Ask { method: Method::GET, path, body: None, kind, name: None };
        let list = self
            .objects
            .send::<Page<Json>>(self.target, &ask, Patience::LIST, OnStop::Drop, self.deadline)
            .await?
            .body;
        let version = list.metadata.resource_version.unwrap_or_default();
        let path = format!(
            "{all}?watch=1&{only}&resourceVersion={}&timeoutSeconds={}",
            query(&version),
            WATCH.as_secs()
        );
        let ask = Ask { path, ..ask };
        let events = persist(self.deadline, Patience::LIST, OnStop::Drop, || async {
            let cluster = self.objects.cluster(self.target).await?;
            Box::pin(cluster.watch(ask.clone())).await
        });
        self.view = View::Watch(events.await?);
        Ok(list.items.into_iter().next().map(|mut seen| {
            identify(&mut seen, kind, namespace.as_deref());
            seen
        }))
    }

    async fn pause(&mut self) -> Result<(), Failure> {
        self.deadline.sleep(PAUSE).await.map_err(Failure::unsent)
    }

    async fn read(&mut self) -> Result<Option<Json>, Failure> {
        let Self { objects, target, object, deadline, .. } = self;
        objects.get_now(target, object, Patience::WATCH, deadline).await
    }
}

/// What keeps an object from being gone: its finalizers, who has set each and
/// who removes it, and the conditions that say that something is wrong.
pub fn remains(object: &Json) -> String {
    let metadata = &object["metadata"];
    let Some(since) = metadata["deletionTimestamp"].as_str() else {
        return "it is there and not marked for deletion".into();
    };
    let mut text = format!("marked for deletion at {since}");
    // Namespaces have theirs in the spec.
    let lists = [&metadata["finalizers"], &object["spec"]["finalizers"]];
    let finalizers = lists.into_iter().filter_map(Json::as_array).flatten();
    let left: Vec<_> = finalizers
        .filter_map(Json::as_str)
        .map(|finalizer| {
            let holder = holder(object, finalizer).map(|by| format!("set by {by}"));
            let remover = remover(finalizer).map(|by| format!("removed by {by}"));
            let known: Vec<_> = holder.into_iter().chain(remover).collect();
            if known.is_empty() {
                finalizer.to_owned()
            } else {
                format!("{finalizer} ({})", known.join(", "))
            }
        })
        .collect();
    if !left.is_empty() {
        text = format!("{text}, finalizers left: {}", left.join(", "));
    }
    for condition in object["status"]["conditions"].as_array().into_iter().flatten() {
        if let Some(telling) = telling(condition) {
            text = format!("{text}; {telling}");
        }
    }
    text
}

/// The field manager that has put a finalizer there.
fn holder(object: &Json, finalizer: &str) -> Option<String> {
    let element = finalizer.into();
    let path = [At::Field("metadata"), At::Field("finalizers"), At::Item(&element)];
    let mut managers = managers(object).into_iter();
    managers.find(|manager| manager.fields.contains(&path)).map(|manager| manager.name)
}

fn remover(finalizer: &str) -> Option<&'static str> {
    Some(match finalizer {
        "foregroundDeletion" => "the garbage collector, after the objects that this one owns",
        "orphan" => "the garbage collector",
        "kubernetes" => "the namespace controller, after everything in the namespace",
        "kargo.akuity.io/finalizer" => "Kargo's controller",
        "kro.run/finalizer" => "kro's controller",
        argo if argo.contains("finalizer.argocd.argoproj.io") => {
            "Argo CD's application controller, after the resources of the application"
        }
        _ => return None,
    })
}

/// A condition as text, when it says that something is wrong.
fn telling(condition: &Json) -> Option<String> {
    let kind = condition["type"].as_str()?;
    let message = condition["message"].as_str().filter(|message| !message.is_empty())?;
    // A namespace's conditions are bad when true, Argo CD's have no status, and
    // nearly all others are good when true.
    let bad = match condition["status"].as_str() {
        Some(status) if kind.starts_with("Namespace") => status == "True",
        Some(status) => status == "False",
        None => true,
    };
    bad.then(|| format!("{kind}: {message}"))
}

#[cfg(test)]
mod tests;
