//! Ephemeral resources: what lives for one run and is kept nowhere.

pub mod eks_token;
