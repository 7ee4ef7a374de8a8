//! Functions: pure, and the same everywhere. None of them calls anybody.

pub mod capability_trust_policy;
pub mod cluster_arn;
pub mod ecr_read_policy;
pub mod github_actions_trust_policy;
pub mod irsa_trust_policy;
pub mod parse_arn;
pub mod pod_identity_trust_policy;
mod policy;
mod service_account;
