//! What every object of a cluster has in common, and where it lives.

use std::collections::BTreeMap;

use crate::clients::kube::{self, Target};
use crate::framework::{Attr, Diagnostics, Error, Model, Path, Result, Secret, Timeouts};

/// An object that lives in a namespace.
#[derive(Clone, Debug, Default, Model)]
pub struct ObjectMeta {
    /// Name of the object, unique within its namespace.
    #[attr(required, replace, identity, api = "/metadata/name", check = crate::framework::checks::dns_subdomain)]
    pub name: Attr<String>,
    /// Namespace of the object.
    #[attr(required, replace, identity, api = "/metadata/namespace", check = crate::framework::checks::dns_label)]
    pub namespace: Attr<String>,
    /// What is common to all objects.
    #[attr(flatten)]
    pub common: CommonMeta,
}

/// An object of the whole cluster, in no namespace.
#[derive(Clone, Debug, Default, Model)]
pub struct ClusterMeta {
    /// Name of the object, unique within the cluster.
    #[attr(required, replace, identity, api = "/metadata/name", check = crate::framework::checks::dns_subdomain)]
    pub name: Attr<String>,
    /// What is common to all objects.
    #[attr(flatten)]
    pub common: CommonMeta,
}

/// Labels, annotations, the cluster and the time-outs.
#[derive(Clone, Debug, Default, Model)]
pub struct CommonMeta {
    /// Labels of the object. Others that controllers or people add are left alone.
    #[attr(api = "/metadata/labels", check = crate::framework::checks::label_value)]
    pub labels: Attr<BTreeMap<String, String>>,
    /// Annotations of the object. Others that controllers or people add are left alone.
    #[attr(api = "/metadata/annotations")]
    pub annotations: Attr<BTreeMap<String, String>>,
    /// The cluster that the object lives in; the provider's `cluster` when not set.
    #[attr(local)]
    pub cluster: Attr<ClusterRef>,
    /// How much of the object is managed here: with `full` all that the configuration sets, always;
    /// with `bootstrap` the object is made when it is missing, and is left to others, such as
    /// GitOps, from then on; with `observe` it is only read, and has to be there. `full` when not
    /// set.
    #[attr(local, one_of = ["full", "bootstrap", "observe"])]
    pub management: Attr<String>,
    /// What a destroy does, as the last apply has it: `delete` deletes the object and with it what
    /// it has made or deployed; `orphan` deletes the object alone; `abandon` leaves the object as
    /// it is, and gives up the fields that are managed here. `delete` when not set; an object that
    /// is only observed stays in any case.
    #[attr(local, one_of = ["delete", "orphan", "abandon"])]
    pub on_destroy: Attr<String>,
    /// How long each operation may take, waiting included.
    #[attr(block, local)]
    pub timeouts: Attr<Timeouts>,
}

/// Where a cluster is and how to log in, in one of three forms: an EKS cluster
/// by `name`; any cluster by `host`; or a context of a kubeconfig file by
/// `config_path`. Nothing else is ever tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ClusterRef {
    /// Name of an EKS cluster. Its endpoint is looked up when it is needed, and tokens are made
    /// from the AWS credentials of the run.
    pub name: Attr<String>,
    /// Region of the EKS cluster; the provider's when not set.
    #[attr(check = crate::framework::checks::region)]
    pub region: Attr<String>,
    /// IAM role to assume for the EKS cluster, on top of the provider's credentials.
    #[attr(check = crate::framework::checks::iam_role_arn)]
    pub role_arn: Attr<String>,
    /// URL of the API server, as in `https://10.0.0.1:6443`.
    pub host: Attr<String>,
    /// Bearer token.
    pub token: Attr<Secret>,
    /// Program that prints a token.
    pub exec: Attr<Exec>,
    /// User name of basic authentication.
    pub username: Attr<String>,
    /// Password of basic authentication.
    pub password: Attr<Secret>,
    /// Certificate of the client, PEM.
    pub client_certificate: Attr<String>,
    /// Private key of the client, PEM.
    pub client_key: Attr<Secret>,
    /// Certificates that sign the API server's own, PEM.
    pub cluster_ca_certificate: Attr<String>,
    /// Do not verify the API server's certificate.
    pub insecure: Attr<bool>,
    /// Name that the API server's certificate is checked for, when it is not the host's.
    pub tls_server_name: Attr<String>,
    /// Proxy to reach the API server by.
    pub proxy_url: Attr<String>,
    /// Path of a kubeconfig file.
    pub config_path: Attr<String>,
    /// Paths of kubeconfig files that are merged.
    pub config_paths: Attr<Vec<String>>,
    /// Context of the kubeconfig file; its current one when not set.
    pub config_context: Attr<String>,
    /// User of the kubeconfig file, where it is not the context's.
    pub config_context_auth_info: Attr<String>,
    /// Cluster of the kubeconfig file, where it is not the context's.
    pub config_context_cluster: Attr<String>,
    /// Use the service account of the pod that the run happens in.
    pub in_cluster: Attr<bool>,
}

