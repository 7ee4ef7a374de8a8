//! Which fields of an object a field manager owns.
//!
//! The API server keeps the answer in `metadata.managedFields`, in the format
//! `FieldsV1`: a tree whose keys say how to go down — `f:name` to a field,
//! `k:{…}` to the list element with these key fields, `v:…` to the element of a
//! set with this value — and whose key `.` stands for the node itself. A node
//! without keys is owned whole: a plain value, or a list or map that is atomic.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// A set of fields of an object.
///
/// An empty map that was applied looks like an atomic one: all that others put
/// into it then counts as owned. Leave empty maps out of what is applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSet {
    /// Whether the node itself is in the set, beside or instead of what is below it.
    itself: bool,
    fields: BTreeMap<String, FieldSet>,
    items: Vec<(Item, FieldSet)>,
}

/// Which element of a list.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    /// The one with these fields.
    Key(Map<String, Json>),
    /// The one with this value.
    Value(Json),
}

/// One step into an object.
#[derive(Clone, Copy, Debug)]
pub enum At<'a> {
    /// To a field of an object or an element of a map.
    Field(&'a str),
    /// To this element of a list.
    Item(&'a Json),
}

/// The fields of `object` that `manager` applied. What it wrote by other means,
/// or through a subresource, does not count.
pub fn owned_fields(object: &Json, manager: &str) -> FieldSet {
    let mut owned = FieldSet::default();
    let entries = object["metadata"]["managedFields"].as_array();
    for entry in entries.into_iter().flatten() {
        let subresource = entry["subresource"].as_str().unwrap_or_default();
        if entry["manager"] == manager && entry["operation"] == "Apply" && subresource.is_empty() {
            // One entry per API version under which it was applied.
            owned.add(&entry["fieldsV1"]);
        }
    }
    // The object as such belongs to nobody.
    owned.itself = false;
    owned
}

/// The fields of `object` that anybody has written, by whatever means.
///
/// It says how the lists in the object are to be read: see [`FieldSet::elements`].
pub fn written_fields(object: &Json) -> FieldSet {
    let mut written = FieldSet::default();
    for entry in object["metadata"]["managedFields"].as_array().into_iter().flatten() {
        written.add(&entry["fieldsV1"]);
    }
    written
}

/// Somebody who has written fields of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Manager {
    /// Its name.
    pub name: String,
    /// Whether it has applied them, rather than written by other means.
    pub applies: bool,
    /// The fields.
    pub fields: FieldSet,
}

/// Those who have fields of `object`, its subresources aside.
pub fn managers(object: &Json) -> Vec<Manager> {
    let entries = object["metadata"]["managedFields"].as_array();
    let own = entries.into_iter().flatten().filter(|entry| {
        entry["subresource"].as_str().unwrap_or_default().is_empty() && entry["manager"].is_string()
    });
    own.map(|entry| {
        let mut fields = FieldSet::default();
        fields.add(&entry["fieldsV1"]);
        let name = entry["manager"].as_str().unwrap_or_default().to_string();
        Manager { name, applies: entry["operation"] == "Apply", fields }
    })
    .collect()
}

/// How the elements of a list are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elements<'a> {
    /// By their places: the list is one field, or nobody has written to it.
    Places,
    /// By these fields of theirs.
    Keys(Vec<&'a str>),
    /// By their values.
    Values,
}

