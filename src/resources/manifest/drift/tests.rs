use serde_json::json;

use super::*;

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).expect("a path")
}

fn look(ours: &Json, live: &Json) -> Json {
    seen(ours, live, &Rewritten::new(), &[])
}

/// A Deployment as an API server gives it back: with defaults, and with a container that a webhook
/// has put in.
fn deployment() -> [Json; 2] {
    let ours = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "web"}, "annotations": null},
        "spec": {
            "replicas": 2,
            "template": {"spec": {"containers": [
                {"name": "web", "image": "web:1", "args": ["-v"],
                 "resources": {"limits": {"cpu": "0.5"}}, "ports": [{"containerPort": 80}]},
            ]}},
        },
    });
    let live = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "web", "namespace": "default", "uid": "u", "labels": {"app": "web", "x": "y"},
            "managedFields": [{"manager": "a", "operation": "Apply", "fieldsV1": {
                "f:spec": {"f:template": {"f:spec": {"f:containers": {
                    "k:{\"name\":\"web\"}": {
                        ".": {}, "f:name": {}, "f:image": {}, "f:args": {},
                        "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}}},
                    },
                    "k:{\"name\":\"proxy\"}": {".": {}, "f:name": {}},
                }}}},
            }}],
        },
        "spec": {
            "replicas": 2, "revisionHistoryLimit": 10,
            "template": {"spec": {"containers": [
                {"name": "proxy", "image": "proxy:1"},
                {"name": "web", "image": "web:1", "args": ["-v"], "imagePullPolicy": "Always",
                 "resources": {"limits": {"cpu": "500m"}},
                 "ports": [{"containerPort": 80, "protocol": "TCP"}]},
            ]}},
        },
        "status": {"replicas": 2},
    });
    [ours, live]
}

#[test]
fn what_others_put_beside_ours_is_no_drift() {
    let [ours, live] = deployment();
    assert_eq!(look(&ours, &live), ours);
}

