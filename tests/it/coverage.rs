//! Every field of the real custom resource definitions has its attribute, and
//! every attribute its field.
//!
//! The definitions are upstream's own files. Wherever a model differs from them
//! on purpose, [`allowed`] says why; an entry that no longer holds fails too.

mod allowed;
mod compare;
mod data_sources;
mod definitions;
mod kargo;
mod round_trip;
mod runners;

use std::collections::BTreeSet;

use serde_json::json;
use terraform_provider_gitops::framework::schema::{
    Attribute, Check, Form, Kind, Nesting, Presence, Schema,
};
use terraform_provider_gitops::framework::ty::Type;
use terraform_provider_gitops::framework::{AttrValue, JsonText, Model};
use terraform_provider_gitops::resources::argocd::app_project::AppProject;
use terraform_provider_gitops::resources::argocd::application::Application;
use terraform_provider_gitops::resources::argocd::application_set::ApplicationSet;
use terraform_provider_gitops::resources::argocd::cluster::Cluster;
use terraform_provider_gitops::resources::argocd::repository::Repository;
use terraform_provider_gitops::resources::argocd::repository_credentials::RepositoryCredentials;
use terraform_provider_gitops::resources::kargo::cluster_config::ClusterConfig;
use terraform_provider_gitops::resources::kargo::cluster_promotion_task::ClusterPromotionTask;
use terraform_provider_gitops::resources::kargo::credentials::Credentials;
use terraform_provider_gitops::resources::kargo::freight::Freight;
use terraform_provider_gitops::resources::kargo::project::Project;
use terraform_provider_gitops::resources::kargo::project_config::ProjectConfig;
use terraform_provider_gitops::resources::kargo::promotion::Promotion;
use terraform_provider_gitops::resources::kargo::promotion_task::PromotionTask;
use terraform_provider_gitops::resources::kargo::role::Role;
use terraform_provider_gitops::resources::kargo::stage::Stage;
use terraform_provider_gitops::resources::kargo::steps::{Field, STEP, Shape};
use terraform_provider_gitops::resources::kargo::warehouse::Warehouse;
use terraform_provider_gitops::resources::kargo::warehouse::subscription::{
    ChartSubscription, GitSubscription, ImageSubscription, Subscription,
};
use terraform_provider_gitops::resources::kro::resource_graph_definition::ResourceGraphDefinition;

use allowed::ALLOWED;
use compare::{Difference, compare};
use definitions::Definitions;

#[test]
fn every_field_of_the_definitions_has_its_attribute() {
    let definitions = Definitions::find();
    eprintln!("definitions: {}", definitions.origin);
    let mut found = Vec::new();
    for (file, name, attributes) in [
        (definitions.argocd("application-crd.yaml"), "Application", Application::attributes()),
        (
            definitions.argocd("applicationset-crd.yaml"),
            "ApplicationSet",
            ApplicationSet::attributes(),
        ),
        (definitions.argocd("appproject-crd.yaml"), "AppProject", AppProject::attributes()),
        (definitions.kargo("kargo.akuity.io_projects.yaml"), "Project", Project::attributes()),
        (definitions.kargo("kargo.akuity.io_stages.yaml"), "Stage", Stage::attributes()),
        (
            definitions.kargo("kargo.akuity.io_clusterconfigs.yaml"),
            "ClusterConfig",
            ClusterConfig::attributes(),
        ),
        (
            definitions.kargo("kargo.akuity.io_clusterpromotiontasks.yaml"),
            "ClusterPromotionTask",
            ClusterPromotionTask::attributes(),
        ),
        (
            definitions.kargo("kargo.akuity.io_promotions.yaml"),
            "Promotion",
            Promotion::attributes(),
        ),
        (
            definitions.kargo("kargo.akuity.io_projectconfigs.yaml"),
            "ProjectConfig",
            ProjectConfig::attributes(),
        ),
        (
            definitions.kargo("kargo.akuity.io_promotiontasks.yaml"),
            "PromotionTask",
            PromotionTask::attributes(),
        ),
        (
            definitions.kargo("kargo.akuity.io_warehouses.yaml"),
            "Warehouse",
            Warehouse::attributes(),
        ),
        (
            definitions.kro("kro.run_resourcegraphdefinitions.yaml"),
            "ResourceGraphDefinition",
            ResourceGraphDefinition::attributes(),
        ),
    ] {
        let spec = file["properties"].get("spec").cloned().unwrap_or_else(|| json!({}));
        compare(&spec, &attributes, name, &mut found);
    }
    // Freight has no spec: its fields are those of the object.
    let mut freight = definitions.kargo("kargo.akuity.io_freights.yaml");
    let properties = freight["properties"].as_object_mut().expect("an object");
    properties
        .retain(|name, _| !["apiVersion", "kind", "metadata", "status"].contains(&name.as_str()));
    compare(&freight, &Freight::attributes(), "Freight", &mut found);
    let stage = definitions.kargo("kargo.akuity.io_stages.yaml");
    let step =
        "/properties/spec/properties/promotionTemplate/properties/spec/properties/steps/items";
    let step = stage.pointer(step).expect("a Stage has steps");
    compare(step, &fields(&STEP), "Step", &mut found);
    for file in ["promotiontasks", "clusterpromotiontasks"] {
        let task = definitions.kargo(&format!("kargo.akuity.io_{file}.yaml"));
        let of_task = task.pointer("/properties/spec/properties/steps/items").expect("steps");
        assert_eq!(of_task["properties"], step["properties"], "{file} has the steps of stages");
    }
    for (name, attributes) in [
        ("git", GitSubscription::attributes()),
        ("image", ImageSubscription::attributes()),
        ("chart", ChartSubscription::attributes()),
    ] {
        compare(&definitions.subscription(name), &attributes, name, &mut found);
    }
    hold(&found);
}

