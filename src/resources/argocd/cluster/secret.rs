//! A cluster as the Secret that registers it, and back.
//!
//! Source of the keys: Argo CD's `Cluster` and `ClusterConfig` types, and how
//! its own command writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::super::ArgocdMeta;
use super::{Cluster, ClusterConfig, pem};
use crate::framework::api::{View, project, render};
use crate::framework::{Attr, Context, Error, Model, Result, Secret};

/// The label by which Argo CD finds its Secrets.
pub const TYPE_LABEL: &str = "argocd.argoproj.io/secret-type";

/// Annotations of the Secret that are nobody's to configure. The first repeats
/// the whole Secret as somebody applied it, values included.
const FOREIGN_ANNOTATIONS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "argocd.argoproj.io/refresh",
    "managed-by",
];

/// The Secret of a cluster: metadata, `type` and base64 `data`.
///
/// What is not set is left out. `data` and not `stringData`: of what was
/// applied by `stringData`, nothing is ever removed again.
///
/// # Errors
/// When a value is unknown.
pub fn to_secret(cluster: &Cluster) -> Result<Json> {
    let metadata = cluster.metadata.clone().into_value();
    let mut secret = render(&ArgocdMeta::attributes(), "", &metadata)?;
    secret["apiVersion"] = "v1".into();
    secret["kind"] = "Secret".into();
    secret["type"] = "Opaque".into();
    secret["metadata"]["labels"][TYPE_LABEL] = "cluster".into();

    let mut data = Map::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            data.insert(key.into(), STANDARD.encode(value).into());
        }
    };
    let name = match known(&cluster.cluster_name, "cluster_name")? {
        None => known(&cluster.metadata.name, "name")?,
        name => name,
    };
    put("name", name.cloned());
    put("server", known(&cluster.server, "server")?.cloned());
    put("project", known(&cluster.project, "project")?.cloned());
    put("shard", known(&cluster.shard, "shard")?.map(i64::to_string));
    put("namespaces", known(&cluster.namespaces, "namespaces")?.map(|names| names.join(",")));
    let cluster_resources = known(&cluster.cluster_resources, "cluster_resources")?;
    put("clusterResources", cluster_resources.map(bool::to_string));
    if let Some(config) = known(&cluster.config, "config")? {
        let config = to_config(config).map_err(|error| error.at("config"))?;
        put("config", Some(config.to_string()));
    }
    secret["data"] = data.into();
    Ok(secret)
}

fn known<'a, T>(attr: &'a Attr<T>, name: &str) -> Result<Option<&'a T>> {
    match attr {
        Attr::Null => Ok(None),
        Attr::Known(value) => Ok(Some(value)),
        Attr::Unknown => Err(Error::bug("the value is unknown at apply").at(name)),
    }
}

fn to_config(config: &ClusterConfig) -> Result<Json> {
    let mut json = render(&ClusterConfig::attributes(), "", &config.clone().into_value())?;
    if let Some(password) = config.password_wo.known() {
        json["password"] = password.expose().into();
    }
    if let Some(token) = config.bearer_token_wo.known() {
        json["bearerToken"] = token.expose().into();
    }
    let key = config.tls_client_config.known().and_then(|tls| tls.key_data_wo.known());
    if let Some(key) = key {
        json["tlsClientConfig"]["keyData"] = pem::encode(key.0.expose()).into();
    }
    Ok(json)
}

/// The cluster that a Secret registers, as far as it is looked at.
///
/// A secret value is taken from it only where `prior` has that value: what was
/// given in the write-only form, or is imported, does not enter the state.
///
/// # Errors
/// When the Secret does not hold what Argo CD would understand.
pub fn from_secret(secret: &Json, prior: &Cluster, view: View) -> Result<Cluster> {
    let whole = view == View::Whole;
    let text = |key: &str, ours: bool| match &secret["data"][key] {
        Json::String(encoded) if ours || whole => {
            decode(encoded).map(Some).context(|| format!("reading the key {key:?} of the Secret"))
        }
        _ => Ok(None),
    };
    let metadata = {
        let mut live = json!({"metadata": secret["metadata"]});
        strip(&mut live["metadata"]["labels"], &[TYPE_LABEL]);
        strip(&mut live["metadata"]["annotations"], &FOREIGN_ANNOTATIONS);
        let prior = prior.metadata.clone().into_value();
        ArgocdMeta::from_value(project(&ArgocdMeta::attributes(), "", &live, &prior, view))?
    };
    // Not set, and named after its Secret: that is what not setting it does.
    let cluster_name = text("name", true)?.filter(|name| {
        prior.cluster_name.is_set() || Some(name.as_str()) != metadata.name.as_str()
    });
    let namespaces = text("namespaces", prior.namespaces.is_set())?.map(|names| {
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    });
    let config = match text("config", prior.config.is_set())? {
        None => Attr::Null,
        Some(config) => Attr::Known(from_config(&config, &prior.config, view)?),
    };
    let cluster_resources = text("clusterResources", prior.cluster_resources.is_set())?;
    Ok(Cluster {
        metadata,
        cluster_name: cluster_name.into(),
        server: text("server", true)?.into(),
        project: text("project", prior.project.is_set())?.into(),
        // As Argo CD reads them: what is no number is no shard, what is not "true" is false.
        shard: text("shard", prior.shard.is_set())?.and_then(|shard| shard.parse().ok()).into(),
        cluster_resources: cluster_resources.map(|text| text == "true").into(),
        namespaces: namespaces.into(),
        config,
    })
}

fn from_config(text: &str, prior: &Attr<ClusterConfig>, view: View) -> Result<ClusterConfig> {
    // The text may hold a password: the error must not quote it.
    let live: Json = serde_json::from_str(text)
        .map_err(|_| Error::invalid("the key \"config\" of the Secret is not valid JSON"))?;
    let prior = prior.known().cloned().unwrap_or_default();
    let value = prior.clone().into_value();
    let mut config =
        ClusterConfig::from_value(project(&ClusterConfig::attributes(), "", &live, &value, view))?;
    keep_out(&prior.password, &mut config.password);
    keep_out(&prior.bearer_token, &mut config.bearer_token);
    if let Attr::Known(tls) = &mut config.tls_client_config {
        let held = prior.tls_client_config.known().is_some_and(|tls| tls.key_data.is_set());
        if !held {
            tls.key_data = Attr::Null;
        }
    }
    Ok(config)
}

/// A secret that the state does not have stays out of it.
fn keep_out(prior: &Attr<Secret>, seen: &mut Attr<Secret>) {
    if prior.is_null() {
        *seen = Attr::Null;
    }
}

fn decode(encoded: &str) -> Result<String> {
    let bytes = STANDARD.decode(encoded).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Error::invalid("the value is not base64 of text"))
}

fn strip(map: &mut Json, keys: &[&str]) {
    if let Json::Object(map) = map {
        map.retain(|key, _| !keys.contains(&key.as_str()));
    }
}
