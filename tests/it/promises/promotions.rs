//! What Kargo names by itself, and roles of three objects, in a real API server. What Kargo's
//! webhook puts into a promotion, an admission policy puts there; what its controller says, the
//! tests say, as it was recorded of Kargo 1.11.

use serde_json::{Value as Json, json};

use crate::support::cli::{Run, Workspace};
use crate::support::sandbox::{Kinds, Objects, eventually, kinds};

const KARGO: &str = "kargo.akuity.io/v1alpha1";
const ADMISSION: &str = "admissionregistration.k8s.io/v1";
/// The hash of the content below, as Kargo has it.
const FREIGHT: &str = "a272b03025b3456c850f5d14a3dfae64b51d66be";

const MAIN: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

provider "gitops" {
  cluster = { config_path = var.kubeconfig }
}

variable "prefix" { type = string }
variable "kubeconfig" { type = string }

resource "gitops_kargo_project" "this" {
  name = var.prefix
}
"#;

const PROMOTION: &str = r#"
resource "gitops_kargo_freight" "this" {
  namespace = gitops_kargo_project.this.name
  alias     = "irreverent-whale"
  origin    = { name = "wh" }

  commits = [{
    repo_url = "http://127.0.0.1:19080/app.git"
    id       = "43feb2cc391377fd21f19c4b7841805ef3cc0e68"
    branch   = "main"
  }]
  images = [{
    repo_url = "127.0.0.1:19050/demo/app"
    tag      = "1.0.1"
    digest   = "sha256:bdb74797fd8d3871c35e842a7faee62c294e12dc849df976628581b2a60d684a"
  }]
}

resource "gitops_kargo_promotion" "this" {
  namespace = gitops_kargo_project.this.name
  stage     = "dev"
  freight   = gitops_kargo_freight.this.name
}

output "promotion" { value = gitops_kargo_promotion.this.phase }
"#;

const ROLE: &str = r#"
resource "gitops_kargo_role" "this" {
  name        = "promoter"
  namespace   = gitops_kargo_project.this.name
  description = "Promotes"
  claims      = { groups = ["platform"], email = ["jane@example.com", "joe@example.com"] }

  rules = [{ api_groups = ["kargo.akuity.io"], resources = ["stages"], verbs = ["get", "promote"] }]
}
"#;

fn workspace(sandbox: &Kinds, name: &str, more: &str) -> Workspace {
    let workspace = Workspace::new(sandbox.of(), name);
    workspace.write("main.tf", &format!("{MAIN}{more}"));
    workspace
}

/// Has the API server put steps into the promotions of a namespace, as Kargo's webhook does.
async fn inline_steps(sandbox: &Kinds, namespace: &str) {
    let policy = json!({
        "apiVersion": ADMISSION, "kind": "MutatingAdmissionPolicy",
        "metadata": { "name": namespace },
        "spec": {
            "matchConstraints": {
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
                "resourceRules": [{
                    "apiGroups": ["kargo.akuity.io"], "apiVersions": ["v1alpha1"],
                    "operations": ["CREATE"], "resources": ["promotions"],
                }],
            },
            "reinvocationPolicy": "Never",
            "mutations": [{ "patchType": "JSONPatch", "jsonPatch": { "expression":
                "[JSONPatch{op: \"add\", path: \"/spec/steps\", value: [{\"uses\": \"fail\"}]}]" } }],
        },
    });
    Objects::new(sandbox, ADMISSION, "MutatingAdmissionPolicy", None).create(&policy).await;
    let binding = json!({
        "apiVersion": ADMISSION, "kind": "MutatingAdmissionPolicyBinding",
        "metadata": { "name": namespace }, "spec": { "policyName": namespace },
    });
    Objects::new(sandbox, ADMISSION, "MutatingAdmissionPolicyBinding", None).create(&binding).await;
    let promotions = Objects::new(sandbox, KARGO, "Promotion", Some(namespace));
    let without_steps = json!({
        "apiVersion": KARGO, "kind": "Promotion", "metadata": { "generateName": "x-" },
        "spec": { "stage": "dev", "freight": "a" },
    });
    eventually("a policy that is in force", || promotions.try_create(&without_steps)).await;
}

