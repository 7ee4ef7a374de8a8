//! Rules of cluster registrations. Those of projects and applications are
//! beside.

use crate::framework::Severity;
use crate::framework::checks::Finding;

use super::*;
use crate::provider::ArgoCd::{EksCapability, SelfManaged};

mod applications;
mod projects;

const ARN: &str = "arn:aws:eks:eu-west-1:123456789012:cluster/main";
const URL: &str = "https://10.0.0.1:6443";
const IN_CLUSTER: &str = "https://kubernetes.default.svc";

/// Findings as lines, `path: rule`, warnings marked.
fn lines(findings: Vec<Finding>) -> Vec<String> {
    let line = |Finding { path, severity, rule }| match severity {
        Severity::Error => format!("{path}: {rule}"),
        Severity::Warning => format!("warning {path}: {rule}"),
    };
    findings.into_iter().map(line).collect()
}

/// Asserts that there is one finding and that it begins like this.
fn one(findings: Vec<Finding>, start: &str) {
    let found = lines(findings);
    assert_eq!(found.len(), 1, "expected {start}, found {found:#?}");
    assert!(found[0].starts_with(start), "expected {start}, found {}", found[0]);
}

#[test]
fn the_capability_knows_clusters_by_arn() {
    let at = |server| Cluster { server: Attr::Known(server), ..Cluster::default() };
    assert_eq!(cluster_for(&at(ARN), EksCapability), []);
    for server in [IN_CLUSTER, "https://kubernetes.default.svc.cluster.local:443/"] {
        one(
            cluster_for(&at(server), EksCapability),
            &format!(
                "server: {server:?} is not a cluster to the EKS capability, which runs outside"
            ),
        );
    }
    one(
        cluster_for(&at(URL), EksCapability),
        "server: \"https://10.0.0.1:6443\" is not an ARN, arn:PARTITION:",
    );
    let role = "arn:aws:iam::123456789012:role/a";
    one(
        cluster_for(&at(role), EksCapability),
        "server: \"arn:aws:iam::123456789012:role/a\" is not the ARN of an EKS cluster",
    );
}

#[test]
fn argo_cd_of_ones_own_knows_clusters_by_url() {
    let at = |server| Cluster { server: Attr::Known(server), ..Cluster::default() };
    assert_eq!(cluster_for(&at(URL), SelfManaged), []);
    assert_eq!(cluster_for(&at(IN_CLUSTER), SelfManaged), []);
    one(
        cluster_for(&at(ARN), SelfManaged),
        "server: \"arn:aws:eks:eu-west-1:123456789012:cluster/main\" is an ARN, which only the EKS",
    );
    one(cluster_for(&at("main"), SelfManaged), "server: \"main\" is not an http or https URL");
}

#[test]
fn the_capability_needs_no_credentials() {
    let with = Cluster {
        server: ARN.into(),
        config: ClusterConfig { bearer_token: ().into(), ..ClusterConfig::default() }.into(),
        ..Cluster::default()
    };
    one(
        cluster_for(&with, EksCapability),
        "config: the EKS capability logs in by an access entry for its role",
    );
}

/// The findings for a self-managed cluster with this configuration.
fn configured(config: ClusterConfig<'_>) -> Vec<Finding> {
    let with = Cluster { server: URL.into(), config: config.into(), ..Cluster::default() };
    cluster(&with)
}

