//! What the provider talks to: clusters and AWS.
//!
//! Clients speak plain data (JSON objects, strings) and the framework's
//! [`Error`](crate::framework::Error); they know nothing of schemas or plans.

pub mod arn;
pub mod aws;
pub mod kube;
