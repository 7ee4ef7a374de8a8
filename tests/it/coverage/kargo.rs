//! What Kargo's API makes of objects, beside what a plan says of them.
//!
//! The answers of the real API were recorded of Kargo 1.11 with its webhooks, in a folder `facts`
//! of `shared` beside the workspace. Where that is not there, the cases that are written here are
//! all.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Value as Json, json};
use terraform_provider_gitops::framework::api::{View, misfits};
use terraform_provider_gitops::framework::schema::{self, Attribute, Kind as Holds, Nesting};
use terraform_provider_gitops::framework::{Model, Schema, Severity, Value, plan, validate};
use terraform_provider_gitops::resources::kargo::cluster_config::ClusterConfig;
use terraform_provider_gitops::resources::kargo::cluster_promotion_task::ClusterPromotionTask;
use terraform_provider_gitops::resources::kargo::credentials::Credentials;
use terraform_provider_gitops::resources::kargo::freight::Freight;
use terraform_provider_gitops::resources::kargo::project::Project;
use terraform_provider_gitops::resources::kargo::project_config::ProjectConfig;
use terraform_provider_gitops::resources::kargo::promotion::Promotion;
use terraform_provider_gitops::resources::kargo::promotion_task::PromotionTask;
use terraform_provider_gitops::resources::kargo::stage::Stage;
use terraform_provider_gitops::resources::kargo::warehouse::Warehouse;
use terraform_provider_gitops::resources::object::Kind;

/// What a plan says of an object: the errors, each at its attribute. `None` for a kind that there
/// is no type for.
fn errors(object: &Json) -> Option<Vec<String>> {
    Some(match object["kind"].as_str()? {
        "ClusterConfig" => errors_of::<ClusterConfig>(object),
        "ClusterPromotionTask" => errors_of::<ClusterPromotionTask>(object),
        "Freight" => errors_of::<Freight>(object),
        "Project" => errors_of::<Project>(object),
        "ProjectConfig" => errors_of::<ProjectConfig>(object),
        "Promotion" => errors_of::<Promotion>(object),
        "PromotionTask" => errors_of::<PromotionTask>(object),
        "Secret" => errors_of::<Credentials>(object),
        "Stage" => errors_of::<Stage>(object),
        "Warehouse" => errors_of::<Warehouse>(object),
        _ => return None,
    })
}

fn attributes<K: Kind>() -> Vec<Attribute> {
    Schema::new(0, "", K::Model::attributes()).attributes
}

fn errors_of<K: Kind>(object: &Json) -> Vec<String> {
    let attributes = attributes::<K>();
    // What the schema says: core refuses what is no attribute, and what is of another type.
    let (within, spec) = spec_of(object, &attributes);
    let mut found = misfits(&within, &spec);
    let nothing = schema::empty(&attributes);
    let values = match K::project(&attributes, object, &nothing, View::Whole) {
        Ok(values) => values,
        Err(error) => return vec![error.message().to_owned()],
    };
    if !K::POSTED
        && let Ok(reference) = K::reference(&values)
        && object["metadata"]["name"] != reference.name.as_str()
    {
        found.push("name: there is no way to say it".to_owned());
    }
    let checked = validate::checked(&attributes, &values, |diagnostics| {
        validate::typed::<K::Model>(&values, diagnostics, K::validate);
    });
    let errors = checked.iter().filter(|found| found.severity == Severity::Error);
    found.extend(errors.map(|found| format!("{}: {}", found.path, found.detail)));
    found
}

/// The spec of an object, as the attributes see it that have their place in it.
fn spec_of(object: &Json, attributes: &[Attribute]) -> (Vec<Attribute>, Json) {
    let mut spec = object["spec"].clone();
    if spec.is_null() {
        spec = json!({});
    }
    let in_spec = |attr: &&Attribute| attr.api.field.is_some_and(|name| !name.starts_with('/'));
    let mut within: Vec<_> = attributes.iter().filter(in_spec).cloned().collect();
    match object["kind"].as_str() {
        Some("Secret") => return (Vec::new(), json!({})),
        Some("Freight") => {
            spec = object.clone();
            let fields = spec.as_object_mut().expect("an object");
            fields.retain(|name, _| !["apiVersion", "kind", "metadata"].contains(&name.as_str()));
        }
        _ => {}
    }
    for attr in &mut within {
        if let Some((outer, inner)) = attr.api.field.and_then(|field| field.split_once('/')) {
            attr.api.field = Some(outer);
            if !spec[outer].is_null() {
                spec[outer] = spec[outer][inner].clone();
            }
        }
    }
    if object["kind"] == "Warehouse" {
        let mut as_read = object.clone();
        terraform_provider_gitops::resources::kargo::warehouse::from_api(&mut as_read);
        spec["subscriptions"] = as_read["spec"]["subscriptions"].clone();
    }
    (within, spec)
}

