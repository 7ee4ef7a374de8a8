//! What is particular of a kind of objects, and where an operation on one is.

use std::future::Future;

use serde_json::Value as Json;

use crate::clients::kube::{ObjectKind, ObjectRef, Objects, Propagation, Target};
use crate::framework::api::{self, View};
use crate::framework::{
    Attribute, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Model, Path, Peer,
    Result, Value,
};
use crate::resources::Operation;

/// A kind of object that is a type of resource.
pub trait Kind: Send + Sync + 'static {
    /// The configuration and state.
    type Model: Model;

    /// Short name of the type, such as `kargo_stage`.
    const NAME: &'static str;
    /// The kind in the API.
    const OBJECT: ObjectKind;
    /// Version of the stored state.
    const VERSION: i64 = 0;
    /// Where attributes without a place of their own are in the object.
    const ROOT: &'static str = "/spec";
    /// How long operations may take by default.
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(10);
    /// How the text of an import is written.
    const IMPORT: ImportFormat = ImportFormat("{namespace}/{name}");

    /// Labels by which objects of this type are known among those of the kind, as a selector.
    const LABEL_SELECTOR: Option<&'static str> = None;
    /// The types of other providers whose states can become ones of this type, beside those that
    /// are for any object.
    const PEERS: &'static [Peer] = &[];

    /// Checks rules that go beyond single attributes; unknown parts pass.
    fn validate(config: &Self::Model, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Takes out of a configuration that is generated what its other parts say already.
    fn generated(config: &mut Value) {
        let _ = config;
    }

    /// Refines a plan, and checks what depends on the provider's configuration.
    fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        let _ = (cx, change);
        Ok(())
    }

    /// Attributes that others legitimately change, beside the configured `ignore_fields`.
    fn ignored(values: &Value) -> Vec<Path> {
        let _ = values;
        Vec::new()
    }

    /// What [`Self::ignored`] might yet say, once an attribute is known that decides it.
    fn undecided(config: &Value) -> Option<(Path, Vec<Path>)> {
        let _ = config;
        None
    }

    /// The object that is applied; `values` include the write-only ones.
    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        api::render(attributes, Self::ROOT, values)
    }

    /// Whether it is made by a POST and never by an apply: a webhook gives it another name, which
    /// an apply to a name of one's own would not survive. The name is then known from the answer.
    const POSTED: bool = false;
    /// Whether nothing of an object is ever changed: an update only waits anew.
    const FINAL: bool = false;

    /// What a refused create may mean.
    fn refused(error: Error) -> Error {
        error
    }

    /// Which object the values are.
    fn reference(values: &Value) -> Result<ObjectRef> {
        let name = values.get("name").as_str();
        let name = name.ok_or_else(|| Error::bug("the object has no name").at("name"))?;
        Ok(match values.get("namespace").as_str() {
            Some(namespace) => Self::OBJECT.namespaced(namespace, name),
            None => Self::OBJECT.cluster_wide(name),
        })
    }

    /// What of a live object the state shows.
    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        Ok(api::project(attributes, Self::ROOT, live, prior, view))
    }

    /// Whether an update looks at the live object first, for [`Self::keep`].
    const LOOKS_FIRST: bool = false;

    /// Whether an object of the kind is one of this type.
    fn is_one(live: &Json) -> bool {
        let _ = live;
        true
    }

    /// Takes over from the live object what is part of a field that is ours and
    /// was put there by others.
    fn keep(live: &Json, content: &mut Json) {
        let _ = (live, content);
    }

    /// Adds to a live object what belongs to it and is in objects of their own, for
    /// [`Self::project`].
    fn complete(scene: &Scene<'_>, live: Json) -> impl Future<Output = Result<Json>> + Send {
        let _ = scene;
        async { Ok(live) }
    }

    /// What must be there before the object is.
    fn prepare(scene: &Scene<'_>, values: &Value) -> impl Future<Output = Result<()>> + Send {
        let _ = (scene, values);
        async { Ok(()) }
    }

    /// Takes back what [`prepare`](Self::prepare) did, when the object was
    /// refused for good: what is in no state would be left behind.
    fn abandon(scene: &Scene<'_>) -> impl Future<Output = Result<()>> + Send {
        let _ = scene;
        async { Ok(()) }
    }

    /// Waits for what the configuration asks to be waited for, after `applied`
    /// was answered to an apply; returns the object as it is then.
    fn settle(
        scene: &Scene<'_>,
        values: &Value,
        applied: Json,
    ) -> impl Future<Output = Result<Json>> + Send {
        let _ = (scene, values);
        async { Ok(applied) }
    }

    /// What becomes of objects that a deleted one owns.
    fn propagation(state: &Value) -> Propagation {
        let _ = state;
        Propagation::Background
    }

    /// What must happen before the object is deleted; [`handover::orphans`] says whether what it
    /// has made or deployed stays.
    fn retire(scene: &Scene<'_>, state: &Value) -> impl Future<Output = Result<()>> + Send {
        let _ = (scene, state);
        async { Ok(()) }
    }

    /// What is left to do when the object is gone, with the same distinction.
    fn bury(scene: &Scene<'_>, state: &Value) -> impl Future<Output = Result<()>> + Send {
        let _ = (scene, state);
        async { Ok(()) }
    }
}

/// One operation on one object of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The operation.
    pub cx: &'a Operation,
    /// The cluster.
    pub target: &'a Target,
    /// The object.
    pub object: &'a ObjectRef,
}

impl Scene<'_> {
    /// Objects of the cluster.
    pub fn objects(&self) -> &Objects {
        self.cx.provider().objects()
    }
}