impl FieldSet {
    /// The part of the set that is in a field.
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.fields.get(name)
    }

    /// The part of the set that is in an element of a list.
    pub fn element(&self, element: &Json) -> Option<&Self> {
        self.items.iter().find(|(item, _)| item.is(element)).map(|(_, below)| below)
    }

    /// How the elements of the list at this node are told apart.
    pub fn elements(&self) -> Elements<'_> {
        match self.items.first() {
            None => Elements::Places,
            Some((Item::Value(_), _)) => Elements::Values,
            Some((Item::Key(keys), _)) => Elements::Keys(keys.keys().map(String::as_str).collect()),
        }
    }

    /// Whether every value of `object` is in the set; what is empty is not looked for.
    pub fn covers(&self, object: &Json) -> bool {
        if self.is_whole() {
            return true;
        }
        match object {
            Json::Object(fields) => fields.iter().all(|(name, value)| {
                self.fields.get(name).is_some_and(|below| below.covers(value))
            }),
            Json::Array(elements) => elements
                .iter()
                .all(|element| self.element(element).is_some_and(|below| below.covers(element))),
            _ => self.itself,
        }
    }

    fn add(&mut self, tree: &Json) {
        let Some(tree) = tree.as_object() else { return };
        self.itself |= tree.is_empty();
        for (key, below) in tree {
            if key == "." {
                self.itself = true;
            } else if let Some(name) = key.strip_prefix("f:") {
                self.fields.entry(name.to_string()).or_default().add(below);
            } else if let Some(item) = Item::parse(key) {
                self.item(item).add(below);
            }
        }
    }

    fn item(&mut self, item: Item) -> &mut Self {
        let known = self.items.iter().position(|(known, _)| *known == item);
        let at = known.unwrap_or_else(|| {
            self.items.push((item, Self::default()));
            self.items.len() - 1
        });
        &mut self.items[at].1
    }

    /// Whether there is nothing in the set.
    pub fn is_empty(&self) -> bool {
        !self.itself && self.fields.is_empty() && self.items.is_empty()
    }

    /// Whether what is at `path` is in the set, by itself or as a part of
    /// something owned whole. Of a map with owned and other elements only the
    /// owned elements are in the set.
    pub fn contains(&self, path: &[At<'_>]) -> bool {
        let Some((step, rest)) = path.split_first() else { return self.itself };
        if self.is_whole() {
            return true;
        }
        let below = match step {
            At::Field(name) => self.fields.get(*name),
            At::Item(element) => {
                self.items.iter().find(|(item, _)| item.is(element)).map(|(_, below)| below)
            }
        };
        below.is_some_and(|below| below.contains(rest))
    }

    /// The part of `object` that is in the set: an object with only the owned
    /// fields, in which lists have only the owned elements, in their order.
    pub fn project(&self, object: &Json) -> Json {
        if self.is_whole() {
            return object.clone();
        }
        match object {
            Json::Object(fields) => {
                let owned = fields.iter().filter_map(|(name, value)| {
                    let below = self.fields.get(name)?;
                    Some((name.clone(), below.project(value)))
                });
                Json::Object(owned.collect())
            }
            Json::Array(elements) => {
                let owned = elements.iter().filter_map(|element| {
                    let (_, below) = self.items.iter().find(|(item, _)| item.is(element))?;
                    Some(below.project(element))
                });
                Json::Array(owned.collect())
            }
            // The server's tree is about an object of another shape.
            other => other.clone(),
        }
    }

    fn is_whole(&self) -> bool {
        self.itself && self.fields.is_empty() && self.items.is_empty()
    }
}

impl Item {
    fn parse(key: &str) -> Option<Self> {
        if let Some(fields) = key.strip_prefix("k:") {
            return serde_json::from_str(fields).ok().map(Self::Key);
        }
        serde_json::from_str(key.strip_prefix("v:")?).ok().map(Self::Value)
    }

