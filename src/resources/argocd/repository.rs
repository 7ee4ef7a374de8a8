//! `gitops_repository`: a repository that Argo CD may deploy from.

pub mod credentials;

use serde_json::Value as Json;

use super::{ArgocdMeta, peers, profile, secret};
use crate::clients::kube::ObjectKind;
use crate::framework::api::View;
use crate::framework::{Attr, Attribute, Change, Diagnostics, Model, Path, Peer, Result, Value};
use crate::resources::Operation;
use crate::resources::object::Kind;
use credentials::{Credentials, TYPES};

/// A repository that Argo CD may deploy from: the Secret with its credentials and settings.
///
/// One is needed where Argo CD has to log in, or has to know more than a URL. With the EKS
/// capability, repositories of CodeCommit, of CodeConnections and of ECR are reached with the
/// capability's role and need none. `gitops_repository_credentials` are for all repositories below
/// a URL.
#[derive(Clone, Debug, Default, Model)]
pub struct Repository {
    /// What is common to the objects of Argo CD.
    #[attr(flatten)]
    pub metadata: ArgocdMeta,
    /// URL of the repository, as applications write it in `repo_url`: `https://…`, `ssh://…` or
    /// `git@host:path` for Git, `https://…` for charts, `oci://…` for OCI, and a host and path for
    /// charts with `enable_oci`.
    #[attr(required)]
    pub url: Attr<String>,
    /// What is in it: `git`, `helm` (charts) or `oci`; `git` when not set.
    #[attr(one_of = TYPES)]
    pub r#type: Attr<String>,
    /// Name of the repository in Argo CD, by which charts may refer to it; required for type
    /// `helm`.
    #[attr(api = "name")]
    pub repository_name: Attr<String>,
    /// Name of the one project (`gitops_app_project`) that the repository is for; every project may
    /// use it when not set.
    #[attr(check = crate::framework::checks::dns_subdomain)]
    pub project: Attr<String>,
    /// Do not verify the server's certificate, or its SSH host key; off when not set.
    #[attr(omitempty)]
    pub insecure: Attr<bool>,
    /// Fetch what Git LFS keeps; off when not set.
    #[attr(omitempty)]
    pub enable_lfs: Attr<bool>,
    /// Number of commits that are fetched; all when not set.
    #[attr(omitempty, range(0, i64::MAX))]
    pub depth: Attr<i64>,
    /// Do not render manifests in advance when a webhook reports a push; off when not set.
    #[attr(omitempty)]
    pub webhook_manifest_cache_warm_disabled: Attr<bool>,
    /// How to log in.
    #[attr(flatten)]
    pub credentials: Credentials,
}

/// The type that the label of the Secret says.
const REPOSITORY: &str = "repository";

impl Kind for Repository {
    type Model = Self;

    const NAME: &'static str = "repository";
    const OBJECT: ObjectKind = ObjectKind::new("v1", "Secret", "secrets");
    const LABEL_SELECTOR: Option<&'static str> = Some("argocd.argoproj.io/secret-type=repository");
    const PEERS: &'static [Peer] = &[peers::REPOSITORY];
    const ROOT: &'static str = secret::DATA;

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let values = config.clone().into_value();
        secret::check(&Self::attributes(), &values, &Path::root(), diagnostics);
        config.check(diagnostics);
    }

    fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        profile::check::<Self>(cx, change, Self::check_profile)
    }

    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        secret::render(REPOSITORY, attributes, values)
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        secret::project(REPOSITORY, attributes, live, prior, view)
    }
}

#[cfg(test)]
mod tests;
