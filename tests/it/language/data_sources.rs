//! Data sources, read by the real tools.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};

use super::PROVIDER;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{own_eks, sandbox};

const CONFIGURATION: &str = r#"
variable "prefix" { type = string }

variable "name" {
  type    = string
  default = "sandbox"
}

provider "gitops" {
  region = "eu-west-1"
  ignore_tags { keys = ["cost"] }
}

data "gitops_eks_cluster" "this" {
  name = var.name
}

data "eks_cluster" "short" {
  provider = gitops
  name     = var.name
  region   = "eu-west-1"
}

resource "gitops_iam_role" "shop" {
  name               = var.prefix
  assume_role_policy = provider::gitops::irsa_trust_policy(data.gitops_eks_cluster.this.oidc_provider_arn, "shop:api")
}

# Read when applied: its name is known only then.
data "gitops_eks_cluster" "later" {
  name = trimprefix(gitops_iam_role.shop.arn, gitops_iam_role.shop.arn) == "" ? "sandbox" : ""
}

output "cluster" { value = data.gitops_eks_cluster.this }
output "short" { value = data.eks_cluster.short }
output "later" { value = data.gitops_eks_cluster.later }
"#;

#[tokio::test]
async fn a_cluster_is_read() {
    read(Cli::Tofu).await;
}

#[tokio::test]
async fn a_cluster_is_read_under_terraform() {
    read(Cli::Terraform).await;
}

async fn read(cli: Cli) {
    let sandbox = sandbox().await;
    let eks = own_eks().await;
    let name = format!("data-sources-{}", cli.name());
    let workspace =
        Workspace::new(sandbox, &name).under(cli).with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.write("main.tf", &format!("{PROVIDER}{CONFIGURATION}"));
    workspace.init().await;
    workspace.apply().await.succeeded().says("1 added");
    workspace.plan().await.shows_no_changes();

    let shown = workspace.run(&["output", "-json"]).await.succeeded();
    let outputs: Json = serde_json::from_str(&shown.output).expect("outputs");
    let cluster = &outputs["cluster"]["value"];
    let control_plane = sandbox.control_plane();
    let authority = BASE64_STANDARD.encode(control_plane.ca_pem());
    assert_eq!(cluster["endpoint"], control_plane.endpoint());
    assert_eq!(cluster["certificate_authority"]["data"], authority);
    let arn = cluster["arn"].as_str().expect("an ARN");
    assert!(
        arn.starts_with("arn:aws:eks:eu-west-1:") && arn.ends_with(":cluster/sandbox"),
        "{arn}"
    );
    assert_eq!(cluster["status"], "ACTIVE");
    assert_eq!(cluster["platform_version"], "eks.1");
    assert_eq!(cluster["region"], Json::Null);
    assert_eq!(cluster["access_config"]["authentication_mode"], "API_AND_CONFIG_MAP");
    assert_eq!(cluster["vpc_config"]["public_access_cidrs"], json!(["0.0.0.0/0"]));
    assert_eq!(cluster["tags"], json!({}));
    let issuer = cluster["identity"]["oidc"]["issuer"].as_str().expect("an issuer");
    let provider = cluster["oidc_provider_arn"].as_str().expect("an ARN");
    assert!(provider.ends_with(issuer.trim_start_matches("https://")), "{provider}");

    let short = &outputs["short"]["value"];
    assert_eq!(short["region"], "eu-west-1");
    assert_eq!(short["arn"], cluster["arn"]);
    assert_eq!(outputs["later"]["value"]["arn"], cluster["arn"]);

    let wrong = workspace.clone().with("TF_VAR_name", "nowhere").plan().await.failed();
    let wrong =
        wrong.says("Reading data source gitops_eks_cluster").says("ResourceNotFoundException");
    wrong.says("Check the name \"nowhere\"");
    workspace.destroy().await.succeeded();
}

