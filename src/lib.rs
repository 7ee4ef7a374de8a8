//! Terraform and OpenTofu provider for the handoff from infrastructure code to
//! GitOps on Amazon EKS.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod clients;
pub mod framework;
pub mod plugin;
pub mod provider;
pub mod resources;
pub mod rpc;