async fn names(sandbox: &Kinds, workspace: &Workspace) -> Vec<String> {
    let all = crate::support::sandbox::names_of(sandbox.of(), KARGO, "Promotion").await;
    let promotions = Objects::new(sandbox, KARGO, "Promotion", Some(workspace.prefix()));
    let mut names = Vec::new();
    for name in all {
        if promotions.find(&name).await.is_some() {
            names.push(name);
        }
    }
    names
}

/// Applies while Kargo runs the promotion that was not there before, to this end.
async fn applied(sandbox: &Kinds, workspace: &Workspace, phase: &str, message: &str) -> Run {
    let before = names(sandbox, workspace).await;
    let promotions =
        Objects::new(sandbox, KARGO, "Promotion", Some(workspace.prefix())).by("kargo");
    let run = async {
        let name = eventually("a promotion to run", || async {
            let now = names(sandbox, workspace).await;
            let new = now.into_iter().find(|name| !before.contains(name));
            new.ok_or_else(|| "there is none".to_owned())
        })
        .await;
        let step =
            |status: &str| json!([{ "alias": "step-1", "status": status, "message": message }]);
        let running = json!({ "phase": "Running", "stepExecutionMetadata": step("Running") });
        promotions.patch_status(&name, &running).await;
        let status = if phase == "Succeeded" { "Succeeded" } else { "Failed" };
        let ended =
            json!({ "phase": phase, "message": message, "stepExecutionMetadata": step(status) });
        promotions.patch_status(&name, &ended).await;
    };
    tokio::join!(workspace.apply(), run).0
}

#[tokio::test]
async fn a_promotion_runs_once_and_again_only_when_it_failed_or_is_changed() {
    let sandbox = kinds().await;
    let workspace = workspace(&sandbox, "promotions", "");
    workspace.init().await;
    workspace.apply().await.succeeded();
    inline_steps(&sandbox, workspace.prefix()).await;

    // The warehouse has made the same freight already.
    let freights = Objects::new(&sandbox, KARGO, "Freight", Some(workspace.prefix())).by("kargo");
    let made = json!({
        "apiVersion": KARGO, "kind": "Freight", "metadata": { "name": FREIGHT },
        "origin": { "kind": "Warehouse", "name": "wh" }, "alias": "irreverent-whale",
        "commits": [{ "repoURL": "http://127.0.0.1:19080/app.git", "branch": "main",
                      "id": "43feb2cc391377fd21f19c4b7841805ef3cc0e68" }],
        "images": [{ "repoURL": "127.0.0.1:19050/demo/app", "tag": "1.0.1", "digest":
            "sha256:bdb74797fd8d3871c35e842a7faee62c294e12dc849df976628581b2a60d684a" }],
        "discoveredAt": "2026-11-21T06:47:30Z",
    });
    freights.create(&made).await;
    workspace.write("main.tf", &format!("{MAIN}{PROMOTION}"));
    let message = "step \"step-1\": failed: boom dev";
    let failed = applied(&sandbox, &workspace, "Failed", message).await.failed();
    failed
        .says("Adopted an existing object")
        .says("he promotion ended as Failed: step \"step-1\": failed: boom dev");
    let first = names(&sandbox, &workspace).await;
    assert_eq!(first.len(), 1, "{first:?}");

    // It is in the state, and the next apply promotes anew.
    applied(&sandbox, &workspace, "Succeeded", "").await.succeeded().says("1 added, 0 changed, 1");
    let second = names(&sandbox, &workspace).await;
    assert!(second.len() == 1 && second != first, "{second:?}");
    workspace.plan().await.shows_no_changes();
    let output = workspace.run(&["output", "-raw", "promotion"]).await.succeeded();
    assert_eq!(output.output.trim(), "Succeeded");

    // How long to wait is no reason to promote again; another stage is.
    workspace.edit(
        "main.tf",
        "  stage     = \"dev\"\n",
        "  stage     = \"dev\"\n  wait = { succeeded = true }\n",
    );
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(names(&sandbox, &workspace).await, second);
    workspace.edit("main.tf", "stage     = \"dev\"", "stage     = \"uat\"");
    let changes = workspace.planned().await.changes();
    assert_eq!(changes["gitops_kargo_promotion.this"], ["replace"]);
    // An alias can be changed; the content makes another piece.
    workspace.edit("main.tf", "stage     = \"uat\"", "stage     = \"dev\"");
    workspace.edit("main.tf", "irreverent-whale", "release");
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(freights.get(FREIGHT).await["alias"], "release");
    workspace.edit("main.tf", "\"1.0.1\"", "\"1.0.2\"");
    let changes = workspace.planned().await.changes();
    assert_eq!(changes["gitops_kargo_freight.this"], ["replace"]);
    workspace.edit("main.tf", "\"1.0.2\"", "\"1.0.1\"");

    let address = "gitops_kargo_freight.this";
    workspace.run(&["state", "rm", address]).await.succeeded();
    let id = format!("{}/{FREIGHT}", workspace.prefix());
    let import = ["import", "-input=false", "-no-color", address, &id];
    workspace.run(&import).await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    for kind in ["MutatingAdmissionPolicyBinding", "MutatingAdmissionPolicy"] {
        Objects::new(&sandbox, ADMISSION, kind, None).delete(workspace.prefix()).await;
    }
}

