//! `gitops_argocd_config`: the settings of an Argo CD.
//!
//! Argo CD has no kind of its own for them: they are texts in four
//! `ConfigMaps` and a Secret, under keys that many may write. [`data`] converts, [`live`]
//! holds the objects, [`check`] has the rules.

mod check;
pub mod customization;
mod data;
mod lifecycle;
mod list;
mod live;
pub mod notifications;
mod policy;
pub mod rbac;
pub mod ui;

use std::collections::BTreeMap;

use super::NAMESPACE;
use crate::framework::{Attr, Model, Timeouts};
use crate::resources::object::ClusterRef;
use customization::{CompareOptions, Customization, FilteredResource};
use notifications::Notifications;
use rbac::Rbac;
use ui::{Account, Helm, Jsonnet, Kustomize, Ui};

pub use list::Configs;

/// The settings of an Argo CD: keys of its `ConfigMaps` `argocd-cm`, `argocd-rbac-cm`,
/// `argocd-notifications-cm` and `argocd-cmd-params-cm`, and of the Secret
/// `argocd-notifications-secret`.
///
/// Only the keys that are configured here are managed here: others in the same `ConfigMaps`, by
/// whoever installed Argo CD, are left as they are. A destroy takes away the keys that were set
/// here, and a `ConfigMap` only when nothing of others is in it. There is one of these for each
/// namespace of an Argo CD.
///
/// The EKS capability honours a part of `argocd-cm` and nothing else; the rest is refused when
/// planning.
#[derive(Clone, Debug, Default, Model)]
pub struct ArgocdConfig {
    /// Namespace of Argo CD, which its settings have to be in; `argocd` when not set.
    #[attr(default = NAMESPACE, local, replace, identity, check = crate::framework::checks::dns_label)]
    pub namespace: Attr<String>,
    /// Which Argo CD reads the settings: the managed one of an EKS capability (`eks_capability`) or
    /// one that runs in the cluster itself (`self_managed`). The provider's `argo_cd` when not set.
    #[attr(local, one_of = ["eks_capability", "self_managed"])]
    pub argo_cd: Attr<String>,
    /// The cluster that Argo CD's objects live in; the provider's `cluster` when not set.
    #[attr(local)]
    pub cluster: Attr<ClusterRef>,
    /// How long each operation may take, waiting included.
    #[attr(block, local)]
    pub timeouts: Attr<Timeouts>,
    /// How kinds of resources are judged and compared, by group and kind as in
    /// `cert-manager.io_Certificate` or, for the core group, `Pod`; `all` for every kind.
    #[attr(api = "/argocd-cm/@customizations")]
    pub resource_customizations: Attr<BTreeMap<String, Customization>>,
    /// Resources that Argo CD does not look at.
    #[attr(api = "/argocd-cm/resource.exclusions")]
    pub resource_exclusions: Attr<Vec<FilteredResource>>,
    /// The only resources that Argo CD looks at; all when not set.
    #[attr(api = "/argocd-cm/resource.inclusions")]
    pub resource_inclusions: Attr<Vec<FilteredResource>>,
    /// How live resources are compared with what is wanted.
    #[attr(api = "/argocd-cm/resource.compareoptions")]
    pub resource_compare_options: Attr<CompareOptions>,
    /// Whether `ignore_resource_updates` are applied; on when not set.
    #[attr(api = "/argocd-cm/resource.ignoreResourceUpdatesEnabled")]
    pub resource_ignore_resource_updates_enabled: Attr<bool>,
    /// Watch only resources that Argo CD may list: `normal` asks once, `strict` asks the API server
    /// about each. Off when not set.
    #[attr(api = "/argocd-cm/resource.respectRBAC", one_of = ["normal", "strict"])]
    pub resource_respect_rbac: Attr<String>,
    /// Keys of labels that are shown beside resources.
    #[attr(api = "/argocd-cm/resource.customLabels", check = check::listed)]
    pub resource_custom_labels: Attr<Vec<String>>,
    /// Keys of labels of applications and projects, or patterns, that events get.
    #[attr(api = "/argocd-cm/resource.includeEventLabelKeys", check = check::listed)]
    pub resource_include_event_label_keys: Attr<Vec<String>>,
    /// Keys of labels, or patterns, that events do not get.
    #[attr(api = "/argocd-cm/resource.excludeEventLabelKeys", check = check::listed)]
    pub resource_exclude_event_label_keys: Attr<Vec<String>>,
    /// Keys of annotations whose values are masked where Secrets are shown.
    #[attr(api = "/argocd-cm/resource.sensitive.mask.annotations", check = check::listed)]
    pub resource_sensitive_mask_annotations: Attr<Vec<String>>,
    /// How it is remembered which application a resource belongs to: by an `annotation`, a
    /// `label`, or both (`annotation+label`). `annotation` when not set.
    #[attr(
        api = "/argocd-cm/application.resourceTrackingMethod",
        one_of = ["annotation", "annotation+label", "label"]
    )]
    pub resource_tracking_method: Attr<String>,
    /// Key of the label with the application's name; `app.kubernetes.io/instance` when not set.
    #[attr(
        api = "/argocd-cm/application.instanceLabelKey",
        check = crate::framework::checks::label_key
    )]
    pub instance_label_key: Attr<String>,
    /// Tells this Argo CD from others that deploy to the same clusters.
    #[attr(api = "/argocd-cm/installationID")]
    pub installation_id: Attr<String>,
    /// The user interface: a banner and a style sheet.
    #[attr(api = "/argocd-cm")]
    pub ui: Attr<Ui>,
    /// How Kustomize renders.
    #[attr(api = "/argocd-cm")]
    pub kustomize: Attr<Kustomize>,
    /// How Helm renders.
    #[attr(api = "/argocd-cm")]
    pub helm: Attr<Helm>,
    /// How Jsonnet renders.
    #[attr(api = "/argocd-cm")]
    pub jsonnet: Attr<Jsonnet>,
    /// URL under which users reach Argo CD.
    #[attr(api = "/argocd-cm/url", check = crate::framework::checks::url_http)]
    pub url: Attr<String>,
    /// Further URLs under which users reach Argo CD.
    #[attr(api = "/argocd-cm/additionalUrls", check = crate::framework::checks::url_http)]
    pub additional_urls: Attr<Vec<String>>,
    /// Local users by name, beside `admin`.
    #[attr(api = "/argocd-cm/@accounts")]
    pub accounts: Attr<BTreeMap<String, Account>>,
    /// Whether the user `admin` may log in; on when not set.
    #[attr(api = "/argocd-cm/admin.enabled")]
    pub admin_enabled: Attr<bool>,
    /// Whether people who have not logged in have the default role; off when not set.
    #[attr(api = "/argocd-cm/users.anonymous.enabled")]
    pub users_anonymous_enabled: Attr<bool>,
    /// How long a login lasts, as in `24h`; a day when not set.
    #[attr(
        api = "/argocd-cm/users.session.duration",
        check = crate::framework::checks::go_duration,
        same = crate::framework::checks::same_go_duration
    )]
    pub users_session_duration: Attr<String>,
    /// Single sign-on by `OpenID` Connect, a YAML or JSON document as Argo CD has it, from
    /// `yamlencode(...)`. A `clientSecret` in it names a key of the Secret `argocd-secret`, as in
    /// `$oidc.clientSecret`.
    #[attr(
        api = "/argocd-cm/oidc.config",
        check = check::sso,
        same = crate::framework::yaml::same
    )]
    pub oidc_config: Attr<String>,
    /// Single sign-on by Dex, a YAML or JSON document as Dex has it, from `yamlencode(...)`. Secrets
    /// in it name keys of the Secret `argocd-secret`, as in `$dex.github.clientSecret`.
    #[attr(
        api = "/argocd-cm/dex.config",
        check = check::sso,
        same = crate::framework::yaml::same
    )]
    pub dex_config: Attr<String>,
    /// How often applications are compared without cause, as in `120s`; `0s` for never. The
    /// controllers have to be restarted after a change.
    #[attr(
        api = "/argocd-cm/timeout.reconciliation",
        check = crate::framework::checks::go_duration,
        same = crate::framework::checks::same_go_duration
    )]
    pub timeout_reconciliation: Attr<String>,
    /// How much is added to `timeout_reconciliation` at most, by chance, as in `60s`.
    #[attr(
        api = "/argocd-cm/timeout.reconciliation.jitter",
        check = crate::framework::checks::go_duration,
        same = crate::framework::checks::same_go_duration
    )]
    pub timeout_reconciliation_jitter: Attr<String>,
    /// Whether the cluster that Argo CD runs in can be deployed to without being registered; on when
    /// not set.
    #[attr(api = "/argocd-cm/cluster.inClusterEnabled")]
    pub in_cluster_enabled: Attr<bool>,
    /// Whether a shell in a container can be opened in the user interface; off when not set.
    #[attr(api = "/argocd-cm/exec.enabled")]
    pub exec_enabled: Attr<bool>,
    /// Whether badges with the status of applications are served; off when not set.
    #[attr(api = "/argocd-cm/statusbadge.enabled")]
    pub status_badge_enabled: Attr<bool>,
    /// Whether resources are deployed as the service accounts that projects name in
    /// `destination_service_accounts`; off when not set.
    #[attr(api = "/argocd-cm/application.sync.impersonation.enabled")]
    pub application_sync_impersonation_enabled: Attr<bool>,
    /// Keys of `argocd-cm` that have no attribute here, with the texts that Argo CD expects there.
    /// A key with an attribute of its own is refused, and one that Argo CD does not know is warned
    /// of.
    #[attr(api = "/argocd-cm/@settings")]
    pub settings: Attr<BTreeMap<String, String>>,
    /// Who may do what in Argo CD: the `ConfigMap` `argocd-rbac-cm`. Not for the EKS capability,
    /// whose roles come from IAM Identity Center.
    #[attr(api = "/argocd-rbac-cm")]
    pub rbac: Attr<Rbac>,
    /// Who hears of what by which service: the `ConfigMap` `argocd-notifications-cm` and the Secret
    /// `argocd-notifications-secret`. Not for the EKS capability, which has no notifications
    /// controller.
    #[attr(api = "/argocd-notifications-cm")]
    pub notifications: Attr<Notifications>,
    /// Parameters of Argo CD's programs, the keys of the `ConfigMap` `argocd-cmd-params-cm`, as in
    /// `"controller.status.processors" = "20"`. The programs have to be restarted after a change.
    #[attr(api = "/argocd-cmd-params-cm/@params")]
    pub cmd_params: Attr<BTreeMap<String, String>>,
}

#[cfg(test)]
mod tests;
