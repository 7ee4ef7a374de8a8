//! `gitops_cluster`: a cluster that Argo CD may deploy to.
//!
//! Argo CD has no kind of its own for it: a cluster is a Secret with a label,
//! whose `config` is JSON within a data field. [`secret`] converts.

pub mod pem;
pub mod secret;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{ArgocdMeta, leaving, profile, secret as argocd_secret};
use crate::clients::kube::ObjectKind;
use crate::framework::api::View;
use crate::framework::{
    Attr, Attribute, Change, Diagnostics, JsonText, Model, Path, Result, Secret, Value,
};
use crate::resources::Operation;
use crate::resources::object::{Kind, Scene};
use pem::{Pem, PemKey};

/// A cluster that Argo CD may deploy to: the Secret that registers it.
///
/// With the EKS capability, `server` is the ARN of an EKS cluster, the
/// capability's role needs an access entry there, and `config` is left out.
/// Otherwise `server` is the URL of an API server, and `config` says how to log
/// in. Labels are what the cluster generator of an `ApplicationSet` selects by.
#[derive(Clone, Debug, Default, Model)]
pub struct Cluster {
    /// What is common to the objects of Argo CD.
    #[attr(flatten)]
    pub metadata: ArgocdMeta,
    /// Name of the cluster in Argo CD, by which destinations may refer to it; `name` when not set.
    /// Unlike `name`, it need not be a valid name of a Secret.
    #[attr(local)]
    pub cluster_name: Attr<String>,
    /// The cluster: the ARN of an EKS cluster for the EKS capability, the URL of the API server
    /// otherwise (`https://kubernetes.default.svc` is the cluster that Argo CD runs in).
    #[attr(local, required)]
    pub server: Attr<String>,
    /// Name of the one project (`gitops_app_project`) that the cluster is for; with the EKS capability a cluster is
    /// always for a single project. Every project may use it when not set.
    #[attr(local, check = crate::framework::checks::dns_subdomain)]
    pub project: Attr<String>,
    /// Number of the application controller's shard that takes care of the cluster; Argo CD
    /// chooses when not set.
    #[attr(local, range(0, i64::MAX))]
    pub shard: Attr<i64>,
    /// The only namespaces that are managed in the cluster; all when not set.
    #[attr(local, check = crate::framework::checks::dns_label)]
    pub namespaces: Attr<Vec<String>>,
    /// Manage resources of the whole cluster even though `namespaces` is set; off when not set.
    #[attr(local)]
    pub cluster_resources: Attr<bool>,
    /// How a self-managed Argo CD logs in to the cluster. Not for the EKS capability.
    #[attr(local)]
    pub config: Attr<ClusterConfig>,
}

/// How Argo CD logs in to a cluster: with `aws_auth_config`, `bearer_token`,
/// `username` and `password`, `exec_provider_config`, or a client certificate
/// in `tls_client_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ClusterConfig {
    /// Name of the user for basic authentication.
    pub username: Attr<String>,
    /// Password for basic authentication. It is kept in the state; prefer `password_wo`.
    pub password: Attr<Secret>,
    /// Password for basic authentication, kept nowhere. Sent anew when `password_wo_version`
    /// changes.
    #[attr(write_only, local)]
    pub password_wo: Attr<Secret>,
    /// Version of `password_wo`: any number that changes with it.
    #[attr(local)]
    pub password_wo_version: Attr<i64>,
    /// Bearer token, such as that of a service account. It is kept in the state; prefer
    /// `bearer_token_wo`.
    pub bearer_token: Attr<Secret>,
    /// Bearer token, kept nowhere. Sent anew when `bearer_token_wo_version` changes.
    #[attr(write_only, local)]
    pub bearer_token_wo: Attr<Secret>,
    /// Version of `bearer_token_wo`: any number that changes with it.
    #[attr(local)]
    pub bearer_token_wo_version: Attr<i64>,
    /// Log in to an EKS cluster with the IAM identity that Argo CD runs as.
    pub aws_auth_config: Attr<AwsAuthConfig>,
    /// Log in with what a program prints, one that is installed beside Argo CD.
    pub exec_provider_config: Attr<ExecProviderConfig>,
    /// Certificates, and how the API server's own is checked.
    pub tls_client_config: Attr<TlsClientConfig>,
    /// Ask the API server for responses without compression; off when not set.
    #[attr(omitempty)]
    pub disable_compression: Attr<bool>,
    /// URL of a proxy to reach the API server by.
    pub proxy_url: Attr<String>,
}

