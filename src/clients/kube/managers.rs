//! Who is to own which fields: changes of `metadata.managedFields`.
//!
//! Pure functions from a live object to the entries that it is to have. They
//! work on the trees of `FieldsV1` (see [`fields`](super::fields)), of which a
//! node without keys, or with the key `.`, is in the set itself.

use serde_json::{Map, Value as Json, json};

use super::object::LAST_APPLIED;

/// Whether a field manager (the first text), by an operation (the second), has
/// applied an object that is now to be managed here.
pub type IsFormer = fn(&str, &str) -> bool;

/// How the managed fields of an object are to change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    /// The entries, all of them.
    pub(super) entries: Vec<Json>,
    /// Whether nothing of `kubectl apply` is left but its annotation.
    pub(super) drops_last_applied: bool,
}

impl Change {
    fn to(entries: Vec<Json>) -> Self {
        Self { entries, drops_last_applied: false }
    }

    /// As a merge patch of this version of the object.
    pub(super) fn patch(self, live: &Json) -> Json {
        // An empty list stands for no change; one empty entry, for none left.
        let entries = if self.entries.is_empty() { vec![json!({})] } else { self.entries };
        let mut metadata = json!({
            "managedFields": entries,
            "resourceVersion": live["metadata"]["resourceVersion"],
        });
        if self.drops_last_applied {
            metadata["annotations"] = json!({ LAST_APPLIED: null });
        }
        json!({ "metadata": metadata })
    }
}

/// Without the fields of `manager`; `None` when it has none.
///
/// Of an object without any entry the API server takes all fields for somebody's
/// from before the first apply, and refuses them to whoever applies next. So
/// where there is no other entry, one stays that has the outermost node (`spec`)
/// and nothing in it.
pub(super) fn released(live: &Json, manager: &str) -> Option<Change> {
    let entries = entries(live);
    let is_ours = |entry: &&Json| entry["manager"] == manager && !is_part(entry);
    let mut left: Vec<_> = entries.iter().filter(|entry| !is_ours(entry)).cloned().collect();
    if left.is_empty() {
        left.extend(entries.iter().find_map(remnant));
    }
    (left != entries).then(|| Change::to(left))
}

/// An entry for the outermost nodes alone, as an update leaves it.
fn remnant(entry: &Json) -> Option<Json> {
    let fields = entry["fieldsV1"].as_object()?;
    let outermost: Map<_, _> = fields
        .keys()
        .filter(|key| key.starts_with("f:") && *key != "f:metadata")
        .map(|key| (key.clone(), json!({})))
        .collect();
    let mut entry = with_fields(entry, outermost.into())?;
    entry["operation"] = json!("Update");
    Some(entry)
}

/// With the fields that former managers have below these `roots` (`spec`) as
/// applied by `manager`: what its next apply lacks is removed then.
pub(super) fn united(
    live: &Json,
    manager: &str,
    is_former: IsFormer,
    roots: &[&str],
) -> Option<Change> {
    let api_version = &live["apiVersion"];
    let mut fields = Json::Null;
    let mut left = Vec::new();
    let mut found = false;
    for entry in entries(live) {
        let tree = &entry["fieldsV1"];
        if is_applied_by(entry, manager, api_version) {
            fields = union(&fields, tree);
        } else if is_of_former(entry, is_former) && entry["apiVersion"] == *api_version {
            let taken = below(tree, roots);
            found |= !is_empty(&taken);
            left.extend(with_fields(entry, difference(tree, &taken)));
            fields = union(&fields, &taken);
        } else {
            left.push(entry.clone());
        }
    }
    if !found {
        return None;
    }
    left.push(json!({
        "manager": manager, "operation": "Apply", "apiVersion": api_version,
        "fieldsType": "FieldsV1", "fieldsV1": fields,
    }));
    Some(Change::to(left))
}

