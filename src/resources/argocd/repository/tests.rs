//! Repositories and credentials as their Secrets, and back.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::framework::Secret;
use crate::framework::schema::{Kind as Shape, empty};
use crate::framework::ty::Type;
use crate::resources::argocd::repository_credentials::RepositoryCredentials;

const URL: &str = "https://git.example.com/shop.git";

fn text(text: &str) -> Attr<String> {
    Attr::Known(text.into())
}

fn repository(credentials: Credentials) -> Repository {
    Repository {
        metadata: ArgocdMeta {
            name: text("shop"),
            namespace: text("argocd"),
            ..ArgocdMeta::default()
        },
        url: text(URL),
        credentials,
        ..Repository::default()
    }
}

fn to_secret(repository: &Repository) -> Json {
    Repository::render(&Repository::attributes(), &repository.clone().into_value()).unwrap()
}

fn from_secret(live: &Json, prior: &Repository, view: View) -> Repository {
    let prior = prior.clone().into_value();
    let seen = Repository::project(&Repository::attributes(), live, &prior, view).unwrap();
    Repository::from_value(seen).unwrap()
}

fn data(secret: &Json, key: &str) -> String {
    let encoded = secret["data"][key].as_str().unwrap_or_else(|| panic!("no {key} in {secret}"));
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

#[test]
fn a_repository_is_a_secret_with_a_label() {
    let mut repository = repository(Credentials {
        username: text("ci"),
        password: Attr::Known("hunter2".into()),
        force_http_basic_auth: Attr::Known(true),
        ..Credentials::default()
    });
    repository.project = text("shop");
    repository.repository_name = text("The shop");
    repository.depth = Attr::Known(7);
    let secret = to_secret(&repository);
    let expected = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": "shop",
            "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "repository"},
        },
        "data": {
            "url": STANDARD.encode(URL),
            "name": STANDARD.encode("The shop"),
            "project": STANDARD.encode("shop"),
            "username": STANDARD.encode("ci"),
            "password": STANDARD.encode("hunter2"),
            "forceHttpBasicAuth": STANDARD.encode("true"),
            "depth": STANDARD.encode("7"),
        },
    });
    assert_eq!(secret, expected);
    let seen = from_secret(&secret, &repository, View::Owned);
    assert_eq!(seen.into_value(), repository.into_value());
}

/// The keys that Argo CD 3.6 reads, of its `secretToRepository` and
/// `secretToRepoCred`, and the one that the EKS capability adds.
const OF_BOTH: [&str; 24] = [
    "azureActiveDirectoryEndpoint",
    "azureServicePrincipalClientId",
    "azureServicePrincipalClientSecret",
    "azureServicePrincipalTenantId",
    "bearerToken",
    "enableOCI",
    "forceHttpBasicAuth",
    "gcpServiceAccountKey",
    "githubAppEnterpriseBaseUrl",
    "githubAppID",
    "githubAppInstallationID",
    "githubAppPrivateKey",
    "insecureOCIForceHttp",
    "noProxy",
    "password",
    "proxy",
    "secretArn",
    "sshPrivateKey",
    "tlsClientCertData",
    "tlsClientCertKey",
    "type",
    "url",
    "useAzureWorkloadIdentity",
    "username",
];

/// Those of a repository alone. `insecureIgnoreHostKey` is left out: it is the
/// old name of `insecure`.
const OF_ONE: [&str; 6] =
    ["depth", "enableLfs", "insecure", "name", "project", "webhookManifestCacheWarmDisabled"];

fn keys(attributes: &[Attribute]) -> BTreeSet<&'static str> {
    let fields = attributes.iter().filter_map(|attribute| attribute.api.field);
    fields.filter(|field| !field.starts_with('/')).collect()
}

#[test]
fn every_key_that_argo_cd_reads_has_its_attribute() {
    let both = BTreeSet::from(OF_BOTH);
    assert_eq!(keys(&RepositoryCredentials::attributes()), both);
    let all: BTreeSet<_> = both.iter().copied().chain(OF_ONE).collect();
    assert_eq!(keys(&Repository::attributes()), all);
}

/// A live Secret with a value under every key.
fn full(of_type: &str, attributes: &[Attribute]) -> Json {
    let mut secret = json!({"metadata": {
        "name": "shop", "namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": of_type},
    }});
    for attribute in attributes {
        let Some(key) = attribute.api.field.filter(|field| !field.starts_with('/')) else {
            continue;
        };
        let text = match attribute.kind {
            Shape::Plain(Type::Bool) => "true".to_owned(),
            Shape::Plain(Type::Number) => "3".to_owned(),
            _ => format!("the {key}"),
        };
        secret["data"][key] = STANDARD.encode(text).into();
    }
    secret
}