/// Log in to an EKS cluster with an IAM identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AwsAuthConfig {
    /// Name of the EKS cluster.
    pub cluster_name: Attr<String>,
    /// ARN of an IAM role to assume first.
    #[attr(api = "roleARN", check = crate::framework::checks::iam_role_arn)]
    pub role_arn: Attr<String>,
    /// Path of a file with AWS credentials that is mounted into Argo CD.
    pub profile: Attr<String>,
}

/// Log in with what a program prints, by the client authentication API of
/// Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ExecProviderConfig {
    /// The program.
    pub command: Attr<String>,
    /// Its arguments.
    #[attr(sensitive)]
    pub args: Attr<Vec<String>>,
    /// Variables for its environment.
    #[attr(sensitive)]
    pub env: Attr<BTreeMap<String, String>>,
    /// Version of the API that it speaks, as in `client.authentication.k8s.io/v1`.
    pub api_version: Attr<String>,
    /// What to show when it is not installed.
    pub install_hint: Attr<String>,
    /// Tell it about the cluster, certificates included; off when not set.
    #[attr(omitempty)]
    pub provide_cluster_info: Attr<bool>,
    /// Settings of the cluster for it, as JSON from `jsonencode(...)`; it sees them when
    /// `provide_cluster_info` is on.
    pub config: Attr<JsonText>,
}

/// Certificates, and how the API server's own is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct TlsClientConfig {
    /// Do not verify the API server's certificate; off when not set. Not together with `ca_data`.
    #[attr(omitempty)]
    pub insecure: Attr<bool>,
    /// Name that the API server's certificate is checked for; the host's of `server` when not set.
    pub server_name: Attr<String>,
    /// Certificates that sign the API server's own, as PEM or as base64 of it: the form in which
    /// EKS gives them.
    pub ca_data: Attr<Pem>,
    /// Certificate of the client, as PEM or as base64 of it.
    pub cert_data: Attr<Pem>,
    /// Private key of the client, as PEM or as base64 of it. It is kept in the state; prefer
    /// `key_data_wo`.
    pub key_data: Attr<PemKey>,
    /// Private key of the client, kept nowhere. Sent anew when `key_data_wo_version` changes.
    #[attr(write_only, local)]
    pub key_data_wo: Attr<PemKey>,
    /// Version of `key_data_wo`: any number that changes with it.
    #[attr(local)]
    pub key_data_wo_version: Attr<i64>,
}

/// Checks the forms of the secrets: one form each, the write-only one with its
/// version.
pub fn check_secrets(cluster: &Cluster, diagnostics: &mut Diagnostics) {
    let values = cluster.clone().into_value();
    argocd_secret::check(&Cluster::attributes(), &values, &Path::root(), diagnostics);
}

impl Kind for Cluster {
    type Model = Self;

    const NAME: &'static str = "cluster";
    const OBJECT: ObjectKind = ObjectKind::new("v1", "Secret", "secrets");
    const LABEL_SELECTOR: Option<&'static str> = Some("argocd.argoproj.io/secret-type=cluster");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        check_secrets(config, diagnostics);
        config.check(diagnostics);
    }

    fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        profile::check::<Self>(cx, change, Self::check_profile)
    }

    fn render(_: &[Attribute], values: &Value) -> Result<Json> {
        secret::to_secret(&Self::from_value(values.clone())?)
    }

    fn project(_: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        let prior = Self::from_value(prior.clone().without_unknowns())?;
        secret::from_secret(live, &prior, view).map(Model::into_value)
    }

    /// Of an application whose cluster it does not find, Argo CD leaves in place what it has
    /// deployed.
    async fn retire(scene: &Scene<'_>, state: &Value) -> Result<()> {
        let server = state.get("server").as_str().unwrap_or_default().trim_end_matches('/');
        let name = state.get("cluster_name").as_str().unwrap_or(&scene.object.name);
        leaving::until_gone(scene, |application| {
            let destination = &application["spec"]["destination"];
            let is = |field: &str| destination[field].as_str().unwrap_or_default();
            is("server").trim_end_matches('/') == server || is("name") == name
        })
        .await
    }
}

#[cfg(test)]
mod tests;
