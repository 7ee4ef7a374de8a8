//! Pipelines of Kargo: how they are checked at the plan, and how data sources show them.

use serde_json::{Value as Json, json};

use super::PROVIDER;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{Objects, kinds, sandbox};

pub(super) const KARGO: &str = "kargo.akuity.io/v1alpha1";

/// The cluster of the sandbox, as its administrator.
pub(super) const CLUSTER: &str = r#"
variable "kubeconfig" { type = string }

provider "gitops" {
  region  = "eu-west-1"
  cluster = { config_path = var.kubeconfig }
}
"#;

/// Much of it is known only after apply; how freight flows is not.
const PIPELINE: &str = r#"
variable "after_uat" {
  type    = string
  default = "prod"
}

variable "before_uat" {
  type    = string
  default = "dev"
}

resource "terraform_data" "repository" {
  input = "registry.example.com/shop"
}

resource "gitops_kargo_project" "shop" {
  name = "${var.prefix}-shop"
}

variable "prefix" { type = string }

resource "gitops_kargo_warehouse" "shop" {
  name          = "shop"
  namespace     = gitops_kargo_project.shop.name
  subscriptions = [{ image = { repo_url = terraform_data.repository.output } }]
}

resource "gitops_kargo_stage" "all" {
  for_each = {
    dev             = { direct = true }
    uat             = { stages = [var.before_uat] }
    (var.after_uat) = { stages = ["uat"], required_soak_time = "1h" }
  }

  name              = each.key
  namespace         = gitops_kargo_project.shop.name
  requested_freight = [{ origin = { name = gitops_kargo_warehouse.shop.name }, sources = each.value }]

  promotion_template = {
    vars  = [{ name = "image", value = terraform_data.repository.output }]
    steps = [{ uses = "compose-output", config = { image = terraform_data.repository.id } }]
  }
}

locals {
  graph = provider::gitops::promotion_graph([gitops_kargo_warehouse.shop], gitops_kargo_stage.all)
}

output "order" { value = local.graph.order }
output "mermaid" { value = local.graph.mermaid }
"#;

#[tokio::test]
async fn tofu_checks_at_the_plan_how_freight_flows() {
    checked(Cli::Tofu).await;
}

#[tokio::test]
async fn terraform_checks_at_the_plan_how_freight_flows() {
    checked(Cli::Terraform).await;
}

async fn checked(cli: Cli) {
    let workspace = Workspace::new(kinds().await.of(), &format!("graph-{}", cli.name())).under(cli);
    workspace.write("main.tf", &format!("{PROVIDER}{CLUSTER}{PIPELINE}"));
    workspace.init().await;
    let plan = workspace.planned().await.0;
    let planned = &plan["planned_values"]["outputs"];
    assert_eq!(planned["order"]["value"], json!(["dev", "uat", "prod"]), "{planned:#}");
    let picture = planned["mermaid"]["value"].as_str().expect("a picture");
    assert!(picture.contains("s1 -->|\"soaks 1h\"| s2"), "{picture}");

    // Mistakes that Kargo would take without a word.
    let circle = workspace.clone().with("TF_VAR_before_uat", "prod").plan().await.failed();
    circle.says("in a circle: \"prod\" takes freight from \"uat\"");
    let typo = workspace.clone().with("TF_VAR_before_uat", "deev").plan().await.failed();
    typo.says("Invalid value for \"stages\" parameter").says(
        "Stage \"uat\" takes freight from stage \"deev\", which is not among the stages (\"dev\", \
         \"prod\", \"uat\")",
    );

    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}

/// A namespace as Kargo has one for a project, and what is in it.
pub(super) struct Project {
    pub(super) name: &'static str,
    pub(super) warehouses: Objects,
    pub(super) stages: Objects,
    pub(super) freight: Objects,
    pub(super) promotions: Objects,
}

