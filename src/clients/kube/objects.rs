//! Applying, reading and deleting objects of any kind.
//!
//! Objects are JSON. Every call says in which cluster ([`Target`]) and until
//! when ([`Deadline`]); it tries again what passes with time, and its error
//! says what was being done to which object, where.

use std::borrow::Cow;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::cluster::{Answer, Ask, Cluster, media};
use super::clusters::Clusters;
use super::discovery::Types;
use super::error::{Cause, Failure};
use super::object::{ObjectKind, ObjectRef, identify, is_leaving, query};
use super::target::Target;
use crate::framework::wait::Deadline;
use crate::framework::{Error, Result};

mod ownership;
mod patience;
mod read;
mod refresh;
mod wait;

pub(super) use patience::{OnStop, Patience, persist};
pub use read::Freshness;
use refresh::Refresh;
pub use wait::{held_up, remains};

/// The field manager under which the provider applies: it makes the provider's
/// fields its own, across runs and versions.
pub const FIELD_MANAGER: &str = "terraform-provider-gitops";

/// Objects in clusters.
#[derive(Debug)]
pub struct Objects {
    clusters: Arc<Clusters>,
    refresh: Refresh,
    pub(super) types: Types,
}

/// How to apply or create.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// Owner of the fields that are written.
    pub field_manager: Cow<'static, str>,
    /// Takes over fields that other managers own, instead of failing. An object
    /// that is created has no other managers.
    pub force: bool,
    /// Whether the principal's access to the cluster may have been granted in
    /// this very run: being refused is then waited out, for up to 120 s.
    pub new_access: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { field_manager: FIELD_MANAGER.into(), force: false, new_access: false }
    }
}

/// An object that was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The object as the server has it now.
    pub object: Json,
    /// Whether it was not there before.
    pub created: bool,
}

/// What becomes of the objects that an object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted first; the object stays until they are gone.
    Foreground,
    /// They are deleted afterwards.
    #[default]
    Background,
    /// They stay.
    Orphan,
}

/// How to delete.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// What becomes of owned objects.
    pub propagation: Propagation,
    /// Deletes only the object with this `metadata.uid`.
    pub uid: Option<String>,
}

/// What a delete did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// There was no such object.
    Absent,
    /// The object is gone.
    Gone,
    /// The object is on its way out; see [`Objects::wait_gone`].
    Started,
}

impl Objects {
    /// Objects in these clusters.
    pub fn new(clusters: Arc<Clusters>) -> Self {
        Self { clusters, refresh: Refresh::default(), types: Types::default() }
    }

    /// Makes the object have `content`, by server-side apply.
    ///
    /// What the field manager applied before and `content` lacks is removed;
    /// fields of others stay. Type, name and namespace come from `object`.
    /// `content` must not have `metadata.managedFields`; `status` is ignored by
    /// the server for kinds that have it as a subresource.
    ///
    /// Waits, within limits of its own and the deadline, for a type that is not
    /// yet served, a namespace that is not yet there or still terminating, a
    /// webhook that does not yet answer, and an API server that starts or
    /// throttles. A request on its way is not given up on a cancel, so that an
    /// object that was made is known.
    ///
    /// # Errors
    /// A conflict that names each field and its owner (unless `force`); an
    /// invalid object (see [`refused_fields`](super::refused_fields)); a missing
    /// permission; or whatever was waited for in vain.
    pub async fn apply(
        &self,
        target: &Target,
        object: &ObjectRef,
        content: Json,
        options: &WriteOptions,
        deadline: &Deadline,
    ) -> Result<Applied> {
        let doing = || format!("applying {object} in {target}");
        let path = format!(
            "{}?fieldManager={}&force={}&fieldValidation=Strict",
            object.path(),
            query(&options.field_manager),
            options.force
        );
        let body = encode(&object.identify(content))?;
        let ask = ask(Method::PATCH, path, object).with(media::APPLY, body);
        let patience = Patience::WRITE.with_new_access(options.new_access);
        let _writing = self.refresh.writing(target, object);
        let applied: Answer<Json> = self
            .send(target, &ask, patience, OnStop::Finish, deadline)
            .await
            .map_err(|failure| failure.error.context(doing()))?;
        if applied.body["metadata"]["name"] != object.name.as_str() {
            return Err(self.undo_renamed(target, object, &applied.body).await.context(doing()));
        }
        Ok(Applied { created: applied.status == StatusCode::CREATED, object: applied.body })
    }

