//! Manifests that are rendered into a branch before they are deployed.

use crate::framework::{Attr, Model};

use super::helm::Helm;
use super::kustomize::Kustomize;
use super::source::{Directory, Plugin};

/// Renders `dry_source`, pushes the result, and deploys it from
/// `sync_source`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SourceHydrator {
    /// What is rendered.
    #[attr(required)]
    pub dry_source: Attr<DrySource>,
    /// What is deployed.
    #[attr(required)]
    pub sync_source: Attr<SyncSource>,
    /// Where the rendered manifests are pushed to first, for somebody else to move them on to
    /// `sync_source`, such as by a pull request; straight to `sync_source` when not set.
    pub hydrate_to: Attr<HydrateTo>,
}

/// What is rendered: a directory of a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DrySource {
    /// URL of the Git repository.
    #[attr(required, api = "repoURL")]
    pub repo_url: Attr<String>,
    /// Branch, tag or commit.
    #[attr(required)]
    pub target_revision: Attr<String>,
    /// Directory within the repository.
    #[attr(required)]
    pub path: Attr<String>,
    /// Options for a Helm chart.
    pub helm: Attr<Helm>,
    /// Options for a kustomization.
    pub kustomize: Attr<Kustomize>,
    /// Options for a directory of plain manifests or Jsonnet.
    pub directory: Attr<Directory>,
    /// A config management plugin that renders the manifests.
    pub plugin: Attr<Plugin>,
}

/// Where the rendered manifests are deployed from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SyncSource {
    /// URL of the Git repository with the rendered manifests; that of `dry_source` when not set.
    #[attr(api = "repoURL")]
    pub repo_url: Attr<String>,
    /// Branch that is deployed, and pushed to unless `hydrate_to` is set.
    #[attr(required)]
    pub target_branch: Attr<String>,
    /// Directory for the rendered manifests; not the root of the repository.
    #[attr(required, check = below_the_root)]
    pub path: Attr<String>,
}

/// A branch between rendering and deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct HydrateTo {
    /// Branch that the rendered manifests are pushed to.
    #[attr(required)]
    pub target_branch: Attr<String>,
}

/// The rule of the custom resource definition: neither empty, nor `.`, nor `/`.
fn below_the_root(path: &str) -> Result<(), String> {
    if matches!(path, "" | "." | "/") {
        return Err(format!("{path:?} is the root of the repository; name a directory in it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendered_manifests_never_go_to_the_root() {
        for root in ["", ".", "/"] {
            assert!(below_the_root(root).is_err(), "{root:?}");
        }
        for directory in ["a", "..", "apps/shop"] {
            assert_eq!(below_the_root(directory), Ok(()), "{directory:?}");
        }
    }
}