/// What the API takes and a plan refuses, and why: Kargo would fail on it later, or ignore it.
const STRICTER: [(&str, &str); 16] = [
    ("pc-generic-bad-when", "the receiver fails on every request"),
    ("pc-policy-bad-operator", "the policy fits no stage"),
    ("pc-receiver-secretref-without-name", "there is no Secret without a name"),
    ("secret-cred-unknown-type", "Kargo never looks at it"),
    ("secret-cred-without-repourl", "Kargo never uses it"),
    ("st-config-bad-expression", "every promotion ends with an error"),
    ("st-config-list", "every promotion fails"),
    ("st-config-string", "every promotion fails"),
    ("st-if-bad-expression", "every promotion ends with an error"),
    ("st-sources-empty", "no freight ever reaches the stage"),
    ("wh-criteria-bad-expression", "no freight is ever made"),
    ("wh-duplicate-git", "no freight can be made of it"),
    ("wh-duplicate-image", "no freight can be made of it"),
    ("wh-git-bad-include-regex", "discovery fails"),
    ("wh-git-bad-tag-regex", "discovery fails"),
    ("wh-image-legacy-semverconstraint", "it is ignored: the newest tag of all is taken"),
];

/// What the API refuses for something that is not in the configuration.
const NOT_IN_THE_CONFIGURATION: [(&str, &str); 7] = [
    ("pc-update-to-empty-spec-after-owning-fields", "an empty spec is never sent"),
    ("promotion-freight-not-found", "the freight may be made by another resource"),
    ("promotion-stage-not-found", "the stage may be made by another resource"),
    ("project-with-empty-spec", "a project has no spec, and none is sent"),
    ("stage-unknown-namespace", "the namespace is made by another resource"),
    ("wh-generic-unknown-type", "an edition of Kargo may know the type"),
    ("wh-missing-namespace", "the namespace is made by another resource"),
];

fn facts() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = env::var_os("GITOPS_FACTS").map(PathBuf::from);
    let beside = ["../shared/facts", "../../shared/facts"].map(|path| root.join(path));
    named.into_iter().chain(beside).find(|folder| folder.join("kargo-cases.json").is_file())
}

