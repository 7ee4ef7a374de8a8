//! The real programs around the provider, on loopback, for tests and demonstrations.
//!
//! [`Sandbox::start`] starts etcd, a Kubernetes API server with the controllers that deletion
//! depends on, Argo CD, moto for IAM, ECR and STS, an emulated EKS API, and a Git server: all under
//! one temporary folder, on free ports, ended with the sandbox or with its owner. See
//! `docs/sandbox.md` for the user's side.

pub mod argocd;
pub mod aws;
pub mod aws_front;
pub mod cache;
pub mod charts;
pub mod cli;
mod cloud;
pub mod eks;
pub mod eks_api;
mod environment;
pub mod git;
mod http_client;
mod http_server;
pub mod inventory;
pub mod kro;
pub mod kubernetes;
pub mod managed;
mod options;
pub mod pages;
mod ports;
pub mod process;
mod sandbox;
pub mod tools;

pub use options::{Options, Part};
pub use sandbox::Sandbox;
