//! Amazon EKS: capabilities, access entries and pod identity.

pub mod access_entry;
pub mod capability;
pub mod capability_ack;
pub mod capability_argocd;
pub mod capability_kro;
pub mod lists;
pub mod pod_identity_association;
