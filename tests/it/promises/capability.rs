//! A capability, and what belongs to it in AWS, when AWS is slow, busy or says no.

use std::time::Duration;

use aws_sdk_iam::error::ProvideErrorMetadata as _;
use gitops_sandbox::eks::{CapabilityFault, CapabilityOutcome, Issue, IssueCode, Operation, Rule};
use http::Method;
use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Eks, iam, own_eks, own_eks_with, sandbox};

const FIXTURE: &str = "tests/fixtures/aws";

/// The fixture in a folder of its own, ready to be applied to this EKS API.
pub(super) async fn workspace(name: &str, eks: &Eks) -> Workspace {
    let workspace =
        Workspace::of(sandbox().await, name, FIXTURE).with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.init().await;
    workspace
}

fn issue(code: IssueCode, message: &str) -> Issue {
    Issue { code, message: message.to_owned() }
}

#[tokio::test]
async fn a_capability_that_cannot_be_created_says_why_and_is_replaced_by_the_next_apply() {
    let eks = own_eks().await;
    let why = issue(IssueCode::AccessDenied, "the role may not be assumed, says STS");
    let fault = CapabilityFault::new(CapabilityOutcome::CreateFails(why)).times(1);
    eks.faults().add_capability(fault);
    let workspace = workspace("create-failed", &eks).await;

    let run = workspace.apply().await.failed();
    let run = run.says("CREATE_FAILED").says("AccessDenied: the role may not be assumed, says STS");
    run.says("gitops_eks_capability_argocd.this");
    assert_eq!(status_of(&workspace, "gitops_eks_capability_argocd"), "tainted");
    assert_eq!(eks.only("capabilities")["status"], "CREATE_FAILED");

    let replaced = workspace.planned().await.changes();
    assert_eq!(replaced["gitops_eks_capability_argocd.this"], ["replace"]);
    workspace.apply().await.succeeded();
    assert_eq!(eks.only("capabilities")["status"], "ACTIVE");
    assert_eq!(eks.call_count(Operation::CreateCapability), 2);
    workspace.plan().await.shows_no_changes();
}

#[tokio::test]
async fn a_degraded_capability_is_kept_and_its_health_issue_told() {
    let eks = own_eks().await;
    let why = issue(IssueCode::ClusterUnreachable, "the network of the cluster is down");
    eks.faults().add_capability(CapabilityFault::new(CapabilityOutcome::BecomesDegraded(why)));
    let workspace = workspace("degraded", &eks).await;

    let run = workspace.apply().await.succeeded();
    run.says("Warning: The capability is degraded")
        .says("ClusterUnreachable: the network of the cluster is down");
    assert_eq!(status_of(&workspace, "gitops_eks_capability_argocd"), "");
    assert_eq!(eks.only("capabilities")["status"], "DEGRADED");
    workspace.plan().await.shows_no_changes();
}

#[tokio::test]
async fn a_busy_api_is_waited_for() {
    let eks = own_eks().await;
    eks.faults().add(Rule::throttle().every(2));
    applied_and_destroyed_once("throttled", &eks).await;
}

#[tokio::test]
async fn an_api_that_fails_now_and_then_is_asked_again() {
    let eks = own_eks().await;
    eks.faults().add(Rule::server_error().every(3));
    applied_and_destroyed_once("server-errors", &eks).await;
}

#[tokio::test]
async fn what_was_made_while_the_answer_was_lost_is_not_made_twice_and_not_forgotten() {
    let eks = own_eks().await;
    for operation in [
        Operation::CreateCapability,
        Operation::CreateAccessEntry,
        Operation::CreatePodIdentityAssociation,
        Operation::AssociateAccessPolicy,
        Operation::DeleteCapability,
        Operation::DeleteAccessEntry,
        Operation::DeletePodIdentityAssociation,
        Operation::DisassociateAccessPolicy,
    ] {
        eks.faults().add(Rule::lose_response().of(operation).times(1));
    }
    applied_and_destroyed_once("lost-answers", &eks).await;
    let lost = eks.calls().iter().filter(|call| call.response_lost).count();
    assert!(lost >= 6, "only {lost} answers were lost");
}

/// Applies and destroys the fixture under whatever faults there are; all is made once, and goes.
async fn applied_and_destroyed_once(name: &str, eks: &Eks) {
    let workspace = workspace(name, eks).await;
    workspace.apply().await.succeeded();
    everything_is_there_once(&workspace, eks);
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    nothing_is_left(&workspace, eks).await;
}

