//! The schemas that the provider serves.

use std::collections::BTreeSet;

use prost::Message;
use serde_json::json;
use terraform_provider_gitops::framework::schema::{Attribute, Kind, Nesting, Replace};
use terraform_provider_gitops::framework::{Diagnostics, Managed, PREFIX, Value, validate};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::codec::{Shape, decode, encode};
use terraform_provider_gitops::rpc::proto;
use tonic::Request;

use super::{core, server};
use crate::support::core::schema::{self, Nesting as BlockNesting};
use crate::support::core::{Block, Core, Service};

/// Calls `visit` for every attribute of a type on every level, with its path
/// and whether it is within something that repeats.
fn walk(
    attributes: &[Attribute],
    at: &str,
    repeats: bool,
    visit: &mut impl FnMut(&str, bool, &Attribute),
) {
    for attr in attributes {
        let at = format!("{at}.{}", attr.name);
        visit(&at, repeats, attr);
        if let Kind::Nested(nesting, inner) = &attr.kind {
            walk(inner, &at, repeats || *nesting != Nesting::Single, visit);
        }
    }
}

/// What is wrong with any attribute of any resource.
fn complaints(mut rule: impl FnMut(&str, bool, &Attribute) -> Option<String>) -> Vec<String> {
    let mut found = Vec::new();
    for managed in registry().resources() {
        walk(&managed.schema().attributes, managed.name(), false, &mut |at, repeats, attr| {
            found.extend(rule(at, repeats, attr).map(|rule| format!("{at} {rule}")));
        });
    }
    found
}

#[tokio::test]
async fn core_accepts_every_schema() {
    let (core, wrong) = Core::inspect(server()).await;
    assert_eq!(wrong, [""; 0]);
    assert_eq!(core.resources.len(), 2 * registry().resources().count());
    assert!(core.resources.values().all(|resource| resource.identity.is_some()));
}

#[tokio::test]
async fn both_spellings_of_a_type_are_the_same_type() {
    let core = core().await;
    for managed in registry().resources() {
        let (short, long) = (managed.name(), format!("{PREFIX}_{}", managed.name()));
        assert!(!short.starts_with(PREFIX), "{short}");
        let [short, long] = [short, &long].map(|name| format!("{:?}", core.resource(name)));
        assert_eq!(short, long);
    }
    for types in [&core.data_sources, &core.ephemerals] {
        let short = types.keys().filter(|name| !name.starts_with(PREFIX));
        assert_eq!(2 * short.clone().count(), types.len());
        for short in short {
            let [short, long] = [short, &format!("{PREFIX}_{short}")].map(|name| &types[name]);
            assert_eq!(format!("{short:?}"), format!("{long:?}"));
        }
    }
}

#[tokio::test]
async fn the_metadata_names_the_same_types_as_the_schema() {
    let server = server();
    let schema = Request::new(proto::get_provider_schema::Request::default());
    let schema = server.get_provider_schema(schema).await.unwrap().into_inner();
    let metadata = Request::new(proto::get_metadata::Request::default());
    let metadata = server.get_metadata(metadata).await.unwrap().into_inner();
    let named: Vec<_> = metadata.resources.into_iter().map(|resource| resource.type_name).collect();
    assert_eq!(named, schema.resource_schemas.into_keys().collect::<Vec<_>>());
    let named: Vec<_> = metadata.data_sources.into_iter().map(|source| source.type_name).collect();
    assert_eq!(named, schema.data_source_schemas.into_keys().collect::<Vec<_>>());
    let named = metadata.ephemeral_resources.into_iter().map(|ephemeral| ephemeral.type_name);
    let schemas = schema.ephemeral_resource_schemas.into_keys();
    assert_eq!(named.collect::<Vec<_>>(), schemas.collect::<Vec<_>>());
    let named: Vec<_> = metadata.functions.into_iter().map(|function| function.name).collect();
    assert_eq!(named, schema.functions.into_keys().collect::<Vec<_>>());
    let named: Vec<_> = metadata.list_resources.into_iter().map(|list| list.type_name).collect();
    assert_eq!(named, schema.list_resource_schemas.into_keys().collect::<Vec<_>>());
    let named: Vec<_> = metadata.actions.into_iter().map(|action| action.type_name).collect();
    assert_eq!(named, schema.action_schemas.into_keys().collect::<Vec<_>>());
    assert_eq!(metadata.server_capabilities, schema.server_capabilities);
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    // Without it Terraform refuses `moved` between the two spellings.
    assert!(capabilities.move_resource_state);
}

#[tokio::test]
async fn the_whole_schema_is_below_one_megabyte() {
    let request = Request::new(proto::get_provider_schema::Request::default());
    let answer = server().get_provider_schema(request).await.unwrap().into_inner();
    let size = answer.encoded_len();
    eprintln!("the schema takes {size} bytes");
    assert!(size < 1_000_000, "{size} bytes");
}

