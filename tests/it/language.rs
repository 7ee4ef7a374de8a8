//! What is not a resource, in the language of the real command line tools.

mod actions;
mod applications;
mod capabilities;
mod data_sources;
mod deferral;
mod ephemeral;
mod functions;
mod kargo;
mod promotions;
mod queries;

/// What every configuration begins with.
const PROVIDER: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}
"#;