/// Fails on every difference without a reason and every reason without a
/// difference.
fn hold(found: &[Difference]) {
    assert!(ALLOWED.iter().all(|entry| !entry.because.is_empty()), "a difference without a reason");
    let is = |entry: &allowed::Entry, found: &Difference| {
        let at = match entry.at.strip_prefix('*') {
            Some(end) => found.at.ends_with(end),
            None => entry.at == found.at,
        };
        at && entry.what == found.what
    };
    let unexplained: Vec<_> = found
        .iter()
        .filter(|found| !ALLOWED.iter().any(|entry| is(entry, found)))
        .map(ToString::to_string)
        .collect();
    assert!(unexplained.is_empty(), "differs without a reason:\n{}", unexplained.join("\n"));
    let stale: Vec<_> = ALLOWED
        .iter()
        .filter(|entry| !found.iter().any(|found| is(entry, found)))
        .map(|entry| format!("{}: {:?}", entry.at, entry.what))
        .collect();
    assert!(stale.is_empty(), "allowed and does not differ any more:\n{}", stale.join("\n"));
}

/// The fields of a step as attributes, to be compared like those.
fn fields(of: &[Field]) -> Vec<Attribute> {
    let attribute = |field: &Field| {
        let text = Kind::Plain(Type::String);
        let kind = match &field.shape {
            Shape::Bool => Kind::Plain(Type::Bool),
            Shape::Count => Kind::Plain(Type::Number),
            Shape::Object(inner) => Kind::Nested(Nesting::Single, fields(inner)),
            Shape::List(inner) => Kind::Nested(Nesting::List, fields(inner)),
            Shape::Text(_) | Shape::OneOf(_) | Shape::Scalar | Shape::Duration | Shape::Config => {
                text
            }
        };
        let mut attribute = Attribute::new(field.name, "", kind);
        attribute.api.field = Some(field.api);
        match &field.shape {
            Shape::Text(rule) => attribute.checks.push(Check::Text(*rule)),
            Shape::OneOf(allowed) => attribute.checks.push(Check::OneOf(allowed)),
            Shape::Config => JsonText::tune(&mut attribute),
            _ => {}
        }
        if field.required {
            attribute.presence = Presence::Required;
        }
        attribute
    };
    of.iter().map(attribute).collect()
}

/// The item of `subscriptions` is open in the definition: its names are those
/// of the schemas beside Kargo's code, and the one for all other types.
#[test]
fn a_subscription_is_of_one_of_the_types_that_kargo_has() {
    let names: BTreeSet<_> = Subscription::attributes().iter().map(|attr| attr.name).collect();
    let mut expected = Definitions::find().subscriptions();
    expected.insert("subscription".into());
    assert_eq!(names, expected.iter().map(String::as_str).collect());
}

fn models() -> Vec<(&'static str, Schema)> {
    fn of<M: Model>(name: &'static str) -> (&'static str, Schema) {
        (name, Schema::new(0, M::DESCRIPTION, M::attributes()))
    }
    vec![
        of::<Application>("application"),
        of::<ApplicationSet>("application_set"),
        of::<AppProject>("app_project"),
        of::<Cluster>("cluster"),
        of::<ClusterConfig>("kargo_cluster_config"),
        of::<ClusterPromotionTask>("kargo_cluster_promotion_task"),
        of::<Credentials>("kargo_credentials"),
        of::<Freight>("kargo_freight"),
        of::<Project>("kargo_project"),
        of::<ProjectConfig>("kargo_project_config"),
        of::<Promotion>("kargo_promotion"),
        of::<PromotionTask>("kargo_promotion_task"),
        of::<Role>("kargo_role"),
        of::<Stage>("kargo_stage"),
        of::<Repository>("repository"),
        of::<RepositoryCredentials>("repository_credentials"),
        of::<Warehouse>("kargo_warehouse"),
        of::<ResourceGraphDefinition>("kro_resource_graph_definition"),
    ]
}

