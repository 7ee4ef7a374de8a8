//! Fields that another field manager has applied, made ours.
//!
//! An object that another program managed before has that program's name on its
//! fields. As long as it has, what is left out of an apply of ours stays in the
//! object, since it is somebody else's. So the entries are renamed, as `kubectl
//! apply --server-side` does with its own older ones.

use serde_json::{Map, Value as Json, json};

use super::object::ObjectRef;
use super::objects::{FIELD_MANAGER, Freshness, Objects};
use super::target::Target;
use crate::framework::Result;
use crate::framework::wait::Deadline;

impl Objects {
    /// Makes the fields that these field managers have in `object` the provider's.
    ///
    /// # Errors
    /// As for [`patch`](Self::patch).
    pub async fn take_over(
        &self,
        target: &Target,
        object: &ObjectRef,
        from: &[String],
        deadline: &Deadline,
    ) -> Result<()> {
        loop {
            let live = self.get(target, object, Freshness::Now, deadline).await?;
            let Some(live) = live else { return Ok(()) };
            let Some(fields) = renamed(&live["metadata"]["managedFields"], from) else {
                return Ok(());
            };
            let change = json!({"metadata": {
                "managedFields": fields,
                "resourceVersion": live["metadata"]["resourceVersion"],
            }});
            match self.patch(target, object, None, &change, FIELD_MANAGER, deadline).await {
                // Somebody else was quicker: look again.
                Err(error) if error.is_conflict() => deadline.sleep(PAUSE).await?,
                patched => return patched.map(drop),
            }
        }
    }
}

/// Between two attempts at an object that others write to.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// The entries with those of `from` and the provider's own as one per API version; `None` when
/// there are none of `from`.
fn renamed(entries: &Json, from: &[String]) -> Option<Json> {
    let entries = entries.as_array()?;
    let is_of_the_object =
        |entry: &Json| entry["subresource"].as_str().unwrap_or_default().is_empty();
    let is_theirs = |entry: &Json| {
        let manager = entry["manager"].as_str().unwrap_or_default();
        is_of_the_object(entry) && from.iter().any(|name| name == manager)
    };
    let is_ours = |entry: &Json| {
        is_of_the_object(entry)
            && entry["manager"] == FIELD_MANAGER
            && entry["operation"] == "Apply"
    };
    if !entries.iter().any(is_theirs) {
        return None;
    }
    let (taken, mut left): (Vec<_>, Vec<_>) =
        entries.iter().cloned().partition(|entry| is_theirs(entry) || is_ours(entry));
    let mut ours: Vec<Json> = Vec::new();
    for mut entry in taken {
        let known = ours.iter_mut().find(|known| known["apiVersion"] == entry["apiVersion"]);
        if let Some(known) = known {
            unite(&mut known["fieldsV1"], entry["fieldsV1"].take());
        } else {
            entry["manager"] = FIELD_MANAGER.into();
            entry["operation"] = "Apply".into();
            ours.push(entry);
        }
    }
    left.extend(ours);
    Some(left.into())
}

/// Adds one tree of fields to another.
fn unite(tree: &mut Json, other: Json) {
    let Json::Object(other) = other else { return };
    if !tree.is_object() {
        *tree = Json::Object(Map::new());
    }
    for (key, below) in other {
        unite(&mut tree[key], below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_of_others_become_one_of_ours() {
        let entry = |manager: &str, operation: &str, fields: Json| {
            json!({"manager": manager, "operation": operation, "apiVersion": "v1",
                   "fieldsType": "FieldsV1", "fieldsV1": fields})
        };
        let mut status = entry("Terraform", "Update", json!({"f:status": {}}));
        status["subresource"] = "status".into();
        let kept = entry("kube-controller-manager", "Update", json!({"f:data": {"f:x": {}}}));
        let entries = json!([
            entry("Terraform", "Apply", json!({"f:data": {"f:a": {}}})),
            kept,
            status,
            entry(FIELD_MANAGER, "Apply", json!({"f:data": {"f:b": {}}})),
            entry("kubectl-client-side-apply", "Update", json!({"f:data": {".": {}, "f:a": {}}})),
        ]);
        let from = ["Terraform".to_string(), "kubectl-client-side-apply".to_string()];
        let ours =
            entry(FIELD_MANAGER, "Apply", json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}}));
        assert_eq!(renamed(&entries, &from), Some(json!([kept, status, ours])));
        assert_eq!(renamed(&entries, &["somebody".to_string()]), None);
        assert_eq!(renamed(&Json::Null, &from), None);
    }
}