#[test]
fn drift_is_where_it_is() {
    let [ours, mut live] = deployment();
    live["spec"]["replicas"] = 5.into();
    live["spec"]["template"]["spec"]["containers"][1]["image"] = "web:2".into();
    live["metadata"]["labels"].as_object_mut().unwrap().remove("app");
    let mut expected = ours.clone();
    expected["spec"]["replicas"] = 5.into();
    expected["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2".into();
    expected["metadata"]["labels"] = json!({});
    assert_eq!(look(&ours, &live), expected);
}

#[test]
fn an_element_that_is_gone_shows_and_one_of_others_does_not() {
    let [ours, mut live] = deployment();
    live["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().remove(1);
    let seen = look(&ours, &live);
    assert_eq!(seen["spec"]["template"]["spec"]["containers"], json!([]));
}

#[test]
fn a_list_that_is_one_field_shows_what_was_added_to_it() {
    let [ours, mut live] = deployment();
    live["spec"]["template"]["spec"]["containers"][1]["args"] = json!(["-v", "-x"]);
    let seen = look(&ours, &live);
    let container = &seen["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["args"], json!(["-v", "-x"]));
    assert_eq!(container["ports"], json!([{"containerPort": 80}]));
}

#[test]
fn a_list_of_values_has_those_of_others_left_out() {
    let ours = json!({"metadata": {"finalizers": ["ours"]}});
    let live = json!({"metadata": {
        "finalizers": ["theirs", "ours"],
        "managedFields": [{"fieldsV1": {"f:metadata": {"f:finalizers": {"v:\"ours\"": {}}}}}],
    }});
    assert_eq!(look(&ours, &live), ours);
    let gone = json!({"metadata": {
        "finalizers": ["theirs"],
        "managedFields": [{"fieldsV1": {"f:metadata": {"f:finalizers": {"v:\"theirs\"": {}}}}}],
    }});
    assert_eq!(look(&ours, &gone)["metadata"]["finalizers"], json!([]));
}

#[test]
fn what_an_apply_turned_into_is_no_drift_until_it_changes() {
    let ours = json!({"spec": {"interval": "5m", "labels": {}, "list": ["a"], "kept": "x"}});
    let applied = json!({"spec": {"interval": "5m0s", "list": ["a", "b"], "kept": "x"}});
    let known = rewritten(&ours, &applied);
    let places: Vec<_> = known.keys().map(String::as_str).collect();
    assert_eq!(places, ["/spec/interval", "/spec/labels", "/spec/list"]);
    assert_eq!(seen(&ours, &applied, &known, &[]), ours);

    let changed =
        json!({"spec": {"interval": "9m0s", "labels": {"a": "b"}, "list": ["a"], "kept": "x"}});
    let drifted = seen(&ours, &changed, &known, &[]);
    assert_eq!(drifted["spec"]["interval"], "9m0s");
    // What others put into an empty map of ours is theirs.
    assert_eq!(drifted["spec"]["labels"], json!({}));
    assert_eq!(drifted["spec"]["list"], json!(["a"]));
    // What is remembered has none of the values.
    assert!(!format!("{known:?}").contains("5m0s"));
}

#[test]
fn what_is_empty_may_have_been_dropped_before() {
    let ours = json!({"metadata": {"annotations": {}, "labels": {"a": "b"}}, "list": []});
    let live = json!({"metadata": {}});
    let known = dropped(&ours, &live);
    assert_eq!(known.keys().collect::<Vec<_>>(), ["/list", "/metadata/annotations"]);
    let mut expected = ours.clone();
    expected["metadata"].as_object_mut().unwrap().remove("labels");
    assert_eq!(seen(&ours, &live, &known, &[]), expected);
}

#[test]
fn what_is_ignored_is_neither_seen_nor_overwritten() {
    let [ours, mut live] = deployment();
    live["spec"]["replicas"] = 5.into();
    live["spec"]["template"]["spec"]["containers"][1]["image"] = "web:2".into();
    let ignored = [
        path("spec.replicas"),
        path("spec.template.spec.containers[0].image"),
        path("spec.nothing"),
    ];
    assert_eq!(seen(&ours, &live, &Rewritten::new(), &ignored), ours);
    let mut content = canonical(&ours);
    keep_live(&mut content, &live, &ignored);
    assert_eq!(content["spec"]["replicas"], 5);
    // By its name, whatever its place in the cluster is.
    let container = &content["spec"]["template"]["spec"]["containers"][0];
    assert_eq!((&container["name"], &container["image"]), (&json!("web"), &json!("web:2")));
    assert_eq!(container["args"], json!(["-v"]));
    assert!(content["spec"].get("nothing").is_none());
}

#[test]
fn manifests_are_compared_by_meaning() {
    let [ours, _] = deployment();
    let mut other = canonical(&ours);
    let cpu = "/spec/template/spec/containers/0/resources/limits/cpu";
    *other.pointer_mut(cpu).unwrap() = "500m".into();
    assert!(same(&ours, &other, &[]));
    other["spec"]["replicas"] = 3.into();
    assert!(!same(&ours, &other, &[]));
    assert!(same(&ours, &other, &[path("spec.replicas")]));
    other["spec"].as_object_mut().unwrap().remove("replicas");
    assert!(same(&ours, &other, &[path("spec.replicas")]));
    // An empty selector selects everything, and none nothing.
    let selector = |spec: Json| json!({"spec": spec});
    assert!(!same(&selector(json!({"podSelector": {}})), &selector(json!({})), &[]));
    assert!(same(&selector(json!({"podSelector": null})), &selector(json!({})), &[]));
}

#[test]
fn a_manifest_may_say_less_than_what_is_there() {
    let [ours, live] = deployment();
    let mut part = ours.clone();
    part["spec"].as_object_mut().unwrap().remove("template");
    assert!(covers(&live, &part));
    assert!(covers(&ours, &part));
    assert!(!covers(&part, &ours));
    part["spec"]["replicas"] = 3.into();
    assert!(!covers(&live, &part));
}

#[test]
fn the_texts_of_a_secret_are_compared_with_its_data() {
    let ours = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "hello"}});
    let live = |data: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": data}});
    assert_eq!(look(&ours, &live("aGVsbG8=")), ours);
    assert_eq!(look(&ours, &live("eA=="))["stringData"]["a"], "x");
}
