//! `gitops_repository_credentials`: how Argo CD logs in to all repositories
//! below a URL.

use serde_json::Value as Json;

use super::repository::credentials::{Credentials, TYPES};
use super::{ArgocdMeta, peers, profile, secret};
use crate::clients::kube::ObjectKind;
use crate::framework::api::View;
use crate::framework::{Attr, Attribute, Change, Diagnostics, Model, Path, Peer, Result, Value};
use crate::resources::Operation;
use crate::resources::object::Kind;

/// How Argo CD logs in to all repositories whose URLs begin with one: the Secret with the
/// credentials.
///
/// They are used for repositories without credentials of their own; the longest URL wins.
#[derive(Clone, Debug, Default, Model)]
pub struct RepositoryCredentials {
    /// What is common to the objects of Argo CD.
    #[attr(flatten)]
    pub metadata: ArgocdMeta,
    /// What the URLs of the repositories begin with, such as `https://git.example.com/team`,
    /// `git@git.example.com:team` or, for OCI, `oci://registry.example.com`; for charts with
    /// `enable_oci`, a host and the beginning of a path.
    #[attr(required)]
    pub url: Attr<String>,
    /// What is in the repositories: `git`, `helm` (charts) or `oci`; `git` when not set.
    #[attr(one_of = TYPES)]
    pub r#type: Attr<String>,
    /// How to log in.
    #[attr(flatten)]
    pub credentials: Credentials,
}

/// The type that the label of the Secret says.
const REPO_CREDS: &str = "repo-creds";

impl Kind for RepositoryCredentials {
    type Model = Self;

    const NAME: &'static str = "repository_credentials";
    const OBJECT: ObjectKind = ObjectKind::new("v1", "Secret", "secrets");
    const LABEL_SELECTOR: Option<&'static str> = Some("argocd.argoproj.io/secret-type=repo-creds");
    const PEERS: &'static [Peer] = &[peers::REPOSITORY_CREDENTIALS];
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
        secret::render(REPO_CREDS, attributes, values)
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        secret::project(REPO_CREDS, attributes, live, prior, view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::schema::empty;

    /// What credentials and repositories have in common is tested with those.
    #[test]
    fn credentials_are_a_secret_with_a_label_of_their_own() {
        let text = |text: &str| Attr::Known(text.to_owned());
        let credentials = RepositoryCredentials {
            metadata: ArgocdMeta {
                name: text("team"),
                namespace: text("argocd"),
                ..ArgocdMeta::default()
            },
            url: text("registry.example.com/charts"),
            r#type: text("helm"),
            credentials: Credentials {
                enable_oci: Attr::Known(true),
                username: text("ci"),
                ..Credentials::default()
            },
        };
        let attributes = RepositoryCredentials::attributes();
        let values = credentials.clone().into_value();
        let secret = RepositoryCredentials::render(&attributes, &values).unwrap();
        let labels = &secret["metadata"]["labels"];
        assert_eq!(labels["argocd.argoproj.io/secret-type"], "repo-creds");
        assert_eq!(secret["data"].as_object().unwrap().len(), 4, "{secret}");
        let nothing = empty(&attributes);
        let seen =
            RepositoryCredentials::project(&attributes, &secret, &nothing, View::Whole).unwrap();
        assert_eq!(seen, values);

        let mut diagnostics = Diagnostics::default();
        RepositoryCredentials::validate(&credentials, &mut diagnostics);
        let paths: Vec<_> = diagnostics.iter().map(|found| found.path.to_string()).collect();
        assert_eq!(paths, ["username"]);
    }
}
