//! Actions of Kargo, invoked by the real Terraform. Kargo does not run here: what its webhook puts
//! into a promotion a policy of the API server does, and what its controllers write these tests write.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::PROVIDER;
use super::kargo::{CLUSTER, Project};
use crate::support::cli::{Cli, Run, Workspace};
use crate::support::sandbox::{Objects, eventually, kinds, sandbox};

const FREIGHT: &str = "a0000000000000000000000000000000000000a1";

/// One action of each type, for a project whose name is put in.
const ACTIONS: &str = r#"
variable "stage" {
  type    = string
  default = "dev"
}

variable "freight" {
  type    = string
  default = "a0000000000000000000000000000000000000a1"
}

action "gitops_kargo_stage_promote" "by_name" {
  config {
    namespace = "PROJECT"
    name      = var.stage
    freight   = var.freight
    verified  = true
    timeout   = "1m"
  }
}

action "gitops_kargo_stage_promote" "newest" {
  config {
    namespace = "PROJECT"
    name      = var.stage
    warehouse = "shop"
    async     = true
  }
}

action "gitops_kargo_stage_promote" "by_alias" {
  config {
    namespace     = "PROJECT"
    name          = var.stage
    freight_alias = "iron-sponge"
  }
}

action "gitops_kargo_freight_approve" "this" {
  config {
    namespace = "PROJECT"
    alias     = "iron-sponge"
    stage     = var.stage
  }
}

action "gitops_kargo_promotion_abort" "this" {
  config {
    namespace = "PROJECT"
    stage     = var.stage
  }
}

action "gitops_kargo_refresh" "this" {
  config {
    kind      = "Warehouse"
    name      = "shop"
    namespace = "PROJECT"
  }
}
"#;

/// A project with freight, and a workspace with the actions.
async fn prepared(name: &'static str) -> (Project, Workspace) {
    let project = Project::make(name).await;
    project.freight(FREIGHT, "iron-sponge", "1.0.0", "2026-01-01T00:00:00Z").await;
    let workspace = Workspace::new(sandbox().await, name).under(Cli::Terraform);
    let actions = ACTIONS.replace("PROJECT", name);
    workspace.write("main.tf", &format!("{PROVIDER}{CLUSTER}{actions}"));
    workspace.init().await;
    (project, workspace)
}

async fn invoke(workspace: &Workspace, action: &str) -> Run {
    let target = format!("-invoke=action.{action}");
    workspace.run(&["apply", "-input=false", "-no-color", "-auto-approve", &target]).await
}

/// Gives the promotions of a project their steps, as Kargo's webhook does.
async fn fill_in(project: &Project) {
    let sandbox = sandbox().await;
    let of = |kind| Objects::new(sandbox, "admissionregistration.k8s.io/v1", kind, None);
    let name = project.name;
    let steps = r#"[{"uses": "compose-output", "as": "first"}, {"uses": "fail", "as": "second"}]"#;
    let patch = format!("[JSONPatch{{op: \"add\", path: \"/spec/steps\", value: {steps}}}]");
    let policy = json!({
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": [{
                "apiGroups": ["kargo.akuity.io"], "apiVersions": ["v1alpha1"],
                "operations": ["CREATE"], "resources": ["promotions"],
            }]},
            "matchConditions": [{
                "name": "project", "expression": format!("request.namespace == '{name}'"),
            }],
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
        },
    });
    of("MutatingAdmissionPolicy").create(&policy).await;
    let binding = json!({"metadata": {"name": name}, "spec": {"policyName": name}});
    of("MutatingAdmissionPolicyBinding").create(&binding).await;
    let promotion = json!({
        "metadata": {"generateName": "dev-"}, "spec": {"stage": "dev", "freight": FREIGHT},
    });
    eventually("a policy that has effect", || project.promotions.try_create(&promotion)).await;
}

async fn end(project: Project) {
    let sandbox = sandbox().await;
    for kind in ["MutatingAdmissionPolicyBinding", "MutatingAdmissionPolicy"] {
        let of = Objects::new(sandbox, "admissionregistration.k8s.io/v1", kind, None);
        of.delete(project.name).await;
    }
    project.end().await;
}

/// The promotion that comes next, while it is carried out by `statuses`, one after the other.
async fn carried_out(project: &Project, statuses: &[Json]) -> Json {
    let before: BTreeSet<_> = project.promotions.names().await;
    let name = eventually("a promotion", || async {
        let now = project.promotions.names().await;
        now.difference(&before).next().cloned().ok_or_else(|| "there is none".to_owned())
    })
    .await;
    for status in statuses {
        project.promotions.patch_status(&name, status).await;
    }
    project.promotions.get(&name).await
}

