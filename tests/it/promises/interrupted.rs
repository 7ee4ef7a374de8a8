//! Nothing is lost or doubled, whenever a run is killed: it can simply be run again.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::quickstart;
use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, alone, eventually, kinds};

/// How often a run is killed, unless `GITOPS_KILLS` says otherwise.
const KILLS: u64 = 8;

#[tokio::test]
async fn an_apply_that_is_killed_again_and_again_ends_in_the_wanted_state() {
    let kills = number("GITOPS_KILLS").unwrap_or(KILLS);
    let seed = number("GITOPS_KILL_SEED").unwrap_or(1);
    let mut random = Random(seed);
    let sandbox = alone().await;
    let name = "killed";
    let workspace = sandbox.watch(Workspace::of(sandbox.of(), name, quickstart::EXAMPLE));
    workspace.init().await;

    let mut killed = 0;
    while killed < kills {
        // Each run goes on where the one before was killed, so a short time is enough to get on.
        for verb in ["apply", "destroy"] {
            let until = kills.min(killed + if verb == "apply" { 6 } else { 2 });
            while killed < until {
                let after = Duration::from_millis(300 + random.below(4000));
                if !killed_after(&workspace, verb, after).await {
                    break;
                }
                killed += 1;
                eprintln!("kill {killed} of {kills} (seed {seed}): {verb} after {after:?}");
            }
        }
    }

    workspace.apply().await.succeeded();
    assert_eq!(sandbox.made().await, quickstart::everything(), "seed {seed}");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    assert_eq!(sandbox.made().await, BTreeSet::new(), "left behind, seed {seed}");
}

/// Runs the tool and kills it and the provider after a while; false if it came to its end before.
async fn killed_after(workspace: &Workspace, verb: &str, after: Duration) -> bool {
    let mut run = workspace.start(&[verb, "-input=false", "-no-color", "-auto-approve"]);
    tokio::time::sleep(after).await;
    if run.is_over() {
        run.ended().await.succeeded();
        return false;
    }
    run.kill();
    true
}

/// Between the making of a project's namespace and of the project itself.
#[tokio::test]
async fn the_namespace_of_a_project_that_could_not_be_made_is_not_left_behind() {
    let sandbox = kinds().await;
    let workspace = Workspace::new(sandbox.of(), "refused-project");
    workspace.write(
        "main.tf",
        r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

variable "prefix" { type = string }
variable "kubeconfig" { type = string }

provider "gitops" {
  cluster = { config_path = var.kubeconfig }
}

resource "gitops_kargo_project" "this" {
  name = var.prefix
}
"#,
    );
    workspace.init().await;
    let refusal = Refusal::of_projects(&sandbox, workspace.prefix()).await;
    workspace.apply().await.failed().says("no projects today");
    refusal.lift(&sandbox).await;

    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    let namespaces = Objects::new(&sandbox, "v1", "Namespace", None);
    assert_eq!(namespaces.find(workspace.prefix()).await, None, "left behind");
}

/// An admission policy of the cluster by which one project is refused.
struct Refusal {
    name: String,
}

impl Refusal {
    const API: &str = "admissionregistration.k8s.io/v1";
    const KINDS: [&str; 2] = ["ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"];

    async fn of_projects(sandbox: &gitops_sandbox::Sandbox, project: &str) -> Self {
        let name = format!("{project}.example.com");
        let rules = json!([{
            "apiGroups": ["kargo.akuity.io"], "apiVersions": ["*"], "resources": ["projects"],
            "operations": ["CREATE"], "resourceNames": [project],
        }]);
        let policy = json!({
            "failurePolicy": "Fail",
            "matchConstraints": { "resourceRules": rules },
            "validations": [{ "expression": "false", "message": "no projects today" }],
        });
        let binding = json!({ "policyName": name, "validationActions": ["Deny"] });
        for (kind, spec) in Self::KINDS.into_iter().zip([binding, policy]) {
            let objects = Objects::new(sandbox, Self::API, kind, None);
            objects.create(&json!({ "metadata": { "name": name }, "spec": spec })).await;
        }
        let projects = Objects::new(sandbox, "kargo.akuity.io/v1alpha1", "Project", None);
        eventually("a refusal", || async {
            let project = json!({ "metadata": { "name": project } });
            match projects.try_create(&project).await {
                Ok(_) => Err("it is allowed".to_owned()),
                Err(refusal) if refusal.contains("no projects today") => Ok(()),
                Err(other) => panic!("another refusal: {other}"),
            }
        })
        .await;
        Self { name }
    }

    async fn lift(self, sandbox: &gitops_sandbox::Sandbox) {
        for kind in Self::KINDS {
            Objects::new(sandbox, Self::API, kind, None).delete(&self.name).await;
        }
        // The API server hears of it a little later, during which an apply would be refused.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

pub(super) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text:?} is not a number")))
}

/// `SplitMix64`: the same points for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