#[test]
fn a_secret_with_every_key_survives_an_import_without_its_secrets() {
    fn check<K: Kind>(of_type: &str) {
        let attributes = K::Model::attributes();
        let live = full(of_type, &attributes);
        let seen = K::project(&attributes, &live, &empty(&attributes), View::Whole).unwrap();
        let again = K::render(&attributes, &seen).unwrap();
        for attribute in &attributes {
            let Some(key) = attribute.api.field.filter(|field| !field.starts_with('/')) else {
                continue;
            };
            let kept = if attribute.sensitive { &Json::Null } else { &live["data"][key] };
            assert_eq!(&again["data"][key], kept, "{}", attribute.name);
        }
    }
    check::<Repository>("repository");
    check::<RepositoryCredentials>("repo-creds");
}

#[test]
fn both_forms_of_every_secret_are_sent_alike_and_enter_the_state_in_one() {
    let attributes = Repository::attributes();
    let twins: Vec<_> = attributes
        .iter()
        .filter(|attribute| attribute.write_only)
        .map(|attribute| (attribute.name, attribute.name.trim_end_matches("_wo")))
        .collect();
    assert_eq!(twins.len(), 7, "{twins:?}");
    for (write_only, plain) in twins {
        let mut kept = repository(Credentials::default()).into_value();
        let mut passed = kept.clone();
        kept.set(plain, "hunter2".into());
        passed.set(write_only, "hunter2".into());
        let secret = Repository::render(&attributes, &kept).unwrap();
        assert_eq!(Repository::render(&attributes, &passed).unwrap(), secret, "{plain}");
        assert!(secret["data"].as_object().unwrap().len() == 2, "{secret}");

        let seen = Repository::project(&attributes, &secret, &kept, View::Owned).unwrap();
        assert_eq!(seen, kept, "{plain}");
        let state = repository(Credentials::default()).into_value();
        let seen = Repository::project(&attributes, &secret, &state, View::Owned).unwrap();
        assert_eq!(seen, state, "{plain}");
    }
}

#[test]
fn drift_is_seen_and_what_others_added_is_not() {
    let repository = repository(Credentials {
        username: text("ci"),
        password: Attr::Known(Secret::from("p")),
        enable_oci: Attr::Known(false),
        ..Credentials::default()
    });
    let mut secret = to_secret(&repository);
    assert_eq!(data(&secret, "enableOCI"), "false");
    secret["data"]["proxy"] = STANDARD.encode("http://proxy:3128").into();
    secret["metadata"]["annotations"] = json!({"managed-by": "argocd.argoproj.io"});
    // Argo CD's API server leaves out what is off.
    secret["data"].as_object_mut().unwrap().remove("enableOCI");
    let seen = from_secret(&secret, &repository, View::Owned);
    assert_eq!(seen.into_value(), repository.clone().into_value());

    secret["data"]["username"] = STANDARD.encode("other").into();
    secret["data"]["password"] = STANDARD.encode("q").into();
    secret["data"]["enableOCI"] = STANDARD.encode("true").into();
    let seen = from_secret(&secret, &repository, View::Owned).credentials;
    assert_eq!(seen.username, text("other"));
    assert_eq!(seen.password, Attr::Known("q".into()));
    assert_eq!(seen.enable_oci, Attr::Known(true));

    secret["data"]["username"] = "%%%".into();
    let attributes = Repository::attributes();
    let prior = repository.into_value();
    let error = Repository::project(&attributes, &secret, &prior, View::Owned).unwrap_err();
    assert!(error.to_string().contains("\"username\""), "{error}");
}

#[test]
fn a_secret_of_another_type_is_not_imported() {
    let mut secret = to_secret(&repository(Credentials::default()));
    let attributes = RepositoryCredentials::attributes();
    let nothing = empty(&attributes);
    let import =
        |secret: &Json| RepositoryCredentials::project(&attributes, secret, &nothing, View::Whole);
    let error = import(&secret).unwrap_err().to_string();
    assert!(error.contains("\"repo-creds\"") && error.contains("is \"repository\""), "{error}");
    secret["metadata"]["labels"] = Json::Null;
    let error = import(&secret).unwrap_err().to_string();
    assert!(error.contains("is none"), "{error}");
}

#[test]
fn rules_see_both_forms_of_a_secret() {
    let paths = |credentials: Credentials| {
        let mut diagnostics = Diagnostics::default();
        Repository::validate(&repository(credentials), &mut diagnostics);
        diagnostics.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
    };
    let passed = Credentials {
        username: text("ci"),
        password_wo: Attr::Known("p".into()),
        password_wo_version: Attr::Known(1),
        ..Credentials::default()
    };
    assert_eq!(paths(passed.clone()), [""; 0]);
    let unversioned = Credentials { password_wo_version: Attr::Null, ..passed.clone() };
    assert_eq!(paths(unversioned), ["password_wo"]);
    let twice = Credentials { password: Attr::Known("p".into()), ..passed.clone() };
    assert_eq!(paths(twice), ["password_wo"]);
    let two_ways = Credentials { bearer_token: Attr::Known("t".into()), ..passed.clone() };
    assert_eq!(paths(two_ways), ["bearer_token"]);
    // In the form that is written.
    let two_ways = Credentials {
        ssh_private_key_wo: Attr::Known("-----BEGIN".into()),
        ssh_private_key_wo_version: Attr::Known(1),
        ..passed
    };
    assert_eq!(paths(two_ways), ["ssh_private_key_wo"]);
}
