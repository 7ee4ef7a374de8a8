//! Objects that somebody else has made: what an import shows of them, and how
//! their fields become ours.
//!
//! The plan after an import, or a move from another provider, shows every field
//! that is to go, so its apply takes the fields of the former managers over and
//! they do go. A create that meets an object has shown nothing: it takes only
//! what the configuration sets, and leaves the rest to whom it belongs.

use serde_json::Value as Json;

use crate::clients::kube::{FIELD_MANAGER, LAST_APPLIED, owned_fields};
use crate::framework::Result;
use crate::framework::schema::{Attribute, Presence};

use super::Scene;

/// Remembered from an import until the first apply: whether others have made
/// the object, and the plan shows all that they have.
const MADE_BY_OTHERS: &str = "made_by_others";

/// Field managers that write for people, rather than as controllers: what they
/// have updated is as much somebody's configuration as what others apply.
const CLIENTS: [&str; 10] = [
    "argocd",
    "argocd-server",
    "before-first-apply",
    "HashiCorp",
    "Helm",
    "helm",
    "kubectl",
    "OpenAPI-Generator",
    "pulumi",
    "Terraform",
];

/// The same, by how their names begin: `kubectl-client-side-apply`,
/// `terraform-provider-kubectl_v2.1.3`, `pulumi-kubernetes`.
const CLIENT_FAMILIES: [&str; 3] = ["kubectl-", "pulumi-", "terraform-provider-"];

/// Field managers that apply over and over again, of those that are known:
/// nobody takes their fields from them for long.
const CONTROLLERS: [&str; 5] =
    ["argocd-controller", "helm-controller", "kro", "kustomize-controller", "kro.run/applyset"];

/// Whether a field manager has applied an object that is now managed here.
fn is_former(manager: &str, operation: &str) -> bool {
    if manager.starts_with(FIELD_MANAGER) {
        return false;
    }
    let is_client = CLIENTS.contains(&manager)
        || CLIENT_FAMILIES.iter().any(|family| manager.starts_with(family));
    is_client || (operation == "Apply" && !CONTROLLERS.contains(&manager))
}

/// What an import shows of a live object: the part that this provider applied
/// before; all of it when that is nothing, so that the user sees what there is.
///
/// What every configuration sets is in it, too: a controller that writes to a
/// list takes it over as a whole, and it is the user's nevertheless.
pub(super) fn imported(
    scene: &Scene<'_>,
    mut live: Json,
    attributes: &[Attribute],
    root: &str,
) -> Json {
    without_bookkeeping(&mut live);
    if owned_fields(&live, FIELD_MANAGER).is_empty() {
        scene.cx.remember(MADE_BY_OTHERS, true);
        return live;
    }
    owned_part(&live, attributes, root)
}

/// Takes out what a tool has noted on the object for itself.
pub(super) fn without_bookkeeping(live: &mut Json) {
    let Some(metadata) = live["metadata"].as_object_mut() else { return };
    let Some(Json::Object(annotations)) = metadata.get_mut("annotations") else { return };
    if annotations.remove(LAST_APPLIED).is_some() && annotations.is_empty() {
        metadata.remove("annotations");
    }
}

fn owned_part(live: &Json, attributes: &[Attribute], root: &str) -> Json {
    let owned = owned_fields(live, FIELD_MANAGER);
    let mut part = owned.project(live);
    let required = attributes.iter().filter(|attr| attr.presence == Presence::Required);
    for field in required.filter_map(|attr| attr.api.field) {
        let place = if field.starts_with('/') { field.into() } else { format!("{root}/{field}") };
        if part.pointer(&place).is_none()
            && let Some(value) = live.pointer(&place)
        {
            *place.split('/').skip(1).fold(&mut part, |at, name| &mut at[name]) = value.clone();
        }
    }
    for name in ["name", "namespace"] {
        if let Some(value) = live["metadata"].get(name) {
            part["metadata"][name] = value.clone();
        }
    }
    part["status"] = live["status"].clone();
    part
}

