//! A cluster as the Secret that registers it, and back.
//!
//! Source of the keys: Argo CD's `Cluster` and `ClusterConfig` types, and how
//! its own command writes them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::ArgocdMeta;
use super::super::secret::{hold_back, metadata, secret, sent, text};
use super::{Cluster, ClusterConfig};
use crate::framework::api::{View, project, render};
use crate::framework::{Attr, Error, Model, Result};

/// The type that the label of the Secret says.
const CLUSTER: &str = "cluster";

/// The Secret of a cluster. What is not set is left out.
///
/// # Errors
/// When a value is unknown.
pub fn to_secret(cluster: &Cluster) -> Result<Json> {
    let mut data = BTreeMap::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            data.insert(key.to_owned(), value);
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
    secret(CLUSTER, &cluster.metadata.clone().into_value(), data)
}

fn known<'a, T>(attr: &'a Attr<T>, name: &str) -> Result<Option<&'a T>> {
    match attr {
        Attr::Null => Ok(None),
        Attr::Known(value) => Ok(Some(value)),
        Attr::Unknown => Err(Error::bug("the value is unknown at apply").at(name)),
    }
}

fn to_config(config: &ClusterConfig) -> Result<Json> {
    let attributes = ClusterConfig::attributes();
    render(&attributes, "", &sent(&attributes, &config.clone().into_value()))
}

/// The cluster that a Secret registers, as far as it is looked at.
///
/// A secret value is taken from it only where `prior` has that value: what was
/// given in the write-only form, or is imported, does not enter the state.
///
/// # Errors
/// When the Secret does not hold what Argo CD would understand.
pub fn from_secret(live: &Json, prior: &Cluster, view: View) -> Result<Cluster> {
    let whole = view == View::Whole;
    let text = |key: &str, ours: bool| if ours || whole { text(live, key) } else { Ok(None) };
    let metadata = {
        let live = serde_json::json!({"metadata": metadata(CLUSTER, live, view)?});
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
    let prior = match prior {
        Attr::Known(prior) => prior.clone().into_value(),
        _ => ClusterConfig::default().into_value(),
    };
    let attributes = ClusterConfig::attributes();
    let mut config = project(&attributes, "", &live, &prior, view);
    hold_back(&attributes, &prior, &mut config);
    ClusterConfig::from_value(config)
}
