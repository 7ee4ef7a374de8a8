//! `gitops_application`: what Argo CD deploys, from where and to where.

pub mod helm;
pub mod hydrator;
pub mod image_updater;
pub mod kustomize;
mod lifecycle;
pub mod source;
pub mod sync_policy;
pub mod wait;

use crate::framework::{Attr, Model, Set};

use super::ArgocdMeta;
use super::subscriptions::Subscription;
use hydrator::SourceHydrator;
use image_updater::ImageUpdater;
use source::Source;
use sync_policy::SyncPolicy;

/// An Argo CD Application: manifests from Git, a Helm repository or an OCI
/// registry, kept in step with a namespace of a cluster.
///
/// Exactly one of `source`, `sources` and `source_hydrator` says where the
/// manifests are. With `wait`, an apply ends when Argo CD has deployed them.
#[derive(Clone, Debug, Default, Model)]
pub struct Application {
    /// What is common to the objects of Argo CD.
    #[attr(flatten)]
    pub metadata: ArgocdMeta,
    /// What is deployed.
    #[attr(flatten)]
    pub spec: ApplicationSpec,
    /// Who hears of the application, by Argo CD's notifications: an annotation for each trigger and
    /// service. Others that people subscribe by are left alone.
    #[attr(local)]
    pub notifications: Attr<Vec<Subscription>>,
    /// What Argo CD's Image Updater keeps up to date in the application, and how: the annotations
    /// that it reads.
    #[attr(local)]
    pub image_updater: Attr<ImageUpdater>,
    /// Wait at the end of a create or an update until Argo CD has caught up; `{}` waits for
    /// everything. Without it, an apply ends as soon as the object is written.
    #[attr(local)]
    pub wait: Attr<ApplicationWait>,
    /// What becomes of the deployed resources when the application is deleted, here or by somebody
    /// else: `foreground` deletes them and waits for their dependents, `background` deletes them and
    /// leaves the dependents to Kubernetes, `orphan` leaves all of them in place. `foreground` when
    /// not set. A destroy with `on_destroy = "orphan"` leaves them in place whatever this says.
    #[attr(local, default = "foreground", one_of = ["foreground", "background", "orphan"])]
    pub cascade: Attr<String>,
    /// Paths of attributes that somebody else may change after they were set here, as in
    /// `source.target_revision` or `source.helm.parameters`: they are written at the creation and
    /// let be from then on.
    #[attr(local)]
    pub ignore_fields: Attr<Set<String>>,
}

/// What an application deploys, from where, to where and how.
///
/// An application has it beside its metadata, an application set as the
/// template of those that it generates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ApplicationSpec {
    /// Name of the project (`gitops_app_project`) that the application belongs to and whose limits
    /// it keeps; `default` when not set.
    #[attr(default = "default", check = crate::framework::checks::dns_subdomain)]
    pub project: Attr<String>,
    /// Where the manifests are, when they come from one place.
    pub source: Attr<Source>,
    /// Where the manifests are, when they come from several places: what all of them render is
    /// deployed together. A source with `ref` lends its files to the others.
    pub sources: Attr<Vec<Source>>,
    /// Renders manifests from one branch and pushes them to another, which is then deployed. Needs
    /// an Argo CD with the hydrator turned on.
    pub source_hydrator: Attr<SourceHydrator>,
    /// Cluster and namespace to deploy to.
    #[attr(required)]
    pub destination: Attr<Destination>,
    /// When and how to synchronise. Without `automated` in it, somebody has to start each
    /// synchronisation.
    pub sync_policy: Attr<SyncPolicy>,
    /// Differences between what is wanted and what is live that do not count.
    pub ignore_differences: Attr<Vec<IgnoreDifferences>>,
    /// Facts to show beside the application in the user interface, such as links and contacts.
    pub info: Attr<Vec<Info>>,
    /// How many past deployments are remembered, for rollbacks; 0 remembers none. Argo CD keeps 10
    /// when not set.
    #[attr(range(0, i64::MAX))]
    pub revision_history_limit: Attr<i64>,
}

/// Where an application is deployed to: a cluster, by exactly one of `server`
/// and `name`, and a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Destination {
    /// The cluster by its `server`: the ARN of an EKS cluster for the EKS capability, the URL of
    /// the API server otherwise (`https://kubernetes.default.svc` is the cluster that Argo CD runs
    /// in).
    pub server: Attr<String>,
    /// The cluster by the name that it is registered with.
    pub name: Attr<String>,
    /// Namespace for those resources whose manifests name none.
    #[attr(check = crate::framework::checks::dns_label)]
    pub namespace: Attr<String>,
}

/// Which resources are compared less strictly, and in what. At least one of
/// `json_pointers`, `jq_path_expressions` and `managed_fields_managers` says
/// what is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct IgnoreDifferences {
    /// API group of the resources, `*` for any; the core group when not set.
    pub group: Attr<String>,
    /// Kind of the resources, `*` for any.
    #[attr(required)]
    pub kind: Attr<String>,
    /// Only the resource of this name.
    pub name: Attr<String>,
    /// Only resources of this namespace.
    pub namespace: Attr<String>,
    /// Fields to leave out, as JSON pointers: `/spec/replicas`.
    pub json_pointers: Attr<Vec<String>>,
    /// Fields to leave out, as jq expressions: `.spec.template.spec.initContainers[]`.
    pub jq_path_expressions: Attr<Vec<String>>,
    /// Field managers whose fields are left out.
    pub managed_fields_managers: Attr<Vec<String>>,
}

/// A fact to show beside the application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Info {
    /// What it is.
    #[attr(required)]
    pub name: Attr<String>,
    /// Text or a URL.
    #[attr(required)]
    pub value: Attr<String>,
}

/// What an apply waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ApplicationWait {
    /// Until the live resources are as the sources have them; on when not set.
    #[attr(default = true)]
    pub synced: Attr<bool>,
    /// Until every resource is healthy; on when not set.
    #[attr(default = true)]
    pub healthy: Attr<bool>,
    /// Until no synchronisation is going on; on when not set.
    #[attr(default = true)]
    pub operation: Attr<bool>,
    /// End with an error as soon as the application is degraded or its synchronisation has failed
    /// for good, rather than wait for somebody to repair it; on when not set.
    #[attr(default = true)]
    pub fail_on_degraded: Attr<bool>,
}
