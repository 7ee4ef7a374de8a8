use std::collections::BTreeMap;

use serde_json::json;

use super::super::resource_graph_definition::{
    ExternalRef, ExternalRefMetadata, GraphResource, GraphSchema, Open, ResourceGraphDefinition,
};
use crate::framework::json::to_dynamic;
use crate::framework::{Attr, Diagnostics, JsonText};

fn known(text: &str) -> Attr<String> {
    Attr::Known(text.to_owned())
}

fn text_of(json: &serde_json::Value) -> Attr<JsonText> {
    Attr::Known(JsonText(json.to_string()))
}

fn made(id: &str) -> GraphResource {
    let template = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${a}"}});
    GraphResource { id: known(id), template: text_of(&template), ..GraphResource::default() }
}

fn there(metadata: ExternalRefMetadata) -> GraphResource {
    let external = ExternalRef {
        api_version: known("v1"),
        kind: known("ConfigMap"),
        metadata: metadata.into(),
    };
    GraphResource { id: known("there"), external_ref: external.into(), ..GraphResource::default() }
}

fn findings(resources: Vec<GraphResource>) -> Vec<String> {
    let definition = ResourceGraphDefinition { resources: resources.into(), ..Default::default() };
    told(&definition)
}

fn told(definition: &ResourceGraphDefinition) -> Vec<String> {
    let mut found = Diagnostics::default();
    definition.check(&mut found);
    found.iter().map(|found| format!("{}: {}", found.path, found.detail)).collect()
}

#[track_caller]
fn refused(resources: Vec<GraphResource>, path: &str, words: &str) {
    let found = findings(resources);
    let right =
        matches!(&found[..], [one] if one.starts_with(&format!("{path}: ")) && one.contains(words));
    assert!(right, "{found:#?}");
}

#[test]
fn every_resource_has_a_name_of_its_own_and_is_made_or_there() {
    let by_name = ExternalRefMetadata { name: known("a"), ..Default::default() };
    assert_eq!(findings(vec![made("a"), made("b"), there(by_name.clone())]), [""; 0]);
    refused(vec![made("a"), made("a")], "resources[1].id", "the id of two");
    refused(vec![made("a-b")], "resources[0].id", "no name for expressions");
    refused(vec![made("schema")], "resources[0].id", "a word of kro");
    let neither = GraphResource { id: known("a"), ..Default::default() };
    refused(vec![neither], "resources[0]", "one of template and external_ref");
    let both = GraphResource { template: made("a").template, ..there(by_name.clone()) };
    refused(vec![both], "resources[0].external_ref", "template is set, too");
    refused(
        vec![there(ExternalRefMetadata::default())],
        "resources[0].external_ref.metadata",
        "exactly one of name and selector",
    );
    let odd = ExternalRefMetadata { selector: text_of(&json!(["a"])), ..Default::default() };
    refused(vec![there(odd)], "resources[0].external_ref.metadata.selector", "neither");
    let selector = json!({"matchLabels": {"team": "${schema.spec.team}"}});
    let some = ExternalRefMetadata { selector: text_of(&selector), ..Default::default() };
    assert_eq!(findings(vec![there(some)]), [""; 0]);
    let each = vec![BTreeMap::from([("x".to_owned(), "${y}".to_owned())])];
    let repeated = GraphResource { for_each: each.into(), ..there(by_name) };
    refused(vec![repeated], "resources[0].for_each", "cannot be repeated");
}

#[test]
fn conditions_and_loops_are_expressions() {
    let with = |change: &dyn Fn(&mut GraphResource)| {
        let mut resource = made("a");
        change(&mut resource);
        vec![resource]
    };
    let texts = |text: &str| Attr::Known(vec!["${a}".to_owned(), text.to_owned()]);
    refused(with(&|r| r.include_when = texts("true")), "resources[0].include_when[1]", "not one");
    refused(with(&|r| r.ready_when = texts("${a")), "resources[0].ready_when[1]", "has no end");
    let each = |entries: &[(&str, &str)]| {
        let entries = entries.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        Attr::Known(vec![entries.collect::<BTreeMap<_, _>>()])
    };
    assert_eq!(findings(with(&|r| r.for_each = each(&[("x", "${y}")]))), [""; 0]);
    for (entries, path, words) in [
        (&[("a", "${y}")][..], "[\"a\"]", "the id of a resource"),
        (&[("each", "${y}")], "[\"each\"]", "a word of kro"),
        (&[("x", "y")], "[\"x\"]", "not one expression"),
        (&[("x", "${y}"), ("z", "${y}")], "", "one variable and its list"),
        (&[], "", "one variable and its list"),
    ] {
        let path = format!("resources[0].for_each[0]{path}");
        refused(with(&|r| r.for_each = each(entries)), &path, words);
    }
}

#[test]
fn the_schema_is_checked_with_the_types_that_it_defines() {
    let open = |json: serde_json::Value| Attr::Known(Open(to_dynamic(&json)));
    let schema = GraphSchema {
        spec: open(json!({"servers": "[]Server", "other": "Servr"})),
        types: open(json!({"Server": {"host": "string", "port": "number"}})),
        status: open(json!({"host": "plain"})),
        ..GraphSchema::default()
    };
    let definition = ResourceGraphDefinition { schema: schema.into(), ..Default::default() };
    let found = told(&definition);
    let paths: Vec<_> = found.iter().filter_map(|found| found.split(": ").next()).collect();
    assert_eq!(paths, ["schema.spec.other", "schema.types.Server.port", "schema.status.host"]);
}

#[test]
fn what_is_unknown_passes() {
    let mut partly = made("a");
    partly.template = Attr::Unknown;
    partly.include_when = Attr::Unknown;
    partly.for_each = Attr::Unknown;
    let schema = GraphSchema { spec: Attr::Unknown, types: Attr::Unknown, ..Default::default() };
    let definition = ResourceGraphDefinition {
        schema: schema.into(),
        resources: vec![partly].into(),
        ..Default::default()
    };
    assert_eq!(told(&definition), [""; 0]);
    let unknown = ResourceGraphDefinition {
        schema: Attr::Unknown,
        resources: Attr::Unknown,
        ..Default::default()
    };
    assert_eq!(told(&unknown), [""; 0]);
}
