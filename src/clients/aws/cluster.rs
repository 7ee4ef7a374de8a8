//! EKS clusters, as far as talking to them needs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_eks::types::{Cluster, ClusterHealth, ClusterStatus};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::sync::OnceCell;

use super::error::OperationResult;
use super::{Clients, lock};
use crate::framework::wait::{self, Deadline, Pace, Poll};
use crate::framework::{Context, Error, Result};

/// How long the creation of a cluster takes at most, for callers without a
/// deadline of their own.
pub const CREATION: Duration = Duration::from_mins(25);

/// An EKS cluster that can be talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterInfo {
    /// Name of the cluster.
    pub name: String,
    /// Id; only local clusters on AWS Outposts have one.
    pub id: Option<String>,
    /// ARN of the cluster.
    pub arn: String,
    /// `https://` URL of the API server.
    pub endpoint: String,
    /// Certificates that the API server's comes from, PEM.
    pub ca_pem: String,
    /// Kubernetes version, as in `1.34`.
    pub version: String,
    /// URL of the issuer of service account tokens.
    pub oidc_issuer: Option<String>,
    /// `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`; not known for clusters
    /// older than access entries.
    pub authentication_mode: Option<String>,
    /// Status: `ACTIVE` or `UPDATING`.
    pub status: String,
}

impl ClusterInfo {
    /// What a token for the cluster has to name.
    pub fn token_id(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.name)
    }
}

type Key = (String, Option<String>, Option<String>);

/// Clusters that were described in this run.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<Key, Arc<OnceCell<Arc<ClusterInfo>>>>>);

/// The cluster `name` in `region` or else the configured one, described as
/// `role_arn` or else with the provider's own credentials.
///
/// Asked once per run, however many resources live in the cluster; an answer is
/// kept until [`forget_cluster`]. A cluster that is being made is waited for.
///
/// # Errors
/// [`Error::is_not_found`] when there is no such cluster. Otherwise when it
/// has failed, is being deleted, or is not ready by the deadline.
pub async fn describe_cluster(
    clients: &Clients,
    name: &str,
    region: Option<&str>,
    role_arn: Option<&str>,
    deadline: &Deadline,
) -> Result<Arc<ClusterInfo>> {
    let cell = lock(&clients.0.clusters.0).entry(key(name, region, role_arn)).or_default().clone();
    let look = || async { ask(clients, name, region, role_arn, deadline).await.map(Arc::new) };
    cell.get_or_try_init(look).await.cloned().context(|| format!("looking up EKS cluster {name:?}"))
}

/// Forgets what is known of the cluster, as when it does not answer where it
/// did before: it may have been replaced meanwhile.
pub fn forget_cluster(clients: &Clients, name: &str, region: Option<&str>, role_arn: Option<&str>) {
    lock(&clients.0.clusters.0).remove(&key(name, region, role_arn));
}

fn key(name: &str, region: Option<&str>, role_arn: Option<&str>) -> Key {
    (name.to_owned(), region.map(str::to_owned), role_arn.map(str::to_owned))
}

async fn ask(
    clients: &Clients,
    name: &str,
    region: Option<&str>,
    role_arn: Option<&str>,
    deadline: &Deadline,
) -> Result<ClusterInfo> {
    let eks = deadline.bound(clients.eks(region, role_arn)).await?;
    let what = format!("EKS cluster {name:?} to be ACTIVE");
    wait::until(deadline, Pace::AWS, &what, || async {
        let answer = eks.describe_cluster().name(name).send().await.operation("DescribeCluster");
        let cluster = answer.map_err(|error| absent(error, name))?.cluster;
        let cluster = cluster.ok_or_else(|| Error::failed("DescribeCluster answered nothing"))?;
        judge(cluster, name)
    })
    .await
}

fn absent(error: Error, name: &str) -> Error {
    if !error.is_not_found() {
        return error;
    }
    error.advise(format!(
        "Check the name {name:?}, the Region, and the account of the credentials. Where this \
         configuration makes the cluster, refer to its attributes (or use depends_on), so that it \
         is there first."
    ))
}

/// Whether the cluster can be talked to, now, later or never.
fn judge(cluster: Cluster, name: &str) -> Result<Poll<ClusterInfo>> {
    let status = cluster.status().map_or("unknown", ClusterStatus::as_str).to_owned();
    match status.as_str() {
        "ACTIVE" | "UPDATING" => info(cluster, name, status).map(Poll::Ready),
        "DELETING" => Err(Error::conflict(format!("EKS cluster {name:?} is being deleted"))),
        "FAILED" => Err(Error::failed(format!(
            "EKS cluster {name:?} has status FAILED{}",
            issues(&cluster)
        ))
        .advise("Delete the cluster and make it again; a failed one does not recover.")),
        _ => Ok(Poll::Pending(format!("status {status}{}", issues(&cluster)))),
    }
}

fn issues(cluster: &Cluster) -> String {
    let issues = cluster.health().map(ClusterHealth::issues).unwrap_or_default();
    let texts: Vec<String> = issues
        .iter()
        .map(|issue| {
            let code = issue.code().map_or("unknown", |code| code.as_str());
            format!("; {code}: {}", issue.message().unwrap_or("no message"))
        })
        .collect();
    texts.concat()
}

fn info(cluster: Cluster, name: &str, status: String) -> Result<ClusterInfo> {
    let lacks = |what: &str| {
        Error::failed(format!("EKS cluster {name:?} has status {status} and no {what}"))
    };
    let authority = cluster.certificate_authority.and_then(|authority| authority.data);
    let authority = authority.ok_or_else(|| lacks("certificate authority"))?;
    let pem = BASE64_STANDARD.decode(authority.trim()).ok();
    let pem = pem.and_then(|pem| String::from_utf8(pem).ok());
    let issuer = cluster.identity.and_then(|identity| identity.oidc).and_then(|oidc| oidc.issuer);
    let access = cluster.access_config.and_then(|access| access.authentication_mode);
    Ok(ClusterInfo {
        id: cluster.id.filter(|id| !id.is_empty()),
        arn: cluster.arn.ok_or_else(|| lacks("ARN"))?,
        endpoint: cluster.endpoint.ok_or_else(|| lacks("endpoint"))?,
        ca_pem: pem.ok_or_else(|| lacks("certificate authority that is base64 of PEM"))?,
        version: cluster.version.unwrap_or_default(),
        oidc_issuer: issuer,
        authentication_mode: access.map(|mode| mode.as_str().to_owned()),
        name: name.to_owned(),
        status,
    })
}

#[cfg(test)]
mod tests;
