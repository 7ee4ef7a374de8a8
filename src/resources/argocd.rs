//! Argo CD: its objects in a cluster, and what they have in common.

mod ailing;
pub mod app_project;
pub mod application;
pub mod application_set;
mod check;
pub mod cluster;
pub mod config;
mod leaving;
pub mod operation;
mod peers;
mod profile;
pub mod repository;
pub mod repository_credentials;
pub mod rules;
pub mod secret;
pub mod subscriptions;

use crate::framework::{Attr, Model};
use crate::resources::object::meta::CommonMeta;

/// The namespace that Argo CD is installed to unless somebody says otherwise.
pub const NAMESPACE: &str = "argocd";

/// An object that Argo CD looks for in its own namespace.
#[derive(Clone, Debug, Default, Model)]
pub struct ArgocdMeta {
    /// Name of the object, unique within its namespace.
    #[attr(required, replace, identity, api = "/metadata/name", check = crate::framework::checks::dns_subdomain)]
    pub name: Attr<String>,
    /// Namespace of the object. The EKS capability looks only into the one namespace that it was
    /// created with; `argocd` when not set.
    #[attr(default = NAMESPACE, replace, identity, api = "/metadata/namespace", check = crate::framework::checks::dns_label)]
    pub namespace: Attr<String>,
    /// Which Argo CD reads the object: the managed one of an EKS capability (`eks_capability`) or
    /// one that runs in the cluster itself (`self_managed`). It decides which rules a plan is
    /// checked by; the provider's `argo_cd` when not set.
    #[attr(local, one_of = ["eks_capability", "self_managed"])]
    pub argo_cd: Attr<String>,
    /// What is common to all objects.
    #[attr(flatten)]
    pub common: CommonMeta,
}