/// With all entries of the field managers in `from` as applied by `manager`,
/// one for each API version, as `kubectl apply --server-side` renames its own
/// older ones; `None` when there are none of them.
pub(super) fn renamed(live: &Json, manager: &str, from: &[String]) -> Option<Change> {
    let is_theirs =
        |entry: &Json| !is_part(entry) && from.iter().any(|name| entry["manager"] == **name);
    if !entries(live).iter().any(is_theirs) {
        return None;
    }
    let is_ours = |entry: &Json| is_applied_by(entry, manager, &entry["apiVersion"]);
    let (taken, mut left): (Vec<_>, Vec<_>) =
        entries(live).iter().cloned().partition(|entry| is_theirs(entry) || is_ours(entry));
    let mut ours: Vec<Json> = Vec::new();
    for mut entry in taken {
        let known = ours.iter_mut().find(|known| known["apiVersion"] == entry["apiVersion"]);
        if let Some(known) = known {
            known["fieldsV1"] = union(&known["fieldsV1"], &entry["fieldsV1"]);
        } else {
            entry["manager"] = manager.into();
            entry["operation"] = "Apply".into();
            ours.push(entry);
        }
    }
    left.extend(ours);
    Some(Change::to(left))
}

/// Without those fields of former managers that `manager` has applied, too: it
/// is their only owner then.
pub(super) fn divided(live: &Json, manager: &str, is_former: IsFormer) -> Option<Change> {
    let ours = entries(live).iter().filter(|entry| {
        entry["manager"] == manager && entry["operation"] == "Apply" && !is_part(entry)
    });
    let ours = ours.fold(Json::Null, |all, entry| union(&all, &entry["fieldsV1"]));
    let annotation = json!({ "f:metadata": { "f:annotations": {
        ".": {}, (format!("f:{LAST_APPLIED}")): {},
    } } });
    let mut change = Change::to(Vec::new());
    let mut differs = false;
    for entry in entries(live) {
        let tree = &entry["fieldsV1"];
        if !is_of_former(entry, is_former) {
            change.entries.push(entry.clone());
            continue;
        }
        let rest = difference(tree, &ours);
        differs |= rest != *tree;
        let only_annotation = !is_empty(&rest) && is_empty(&difference(&rest, &annotation));
        if only_annotation && rest != *tree {
            change.drops_last_applied = true;
        } else {
            change.entries.extend(with_fields(entry, rest));
        }
    }
    differs.then_some(change)
}

