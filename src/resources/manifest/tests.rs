//! Rules and plans of manifests.

use serde_json::{Value as Json, json};

use super::lifecycle::Life;
use super::{check, plan};
use crate::framework::{
    Attr, Change, Diagnostics, Dynamic, Lifecycle, Model, Value, json as documents,
};

use super::{Document, FieldWait, Manifest, Wait};

fn manifest(json: &Json) -> Attr<Document> {
    Attr::Known(Document(documents::to_dynamic(json)))
}

fn config_map() -> Json {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}})
}

fn findings(config: &Manifest) -> Vec<String> {
    let mut found = Diagnostics::default();
    check::check(config, &mut found);
    found.iter().map(|found| format!("{}: {}", found.path, found.detail)).collect()
}

/// That a configuration is refused once, at that path and with these words.
#[track_caller]
fn refused(config: &Manifest, path: &str, words: &str) {
    let found = findings(config);
    assert!(
        found.iter().any(|found| found.starts_with(&format!("{path}: ")) && found.contains(words)),
        "{found:#?}"
    );
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn a_manifest_is_one_object_with_a_name() {
    let with = |change: &dyn Fn(&mut Json)| {
        let mut json = config_map();
        change(&mut json);
        Manifest { manifest: manifest(&json), ..Manifest::default() }
    };
    assert_eq!(findings(&with(&|_| {})), [""; 0]);
    let text = Manifest { manifest: manifest(&json!("kind: A")), ..Manifest::default() };
    refused(&text, "manifest", "is text, expected an object");
    refused(&with(&|m| m["apiVersion"] = Json::Null), "manifest.apiVersion", "is required");
    refused(&with(&|m| m["apiVersion"] = json!("a/b/c")), "manifest.apiVersion", "no version");
    refused(&with(&|m| m["kind"] = json!("configmap")), "manifest.kind", "is no kind");
    refused(&with(&|m| m["metadata"] = Json::Null), "manifest.metadata", "is required");
    refused(&with(&|m| m["metadata"] = json!("a")), "manifest.metadata", "expected an object");
    refused(&with(&|m| m["metadata"]["name"] = json!("a/b")), "manifest.metadata.name", "no name");
    refused(
        &with(&|m| m["metadata"] = json!({"generateName": "a-"})),
        "manifest.metadata.generateName",
        "cannot be found again",
    );
    refused(
        &with(&|m| m["metadata"]["namespace"] = json!("A")),
        "manifest.metadata.namespace",
        "DNS-1123 label",
    );
    refused(
        &with(&|m| m["metadata"]["labels"] = json!({"on": true})),
        "manifest.metadata.labels.on",
        "write it in quotes",
    );
    refused(&with(&|m| m["status"] = json!({})), "manifest.status", "written by the API server");
    refused(
        &with(&|m| m["metadata"]["uid"] = json!("x")),
        "manifest.metadata.uid",
        "manifest_decode",
    );
    refused(&with(&|m| m["data"] = json!([1, null])), "manifest.data[1]", "Leave the element out");
    let list = json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"name": "a"}, "items": []});
    let list = Manifest { manifest: manifest(&list), ..Manifest::default() };
    refused(&list, "manifest.items", "for_each");
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"},
    });
    let namespace = Manifest { manifest: manifest(&namespace), ..Manifest::default() };
    refused(&namespace, "manifest.metadata.namespace", "one of the whole cluster");
}

#[test]
fn what_is_unknown_passes() {
    let unknown = Manifest { manifest: Attr::Unknown, ..Manifest::default() };
    assert_eq!(findings(&unknown), [""; 0]);
    for name in ["apiVersion", "kind", "metadata", "data"] {
        let mut partly = documents::to_dynamic(&config_map());
        partly.value.set(name, Value::Unknown);
        let config = Manifest { manifest: Attr::Known(Document(partly)), ..Manifest::default() };
        assert_eq!(findings(&config), [""; 0], "{name}");
    }
}

#[test]
fn what_is_kept_nowhere_stands_beside_the_manifest() {
    let with = |secret: &Json, version: Option<i64>| Manifest {
        manifest: manifest(&config_map()),
        manifest_wo: Attr::Known(documents::to_dynamic(secret)),
        manifest_wo_version: version.into(),
        ..Manifest::default()
    };
    assert_eq!(findings(&with(&json!({"data": {"y": "2"}}), Some(1))), [""; 0]);
    refused(&with(&json!({"data": {"y": "2"}}), None), "manifest_wo", "is kept nowhere");
    refused(&with(&json!({"data": {"x": "2"}}), Some(1)), "manifest_wo.data.x", "set in manifest");
    refused(&with(&json!({"kind": "Secret"}), Some(1)), "manifest_wo.kind", "is no secret");
    refused(&with(&json!(["a"]), Some(1)), "manifest_wo", "is a list, expected an object");
}

