//! The life of an object of any kind.

use std::sync::OnceLock;

use async_trait::async_trait;
use serde_json::Value as Json;

use super::content::{self, Subject, is_secret};
use super::drift::{self, Rewritten};
use super::field_path::shown;
use super::plan::{self, UNAPPLIED};
use super::{Manifest, Wait, check, known, peers, wait};
use crate::clients::kube::{
    Applied, FIELD_MANAGER, Freshness, LAST_APPLIED, ObjectRef, Propagation, RefusedField, Target,
    WriteOptions, owned_fields, refused_fields, strip_server_fields,
};
use crate::framework::managed::with_write_only;
use crate::framework::{
    Attr, Attribute, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Lifecycle, Model,
    Path, Peer, Progress, Result, Schema, Value, json as documents, validate,
};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::object::{Scene, life};

/// Remembered of an object: what its last apply turned out to be otherwise than it was sent.
const REWRITTEN: &str = "rewritten";
/// Remembered of an object that was moved here: the field managers whose fields are ours now.
const FORMER_MANAGERS: &str = "former_managers";

/// The lifecycle.
#[derive(Debug, Default)]
pub struct Life(OnceLock<Vec<Attribute>>);

impl Life {
    fn attributes(&self) -> &[Attribute] {
        self.0.get_or_init(|| self.schema().attributes)
    }

    async fn apply(
        &self,
        scene: &Scene<'_>,
        planned: &Value,
        config: &Value,
        options: &WriteOptions,
        live: Option<&Json>,
    ) -> Result<Applied> {
        let values = with_write_only(self.attributes(), planned.clone(), config);
        let mut content = content::sent(values.get("manifest"), values.get("manifest_wo"))?;
        if let Some(live) = live {
            drift::keep_live(&mut content, live, &plan::ignored(&values));
        }
        let Scene { cx, target, object } = *scene;
        let applied = scene.objects().apply(target, object, content, options, cx.deadline()).await;
        let applied = applied.map_err(blamed)?;
        let ours = content::document(planned.get("manifest"))?;
        cx.remember(REWRITTEN, drift::rewritten(&ours, &applied.object));
        cx.forget(UNAPPLIED);
        Ok(applied)
    }

    async fn finish(
        &self,
        scene: &Scene<'_>,
        planned: &Value,
        applied: Json,
        progress: &mut Progress,
    ) -> Result<Value> {
        progress.save(seen(scene.cx, &applied, planned)?);
        let kind = &scene.object.kind;
        if (kind.group(), kind.kind.as_ref()) == known::DEFINITION {
            let name = &scene.object.name;
            let deadline = scene.cx.deadline();
            scene.objects().wait_established(scene.target, name, deadline).await?;
        }
        let live = match Attr::<Wait>::from_value(planned.get("wait").clone())? {
            Attr::Known(wait) => wait::until_met(scene, &wait, applied).await?,
            _ => applied,
        };
        seen(scene.cx, &live, planned)
    }
}

/// The object of a manifest, as the cluster has its kind; `None` when the kind is not served and
/// need not be.
async fn locate(
    cx: &Operation,
    target: &Target,
    values: &Value,
    is_written: bool,
) -> Result<Option<ObjectRef>> {
    let text = |name: &str| {
        let text = values.get(name).as_str();
        text.ok_or_else(|| Error::bug(format!("the object has no {name}")).at(name))
    };
    let (api_version, kind, name) = (text("api_version")?, text("kind")?, text("name")?);
    let objects = cx.provider().objects();
    let found = if is_written {
        Some(objects.discover(target, api_version, kind, cx.deadline()).await?)
    } else {
        objects.discover_served(target, api_version, kind, cx.deadline()).await?
    };
    let Some(found) = found else { return Ok(None) };
    let namespace = values.get("namespace").as_str().filter(|namespace| !namespace.is_empty());
    Ok(Some(match (found.namespaced, namespace) {
        (true, namespace) => found.kind.namespaced(namespace.unwrap_or(plan::DEFAULT), name),
        (false, None) => found.kind.cluster_wide(name),
        (false, Some(namespace)) => {
            return Err(Error::invalid(format!(
                "a {kind} of {api_version} is an object of the whole cluster, in no namespace, and \
                 the manifest names {namespace:?}"
            ))
            .at(Path::attribute("manifest").field("metadata").field("namespace"))
            .advise("Remove metadata.namespace from the manifest."));
        }
    }))
}