    fn is(&self, element: &Json) -> bool {
        match self {
            Self::Key(fields) => {
                fields.iter().all(|(name, value)| element.get(name) == Some(value))
            }
            Self::Value(value) => element == value,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::At::{Field, Item};
    use super::*;

    /// An Application as an API server returns it: `destination` and `source`
    /// are granular, `sources` is atomic, `finalizers` is a set.
    fn application() -> Json {
        json!({
            "metadata": {
                "name": "web",
                "labels": { "team": "a", "other": "b" },
                "finalizers": ["ours", "theirs"],
                "managedFields": [
                    { "manager": "ours", "operation": "Apply", "fieldsV1": {
                        "f:metadata": {
                            "f:labels": { "f:team": {} },
                            "f:finalizers": { "v:\"ours\"": {} },
                        },
                        "f:spec": {
                            ".": {},
                            "f:source": { "f:repoURL": {} },
                            "f:info": { ".": {}, "k:{\"name\":\"url\"}": {
                                ".": {}, "f:name": {}, "f:value": {},
                            } },
                        },
                    } },
                    { "manager": "ours", "operation": "Apply", "apiVersion": "older", "fieldsV1": {
                        "f:spec": { "f:sources": {} },
                    } },
                    { "manager": "ours", "operation": "Apply", "subresource": "status",
                      "fieldsV1": { "f:status": {} } },
                    { "manager": "ours", "operation": "Update", "fieldsV1": {
                        "f:operation": {},
                    } },
                    { "manager": "kargo", "operation": "Update", "fieldsV1": {
                        "f:spec": { "f:source": { "f:targetRevision": {} } },
                    } },
                ],
            },
            "spec": {
                "source": { "repoURL": "r", "targetRevision": "v1" },
                "sources": [{ "repoURL": "x" }],
                "info": [
                    { "name": "theirs", "value": "1" },
                    { "name": "url", "value": "2", "extra": true },
                ],
            },
            "status": {},
            "operation": {},
        })
    }

    #[test]
    fn only_what_the_manager_applied_is_owned() {
        let owned = owned_fields(&application(), "ours");
        let spec = Field("spec");
        assert!(owned.contains(&[spec, Field("source"), Field("repoURL")]));
        assert!(!owned.contains(&[spec, Field("source"), Field("targetRevision")]));
        assert!(!owned.contains(&[spec, Field("source")]), "only a part of it");
        assert!(owned.contains(&[spec]), "owned itself, by the key `.`");
        assert!(!owned.contains(&[Field("status")]), "a subresource does not count");
        assert!(!owned.contains(&[Field("operation")]), "an update does not count");
        assert!(owned_fields(&application(), "nobody").is_empty());
        assert!(owned_fields(&json!({}), "ours").is_empty());
    }

    #[test]
    fn what_is_owned_whole_is_owned_in_every_part() {
        let owned = owned_fields(&application(), "ours");
        let element = json!({ "repoURL": "x" });
        let path = [Field("spec"), Field("sources"), Item(&element), Field("repoURL")];
        assert!(owned.contains(&path[..2]) && owned.contains(&path));
    }

    #[test]
    fn elements_of_lists_are_found_by_key_and_by_value() {
        let owned = owned_fields(&application(), "ours");
        let (url, other) = (json!({ "name": "url" }), json!({ "name": "theirs" }));
        assert!(owned.contains(&[Field("spec"), Field("info"), Item(&url), Field("value")]));
        assert!(!owned.contains(&[Field("spec"), Field("info"), Item(&url), Field("extra")]));
        assert!(!owned.contains(&[Field("spec"), Field("info"), Item(&other)]));
        let finalizers = [Field("metadata"), Field("finalizers")];
        assert!(owned.contains(&[finalizers[0], finalizers[1], Item(&json!("ours"))]));
        assert!(!owned.contains(&[finalizers[0], finalizers[1], Item(&json!("theirs"))]));
    }

    #[test]
    fn a_projection_has_the_owned_part_alone() {
        let application = application();
        assert_eq!(
            owned_fields(&application, "ours").project(&application),
            json!({
                "metadata": { "labels": { "team": "a" }, "finalizers": ["ours"] },
                "spec": {
                    "source": { "repoURL": "r" },
                    "sources": [{ "repoURL": "x" }],
                    "info": [{ "name": "url", "value": "2" }],
                },
            })
        );
        assert_eq!(owned_fields(&application, "nobody").project(&application), json!({}));
    }

    #[test]
    fn a_field_that_is_gone_is_not_in_the_projection() {
        let mut application = application();
        application["spec"].as_object_mut().unwrap().remove("source");
        let owned = owned_fields(&application, "ours").project(&application);
        assert!(owned["spec"].get("source").is_none());
    }

    #[test]
    fn what_anybody_wrote_says_how_lists_are_read() {
        let application = application();
        let written = written_fields(&application);
        let spec = written.field("spec").unwrap();
        assert_eq!(spec.field("info").unwrap().elements(), Elements::Keys(vec!["name"]));
        assert_eq!(spec.field("sources").unwrap().elements(), Elements::Places);
        let metadata = written.field("metadata").unwrap();
        assert_eq!(metadata.field("finalizers").unwrap().elements(), Elements::Values);
        assert!(spec.field("source").unwrap().field("targetRevision").is_some(), "of others, too");
        let info = spec.field("info").unwrap();
        assert!(info.element(&json!({ "name": "url" })).is_some());
        assert!(info.element(&json!({ "name": "theirs" })).is_none());
    }

    #[test]
    fn a_manager_that_has_all_of_an_object_is_told_from_one_that_has_a_part() {
        let application = application();
        let all = json!({ "metadata": { "labels": { "team": "a" }, "finalizers": ["ours"] },
                          "spec": { "sources": [{ "repoURL": "x" }] } });
        let ours = owned_fields(&application, "ours");
        assert!(ours.covers(&all));
        let more = json!({ "metadata": { "labels": { "other": "b" } } });
        assert!(!ours.covers(&more));
        let names: Vec<_> =
            managers(&application).into_iter().map(|it| (it.name, it.applies)).collect();
        let expected = [("ours", true), ("ours", true), ("ours", false), ("kargo", false)];
        assert_eq!(names, expected.map(|(name, applies)| (name.to_string(), applies)));
    }
}
