//! A warehouse of Kargo, as it is.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::kargo::{Artifact, Condition, elements, put, read, seen};
use crate::framework::{Attr, DataSource, Diagnostics, Model, Result};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::kargo::warehouse::Warehouse;
use crate::resources::object::{ClusterRef, Kind};

/// Reads a Kargo warehouse: what it has found in its repositories, and the freight that it made last.
/// It is read as it is; the action `gitops_kargo_refresh` has it look anew.
#[derive(Clone, Debug, Default, Model)]
pub struct KargoWarehouse {
    /// Name of the warehouse.
    #[attr(required, local, check = crate::framework::checks::dns_subdomain)]
    name: Attr<String>,
    /// Namespace of the warehouse, which is its project.
    #[attr(required, local, check = crate::framework::checks::dns_label)]
    namespace: Attr<String>,
    /// The cluster that Kargo runs in; the provider's `cluster` when not set.
    #[attr(local)]
    cluster: Attr<ClusterRef>,
    /// What was found, newest first; null before the first look.
    #[attr(computed, api = "/status/discoveredArtifacts")]
    discovered_artifacts: Attr<DiscoveredArtifacts>,
    /// Name of the freight that was made last by itself; null when none was.
    #[attr(computed, api = "/status/lastFreightID")]
    last_freight_id: Attr<String>,
    /// What Kargo says of the warehouse: `Ready`, `Healthy`, `FreightCreated`, `Reconciling`.
    #[attr(computed, api = "/status/conditions")]
    conditions: Attr<Vec<Condition>>,
}

/// What was found in the repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DiscoveredArtifacts {
    /// When, such as `2026-11-21T15:04:05Z`.
    #[attr(computed)]
    discovered_at: Attr<String>,
    /// In Git repositories.
    #[attr(computed)]
    git: Attr<Vec<DiscoveredCommits>>,
    /// In repositories of images.
    #[attr(computed)]
    images: Attr<Vec<DiscoveredImages>>,
    /// In repositories of charts.
    #[attr(computed)]
    charts: Attr<Vec<DiscoveredCharts>>,
    /// By subscriptions of other types.
    #[attr(computed)]
    results: Attr<Vec<DiscoveryResult>>,
}

/// What was found in a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DiscoveredCommits {
    /// URL of the repository.
    #[attr(computed, api = "repoURL")]
    repo_url: Attr<String>,
    /// The commits that fit the subscription.
    #[attr(computed)]
    commits: Attr<Vec<DiscoveredCommit>>,
}

/// A commit that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DiscoveredCommit {
    /// The commit itself.
    #[attr(computed)]
    id: Attr<String>,
    /// The branch that it was found in; null when it was found by a tag.
    #[attr(computed)]
    branch: Attr<String>,
    /// The tag that it was found by, if it was.
    #[attr(computed)]
    tag: Attr<String>,
    /// First line of its message.
    #[attr(computed)]
    subject: Attr<String>,
    /// Who wrote it.
    #[attr(computed)]
    author: Attr<String>,
    /// Who committed it.
    #[attr(computed)]
    committer: Attr<String>,
    /// When it, or its tag, was made.
    #[attr(computed)]
    creator_date: Attr<String>,
}

/// What was found in a repository of images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DiscoveredImages {
    /// The repository, such as `ghcr.io/example/shop`.
    #[attr(computed, api = "repoURL")]
    repo_url: Attr<String>,
    /// The platform that the subscription is restricted to, if it is.
    #[attr(computed)]
    platform: Attr<String>,
    /// The images that fit the subscription.
    #[attr(computed)]
    references: Attr<Vec<DiscoveredImage>>,
}

/// An image that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DiscoveredImage {
    /// Its tag.
    #[attr(computed)]
    tag: Attr<String>,
    /// Its digest, such as `sha256:…`.
    #[attr(computed)]
    digest: Attr<String>,
    /// Its OCI annotations.
    #[attr(computed)]
    annotations: Attr<BTreeMap<String, String>>,
    /// When it was built; null where that was not looked at.
    #[attr(computed)]
    created_at: Attr<String>,
}

/// What was found of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DiscoveredCharts {
    /// URL of the repository.
    #[attr(computed, api = "repoURL")]
    repo_url: Attr<String>,
    /// Name of the chart; null for one of a registry, whose URL includes it.
    #[attr(computed)]
    name: Attr<String>,
    /// The versions that the subscription looks at, where it says.
    #[attr(computed)]
    semver_constraint: Attr<String>,
    /// The versions that fit the subscription.
    #[attr(computed)]
    versions: Attr<Vec<String>>,
}