/// The object that a plan is to write.
async fn to_be_written(cx: &Operation, target: &Target, planned: &Value) -> Result<ObjectRef> {
    let object = locate(cx, target, &placed(planned), true).await?;
    object.ok_or_else(|| Error::bug("a kind that is written is served"))
}

/// What the state shows of a live object.
fn seen(cx: &Operation, live: &Json, values: &Value) -> Result<Value> {
    let manifest = values.get("manifest");
    let ours = content::document(manifest)?;
    let rewritten = cx.recall::<Rewritten>(REWRITTEN).unwrap_or_default();
    let found = drift::seen(&ours, live, &rewritten, &plan::ignored(values));
    let mut seen = values.clone();
    if !documents::same(&ours, &found) {
        seen.set("manifest", dynamic(&found));
    }
    show_rest(live, &mut seen);
    Ok(seen)
}

/// What the state shows of a live object beside its manifest.
fn show_rest(live: &Json, seen: &mut Value) {
    for name in ["name", "namespace", "uid"] {
        let text = live["metadata"][name].as_str();
        seen.set(name, text.map_or(Value::Null, Value::from));
    }
    let paths = plan::paths(seen.get("read_fields"));
    let fields = paths.iter().filter_map(|path| {
        let found = path.find(live).filter(|_| !(is_secret(live) && path.root() == "data"))?;
        Some((path.to_string(), Value::from(shown(found))))
    });
    let fields: Value = fields.collect();
    seen.set("fields", if paths.is_empty() { Value::Null } else { fields });
}

fn dynamic(document: &Json) -> Value {
    Value::Dynamic(Box::new(documents::to_dynamic(document)))
}

/// A live object as a manifest that somebody could have written: what this provider has applied of
/// it, or what `kubectl apply` has, or all of it. Never the data of a Secret.
fn as_manifest(live: &Json) -> Json {
    let mut whole = live.clone();
    strip_server_fields(&mut whole);
    if let Some(metadata) = whole["metadata"].as_object_mut() {
        metadata.retain(|name, _| !matches!(name.as_str(), "finalizers" | "ownerReferences"));
        let annotations = metadata.get_mut("annotations").and_then(Json::as_object_mut);
        let left = annotations.map(|annotations| {
            annotations.remove(LAST_APPLIED);
            annotations.len()
        });
        if left == Some(0) {
            metadata.remove("annotations");
        }
    }
    let ours = owned_fields(live, FIELD_MANAGER);
    let last_applied = live["metadata"]["annotations"][LAST_APPLIED].as_str();
    let last_applied = last_applied.and_then(|text| serde_json::from_str::<Json>(text).ok());
    let mut part = if !ours.is_empty() {
        ours.project(&whole)
    } else if let Some(applied) = last_applied {
        let applied = content::canonical(&applied);
        drift::seen(&applied, &with_managers(&whole, live), &Rewritten::new(), &[])
    } else {
        whole.clone()
    };
    for name in ["apiVersion", "kind"] {
        part[name] = live[name].clone();
    }
    for name in ["name", "namespace"] {
        if let Some(value) = live["metadata"].get(name) {
            part["metadata"][name] = value.clone();
        }
    }
    if is_secret(live)
        && let Some(fields) = part.as_object_mut()
    {
        fields.remove("data");
    }
    part
}

/// A document with what says how its lists are merged.
fn with_managers(document: &Json, live: &Json) -> Json {
    let mut document = document.clone();
    document["metadata"]["managedFields"] = live["metadata"]["managedFields"].clone();
    document
}

/// An error about a field, at its place in the manifest.
fn blamed(error: Error) -> Error {
    match refused_fields(&error).first().map(path_of) {
        Some(path) => error.at(path),
        None => error,
    }
}

fn path_of(refused: &RefusedField) -> Path {
    let names = refused.field.trim_start_matches('.').split('.').filter(|name| !name.is_empty());
    names.fold(Path::attribute("manifest"), |path, name| path.field(name))
}

