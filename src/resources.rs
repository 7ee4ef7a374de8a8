//! Every type and function that the provider serves; one line each.

pub mod actions;
pub mod argocd;
pub mod data_sources;
pub mod ecr;
pub mod eks;
pub mod ephemeral;
mod findings;
pub mod functions;
pub mod iam;
pub mod kargo;
pub mod kro;
pub mod manifest;
pub mod object;
pub mod secret;
pub(crate) mod tags;

use crate::framework::{self, Managed, Registry};
use crate::provider::Provider;

/// An operation of this provider.
pub type Operation = framework::Operation<Provider>;

/// The registry.
pub fn registry() -> Registry<Provider> {
    Registry::new()
        .resource::<argocd::config::ArgocdConfig>()
        .resource::<ecr::repository::Repository>()
        .resource::<eks::access_entry::AccessEntry>()
        .capability::<eks::capability_ack::CapabilityAck>()
        .capability::<eks::capability_argocd::CapabilityArgocd>()
        .capability::<eks::capability_kro::CapabilityKro>()
        .resource::<eks::pod_identity_association::PodIdentityAssociation>()
        .resource::<iam::openid_connect_provider::OpenidConnectProvider>()
        .resource::<iam::role::Role>()
        .list::<argocd::config::Configs>()
        .list::<ecr::lists::repositories::Repositories>()
        .list::<eks::lists::access_entries::AccessEntries>()
        .list::<eks::lists::pod_identity_associations::Associations>()
        .list::<iam::lists::openid_connect_providers::OpenidConnectProviders>()
        .list::<iam::lists::roles::Roles>()
        .kind::<argocd::app_project::AppProject>()
        .kind::<argocd::application::Application>()
        .kind::<argocd::application_set::ApplicationSet>()
        .kind::<argocd::cluster::Cluster>()
        .kind::<argocd::repository::Repository>()
        .kind::<argocd::repository_credentials::RepositoryCredentials>()
        .kind::<kargo::cluster_config::ClusterConfig>()
        .kind::<kargo::cluster_promotion_task::ClusterPromotionTask>()
        .kind::<kargo::credentials::Credentials>()
        .kind::<kargo::freight::Freight>()
        .kind::<kargo::project::Project>()
        .kind::<kargo::project_config::ProjectConfig>()
        .kind::<kargo::promotion::Promotion>()
        .kind::<kargo::promotion_task::PromotionTask>()
        .kind::<kargo::role::Role>()
        .kind::<kargo::stage::Stage>()
        .kind::<kargo::warehouse::Warehouse>()
        .kind::<kro::resource_graph_definition::ResourceGraphDefinition>()
        .managed(Managed::new(manifest::Life::default()))
        .list::<manifest::list::Manifests>()
        .data_source::<data_sources::application::Application>()
        .data_source::<data_sources::applications::Applications>()
        .data_source::<data_sources::ecr_images::EcrImages>()
        .data_source::<data_sources::eks_capabilities::EksCapabilities>()
        .data_source::<data_sources::eks_capability::EksCapability>()
        .data_source::<data_sources::eks_cluster::EksCluster>()
        .data_source::<data_sources::kargo_freight::KargoFreight>()
        .data_source::<data_sources::kargo_stage::KargoStage>()
        .data_source::<data_sources::kargo_warehouse::KargoWarehouse>()
        .data_source::<data_sources::manifest::Manifest>()
        .data_source::<data_sources::pod_identity_associations::PodIdentityAssociations>()
        .ephemeral::<ephemeral::ecr_authorization_token::EcrAuthorizationToken>()
        .ephemeral::<ephemeral::eks_token::EksToken>()
        .action::<actions::application_refresh::ApplicationRefresh>()
        .action::<actions::application_rollback::ApplicationRollback>()
        .action::<actions::application_sync::ApplicationSync>()
        .action::<actions::application_terminate::ApplicationTerminate>()
        .action::<actions::kargo_freight_approve::KargoFreightApprove>()
        .action::<actions::kargo_promotion_abort::KargoPromotionAbort>()
        .action::<actions::kargo_refresh::KargoRefresh>()
        .action::<actions::kargo_stage_promote::KargoStagePromote>()
        .function::<functions::authorized_stage::AuthorizedStage>()
        .function::<functions::capability_trust_policy::CapabilityTrustPolicy>()
        .function::<functions::cluster_arn::ClusterArn>()
        .function::<functions::codecommit_pull_policy::CodecommitPullPolicy>()
        .function::<functions::codeconnections_use_policy::CodeconnectionsUsePolicy>()
        .function::<functions::ecr_read_policy::EcrReadPolicy>()
        .function::<functions::github_actions_trust_policy::GithubActionsTrustPolicy>()
        .function::<functions::irsa_trust_policy::IrsaTrustPolicy>()
        .function::<functions::manifest_decode::ManifestDecode>()
        .function::<functions::manifest_decode_multi::ManifestDecodeMulti>()
        .function::<functions::manifest_encode::ManifestEncode>()
        .function::<functions::parse_arn::ParseArn>()
        .function::<functions::pod_identity_trust_policy::PodIdentityTrustPolicy>()
        .function::<functions::promotion_graph::PromotionGraph>()
        .function::<functions::role_assume_policy::RoleAssumePolicy>()
        .function::<functions::role_trust_policy::RoleTrustPolicy>()
        .function::<functions::secrets_manager_read_policy::SecretsManagerReadPolicy>()
        .manifest::<argocd::app_project::AppProject>()
        .manifest::<argocd::application::Application>()
        .manifest::<argocd::application_set::ApplicationSet>()
        .manifest::<argocd::cluster::Cluster>()
        .manifest::<argocd::repository::Repository>()
        .manifest::<argocd::repository_credentials::RepositoryCredentials>()
        .manifest::<kargo::cluster_config::ClusterConfig>()
        .manifest::<kargo::cluster_promotion_task::ClusterPromotionTask>()
        .manifest::<kargo::credentials::Credentials>()
        .manifest::<kargo::project::Project>()
        .manifest::<kargo::project_config::ProjectConfig>()
        .manifest::<kargo::promotion_task::PromotionTask>()
        .manifest::<kargo::stage::Stage>()
        .manifest::<kargo::warehouse::Warehouse>()
        .manifest::<kro::resource_graph_definition::ResourceGraphDefinition>()
}

/// Adds what has one implementation for many types: each is a type of resource, and can be listed.
trait Families {
    /// A kind of objects in clusters.
    fn kind<K: object::Kind>(self) -> Self;

    /// The function that reads manifests of a kind.
    fn manifest<K: object::Kind>(self) -> Self;

    /// A type of EKS capabilities.
    fn capability<K: eks::capability::Kind>(self) -> Self;
}

impl Families for Registry<Provider> {
    fn kind<K: object::Kind>(self) -> Self {
        self.managed(Managed::new(object::Custom::<K>::default())).list::<object::ObjectList<K>>()
    }

    fn manifest<K: object::Kind>(self) -> Self {
        self.function::<object::from_yaml::FromYaml<K>>()
    }

    fn capability<K: eks::capability::Kind>(self) -> Self {
        self.resource::<eks::capability::Capability<K>>()
            .list::<eks::lists::capabilities::Capabilities<K>>()
    }
}