/// What a subscription of another type has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DiscoveryResult {
    /// Name of the subscription.
    #[attr(computed)]
    name: Attr<String>,
    /// The artifacts that fit it.
    #[attr(computed)]
    artifact_references: Attr<Vec<Artifact>>,
}

impl DataSource for KargoWarehouse {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "kargo_warehouse";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let target = cx.provider().target(&config.cluster)?;
        let namespace = config.namespace.require("namespace")?;
        let object = Warehouse::OBJECT.namespaced(namespace, config.name.require("name")?);
        let live = read(cx, &target, &object).await?;
        seen(&shown(live), &config.into_value())
    }
}

/// The warehouse with nothing left out that is only empty.
fn shown(mut live: Json) -> Json {
    put(&mut live, "status", json!({}));
    let status = &mut live["status"];
    put(status, "conditions", json!([]));
    let Some(found) = status.get_mut("discoveredArtifacts") else { return live };
    for (kind, list) in [
        ("git", "commits"),
        ("images", "references"),
        ("charts", "versions"),
        ("results", "artifactReferences"),
    ] {
        put(found, kind, json!([]));
        for repository in elements(found, kind) {
            put(repository, list, json!([]));
        }
    }
    for image in elements(found, "images").flat_map(|found| elements(found, "references")) {
        put(image, "annotations", json!({}));
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Value;
    use crate::resources::data_sources::kargo::recorded;

    fn config() -> Value {
        let text = |text: &str| Attr::Known(text.to_owned());
        let (name, namespace) = (text("shop"), text("shop"));
        Model::into_value(KargoWarehouse { name, namespace, ..KargoWarehouse::default() })
    }

    fn warehouse(live: Json) -> KargoWarehouse {
        seen(&shown(live), &config()).unwrap()
    }

    #[test]
    fn what_was_found_is_shown() {
        let found = warehouse(json!({"status": {
            "lastFreightID": "5f39fe5",
            "conditions": [{"type": "Healthy", "status": "True", "message": ""}],
            "discoveredArtifacts": {
                "discoveredAt": "2026-01-02T00:00:00Z",
                "git": [{
                    "repoURL": "https://github.com/example/shop",
                    "commits": [{"id": "bd76a6a", "branch": "main", "subject": "newest"}],
                    "observedRefs": {"branchHead": "bd76a6a"},
                }],
                "images": [{
                    "repoURL": "ghcr.io/example/shop",
                    "references": [
                        {"tag": "1.1.0", "digest": "sha256:08c1", "annotations": {"a": "b"}},
                        {"tag": "1.0.0", "digest": "sha256:02ab"},
                    ],
                }],
                "charts": [{"repoURL": "oci://ghcr.io/example/chart", "versions": ["2.0.0"]}],
                "results": [{
                    "name": "news",
                    "artifactReferences": [
                        {"artifactType": "rss", "version": "7", "metadata": {"title": "x"}},
                    ],
                }],
            },
        }}));
        let text = |text: &str| Attr::Known(text.to_owned());
        assert_eq!(found.last_freight_id, text("5f39fe5"));
        let artifacts = found.discovered_artifacts.known().unwrap();
        assert_eq!(
            artifacts.git.known().unwrap()[0].commits.known().unwrap()[0].id,
            text("bd76a6a")
        );
        let images = artifacts.images.known().unwrap()[0].references.known().unwrap();
        assert_eq!((&images[0].tag, &images[1].digest), (&text("1.1.0"), &text("sha256:02ab")));
        assert_eq!(images[1].annotations, Attr::Known(BTreeMap::new()));
        let chart = &artifacts.charts.known().unwrap()[0];
        assert_eq!(chart.versions, Attr::Known(vec!["2.0.0".to_owned()]));
        let result = &artifacts.results.known().unwrap()[0];
        let other = &result.artifact_references.known().unwrap()[0];
        assert_eq!(other.metadata.known().unwrap().0, r#"{"title":"x"}"#);
    }

    #[test]
    fn a_warehouse_that_has_not_looked_yet_has_found_nothing() {
        let found = warehouse(json!({"metadata": {"name": "shop"}}));
        assert_eq!(found.discovered_artifacts, Attr::Null);
        assert_eq!(found.conditions, Attr::Known(vec![]));
        assert!(Model::into_value(found).is_wholly_known());
    }

    #[test]
    fn what_a_live_kargo_wrote_is_read() {
        for (file, live) in recorded("Warehouse") {
            let last = live["status"]["lastFreightID"].as_str().map(str::to_owned);
            let found = warehouse(live);
            assert_eq!(found.last_freight_id, last.into(), "{file}");
            assert!(Model::into_value(found).is_wholly_known(), "{file}");
        }
    }
}
