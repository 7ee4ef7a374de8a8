//! Plans of every type, for thousands of configurations: the core asserts its
//! rules of every one, and no API is called for any.
//!
//! `PROPTEST_CASES` sets how many configurations each type is tried with,
//! `PROPTEST_RNG_SEED` which ones.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::TestCaseError;
use serde_json::{Value as Json, json};
use terraform_provider_gitops::framework::Provider as _;
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use tokio::runtime::Runtime;

use super::cases::{CASES, Type, World, for_every_type, outcome, runner, shown};
use super::generate::{self, Choices, Taste};
use super::replaces;
use crate::support::core::{Action, UNKNOWN, Val, compatible};

#[test]
fn no_configuration_makes_a_check_panic() {
    for_every_type(|world, ty, choices| {
        let core = &world.cores[choices.below(2)];
        let config = ty.config(choices, Taste::Nasty);
        let config = if choices.once_in(2) { ty.blurred(&config, choices) } else { config };
        let show = || format!("config {}", shown(core, ty, &config));
        let validated =
            outcome("validate", world.runtime.block_on(core.validate(&ty.name, &config)));
        validated.map_err(|error| format!("{error}\n{}", show()))?.ok();
        // A plan is made of what validates only; a check of it survives the rest too.
        let plan = world.runtime.block_on(core.plan(&ty.name, None, &config));
        outcome("plan", plan).map_err(|error| format!("{error}\n{}", show()))?.ok();
        Ok(true)
    });
}

#[test]
fn what_is_unknown_breaks_no_rule_that_known_values_keep() {
    for_every_type(|world, ty, choices| {
        let core = &world.cores[choices.below(2)];
        let config = ty.config(choices, Taste::Valid);
        let plan = world.runtime.block_on(core.plan(&ty.name, None, &config));
        if outcome("plan", plan)?.is_err() {
            return Ok(false);
        }
        let blurred = ty.blurred(&config, choices);
        let plan = world.runtime.block_on(core.plan(&ty.name, None, &blurred));
        let context = || format!("config {}\nblurred {blurred:#?}", shown(core, ty, &config));
        match outcome("plan", plan).map_err(|error| format!("{error}\n{}", context()))? {
            Ok(_) => Ok(true),
            Err(said) => Err(format!("{said:#?}\n{}", context())),
        }
    });
}

#[test]
fn a_create_is_planned_by_the_rules_and_then_settled() {
    let world = for_every_type(|world, ty, choices| {
        let core = &world.cores[choices.below(2)];
        let known = ty.config(choices, Taste::Valid);
        let unsure = ty.blurred(&known, choices);
        let result = world.runtime.block_on(async {
            let Ok(first) = outcome("plan", core.plan(&ty.name, None, &unsure).await)? else {
                return Ok(false);
            };
            let Ok(last) = outcome("final plan", core.plan(&ty.name, None, &known).await)? else {
                return Ok(false);
            };
            // What was promised with parts unknown holds when they are known.
            let block = &core.resource(&ty.name).block;
            let broken = compatible::violations(block, &first.planned, &last.planned);
            if !broken.is_empty() {
                return Err(format!("inconsistent final plan: {broken:#?}"));
            }
            let stored = ty.stored(core, &last.planned, choices);
            let again = core.plan(&ty.name, Some(&stored), &known).await;
            let end = core.plan_destroy(&ty.name, &stored).await;
            let _ = outcome("plan of the end", end)?.map_err(|said| format!("{said:#?}"))?;
            match outcome("plan after the apply", again)? {
                Ok(again) if again.action == Action::NoOp => Ok(true),
                Ok(again) => Err(format!(
                    "after the apply the plan is to {:?}: {:#?}",
                    again.action,
                    differences(&again.prior, &again.planned)
                )),
                Err(said) => Err(format!("what was made cannot be planned again: {said:#?}")),
            }
        });
        result.map_err(|error| {
            format!("{error}\nconfig {}\nunsure {unsure:?}", shown(core, ty, &known))
        })
    });
    assert_eq!(world.calls(), 0, "a plan called an API");
}

#[test]
fn an_update_is_planned_by_the_rules() {
    let world = for_every_type(|world, ty, choices| {
        let core = &world.cores[choices.below(2)];
        let before = ty.config(choices, Taste::Valid);
        let after = ty.changed(&before, choices);
        let unsure = ty.blurred(&after, choices);
        let result = world.runtime.block_on(async {
            let Ok(created) = outcome("create", core.plan(&ty.name, None, &before).await)? else {
                return Ok(false);
            };
            let stored = ty.stored(core, &created.planned, choices);
            let first = core.plan(&ty.name, Some(&stored), &unsure).await;
            let Ok(first) = outcome("plan", first)? else { return Ok(false) };
            let attributes = &ty.managed.schema().attributes;
            let fixed = replaces::demanded(attributes, [&first.prior, &unsure, &first.planned]);
            if first.action != Action::Replace && !fixed.is_empty() {
                let action = first.action;
                return Err(format!("{fixed:?} cannot be changed, and the plan is to {action:?}"));
            }
            let stored = (first.action != Action::Replace).then_some(&stored);
            let last = core.plan(&ty.name, stored, &after).await;
            let Ok(last) = outcome("final plan", last)? else { return Ok(false) };
            let agreed = match (first.action, last.action) {
                (Action::Update, Action::NoOp) | (Action::Replace, Action::Create) => true,
                (first, last) => first == last,
            };
            if !agreed {
                return Err(format!(
                    "inconsistent final plan: first to {:?} and then to {:?} {:?}",
                    first.action, last.action, last.replace
                ));
            }
            let block = &core.resource(&ty.name).block;
            let broken = compatible::violations(block, &first.planned, &last.planned);
            if broken.is_empty() {
                Ok(true)
            } else {
                Err(format!("inconsistent final plan: {broken:#?}"))
            }
        });
        result.map_err(|error| {
            let [before, after] = [&before, &after].map(|config| shown(core, ty, config));
            format!("{error}\nbefore {before}\nafter {after}\nunsure {unsure:?}")
        })
    });
    assert_eq!(world.calls(), 0, "a plan called an API");
}