#[tokio::test]
async fn everything_is_described() {
    let core = core().await;
    let types = core.resources.iter().chain(&core.data_sources).chain(&core.ephemerals);
    let blocks = types.map(|(name, ty)| (name.as_str(), &ty.block));
    let lists = core.lists.iter().map(|(name, block)| (name.as_str(), block));
    let actions = core.actions.iter().map(|(name, block)| (name.as_str(), block));
    let blocks = blocks.chain([("provider", &core.provider)]).chain(lists).chain(actions);
    let mut silent = Vec::new();
    let mut check = |at: &str, text: &str| {
        if text.trim() != text || text.len() < 4 || !text.ends_with(['.', ')', ':', '`']) {
            silent.push(format!("{at}: {text:?}"));
        }
    };
    for (name, block) in blocks {
        described(name, block, &mut check);
        block.walk(name, &mut |at, attr| check(at, &attr.description));
    }
    for (name, resource) in &core.resources {
        for (attr, identity) in &resource.identity.as_ref().unwrap().attributes {
            check(&format!("{name}: the identity's {attr}"), &identity.description);
        }
    }
    for (name, function) in &core.functions {
        check(name, &function.description);
        assert!(
            function.description.contains("\n\nReturns "),
            "{name} does not say what it returns"
        );
        // A heading, and no sentence.
        assert!(function.summary.len() > 4 && !function.summary.ends_with('.'), "{name}");
        for parameter in function.parameters.iter().chain(&function.variadic) {
            check(&format!("{name}({})", parameter.name), &parameter.description);
        }
    }
    assert_eq!(silent, [""; 0]);
}

fn described(at: &str, block: &Block, check: &mut impl FnMut(&str, &str)) {
    check(at, &block.description);
    for (name, nested) in &block.blocks {
        described(&format!("{at}.{name}"), &nested.block, check);
    }
}

#[tokio::test]
async fn names_are_in_snake_case_and_not_reserved() {
    /// Arguments that mean something to core, whatever the provider says.
    const OF_RESOURCES: [&str; 7] =
        ["count", "for_each", "depends_on", "provider", "lifecycle", "connection", "provisioner"];
    const OF_PROVIDERS: [&str; 7] =
        ["alias", "version", "source", "count", "for_each", "depends_on", "lifecycle"];
    let core = core().await;
    let snake = |name: &str| {
        let word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        name.split('_').all(word) && name.starts_with(|c: char| c.is_ascii_lowercase())
    };
    for (type_name, resource) in
        core.resources.iter().chain(&core.data_sources).chain(&core.ephemerals)
    {
        assert!(snake(type_name), "{type_name}");
        let names = resource.block.attributes.keys().chain(resource.block.blocks.keys());
        for name in names {
            assert!(!OF_RESOURCES.contains(&name.as_str()), "{type_name}.{name}");
            assert!(snake(name), "{type_name}.{name}");
        }
        resource.block.walk(type_name, &mut |at, _| {
            assert!(snake(at.rsplit('.').next().unwrap()), "{at}");
        });
    }
    for name in core.provider.attributes.keys().chain(core.provider.blocks.keys()) {
        assert!(snake(name) && !OF_PROVIDERS.contains(&name.as_str()), "provider.{name}");
    }
}

#[tokio::test]
async fn every_resource_has_the_timeouts_block_and_no_other() {
    let core = core().await;
    for (name, resource) in &core.resources {
        let blocks: Vec<_> = resource.block.blocks.keys().collect();
        assert_eq!(blocks, ["timeouts"], "{name}");
        let timeouts = &resource.block.blocks["timeouts"];
        assert_eq!(timeouts.nesting, BlockNesting::Single);
        let verbs: Vec<_> = timeouts.block.attributes.keys().collect();
        assert_eq!(verbs, ["create", "delete", "read", "update"], "{name}");
    }
    // What people paste from the AWS provider's configuration.
    let blocks: Vec<_> = core.provider.blocks.keys().collect();
    assert_eq!(
        blocks,
        [
            "assume_role",
            "assume_role_with_web_identity",
            "default_tags",
            "endpoints",
            "ignore_tags"
        ]
    );
}

