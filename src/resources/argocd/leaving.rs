//! Applications that are on their way out while what they need for it is
//! destroyed in the same run.
//!
//! Argo CD cannot delete what an application has deployed without the
//! registration of its cluster, and not even begin without its project. In one
//! configuration they may well be joined by names instead of references, and
//! then a destroy ends all of them at once.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::application::Application;
use crate::clients::kube::{held_up, is_leaving, remains};
use crate::framework::wait::{Pace, Poll, until};
use crate::framework::{Path, Result};
use crate::resources::object::{Kind, Scene};

/// How long applications that need something may take to be on their way out,
/// when they are destroyed in the same run. What a set has generated goes by
/// way of the garbage collector.
const BEGIN: Duration = Duration::from_secs(5);
/// How many applications a message names.
const NAMED: usize = 5;

/// Waits until the applications that `need` the object and are being deleted
/// are gone; those that stay are named in a warning.
pub(super) async fn until_gone(
    scene: &Scene<'_>,
    need: impl Fn(&Json) -> bool + Send + Sync,
) -> Result<()> {
    let Scene { cx, object, .. } = *scene;
    let begun = Instant::now();
    let what = format!("the applications to be gone that need {object}");
    let staying = until(cx.deadline(), Pace::CLUSTER, &what, || async {
        // Where they cannot be listed, nothing can be known of them.
        let Ok(found) = all(scene).await else { return Ok(Poll::Ready(Vec::new())) };
        let needing: Vec<_> = found.iter().filter(|it| need(it)).collect();
        let leaving: Vec<_> = needing.iter().filter(|it| is_leaving(it)).copied().collect();
        Ok(if !leaving.is_empty() {
            Poll::Pending(describe(&leaving))
        } else if needing.is_empty() || begun.elapsed() >= BEGIN {
            Poll::Ready(needing.iter().map(|it| name(it).to_owned()).collect())
        } else {
            Poll::Pending(describe(&needing))
        })
    });
    let staying = staying.await.map_err(held_up)?;
    if !staying.is_empty() {
        let named: Vec<_> = staying.iter().take(NAMED).map(String::as_str).collect();
        cx.warn(
            Path::root(),
            "Applications are left without what they need",
            format!(
                "{} applications still need {object}: {}. When they are deleted, Argo CD may be \
                 unable to delete what they have deployed. Delete them first, or have them refer \
                 to the resource that is destroyed.",
                staying.len(),
                named.join(", ")
            ),
        );
    }
    Ok(())
}

async fn all(scene: &Scene<'_>) -> Result<Vec<Json>> {
    let Scene { cx, target, object } = *scene;
    let namespace = object.namespace.as_deref();
    scene.objects().list(target, &Application::OBJECT, namespace, None, cx.deadline()).await
}

fn name(application: &Json) -> &str {
    application["metadata"]["name"].as_str().unwrap_or_default()
}

/// What holds applications up that are to be gone.
pub(super) fn describe(left: &[&Json]) -> String {
    let one = |application: &&Json| format!("{}: {}", name(application), remains(application));
    let named: Vec<_> = left.iter().take(NAMED).map(one).collect();
    format!("{} left: {}", left.len(), named.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_holds_up_the_end_is_said() {
        let since = "2026-01-01T00:00:00Z";
        let finalizers = json!({ "f:metadata": { "f:finalizers": { ".": {}, "v:\"x/y\"": {} } } });
        let managed = json!([{ "manager": "somebody", "fieldsV1": finalizers }]);
        let left = [
            json!({ "metadata": {
                "name": "a", "deletionTimestamp": since, "finalizers": ["x/y", "z"],
                "managedFields": managed,
            } }),
            json!({ "metadata": { "name": "b", "deletionTimestamp": since }, "status": {
                "conditions": [{ "type": "DeletionError", "message": "forbidden" }],
            } }),
            json!({ "metadata": { "name": "c" } }),
        ];
        assert_eq!(
            describe(&left.iter().collect::<Vec<_>>()),
            "3 left: a: marked for deletion at 2026-01-01T00:00:00Z, finalizers left: x/y (set by \
             somebody), z; b: marked for deletion at 2026-01-01T00:00:00Z; DeletionError: \
             forbidden; c: it is there and not marked for deletion"
        );
    }
}
