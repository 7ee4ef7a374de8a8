//! A cluster as its Secret, and back.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::secret::{from_secret, to_secret};
use super::*;
use crate::framework::api::View;
use crate::resources::object::meta::CommonMeta;

const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const ARN: &str = "arn:aws:eks:eu-west-1:111122223333:cluster/main";

fn text(text: &str) -> Attr<String> {
    Attr::Known(text.into())
}

fn managed() -> Cluster {
    Cluster {
        metadata: ArgocdMeta {
            name: text("main"),
            namespace: text("argocd"),
            common: CommonMeta {
                labels: Attr::Known(BTreeMap::from([("team".into(), "a".into())])),
                ..CommonMeta::default()
            },
            ..ArgocdMeta::default()
        },
        server: text(ARN),
        project: text("shop"),
        ..Cluster::default()
    }
}

fn self_managed(config: ClusterConfig) -> Cluster {
    Cluster {
        cluster_name: text("Main cluster"),
        server: text("https://10.0.0.1:6443"),
        shard: Attr::Known(2),
        namespaces: Attr::Known(vec!["a".into(), "b".into()]),
        cluster_resources: Attr::Known(true),
        config: Attr::Known(config),
        ..managed()
    }
}

fn data(secret: &Json, key: &str) -> String {
    let encoded = secret["data"][key].as_str().unwrap_or_else(|| panic!("no {key} in {secret}"));
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

fn config_of(secret: &Json) -> Json {
    serde_json::from_str(&data(secret, "config")).unwrap()
}

fn round_trip(cluster: &Cluster) {
    let secret = to_secret(cluster).unwrap();
    let seen = from_secret(&secret, cluster, View::Owned).unwrap();
    assert_eq!(seen.into_value(), cluster.clone().into_value());
}

#[test]
fn a_managed_cluster_is_an_arn_and_a_project() {
    let secret = to_secret(&managed()).unwrap();
    let expected = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": "main",
            "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "cluster", "team": "a"},
        },
        "data": {
            "name": STANDARD.encode("main"),
            "server": STANDARD.encode(ARN),
            "project": STANDARD.encode("shop"),
        },
    });
    assert_eq!(secret, expected);
    round_trip(&managed());
}

#[test]
fn a_self_managed_cluster_has_its_login_in_one_json() {
    let cluster = self_managed(ClusterConfig {
        aws_auth_config: Attr::Known(AwsAuthConfig {
            cluster_name: text("main"),
            role_arn: text("arn:aws:iam::111122223333:role/argocd"),
            ..AwsAuthConfig::default()
        }),
        tls_client_config: Attr::Known(TlsClientConfig {
            ca_data: Attr::Known(Pem(PEM.into())),
            insecure: Attr::Known(false),
            ..TlsClientConfig::default()
        }),
        proxy_url: text("http://proxy:3128"),
        ..ClusterConfig::default()
    });
    let secret = to_secret(&cluster).unwrap();
    assert_eq!(data(&secret, "name"), "Main cluster");
    assert_eq!(data(&secret, "shard"), "2");
    assert_eq!(data(&secret, "namespaces"), "a,b");
    assert_eq!(data(&secret, "clusterResources"), "true");
    assert_eq!(
        config_of(&secret),
        json!({
            "awsAuthConfig": {
                "clusterName": "main",
                "roleARN": "arn:aws:iam::111122223333:role/argocd",
            },
            "tlsClientConfig": {"caData": STANDARD.encode(PEM), "insecure": false},
            "proxyUrl": "http://proxy:3128",
        })
    );
    round_trip(&cluster);
}

