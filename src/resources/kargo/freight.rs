//! `gitops_kargo_freight`: artifacts that go through a pipeline together.

mod name;

use serde_json::Value as Json;

use super::filled;
use super::stage::FreightOrigin;
use crate::clients::kube::{ObjectKind, ObjectRef};
use crate::framework::api;
use crate::framework::checks::{Findings, dns_label, label_value};
use crate::framework::{
    Attr, Attribute, Change, Diagnostics, Error, JsonText, Model, Path, Result, Value,
};
use crate::resources::Operation;
use crate::resources::findings::report;
use crate::resources::object::{CommonMeta, Kind};

/// By this label freight is found by its alias; Kargo's webhook keeps it.
pub const ALIAS_LABEL: &str = "kargo.akuity.io/alias";

/// A piece of Kargo freight that is made by hand: artifacts, one of each
/// subscription of a warehouse, that go through the pipeline together.
///
/// Its content never changes: a change makes another piece. A piece of the same
/// content that the warehouse has made already is the same object, and taken
/// over. A destroy fails while a stage has it, and a warehouse that makes
/// freight by itself makes it anew when it is the newest.
#[derive(Clone, Debug, Default, Model)]
pub struct Freight {
    /// The project, and so the namespace.
    #[attr(required, replace, identity, api = "/metadata/namespace", check = dns_label)]
    pub namespace: Attr<String>,
    /// Name of the object, which follows from its content.
    #[attr(computed, stable, identity, api = "/metadata/name")]
    pub name: Attr<String>,
    /// What is common to all objects.
    #[attr(flatten)]
    pub common: CommonMeta,
    /// The warehouse that the artifacts are for: its subscriptions say which there are.
    #[attr(required, replace)]
    pub origin: Attr<FreightOrigin>,
    /// Commits, one of each Git repository.
    #[attr(replace)]
    pub commits: Attr<Vec<Commit>>,
    /// Container images, one of each repository.
    #[attr(replace)]
    pub images: Attr<Vec<Image>>,
    /// Helm charts, one of each repository.
    #[attr(replace)]
    pub charts: Attr<Vec<Chart>>,
    /// Artifacts of other types, one of each subscription.
    #[attr(replace)]
    pub artifacts: Attr<Vec<Artifact>>,
    /// A name for people, unique in the project; Kargo makes one up when not set.
    #[attr(optional, computed, stable, check = label_value)]
    pub alias: Attr<String>,
}

/// A commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Commit {
    /// URL of the repository, as the warehouse has it.
    #[attr(required, api = "repoURL", check = crate::framework::checks::git_url)]
    pub repo_url: Attr<String>,
    /// Its hash.
    #[attr(required, check = filled)]
    pub id: Attr<String>,
    /// Tag by which it was found, where the warehouse selects tags.
    pub tag: Attr<String>,
    /// Branch that it is on.
    pub branch: Attr<String>,
    /// First line of its message.
    pub message: Attr<String>,
    /// Who wrote it.
    pub author: Attr<String>,
    /// Who committed it.
    pub committer: Attr<String>,
}

/// A container image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Image {
    /// The repository, as the warehouse has it.
    #[attr(required, api = "repoURL", check = crate::framework::checks::image_repo)]
    pub repo_url: Attr<String>,
    /// Its tag.
    pub tag: Attr<String>,
    /// Its digest, `sha256:…`.
    pub digest: Attr<String>,
    /// Annotations of the image.
    pub annotations: Attr<std::collections::BTreeMap<String, String>>,
}

/// A Helm chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Chart {
    /// URL of the repository, as the warehouse has it.
    #[attr(required, api = "repoURL", check = crate::framework::checks::chart_repo_url)]
    pub repo_url: Attr<String>,
    /// Name of the chart, in a classic repository.
    pub name: Attr<String>,
    /// Its version.
    #[attr(required, check = filled)]
    pub version: Attr<String>,
}

/// An artifact of another type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Artifact {
    /// Type of the artifact.
    #[attr(check = filled)]
    pub artifact_type: Attr<String>,
    /// Name of the warehouse's subscription.
    #[attr(required, check = filled)]
    pub subscription_name: Attr<String>,
    /// Its version.
    #[attr(required, check = filled)]
    pub version: Attr<String>,
    /// More about it, as JSON from `jsonencode(...)`.
    pub metadata: Attr<JsonText>,
}

impl Kind for Freight {
    type Model = Self;

    const NAME: &'static str = "kargo_freight";
    const OBJECT: ObjectKind = ObjectKind::new("kargo.akuity.io/v1alpha1", "Freight", "freights");
    const ROOT: &'static str = "";
    const POSTED: bool = true;

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let mut findings = Findings::default();
        name::check(config, &mut findings);
        report(findings.into_vec(), diagnostics);
    }

    fn plan(_: &Operation, change: &mut Change) -> Result<()> {
        if change.prior.is_none()
            && let Some(name) = name::of(&Self::from_value(change.planned.clone())?)
        {
            change.planned.set("name", name.into());
        }
        Ok(())
    }

    fn reference(values: &Value) -> Result<ObjectRef> {
        let known = |name: &str| {
            let text = values.get(name).as_str();
            text.ok_or_else(|| Error::bug(format!("no {name}")).at(Path::attribute(name)))
        };
        let namespace = known("namespace")?;
        match known("name") {
            Ok(name) => Ok(Self::OBJECT.namespaced(namespace, name)),
            Err(unknown) => match name::of(&Self::from_value(values.clone())?) {
                Some(name) => Ok(Self::OBJECT.namespaced(namespace, name)),
                None => Err(unknown),
            },
        }
    }

    /// With its name, which Kargo's webhook would give it, too.
    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        let mut object = api::render(attributes, Self::ROOT, values)?;
        object["metadata"]["name"] = Self::reference(values)?.name.into();
        Ok(object)
    }
}

#[cfg(test)]
mod tests;
