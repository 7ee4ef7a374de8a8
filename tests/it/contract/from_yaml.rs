//! Manifests as the attributes of their resources: what a configuration is written as is read as the
//! same configuration.

use serde_json::Value as Json;
use terraform_provider_gitops::framework::api::{self, View};
use terraform_provider_gitops::framework::schema::{Attribute, Kind as Form, Nesting};
use terraform_provider_gitops::framework::{Callable, Model, Value};
use terraform_provider_gitops::resources::argocd::app_project::AppProject;
use terraform_provider_gitops::resources::argocd::application::Application;
use terraform_provider_gitops::resources::argocd::application_set::ApplicationSet;
use terraform_provider_gitops::resources::argocd::cluster::Cluster;
use terraform_provider_gitops::resources::argocd::repository::Repository;
use terraform_provider_gitops::resources::argocd::repository_credentials::RepositoryCredentials;
use terraform_provider_gitops::resources::kargo::cluster_config::ClusterConfig;
use terraform_provider_gitops::resources::kargo::cluster_promotion_task::ClusterPromotionTask;
use terraform_provider_gitops::resources::kargo::credentials::Credentials;
use terraform_provider_gitops::resources::kargo::project::Project;
use terraform_provider_gitops::resources::kargo::project_config::ProjectConfig;
use terraform_provider_gitops::resources::kargo::promotion_task::PromotionTask;
use terraform_provider_gitops::resources::kargo::stage::Stage;
use terraform_provider_gitops::resources::kargo::warehouse::Warehouse;
use terraform_provider_gitops::resources::kro::resource_graph_definition::ResourceGraphDefinition;
use terraform_provider_gitops::resources::object::Kind;
use terraform_provider_gitops::resources::object::from_yaml::FromYaml;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::codec::{Shape, decode};

use super::cases::{CASES, Type, each};
use super::generate::Taste;
use super::server;
use crate::support::core::{Core, value};

/// The values without secrets, which no function returns.
fn without_secrets(attributes: &[Attribute], values: &mut Value) {
    for attribute in attributes {
        let twin = format!("{}_wo", attribute.name);
        if attribute.write_only || attributes.iter().any(|other| other.name == twin) {
            values.set(attribute.name, Value::Null);
        }
        if let Form::Nested(Nesting::Single, inner) = &attribute.kind {
            let mut below = values.get(attribute.name).clone();
            if below.as_object().is_some() {
                without_secrets(inner, &mut below);
                values.set(attribute.name, below);
            }
        }
    }
}

/// A document without what has nothing in it: nobody writes that.
fn without_empty(document: Json) -> Json {
    let says_something = |value: &Json| match value {
        Json::Null => false,
        Json::Object(fields) => !fields.is_empty(),
        Json::Array(elements) => !elements.is_empty(),
        _ => true,
    };
    match document {
        Json::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, without_empty(value)));
            fields
                .filter(|(_, value)| says_something(value))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Json::Array(elements) => elements.into_iter().map(without_empty).collect(),
        other => other,
    }
}

/// The manifest of an object of a kind, as somebody would have written it.
fn manifest<K: Kind>(values: &Value) -> Json {
    let mut object = K::render(&K::Model::attributes(), values).expect("known values");
    object["apiVersion"] = K::OBJECT.api_version.as_ref().into();
    object["kind"] = K::OBJECT.kind.as_ref().into();
    // One with a default may be missing.
    if let Ok(reference) = K::reference(values) {
        object["metadata"]["name"] = reference.name.into();
    }
    object
}

/// Whether what is read of a manifest is what was written; false for what no resource would be.
fn survives<K: Kind>(ty: &Type<'_>, values: &Value) -> Result<bool, String> {
    if ty.managed.validate(values).has_errors() {
        return Ok(false);
    }
    let attributes = &ty.managed.schema().attributes;
    let mut values = values.clone();
    without_secrets(attributes, &mut values);
    let written = manifest::<K>(&values);
    let text = serde_json::to_string_pretty(&written).expect("JSON");
    let read = Callable::of::<FromYaml<K>>().call(vec![text.as_str().into()]);
    let mut read = read.map_err(|error| format!("{}\n{text}", error.text))?;
    // A block is no attribute of the result.
    read.set("timeouts", Value::Null);
    let again = manifest::<K>(&read);
    let again = without_empty(again);
    if again != without_empty(written.clone()) {
        return Err(format!("read and written again: {again:#}\nwritten: {text}"));
    }
    // Attribute by attribute, as a refresh would see what is there beside what is configured.
    let seen = |values: &Value| {
        K::project(attributes, &written, values, View::Owned).map_err(|error| error.to_string())
    };
    for attribute in attributes.iter().filter(|attribute| attribute.api.field.is_some()) {
        let (configured, read) = (seen(&values)?, seen(&read)?);
        let (configured, read) = (configured.get(attribute.name), read.get(attribute.name));
        let alone = std::slice::from_ref(attribute);
        let sent = |value: &Value| {
            let values = Value::from_iter([(attribute.name.to_owned(), value.clone())]);
            api::render(alone, K::ROOT, &values)
                .map(without_empty)
                .map_err(|error| error.to_string())
        };
        if !attribute.same(configured, read) && sent(configured)? != sent(read)? {
            return Err(format!("{}: {configured:?} became {read:?}", attribute.name));
        }
    }
    Ok(true)
}

fn value_of(
    ty: &Type<'_>,
    core: &Core<impl crate::support::core::Service>,
    config: &crate::support::core::Val,
) -> Value {
    let shape = Shape::Object(&ty.managed.schema().attributes);
    decode(shape, &value::encode(&core.resource(&ty.name).ty, config)).expect("it fits")
}

#[tokio::test]
async fn what_is_written_as_a_manifest_is_read_as_the_same_attributes() {
    let core = Core::start(server()).await;
    each(&core, CASES / 2, |ty, choices| {
        let config = ty.config(choices, Taste::Valid);
        if !config.is_wholly_known() {
            return Ok(false);
        }
        let values = value_of(ty, &core, &config);
        match ty.managed.name() {
            "app_project" => survives::<AppProject>(ty, &values),
            "application" => survives::<Application>(ty, &values),
            "application_set" => survives::<ApplicationSet>(ty, &values),
            "cluster" => survives::<Cluster>(ty, &values),
            "kargo_cluster_config" => survives::<ClusterConfig>(ty, &values),
            "kargo_cluster_promotion_task" => survives::<ClusterPromotionTask>(ty, &values),
            "kargo_credentials" => survives::<Credentials>(ty, &values),
            "kargo_project" => survives::<Project>(ty, &values),
            "kargo_project_config" => survives::<ProjectConfig>(ty, &values),
            "kargo_promotion_task" => survives::<PromotionTask>(ty, &values),
            "kargo_stage" => survives::<Stage>(ty, &values),
            "kargo_warehouse" => survives::<Warehouse>(ty, &values),
            "kro_resource_graph_definition" => survives::<ResourceGraphDefinition>(ty, &values),
            "repository" => survives::<Repository>(ty, &values),
            "repository_credentials" => survives::<RepositoryCredentials>(ty, &values),
            // No manifest is read for these.
            name => {
                let function = format!("{name}_from_yaml");
                assert!(registry().get_function(&function).is_none(), "{function} is not tried");
                Ok(true)
            }
        }
    });
}