#[test]
fn a_program_gets_its_settings_as_json() {
    let exec = ExecProviderConfig {
        command: text("argocd-k8s-auth"),
        args: Attr::Known(vec!["aws".into()]),
        env: Attr::Known(BTreeMap::from([("A".into(), "b".into())])),
        api_version: text("client.authentication.k8s.io/v1beta1"),
        config: Attr::Known(JsonText(r#"{"cluster": "main"}"#.into())),
        ..ExecProviderConfig::default()
    };
    let cluster = self_managed(ClusterConfig {
        exec_provider_config: Attr::Known(exec),
        ..ClusterConfig::default()
    });
    let config = config_of(&to_secret(&cluster).unwrap());
    assert_eq!(config["execProviderConfig"]["config"], json!({"cluster": "main"}));
    assert_eq!(config["execProviderConfig"]["apiVersion"], "client.authentication.k8s.io/v1beta1");
    round_trip(&cluster);
}

/// Both forms of every secret, as a configuration may hold them one at a time.
fn secrets(write_only: bool) -> ClusterConfig {
    let secret = |text: &str| Attr::Known(Secret::from(text));
    let key = Attr::Known(PemKey(PEM.into()));
    let version = Attr::Known(1);
    if write_only {
        ClusterConfig {
            password_wo: secret("p"),
            password_wo_version: version.clone(),
            bearer_token_wo: secret("t"),
            bearer_token_wo_version: version.clone(),
            tls_client_config: Attr::Known(TlsClientConfig {
                key_data_wo: key,
                key_data_wo_version: version,
                ..TlsClientConfig::default()
            }),
            ..ClusterConfig::default()
        }
    } else {
        ClusterConfig {
            password: secret("p"),
            bearer_token: secret("t"),
            tls_client_config: Attr::Known(TlsClientConfig {
                key_data: key,
                ..TlsClientConfig::default()
            }),
            ..ClusterConfig::default()
        }
    }
}

#[test]
fn both_forms_of_a_secret_are_sent_alike() {
    let plain = config_of(&to_secret(&self_managed(secrets(false))).unwrap());
    let write_only = config_of(&to_secret(&self_managed(secrets(true))).unwrap());
    assert_eq!(
        plain,
        json!({
            "password": "p",
            "bearerToken": "t",
            "tlsClientConfig": {"keyData": STANDARD.encode(PEM)},
        })
    );
    assert_eq!(write_only, plain);
}

#[test]
fn a_secret_enters_the_state_only_where_the_state_has_it() {
    let secret = to_secret(&self_managed(secrets(true))).unwrap();
    // What a state holds of the write-only form: nothing but the versions.
    let mut state = self_managed(secrets(true));
    if let Attr::Known(config) = &mut state.config {
        config.password_wo = Attr::Null;
        config.bearer_token_wo = Attr::Null;
        if let Attr::Known(tls) = &mut config.tls_client_config {
            tls.key_data_wo = Attr::Null;
        }
    }
    let refreshed = from_secret(&secret, &state, View::Owned).unwrap();
    assert_eq!(refreshed.into_value(), state.into_value());

    let imported = from_secret(&secret, &Cluster::default(), View::Whole).unwrap();
    let config = imported.config.known().unwrap();
    assert_eq!(config.password, Attr::Null);
    assert_eq!(config.bearer_token, Attr::Null);
    assert_eq!(config.tls_client_config.known().unwrap().key_data, Attr::Null);

    // The plain form is compared, and its drift seen.
    let state = self_managed(secrets(false));
    let mut drifted = self_managed(secrets(false));
    if let Attr::Known(config) = &mut drifted.config {
        config.password = Attr::Known("other".into());
    }
    let secret = to_secret(&drifted).unwrap();
    let seen = from_secret(&secret, &state, View::Owned).unwrap();
    assert_eq!(seen.config.known().unwrap().password, Attr::Known("other".into()));
}

#[test]
fn what_others_added_is_not_seen_and_an_import_sees_all_but_their_marks() {
    let mut secret = to_secret(&managed()).unwrap();
    secret["metadata"]["labels"]["argocd.argoproj.io/kubernetes-version"] = json!("1.33");
    secret["metadata"]["annotations"] = json!({
        "kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"config\":\"secret\"}}",
        "managed-by": "argocd.argoproj.io",
        "note": "kept",
    });
    secret["data"]["shard"] = json!(STANDARD.encode("1"));
    let seen = from_secret(&secret, &managed(), View::Owned).unwrap();
    assert_eq!(seen.into_value(), managed().into_value());

    let imported = from_secret(&secret, &Cluster::default(), View::Whole).unwrap();
    assert_eq!(imported.metadata.name, text("main"));
    assert_eq!(imported.cluster_name, Attr::Null);
    assert_eq!(imported.shard, Attr::Known(1));
    let common = &imported.metadata.common;
    let labels: Vec<_> = common.labels.known().unwrap().keys().map(String::as_str).collect();
    assert_eq!(labels, ["argocd.argoproj.io/kubernetes-version", "team"]);
    let annotations: Vec<_> = common.annotations.known().unwrap().keys().cloned().collect();
    assert_eq!(annotations, ["note"]);
}

#[test]
fn drift_is_seen() {
    let mut secret = to_secret(&managed()).unwrap();
    secret["data"]["server"] = json!(STANDARD.encode("https://elsewhere"));
    secret["data"]["name"] = json!(STANDARD.encode("renamed"));
    secret["data"].as_object_mut().unwrap().remove("project");
    let seen = from_secret(&secret, &managed(), View::Owned).unwrap();
    assert_eq!(seen.server, text("https://elsewhere"));
    assert_eq!(seen.cluster_name, text("renamed"));
    assert_eq!(seen.project, Attr::Null);
}

#[test]
fn a_broken_secret_is_an_error_that_quotes_nothing() {
    let mut secret = to_secret(&self_managed(secrets(false))).unwrap();
    secret["data"]["config"] = json!(STANDARD.encode("{\"password\": \"hunter2\""));
    let error = from_secret(&secret, &self_managed(secrets(false)), View::Owned).unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    secret["data"]["server"] = json!("%%%");
    let error = from_secret(&secret, &managed(), View::Owned).unwrap_err();
    assert!(error.to_string().contains("\"server\""), "{error}");
}

#[test]
fn an_unknown_value_is_never_sent() {
    let cluster = Cluster { server: Attr::Unknown, ..managed() };
    assert_eq!(to_secret(&cluster).unwrap_err().path(), Some(&Path::attribute("server")));
}

fn broken(config: ClusterConfig) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    check_secrets(&self_managed(config), &mut diagnostics);
    diagnostics.iter().map(|found| found.path.to_string()).collect()
}

#[test]
fn a_secret_has_one_form_and_the_write_only_one_a_version() {
    assert_eq!(broken(secrets(false)), [""; 0]);
    assert_eq!(broken(secrets(true)), [""; 0]);
    let both = ClusterConfig { password: Attr::Known("p".into()), ..secrets(true) };
    assert_eq!(broken(both), ["config.password_wo"]);
    let unversioned = ClusterConfig { bearer_token_wo_version: Attr::Null, ..secrets(true) };
    assert_eq!(broken(unversioned), ["config.bearer_token_wo"]);
    let tls = TlsClientConfig { key_data_wo_version: Attr::Known(1), ..TlsClientConfig::default() };
    let lonely = ClusterConfig { tls_client_config: Attr::Known(tls), ..ClusterConfig::default() };
    assert_eq!(broken(lonely), ["config.tls_client_config.key_data_wo_version"]);
    // A value that is known only after apply is a value.
    let unknown = ClusterConfig { password: Attr::Unknown, ..secrets(true) };
    assert_eq!(broken(unknown), ["config.password_wo"]);
}