fn entries(live: &Json) -> &[Json] {
    live["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether an entry is about a part of the object with writers of its own, such
/// as its status.
fn is_part(entry: &Json) -> bool {
    entry["subresource"].as_str().is_some_and(|name| !name.is_empty())
}

fn is_applied_by(entry: &Json, manager: &str, api_version: &Json) -> bool {
    entry["manager"] == manager
        && entry["operation"] == "Apply"
        && entry["apiVersion"] == *api_version
        && !is_part(entry)
}

fn is_of_former(entry: &Json, is_former: IsFormer) -> bool {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    !is_part(entry) && is_former(text("manager"), text("operation"))
}

/// The entry with other fields; nothing when they are none.
fn with_fields(entry: &Json, fields: Json) -> Option<Json> {
    if is_empty(&fields) {
        return None;
    }
    let mut entry = entry.clone();
    entry["fieldsV1"] = fields;
    Some(entry)
}

fn below(tree: &Json, roots: &[&str]) -> Json {
    let fields = tree.as_object().into_iter().flatten();
    let within = fields.filter(|(key, _)| {
        roots.is_empty() || key.strip_prefix("f:").is_some_and(|name| roots.contains(&name))
    });
    Json::Object(within.map(|(key, below)| (key.clone(), below.clone())).collect())
}

/// Whether the tree of a whole object has nothing in it.
fn is_empty(tree: &Json) -> bool {
    tree.as_object().is_none_or(Map::is_empty)
}

/// What is in either; null stands for nothing.
fn union(a: &Json, b: &Json) -> Json {
    if a.is_null() || b.is_null() {
        return if a.is_null() { b.clone() } else { a.clone() };
    }
    let mut all = open(a);
    for (key, below) in open(b) {
        let joined = match all.get(&key) {
            Some(at) if key != ITSELF => union(at, &below),
            _ => below,
        };
        all.insert(key, joined);
    }
    close(all)
}

/// What is in `a` and not in `b`. A node of which `b` has a part goes with the
/// last thing below it.
fn difference(a: &Json, b: &Json) -> Json {
    let (Some(whole), Some(_)) = (a.as_object(), b.as_object()) else { return a.clone() };
    let mut left = Map::new();
    for (key, below) in whole {
        match b.get(key) {
            None => {
                left.insert(key.clone(), below.clone());
            }
            Some(_) if key == ITSELF => {}
            Some(taken) => {
                if let Some(rest) = rest(below, taken) {
                    left.insert(key.clone(), rest);
                }
            }
        }
    }
    Json::Object(left)
}

/// The difference below a node that both have.
fn rest(a: &Json, b: &Json) -> Option<Json> {
    let left = difference(&Json::Object(open(a)), &Json::Object(open(b)));
    let left = left.as_object()?;
    let more = left.keys().any(|key| key != ITSELF);
    more.then(|| close(left.clone()))
}

/// The node itself, among the keys of its tree.
const ITSELF: &str = ".";

/// A tree with the node itself written out where it stands for it.
fn open(tree: &Json) -> Map<String, Json> {
    let mut fields = tree.as_object().cloned().unwrap_or_default();
    if fields.is_empty() {
        fields.insert(ITSELF.to_owned(), json!({}));
    }
    fields
}

fn close(fields: Map<String, Json>) -> Json {
    let itself = fields.len() == 1 && fields.contains_key(ITSELF);
    Json::Object(if itself { Map::new() } else { fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUBECTL: &str = "kubectl-client-side-apply";

    fn former(manager: &str, _: &str) -> bool {
        manager == KUBECTL
    }

    fn entry(manager: &str, operation: &str, fields: impl Into<Json>) -> Json {
        let fields = fields.into();
        json!({
            "manager": manager, "operation": operation, "apiVersion": "v1",
            "fieldsType": "FieldsV1", "fieldsV1": fields,
        })
    }

    fn live(entries: &[Json]) -> Json {
        let metadata = json!({ "managedFields": entries, "resourceVersion": "7" });
        json!({ "apiVersion": "v1", "metadata": metadata })
    }

    fn annotated(fields: Json) -> Json {
        let last_applied = format!("f:{LAST_APPLIED}");
        let mut fields = fields;
        fields["f:metadata"] = json!({ "f:annotations": { ".": {}, (last_applied): {} } });
        fields
    }

    #[test]
    fn the_entries_of_others_become_one_of_ours() {
        let mut status = entry("Terraform", "Update", json!({"f:status": {}}));
        status["subresource"] = "status".into();
        let kept = entry("kube-controller-manager", "Update", json!({"f:data": {"f:x": {}}}));
        let object = live(&[
            entry("Terraform", "Apply", json!({"f:data": {"f:a": {}}})),
            kept.clone(),
            status.clone(),
            entry("ours", "Apply", json!({"f:data": {"f:b": {}}})),
            entry(KUBECTL, "Update", json!({"f:data": {".": {}, "f:a": {}}})),
        ]);
        let from = ["Terraform".to_owned(), KUBECTL.to_owned()];
        let ours = entry("ours", "Apply", json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}}));
        assert_eq!(renamed(&object, "ours", &from).unwrap().entries, [kept, status, ours]);
        assert_eq!(renamed(&object, "ours", &["somebody".to_owned()]), None);
        assert_eq!(renamed(&Json::Null, "ours", &from), None);
    }

    #[test]
    fn fields_are_given_up_whole_and_nothing_else_is() {
        let ours = entry("ours", "Apply", json!({ "f:spec": {} }));
        let theirs = entry("theirs", "Update", json!({ "f:data": {} }));
        let mut status = ours.clone();
        status["subresource"] = json!("status");
        let object = live(&[ours.clone(), theirs.clone(), status.clone()]);
        assert_eq!(released(&object, "ours").unwrap().entries, [theirs, status]);
        assert_eq!(released(&object, "nobody"), None);
        // The last entry leaves the outermost node, which nobody needs.
        let all = json!({ "f:metadata": {}, "f:spec": { "f:a": {} } });
        let change = released(&live(&[entry("ours", "Apply", all)]), "ours").unwrap();
        let remnant = entry("ours", "Update", json!({ "f:spec": {} }));
        assert_eq!(change.entries, [remnant]);
        assert_eq!(released(&live(&change.entries), "ours"), None);
        // Unless there is none.
        let alone = live(&[entry("ours", "Apply", json!({ "f:metadata": {} }))]);
        let patch = released(&alone, "ours").unwrap().patch(&alone);
        let metadata = json!({ "managedFields": [{}], "resourceVersion": "7" });
        assert_eq!(patch, json!({ "metadata": metadata }));
    }

    #[test]
    fn what_a_former_manager_has_is_as_if_it_had_been_applied_here() {
        let kubectl = annotated(json!({
            "f:spec": { ".": {}, "f:source": { ".": {}, "f:repoURL": {}, "f:path": {} } },
            "f:status": { "f:phase": {} },
        }));
        let ours = json!({ "f:spec": { "f:source": { "f:repoURL": {}, "f:ref": {} } } });
        let theirs = entry("controller", "Update", json!({ "f:status": {} }));
        let object =
            live(&[entry(KUBECTL, "Update", kubectl), entry("us", "Apply", ours), theirs.clone()]);
        let change = united(&object, "us", former, &["metadata", "spec"]).unwrap();
        let last_applied = format!("f:{LAST_APPLIED}");
        let all = json!({
            "f:metadata": { "f:annotations": { ".": {}, (last_applied): {} } },
            "f:spec": {
                ".": {},
                "f:source": { ".": {}, "f:repoURL": {}, "f:path": {}, "f:ref": {} },
            },
        });
        let status = entry(KUBECTL, "Update", json!({ "f:status": { "f:phase": {} } }));
        assert_eq!(change.entries, [status, theirs.clone(), entry("us", "Apply", all)]);
        assert_eq!(united(&live(&[theirs]), "us", former, &[]), None);
    }

    #[test]
    fn what_both_have_is_ours_alone_and_the_rest_stays_theirs() {
        let kubectl = annotated(json!({
            "f:spec": { ".": {}, "f:helm": { ".": {}, "f:version": {} }, "f:extra": {} },
        }));
        let ours = entry("us", "Apply", json!({ "f:spec": { "f:helm": { "f:version": {} } } }));
        let object = live(&[entry(KUBECTL, "Update", kubectl), ours.clone()]);
        let change = divided(&object, "us", former).unwrap();
        assert!(!change.drops_last_applied);
        let rest = annotated(json!({ "f:spec": { ".": {}, "f:extra": {} } }));
        assert_eq!(change.entries, [entry(KUBECTL, "Update", rest), ours]);
    }

    #[test]
    fn the_annotation_goes_when_nothing_else_is_left_of_kubectl() {
        let fields = json!({ "f:spec": { ".": {}, "f:project": {} } });
        let kubectl = entry(KUBECTL, "Update", annotated(fields.clone()));
        let ours = entry("us", "Apply", json!({ "f:spec": { "f:project": {} } }));
        let object = live(&[kubectl, ours.clone()]);
        let change = divided(&object, "us", former).unwrap();
        assert_eq!(change, Change { entries: vec![ours.clone()], drops_last_applied: true });
        let patch = change.patch(&object);
        assert_eq!(patch["metadata"]["annotations"], json!({ LAST_APPLIED: null }));
        // Nothing in common, nothing to do.
        let other = entry(KUBECTL, "Update", annotated(json!({ "f:data": { "f:a": {} } })));
        assert_eq!(divided(&live(&[other, ours]), "us", former), None);
    }
}
