//! AWS IAM: roles and their policies.

pub mod policy_document;
pub mod role;
pub mod trust;
