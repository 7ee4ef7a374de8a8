//! What of an object was applied by this provider.

use serde_json::Value as Json;

use crate::clients::kube::{FIELD_MANAGER, owned_fields};
use crate::framework::schema::{Attribute, Presence};

/// Of an object that is imported, the part that this provider applied before;
/// all of it when that is nothing, so that the user sees what there is.
///
/// What every configuration sets is in it, too: a controller that writes to a
/// list takes it over as a whole, and it is the user's nevertheless.
pub(super) fn owned_part(live: &Json, attributes: &[Attribute], root: &str) -> Json {
    let owned = owned_fields(live, FIELD_MANAGER);
    if owned.is_empty() {
        return live.clone();
    }
    let mut part = owned.project(live);
    let required = attributes.iter().filter(|attr| attr.presence == Presence::Required);
    for field in required.filter_map(|attr| attr.api.field) {
        let place = if field.starts_with('/') { field.into() } else { format!("{root}/{field}") };
        if part.pointer(&place).is_none()
            && let Some(value) = live.pointer(&place)
        {
            let names = place.split('/').skip(1).map(|name| name.replace("~1", "/"));
            *names.fold(&mut part, |at, name| &mut at[name.as_str()]) = value.clone();
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
        let managed = |manager: &str| {
            json!([{ "manager": manager, "operation": "Apply", "fieldsV1": ours,
                     "apiVersion": "argoproj.io/v1alpha1", "fieldsType": "FieldsV1" }])
        };
        let mut live = json!({
            "metadata": { "name": "a", "namespace": "b", "managedFields": managed(FIELD_MANAGER) },
            "spec": { "goTemplate": true, "generators": [{ "clusters": {} }], "templatePatch": "x" },
            "status": {},
        });
        let part = owned_part(&live, &attributes, "/spec");
        let expected = json!({ "goTemplate": true, "generators": [{ "clusters": {} }] });
        assert_eq!(part["spec"], expected);
        assert_eq!(part["metadata"]["name"], "a");
        live["metadata"]["managedFields"] = managed("somebody");
        assert_eq!(owned_part(&live, &attributes, "/spec"), live);
    }
}
