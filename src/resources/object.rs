//! Objects of a cluster as resources: one lifecycle for every kind.
//!
//! A [`Kind`] says what is particular: its model, where its fields are, when
//! an object of it is ready, and what must happen before it is made and ended.
//! [`Custom`] does the rest by server-side apply: only the fields that the
//! configuration sets are the provider's, and only those show in a plan.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::OnceLock;

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::clients::kube::{
    FIELD_MANAGER, Freshness, ObjectKind, ObjectRef, Objects, Propagation, Target, WriteOptions,
    owned_fields,
};
use crate::framework::api::{self, View};
use crate::framework::managed::with_write_only;
use crate::framework::schema::Presence;
use crate::framework::validate;
use crate::framework::{
    Attribute, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Lifecycle, Model, Path,
    Peer, Progress, Result, Schema, Value,
};
use crate::provider::Provider;
use crate::resources::Operation;

mod ignored;
pub(crate) mod life;
mod list;
pub mod meta;
pub(crate) mod peers;

pub use list::ObjectList;
pub use meta::{ClusterMeta, ClusterRef, CommonMeta, ObjectMeta};

use life::cluster;

/// The field manager of what is asked for once: that is not part of a configuration, so it has one of
/// its own.
pub const OPERATOR: &str = "terraform-provider-gitops-operation";

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

    /// What of a live object the state shows.
    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        Ok(api::project(attributes, Self::ROOT, live, prior, view))
    }

    /// Whether an update looks at the live object first, for [`Self::keep`].
    const LOOKS_FIRST: bool = false;

    /// Takes over from the live object what is part of a field that is ours and
    /// was put there by others.
    fn keep(live: &Json, content: &mut Json) {
        let _ = (live, content);
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

    /// What must happen before the object is deleted.
    fn retire(scene: &Scene<'_>, state: &Value) -> impl Future<Output = Result<()>> + Send {
        let _ = (scene, state);
        async { Ok(()) }
    }

    /// What is left to do when the object is gone.
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

/// Makes a lifecycle of a kind.
#[derive(Debug)]
pub struct Custom<K> {
    attributes: OnceLock<Vec<Attribute>>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Default for Custom<K> {
    fn default() -> Self {
        Self { attributes: OnceLock::new(), kind: PhantomData }
    }
}

impl<K: Kind> Custom<K> {
    fn attributes(&self) -> &[Attribute] {
        self.attributes.get_or_init(|| self.schema().attributes)
    }

    fn reference(values: &Value) -> Result<ObjectRef> {
        let name = values.get("name").as_str();
        let name = name.ok_or_else(|| Error::bug("the object has no name").at("name"))?;
        Ok(match values.get("namespace").as_str() {
            Some(namespace) => K::OBJECT.namespaced(namespace, name),
            None => K::OBJECT.cluster_wide(name),
        })
    }

    fn ignored(values: &Value) -> Vec<Path> {
        let mut paths = ignored::configured(values);
        paths.extend(K::ignored(values));
        paths
    }

    async fn apply(
        &self,
        scene: &Scene<'_>,
        values: &Value,
        config: &Value,
        options: &WriteOptions,
        live: Option<&Json>,
    ) -> Result<crate::clients::kube::Applied> {
        let values = with_write_only(self.attributes(), values.clone(), config);
        let mut content = K::render(self.attributes(), &values)?;
        if let Some(live) = live {
            K::keep(live, &mut content);
            let paths = Self::ignored(&values);
            ignored::keep_live(self.attributes(), K::ROOT, &paths, live, &mut content);
        }
        scene
            .objects()
            .apply(scene.target, scene.object, content, options, scene.cx.deadline())
            .await
    }

    fn seen(&self, live: &Json, values: &Value) -> Result<Value> {
        let mut seen = K::project(self.attributes(), live, values, View::Owned)?;
        ignored::keep(&Self::ignored(values), values, &mut seen);
        Ok(seen)
    }

    async fn finish(
        &self,
        scene: &Scene<'_>,
        planned: &Value,
        applied: Json,
        progress: &mut Progress,
    ) -> Result<Value> {
        progress.save(self.seen(&applied, planned)?);
        let live = K::settle(scene, planned, applied).await?;
        self.seen(&live, planned)
    }
}

#[async_trait]
impl<K: Kind> Lifecycle<Provider> for Custom<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn schema(&self) -> Schema {
        Schema::new(K::VERSION, K::Model::DESCRIPTION, K::Model::attributes())
    }

    fn timeouts(&self) -> DefaultTimeouts {
        K::TIMEOUTS
    }

    fn import_format(&self) -> ImportFormat {
        K::IMPORT
    }

    fn peers(&self) -> Vec<Peer> {
        peers::peers::<K>()
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        validate::typed(config, diagnostics, K::validate);
        ignored::validate(self.attributes(), config, diagnostics);
        if let Ok(cluster) = cluster(config) {
            ClusterRef::check(&cluster, diagnostics);
        }
    }

    async fn plan(&self, cx: &Operation, change: &mut Change) -> Result<()> {
        if let Some(prior) = &change.prior {
            ignored::decided(K::undecided(&change.config), change)?;
            let mut paths = Self::ignored(&change.config);
            // What the configuration sets no more is given up, ignored or not.
            paths.retain(|path| ignored::is_set(path, &change.config));
            ignored::keep(&paths, prior, &mut change.planned);
        }
        life::place(cx, change)?;
        K::plan(cx, change)
    }

    async fn create(
        &self,
        cx: &Operation,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let target = cx.provider().target(&cluster(&planned)?)?;
        let object = Self::reference(&planned)?;
        let scene = Scene { cx, target: &target, object: &object };
        K::prepare(&scene, &planned).await?;
        // Access to the cluster may have been granted a moment ago, by this very run.
        let options = WriteOptions { new_access: true, ..WriteOptions::default() };
        let applied = self.apply(&scene, &planned, config, &options, None).await;
        if applied.as_ref().is_err_and(Error::is_refusal)
            && let Err(error) = K::abandon(&scene).await
        {
            cx.warn(Path::root(), error.summary(), error.detail());
        }
        let mut applied = applied?;
        if life::made_way(&scene, &applied).await? {
            applied = self.apply(&scene, &planned, config, &options, None).await?;
        }
        life::tell_adopted(&scene, &applied);
        self.finish(&scene, &planned, applied.object, progress).await
    }

    async fn read(&self, cx: &Operation, state: Value) -> Result<Option<Value>> {
        let target = cx.provider().target(&cluster(&state)?)?;
        let object = Self::reference(&state)?;
        let scene = Scene { cx, target: &target, object: &object };
        let Some(live) = life::present(&scene).await? else { return Ok(None) };
        if cx.is_imported() {
            let live = owned_part(&live, self.attributes(), K::ROOT);
            return K::project(self.attributes(), &live, &state, View::Whole).map(Some);
        }
        self.seen(&live, &state).map(Some)
    }

    async fn update(
        &self,
        cx: &Operation,
        _: Value,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let target = cx.provider().target(&cluster(&planned)?)?;
        let object = Self::reference(&planned)?;
        let scene = Scene { cx, target: &target, object: &object };
        K::prepare(&scene, &planned).await?;
        let live = if !K::LOOKS_FIRST && Self::ignored(&planned).is_empty() {
            None
        } else {
            scene.objects().get(&target, &object, Freshness::Now, cx.deadline()).await?
        };
        // The plan showed what of ours others had changed, and the user agreed.
        let options = WriteOptions { force: true, ..WriteOptions::default() };
        let applied = self.apply(&scene, &planned, config, &options, live.as_ref()).await?;
        self.finish(&scene, &planned, applied.object, progress).await
    }

    async fn delete(&self, cx: &Operation, state: Value) -> Result<()> {
        let target = cx.provider().target(&cluster(&state)?)?;
        let object = Self::reference(&state)?;
        let scene = Scene { cx, target: &target, object: &object };
        K::retire(&scene, &state).await?;
        life::remove(&scene, K::propagation(&state)).await?;
        K::bury(&scene, &state).await
    }
}

/// Of an object that is imported, the part that this provider applied before;
/// all of it when that is nothing, so that the user sees what there is.
///
/// What every configuration sets is in it, too: a controller that writes to a
/// list takes it over as a whole, and it is the user's nevertheless.
fn owned_part(live: &Json, attributes: &[Attribute], root: &str) -> Json {
    let owned = owned_fields(live, FIELD_MANAGER);
    if owned.is_empty() {
        return live.clone();
    }
    let mut part = owned.project(live);
    let required = attributes.iter().filter(|attr| attr.presence == Presence::Required);
    for field in required.filter_map(|attr| attr.api.field) {
        let place = if field.starts_with('/') { field.into() } else { format!("{root}/{field}") };
        if part.pointer(&place).is_none()
            && let Some(value) = live.pointer(&place)
        {
            *place.split('/').skip(1).fold(&mut part, |at, name| &mut at[name]) = value.clone();
        }
    }
    for name in ["name", "namespace"] {
        if let Some(value) = live["metadata"].get(name) {
            part["metadata"][name] = value.clone();
        }
    }
    part["status"] = live["status"].clone();
    part
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::argocd::application_set::ApplicationSet;

    #[test]
    fn an_import_shows_what_is_ours_and_what_every_configuration_has() {
        let attributes = ApplicationSet::attributes();
        let ours = json!({ "f:spec": { "f:goTemplate": {} } });
        let managed = |manager: &str| {
            json!([{ "manager": manager, "operation": "Apply", "fieldsV1": ours,
                     "apiVersion": "argoproj.io/v1alpha1", "fieldsType": "FieldsV1" }])
        };
        let mut live = json!({
            "metadata": { "name": "a", "namespace": "b", "managedFields": managed(FIELD_MANAGER) },
            "spec": { "goTemplate": true, "generators": [{ "clusters": {} }], "templatePatch": "x" },
            "status": {},
        });
        let part = owned_part(&live, &attributes, "/spec");
        let expected = json!({ "goTemplate": true, "generators": [{ "clusters": {} }] });
        assert_eq!(part["spec"], expected);
        assert_eq!(part["metadata"]["name"], "a");
        live["metadata"]["managedFields"] = managed("somebody");
        assert_eq!(owned_part(&live, &attributes, "/spec"), live);
    }
}
