//! Steps in the life of an object that are the same whatever its kind.

use std::time::Duration;

use serde_json::Value as Json;

use super::{ClusterRef, Scene};
use crate::clients::kube::{
    Applied, DeleteOptions, Deletion, Freshness, Propagation, Target, is_leaving,
};
use crate::framework::{Attr, Change, Diagnostics, Error, Path, Result, Value};
use crate::resources::Operation;

/// How long a refresh waits for an object that is on its way out.
const LEAVING: Duration = Duration::from_mins(1);

/// The cluster that the values of an object name.
fn cluster(values: &Value) -> Result<Attr<ClusterRef>> {
    Attr::from_value(values.get("cluster").clone()).map_err(|error: Error| error.at("cluster"))
}

/// Checks how a configuration names the cluster of an object.
pub(crate) fn check_cluster(config: &Value, diagnostics: &mut Diagnostics) {
    if let Ok(cluster) = cluster(config) {
        ClusterRef::check(&cluster, diagnostics);
    }
}

/// Where the object with these values lives.
pub(crate) fn target(cx: &Operation, values: &Value) -> Result<Target> {
    cx.provider().target(&cluster(values)?)
}

/// Plans where an object goes: one that is made has somewhere to go, and one that goes elsewhere
/// is made anew.
pub(crate) fn place(cx: &Operation, change: &mut Change) -> Result<()> {
    if let Some(prior) = &change.prior {
        if cx.provider().moves(&cluster(prior)?, &cluster(&change.planned)?) {
            change.replace.push(Path::attribute("cluster"));
        }
    } else if change.planned.get("cluster").is_null() {
        // An apply that cannot know where to go is better refused now.
        cx.provider().needs_cluster()?;
    }
    Ok(())
}

/// Whether what was applied was on its way out, which takes no changes; it is gone then.
pub(crate) async fn made_way(scene: &Scene<'_>, applied: &Applied) -> Result<bool> {
    let leaving = is_leaving(&applied.object);
    if leaving {
        let Scene { cx, target, object } = *scene;
        scene.objects().wait_gone(target, object, None, cx.deadline()).await?;
    }
    Ok(leaving)
}

/// Tells of an object that was there before.
pub(crate) fn tell_adopted(scene: &Scene<'_>, applied: &Applied) {
    if applied.created {
        return;
    }
    scene.cx.warn(
        Path::root(),
        "Adopted an existing object",
        format!(
            "{} was there already. Its fields that the configuration sets are managed here from \
             now on; the others are left as they are.",
            scene.object
        ),
    );
}

/// The object, for a refresh.
pub(crate) async fn present(scene: &Scene<'_>) -> Result<Option<Json>> {
    let Scene { cx, target, object } = *scene;
    let found = scene.objects().get(target, object, Freshness::Recent, cx.deadline()).await?;
    let Some(live) = found else { return Ok(None) };
    if is_leaving(&live) {
        // A destroy was killed, or somebody deleted it. Taken for gone, what it needs for its
        // end would be destroyed before it; taken for there, nobody would make it anew.
        let gone = scene.objects().wait_gone(target, object, None, &cx.at_most(LEAVING)).await;
        if gone.is_ok() {
            return Ok(None);
        }
    }
    Ok(Some(live))
}

/// Deletes the object, and waits until it is gone.
pub(crate) async fn remove(scene: &Scene<'_>, propagation: Propagation) -> Result<()> {
    let Scene { cx, target, object } = *scene;
    let options = DeleteOptions { propagation, uid: None };
    // Most are gone with the answer; asking again would be half the time of a destroy.
    let deleted = scene.objects().delete(target, object, &options, cx.deadline()).await?;
    if deleted == Deletion::Started {
        scene.objects().wait_gone(target, object, None, cx.deadline()).await?;
    }
    Ok(())
}
