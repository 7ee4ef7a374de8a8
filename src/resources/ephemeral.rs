//! Ephemeral resources: what lives for one run and is kept nowhere.

pub mod ecr_authorization_token;
pub mod eks_token;
