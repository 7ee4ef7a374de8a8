//! What the data sources of Kargo have in common.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::clients::kube::{Freshness, ObjectRef, Target};
use crate::framework::api::{View, project};
use crate::framework::{Attr, Error, JsonText, Model, Result, Value};
use crate::resources::Operation;

/// Freight, as a stage or a promotion refers to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FreightReference {
    /// Name of the freight.
    #[attr(computed)]
    pub(super) name: Attr<String>,
    /// What it is made of.
    #[attr(flatten)]
    pub(super) contents: Contents,
}

/// What freight is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Contents {
    /// The warehouse that made it.
    #[attr(computed, api = "origin")]
    pub(super) origin: Attr<Origin>,
    /// Its commits of Git.
    #[attr(computed, api = "commits")]
    pub(super) commits: Attr<Vec<Commit>>,
    /// Its container images.
    #[attr(computed, api = "images")]
    pub(super) images: Attr<Vec<Image>>,
    /// Its Helm charts.
    #[attr(computed, api = "charts")]
    pub(super) charts: Attr<Vec<Chart>>,
    /// What else it is made of: artifacts of subscriptions of other types.
    #[attr(computed, api = "artifacts")]
    pub(super) artifacts: Attr<Vec<Artifact>>,
}

/// Where freight is from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Origin {
    /// `Warehouse`, the only kind that there is.
    #[attr(computed)]
    pub(super) kind: Attr<String>,
    /// Name of the warehouse.
    #[attr(computed)]
    pub(super) name: Attr<String>,
}

/// A commit of freight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Commit {
    /// URL of the repository.
    #[attr(computed, api = "repoURL")]
    pub(super) repo_url: Attr<String>,
    /// The commit itself.
    #[attr(computed)]
    pub(super) id: Attr<String>,
    /// The branch that it was found in; null when it was found by a tag.
    #[attr(computed)]
    pub(super) branch: Attr<String>,
    /// The tag that it was found by, if it was.
    #[attr(computed)]
    pub(super) tag: Attr<String>,
    /// First line of its message.
    #[attr(computed)]
    pub(super) message: Attr<String>,
    /// Who wrote it.
    #[attr(computed)]
    pub(super) author: Attr<String>,
    /// Who committed it.
    #[attr(computed)]
    pub(super) committer: Attr<String>,
}

/// An image of freight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Image {
    /// The repository, such as `ghcr.io/example/shop`.
    #[attr(computed, api = "repoURL")]
    pub(super) repo_url: Attr<String>,
    /// Its tag.
    #[attr(computed)]
    pub(super) tag: Attr<String>,
    /// Its digest, such as `sha256:…`.
    #[attr(computed)]
    pub(super) digest: Attr<String>,
    /// Its OCI annotations.
    #[attr(computed)]
    pub(super) annotations: Attr<BTreeMap<String, String>>,
}

/// A chart of freight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Chart {
    /// URL of the repository.
    #[attr(computed, api = "repoURL")]
    pub(super) repo_url: Attr<String>,
    /// Name of the chart; null for one of a registry, whose URL includes it.
    #[attr(computed)]
    pub(super) name: Attr<String>,
    /// Its version.
    #[attr(computed)]
    pub(super) version: Attr<String>,
}

/// An artifact of another type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
#[expect(clippy::struct_field_names, reason = "an attribute is called as in the API")]
pub struct Artifact {
    /// Type of the artifact.
    #[attr(computed)]
    pub(super) artifact_type: Attr<String>,
    /// Name of the subscription that found it.
    #[attr(computed)]
    pub(super) subscription_name: Attr<String>,
    /// Its version.
    #[attr(computed)]
    pub(super) version: Attr<String>,
    /// What else is told of it, as JSON.
    #[attr(computed)]
    pub(super) metadata: Attr<JsonText>,
}

/// What a controller says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Condition {
    /// What is told of, such as `Ready` or `Healthy`.
    #[attr(computed)]
    pub(super) r#type: Attr<String>,
    /// Whether it is so: `True`, `False` or `Unknown`.
    #[attr(computed)]
    pub(super) status: Attr<String>,
    /// Why, in one word.
    #[attr(computed)]
    pub(super) reason: Attr<String>,
    /// Why, in a sentence.
    #[attr(computed)]
    pub(super) message: Attr<String>,
    /// Since when, such as `2026-11-21T15:04:05Z`.
    #[attr(computed)]
    pub(super) last_transition_time: Attr<String>,
    /// Generation of the object that this is about; null where the controller does not say.
    #[attr(computed)]
    pub(super) observed_generation: Attr<i64>,
}

/// The object as it is now.
///
/// # Errors
/// When it is not there.
pub(super) async fn read(cx: &Operation, target: &Target, object: &ObjectRef) -> Result<Json> {
    let objects = cx.provider().objects();
    let found = objects.get(target, object, Freshness::Now, cx.deadline()).await?;
    found.ok_or_else(|| {
        Error::not_found(format!("{object} is not there"))
            .at("name")
            .advise("Check its name, its namespace, which is the Kargo project, and the cluster.")
    })
}

/// What the state shows of an object whose parts are where the model says.
pub(super) fn seen<M: Model>(shown: &Json, prior: &Value) -> Result<M> {
    M::from_value(project(&M::attributes(), "", shown, prior, View::Whole))
}

/// The freight with what Kargo leaves out when it is empty: expressions may then go through it
/// without asking whether it is there.
pub(super) fn freight(mut freight: Json) -> Json {
    for name in ["commits", "images", "charts", "artifacts"] {
        put(&mut freight, name, json!([]));
    }
    for image in elements(&mut freight, "images") {
        put(image, "annotations", json!({}));
    }
    freight
}

/// The elements of a list of an object; none where there is no list.
pub(super) fn elements<'a>(of: &'a mut Json, list: &str) -> impl Iterator<Item = &'a mut Json> {
    of.get_mut(list).and_then(Json::as_array_mut).into_iter().flatten()
}

/// Puts something empty where nothing is.
pub(super) fn put(at: &mut Json, name: &str, empty: Json) {
    if let Json::Object(fields) = at {
        let field = fields.entry(name).or_insert(Json::Null);
        if field.is_null() {
            *field = empty;
        }
    }
}

/// Objects of a kind as a live Kargo wrote them, by the names of their files; none where they are not
/// beside the checkout.
#[cfg(test)]
pub(super) fn recorded(kind: &str) -> Vec<(String, Json)> {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/facts/kargo-live");
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let objects = files.filter_map(|file| {
        let file = file.ok()?.path();
        let live: Json = serde_json::from_str(&std::fs::read_to_string(&file).ok()?).ok()?;
        (live["kind"] == kind).then(|| (file.display().to_string(), live))
    });
    objects.collect()
}
