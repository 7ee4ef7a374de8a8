//! Rules for the registration of a cluster.

use super::{is_in_cluster, proxy_url, server};
use crate::framework::checks::{Finding, Findings, iam_role_arn, namespace};
use crate::framework::{Attr, Path};
use crate::provider::ArgoCd;

/// What the rules look at in the registration of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Cluster<'a> {
    /// `name`.
    pub name: Attr<&'a str>,
    /// `server`.
    pub server: Attr<&'a str>,
    /// `namespaces`.
    pub namespaces: Attr<Vec<&'a str>>,
    /// `cluster_resources`.
    pub cluster_resources: Attr<bool>,
    /// `shard`.
    pub shard: Attr<i64>,
    /// `config`.
    pub config: Attr<ClusterConfig<'a>>,
}

/// `config`: how to log in. Of secrets only whether they are there.
#[derive(Clone, Debug, Default)]
pub struct ClusterConfig<'a> {
    /// Whether there is a `username`.
    pub username: Attr<()>,
    /// Whether there is a password, in either form.
    pub password: Attr<()>,
    /// Whether there is a bearer token, in either form.
    pub bearer_token: Attr<()>,
    /// `aws_auth_config`.
    pub aws_auth_config: Attr<AwsAuthConfig<'a>>,
    /// Whether there is an `exec_provider_config`.
    pub exec_provider_config: Attr<()>,
    /// `tls_client_config`.
    pub tls_client_config: Attr<TlsClientConfig>,
    /// `proxy_url`.
    pub proxy_url: Attr<&'a str>,
}

/// `config.aws_auth_config`.
#[derive(Clone, Debug, Default)]
pub struct AwsAuthConfig<'a> {
    /// `role_arn`.
    pub role_arn: Attr<&'a str>,
}

/// `config.tls_client_config`.
#[derive(Clone, Debug, Default)]
pub struct TlsClientConfig {
    /// `insecure`.
    pub insecure: Attr<bool>,
    /// Whether there is a `ca_data`.
    pub ca_data: Attr<()>,
    /// Whether there is a `cert_data`.
    pub cert_data: Attr<()>,
    /// Whether there is a key, in either form.
    pub key_data: Attr<()>,
}

/// Rules for the registration of a cluster, whoever runs Argo CD.
pub fn cluster(cluster: &Cluster<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    if cluster.name == Attr::Known("") {
        findings.error(Path::attribute("name"), "it must not be empty");
    }
    findings.check_each(&Path::attribute("namespaces"), &cluster.namespaces, namespace);
    let all_namespaces = match &cluster.namespaces {
        Attr::Known(namespaces) => namespaces.is_empty(),
        other => other.is_null(),
    };
    if cluster.cluster_resources == Attr::Known(true) && all_namespaces {
        findings.warn(
            Path::attribute("cluster_resources"),
            "it has no effect without namespaces: resources of the cluster are managed anyway",
        );
    }
    if let Attr::Known(shard @ ..0) = cluster.shard {
        findings.error(Path::attribute("shard"), format!("{shard} is below 0"));
    }
    if let Attr::Known(config) = &cluster.config {
        config.check(&cluster.server, &Path::attribute("config"), &mut findings);
    }
    findings.into_vec()
}

/// Rules for the registration of a cluster with this Argo CD.
pub fn cluster_for(cluster: &Cluster<'_>, argo_cd: ArgoCd) -> Vec<Finding> {
    let mut findings = Findings::default();
    server(&cluster.server, argo_cd, &Path::attribute("server"), &mut findings);
    if argo_cd == ArgoCd::EksCapability && cluster.config.known().is_some() {
        let rule = "the EKS capability logs in by an access entry for its role: leave config out";
        findings.error(Path::attribute("config"), rule);
    }
    findings.into_vec()
}

impl ClusterConfig<'_> {
    fn check(&self, server: &Attr<&str>, path: &Path, findings: &mut Findings) {
        let known = |part: &Attr<()>| part.known().is_some();
        let basic = known(&self.username) || known(&self.password);
        let ways = [
            ("username and password", basic),
            ("a bearer token", known(&self.bearer_token)),
            ("aws_auth_config", self.aws_auth_config.known().is_some()),
            ("exec_provider_config", known(&self.exec_provider_config)),
        ];
        let set: Vec<&str> = ways.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
        if set.len() > 1 {
            let ways = set.join(" and ");
            findings.error(path.clone(), format!("it has {ways}: there is one way to log in"));
        }
        if basic && (self.username.is_null() || self.password.is_null()) {
            findings.error(path.clone(), "username and password come together");
        }
        if let Attr::Known(aws) = &self.aws_auth_config {
            let at = path.field("aws_auth_config").field("role_arn");
            findings.check(&at, &aws.role_arn, iam_role_arn);
        }
        findings.check(&path.field("proxy_url"), &self.proxy_url, proxy_url);
        if let Attr::Known(tls) = &self.tls_client_config {
            tls.check(&path.field("tls_client_config"), findings);
        }
        if let Attr::Known(text) = server
            && is_in_cluster(text)
            && set.iter().any(|way| way.ends_with("_config"))
        {
            let ways = set.join(" and ");
            let rule = format!("{ways} has no effect for the cluster that Argo CD runs in");
            findings.warn(path.clone(), rule);
        }
    }
}

impl TlsClientConfig {
    fn check(&self, path: &Path, findings: &mut Findings) {
        // The client for Kubernetes refuses this pair.
        if self.insecure == Attr::Known(true) && self.ca_data.known().is_some() {
            let rule = "insecure = true does not go with ca_data: nothing would be verified by it";
            findings.error(path.field("insecure"), rule);
        }
        let pair = [&self.cert_data, &self.key_data];
        if pair.iter().any(|part| part.known().is_some()) && pair.iter().any(|part| part.is_null())
        {
            findings.error(path.clone(), "cert_data and key_data come together");
        }
    }
}