/// Whose a field is decides what a plan does with it, and a plan that cannot know must not guess.
#[test]
fn a_change_of_what_may_be_kargo_s_is_refused_until_that_is_known() {
    const APPLICATION: &str = "gitops_application";
    let world = World::new();
    let registry = registry();
    let core = &world.cores[0];
    let ty = Type::new(core, registry.get(APPLICATION).expect("the type is served"));
    let config = |revision: &str, field: &str, value: Json| {
        let mut json = json!({
            "name": "shop",
            "project": "shop",
            "source": {
                "path": "chart",
                "repo_url": "https://github.com/example/shop",
                "target_revision": revision,
            },
            "destination": {
                "server": "arn:aws:eks:eu-west-1:111122223333:cluster/main",
                "namespace": "shop",
            },
        });
        json[field] = value;
        core.config(APPLICATION, &json)
    };
    world.runtime.block_on(async {
        let created = core.plan(APPLICATION, None, &config("v1", "labels", Json::Null)).await;
        let planned = created.expect("a plan").planned;
        let stored = ty.stored(core, &planned, &mut Choices::new(&[]));
        for (revision, field, value, refused) in [
            ("v1", "annotations", json!(UNKNOWN), false),
            (UNKNOWN, "annotations", json!(UNKNOWN), false),
            ("v2", "annotations", json!({"a": UNKNOWN}), false),
            ("v2", "annotations", json!(UNKNOWN), true),
            ("v1", "ignore_fields", json!(UNKNOWN), true),
        ] {
            let config = config(revision, field, value);
            match core.plan(APPLICATION, Some(&stored), &config).await {
                Ok(_) => assert!(!refused, "{revision}, {field}"),
                Err(failure) => {
                    let said = failure.said();
                    assert!(refused && said[0].path == field, "{revision}: {said:#?}");
                    let text = format!("{}: {}", said[0].summary, said[0].detail);
                    assert!(text.contains("known only after apply"), "{text}");
                }
            }
        }
    });
}

/// That the port of the other tests does count.
#[test]
fn a_refresh_does_call_an_api() {
    let world = World::new();
    for (name, config) in [
        (
            "gitops_eks_access_entry",
            json!({"cluster_name": "main", "principal_arn": "arn:aws:iam::111122223333:role/a", "timeouts": {"read": "2s"}}),
        ),
        ("gitops_kargo_project", json!({"name": "shop", "timeouts": {"read": "2s"}})),
    ] {
        let before = world.calls();
        let managed = registry();
        let managed = managed.get(name).expect("the type is served");
        let core = &world.cores[0];
        let ty = Type::new(core, managed);
        let config = core.config(name, &config);
        world.runtime.block_on(async {
            let plan = core.plan(name, None, &config).await.expect("a plan");
            let stored = ty.stored(core, &plan.planned, &mut Choices::new(&[]));
            core.refresh(name, &stored).await.unwrap_err().said();
        });
        assert!(world.calls() > before, "{name}");
    }
}

/// The provider block, known and unknown: no check panics, and what validates
/// configures.
#[test]
fn the_provider_block_is_checked_and_taken_whatever_is_in_it() {
    let runtime = Runtime::new().expect("a runtime");
    let core = runtime.block_on(super::core());
    let schema = Provider::schema();
    let configured = AtomicUsize::new(0);
    let result = runner(CASES).run(&vec(any::<u16>(), 0..200), |choices| {
        let mut choices = Choices::new(&choices);
        let taste = if choices.once_in(3) { Taste::Nasty } else { Taste::Valid };
        let known = generate::config(&schema.attributes, &mut choices, taste);
        let unsure = generate::blurred(&schema.attributes, &known, &mut choices);
        let [known_ok, unsure_ok] = [&known, &unsure]
            .map(|config| outcome("configure", runtime.block_on(core.configure_with(config))));
        let context =
            |error: String| TestCaseError::fail(format!("{error}\n{known:?}\n{unsure:?}"));
        let known_ok = known_ok.map_err(context)?;
        let unsure_ok = unsure_ok.map_err(context)?;
        if let (Ok(_), Err(said)) = (&known_ok, &unsure_ok) {
            return Err(context(format!("unknown values are refused: {said:#?}")));
        }
        configured.fetch_add(usize::from(known_ok.is_ok()), Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let configured = configured.into_inner();
    eprintln!("{configured} configurations were taken");
    assert!(configured >= 50, "only {configured} configurations were taken");
}

/// The attributes of an object in which two values differ.
fn differences<'a>(a: &'a Val, b: &'a Val) -> Vec<(&'a String, &'a Val, &'a Val)> {
    a.entries().map(|(name, value)| (name, value, b.get(name))).filter(|(_, a, b)| a != b).collect()
}
