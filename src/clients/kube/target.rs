//! Where a cluster is, and how to log in to it.
//!
//! A [`Target`] is made from the attribute `cluster`, which has the same shape
//! on the provider and on every resource that lives in a cluster. It says
//! exactly one of four things, and nothing is guessed when it says none: no
//! `localhost`, no service account of the machine that happens to run
//! Terraform, no kubeconfig that happens to lie around.

use std::collections::BTreeMap;
use std::fmt;

use url::Url;

use crate::framework::Secret;

/// One cluster and one way to log in to it. Equal targets share a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// An Amazon EKS cluster, found by its name; tokens are made from the AWS
    /// credentials of the run.
    Eks(Eks),
    /// An API server by its URL.
    Direct(Box<Direct>),
    /// A context of one or more kubeconfig files.
    Kubeconfig(Kubeconfig),
    /// The cluster in which Terraform itself runs, as the service account of
    /// its pod. Only on request (`in_cluster = true`).
    InCluster,
}

/// An EKS cluster by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eks {
    /// Name of the cluster.
    pub name: String,
    /// Region of the cluster; the provider's when absent.
    pub region: Option<String>,
    /// Role to assume for describing the cluster and for logging in to it.
    pub role_arn: Option<String>,
}

/// An API server by URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Direct {
    /// `https://` URL of the API server, perhaps with a path.
    pub host: Url,
    /// How to log in.
    pub login: Login,
    /// Certificates that the server's certificate must come from, as PEM or
    /// base64 of PEM (the form in which AWS returns it); the system's when
    /// absent.
    pub cluster_ca_certificate: Option<String>,
    /// Whether any certificate of the server is accepted.
    pub insecure: bool,
    /// Name that the server's certificate must have, when it is not the host's.
    pub tls_server_name: Option<String>,
    /// `http://` or `https://` URL of a proxy for this cluster alone.
    pub proxy_url: Option<Url>,
}

/// How to log in to an API server given by URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Login {
    /// A bearer token.
    Token(Secret),
    /// A program that prints a token or a certificate.
    Exec(Exec),
    /// A client certificate and its key, both PEM.
    Certificate {
        /// The certificate, with its chain.
        certificate: String,
        /// The private key.
        key: Secret,
    },
    /// Basic authentication.
    Password {
        /// Name of the user.
        username: String,
        /// The user's password.
        password: Secret,
    },
}

/// A credential plugin of `client.authentication.k8s.io`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exec {
    /// `client.authentication.k8s.io/v1` or `…/v1beta1`.
    pub api_version: String,
    /// Program, looked up in `PATH` unless it has a slash.
    pub command: String,
    /// Arguments.
    pub args: Vec<String>,
    /// Environment, added to that of the provider.
    pub env: BTreeMap<String, String>,
}

/// A context of kubeconfig files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kubeconfig {
    /// The files, the first one winning; `~/` means the home directory.
    pub paths: Vec<String>,
    /// Context; the file's current one when absent.
    pub context: Option<String>,
    /// User to take instead of the context's.
    pub user: Option<String>,
    /// Cluster to take instead of the context's.
    pub cluster: Option<String>,
}

impl fmt::Display for Target {
    /// As error messages name it: `EKS cluster "main" (eu-west-1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eks(Eks { name, region: Some(region), .. }) => {
                write!(f, "EKS cluster {name:?} ({region})")
            }
            Self::Eks(Eks { name, .. }) => write!(f, "EKS cluster {name:?}"),
            Self::Direct(direct) => {
                write!(f, "the cluster at {}", direct.host.as_str().trim_end_matches('/'))
            }
            Self::Kubeconfig(Kubeconfig { context: Some(context), paths, .. }) => {
                write!(f, "the cluster of context {context:?} in {}", paths.join(", "))
            }
            Self::Kubeconfig(Kubeconfig { paths, .. }) => {
                write!(f, "the cluster of the current context in {}", paths.join(", "))
            }
            Self::InCluster => f.write_str("the cluster that Terraform runs in"),
        }
    }
}