#[test]
fn there_is_one_way_to_log_in() {
    let base = ClusterConfig::default;
    let basic = ClusterConfig { username: ().into(), password: ().into(), ..base() };
    let role = AwsAuthConfig { role_arn: "arn:aws:iam::123456789012:role/a".into() };
    for config in [
        base(),
        basic.clone(),
        ClusterConfig { bearer_token: ().into(), ..base() },
        ClusterConfig { aws_auth_config: role.clone().into(), ..base() },
        ClusterConfig {
            exec_provider_config: ().into(),
            proxy_url: "socks5://a:1".into(),
            ..base()
        },
        ClusterConfig { username: ().into(), password: Attr::Unknown, ..base() },
        ClusterConfig { bearer_token: Attr::Unknown, exec_provider_config: ().into(), ..base() },
    ] {
        assert_eq!(lines(configured(config)), [""; 0]);
    }
    one(
        configured(ClusterConfig { bearer_token: ().into(), ..basic }),
        "config: it has username and password and a bearer token: there is one way to log in",
    );
    one(
        configured(ClusterConfig {
            aws_auth_config: role.into(),
            exec_provider_config: ().into(),
            ..base()
        }),
        "config: it has aws_auth_config and exec_provider_config: there is one way",
    );
    one(
        configured(ClusterConfig { username: ().into(), ..base() }),
        "config: username and password come together",
    );
    let not_a_role = AwsAuthConfig { role_arn: ARN.into() };
    one(
        configured(ClusterConfig { aws_auth_config: not_a_role.into(), ..base() }),
        "config.aws_auth_config.role_arn: \"arn:aws:eks:",
    );
    one(
        configured(ClusterConfig { proxy_url: "proxy:3128".into(), ..base() }),
        "config.proxy_url: \"proxy:3128\" is not the URL of a proxy",
    );
}

#[test]
fn the_cluster_of_argo_cd_itself_needs_no_aws_or_program() {
    let with = Cluster {
        server: IN_CLUSTER.into(),
        config: ClusterConfig {
            aws_auth_config: AwsAuthConfig::default().into(),
            ..ClusterConfig::default()
        }
        .into(),
        ..Cluster::default()
    };
    one(
        cluster(&with),
        "warning config: aws_auth_config has no effect for the cluster that Argo CD runs in",
    );
}

#[test]
fn tls_is_verified_or_it_is_not() {
    let with = |tls: TlsClientConfig| {
        configured(ClusterConfig { tls_client_config: tls.into(), ..ClusterConfig::default() })
    };
    let base = TlsClientConfig::default;
    for tls in [
        base(),
        TlsClientConfig { insecure: true.into(), ..base() },
        TlsClientConfig { insecure: false.into(), ca_data: ().into(), ..base() },
        TlsClientConfig { cert_data: ().into(), key_data: ().into(), ..base() },
        TlsClientConfig { cert_data: ().into(), key_data: Attr::Unknown, ..base() },
    ] {
        assert_eq!(lines(with(tls)), [""; 0]);
    }
    one(
        with(TlsClientConfig { insecure: true.into(), ca_data: ().into(), ..base() }),
        "config.tls_client_config.insecure: insecure = true does not go with ca_data",
    );
    one(
        with(TlsClientConfig { key_data: ().into(), ..base() }),
        "config.tls_client_config: cert_data and key_data come together",
    );
}

#[test]
fn the_rest_of_a_registration() {
    let base = || Cluster { server: URL.into(), ..Cluster::default() };
    for (registration, finding) in [
        (Cluster { name: "".into(), ..base() }, "name: it must not be empty"),
        (
            Cluster { namespaces: vec!["a", "B"].into(), ..base() },
            "namespaces[1]: as the name of a namespace, \"B\" is not",
        ),
        (
            Cluster { cluster_resources: true.into(), ..base() },
            "warning cluster_resources: it has no effect without namespaces",
        ),
        (Cluster { shard: Attr::Known(-1), ..base() }, "shard: -1 is below 0"),
    ] {
        one(cluster(&registration), finding);
    }
    let scoped = Cluster {
        namespaces: vec!["a"].into(),
        cluster_resources: true.into(),
        shard: 0.into(),
        ..base()
    };
    assert_eq!(cluster(&scoped), []);
    let perhaps = Cluster { namespaces: Attr::Unknown, cluster_resources: true.into(), ..base() };
    assert_eq!(cluster(&perhaps), []);
}
