//! What there is of the types of Amazon EKS in a cluster.

pub mod access_entries;
pub mod capabilities;
pub mod pod_identity_associations;