/// Whether the next apply takes the fields of others over.
pub(super) fn is_pending(scene: &Scene<'_>) -> bool {
    scene.cx.recall::<bool>(MADE_BY_OTHERS).unwrap_or_default()
}

/// Takes over the fields of whoever has made an imported object, for the apply
/// that follows; `root` is where the kind has its own.
pub(super) async fn take_over(scene: &Scene<'_>, root: &str) -> Result<()> {
    let Scene { cx, target, object } = *scene;
    let root = root.trim_start_matches('/').split('/').next().unwrap_or_default();
    let roots = ["metadata", "type", root];
    // A kind without a root is about the whole object.
    let roots = if root.is_empty() { &[][..] } else { &roots[..] };
    let objects = scene.objects();
    objects.adopt(target, object, is_former, roots, cx.deadline()).await.map(drop)
}

/// The fields are ours.
pub(super) fn done(scene: &Scene<'_>) {
    scene.cx.forget(MADE_BY_OTHERS);
}

/// Makes the fields that were just applied to somebody else's object ours
/// alone, so that one that leaves the configuration leaves the object.
pub(super) async fn own_alone(scene: &Scene<'_>, applied: Json) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let objects = scene.objects();
    let known = applied.clone();
    let live = objects.own_alone(target, object, known, is_former, cx.deadline()).await?;
    // Gone in between: what follows tells.
    Ok(live.unwrap_or(applied))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::framework::Model;
    use crate::resources::argocd::application_set::ApplicationSet;

    #[test]
    fn an_import_shows_what_is_ours_and_what_every_configuration_has() {
        let attributes = ApplicationSet::attributes();
        let ours = json!({ "f:spec": { "f:goTemplate": {} } });
        let managed = json!([{ "manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": ours,
            "apiVersion": "argoproj.io/v1alpha1", "fieldsType": "FieldsV1" }]);
        let live = json!({
            "metadata": { "name": "a", "namespace": "b", "managedFields": managed },
            "spec": { "goTemplate": true, "generators": [{ "clusters": {} }], "templatePatch": "x" },
            "status": {},
        });
        let part = owned_part(&live, &attributes, "/spec");
        let expected = json!({ "goTemplate": true, "generators": [{ "clusters": {} }] });
        assert_eq!(part["spec"], expected);
        assert_eq!(part["metadata"]["name"], "a");
    }

    #[test]
    fn what_kubectl_has_noted_for_itself_is_not_shown() {
        let mut live = json!({ "metadata": { "annotations": { LAST_APPLIED: "{}", "a": "b" } } });
        without_bookkeeping(&mut live);
        assert_eq!(live, json!({ "metadata": { "annotations": { "a": "b" } } }));
        let mut live =
            json!({ "metadata": { "name": "x", "annotations": { LAST_APPLIED: "{}" } } });
        without_bookkeeping(&mut live);
        assert_eq!(live, json!({ "metadata": { "name": "x" } }));
        let mut none = json!({ "metadata": { "annotations": {} } });
        without_bookkeeping(&mut none);
        assert_eq!(none, json!({ "metadata": { "annotations": {} } }));
    }

    #[test]
    fn who_applies_for_people_is_told_from_who_controls() {
        for (manager, operation) in [
            ("kubectl-client-side-apply", "Update"),
            ("kubectl", "Apply"),
            ("helm", "Update"),
            ("Terraform", "Apply"),
            ("terraform-provider-kubectl_v2.1.3", "Update"),
            ("argocd-server", "Update"),
            ("a-team", "Apply"),
        ] {
            assert!(is_former(manager, operation), "{manager}");
        }
        for (manager, operation) in [
            (FIELD_MANAGER, "Apply"),
            ("terraform-provider-gitops-refresh", "Update"),
            ("argocd-application-controller", "Update"),
            ("argocd-controller", "Apply"),
            ("kargo", "Update"),
            ("a-team", "Update"),
        ] {
            assert!(!is_former(manager, operation), "{manager}");
        }
    }
}
