//! Reading objects: one, many, and the reads of a refresh.

use std::collections::HashMap;
use std::time::Instant;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::super::cluster::{Answer, Ask};
use super::super::error::{Cause, Failure};
use super::super::object::{ObjectKind, ObjectRef, identify, query};
use super::super::target::Target;
use super::refresh::{Answer as Look, Batch, List};
use super::{Objects, OnStop, Patience, ask};
use crate::framework::wait::Deadline;
use crate::framework::{Error, Result};

/// How new a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As the server has it now.
    Now,
    /// Perhaps a few seconds old, for the reads of a refresh: many of them are
    /// answered from one list. Never older than the last write of this process.
    Recent,
}

impl Objects {
    /// Reads the object; `None` when it is not there, or when its type is not
    /// served at all (with a `CustomResourceDefinition` its objects are gone).
    ///
    /// # Errors
    /// Never [`is_not_found`](Error::is_not_found): a cluster that cannot be
    /// found, or a type that is served in other versions only, is an error of
    /// another kind, lest the object be taken for gone.
    pub async fn get(
        &self,
        target: &Target,
        object: &ObjectRef,
        freshness: Freshness,
        deadline: &Deadline,
    ) -> Result<Option<Json>> {
        let read = match (freshness, self.refresh.batch(target, object)) {
            (Freshness::Recent, Some(batch)) => self.recent(target, object, &batch, deadline).await,
            _ => self.get_now(target, object, Patience::READ, deadline).await,
        };
        read.map_err(|failure| failure.error.context(format!("reading {object} in {target}")))
    }

    /// Reads the object as it is now, where access to the cluster may have been
    /// granted in this very run: being refused is then waited out.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub async fn get_with_new_access(
        &self,
        target: &Target,
        object: &ObjectRef,
        deadline: &Deadline,
    ) -> Result<Option<Json>> {
        let patience = Patience::READ.with_new_access(true);
        let read = self.get_now(target, object, patience, deadline).await;
        read.map_err(|failure| failure.error.context(format!("reading {object} in {target}")))
    }

    pub(super) async fn get_now(
        &self,
        target: &Target,
        object: &ObjectRef,
        patience: Patience,
        deadline: &Deadline,
    ) -> Result<Option<Json>, Failure> {
        let ask = ask(Method::GET, object.path(), object);
        match self.send(target, &ask, patience, OnStop::Drop, deadline).await {
            Ok(Answer { body, .. }) => Ok(Some(body)),
            Err(failure) if failure.cause == Cause::Absent => Ok(None),
            Err(failure) if failure.cause == Cause::TypeNotServed => {
                self.refuse_other_versions(target, &object.kind, deadline).await.map(|()| None)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn recent(
        &self,
        target: &Target,
        object: &ObjectRef,
        batch: &Batch,
        deadline: &Deadline,
    ) -> Result<Option<Json>, Failure> {
        let mut look = batch.look(&object.name);
        if matches!(look, Look::List) {
            let turn = deadline.bound(async { Ok(batch.listing.lock().await) });
            let _listing = turn.await.map_err(Failure::unsent)?;
            // Whoever held the lock before may have made the list.
            look = batch.look(&object.name);
            if matches!(look, Look::List) {
                self.list_for_refresh(target, object, batch, deadline).await?;
                look = batch.look(&object.name);
            }
        }
        match look {
            Look::Known(None) => Ok(None),
            Look::Known(Some(listed)) => {
                let mut listed = parse(&listed)?;
                // Lists of built-in kinds leave out the type of their items.
                identify(&mut listed, &object.kind, object.namespace.as_deref());
                Ok(Some(listed))
            }
            Look::List | Look::Single => {
                self.get_now(target, object, Patience::READ, deadline).await
            }
        }
    }

    async fn list_for_refresh(
        &self,
        target: &Target,
        object: &ObjectRef,
        batch: &Batch,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        let worth = batch.worth();
        let mut list = List { begun: Instant::now(), objects: HashMap::new(), more: 0 };
        let mut token = String::new();
        loop {
            let limit = worth.clamp(1, PAGE);
            let namespace = object.namespace.as_deref();
            let page = self.page(target, &object.kind, namespace, "", limit, &token, deadline);
            let page: Page<Box<RawValue>> = match page.await {
                Ok(page) => page,
                Err(failure) => {
                    // Those who wait for the list read singly: in turn they would fail one by one.
                    batch.refuse();
                    tracing::debug!(error = %failure.error, "no list for the refresh");
                    // Not allowed, or a page too late: an object alone may still be readable.
                    let refused = listing_is_refused(failure.cause);
                    return if refused { Ok(()) } else { Err(failure) };
                }
            };
            for item in page.items {
                let Named { metadata } = parse(&item)?;
                list.objects.insert(metadata.name, Some(item));
            }
            token = page.metadata.next.unwrap_or_default();
            // Servers leave the number out when they do not know it.
            let more = page.metadata.remaining_item_count.unwrap_or(usize::MAX);
            list.more = if token.is_empty() { 0 } else { more };
            if list.more == 0 || list.objects.len().saturating_add(list.more) > worth {
                batch.keep(list);
                return Ok(());
            }
        }
    }

    /// All objects of a kind in a namespace, or in the whole cluster, that the
    /// label selector selects.
    pub async fn list(
        &self,
        target: &Target,
        kind: &ObjectKind,
        namespace: Option<&str>,
        label_selector: Option<&str>,
        deadline: &Deadline,
    ) -> Result<Vec<Json>> {
        let doing = |failure: Failure| {
            let place = namespace.map_or(String::new(), |place| format!(" of namespace {place:?}"));
            failure.error.context(format!("listing {}{place} in {target}", kind.plural))
        };
        let selector = label_selector
            .map_or_else(String::new, |selector| format!("&labelSelector={}", query(selector)));
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.page(target, kind, namespace, &selector, PAGE, &token, deadline);
            let page: Page<Json> = page.await.map_err(doing)?;
            all.extend(page.items.into_iter().map(|mut item| {
                identify(&mut item, kind, None);
                item
            }));
            token = page.metadata.next.unwrap_or_default();
            if token.is_empty() {
                return Ok(all);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "private; each is one part of one URL")]
    async fn page<T: DeserializeOwned>(
        &self,
        target: &Target,
        kind: &ObjectKind,
        namespace: Option<&str>,
        selector: &str,
        limit: usize,
        token: &str,
        deadline: &Deadline,
    ) -> Result<Page<T>, Failure> {
        let mut path = format!("{}?limit={limit}{selector}", kind.path(namespace));
        if !token.is_empty() {
            path = format!("{path}&continue={}", query(token));
        }
        let ask = Ask { method: Method::GET, path, body: None, kind, name: None };
        let page = self.send(target, &ask, Patience::READ, OnStop::Drop, deadline).await?;
        Ok(page.body)
    }
}

/// Whether an object may be readable alone where a list is refused.
pub(super) fn listing_is_refused(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::Forbidden
            | Cause::Unauthenticated
            | Cause::Invalid
            | Cause::Expired
            | Cause::TypeNotServed
    )
}

fn parse<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Failure> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let error = Error::failed(format!("the API server listed an object without name: {error}"));
        Failure::new(Cause::Other, error)
    })
}

/// Objects per answer of a list, as `kubectl` asks for.
const PAGE: usize = 500;

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub(super) struct Page<T> {
    pub(super) metadata: PageMetadata,
    pub(super) items: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
    remaining_item_count: Option<usize>,
    pub(super) resource_version: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    metadata: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}
