//! Functions: pure, and the same everywhere. None of them calls anybody.

mod arns;
pub mod authorized_stage;
pub mod capability_trust_policy;
pub mod cluster_arn;
pub mod codecommit_pull_policy;
pub mod codeconnections_use_policy;
pub mod ecr_read_policy;
pub mod github_actions_trust_policy;
pub mod irsa_trust_policy;
pub mod manifest_decode;
pub mod manifest_decode_multi;
pub mod manifest_encode;
mod manifests;
pub mod parse_arn;
pub mod pod_identity_trust_policy;
mod policy;
pub mod promotion_graph;
pub mod role_assume_policy;
pub mod role_trust_policy;
pub mod secrets_manager_read_policy;
mod service_account;