    /// An admission webhook gave the object another name. The server then keeps
    /// it under the requested name, where nothing finds it (Kargo's Promotions
    /// and Freight): it is removed again.
    async fn undo_renamed(&self, target: &Target, object: &ObjectRef, made: &Json) -> Error {
        let remove = ask(Method::DELETE, object.path(), object);
        let removed = self.once::<Json>(target, &remove).await;
        let name = &made["metadata"]["name"];
        let left = if removed.is_ok() { "was removed again" } else { "could not be removed again" };
        Error::failed(format!(
            "an admission webhook renamed {object} to {name}; the object cannot be used under \
             either name and {left}"
        ))
    }

    /// Makes a new object. The name may be missing from `content` where the
    /// server or a webhook gives one.
    ///
    /// Waits like [`apply`](Self::apply), but sends nothing a second time that
    /// may have been carried out.
    ///
    /// # Errors
    /// [`is_already_exists`](Error::is_already_exists) when the name is taken;
    /// else as for [`apply`](Self::apply).
    pub async fn create(
        &self,
        target: &Target,
        kind: &ObjectKind,
        namespace: Option<&str>,
        mut content: Json,
        options: &WriteOptions,
        deadline: &Deadline,
    ) -> Result<Json> {
        identify(&mut content, kind, namespace);
        let metadata = &content["metadata"];
        let name = metadata["name"].as_str().or_else(|| metadata["generateName"].as_str());
        let name = name.unwrap_or_default().to_string();
        let object = ObjectRef { kind: kind.clone(), namespace: namespace.map(Into::into), name };
        let path = format!(
            "{}?fieldManager={}&fieldValidation=Strict",
            kind.path(namespace),
            query(&options.field_manager)
        );
        let ask = ask(Method::POST, path, &object).with(media::JSON, encode(&content)?);
        let patience = Patience::CREATE.with_new_access(options.new_access);
        let _writing = self.refresh.writing(target, &object);
        let created: Result<Answer<Json>, Failure> =
            self.send(target, &ask, patience, OnStop::Finish, deadline).await;
        created
            .map(|created| created.body)
            .map_err(|failure| failure.error.context(format!("creating {object} in {target}")))
    }

    /// Makes the object with `content`, or changes the one of that name by a
    /// JSON merge patch (`change`). True when it was made.
    ///
    /// One that is on its way out is waited for and made anew, also when that
    /// shows only after it was found: nobody gets hold of an object that is gone
    /// a little later.
    ///
    /// # Errors
    /// As for [`create`](Self::create) and [`patch`](Self::patch).
    pub async fn create_or_patch(
        &self,
        target: &Target,
        object: &ObjectRef,
        content: Json,
        change: &Json,
        options: &WriteOptions,
        deadline: &Deadline,
    ) -> Result<bool> {
        let content = object.identify(content);
        let namespace = object.namespace.as_deref();
        loop {
            let content = content.clone();
            match self.create(target, &object.kind, namespace, content, options, deadline).await {
                Ok(_) => return Ok(true),
                Err(error) if error.is_already_exists() => {}
                Err(error) => return Err(error),
            }
            let manager = &options.field_manager;
            match self.patch(target, object, None, change, manager, deadline).await {
                // The next create waits for its end.
                Ok(live) if is_leaving(&live) => {}
                Err(error) if error.is_not_found() => {}
                patched => return patched.map(|_| false),
            }
        }
    }

