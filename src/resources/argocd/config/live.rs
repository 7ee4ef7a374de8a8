//! The objects that settings are in: read, written and left again.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::ArgocdConfig;
use super::data::{self, Data, MAPS, PART_OF};
use crate::clients::kube::{
    At, DeleteOptions, Deletion, Freshness, ObjectKind, ObjectRef, Target, WriteOptions,
    owned_fields,
};
use crate::framework::{Attr, Error, Model, Result};
use crate::resources::Operation;

/// The field manager of settings: another than that of whole objects, so that a
/// `ConfigMap` may be both.
pub(super) const MANAGER: &str = "terraform-provider-gitops-argocd-config";
/// The Secret that services of notifications take theirs from.
pub(super) const SECRET: &str = "argocd-notifications-secret";

const CONFIG_MAP: ObjectKind = ObjectKind::new("v1", "ConfigMap", "configmaps");
const SECRET_KIND: ObjectKind = ObjectKind::new("v1", "Secret", "secrets");

/// Live objects by name; those that are not there are not in it.
pub(super) type Live = BTreeMap<&'static str, Json>;

/// Every object that settings may be in. The Secret is first: its version must not be in a state
/// before it is.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    std::iter::once(SECRET).chain(MAPS)
}

/// Where the settings are.
#[derive(Debug)]
pub(super) struct Place<'a> {
    cx: &'a Operation,
    target: Target,
    namespace: String,
}

/// What is to be in the objects.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) data: Data,
    /// The data of the Secret.
    pub(super) secret: BTreeMap<String, String>,
}

impl Wanted {
    /// What a configuration asks for, secrets included.
    pub(super) fn by(config: &ArgocdConfig) -> Result<Self> {
        let notifications = config.notifications.known();
        let secret = notifications.and_then(|notifications| notifications.secrets_wo.known());
        let secret = secret.into_iter().flatten();
        let secret = secret.map(|(key, text)| (key.clone(), STANDARD.encode(text.expose())));
        Ok(Self { data: data::render(&config.clone().into_value())?, secret: secret.collect() })
    }

    fn content(&self, name: &str) -> Option<Json> {
        let mut fields = Map::new();
        if name == SECRET {
            if self.secret.is_empty() {
                return None;
            }
            fields.insert("type".into(), "Opaque".into());
            fields.insert("data".into(), json!(self.secret));
        } else {
            fields.insert("data".into(), json!(self.data.get(name)?));
        }
        Some(data::object(fields))
    }
}

/// The names of the objects that a state has something in.
pub(super) fn involved(state: &ArgocdConfig) -> Result<Vec<&'static str>> {
    let wanted = Wanted::by(state)?;
    let has_secret = state.notifications.known().is_some_and(|it| it.secrets_wo_version.is_set());
    Ok(all()
        .filter(|name| if *name == SECRET { has_secret } else { wanted.data.contains_key(name) })
        .collect())
}

impl<'a> Place<'a> {
    /// Where the settings of a configuration are.
    pub(super) fn of(cx: &'a Operation, config: &ArgocdConfig) -> Result<Self> {
        let target = cx.provider().target(&config.cluster)?;
        Ok(Self { cx, target, namespace: config.namespace.require("namespace")?.clone() })
    }

    fn object(&self, name: &str) -> ObjectRef {
        let kind = if name == SECRET { &SECRET_KIND } else { &CONFIG_MAP };
        kind.namespaced(&self.namespace, name)
    }