/// Answers as ECR does, two images to a page, and remembers what it was asked.
async fn paged() -> (String, Arc<Mutex<Vec<Json>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let remembered = asked.clone();
    let answer = async move |body: String| {
        let request: Json = serde_json::from_str(&body).expect("JSON");
        remembered.lock().expect("no panic").push(request.clone());
        let image = |tag: &str, pushed: f64| {
            json!({
                "imageDigest": format!("sha256:{tag}"), "imageTags": [tag], "imagePushedAt": pushed,
                "imageSizeInBytes": 7, "imageManifestMediaType": "application/x",
            })
        };
        let answer = match request["nextToken"].as_str() {
            None => json!({
                "imageDetails": [image("v1.2.0", 1000.0), image("main-1", 2000.5)],
                "nextToken": "more",
            }),
            Some(_) => json!({ "imageDetails": [image("v1.10.0", 1500.0)] }),
        };
        ([("content-type", "application/x-amz-json-1.1")], answer.to_string())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, asked)
}

#[tokio::test]
async fn images_are_read_from_every_page() {
    let (url, asked) = paged().await;
    let workspace =
        Workspace::new(sandbox().await, "ecr-images-paged").with("AWS_ENDPOINT_URL_ECR", url);
    let configuration = r#"
provider "gitops" { region = "eu-west-1" }

data "gitops_ecr_images" "this" {
  repository_name = "shop/api"
  registry_id     = "210987654321"
}

data "gitops_ecr_images" "old" {
  repository_name   = "shop/api"
  tag_status        = "ANY"
  tag_regex         = "^v"
  semver_constraint = "~1.2"
}

output "this" { value = data.gitops_ecr_images.this }
output "old" { value = data.gitops_ecr_images.old }
"#;
    workspace.write("main.tf", &format!("{PROVIDER}{configuration}"));
    workspace.init().await;
    workspace.apply().await.succeeded();
    let shown = workspace.run(&["output", "-json"]).await.succeeded();
    let outputs: Json = serde_json::from_str(&shown.output).expect("outputs");
    let this = &outputs["this"]["value"];
    let digests = |of: &Json| -> Vec<_> {
        let images = of["images"].as_array().expect("images");
        images
            .iter()
            .map(|image| image["image_digest"].as_str().expect("text").to_owned())
            .collect()
    };
    assert_eq!(digests(this), ["sha256:main-1", "sha256:v1.10.0", "sha256:v1.2.0"]);
    assert_eq!(
        this["newest"],
        json!({
            "image_digest": "sha256:main-1", "image_tags": ["main-1"],
            "image_pushed_at": "1970-01-01T00:33:20Z", "image_size_in_bytes": 7,
            "image_manifest_media_type": "application/x", "artifact_media_type": null,
        })
    );
    assert_eq!(this["newest_semver_tag"], "v1.10.0");
    let old = &outputs["old"]["value"];
    assert_eq!(digests(old), ["sha256:v1.10.0", "sha256:v1.2.0"]);
    assert_eq!(old["newest"]["image_digest"], "sha256:v1.10.0");
    assert_eq!(old["newest_semver"]["image_digest"], "sha256:v1.2.0");
    let asked = asked.lock().expect("no panic").clone();
    let first = json!({
        "repositoryName": "shop/api", "registryId": "210987654321",
        "filter": { "tagStatus": "TAGGED" },
    });
    assert!(asked.contains(&first), "{asked:#?}");
    let any = |request: &&Json| request["filter"]["tagStatus"] == "ANY";
    assert!(asked.iter().filter(any).any(|request| request["nextToken"] == "more"), "{asked:#?}");
}

#[tokio::test]
async fn images_of_no_repository_are_told_where_to_look() {
    let workspace = Workspace::new(sandbox().await, "ecr-images-none");
    let configuration = r#"
provider "gitops" { region = "eu-west-1" }
data "gitops_ecr_images" "this" { repository_name = "it-nowhere/at-all" }
"#;
    workspace.write("main.tf", &format!("{PROVIDER}{configuration}"));
    workspace.init().await;
    let run = workspace.plan().await.failed().says("RepositoryNotFoundException");
    run.says("Check the name \"it-nowhere/at-all\"").says("repository_name");
}