fn read(file: &Path) -> Json {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

#[test]
fn a_plan_refuses_what_the_api_would_and_takes_the_rest() {
    let Some(folder) = facts() else {
        eprintln!("no recorded answers of Kargo's API: those in this file are all");
        return;
    };
    let cases = read(&folder.join("kargo-cases.json"));
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for case in cases.as_array().expect("a list") {
        let name = case["name"].as_str().expect("a name");
        let mut object = case["manifest"].clone();
        let texts = object.as_object_mut().and_then(|object| object.remove("stringData"));
        if let Some(Json::Object(texts)) = texts {
            // Of credentials, rules look at what is there, and not at what it is.
            object["data"] = texts.keys().map(|key| (key.clone(), json!("eA=="))).collect();
        }
        let Some(errors) = errors(&object) else { continue };
        looked_at += 1;
        let refused = !errors.is_empty();
        let expected = if case["accepted"] == true {
            STRICTER.iter().any(|(stricter, _)| *stricter == name)
        } else {
            !NOT_IN_THE_CONFIGURATION.iter().any(|(invisible, _)| *invisible == name)
        };
        if refused != expected {
            wrong.push(format!("{name}: the API said {}, and a plan {errors:?}", case["message"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at > 100, "only {looked_at} cases");
}

/// Objects by their kind and spec, with the attribute that is refused; an empty text where nothing
/// is. One for each rule of Kargo's definitions and webhooks, both ways.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(&'static str, Json, &'static str)> {
    let template = |steps: Json| {
        let sources = json!({ "direct": true });
        let request = json!({ "origin": { "kind": "Warehouse", "name": "a" }, "sources": sources });
        json!({ "requestedFreight": [request], "promotionTemplate": { "spec": { "steps": steps } } })
    };
    let request = |sources: Json| {
        let origin = json!({ "kind": "Warehouse", "name": "a" });
        json!({ "requestedFreight": [{ "origin": origin, "sources": sources }] })
    };
    let policy = |policy: Json| json!({ "promotionPolicies": [policy] });
    let receivers = |receivers: Json| json!({ "webhookReceivers": receivers });
    let watching = |subscription: Json| json!({ "subscriptions": [subscription] });
    let secret = json!({ "secretRef": { "name": "s" } });
    vec![
        ("Stage", template(json!([{ "uses": "fail", "as": "x" }])), ""),
        ("Stage", template(json!([{ "task": { "name": "bump" }, "as": "step-x" }])), ""),
        ("Stage", template(json!([])), "promotion_template.steps"),
        ("Stage", template(json!([{ "as": "x" }])), "promotion_template.steps[0]"),
        (
            "Stage",
            template(json!([{ "uses": "fail", "as": "x" }, { "uses": "fail", "as": "x" }])),
            "promotion_template.steps[1].as",
        ),
        (
            "Stage",
            template(json!([{ "uses": "fail", "as": "task-3" }])),
            "promotion_template.steps[0].as",
        ),
        (
            "Stage",
            template(json!([{ "task": { "name": "bump" }, "retry": { "errorThreshold": 1 } }])),
            "promotion_template.steps[0].retry",
        ),
        (
            "Stage",
            template(json!([{ "uses": "fail", "retry": { "timeout": "1d" } }])),
            "promotion_template.steps[0].retry.timeout",
        ),
        ("Stage", request(json!({ "direct": true, "stages": ["b"] })), ""),
        ("Stage", request(json!({ "stages": ["b"], "requiredSoakTime": "90m" })), ""),
        ("Stage", request(json!({})), "requested_freight[0].sources"),
        (
            "Stage",
            request(json!({ "stages": ["b"], "requiredSoakTime": "1d" })),
            "requested_freight[0].sources.required_soak_time",
        ),
        (
            "Stage",
            request(
                json!({ "stages": ["b", "c"], "autoPromotionOptions": { "selectionPolicy": "MatchUpstream" } }),
            ),
            "requested_freight[0].sources.auto_promotion_options.selection_policy",
        ),
        (
            "Stage",
            request(json!({ "stages": ["b"], "availabilityStrategy": "Any" })),
            "requested_freight[0].sources.availability_strategy",
        ),
        ("Stage", json!({ "requestedFreight": [] }), "requested_freight"),
        ("PromotionTask", json!({ "vars": [{ "name": "a" }], "steps": [{ "uses": "fail" }] }), ""),
        (
            "PromotionTask",
            json!({ "vars": [{ "name": "1a" }], "steps": [{ "uses": "fail" }] }),
            "vars[0].name",
        ),
        ("PromotionTask", json!({ "steps": [{ "task": { "name": "a" } }] }), "steps[0].task"),
        (
            "ClusterPromotionTask",
            json!({ "steps": [{ "uses": "fail", "as": "step-1" }] }),
            "steps[0].as",
        ),
        ("ClusterPromotionTask", json!({ "steps": [] }), "steps"),
        ("ProjectConfig", policy(json!({ "stageSelector": { "name": "glob:prod-*" } })), ""),
        ("ProjectConfig", policy(json!({ "stageSelector": { "name": "Dev_X" } })), ""),
        (
            "ProjectConfig",
            policy(json!({ "stageSelector": { "name": "regex:(" } })),
            "promotion_policies[0].stage_selector.name",
        ),
        (
            "ProjectConfig",
            policy(json!({ "stageSelector": { "name": "re:a" } })),
            "promotion_policies[0].stage_selector.name",
        ),
        ("ProjectConfig", policy(json!({ "autoPromotionEnabled": true })), "promotion_policies[0]"),
        (
            "ProjectConfig",
            policy(json!({ "stage": "a", "autoRollback": { "onPromotion": ["Error"] } })),
            "promotion_policies[0].auto_rollback.on_promotion[0]",
        ),
        ("ProjectConfig", receivers(json!([{ "name": "a", "quay": secret }])), ""),
        ("ProjectConfig", receivers(json!([{ "name": "a" }])), "webhook_receivers[0]"),
        (
            "ProjectConfig",
            receivers(json!([{ "name": "a", "quay": secret }, { "name": "a", "azure": secret }])),
            "webhook_receivers[1].name",
        ),
        (
            "ClusterConfig",
            receivers(json!([{ "name": "a", "quay": secret, "azure": secret }])),
            "webhook_receivers[0]",
        ),
        ("ClusterConfig", json!({ "gitClient": { "name": "a", "email": "a@example.com" } }), ""),
        (
            "ClusterConfig",
            json!({ "gitClient": { "name": "a", "email": "nope" } }),
            "git_client.email",
        ),
        ("Warehouse", watching(json!({ "git": { "repoURL": "https://a.example.com/b.git" } })), ""),
        (
            "Warehouse",
            watching(json!({ "git": { "repoURL": "git://a.example.com/b.git" } })),
            "subscriptions[0].git.repo_url",
        ),
        (
            "Warehouse",
            watching(
                json!({ "image": { "repoURL": "a.example.com/b", "imageSelectionStrategy": "Digest" } }),
            ),
            "subscriptions[0].image.constraint",
        ),
        (
            "Warehouse",
            watching(json!({ "chart": { "repoURL": "oci://a.example.com/b", "name": "b" } })),
            "subscriptions[0].chart.name",
        ),
        (
            "Warehouse",
            watching(
                json!({ "git": { "repoURL": "https://a.example.com/b", "discoveryLimit": 101 } }),
            ),
            "subscriptions[0].git.discovery_limit",
        ),
    ]
}

#[test]
fn every_rule_of_kargo_points_at_its_attribute() {
    for (kind, spec, at) in cases() {
        let name = if kind == "ClusterConfig" { "cluster" } else { "a" };
        let metadata = json!({ "name": name, "namespace": "a" });
        let object = json!({ "kind": kind, "metadata": metadata, "spec": spec });
        let errors = errors(&object).expect("a kind that there is a type for");
        let paths: Vec<_> =
            errors.iter().map(|error| error.split(": ").next().unwrap_or_default()).collect();
        match at {
            "" => assert_eq!(paths, [""; 0], "{object}"),
            at => assert!(paths.contains(&at), "{object}: {errors:#?}"),
        }
    }
}

/// Every recorded object, as it was right after it was applied and half a minute later, when
/// webhooks and controllers had written what they write, needs no change under the configuration
/// that made it.
#[test]
fn what_kargo_writes_into_its_objects_is_no_change() {
    let Some(folder) = facts().map(|folder| folder.join("kargo-live")) else {
        eprintln!("no recorded objects of Kargo: see the promises, where they are written");
        return;
    };
    let mut looked_at = 0;
    for entry in fs::read_dir(&folder).expect("a folder") {
        let file = entry.expect("a file").path();
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(first) = name.strip_suffix(".t30.json").map(|name| format!("{name}.t0.json"))
        else {
            continue;
        };
        let objects = [read(&folder.join(first)), read(&file)];
        let changed = match objects[0]["kind"].as_str().expect("a kind") {
            "ClusterConfig" => changes::<ClusterConfig>(&objects),
            "ClusterPromotionTask" => changes::<ClusterPromotionTask>(&objects),
            "Project" => changes::<Project>(&objects),
            "ProjectConfig" => changes::<ProjectConfig>(&objects),
            "PromotionTask" => changes::<PromotionTask>(&objects),
            "Secret" => changes::<Credentials>(&objects),
            "Stage" => changes::<Stage>(&objects),
            "Warehouse" => changes::<Warehouse>(&objects),
            _ => continue,
        };
        assert_eq!(changed, [""; 0], "{name}");
        looked_at += 1;
    }
    assert!(looked_at >= 10, "only {looked_at} objects");
}

/// What changes of these objects under the configuration of the first.
fn changes<K: Kind>(objects: &[Json; 2]) -> Vec<String> {
    let attributes = attributes::<K>();
    let nothing = schema::empty(&attributes);
    let mut config = K::project(&attributes, &objects[0], &nothing, View::Whole).expect("values");
    as_written(&attributes, &mut config);
    let made = plan::plan(&attributes, None, &config).value;
    let mut changed = Vec::new();
    for object in objects {
        let seen = K::project(&attributes, object, &made, View::Owned).expect("values");
        let state = plan::refresh(&attributes, &made, seen);
        let planned = plan::plan(&attributes, Some(&state), &config).value;
        for attr in &attributes {
            let (before, after) = (state.get(attr.name), planned.get(attr.name));
            if before != after {
                changed.push(format!("{}: {before:?} to {after:?}", attr.name));
            }
        }
    }
    changed
}

/// A configuration as its user wrote it: without what has a default, without what only the API
/// sets, and with durations spelled as people do.
fn as_written(attributes: &[Attribute], values: &mut Value) {
    for attr in attributes {
        let mut value = values.get(attr.name).clone();
        if attr.default.as_ref() == Some(&value) || !attr.is_configurable() {
            value = Value::Null;
        }
        match (&attr.kind, &mut value) {
            (Holds::Nested(Nesting::Single, inner), value @ Value::Object(_)) => {
                as_written(inner, value);
            }
            (Holds::Nested(_, inner), Value::List(elements)) => {
                for element in elements {
                    as_written(inner, element);
                }
            }
            (Holds::Plain(_), Value::String(text)) if text.ends_with("m0s") => {
                text.truncate(text.len() - 2);
            }
            _ => {}
        }
        values.set(attr.name, value);
    }
}