    /// Reads those of these objects that are there.
    pub(super) async fn read(&self, names: &[&'static str], freshness: Freshness) -> Result<Live> {
        let mut live = Live::new();
        for &name in names {
            let objects = self.cx.provider().objects();
            let object = self.object(name);
            let found = objects.get(&self.target, &object, freshness, self.cx.deadline()).await?;
            if let Some(found) = found {
                live.insert(name, found);
            }
        }
        Ok(live)
    }

    /// Brings one object to what is wanted, and leaves it where nothing is.
    pub(super) async fn write(
        &self,
        name: &'static str,
        wanted: &Wanted,
        options: &WriteOptions,
        live: &mut Live,
    ) -> Result<()> {
        let left = match wanted.content(name) {
            Some(content) => {
                let objects = self.cx.provider().objects();
                let object = self.object(name);
                let applied =
                    objects.apply(&self.target, &object, content, options, self.cx.deadline());
                Some(applied.await?.object)
            }
            None => self.leave(name).await?,
        };
        match left {
            Some(object) => live.insert(name, object),
            None => live.remove(name),
        };
        Ok(())
    }

    /// Takes what is ours out of an object, and the object away when nothing else is in it.
    pub(super) async fn leave(&self, name: &'static str) -> Result<Option<Json>> {
        let mut live = self.read(&[name], Freshness::Now).await?;
        let Some(found) = live.remove(name) else { return Ok(None) };
        if owned_fields(&found, MANAGER).is_empty() {
            return Ok(Some(found));
        }
        // Argo CD reads what others have in it by the label, so the last one to have it leaves it.
        let content = if label_of_others(&found) { json!({}) } else { data::object(Map::new()) };
        let options =
            WriteOptions { field_manager: MANAGER.into(), force: true, ..WriteOptions::default() };
        let objects = self.cx.provider().objects();
        let object = self.object(name);
        let deadline = self.cx.deadline();
        let left = objects.apply(&self.target, &object, content, &options, deadline).await?;
        // Made by the apply, for having gone a moment before; or nobody else's.
        if !left.created && !is_ours_alone(&left.object) {
            return Ok(Some(left.object));
        }
        let uid = left.object["metadata"]["uid"].as_str().map(str::to_owned);
        let options = DeleteOptions { uid, ..DeleteOptions::default() };
        if objects.delete(&self.target, &object, &options, deadline).await? == Deletion::Started {
            objects.wait_gone(&self.target, &object, None, deadline).await?;
        }
        Ok(None)
    }

    /// Options of a write.
    pub(super) fn options(force: bool) -> WriteOptions {
        // Access to the cluster may have been granted a moment ago, by this very run.
        WriteOptions { field_manager: MANAGER.into(), force, new_access: !force }
    }
}

/// The keys of the Secret that are ours still, if any are.
pub(super) fn keys_that_are_ours(live: &Live) -> Vec<String> {
    let Some(secret) = live.get(SECRET) else { return Vec::new() };
    let owned = owned_fields(secret, MANAGER);
    let keys = secret["data"].as_object().into_iter().flatten().map(|(key, _)| key);
    keys.filter(|key| owned.contains(&[At::Field("data"), At::Field(key)])).cloned().collect()
}

/// The part of each object that is ours; everything where nothing is, so that an import shows what
/// there is.
pub(super) fn owned_part(live: &Live) -> Live {
    let ours = ours(live);
    if has_data(&ours) { ours } else { live.clone() }
}

/// Whether settings that are there were made by this provider.
pub(super) fn has_settings_of_ours(live: &Live) -> bool {
    has_data(&ours(live))
}

fn ours(live: &Live) -> Live {
    let ours =
        live.iter().map(|(name, object)| (*name, owned_fields(object, MANAGER).project(object)));
    ours.collect()
}

fn has_data(live: &Live) -> bool {
    live.values().any(|object| object["data"].as_object().is_some_and(|data| !data.is_empty()))
}

fn managers(object: &Json) -> impl Iterator<Item = &Json> {
    let entries = object["metadata"]["managedFields"].as_array().map(Vec::as_slice);
    entries.unwrap_or_default().iter().filter(|entry| entry["manager"] != MANAGER)
}

fn label_of_others(object: &Json) -> bool {
    let label = format!("f:{}", PART_OF[0]);
    managers(object).any(|entry| entry["fieldsV1"]["f:metadata"]["f:labels"][&label].is_object())
}

fn is_ours_alone(object: &Json) -> bool {
    let has_data = |field| object[field].as_object().is_some_and(|data| !data.is_empty());
    managers(object).next().is_none() && !has_data("data") && !has_data("binaryData")
}

/// That nothing is there to be imported.
pub(super) fn missing(namespace: &Attr<String>) -> Error {
    let namespace = namespace.as_str().unwrap_or_default();
    Error::not_found(format!("there are no settings of an Argo CD in the namespace {namespace:?}"))
        .at("namespace")
}