#[tokio::test]
async fn a_promotion_is_made_and_followed_to_its_end() {
    let _kinds = kinds().await;
    let (project, workspace) = prepared("it-promote").await;

    // Nobody fills in the steps yet: what the API server says is told, and what has to be there.
    let refused = invoke(&workspace, "gitops_kargo_stage_promote.by_name").await.failed();
    refused.says("spec.steps").says("Kargo's webhooks have to run");
    fill_in(&project).await;

    let succeeded = [
        json!({"phase": "Running", "currentStep": 0, "stepExecutionMetadata": [{"alias": "first"}]}),
        json!({"phase": "Succeeded", "freightCollection": {"id": "ab55080", "items": {}}}),
    ];
    let controllers = async {
        let made = carried_out(&project, &succeeded).await;
        let history = json!([{
            "id": "ab55080", "items": {}, "verificationHistory": [{"id": "1", "phase": "Successful"}],
        }]);
        project.stages.patch_status("dev", &json!({"freightHistory": history})).await;
        made
    };
    let (run, made) =
        tokio::join!(invoke(&workspace, "gitops_kargo_stage_promote.by_name"), controllers);
    let run = run.succeeded();
    let name = made["metadata"]["name"].as_str().expect("a name").to_owned();
    run.says(&format!("Promotion it-promote/{name} has succeeded")).says("to be verified in Stage");
    assert_eq!(made["spec"]["freight"], FREIGHT);
    assert!(name.starts_with("dev-"), "{name}");

    // The step that failed is quoted.
    let failed = [json!({
        "phase": "Failed",
        "message": "step \"second\": failed: boom dev",
        "stepExecutionMetadata": [
            {"alias": "first", "status": "Succeeded"},
            {"alias": "second", "status": "Failed", "message": "step \"second\": failed: boom dev"},
        ],
    })];
    let (run, _) = tokio::join!(
        invoke(&workspace, "gitops_kargo_stage_promote.by_alias"),
        carried_out(&project, &failed)
    );
    run.failed().says("The promotion ended as Failed: step \"second\": failed: boom dev");

    let (run, made) = tokio::join!(
        invoke(&workspace, "gitops_kargo_stage_promote.newest"),
        carried_out(&project, &[])
    );
    run.succeeded().says("freight that Kargo chooses");
    assert_eq!(made["spec"]["origin"], json!({"kind": "Warehouse", "name": "shop"}));

    let nobody = workspace.clone().with("TF_VAR_stage", "nobody");
    let run = invoke(&nobody, "gitops_kargo_stage_promote.by_name").await.failed();
    run.says("Stage it-promote/nobody is not there");
    end(project).await;
}

#[tokio::test]
async fn a_promotion_is_ended_and_its_end_waited_for() {
    let _kinds = kinds().await;
    let (project, workspace) = prepared("it-abort").await;
    let run = invoke(&workspace, "gitops_kargo_promotion_abort.this").await.succeeded();
    run.says("no promotion to Stage it-abort/dev goes on");

    fill_in(&project).await;
    let promotion = json!({
        "metadata": {"name": "dev.waiting"}, "spec": {"stage": "dev", "freight": FREIGHT},
    });
    project.promotions.create(&promotion).await;
    project.promotions.patch_status("dev.waiting", &json!({"phase": "Running"})).await;
    let current = json!({"currentPromotion": {"name": "dev.waiting"}});
    project.stages.patch_status("dev", &current).await;
    let controller = async {
        eventually("a request to end it", || async {
            let live = project.promotions.get("dev.waiting").await;
            let asked = live["metadata"]["annotations"]["kargo.akuity.io/abort"].clone();
            if asked == r#"{"action":"terminate"}"# { Ok(()) } else { Err(asked.to_string()) }
        })
        .await;
        let aborted = json!({"phase": "Aborted", "message": "Promotion terminated by admin"});
        project.promotions.patch_status("dev.waiting", &aborted).await;
    };
    let (run, ()) =
        tokio::join!(invoke(&workspace, "gitops_kargo_promotion_abort.this"), controller);
    run.succeeded().says("has ended as Aborted: Promotion terminated by admin");
    let run = invoke(&workspace, "gitops_kargo_promotion_abort.this").await.succeeded();
    run.says("Nothing to end: Promotion it-abort/dev.waiting has ended as Aborted");
    end(project).await;
}

#[tokio::test]
async fn freight_is_approved_once_and_a_warehouse_looks_when_it_is_asked() {
    let _kinds = kinds().await;
    let (project, workspace) = prepared("it-approve").await;
    let workspace = workspace.with("TF_VAR_stage", "prod");
    invoke(&workspace, "gitops_kargo_freight_approve.this").await.succeeded();
    let approved = project.freight.get(FREIGHT).await["status"]["approvedFor"].clone();
    let since = approved["prod"]["approvedAt"].as_str().expect("a time").to_owned();
    let run = invoke(&workspace, "gitops_kargo_freight_approve.this").await.succeeded();
    run.says(&format!("is approved for stage prod since {since}"));
    assert_eq!(project.freight.get(FREIGHT).await["status"]["approvedFor"], approved);

    let origin =
        json!([{"origin": {"kind": "Warehouse", "name": "pay"}, "sources": {"direct": true}}]);
    let other = json!({"metadata": {"name": "pay"}, "spec": {"requestedFreight": origin}});
    project.stages.create(&other).await;
    let pay = workspace.clone().with("TF_VAR_stage", "pay");
    let run = invoke(&pay, "gitops_kargo_freight_approve.this").await.failed();
    run.says("Stage \"pay\" takes no freight of warehouse \"shop\"");
    // A stage without steps has nothing to promote.
    let run = invoke(&pay, "gitops_kargo_stage_promote.by_name").await.failed();
    run.says("Stage it-approve/pay has no promotion template");

    let controller = async {
        let token = eventually("a request to look", || async {
            let live = project.warehouses.get("shop").await;
            let token = live["metadata"]["annotations"]["kargo.akuity.io/refresh"].clone();
            if token.is_string() { Ok(token) } else { Err(live.to_string()) }
        })
        .await;
        let ready = json!({
            "type": "Ready", "status": "False", "reason": "DiscoveryFailure",
            "message": "no such host", "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let status = json!({"conditions": [ready], "lastHandledRefresh": token});
        project.warehouses.patch_status("shop", &status).await;
    };
    let (run, ()) = tokio::join!(invoke(&workspace, "gitops_kargo_refresh.this"), controller);
    run.succeeded()
        .says("Kargo has something to say about Warehouse it-approve/shop")
        .says("no such host");
    end(project).await;
}