    /// Changes the object by a JSON merge patch (`change`), as `field_manager`. With
    /// `subresource` (`status`) that part of the object is patched.
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) when the object is not there; a
    /// conflict when the patch has a `metadata.resourceVersion` that is not
    /// current; else as for [`apply`](Self::apply).
    pub async fn patch(
        &self,
        target: &Target,
        object: &ObjectRef,
        subresource: Option<&str>,
        change: &Json,
        field_manager: &str,
        deadline: &Deadline,
    ) -> Result<Json> {
        let mut path = object.path();
        if let Some(subresource) = subresource {
            path = format!("{path}/{subresource}");
        }
        path = format!("{path}?fieldManager={}&fieldValidation=Strict", query(field_manager));
        let ask = ask(Method::PATCH, path, object).with(media::MERGE, encode(change)?);
        // With a version of its own the patch is refused for good when that is not current.
        let versioned = !change["metadata"]["resourceVersion"].is_null();
        let patience = if versioned { Patience::CREATE } else { Patience::WRITE };
        let _writing = self.refresh.writing(target, object);
        let patched: Result<Answer<Json>, Failure> =
            self.send(target, &ask, patience, OnStop::Finish, deadline).await;
        patched
            .map(|patched| patched.body)
            .map_err(|failure| failure.error.context(format!("changing {object} in {target}")))
    }

    /// Deletes the object.
    ///
    /// # Errors
    /// A conflict when an object of another `uid` is there; a missing
    /// permission; a refusal of a webhook.
    pub async fn delete(
        &self,
        target: &Target,
        object: &ObjectRef,
        options: &DeleteOptions,
        deadline: &Deadline,
    ) -> Result<Deletion> {
        let mut body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": match options.propagation {
                Propagation::Foreground => "Foreground",
                Propagation::Background => "Background",
                Propagation::Orphan => "Orphan",
            },
        });
        if let Some(uid) = &options.uid {
            body["preconditions"] = json!({ "uid": uid });
        }
        let ask = ask(Method::DELETE, object.path(), object).with(media::JSON, encode(&body)?);
        let _writing = self.refresh.writing(target, object);
        let deleted: Result<Answer<Json>, Failure> =
            self.send(target, &ask, Patience::DELETE, OnStop::Finish, deadline).await;
        match deleted {
            // The object itself when it is still there, a status when it is not.
            Ok(Answer { body, .. }) if body["kind"] == "Status" => Ok(Deletion::Gone),
            Ok(_) => Ok(Deletion::Started),
            Err(failure) if matches!(failure.cause, Cause::Absent | Cause::TypeNotServed) => {
                Ok(Deletion::Absent)
            }
            Err(failure) => Err(failure.error.context(format!("deleting {object} in {target}"))),
        }
    }

    /// Sends a request until it succeeds, fails for good, or patience ends.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        target: &Target,
        ask: &Ask<'_>,
        patience: Patience,
        on_stop: OnStop,
        deadline: &Deadline,
    ) -> Result<Answer<T>, Failure> {
        persist(deadline, patience, on_stop, || self.once(target, ask)).await
    }

    pub(super) async fn once<T: DeserializeOwned>(
        &self,
        target: &Target,
        ask: &Ask<'_>,
    ) -> Result<Answer<T>, Failure> {
        let cluster = self.cluster(target).await?;
        // Boxed, so that the futures of all callers stay small.
        let answer = Box::pin(cluster.ask(ask.clone())).await;
        if answer.as_ref().is_err_and(|failure| failure.cause == Cause::Unreachable) {
            self.clusters.forget(target);
        }
        answer
    }

    pub(super) async fn cluster(&self, target: &Target) -> Result<Cluster, Failure> {
        self.clusters.get(target).await.map_err(Failure::unsent)
    }
}

/// A request about one object, without a body.
fn ask(method: Method, path: String, object: &ObjectRef) -> Ask<'_> {
    let name = Some(object.name.as_str());
    Ask { method, path, body: None, kind: &object.kind, name }
}

fn encode(body: &Json) -> Result<Vec<u8>> {
    serde_json::to_vec(body)
        .map_err(|error| Error::bug(format!("an object cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests;