#[test]
fn every_attribute_is_documented_and_named_once() {
    for (name, schema) in models() {
        assert!(schema.description.ends_with('.'), "{name}: {}", schema.description);
        // What the language itself means by these names at the top of a resource.
        for reserved in [
            "connection",
            "count",
            "depends_on",
            "for_each",
            "lifecycle",
            "provider",
            "provisioner",
        ] {
            assert!(schema.attribute(reserved).is_none(), "{name}.{reserved}");
        }
        sound(&schema.attributes, name);
    }
}

fn sound(attributes: &[Attribute], at: &str) {
    for pair in attributes.windows(2) {
        assert_ne!(pair[0].name, pair[1].name, "{at}");
    }
    for attr in attributes {
        let at = format!("{at}.{}", attr.name);
        let first = attr.name.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(first && attr.name.chars().all(rest), "{at} is not in snake case");
        let said = attr.description.trim_end_matches(['`', ')']);
        assert!(said.ends_with('.'), "{at}: {:?} is no sentence", attr.description);
        let sentences =
            attr.description.chars().next().is_some_and(|c| c == '`' || c.is_uppercase());
        assert!(sentences, "{at}: {:?} begins small", attr.description);
        if let Some(default) = &attr.default {
            assert!(attr.is_computed() && !default.is_null(), "{at} has a default");
        }
        if let Kind::Nested(nesting, inner) = &attr.kind {
            // Core allows neither in a set.
            if *nesting == Nesting::Set {
                let odd = inner.iter().any(|attr| attr.write_only || attr.default.is_some());
                assert!(!odd, "{at}");
            }
            sound(inner, &at);
        }
    }
}

#[test]
fn every_secret_has_a_form_that_is_kept_nowhere() {
    fn check(attributes: &[Attribute], at: &str) {
        for attr in attributes {
            let text = matches!(attr.kind, Kind::Plain(Type::String));
            let secret = attr.sensitive && text && !attr.write_only;
            let twin = format!("{}_wo", attr.name);
            // The login of the provider itself, which is written in the provider's block.
            if secret && !at.ends_with(".cluster") {
                let twin = attributes.iter().find(|other| other.name == twin);
                assert!(
                    twin.is_some_and(|twin| twin.write_only && twin.sensitive),
                    "{at}.{}",
                    attr.name
                );
            }
            if attr.write_only {
                let version = format!("{}_version", attr.name);
                let version = attributes.iter().find(|other| other.name == version);
                assert!(version.is_some_and(|version| !version.write_only), "{at}.{}", attr.name);
            }
            if let Kind::Nested(_, inner) = &attr.kind {
                check(inner, &format!("{at}.{}", attr.name));
            }
        }
    }
    for (name, schema) in models() {
        check(&schema.attributes, name);
    }
}

/// A comparison that sees nothing would pass as well: let it see each kind of
/// difference once.
#[test]
fn the_comparison_sees_every_kind_of_difference() {
    let schema = json!({
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "boolean"},
            "c": {"type": "string", "enum": ["x", "y"]},
            "d": {"type": "string", "pattern": "^x$"},
            "e": {"type": "string", "default": "x"},
            "f": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "g": {"type": "object", "properties": {"h": {"type": "integer"}}},
            "i": {"type": "integer", "minimum": 1, "maximum": 100},
            "j": {"type": "string"},
        },
    });
    let plain = |name: &'static str, ty: Type| {
        let mut attribute = Attribute::new(name, "", Kind::Plain(ty));
        attribute.api.field = Some(name);
        attribute
    };
    let mut json = plain("j", Type::String);
    json.api.form = Form::JsonText;
    let attributes = vec![
        plain("a", Type::String),
        plain("b", Type::String),
        plain("c", Type::String),
        plain("d", Type::String),
        plain("e", Type::String),
        plain("f", Type::String.list()),
        plain("i", Type::Number),
        json,
        plain("k", Type::String),
    ];
    let mut found = Vec::new();
    compare(&schema, &attributes, "X", &mut found);
    let found: Vec<_> =
        found.iter().map(|found| format!("{} {:?}", found.at, found.what)).collect();
    assert_eq!(
        found,
        [
            "X.a Required",
            "X.b Type",
            "X.c Enum",
            "X.d Check",
            "X.e Default",
            "X.f Length",
            "X.g NoAttribute",
            "X.i Range",
            "X.j Type",
            "X.k NoField",
        ]
    );
}
