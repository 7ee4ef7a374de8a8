//! `gitops_kargo_cluster_config`: what holds for all projects of a Kargo.

use serde_json::Value as Json;

use super::filled;
use super::project_config::{self, SharedConfig, receivers::SecretRef};
use crate::clients::kube::ObjectKind;
use crate::framework::Value;
use crate::framework::api::View;
use crate::framework::checks::{Findings, email};
use crate::framework::{Attr, Attribute, Change, Diagnostics, ImportFormat, Model, Result};
use crate::resources::Operation;
use crate::resources::findings::report;
use crate::resources::object::{CommonMeta, Kind, Scene};

/// The configuration of a whole Kargo, of which there is one in a cluster:
/// receivers of webhooks for all projects, links for the user interface, and
/// who Kargo is to Git.
#[derive(Clone, Debug, Default, Model)]
pub struct ClusterConfig {
    /// Name of the object: `cluster`, the only one that Kargo takes.
    #[attr(default = "cluster", replace, identity, api = "/metadata/name", one_of = ["cluster"])]
    pub name: Attr<String>,
    /// What is common to all objects.
    #[attr(flatten)]
    pub common: CommonMeta,
    /// Who makes commits, where a step does not say; what Kargo was installed with when not set.
    pub git_client: Attr<GitClient>,
    /// What is common to the configuration of a project and that of all.
    #[attr(flatten)]
    pub shared: SharedConfig,
}

/// Who makes commits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GitClient {
    /// Name of the author.
    #[attr(required, check = filled)]
    pub name: Attr<String>,
    /// Address of the author.
    #[attr(required, check = email)]
    pub email: Attr<String>,
    /// The Secret with the key that commits are signed by, in the namespace of the system's
    /// resources.
    pub signing_key_secret: Attr<SecretRef>,
}

impl Kind for ClusterConfig {
    type Model = Self;

    const NAME: &'static str = "kargo_cluster_config";
    const OBJECT: ObjectKind =
        ObjectKind::new("kargo.akuity.io/v1alpha1", "ClusterConfig", "clusterconfigs");
    const IMPORT: ImportFormat = ImportFormat("{name}");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let mut findings = Findings::default();
        config.shared.check(&mut findings);
        report(findings.into_vec(), diagnostics);
    }

    fn plan(_: &Operation, change: &mut Change) -> Result<()> {
        project_config::plan_urls(change);
        Ok(())
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        Ok(project_config::project(attributes, Self::ROOT, live, prior, view))
    }

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        project_config::settle(scene, values, applied).await
    }
}
