//! Actions, from their check to their last word.

use std::time::Duration;

use serde_json::json;

use super::{only, world};
use crate::support::core::{Core, UNKNOWN};
use crate::support::fake::{self, Backend};

const POKE: &str = "gitops_poke";

#[tokio::test]
async fn an_action_tells_how_it_goes_on_and_how_it_ended() {
    let (core, backend) = world("an_action_tells").await;
    let done = core.invoke(POKE, &json!({"name": "a", "times": 3})).await.unwrap();
    assert_eq!(done.progress, ["poked 1", "poked 2", "poked 3"]);
    assert_eq!(done.end, Ok(vec![]));
    assert_eq!(backend.calls(), ["poke a", "poke a", "poke a"]);
    // The short spelling is the same, and what is said in the end are warnings too.
    let done = core.invoke("poke", &json!({"name": "a", "fault": "doubt"})).await.unwrap();
    assert_eq!(done.end.unwrap()[0].summary, "It looks angry");
}

#[tokio::test]
async fn nothing_is_done_when_the_check_or_the_plan_refuses() {
    let (core, backend) = world("an_action_is_refused").await;
    for (config, path, summary) in [
        (json!({"name": "a", "times": 6}), "times", "Invalid value for times"),
        (json!({"name": "a", "fault": "fear"}), "fault", "Nobody dares"),
        (json!({"name": "a", "fault": "taboo"}), "name", "Planning action gitops_poke"),
    ] {
        let said = only(core.invoke(POKE, &config).await);
        assert_eq!((said.path.as_str(), said.summary.as_str()), (path, summary));
    }
    let config = json!({"name": "a", "fault": "doubt"});
    let said = core.plan_action(POKE, &config).await.unwrap();
    assert_eq!(said[0].summary, "Is that wise?");
    // What is not known passes.
    let config = json!({"name": UNKNOWN, "times": UNKNOWN, "fault": UNKNOWN});
    assert_eq!(core.plan_action(POKE, &config).await, Ok(vec![]));
    assert_eq!(backend.calls(), [""; 0]);
}

#[tokio::test]
async fn an_action_that_fails_says_why_in_its_last_word() {
    let (core, _) = world("an_action_fails").await;
    let done = core.invoke(POKE, &json!({"name": "a", "fault": "back"})).await.unwrap();
    assert_eq!(done.progress, ["poked 1"]);
    let said = only(done.end);
    assert_eq!(
        (said.path.as_str(), said.summary.as_str()),
        ("name", "Invoking action gitops_poke")
    );
    assert_eq!(said.detail, "It poked back.\n\nRun.");
    let done = core.invoke(POKE, &json!({"name": "a", "fault": "panic"})).await.unwrap();
    assert!(only(done.end).detail.contains("the stick broke"));
    let done = core.invoke(POKE, &json!({"name": "a", "fault": "slow"})).await.unwrap();
    assert!(only(done.end).detail.contains("a thing that never comes"));
}

#[tokio::test]
async fn a_cancel_ends_an_action() {
    let (core, _) = world("a_cancelled_action").await;
    let backend = Backend::named("a_cancelled_action");
    let stop = async {
        while backend.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        core.stop().await;
    };
    let config = json!({"name": "a", "fault": "hang"});
    let (done, ()) = tokio::join!(core.invoke(POKE, &config), stop);
    assert!(only(done.unwrap().end).detail.contains("cancelled"));
}

#[tokio::test]
async fn an_action_needs_a_configured_provider() {
    let core = Core::start(fake::server()).await;
    let said = only(core.invoke(POKE, &json!({"name": "a"})).await);
    assert!(said.summary.contains("not configured"), "{said:?}");
}
