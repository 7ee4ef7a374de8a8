//! What can be said of Argo CD's objects before any API sees them.
//!
//! The schemas of the CRDs hold next to nothing and there are no webhooks: most
//! mistakes would come up as a condition of the object, or as nothing at all.
//! The rules are those of Argo CD 3.6's own API server and controller, and
//! those of the EKS capability where that is what runs Argo CD.
//!
//! Inputs are plain data with the attributes that a rule looks at. Unknown
//! values pass; what the schema requires is left to the schema.

mod application;
mod cluster;
mod project;
mod repository;

pub use application::{
    Application, Backoff, Destination, Helm, IgnoreDifference, Source, SourceHydrator, SyncPolicy,
    annotations_for, application, application_for, left_out,
};
pub use cluster::{AwsAuthConfig, Cluster, ClusterConfig, TlsClientConfig, cluster, cluster_for};
pub use project::{
    DestinationServiceAccount, Project, ProjectDestination, ProjectRole, SyncWindow, project,
    project_for,
};
pub use repository::{
    Credentials, Repository, repository, repository_credentials, repository_credentials_for,
    repository_for,
};

use crate::framework::checks::{Findings, eks_cluster_arn, url_http};
use crate::framework::{Attr, Path};
use crate::provider::ArgoCd;

/// Rules for the server of a cluster: an ARN to the capability, else a URL.
pub(super) fn server(server: &Attr<&str>, argo_cd: ArgoCd, path: &Path, findings: &mut Findings) {
    let Attr::Known(text) = *server else { return };
    match argo_cd {
        ArgoCd::EksCapability if is_in_cluster(text) => findings.error(
            path.clone(),
            format!(
                "{text:?} is not a cluster to the EKS capability, which runs outside of it: give \
                 the ARN of the EKS cluster, or the name that it is registered under"
            ),
        ),
        ArgoCd::EksCapability => findings.check(path, server, |text| {
            eks_cluster_arn(text)
                .map_err(|rule| format!("{rule}; the EKS capability knows no other clusters"))
        }),
        ArgoCd::SelfManaged if text.starts_with("arn:") => findings.error(
            path.clone(),
            format!(
                "{text:?} is an ARN, which only the EKS capability understands: give the URL of \
                 the API server, or set argo_cd = \"eks_capability\""
            ),
        ),
        ArgoCd::SelfManaged => findings.check(path, server, url_http),
    }
}

/// The address by which a pod reaches the cluster that it runs in.
fn is_in_cluster(server: &str) -> bool {
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    host.trim_end_matches('/').split(':').next().is_some_and(|host| {
        host == "kubernetes.default" || host.starts_with("kubernetes.default.svc")
    })
}

/// The URL of a proxy.
fn proxy_url(text: &str) -> Result<(), String> {
    let known = ["http://", "https://", "socks5://"].iter().any(|scheme| text.starts_with(scheme));
    if known {
        return Ok(());
    }
    Err(format!("{text:?} is not the URL of a proxy: http://, https:// or socks5://"))
}

#[cfg(test)]
mod tests;
