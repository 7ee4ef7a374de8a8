use std::collections::{BTreeMap, HashSet};

use super::*;

fn eks() -> ClusterAttribute {
    ClusterAttribute { name: Some("main".into()), ..Default::default() }
}

fn direct() -> ClusterAttribute {
    ClusterAttribute {
        host: Some("https://10.0.0.1:6443".into()),
        token: Some("t0ken".into()),
        ..Default::default()
    }
}

fn refusal(attribute: ClusterAttribute) -> (String, String) {
    let error = attribute.target(&Path::attribute("cluster")).unwrap_err();
    assert!(error.is_invalid());
    (error.path().unwrap().to_string(), error.message().to_string())
}

fn accepted(attribute: ClusterAttribute) -> Target {
    attribute.target(&Path::attribute("cluster")).unwrap()
}

#[test]
fn nothing_given_is_an_error_and_no_fall_back() {
    let (path, message) =
        refusal(ClusterAttribute { in_cluster: Some(false), ..Default::default() });
    assert_eq!(path, "cluster");
    assert_eq!(message, "no cluster is given: expected name, host, config_path or in_cluster");
}

#[test]
fn two_forms_are_refused_at_the_second() {
    let (path, message) =
        refusal(ClusterAttribute { config_path: Some("~/.kube/config".into()), ..eks() });
    assert_eq!(path, "cluster.config_path");
    assert!(message.starts_with("name and config_path are both given"), "{message}");
    let both = ClusterAttribute {
        config_path: Some("a".into()),
        config_paths: Some(vec!["b".into()]),
        ..Default::default()
    };
    assert_eq!(refusal(both).0, "cluster.config_paths");
}

#[test]
fn an_attribute_of_another_form_is_refused() {
    let (path, message) =
        refusal(ClusterAttribute { region: Some("eu-west-1".into()), ..direct() });
    assert_eq!(path, "cluster.region");
    assert_eq!(message, "region goes with name, and the cluster is given by host");
    assert_eq!(refusal(ClusterAttribute { insecure: Some(true), ..eks() }).0, "cluster.insecure");
}

#[test]
fn an_empty_string_is_no_value() {
    assert_eq!(refusal(ClusterAttribute { token: Some("".into()), ..direct() }).0, "cluster.token");
    assert_eq!(refusal(ClusterAttribute { name: Some(String::new()), ..eks() }).0, "cluster.name");
}

#[test]
fn a_host_is_an_https_url() {
    for (host, why) in [
        ("http://10.0.0.1", "is an http URL"),
        ("10.0.0.1:6443", "is not a URL"),
        ("https://a/?x=1", "has a query"),
        ("https://user@a", "holds a user"),
    ] {
        let (path, message) = refusal(ClusterAttribute { host: Some(host.into()), ..direct() });
        assert_eq!(path, "cluster.host");
        assert!(message.contains(why), "{message}");
        assert!(message.ends_with("expected https://<host>"), "{message}");
    }
}

#[test]
fn an_error_about_a_url_does_not_repeat_its_password() {
    let (_, message) = refusal(ClusterAttribute {
        proxy_url: Some("socks5://me:hunter2@proxy".into()),
        ..direct()
    });
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn a_host_needs_exactly_one_way_to_log_in() {
    let (path, message) = refusal(ClusterAttribute { token: None, ..direct() });
    assert_eq!(path, "cluster.host");
    assert!(message.contains("without a way to log in"), "{message}");
    let two =
        ClusterAttribute { username: Some("me".into()), password: Some("p".into()), ..direct() };
    assert_eq!(refusal(two).0, "cluster.username");
    let half = ClusterAttribute { token: None, client_certificate: Some("PEM".into()), ..direct() };
    assert_eq!(refusal(half).0, "cluster.client_key");
}

#[test]
fn insecure_and_a_certificate_authority_exclude_each_other() {
    let both = ClusterAttribute {
        insecure: Some(true),
        cluster_ca_certificate: Some("PEM".into()),
        ..direct()
    };
    assert_eq!(refusal(both).0, "cluster.insecure");
}

#[test]
fn a_credential_plugin_speaks_a_served_version() {
    let exec = Exec {
        api_version: "client.authentication.k8s.io/v1alpha1".into(),
        command: "aws".into(),
        args: Vec::new(),
        env: BTreeMap::new(),
    };
    let (path, _) = refusal(ClusterAttribute { token: None, exec: Some(exec), ..direct() });
    assert_eq!(path, "cluster.exec.api_version");
}

#[test]
fn each_form_becomes_its_target() {
    assert_eq!(accepted(eks()).to_string(), "EKS cluster \"main\"");
    assert_eq!(accepted(direct()).to_string(), "the cluster at https://10.0.0.1:6443");
    let pod = ClusterAttribute { in_cluster: Some(true), ..Default::default() };
    assert_eq!(accepted(pod), Target::InCluster);
    let file = ClusterAttribute {
        config_path: Some("~/.kube/config".into()),
        config_context: Some("prod".into()),
        ..Default::default()
    };
    assert_eq!(accepted(file).to_string(), "the cluster of context \"prod\" in ~/.kube/config");
}

#[test]
fn equal_targets_are_one_key_and_show_no_secret() {
    let (a, b) = (accepted(direct()), accepted(direct()));
    assert_eq!(HashSet::from([a.clone(), b]).len(), 1);
    assert_ne!(a, accepted(ClusterAttribute { token: Some("other".into()), ..direct() }));
    assert!(!format!("{a:?}").contains("t0ken"));
}
