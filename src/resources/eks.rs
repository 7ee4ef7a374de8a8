//! Amazon EKS: capabilities, access entries and pod identity.

pub mod access_entry;
mod capability;
pub mod capability_argocd;
pub mod lists;
pub mod pod_identity_association;
