//! `gitops_kargo_warehouse`: where the artifacts of a pipeline come from.

pub mod subscription;

use serde_json::{Map, Value as Json, json};

use super::wait::{self, ReadyWait};
use crate::clients::kube::ObjectKind;
use crate::framework::api::{self, View};
use crate::framework::checks::{kargo_duration, same_go_duration};
use crate::framework::{Attr, Attribute, Diagnostics, Model, Result, Value};
use crate::resources::object::{Kind, ObjectMeta, Scene};
use subscription::Subscription;

/// A Kargo warehouse: repositories that it watches, and the freight that it
/// makes of what it finds in them.
///
/// Its freight outlives it, for stages may still be promoted with it: freight
/// goes with the project, or is deleted by hand.
#[derive(Clone, Debug, Default, Model)]
pub struct Warehouse {
    /// What is common to all objects. The namespace is the project.
    #[attr(flatten)]
    pub metadata: ObjectMeta,
    /// What is watched, each item with exactly one of `git`, `image`, `chart` and `subscription`.
    /// A piece of freight has one artifact of each.
    #[attr(required, length(1, usize::MAX))]
    pub subscriptions: Attr<Vec<Subscription>>,
    /// How often to look for new artifacts, in hours, minutes and seconds; `5m0s` when not set.
    #[attr(default = "5m0s", check = kargo_duration, same = same_go_duration)]
    pub interval: Attr<String>,
    /// Whether freight is made of new artifacts by itself (`Automatic`) or only by people
    /// (`Manual`); `Automatic` when not set.
    #[attr(default = "Automatic", one_of = ["Automatic", "Manual"])]
    pub freight_creation_policy: Attr<String>,
    /// Which new artifacts freight is made of by itself; of all when not set.
    pub freight_creation_criteria: Attr<FreightCreationCriteria>,
    /// Shard whose controller takes care of the warehouse; the default one when not set.
    pub shard: Attr<String>,
    /// Wait at the end of a create or an update until Kargo has found artifacts in every repository;
    /// `{}` does. Kargo tries a repository that it cannot reach again and again, and so the wait
    /// ends with the time-out. Without it, an apply ends as soon as the object is written.
    #[attr(local)]
    pub wait: Attr<ReadyWait>,
}

/// Which new artifacts freight is made of by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FreightCreationCriteria {
    /// An expression over the discovered artifacts that is true when they belong together, as in
    /// `imageFrom("ghcr.io/a/api").Tag == imageFrom("ghcr.io/a/web").Tag`.
    pub expression: Attr<String>,
}

/// The subscriptions that have a name of their own in the API.
const NAMED: [&str; 3] = ["git", "image", "chart"];

/// Brings a rendered Warehouse into the form of the API, where a subscription of
/// another type stands under the name of its type: `{"rss": {...}}` for
/// `{"subscription": {"subscriptionType": "rss", ...}}`.
pub fn to_api(object: &mut Json) {
    each_subscription(object, |item| {
        let generic = item.remove("subscription")?;
        let name = generic["subscriptionType"].as_str()?.to_owned();
        Some((name, generic))
    });
}

/// Undoes [`to_api`] on an object as it was read.
pub fn from_api(object: &mut Json) {
    each_subscription(object, |item| {
        let name = item.keys().find(|key| !NAMED.contains(&key.as_str()))?.clone();
        let mut generic = item.remove(&name)?;
        if generic.is_object() {
            generic["subscriptionType"] = json!(name);
        }
        Some(("subscription".to_owned(), generic))
    });
}

/// Puts what `convert` makes of an item into the item.
fn each_subscription(
    object: &mut Json,
    convert: impl Fn(&mut Map<String, Json>) -> Option<(String, Json)>,
) {
    let items = object.pointer_mut("/spec/subscriptions").and_then(Json::as_array_mut);
    for item in items.into_iter().flatten().filter_map(Json::as_object_mut) {
        if let Some((key, value)) = convert(item) {
            item.insert(key, value);
        }
    }
}

impl Kind for Warehouse {
    type Model = Self;

    const NAME: &'static str = "kargo_warehouse";
    const OBJECT: ObjectKind =
        ObjectKind::new("kargo.akuity.io/v1alpha1", "Warehouse", "warehouses");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.check(diagnostics);
    }

    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        let mut object = api::render(attributes, Self::ROOT, values)?;
        to_api(&mut object);
        Ok(object)
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        let mut live = live.clone();
        from_api(&mut live);
        Ok(api::project(attributes, Self::ROOT, &live, prior, view))
    }

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        if !ReadyWait::is_on(values)? {
            return Ok(applied);
        }
        wait::until(scene, "find artifacts", |live| {
            Ok(wait::not_ready(live).map_or(wait::Look::Settled, wait::Look::Pending))
        })
        .await
    }
}

#[cfg(test)]
mod tests;
