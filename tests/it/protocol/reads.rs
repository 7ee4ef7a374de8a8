//! Data sources and ephemeral resources, from their check to their end.

use std::time::Duration;

use serde_json::{Value as Json, json};
use terraform_provider_gitops::rpc::{Server, proto};
use tonic::Request;

use super::{apply, only, world};
use crate::support::core::{Core, Failure, Service, UNKNOWN};
use crate::support::fake::{self, Fake, at};

const LOOK: &str = "gitops_look";
const PASS: &str = "gitops_pass";

async fn look(core: &Core<Server<Fake>>, config: Json) -> Result<Json, Failure> {
    core.read_data(LOOK, &config).await
}

#[tokio::test]
async fn a_data_source_shows_what_is_there() {
    let (core, backend) = world("a_data_source_shows").await;
    apply(&core, None, &json!({"name": "a", "size": "large"})).await;
    let found = look(&core, json!({"name": "a"})).await.unwrap();
    assert_eq!(found, json!({"name": "a", "zone": "north", "fault": null, "size": "large"}));
    assert!(backend.calls().contains(&"look at a".to_owned()));
    // The short spelling is the same.
    let short = core.read_data("look", &json!({"name": "a", "zone": "south"})).await.unwrap();
    assert_eq!(short["zone"], "south");
}

#[tokio::test]
async fn a_data_source_is_checked_before_it_is_read() {
    let (core, backend) = world("a_data_source_is_checked").await;
    let said = only(look(&core, json!({"name": "a", "zone": "west"})).await);
    assert_eq!(said.path, "zone");
    let said = only(look(&core, json!({"name": "a", "fault": "blind"})).await);
    assert_eq!((said.path.as_str(), said.summary.as_str()), ("fault", "Nothing to see"));
    assert_eq!(backend.calls(), [""; 0]);
    // What is not known passes, and no provider is configured for it.
    let core = Core::start(fake::server()).await;
    let said = core.validate_data(LOOK, &json!({"name": UNKNOWN, "zone": UNKNOWN})).await;
    assert_eq!(said, Ok(vec![]));
}

#[tokio::test]
async fn a_look_that_fails_says_of_what() {
    let (core, _) = world("a_look_that_fails").await;
    let said = only(look(&core, json!({"name": "a"})).await);
    assert_eq!(said.summary, "Reading data source gitops_look");
    assert_eq!((said.path.as_str(), said.detail.as_str()), ("name", "No such thing."));
    let said = only(look(&core, json!({"name": "a", "fault": "panic"})).await);
    assert!(said.detail.contains("the lens broke"), "{said:?}");
    let core = Core::start(fake::server()).await;
    let said = only(look(&core, json!({"name": "a"})).await);
    assert_eq!(said.summary, "The provider is not configured");
}

#[tokio::test]
async fn a_look_ends_when_the_run_is_stopped() {
    let (core, backend) = world("a_look_ends").await;
    let looking = look(&core, json!({"name": "a", "fault": "hang"}));
    let stopping = async {
        while backend.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        core.stop().await;
    };
    let (looked, ()) = tokio::join!(looking, stopping);
    assert_eq!(only(looked).detail, "The run was cancelled.");
}

#[tokio::test]
async fn an_ephemeral_resource_is_opened_renewed_and_closed() {
    let (core, backend) = world("an_ephemeral_resource").await;
    let mut pass = core.open(PASS, &json!({"name": "a"})).await.unwrap();
    assert_eq!(pass.result, json!({"name": "a", "fault": null, "secret": "let me in"}));
    assert_eq!(pass.renew_at, Some(at(100)));
    core.renew(&mut pass).await.unwrap();
    assert_eq!((pass.renew_at, pass.said.len()), (Some(at(200)), 0));
    core.renew(&mut pass).await.unwrap();
    assert_eq!(pass.renew_at, None);
    let [warning] = pass.said.as_slice() else { panic!("{:#?}", pass.said) };
    assert!(!warning.is_error && warning.summary == "It ends soon", "{warning:?}");
    assert_eq!(core.close(pass).await, Ok(vec![]));
    let calls = ["open a", "renew a", "renew a", "close a, renewed 2 times"];
    assert_eq!(backend.calls(), calls);
    let short = core.open("pass", &json!({"name": "b", "fault": "forever"})).await.unwrap();
    assert_eq!(short.renew_at, None);
}

#[tokio::test]
async fn an_ephemeral_resource_says_which_call_failed() {
    let (core, _) = world("an_ephemeral_resource_says").await;
    let said = core.validate_ephemeral(PASS, &json!({"name": UNKNOWN, "fault": UNKNOWN})).await;
    assert_eq!(said, Ok(vec![]));
    let open = |fault: &str| {
        let config = json!({"name": "a", "fault": fault});
        let core = &core;
        async move { core.open(PASS, &config).await }
    };
    assert_eq!(only(open("nothing").await).path, "fault");
    let said = only(open("open").await);
    assert_eq!(said.summary, "Opening ephemeral resource gitops_pass");
    assert_eq!((said.path.as_str(), said.detail.as_str()), ("name", "No pass for you."));
    assert!(only(open("panic").await).detail.contains("the stamp broke"));
    let mut pass = open("renew").await.unwrap();
    let said = only(core.renew(&mut pass).await);
    assert_eq!(said.summary, "Renewing ephemeral resource gitops_pass");
    let said = only(core.close(open("close").await.unwrap()).await);
    assert_eq!(said.summary, "Closing ephemeral resource gitops_pass");
}

#[tokio::test]
async fn one_that_is_not_served_is_a_diagnostic() {
    let (core, _) = world("one_that_is_not_served").await;
    let name = || "gitops_nothing".to_owned();
    let service = &core.service;
    macro_rules! said {
        ($call:ident) => {{
            let request = proto::$call::Request { type_name: name(), ..Default::default() };
            service.$call(Request::new(request)).await.unwrap().into_inner().diagnostics
        }};
    }
    for said in [
        said!(validate_data_resource_config),
        said!(read_data_source),
        said!(validate_ephemeral_resource_config),
        said!(open_ephemeral_resource),
        said!(renew_ephemeral_resource),
        said!(close_ephemeral_resource),
    ] {
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].summary.contains("gitops_nothing"), "{said:?}");
    }
}
