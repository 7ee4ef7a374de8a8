//! `gitops_kargo_credentials`: how Kargo logs in to repositories, and what else
//! is secret.

mod check;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::annotation::AsJson;
use crate::clients::kube::ObjectKind;
use crate::framework::api::View;
use crate::framework::{Attr, Attribute, Diagnostics, Error, Model, Path, Result, Secret, Value};
use crate::resources::object::{Kind, ObjectMeta};
use crate::resources::secret;

/// A Secret that Kargo finds by its label: how to log in to Git repositories,
/// registries of images or repositories of charts, or anything else that is
/// secret (`generic`).
///
/// In a project's namespace it is for that project; in the namespace of shared
/// resources (`kargo-shared-resources`, unless Kargo was installed otherwise)
/// for all of them, where a project has none of its own. Registries that
/// Kargo's own identity may read, such as ECR with EKS Pod Identity, need none.
#[derive(Clone, Debug, Default, Model)]
pub struct Credentials {
    /// What is common to all objects. The namespace is the project, or that of shared resources.
    #[attr(flatten)]
    pub metadata: ObjectMeta,
    /// What it is for: `git`, `helm` (charts) or `image` repositories; `generic` is what
    /// expressions read by `secret(...)` and receivers of webhooks by their `secret_ref`.
    #[attr(required, api = "/metadata/labels/kargo.akuity.io~1cred-type", one_of = ["git", "helm", "image", "generic"])]
    pub r#type: Attr<String>,
    /// What the credentials are for; shown by Kargo.
    #[attr(api = "/metadata/annotations/kargo.akuity.io~1description")]
    pub description: Attr<String>,
    /// Copy a shared Secret to every project: `*`, where expressions can then read it.
    #[attr(api = "/metadata/annotations/kargo.akuity.io~1replicate-to", one_of = ["*"])]
    pub replicate_to: Attr<String>,
    /// URL of the repository as warehouses and steps write it, or with `repo_url_is_regex` a
    /// regular expression for the URLs of many. Required but for `generic`.
    #[attr(api = "repoURL")]
    pub repo_url: Attr<String>,
    /// Whether `repo_url` is a regular expression (RE2). One that is exact wins. Off when not set.
    #[attr(api = "repoURLIsRegex", omitempty)]
    pub repo_url_is_regex: Attr<bool>,
    /// Name of the user, for `password`. What it is does not matter beside most tokens.
    pub username: Attr<String>,
    /// Password, or a token in its place. It is kept in the state; prefer `password_wo`.
    pub password: Attr<Secret>,
    /// Password, or a token in its place, kept nowhere. Sent anew when `password_wo_version`
    /// changes.
    #[attr(write_only, local)]
    pub password_wo: Attr<Secret>,
    /// Version of `password_wo`: any number that changes with it.
    #[attr(local)]
    pub password_wo_version: Attr<i64>,
    /// Private key for Git over SSH, PEM; Kargo has announced its end. It is kept in the state;
    /// prefer `ssh_private_key_wo`.
    pub ssh_private_key: Attr<Secret>,
    /// Private key for Git over SSH, PEM, kept nowhere. Sent anew when
    /// `ssh_private_key_wo_version` changes.
    #[attr(write_only, local)]
    pub ssh_private_key_wo: Attr<Secret>,
    /// Version of `ssh_private_key_wo`: any number that changes with it.
    #[attr(local)]
    pub ssh_private_key_wo_version: Attr<i64>,
    /// Client id of the GitHub App to log in as.
    #[attr(api = "githubAppClientID")]
    pub github_app_client_id: Attr<String>,
    /// Number of the GitHub App to log in as, where it has no client id.
    #[attr(api = "githubAppID", range(1, i64::MAX))]
    pub github_app_id: Attr<i64>,
    /// Number of the GitHub App's installation.
    #[attr(api = "githubAppInstallationID", range(1, i64::MAX))]
    pub github_app_installation_id: Attr<i64>,
    /// Private key of the GitHub App, PEM, as it is or in base64. It is kept in the state; prefer
    /// `github_app_private_key_wo`.
    pub github_app_private_key: Attr<Secret>,
    /// Private key of the GitHub App, PEM, as it is or in base64, kept nowhere. Sent anew when
    /// `github_app_private_key_wo_version` changes.
    #[attr(write_only, local)]
    pub github_app_private_key_wo: Attr<Secret>,
    /// Version of `github_app_private_key_wo`: any number that changes with it.
    #[attr(local)]
    pub github_app_private_key_wo_version: Attr<i64>,
    /// Repositories that each project may use shared credentials of a GitHub App for: their names
    /// by project. All may be used by all when not set.
    #[attr(api = "/metadata/annotations/kargo.akuity.io~1github-token-scopes")]
    pub github_token_scopes: Attr<AsJson<BTreeMap<String, Vec<String>>>>,
    /// Region of the ECR registry to log in to by an access key.
    #[attr(check = crate::framework::checks::region)]
    pub aws_region: Attr<String>,
    /// Id of the access key.
    #[attr(api = "awsAccessKeyID")]
    pub aws_access_key_id: Attr<String>,
    /// Secret access key. It is kept in the state; prefer `aws_secret_access_key_wo`.
    pub aws_secret_access_key: Attr<Secret>,
    /// Secret access key, kept nowhere. Sent anew when `aws_secret_access_key_wo_version` changes.
    #[attr(write_only, local)]
    pub aws_secret_access_key_wo: Attr<Secret>,
    /// Version of `aws_secret_access_key_wo`: any number that changes with it.
    #[attr(local)]
    pub aws_secret_access_key_wo_version: Attr<i64>,
    /// Key of a Google service account for Artifact Registry, its JSON in base64. It is kept in the
    /// state; prefer `gcp_service_account_key_wo`.
    pub gcp_service_account_key: Attr<Secret>,
    /// Key of a Google service account for Artifact Registry, its JSON in base64, kept nowhere.
    /// Sent anew when `gcp_service_account_key_wo_version` changes.
    #[attr(write_only, local)]
    pub gcp_service_account_key_wo: Attr<Secret>,
    /// Version of `gcp_service_account_key_wo`: any number that changes with it.
    #[attr(local)]
    pub gcp_service_account_key_wo_version: Attr<i64>,
    /// What is secret, by key, for type `generic`. It is kept in the state; prefer `data_wo`.
    #[attr(sensitive, api = "/data")]
    pub data: Attr<BTreeMap<String, String>>,
    /// What is secret, by key, for type `generic`, kept nowhere. Sent anew when `data_wo_version`
    /// changes.
    #[attr(write_only, sensitive, local)]
    pub data_wo: Attr<BTreeMap<String, String>>,
    /// Version of `data_wo`: any number that changes with it.
    #[attr(local)]
    pub data_wo_version: Attr<i64>,
}

/// The label by which Kargo finds its Secrets.
const TYPE_LABEL: &str = "kargo.akuity.io/cred-type";

impl Kind for Credentials {
    type Model = Self;

    const NAME: &'static str = "kargo_credentials";
    const OBJECT: ObjectKind = ObjectKind::new("v1", "Secret", "secrets");
    // Not the copies that Kargo makes of shared ones.
    const LABEL_SELECTOR: Option<&'static str> =
        Some("kargo.akuity.io/cred-type,!kargo.akuity.io/replicated-from");
    const ROOT: &'static str = secret::DATA;

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let values = Model::into_value(config.clone());
        secret::check(&Self::attributes(), &values, &Path::root(), diagnostics);
        config.check(diagnostics);
    }

    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        secret::render(attributes, values)
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        if view == View::Whole && live["metadata"]["labels"][TYPE_LABEL].is_null() {
            return Err(Error::invalid(format!(
                "the Secret is none for Kargo: it has no label {TYPE_LABEL}"
            ))
            .advise("Check its name and namespace, or give it the label first."));
        }
        secret::project(attributes, live, &secret::metadata(live), prior, view)
    }
}

#[cfg(test)]
mod tests;
