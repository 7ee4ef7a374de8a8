//! An object with every field set, through a model and back.

use serde_json::{Map, Value as Json, json};
use terraform_provider_gitops::framework::Model;
use terraform_provider_gitops::framework::api::{View, project, render};
use terraform_provider_gitops::framework::schema;
use terraform_provider_gitops::resources::argocd::app_project::AppProject;
use terraform_provider_gitops::resources::argocd::application::Application;
use terraform_provider_gitops::resources::argocd::application_set::ApplicationSet;
use terraform_provider_gitops::resources::kargo::cluster_config::ClusterConfig;
use terraform_provider_gitops::resources::kargo::project_config::ProjectConfig;
use terraform_provider_gitops::resources::kargo::promotion_task::PromotionTask;
use terraform_provider_gitops::resources::kargo::stage::Stage;
use terraform_provider_gitops::resources::kargo::warehouse::{self, Warehouse};

use super::definitions::Definitions;

/// A value that fits a schema, with everything in it that may be.
fn sample(schema: &Json) -> Json {
    if schema["x-kubernetes-int-or-string"] == true {
        return json!(3);
    }
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return json!({"any": {"thing": [1, "two", {"three": 3}]}});
    }
    if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
        return value.clone();
    }
    match schema["type"].as_str() {
        Some("string") => json!("text"),
        Some("boolean") => json!(true),
        Some("integer") => json!(7),
        Some("array") => json!([sample(&schema["items"]), sample(&schema["items"])]),
        Some("object") => {
            if let values @ Json::Object(_) = &schema["additionalProperties"] {
                json!({"key": sample(values)})
            } else {
                let fields = schema["properties"].as_object().into_iter().flatten();
                fields
                    .map(|(name, field)| (name.clone(), sample(field)))
                    .collect::<Map<_, _>>()
                    .into()
            }
        }
        other => panic!("no sample for the type {other:?}"),
    }
}

/// What an import sees of the object, as it would be sent again.
fn through<M: Model>(object: &Json) -> Json {
    let prior = schema::empty(&M::attributes());
    let values = project(&M::attributes(), "/spec", object, &prior, View::Whole);
    // What the state holds is of the model's types.
    let values = M::from_value(values).expect("the values fit the model").into_value();
    render(&M::attributes(), "/spec", &values).expect("everything is known")
}

fn object(definition: &Json) -> Json {
    json!({
        "metadata": {
            "name": "name",
            "namespace": "namespace",
            "labels": {"a": "b"},
            "annotations": {"c": "d"},
        },
        "spec": sample(&definition["properties"]["spec"]),
    })
}

#[test]
fn an_object_with_every_field_survives_an_import() {
    let definitions = Definitions::find();
    let application = object(&definitions.argocd("application-crd.yaml"));
    assert_eq!(through::<Application>(&application), application);
    let mut application_set = object(&definitions.argocd("applicationset-crd.yaml"));
    // Argo CD ignores it; the model does not have it.
    let spec = application_set["spec"].as_object_mut().expect("an object");
    spec.remove("applyNestedSelectors").expect("a field of the definition");
    assert_eq!(through::<ApplicationSet>(&application_set), application_set);
    let app_project = object(&definitions.argocd("appproject-crd.yaml"));
    assert_eq!(through::<AppProject>(&app_project), app_project);
    let stage = object(&definitions.kargo("kargo.akuity.io_stages.yaml"));
    assert_eq!(through::<Stage>(&stage), stage);
    let task = object(&definitions.kargo("kargo.akuity.io_promotiontasks.yaml"));
    assert_eq!(through::<PromotionTask>(&task), task);
    let mut config = object(&definitions.kargo("kargo.akuity.io_projectconfigs.yaml"));
    config["metadata"].as_object_mut().expect("an object").remove("name").expect("a name");
    assert_eq!(through::<ProjectConfig>(&config), config);
    let mut config = object(&definitions.kargo("kargo.akuity.io_clusterconfigs.yaml"));
    config["metadata"].as_object_mut().expect("an object").remove("namespace").expect("a name");
    assert_eq!(through::<ClusterConfig>(&config), config);
}

#[test]
fn a_warehouse_with_every_subscription_survives_an_import() {
    let definitions = Definitions::find();
    let mut object = object(&definitions.kargo("kargo.akuity.io_warehouses.yaml"));
    let subscription = |name: &str| {
        let mut fields = sample(&definitions.subscription(name));
        // Kargo refuses them; the models do not have them.
        let fields_without = fields.as_object_mut().expect("an object");
        fields_without.retain(|key, _| !matches!(key.as_str(), "allowTags" | "ignoreTags"));
        json!({name: fields})
    };
    let other = json!({"rss": {"subscriptionType": "rss", "name": "x", "config": {"a": [1]}}});
    object["spec"]["subscriptions"] =
        json!([subscription("git"), subscription("image"), subscription("chart"), other]);
    let mut read = object.clone();
    warehouse::from_api(&mut read);
    let mut sent = through::<Warehouse>(&read);
    warehouse::to_api(&mut sent);
    assert_eq!(sent, object);
}