impl Project {
    /// Makes the namespace, with a warehouse and two stages that somebody has made.
    pub(super) async fn make(name: &'static str) -> Self {
        let sandbox = sandbox().await;
        let namespace = json!({"metadata": {
            "name": name, "labels": {"kargo.akuity.io/project": "true"},
        }});
        Objects::new(sandbox, "v1", "Namespace", None).create(&namespace).await;
        let of = |kind| Objects::new(sandbox, KARGO, kind, Some(name));
        let project = Self {
            name,
            warehouses: of("Warehouse"),
            stages: of("Stage"),
            freight: of("Freight"),
            promotions: of("Promotion"),
        };
        project
            .warehouses
            .create(&json!({
                "metadata": {"name": "shop"},
                "spec": {"subscriptions": [{"image": {"repoURL": "registry.example.com/shop"}}]},
            }))
            .await;
        for (name, sources) in
            [("dev", json!({"direct": true})), ("prod", json!({"stages": ["dev"]}))]
        {
            let origin = json!({"kind": "Warehouse", "name": "shop"});
            let steps = json!([{"uses": "compose-output", "config": {"a": "b"}}]);
            project
                .stages
                .create(&json!({
                    "metadata": {"name": name},
                    "spec": {
                        "requestedFreight": [{"origin": origin, "sources": sources}],
                        "promotionTemplate": {"spec": {"steps": steps}},
                    },
                }))
                .await;
        }
        project
    }

    /// Makes freight of the warehouse as its controller and webhook would.
    pub(super) async fn freight(&self, name: &str, alias: &str, tag: &str, found: &str) {
        let freight = json!({
            "metadata": {"name": name, "labels": {"kargo.akuity.io/alias": alias}},
            "alias": alias,
            "origin": {"kind": "Warehouse", "name": "shop"},
            "discoveredAt": found,
            "images": [{"repoURL": "registry.example.com/shop", "tag": tag, "digest": "sha256:0123"}],
        });
        self.freight.create(&freight).await;
    }

    /// Deletes it with everything in it.
    pub(super) async fn end(self) {
        Objects::new(sandbox().await, "v1", "Namespace", None).delete(self.name).await;
    }
}

const DATA: &str = r#"
variable "stage" {
  type    = string
  default = "dev"
}

data "gitops_kargo_stage" "this" {
  namespace = "it-data"
  name      = var.stage
}

data "gitops_kargo_stage" "untouched" {
  namespace = "it-data"
  name      = "prod"
}

data "gitops_kargo_warehouse" "shop" {
  namespace = "it-data"
  name      = "shop"
}

data "gitops_kargo_freight" "this" {
  for_each = {
    name     = { name = "a0000000000000000000000000000000000000a1" }
    alias    = { alias = "iron-sponge" }
    newest   = { warehouse = "shop" }
    verified = { warehouse = "shop", verified_in_stage = "dev" }
  }

  namespace         = "it-data"
  name              = try(each.value.name, null)
  alias             = try(each.value.alias, null)
  warehouse         = try(each.value.warehouse, null)
  verified_in_stage = try(each.value.verified_in_stage, null)
}

output "stage" { value = data.gitops_kargo_stage.this }
output "untouched" { value = data.gitops_kargo_stage.untouched }
output "warehouse" { value = data.gitops_kargo_warehouse.shop }
output "freight" { value = data.gitops_kargo_freight.this }
"#;