#[tokio::test]
async fn within_what_only_the_provider_sets_everything_is_its_own() {
    fn check(at: &str, attr: &schema::Attribute, wrong: &mut Vec<String>) {
        let schema::Shape::Nested(_, inner) = &attr.shape else { return };
        for (name, below) in inner {
            let at = format!("{at}.{name}");
            if attr.computed && !attr.optional && (below.required || below.optional) {
                wrong.push(at.clone());
            }
            check(&at, below, wrong);
        }
    }
    let mut wrong = Vec::new();
    for (name, resource) in &core().await.resources {
        for (attr, schema) in &resource.block.attributes {
            check(&format!("{name}.{attr}"), schema, &mut wrong);
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn replace_is_only_where_a_plan_can_act_on_it() {
    let wrong = complaints(|_, repeats, attr| match attr.replace {
        Replace::Never => None,
        _ if !attr.is_configurable() => Some("replaces, and nobody can change it".into()),
        // The plan engine has no path into a set, and looks into no list and no map.
        _ if repeats => Some("replaces, and is within what repeats".into()),
        Replace::IfConfigured if !attr.is_computed() => {
            Some("replaces only if configured, and is never anything else".into())
        }
        _ => None,
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn defaults_are_of_their_type_and_pass_their_own_checks() {
    let mut defaults = 0;
    let wrong = complaints(|_, _, attr| {
        let default = attr.default.as_ref()?;
        defaults += 1;
        let bytes = encode(Shape::Attribute(attr), default).map_err(|error| error.to_string());
        let back = bytes.and_then(|bytes| {
            decode(Shape::Attribute(attr), &bytes).map_err(|error| error.to_string())
        });
        if back.as_ref() != Ok(default) {
            return Some(format!("has the default {default:?}: {back:?}"));
        }
        let mut diagnostics = Diagnostics::default();
        let config = Value::from_iter([(attr.name.to_owned(), default.clone())]);
        validate::validate(std::slice::from_ref(attr), &config, &mut diagnostics);
        diagnostics.iter().next().map(|said| said.detail.clone())
    });
    assert_eq!(wrong, [""; 0]);
    assert!(defaults > 5, "{defaults} defaults");
}

#[tokio::test]
async fn an_import_can_leave_out_only_what_has_a_default_or_may_be_absent() {
    let core = core().await;
    for managed in registry().resources() {
        let identity = core.resource(managed.name()).identity.as_ref().unwrap();
        for (name, part) in &identity.attributes {
            let attr = managed.schema().attribute(name).unwrap();
            let optional = attr.default.is_some() || attr.identity_optional;
            assert_eq!(part.required, !optional, "{}.{name}", managed.name());
        }
    }
}

#[test]
fn what_identifies_an_object_does_not_change_while_it_lives() {
    let wrong = complaints(|at, repeats, attr| {
        let fixed = attr.replace != Replace::Never || (attr.is_computed() && attr.stable);
        let top = at.matches('.').count() == 1 && !repeats;
        (attr.identity && !(fixed && top)).then(|| "is in the identity, and may change".into())
    });
    assert_eq!(wrong, [""; 0]);
}

/// The attributes that an import's text names, in order.
fn named(managed: &Managed<Provider>) -> Vec<String> {
    let form = managed.import_format().form();
    form.split('<').skip(1).map(|part| part.split('>').next().unwrap().to_owned()).collect()
}

#[test]
fn the_text_of_an_import_names_the_identity() {
    for managed in registry().resources() {
        let named: BTreeSet<_> = named(managed).into_iter().collect();
        let identity: BTreeSet<_> =
            managed.identity().iter().map(|attr| attr.name.to_owned()).collect();
        assert_eq!(named, identity, "{}", managed.name());
        for name in &named {
            let attr = managed.schema().attribute(name);
            let attr = attr.unwrap_or_else(|| panic!("{}.{name}", managed.name()));
            assert_eq!(attr.ty().to_json(), json!("string"), "{}.{name}", managed.name());
        }
    }
}

#[test]
fn an_import_reads_the_text_that_it_writes() {
    // The last part may hold what separates the others.
    const PARTS: [&str; 3] = ["one", "arn:aws:iam::111122223333:role/a,b/c", "-2_x.y"];
    for managed in registry().resources() {
        let format = managed.import_format();
        let names = named(managed);
        for last in PARTS {
            let mut state = managed.schema().empty();
            for name in &names {
                let text = if Some(name) == names.last() { last } else { "first" };
                state.set(name, text.into());
            }
            let id = format.render(&state).unwrap();
            let parsed = format.parse(&id).unwrap();
            assert_eq!(parsed.len(), names.len(), "{}", managed.name());
            for (name, value) in &parsed {
                assert_eq!(value, state.get(name), "{}: {id}", managed.name());
            }
        }
        let error = format.parse("").unwrap_err();
        assert!(error.detail().contains(&format.form()), "{}", managed.name());
    }
}

#[tokio::test]
async fn what_is_on_its_way_out_says_what_comes_instead() {
    let core = core().await;
    for (name, resource) in &core.resources {
        resource.block.walk(name, &mut |at, attr| {
            assert_eq!(attr.deprecated, !attr.deprecation_message.is_empty(), "{at}");
        });
    }
}