#[test]
fn a_wait_is_for_something_that_can_come() {
    let wait = Wait { rollout: true.into(), ..Wait::default() };
    let config =
        Manifest { manifest: manifest(&config_map()), wait: wait.into(), ..Manifest::default() };
    refused(&config, "wait.rollout", "has no roll-out");
    let field = FieldWait {
        path: "a".to_owned().into(),
        value: "b".to_owned().into(),
        value_regex: "c".to_owned().into(),
    };
    let wait = Wait { fields: vec![field].into(), ..Wait::default() };
    let config =
        Manifest { manifest: manifest(&config_map()), wait: wait.into(), ..Manifest::default() };
    refused(&config, "wait.fields[0].value_regex", "not both");
}

#[test]
fn what_says_which_object_it_is_cannot_be_left_to_others() {
    let ignored = crate::framework::Set(vec!["metadata.name".to_owned()]);
    let config = Manifest {
        manifest: manifest(&config_map()),
        ignore_fields: ignored.into(),
        ..Manifest::default()
    };
    refused(&config, "ignore_fields", "which object this is");
}

/// The plan of a configuration against a state, as far as a type's own part of it goes.
fn planned(prior: Option<&Manifest>, config: &Manifest, unapplied: bool) -> Result<Change, String> {
    let attributes = Life::default().schema().attributes;
    let prior = prior.map(|prior| prior.clone().into_value());
    let config = config.clone().into_value();
    let merged = crate::framework::plan::plan(&attributes, prior.as_ref(), &config);
    let mut change = Change { config, prior, planned: merged.value, replace: merged.replace };
    if change.prior.is_none() {
        plan::create(&mut change);
    } else {
        plan::update(&attributes, &mut change, unapplied).map_err(|error| error.to_string())?;
    }
    Ok(change)
}

fn replaced(change: &Change) -> Vec<String> {
    change.replace.iter().map(ToString::to_string).collect()
}

/// A state after an apply of that manifest.
fn state(json: &Json, namespace: Option<&str>) -> Manifest {
    let text = |pointer: &str| json.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    Manifest {
        manifest: manifest(json),
        api_version: text("/apiVersion").into(),
        kind: text("/kind").into(),
        name: text("/metadata/name").into(),
        namespace: namespace.map(str::to_owned).into(),
        uid: "u".to_owned().into(),
        cascade: "background".to_owned().into(),
        on_destroy: "delete".to_owned().into(),
        ..Manifest::default()
    }
}

fn config(json: &Json) -> Manifest {
    Manifest { manifest: manifest(json), ..Manifest::default() }
}