#[track_caller]
fn everything_is_there_once(workspace: &Workspace, eks: &Eks) {
    assert_eq!(eks.only("capabilities")["status"], "ACTIVE");
    let association = eks.only("podIdentityAssociations");
    assert_eq!(association["serviceAccount"], "web");
    let mut principals: Vec<_> = eks
        .all("accessEntries")
        .iter()
        .map(|entry| entry["principalArn"].as_str().expect("an ARN").to_owned())
        .collect();
    principals.sort();
    let role = |name| format!("arn:aws:iam::123456789012:role/{}-{name}", workspace.prefix());
    assert_eq!(principals, [role("argocd"), role("pods")]);
}

/// The entry that the capability made for itself is EKS's to take away.
async fn nothing_is_left(workspace: &Workspace, eks: &Eks) {
    assert_eq!(eks.all("capabilities"), [Json::Null; 0]);
    assert_eq!(eks.all("podIdentityAssociations"), [Json::Null; 0]);
    let of_pods = format!("role/{}-pods", workspace.prefix());
    let entries = eks.all("accessEntries");
    let ours =
        |entry: &&Json| entry["principalArn"].as_str().is_some_and(|arn| arn.ends_with(&of_pods));
    assert_eq!(entries.iter().find(ours), None, "the access entry is left behind");
    let iam = iam(sandbox().await);
    for role in ["argocd", "pods"] {
        let found = iam.get_role().role_name(format!("{}-{role}", workspace.prefix())).send().await;
        let error = found.expect_err("a role that is gone");
        assert_eq!(error.code(), Some("NoSuchEntity"), "{error:?}");
    }
}

#[tokio::test]
async fn a_new_role_is_waited_for_until_eks_sees_it() {
    let eks = own_eks().await;
    eks.faults().set_role_propagation(Duration::from_secs(6));
    let workspace = workspace("propagation", &eks).await;

    workspace.apply().await.succeeded();
    everything_is_there_once(&workspace, &eks);
    let refused = eks.calls().iter().filter(|call| call.error.is_some()).count();
    assert!(refused > 0, "nothing was refused, so nothing was waited for");
    workspace.plan().await.shows_no_changes();
}

