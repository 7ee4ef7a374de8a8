//! What there is of the types of AWS IAM in an account.

pub mod openid_connect_providers;
pub mod roles;