#[test]
fn a_create_knows_what_the_manifest_knows() {
    let change = planned(None, &config(&config_map()), false).unwrap();
    let planned_as = |name: &str| change.planned.get(name).clone();
    assert_eq!(planned_as("name"), "a".into());
    assert_eq!(planned_as("namespace"), "default".into());
    assert_eq!((planned_as("uid"), planned_as("fields")), (Value::Unknown, Value::Null));

    let node = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    let change = planned(None, &config(&node), false).unwrap();
    assert!(change.planned.get("namespace").is_null());
    let custom = json!({"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "a"}});
    let change = planned(None, &config(&custom), false).unwrap();
    assert!(change.planned.get("namespace").is_unknown());

    let unknown = Manifest { manifest: Attr::Unknown, ..Manifest::default() };
    let change = planned(None, &unknown, false).unwrap();
    assert!(change.planned.get("name").is_unknown() && change.planned.get("kind").is_unknown());
}

#[test]
fn another_object_is_made_anew_and_another_version_is_not() {
    let prior = state(&config_map(), Some("default"));
    let with = |change: &dyn Fn(&mut Json)| {
        let mut json = config_map();
        change(&mut json);
        let change = planned(Some(&prior), &config(&json), false).unwrap();
        (replaced(&change), change.planned == prior.clone().into_value())
    };
    assert_eq!(with(&|_| {}), (vec![], true));
    assert_eq!(with(&|m| m["data"]["x"] = json!("2")), (vec![], false));
    assert_eq!(with(&|m| m["metadata"]["namespace"] = json!("default")), (vec![], false));
    assert_eq!(with(&|m| m["apiVersion"] = json!("v2")), (vec![], false));
    for (change, path) in [
        (
            &(|m: &mut Json| m["metadata"]["name"] = json!("b")) as &dyn Fn(&mut Json),
            "metadata.name",
        ),
        (&|m| m["metadata"]["namespace"] = json!("b"), "metadata.namespace"),
        (&|m| m["kind"] = json!("Secret"), "kind"),
        (&|m| m["apiVersion"] = json!("x.io/v1"), "apiVersion"),
    ] {
        assert_eq!(with(change), (vec![format!("manifest.{path}")], false));
    }
}

#[test]
fn a_namespace_that_is_taken_away_is_the_default_one() {
    let mut json = config_map();
    json["metadata"]["namespace"] = json!("b");
    let change = planned(Some(&state(&json, Some("b"))), &config(&config_map()), false).unwrap();
    assert_eq!(replaced(&change), ["manifest.metadata.namespace"]);
    assert_eq!(change.planned.get("namespace"), &"default".into());
    json["metadata"]["namespace"] = json!("default");
    let prior = state(&json, Some("default"));
    assert_eq!(replaced(&planned(Some(&prior), &config(&config_map()), false).unwrap()), [""; 0]);
}

#[test]
fn a_plan_does_not_guess_which_object_it_is() {
    let prior = state(&config_map(), Some("default"));
    let unknown = Manifest { manifest: Attr::Unknown, ..Manifest::default() };
    let error = planned(Some(&prior), &unknown, false).unwrap_err();
    assert!(error.contains("manifest as a whole is known only after apply"), "{error}");

    let partly = |change: &dyn Fn(&mut Dynamic)| {
        let mut partly = documents::to_dynamic(&config_map());
        change(&mut partly);
        let config = Manifest { manifest: Attr::Known(Document(partly)), ..Manifest::default() };
        planned(Some(&prior), &config, false)
    };
    let error = partly(&|m| m.value.set("metadata", Value::Unknown)).unwrap_err();
    assert!(error.contains("manifest.metadata as a whole"), "{error}");
    let change = partly(&|m| m.value.set("data", Value::Unknown)).unwrap();
    assert_eq!(replaced(&change), [""; 0]);
    // A name that follows from something else may be another one.
    let change = partly(&|m| {
        let mut metadata = m.value.get("metadata").clone();
        metadata.set("name", Value::Unknown);
        m.value.set("metadata", metadata);
    });
    assert_eq!(replaced(&change.unwrap()), ["manifest.metadata.name"]);
}

#[test]
fn another_spelling_and_what_is_ignored_are_no_change() {
    let quota = |cpu: &str| {
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "a"},
               "spec": {"hard": {"cpu": cpu}}})
    };
    let prior = state(&quota("500m"), Some("default"));
    let change = planned(Some(&prior), &config(&quota("0.5")), false).unwrap();
    assert_eq!(change.planned, prior.clone().into_value());
    let ignored = crate::framework::Set(vec!["spec.hard.cpu".to_owned()]);
    let prior = Manifest { ignore_fields: ignored.clone().into(), ..prior };
    let config = Manifest { ignore_fields: ignored.into(), ..config(&quota("9")) };
    let change = planned(Some(&prior), &config, false).unwrap();
    assert_eq!(change.planned, prior.into_value());
}

#[test]
fn a_plan_with_unknown_parts_promises_no_spelling_that_it_may_not_keep() {
    let prior = state(&config_map(), Some("default"));
    let with = |x: Value, y: &Json| {
        let mut json = config_map();
        json["data"]["y"] = y.clone();
        let mut partly = documents::to_dynamic(&json);
        let mut data = partly.value.get("data").clone();
        data.set("x", x);
        partly.value.set("data", data);
        let config = Manifest { manifest: Attr::Known(Document(partly)), ..Manifest::default() };
        planned(Some(&prior), &config, false)
    };
    // A null says nothing, as before; whether the rest changes is not known.
    let error = with(Value::Unknown, &Json::Null).unwrap_err();
    assert!(error.contains("whether they change cannot be told"), "{error}");
    assert!(with("1".into(), &Json::Null).is_ok());
    assert!(with(Value::Unknown, &json!("2")).is_ok());
}

#[test]
fn what_an_import_shows_beyond_the_configuration_is_others() {
    let mut more = config_map();
    more["metadata"]["labels"] = json!({"team": "a"});
    let prior = state(&more, Some("default"));
    let change = planned(Some(&prior), &config(&config_map()), true).unwrap();
    assert_eq!(change.planned, prior.clone().into_value());
    // Once something was applied, what is left out was ours and is given up.
    let change = planned(Some(&prior), &config(&config_map()), false).unwrap();
    assert_ne!(change.planned, prior.into_value());
}

#[test]
fn what_is_read_back_is_unknown_while_something_changes() {
    let read = crate::framework::Set(vec!["metadata.uid".to_owned()]);
    let fields = std::collections::BTreeMap::from([("metadata.uid".to_owned(), "u".to_owned())]);
    let prior = Manifest {
        read_fields: read.clone().into(),
        fields: fields.into(),
        ..state(&config_map(), Some("default"))
    };
    let same = Manifest { read_fields: read.into(), ..config(&config_map()) };
    let change = planned(Some(&prior), &same, false).unwrap();
    assert_eq!(change.planned, prior.clone().into_value());
    let mut json = config_map();
    json["data"]["x"] = json!("2");
    let change =
        planned(Some(&prior), &Manifest { manifest: manifest(&json), ..same }, false).unwrap();
    assert!(change.planned.get("fields").is_unknown());
    assert_eq!(change.planned.get("uid"), &"u".into());
}