#[tokio::test]
async fn what_kargo_has_written_is_shown() {
    let sandbox = kinds().await;
    let project = Project::make("it-data").await;
    let [old, new] =
        ["a0000000000000000000000000000000000000a1", "b0000000000000000000000000000000000000b2"];
    project.freight(old, "iron-sponge", "1.0.0", "2026-01-01T00:00:00Z").await;
    project.freight(new, "dull-crab", "1.1.0", "2026-01-02T00:00:00Z").await;
    let verified = json!({"dev": {"verifiedAt": "2026-01-03T00:00:00Z", "longestSoak": "1h0m0s"}});
    project.freight.patch_status(old, &json!({"verifiedIn": verified})).await;
    project.warehouses.patch_status("shop", &warehouse_status(new)).await;
    project.stages.patch_status("dev", &stage_status(old)).await;

    let workspace = Workspace::new(sandbox.of(), "kargo-data");
    workspace.write("main.tf", &format!("{PROVIDER}{CLUSTER}{DATA}"));
    workspace.init().await;
    workspace.apply().await.succeeded();
    let printed = workspace.run(&["output", "-json"]).await.succeeded();
    let outputs: Json = serde_json::from_str(&printed.output).expect("outputs");

    let stage = &outputs["stage"]["value"];
    assert_eq!(stage["current_freight"][0]["name"], old, "{stage:#}");
    assert_eq!(stage["current_freight"][0]["images"][0]["tag"], "1.0.0", "{stage:#}");
    assert_eq!(stage["health"], json!({"status": "Healthy", "issues": []}));
    assert_eq!(stage["last_promotion"]["phase"], "Failed", "{stage:#}");
    let steps = &stage["last_promotion"]["step_execution_metadata"];
    assert_eq!(steps[0]["message"], "step \"step-1\": failed: boom", "{stage:#}");
    assert_eq!(stage["verification"]["phase"], "Successful", "{stage:#}");
    assert_eq!(stage["auto_promotion_enabled"], true, "{stage:#}");
    let hold = &stage["auto_promotion_holds"]["Warehouse/shop"];
    assert_eq!(hold["freight_name"], old, "{stage:#}");
    assert_eq!(stage["conditions"][0]["reason"], "LastPromotionFailed", "{stage:#}");
    let untouched = &outputs["untouched"]["value"];
    assert_eq!(untouched["current_freight"], json!([]), "{untouched:#}");
    assert_eq!(untouched["last_promotion"], Json::Null, "{untouched:#}");

    let warehouse = &outputs["warehouse"]["value"];
    assert_eq!(warehouse["last_freight_id"], new, "{warehouse:#}");
    let images = &warehouse["discovered_artifacts"]["images"][0];
    assert_eq!(images["references"][0]["tag"], "1.1.0", "{warehouse:#}");
    assert_eq!(images["references"][1]["annotations"], json!({}), "{warehouse:#}");

    let freight = &outputs["freight"]["value"];
    for (found, name) in [("name", old), ("alias", old), ("newest", new), ("verified", old)] {
        assert_eq!(freight[found]["name"], name, "{freight:#}");
    }
    assert_eq!(freight["name"]["alias"], "iron-sponge", "{freight:#}");
    assert_eq!(freight["verified"]["verified_in"]["dev"]["longest_soak"], "1h0m0s", "{freight:#}");

    let nobody = workspace.clone().with("TF_VAR_stage", "nobody").plan().await.failed();
    nobody.says("Stage it-data/nobody is not there");
    workspace.edit("main.tf", "verified_in_stage = \"dev\"", "verified_in_stage = \"prod\"");
    let none = workspace.plan().await.failed();
    none.says("no freight of warehouse \"shop\" verified in stage \"prod\"");
    workspace.edit(
        "main.tf",
        "alias = \"iron-sponge\"",
        "alias = \"iron-sponge\", warehouse = \"shop\"",
    );
    workspace
        .plan()
        .await
        .failed()
        .says("only one of name, alias, warehouse can be set, and alias is");
    project.end().await;
}

fn stage_status(freight: &str) -> Json {
    let freight = json!({
        "name": freight,
        "origin": {"kind": "Warehouse", "name": "shop"},
        "images": [{"repoURL": "registry.example.com/shop", "tag": "1.0.0", "digest": "sha256:0123"}],
    });
    let failed = "step \"step-1\": failed: boom";
    json!({
        "autoPromotionEnabled": true,
        "autoPromotionHolds": {"Warehouse/shop": {
            "actor": "kubernetes:admin", "createdAt": "2026-01-03T00:00:00Z",
            "freightName": freight["name"], "origin": freight["origin"], "promotionName": "dev.1",
        }},
        "conditions": [{
            "type": "Ready", "status": "False", "reason": "LastPromotionFailed", "message": failed,
            "lastTransitionTime": "2026-01-03T00:00:00Z", "observedGeneration": 1,
        }],
        "freightSummary": freight["name"],
        "freightHistory": [{
            "id": "ab55080",
            "items": {"Warehouse/shop": freight},
            "verificationHistory": [{"id": "1", "phase": "Successful"}],
        }],
        "health": {"status": "Healthy"},
        "lastPromotion": {
            "name": "dev.01m7ydpczanedpgdqecd886x5y.b000000",
            "freight": freight,
            "finishedAt": "2026-01-03T00:00:00Z",
            "status": {
                "phase": "Failed", "message": failed, "finishedAt": "2026-01-03T00:00:00Z",
                "stepExecutionMetadata": [
                    {"alias": "step-1", "status": "Failed", "message": failed},
                ],
            },
        },
    })
}

fn warehouse_status(last: &str) -> Json {
    json!({
        "lastFreightID": last,
        "observedGeneration": 1,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "ArtifactsDiscovered",
            "message": "Successfully discovered artifacts from 1 subscriptions",
            "lastTransitionTime": "2026-01-02T00:00:00Z", "observedGeneration": 1,
        }],
        "discoveredArtifacts": {
            "discoveredAt": "2026-01-02T00:00:00Z",
            "images": [{
                "repoURL": "registry.example.com/shop",
                "references": [
                    {"tag": "1.1.0", "digest": "sha256:4567", "annotations": {"a": "b"}},
                    {"tag": "1.0.0", "digest": "sha256:0123"},
                ],
            }],
        },
    })
}