#[tokio::test]
async fn a_role_is_three_objects_and_comes_and_goes_as_one() {
    let sandbox = kinds().await;
    let workspace = workspace(&sandbox, "roles", ROLE);
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
    let rbac = "rbac.authorization.k8s.io/v1";
    let namespace = Some(workspace.prefix());
    let accounts = Objects::new(&sandbox, "v1", "ServiceAccount", namespace);
    let roles = Objects::new(&sandbox, rbac, "Role", namespace);
    let bindings = Objects::new(&sandbox, rbac, "RoleBinding", namespace);
    let claims: Json = serde_json::from_str(
        accounts.get("promoter").await["metadata"]["annotations"]["rbac.kargo.akuity.io/claims"]
            .as_str()
            .expect("claims"),
    )
    .expect("JSON");
    let expected =
        json!({ "email": ["jane@example.com", "joe@example.com"], "groups": ["platform"] });
    assert_eq!(claims, expected);
    let binding = bindings.get("promoter").await;
    assert_eq!(binding["subjects"][0]["name"], "promoter");

    // Rules that somebody changed show as that, and so does a role that is bound to nobody.
    let more = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]);
    roles.patch("promoter", &json!({ "rules": more })).await;
    let changes = workspace.planned().await.changes();
    let of_role = &changes["gitops_kargo_role.this"];
    assert!(of_role.iter().all(|path| path.starts_with("rules[0]")), "{changes:?}");
    workspace.apply().await.succeeded().says("1 changed");
    assert_eq!(roles.get("promoter").await["rules"][0]["verbs"], json!(["get", "promote"]));
    bindings.delete("promoter").await;
    let changes = workspace.planned().await.changes();
    assert_eq!(changes["gitops_kargo_role.this"], ["rules"]);
    workspace.apply().await.succeeded().says("1 changed");
    bindings.get("promoter").await;

    let address = "gitops_kargo_role.this";
    workspace.run(&["state", "rm", address]).await.succeeded();
    let id = format!("{}/promoter", workspace.prefix());
    workspace.run(&["import", "-input=false", "-no-color", address, &id]).await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace.edit("main.tf", "verbs = [\"get\", \"promote\"]", "verbs = [\"get\"]");
    workspace.apply().await.succeeded().says("1 changed");
    workspace.write("main.tf", MAIN);
    workspace.apply().await.succeeded().says("1 destroyed");
    for objects in [&accounts, &roles, &bindings] {
        assert_eq!(objects.find("promoter").await, None);
    }
    workspace.destroy().await.succeeded();
}