impl ClusterRef {
    /// Checks the attribute and says which cluster it means.
    ///
    /// # Errors
    /// When it is not of exactly one form, or a part is not known yet; the path
    /// says which attribute.
    pub fn target(&self) -> Result<Target> {
        // Taken as not set, a region or a role would lead to another cluster.
        let unknown = self.clone().into_value().unknown_parts(&Path::attribute("cluster"));
        if !unknown.is_empty() {
            return Err(Self::unknown(&unknown));
        }
        let text = |attr: &Attr<String>| attr.known().cloned();
        let secret = |attr: &Attr<Secret>| attr.known().map(|secret| secret.expose().into());
        let exec = self.exec.known().map(|exec| kube::Exec {
            api_version: text(&exec.api_version).unwrap_or_default(),
            command: text(&exec.command).unwrap_or_default(),
            args: exec.args.known().cloned().unwrap_or_default(),
            env: exec.env.known().cloned().unwrap_or_default(),
        });
        kube::ClusterAttribute {
            name: text(&self.name),
            region: text(&self.region),
            role_arn: text(&self.role_arn),
            host: text(&self.host),
            token: secret(&self.token),
            exec,
            client_certificate: text(&self.client_certificate),
            client_key: secret(&self.client_key),
            username: text(&self.username),
            password: secret(&self.password),
            cluster_ca_certificate: text(&self.cluster_ca_certificate),
            insecure: self.insecure.known().copied(),
            tls_server_name: text(&self.tls_server_name),
            proxy_url: text(&self.proxy_url),
            config_path: text(&self.config_path),
            config_paths: self.config_paths.known().cloned(),
            config_context: text(&self.config_context),
            config_context_auth_info: text(&self.config_context_auth_info),
            config_context_cluster: text(&self.config_context_cluster),
            in_cluster: self.in_cluster.known().copied(),
        }
        .target(&Path::attribute("cluster"))
    }

    /// Refuses an attribute that is of no form; one that is not wholly known passes.
    pub fn check(own: &Attr<Self>, diagnostics: &mut Diagnostics) {
        if let Attr::Known(cluster) = own
            && let Err(error) = cluster.target()
            && !error.is_premature()
        {
            diagnostics.error(&error);
        }
    }

    /// The cluster is needed now, and these parts of the attribute are known only after apply.
    pub fn unknown(parts: &[Path]) -> Error {
        Error::premature(format!(
            "the cluster is not known yet: {} known only after apply",
            Path::are(parts)
        ))
        .at(parts.first().cloned().unwrap_or_default())
        .advise(
            "Apply what that follows from first (with -target, or in a configuration of its own), \
             or set it to something that is known when planning, such as the cluster's name.",
        )
    }

    /// Whether the two mean different clusters for sure.
    pub fn differs(&self, other: &Self) -> bool {
        let clash = |a: &Attr<String>, b: &Attr<String>| {
            a.known().zip(b.known()).is_some_and(|(a, b)| a != b)
        };
        clash(&self.name, &other.name)
            || clash(&self.region, &other.region)
            || clash(&self.host, &other.host)
            || clash(&self.config_context, &other.config_context)
    }
}

/// A program that prints credentials, by the client authentication API of Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Exec {
    /// Version of the API that the program speaks, as in `client.authentication.k8s.io/v1`.
    #[attr(required)]
    pub api_version: Attr<String>,
    /// The program.
    #[attr(required)]
    pub command: Attr<String>,
    /// Its arguments.
    pub args: Attr<Vec<String>>,
    /// Variables for its environment, beside the run's own.
    pub env: Attr<BTreeMap<String, String>>,
}
