//! What the data sources of Kargo show is in the real custom resource definitions.

use serde_json::Value as Json;
use terraform_provider_gitops::framework::Model;
use terraform_provider_gitops::framework::schema::Attribute;
use terraform_provider_gitops::resources::data_sources::kargo_freight::KargoFreight;
use terraform_provider_gitops::resources::data_sources::kargo_stage::KargoStage;
use terraform_provider_gitops::resources::data_sources::kargo_warehouse::KargoWarehouse;

use super::compare::{What, compare};
use super::definitions::Definitions;

#[test]
fn what_data_sources_show_is_in_the_definitions() {
    let definitions = Definitions::find();
    for (file, attributes, made_here) in [
        // What a stage has now is the first of its history.
        ("stages", KargoStage::attributes(), &["/currentFreight", "/verification"][..]),
        ("warehouses", KargoWarehouse::attributes(), &[]),
        ("freights", KargoFreight::attributes(), &["/metadata/name"]),
    ] {
        let definition = definitions.kargo(&format!("kargo.akuity.io_{file}.yaml"));
        let attributes = relative(attributes, made_here);
        assert!(attributes.len() > 2, "{file}: what is compared?");
        let wrong = wrong(&definition, &attributes, file);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[test]
fn what_no_definition_has_is_found() {
    let definitions = Definitions::find();
    let definition = definitions.kargo("kargo.akuity.io_warehouses.yaml");
    let stage = relative(KargoStage::attributes(), &["/currentFreight", "/verification"]);
    let wrong = wrong(&definition, &stage, "mixed up");
    assert!(wrong.iter().any(|wrong| wrong.contains("status.freightSummary")), "{wrong:?}");
}

/// The attributes that are read from the object, with their places below its root.
fn relative(attributes: Vec<Attribute>, made_here: &[&str]) -> Vec<Attribute> {
    let read = attributes.into_iter().filter_map(|mut attribute| {
        let field = attribute.api.field.filter(|field| !made_here.contains(field))?;
        attribute.api.field = Some(field.trim_start_matches('/'));
        Some(attribute)
    });
    read.collect()
}

/// The attributes without a field, and those of another type. What a definition has beside them, and
/// what it asks of who writes, is no matter of who reads.
fn wrong(definition: &Json, attributes: &[Attribute], name: &str) -> Vec<String> {
    let mut found = Vec::new();
    compare(definition, attributes, name, &mut found);
    let matters = |what: What| matches!(what, What::NoField | What::Type);
    let differs = found.iter().filter(|difference| matters(difference.what));
    // The comparison does not look into maps of objects.
    differs.map(ToString::to_string).filter(|said| !said.contains("Map of objects")).collect()
}
