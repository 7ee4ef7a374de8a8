//! Imports and moves of every type, up to the first read.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use terraform_provider_gitops::framework::PREFIX;
use terraform_provider_gitops::resources::registry;

use super::cases::{Type, World, outcome};
use super::examples;
use super::generate::{self, Choices};
use crate::support::core::{Action, Core, Import, Service};

/// The text of the first import in a type's example.
fn text_of(type_name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/resources");
    let file = file.join(type_name).join("import.sh");
    let script = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let command = format!("terraform import {type_name}.");
    let line = script.lines().find_map(|line| line.strip_prefix(&command));
    let line = line.unwrap_or_else(|| panic!("{} imports no {type_name}", file.display()));
    line.split_once(' ').expect("an address and a text").1.to_owned()
}

#[test]
fn the_imports_in_the_examples_name_the_same_object() {
    let world = World::new();
    let find = |name: &str, import: Import<'_>| {
        let found = world.runtime.block_on(world.cores[0].find(name, &import));
        found.unwrap_or_else(|error| panic!("{name}: {import:?}: {error:?}"))
    };
    for managed in registry().resources() {
        let name = format!("{PREFIX}_{}", managed.name());
        let by_text = find(&name, Import::Id(&text_of(&name)));
        let identity = examples::identity_of(&name);
        let by_identity = find(&name, Import::Identity(identity.clone()));
        assert_eq!(by_text, by_identity, "{name}");
        // What the example leaves out has its default.
        let found = by_identity.identity.expect("an identity");
        for (part, value) in identity.as_object().expect("an object") {
            assert_eq!(&found[part], value, "{name}: {part}");
        }
    }
    assert_eq!(world.calls(), 0, "an API was called before the first read");
}

#[test]
fn every_type_moves_between_its_two_spellings() {
    let world = World::new();
    for managed in registry().resources() {
        let ty = Type::new(&world.cores[0], managed);
        // Some of the examples are for the one Argo CD, some for the other.
        let moved =
            world.cores.each_ref().map(|core| world.runtime.block_on(there_and_back(core, &ty)));
        assert_ne!(moved, [0, 0], "{}", ty.name);
    }
}

/// Moves what the examples make, and says how many could be made.
async fn there_and_back<S: Service>(core: &Core<S>, ty: &Type<'_>) -> usize {
    const ADDRESS: &str = "registry.opentofu.org/eks-gitops/gitops";
    let (long, short) = (ty.name.as_str(), ty.managed.name());
    let mut count = 0;
    for example in &ty.examples {
        let mut zeros = Choices::new(&[]);
        let config = generate::settled(&ty.managed.schema().attributes, example, &mut zeros);
        let Ok(plan) = outcome("plan", core.plan(long, None, &config).await).unwrap() else {
            continue;
        };
        let stored = ty.stored(core, &plan.planned, &mut zeros);
        let moved = core.relocate((ADDRESS, long), &stored, short).await.expect("it is ours");
        assert_eq!(moved, stored, "{long}");
        let plan = core.plan(short, Some(&moved), &config).await.expect("a plan");
        assert_eq!(plan.action, Action::NoOp, "{long}");
        let back = core.relocate((ADDRESS, short), &moved, long).await.expect("it is ours");
        assert_eq!(back, stored, "{long}");
        count += 1;
    }
    count
}

/// That nothing else moves: another type's state is not taken for this one's.
#[tokio::test]
async fn no_type_takes_the_state_of_another() {
    let core = super::core().await;
    let names: Vec<_> = registry().resources().map(|managed| managed.name()).collect();
    for from in &names {
        for to in names.iter().filter(|to| *to != from) {
            let state = crate::support::core::Stored {
                version: core.resource(from).version,
                value: Json::Object(serde_json::Map::new()),
                private: vec![],
                identity: None,
                tainted: false,
            };
            let address = "registry.terraform.io/eks-gitops/gitops";
            let said = core.relocate((address, from), &state, to).await.unwrap_err().said();
            assert!(said[0].summary.contains(from) && said[0].summary.contains(to), "{said:?}");
        }
    }
}