#[tokio::test]
async fn a_role_that_does_not_trust_the_capability_is_refused_at_once() {
    let eks = own_eks().await;
    let workspace =
        workspace("untrusting", &eks).await.with("TF_VAR_actions", r#"["sts:AssumeRole"]"#);

    let run = workspace.apply().await.failed();
    let run = run.says("does not let capabilities.eks.amazonaws.com call sts:TagSession");
    // Where, and what to do.
    let run = run.says("in resource \"gitops_eks_capability_argocd\" \"this\"");
    let run = run.says("role_arn = gitops_iam_role.argocd.arn");
    let run = run.says("allow sts:AssumeRole and sts:TagSession");
    assert!(run.took < Duration::from_secs(30), "{run}");
    assert_eq!(eks.all("capabilities"), [Json::Null; 0]);
}

#[tokio::test]
async fn an_identity_that_is_removed_from_a_role_loses_its_access() {
    let eks = own_eks().await;
    let workspace = workspace("revoked", &eks).await;
    workspace.apply().await.succeeded();
    assert_eq!(admins(&eks), ["alice", "bob"]);

    let without_bob = workspace.clone().with("TF_VAR_admins", r#"["alice"]"#);
    let changes = without_bob.planned().await.changes();
    let fields = &changes["gitops_eks_capability_argocd.this"];
    assert!(fields.iter().all(|field| field.starts_with("rbac_role_mappings")), "{fields:?}");
    without_bob.apply().await.succeeded();
    assert_eq!(admins(&eks), ["alice"]);
    without_bob.plan().await.shows_no_changes();

    let nobody = without_bob.with("TF_VAR_admins", r#"["carol"]"#);
    nobody.apply().await.succeeded();
    assert_eq!(admins(&eks), ["carol"]);
    nobody.plan().await.shows_no_changes();
}

fn admins(eks: &Eks) -> Vec<String> {
    let capability = eks.only("capabilities");
    let mappings = &capability["configuration"]["argoCd"]["rbacRoleMappings"];
    let mut ids: Vec<_> = mappings
        .as_array()
        .into_iter()
        .flatten()
        .filter(|mapping| mapping["role"] == json!("ADMIN"))
        .flat_map(|mapping| mapping["identities"].as_array().expect("identities"))
        .map(|identity| identity["id"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn an_apply_that_is_cancelled_ends_soon_and_keeps_what_was_made() {
    // So slow that the capability is certainly being made.
    let eks = own_eks_with(Duration::from_mins(1)).await;
    let workspace = workspace("cancelled", &eks).await;
    let apply = workspace.start(&["apply", "-input=false", "-no-color", "-auto-approve"]);
    crate::support::sandbox::eventually("a capability in the making", || async {
        let count = eks.call_count(Operation::DescribeCapability);
        if count > 0 { Ok(()) } else { Err(apply.output()) }
    })
    .await;

    let asked = std::time::Instant::now();
    apply.interrupt();
    let run = apply.ended().await;
    let took = asked.elapsed();
    assert_eq!(run.code, Some(1), "{run}");
    let run = run.says("Interrupt received").says("cancelled");
    assert!(took < Duration::from_secs(15), "it took {took:?} to end\n{run}");
    assert_eq!(status_of(&workspace, "gitops_eks_capability_argocd"), "tainted");
    assert_eq!(eks.only("capabilities")["status"], "CREATING");
}

/// A run that is killed while it makes a capability anew leaves the state of the one before.
#[tokio::test]
async fn a_capability_that_was_left_in_the_making_is_waited_for() {
    let eks = own_eks_with(Duration::from_secs(3)).await;
    let workspace = workspace("left-in-the-making", &eks).await;
    workspace.apply().await.succeeded();
    let made = eks.only("capabilities");
    made_anew(&eks, &made).await;

    let changes = workspace.planned().await.changes();
    assert_eq!(changes["gitops_eks_capability_argocd.this"], ["server_url?", "version?"]);
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(eks.only("capabilities")["status"], "ACTIVE");
    workspace.plan().await.shows_no_changes();
}

#[tokio::test]
async fn a_capability_that_was_left_and_then_failed_is_replaced() {
    let eks = own_eks().await;
    let workspace = workspace("left-and-failed", &eks).await;
    workspace.apply().await.succeeded();
    let made = eks.only("capabilities");
    let why = issue(IssueCode::AccessDenied, "the role may not be assumed, says STS");
    let fault = CapabilityFault::new(CapabilityOutcome::CreateFails(why)).times(1);
    eks.faults().add_capability(fault);
    made_anew(&eks, &made).await;
    crate::support::sandbox::eventually("a failed capability", || async {
        let capability = eks.only("capabilities");
        if capability["status"] == "CREATE_FAILED" { Ok(()) } else { Err(capability.to_string()) }
    })
    .await;

    let changes = workspace.planned().await.changes();
    assert_eq!(changes["gitops_eks_capability_argocd.this"], ["replace"]);
    workspace.apply().await.succeeded();
    assert_eq!(eks.only("capabilities")["status"], "ACTIVE");
    workspace.plan().await.shows_no_changes();
}

/// Deletes a capability and has another one of the same settings made, by the API.
async fn made_anew(eks: &Eks, made: &Json) {
    let api = eks.api();
    let path = "clusters/sandbox/capabilities";
    api.call(Method::DELETE, &format!("{path}/argocd"), None).await.expect("it is deleted");
    crate::support::sandbox::eventually("no capability", || async {
        let left = eks.all("capabilities");
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    let argo_cd = &made["configuration"]["argoCd"];
    let idc = json!({ "idcInstanceArn": argo_cd["awsIdc"]["idcInstanceArn"] });
    let request = json!({
        "capabilityName": "argocd",
        "clientRequestToken": "left-in-the-making",
        "type": "ARGOCD",
        "roleArn": made["roleArn"],
        "deletePropagationPolicy": "RETAIN",
        "configuration": { "argoCd": {
            "namespace": argo_cd["namespace"],
            "awsIdc": idc,
            "rbacRoleMappings": argo_cd["rbacRoleMappings"],
        } },
    });
    api.call(Method::POST, path, Some(&request)).await.expect("it is being made");
}

/// The status of the one instance of a type in the state: `tainted`, or nothing.
fn status_of(workspace: &Workspace, kind: &str) -> String {
    let resources = workspace.resources();
    let found = resources.iter().find(|resource| resource["type"] == kind);
    let found = found.unwrap_or_else(|| panic!("there is no {kind} in the state: {resources:#?}"));
    found["instances"][0]["status"].as_str().unwrap_or_default().to_owned()
}
