//! What the provider refuses, and in which words.

use serde_json::json;
use terraform_provider_gitops::rpc::proto;
use tonic::codec::Codec as _;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::{THING, apply, only, world};
use crate::support::core::{Core, Import, Said, Service, Stored, UNKNOWN};
use crate::support::fake;

#[tokio::test]
async fn a_type_that_is_not_served_is_a_diagnostic() {
    let (core, _) = world("a_type_that_is_not_served").await;
    let type_name = String::from("gitops_nothing");
    let value = || Some(proto::DynamicValue { msgpack: vec![0xc0], json: vec![] });
    let service = &core.service;
    let read = proto::read_resource::Request {
        type_name: type_name.clone(),
        current_state: value(),
        ..Default::default()
    };
    let validate = proto::validate_resource_config::Request {
        type_name: type_name.clone(),
        config: value(),
        ..Default::default()
    };
    let plan = proto::plan_resource_change::Request {
        type_name: type_name.clone(),
        config: value(),
        ..Default::default()
    };
    let apply = proto::apply_resource_change::Request {
        type_name: type_name.clone(),
        ..Default::default()
    };
    let import = proto::import_resource_state::Request {
        type_name: type_name.clone(),
        ..Default::default()
    };
    let upgrade = proto::upgrade_resource_state::Request {
        type_name: type_name.clone(),
        ..Default::default()
    };
    let relocate = proto::move_resource_state::Request {
        target_type_name: type_name.clone(),
        ..Default::default()
    };
    let answers = [
        service.read_resource(Request::new(read)).await.unwrap().into_inner().diagnostics,
        service
            .validate_resource_config(Request::new(validate))
            .await
            .unwrap()
            .into_inner()
            .diagnostics,
        service.plan_resource_change(Request::new(plan)).await.unwrap().into_inner().diagnostics,
        service.apply_resource_change(Request::new(apply)).await.unwrap().into_inner().diagnostics,
        service.import_resource_state(Request::new(import)).await.unwrap().into_inner().diagnostics,
        service
            .upgrade_resource_state(Request::new(upgrade))
            .await
            .unwrap()
            .into_inner()
            .diagnostics,
        service.move_resource_state(Request::new(relocate)).await.unwrap().into_inner().diagnostics,
    ];
    for (at, diagnostics) in answers.iter().enumerate() {
        assert_eq!(diagnostics.len(), 1, "answer {at}");
        assert!(diagnostics[0].summary.contains("gitops_nothing"), "{diagnostics:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_configured_says_so() {
    let core = Core::start(fake::server()).await;
    let config = core.config(THING, &json!({"name": "a"}));
    // A configuration is checked without.
    assert_eq!(core.validate(THING, &config).await, Ok(vec![]));
    let said = only(core.plan(THING, None, &config).await);
    assert_eq!(said.summary, "The provider is not configured");
    let stored = Stored {
        version: 1,
        value: json!({"name": "a"}),
        private: vec![],
        identity: None,
        tainted: false,
    };
    assert!(core.upgrade(THING, &stored).await.is_ok());
    assert_eq!(only(core.refresh(THING, &stored).await), said);
    assert_eq!(only(core.import(THING, &Import::Id("north/a")).await), said);
}

#[tokio::test]
async fn a_state_of_a_foreign_type_does_not_become_a_thing() {
    let (core, _) = world("a_state_of_a_foreign_type").await;
    let stored = apply(&core, None, &json!({"name": "a"})).await;
    for (address, source, target) in [
        ("registry.terraform.io/hashicorp/aws", "aws_thing", THING),
        ("registry.terraform.io/hashicorp/aws", THING, THING),
        ("registry.terraform.io/eks-gitops/gitops", "gitops_other", THING),
        ("registry.terraform.io/eks-gitops/gitops", THING, "other"),
        ("registry.terraform.io/not-eks-gitops/gitops", THING, "thing"),
    ] {
        let said = only(core.relocate((address, source), &stored, target).await);
        assert!(said.summary.contains(source) && said.summary.contains(address), "{said:?}");
    }
}

#[tokio::test]
async fn write_only_values_are_refused_where_core_would_store_them() {
    let (mut core, _) = world("write_only_values_are_refused").await;
    core.knows_write_only = false;
    let pin = json!({"key": "k", "pin_wo": "1111"});
    for (config, path) in [
        (json!({"name": "a", "token_wo": "x", "token_wo_version": 1}), "token_wo"),
        (json!({"name": "a", "token_wo": UNKNOWN, "token_wo_version": 1}), "token_wo"),
        (json!({"name": "a", "single": pin}), "single.pin_wo"),
        (json!({"name": "a", "list": [{"key": "l"}, pin]}), "list[1].pin_wo"),
        (json!({"name": "a", "map": {"m": pin}}), "map[\"m\"].pin_wo"),
    ] {
        let said = only(core.validate(THING, &core.config(THING, &config)).await);
        is_about(&said, path);
        assert!(said.detail.contains("1.11"), "{said:?}");
    }
    let config = core.config(THING, &json!({"name": "a", "single": {"key": "k"}}));
    assert_eq!(core.validate(THING, &config).await, Ok(vec![]));
}

#[tokio::test]
async fn an_error_points_at_the_attribute_that_is_to_blame() {
    let (core, _) = world("an_error_points").await;
    let long = "9".repeat(30);
    let long: serde_json::Value = serde_json::from_str(&long).unwrap();
    for (config, path) in [
        (json!({"name": "a", "zone": "west"}), "zone"),
        (json!({"name": "a", "document": "{"}), "document"),
        (json!({"name": "a", "timeouts": {"create": "soon"}}), "timeouts.create"),
        (json!({"name": "a", "list": [{"key": "k"}, {"key": null}]}), "list[1].key"),
        (json!({"name": "a", "map": {"m": {"key": null}}}), "map[\"m\"].key"),
        (json!({"name": "a", "set": [{"key": null}]}), "set"),
        (json!({"name": "a", "set": [null]}), "set"),
        // Nobody can say which element of a set.
        (json!({"name": "a", "words": ["a", null]}), "words"),
        (json!({"name": "a", "rule": [{"key": null}]}), "rule[0].key"),
        (
            json!({"name": "a", "single": {"key": "k", "pin_wo_version": 1.5}}),
            "single.pin_wo_version",
        ),
        (json!({"name": "a", "token_wo_version": long}), "token_wo_version"),
        (json!({"name": "a", "token_wo": "x"}), "token_wo"),
    ] {
        let said = only(core.validate(THING, &core.config(THING, &config)).await);
        is_about(&said, path);
    }
}

/// The message is at a line that core finds, which is that of a top-level attribute, or of one in a
/// block; its text says the whole path of what is nested in there.
#[track_caller]
fn is_about(said: &Said, path: &str) {
    let in_a_block = path.starts_with("timeouts") || path.starts_with("rule");
    let attribute = path.split(['.', '[']).next().expect("a part");
    assert_eq!(said.path, if in_a_block { path } else { attribute }, "{said:?}");
    let text = format!("{} {}", said.summary, said.detail);
    assert!(said.path == path || text.contains(path), "nothing of {path} in {said:?}");
}

#[tokio::test]
async fn a_plan_can_refuse_and_can_warn() {
    let (core, _) = world("a_plan_can_refuse").await;
    let config = core.config(THING, &json!({"name": "a", "fault": "unplannable"}));
    let said = only(core.plan(THING, None, &config).await);
    assert_eq!((said.path.as_str(), said.summary.as_str()), ("size", "No plan can hold it"));
    let config = core.config(THING, &json!({"name": "a", "fault": "doubtful"}));
    let plan = core.plan(THING, None, &config).await.unwrap();
    let [warning] = plan.said.as_slice() else { panic!("{:#?}", plan.said) };
    assert!(!warning.is_error && warning.path == "size", "{warning:?}");
}

#[tokio::test]
async fn a_check_that_panics_is_a_diagnostic() {
    let (core, _) = world("a_check_that_panics").await;
    let config = core.config(THING, &json!({"name": "a", "fault": "panic at validate"}));
    let said = only(core.validate(THING, &config).await);
    assert!(said.summary.contains("a check went off its rails"), "{said:?}");
    assert!(said.detail.contains("bug in the provider"), "{said:?}");
}

#[tokio::test]
async fn an_import_that_cannot_be_says_why() {
    let (core, _) = world("an_import_that_cannot_be").await;
    let said = only(core.import(THING, &Import::Id("a")).await);
    assert_eq!(said.summary, "Importing gitops_thing");
    assert!(said.detail.contains("<zone>/<name>"), "{said:?}");
    let said = only(core.import(THING, &Import::Id("north/a")).await);
    assert_eq!(said.summary, "Cannot import non-existent remote object");
}

#[tokio::test]
async fn a_state_that_fits_no_schema_is_refused_where_it_does_not_fit() {
    let (core, _) = world("a_state_that_fits_no_schema").await;
    let stored =
        |value| Stored { version: 1, value, private: vec![], identity: None, tainted: false };
    for (value, path) in [
        (json!({"name": 1}), "name"),
        (json!({"name": "a", "single": {"key": []}}), "single.key"),
        (json!({"name": "a", "list": [{"key": "k"}, {"key": {}}]}), "list[1].key"),
        (json!({"name": "a", "map": {"m": {"key": true}}}), "map[\"m\"].key"),
        (json!({"name": "a", "set": [{"key": true}]}), "set"),
    ] {
        let said = only(core.upgrade(THING, &stored(value)).await);
        assert_eq!(said.path, path, "{said:?}");
        assert_eq!(said.summary, "Reading the stored state of gitops_thing");
    }
    let old = Stored { version: 0, ..stored(json!([])) };
    assert!(core.upgrade(THING, &old).await.is_err());
}

#[tokio::test]
async fn a_state_of_terraform_0_11_is_refused() {
    let (core, _) = world("a_state_of_terraform_0_11").await;
    let flatmap = [("name".to_owned(), "a".to_owned())].into();
    let request = proto::upgrade_resource_state::Request {
        type_name: THING.into(),
        version: 0,
        raw_state: Some(proto::RawState { json: vec![], flatmap }),
    };
    let answer = core.service.upgrade_resource_state(Request::new(request)).await.unwrap();
    let diagnostics = answer.into_inner().diagnostics;
    assert!(diagnostics[0].summary.contains("0.11"), "{diagnostics:?}");
}

#[tokio::test]
async fn the_provider_stores_no_states() {
    let (core, _) = world("the_provider_stores_no_states").await;
    let service = &core.service;
    let answer = |status: Option<Status>| status.as_ref().map(Status::code);
    let chunks = || Streaming::new_empty(ProstCodec::<(), _>::default().decoder(), String::new());
    for refused in [
        answer(service.validate_state_store_config(empty()).await.err()),
        answer(service.configure_state_store(empty()).await.err()),
        answer(service.read_state_bytes(empty()).await.err()),
        answer(service.write_state_bytes(Request::new(chunks())).await.err()),
        answer(service.lock_state(empty()).await.err()),
        answer(service.unlock_state(empty()).await.err()),
        answer(service.get_states(empty()).await.err()),
        answer(service.delete_state(empty()).await.err()),
    ] {
        assert_eq!(refused, Some(Code::Unimplemented));
    }
}

fn empty<T: Default>() -> Request<T> {
    Request::new(T::default())
}
