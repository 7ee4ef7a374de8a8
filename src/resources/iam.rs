//! AWS IAM: roles and their policies, and providers of identities.

pub mod lists;
pub mod openid_connect_provider;
pub mod policy_document;
pub mod role;
mod tags;
pub mod trust;
