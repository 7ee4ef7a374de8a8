//! What goes wrong half-way, and what is left then.

use std::time::Duration;

use serde_json::json;

use super::{THING, apply, plan, world};
use crate::support::core::{Action, Applied, Core, Stored};
use crate::support::fake::Fake;
use terraform_provider_gitops::rpc::Server;

/// Applies a configuration that does not go well.
async fn fails(
    core: &Core<Server<Fake>>,
    stored: Option<&Stored>,
    config: &serde_json::Value,
) -> Applied {
    let config = core.config(THING, config);
    let plan = plan(core, stored, &config).await;
    let applied = core.apply(THING, &plan, &config).await.expect("no rule is broken");
    assert_eq!(applied.errors().len(), 1, "{:#?}", applied.said);
    applied
}

#[tokio::test]
async fn a_create_that_is_refused_leaves_nothing() {
    let (core, _) = world("a_create_that_is_refused").await;
    let applied = fails(&core, None, &json!({"name": "a", "fault": "refuse"})).await;
    assert_eq!(applied.state, None);
    assert_eq!(applied.said[0].summary, "Creating gitops_thing \"north/a\"");
    assert_eq!(applied.said[0].detail, "Things may not be made here.");
}

#[tokio::test]
async fn a_create_that_fails_half_way_keeps_what_there_is() {
    for (fault, detail) in [
        ("fail half-way", "The second half does not fit."),
        ("panic half-way", "the bottom fell out"),
    ] {
        let (core, backend) = world(fault).await;
        let config = json!({
            "name": "a",
            "fault": fault,
            "list": [{"key": "x"}],
            "token_wo": "never kept",
            "token_wo_version": 1,
        });
        let applied = fails(&core, None, &config).await;
        assert!(applied.said[0].detail.contains(detail), "{:#?}", applied.said);
        let kept = applied.state.expect("it exists");
        assert!(kept.tainted);
        assert_eq!(kept.value["id"], "t-1");
        assert_eq!(kept.value["list"], json!(null));
        assert_eq!(kept.identity, Some(json!({"name": "a", "zone": "north"})));
        assert!(!kept.private.is_empty());

        // The next run replaces it.
        let config = core.config(THING, &json!({"name": "a", "list": [{"key": "x"}]}));
        let planned = plan(&core, Some(&kept), &config).await;
        assert_eq!(planned.action, Action::Replace);
        let stored = core.apply(THING, &planned, &config).await.unwrap().stored();
        assert_eq!(stored.value["list"][0]["id"], "l0");
        assert_eq!(backend.calls(), ["create a", "delete a", "create a"]);
    }
}

#[tokio::test]
async fn an_update_that_fails_half_way_keeps_what_is_done() {
    let (core, _) = world("an_update_that_fails").await;
    let stored = apply(&core, None, &json!({"name": "a"})).await;
    let half = json!({"name": "a", "size": "large", "secret": "x", "fault": "fail half-way"});
    let applied = fails(&core, Some(&stored), &half).await;
    let kept = applied.state.expect("it is there");
    assert!(!kept.tainted);
    assert_eq!((&kept.value["size"], &kept.value["secret"]), (&json!("large"), &json!(null)));
    // What is left to do is planned anew.
    let config = core.config(THING, &json!({"name": "a", "size": "large", "secret": "x"}));
    assert_eq!(plan(&core, Some(&kept), &config).await.action, Action::Update);
}

#[tokio::test]
async fn an_update_that_is_refused_leaves_the_state_as_it_was() {
    let (core, _) = world("an_update_that_is_refused").await;
    let stored = apply(&core, None, &json!({"name": "a"})).await;
    let refused = json!({"name": "a", "fault": "refuse"});
    let applied = fails(&core, Some(&stored), &refused).await;
    assert_eq!(applied.state, Some(stored));
}

#[tokio::test]
async fn a_cancel_ends_a_create_and_keeps_what_there_is() {
    let (core, _) = world("a_cancel").await;
    let config = json!({"name": "a", "fault": "hang"});
    let started = std::time::Instant::now();
    let stop = async {
        while core_has_not_begun("a_cancel") {
            tokio::task::yield_now().await;
        }
        core.stop().await;
    };
    let (applied, ()) = tokio::join!(fails(&core, None, &config), stop);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(applied.said[0].detail.contains("cancelled"), "{:#?}", applied.said);
    assert_eq!(applied.state.expect("it exists").value["id"], "t-1");
}

fn core_has_not_begun(name: &str) -> bool {
    crate::support::fake::Backend::named(name).calls().is_empty()
}

#[tokio::test]
async fn the_timeouts_block_bounds_each_operation() {
    let (core, _) = world("the_timeouts_block").await;
    let hang = json!({"name": "a", "fault": "hang", "timeouts": {"create": "50ms"}});
    let applied = fails(&core, None, &hang).await;
    let said = &applied.said[0].detail;
    assert!(
        said.contains("a thing that never comes") && said.contains("still not there"),
        "{said}"
    );
    assert!(applied.state.is_some());

    let stored = apply(&core, None, &json!({"name": "b"})).await;
    let hang = json!({
        "name": "b",
        "fault": "hang",
        "timeouts": {"create": "1h", "update": "50ms"},
    });
    let applied = fails(&core, Some(&stored), &hang).await;
    assert_eq!(applied.state, Some(stored));
}

#[tokio::test]
async fn a_delete_that_fails_keeps_the_state() {
    for fault in ["undeletable", "panic at delete"] {
        let (core, _) = world(fault).await;
        let stored = apply(&core, None, &json!({"name": "a", "fault": fault})).await;
        let destroy = core.plan_destroy(THING, &stored).await.unwrap();
        let applied = core.apply(THING, &destroy, &crate::support::core::Val::Null).await.unwrap();
        assert_eq!(applied.errors().len(), 1);
        assert_eq!(applied.state, Some(stored));
    }
}

#[tokio::test]
async fn a_replace_whose_delete_fails_makes_nothing_new() {
    let (core, backend) = world("a_replace_whose_delete_fails").await;
    let stored = apply(&core, None, &json!({"name": "a", "fault": "undeletable"})).await;
    let applied = fails(&core, Some(&stored), &json!({"name": "b"})).await;
    assert_eq!(applied.state, Some(stored));
    assert!(backend.thing("b").is_none());
}

#[tokio::test]
async fn a_read_that_fails_is_an_error_and_not_a_loss() {
    for (fault, detail) in
        [("unreadable", "Nobody answers"), ("panic at read", "the glasses broke")]
    {
        let (core, _) = world(fault).await;
        let stored = apply(&core, None, &json!({"name": "a", "fault": fault})).await;
        let said = core.refresh(THING, &stored).await.unwrap_err().said();
        assert!(said[0].detail.contains(detail), "{said:#?}");
    }
}
