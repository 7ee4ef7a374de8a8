//! What is not a resource, in the language of the real command line tools.

mod data_sources;
mod ephemeral;
mod functions;

/// What every configuration begins with.
const PROVIDER: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}
"#;