#[async_trait]
impl Lifecycle<Provider> for Life {
    fn name(&self) -> &'static str {
        "manifest"
    }

    fn schema(&self) -> Schema {
        Schema::new(0, Manifest::DESCRIPTION, Manifest::attributes())
    }

    fn timeouts(&self) -> DefaultTimeouts {
        DefaultTimeouts::minutes(10)
    }

    fn import_format(&self) -> ImportFormat {
        ImportFormat("apiVersion={api_version},kind={kind},[namespace={namespace},]name={name}")
    }

    fn peers(&self) -> Vec<Peer> {
        peers::PEERS.to_vec()
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        validate::typed(config, diagnostics, check::check);
        life::check_cluster(config, diagnostics);
    }

    async fn plan(&self, cx: &Operation, change: &mut Change) -> Result<()> {
        if change.prior.is_none() {
            plan::create(change);
        } else {
            let unapplied = cx.recall::<bool>(UNAPPLIED).unwrap_or_default();
            plan::update(self.attributes(), change, unapplied)?;
        }
        life::place(cx, change)
    }

    async fn create(
        &self,
        cx: &Operation,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let target = life::target(cx, &planned)?;
        let object = to_be_written(cx, &target, &planned).await?;
        let scene = Scene { cx, target: &target, object: &object };
        let force = planned.get("force_conflicts").as_bool().unwrap_or_default();
        // Access to the cluster may have been granted a moment ago, by this very run.
        let options = WriteOptions { new_access: true, force, ..WriteOptions::default() };
        let mut applied = self.apply(&scene, &planned, config, &options, None).await?;
        if life::made_way(&scene, &applied).await? {
            applied = self.apply(&scene, &planned, config, &options, None).await?;
        }
        life::tell_adopted(&scene, &applied);
        self.finish(&scene, &planned, applied.object, progress).await
    }

    async fn read(&self, cx: &Operation, state: Value) -> Result<Option<Value>> {
        let target = life::target(cx, &state)?;
        let Some(object) = locate(cx, &target, &state, false).await? else { return Ok(None) };
        let scene = Scene { cx, target: &target, object: &object };
        let Some(live) = life::present(&scene).await? else { return Ok(None) };
        if !cx.is_imported() {
            return seen(cx, &live, &state).map(Some);
        }
        let mut found = state;
        for attribute in self.attributes() {
            if let Some(default) = &attribute.default {
                found.set(attribute.name, default.clone());
            }
        }
        if !found.get("manifest").is_null() {
            // Another provider's state said what it manages of the object.
            let ours = content::document(found.get("manifest"))?;
            cx.remember(FORMER_MANAGERS, peers::former_managers(&ours, &live));
            cx.remember(REWRITTEN, drift::dropped(&ours, &live));
            return seen(cx, &live, &found).map(Some);
        }
        cx.remember(UNAPPLIED, true);
        found.set("manifest", dynamic(&as_manifest(&live)));
        show_rest(&live, &mut found);
        Ok(Some(found))
    }

    async fn update(
        &self,
        cx: &Operation,
        _: Value,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let target = life::target(cx, &planned)?;
        let object = to_be_written(cx, &target, &planned).await?;
        let scene = Scene { cx, target: &target, object: &object };
        let former = cx.recall::<Vec<String>>(FORMER_MANAGERS).unwrap_or_default();
        if !former.is_empty() {
            scene.objects().take_over(&target, &object, &former, cx.deadline()).await?;
            cx.forget(FORMER_MANAGERS);
        }
        let live = if plan::ignored(&planned).is_empty() {
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
        if state.get("on_destroy").as_str() == Some("abandon") {
            return Ok(());
        }
        let target = life::target(cx, &state)?;
        let Some(object) = locate(cx, &target, &state, false).await? else { return Ok(()) };
        let scene = Scene { cx, target: &target, object: &object };
        let propagation = match state.get("cascade").as_str() {
            Some("foreground") => Propagation::Foreground,
            Some("orphan") => Propagation::Orphan,
            _ => Propagation::Background,
        };
        life::remove(&scene, propagation).await
    }
}

/// The values of a plan, with the namespace that they name if only the manifest does so far.
fn placed(planned: &Value) -> Value {
    let mut values = planned.clone();
    if values.get("namespace").is_unknown() {
        let namespace = Subject::of(planned.get("manifest")).namespace;
        values.set("namespace", namespace.into_value());
    }
    values
}
