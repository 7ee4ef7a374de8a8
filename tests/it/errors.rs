//! A wrong configuration gets an error at validate or plan that names the attribute and the rule.

use serde_json::Value as Json;

use crate::support::cli::Workspace;
use crate::support::sandbox::sandbox;

/// A resource that is wrong in one way.
struct Case {
    /// Also the name of the resource and of its file.
    name: &'static str,
    /// The type and the body of the resource.
    kind: &'static str,
    body: &'static str,
    /// What the line of the configuration holds that the error points at.
    at: &'static str,
    /// What the summary and the detail say, whatever else.
    says: &'static [&'static str],
}

/// Found without looking at anything but the configuration.
const AT_VALIDATE: &[Case] = &[
    Case {
        name: "arn_of_a_user",
        kind: "gitops_eks_capability_argocd",
        body: r#"
            cluster_name = "shop"
            role_arn     = "arn:aws:iam::123456789012:user/argocd"
            aws_idc      = { idc_instance_arn = "arn:aws:sso:::instance/ssoins-0123456789abcdef" }
        "#,
        at: "role_arn",
        says: &["role_arn", "arn:aws:iam::123456789012:user/argocd"],
    },
    Case {
        name: "no_arn_at_all",
        kind: "gitops_pod_identity_association",
        body: r#"
            cluster_name    = "shop"
            namespace       = "shop"
            service_account = "web"
            role_arn        = "web"
        "#,
        at: "role_arn",
        says: &["role_arn", "\"web\"", "ARN"],
    },
    Case {
        name: "arn_of_another_service",
        kind: "gitops_eks_capability_argocd",
        body: r#"
            cluster_name = "shop"
            role_arn     = "arn:aws:iam::123456789012:role/argocd"
            aws_idc = {
              idc_instance_arn = "arn:aws:s3:::bucket"
            }
        "#,
        at: "aws_idc",
        says: &["idc_instance_arn", "arn:aws:s3:::bucket"],
    },
    Case {
        name: "same_origin_twice",
        kind: "gitops_kargo_stage",
        body: r#"
            name      = "dev"
            namespace = "shop"
            requested_freight = [
              { origin = { name = "manifests" }, sources = { direct = true } },
              { origin = { name = "manifests" }, sources = { stages = ["test"] } },
            ]
        "#,
        at: "requested_freight",
        says: &["requested_freight[1].origin.name", "manifests", "requested_freight[0] already"],
    },
    Case {
        name: "no_semver_constraint",
        kind: "gitops_kargo_warehouse",
        body: r#"
            name      = "images"
            namespace = "shop"
            subscriptions = [{
              image = { repo_url = "ghcr.io/example/shop", constraint = "one point two" }
            }]
        "#,
        at: "subscriptions",
        says: &["subscriptions[0].image.constraint", "one point two"],
    },
    Case {
        name: "no_semver_constraint_for_git",
        kind: "gitops_kargo_warehouse",
        body: r#"
            name      = "manifests"
            namespace = "shop"
            subscriptions = [{
              git = {
                repo_url                  = "https://git.example.com/shop.git"
                commit_selection_strategy = "SemVer"
                semver_constraint         = ">=1.0.0 <<2"
              }
            }]
        "#,
        at: "subscriptions",
        says: &["subscriptions[0].git.semver_constraint", ">=1.0.0 <<2"],
    },
    Case {
        name: "source_and_sources",
        kind: "gitops_application",
        body: r#"
            name        = "shop"
            destination = { server = "arn:aws:eks:eu-west-1:123456789012:cluster/shop", namespace = "shop" }
            source      = { repo_url = "https://git.example.com/shop.git", path = "." }
            sources     = [{ repo_url = "https://git.example.com/shop.git", path = "." }]
        "#,
        at: "source ",
        says: &["source", "sources"],
    },
    Case {
        name: "no_source",
        kind: "gitops_application",
        body: r#"
            name        = "shop"
            destination = { server = "arn:aws:eks:eu-west-1:123456789012:cluster/shop", namespace = "shop" }
        "#,
        at: "resource",
        says: &["source", "sources", "source_hydrator"],
    },
    Case {
        name: "key_for_https",
        kind: "gitops_repository",
        body: r#"
            name = "shop"
            url  = "https://git.example.com/shop.git"
            ssh_private_key_wo         = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
            ssh_private_key_wo_version = 1
        "#,
        at: "ssh_private_key_wo ",
        says: &["ssh_private_key_wo", "https://git.example.com/shop.git", "not reached over SSH"],
    },
    Case {
        name: "two_logins",
        kind: "gitops_repository_credentials",
        body: r#"
            name         = "shop"
            url          = "https://git.example.com/"
            username     = "ci"
            password     = "hunter2"
            bearer_token = "hunter3"
        "#,
        at: "bearer_token",
        says: &["bearer_token", "password", "one way to log in"],
    },
    Case {
        name: "secret_without_version",
        kind: "gitops_cluster",
        body: r#"
            name    = "shop"
            argo_cd = "self_managed"
            server  = "https://shop.example.com"
            config = {
              bearer_token_wo = "hunter2"
            }
        "#,
        at: "config",
        says: &["bearer_token_wo", "bearer_token_wo_version"],
    },
];

/// Found with the provider's configuration, which says which Argo CD it is for.
const AT_PLAN: &[Case] = &[
    Case {
        name: "url_under_the_capability",
        kind: "gitops_cluster",
        body: r#"
            name   = "shop"
            server = "https://shop.example.com"
        "#,
        at: "server",
        says: &["server", "https://shop.example.com", "ARN"],
    },
    Case {
        name: "url_as_destination_under_the_capability",
        kind: "gitops_application",
        body: r#"
            name        = "shop"
            source      = { repo_url = "https://git.example.com/shop.git", path = "." }
            destination = { server = "https://kubernetes.default.svc", namespace = "shop" }
        "#,
        at: "destination",
        says: &["destination.server", "https://kubernetes.default.svc", "ARN"],
    },
    Case {
        name: "plugin_under_the_capability",
        kind: "gitops_application",
        body: r#"
            name        = "shop"
            destination = { name = "shop", namespace = "shop" }
            source      = { repo_url = "https://git.example.com/shop.git", path = ".", plugin = { name = "cdk8s" } }
        "#,
        at: "source",
        says: &["source.plugin", "capability"],
    },
];

const HEAD: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

provider "gitops" {
  region  = "eu-west-1"
  cluster = { name = "shop" }
}
"#;

#[tokio::test]
async fn validate_names_the_attribute_and_the_rule() {
    let workspace = workspace("errors-validate", AT_VALIDATE).await;
    let run = workspace.run(&["validate", "-json", "-no-color"]).await.failed();
    let report: Json = serde_json::from_str(&run.output).expect("JSON");
    let found = report["diagnostics"].as_array().expect("diagnostics");
    all_are_told(AT_VALIDATE, found);
}

#[tokio::test]
async fn plan_names_the_attribute_and_the_rule_of_the_capability() {
    let workspace = workspace("errors-plan", AT_PLAN).await;
    workspace.run(&["validate", "-no-color"]).await.succeeded();
    let run = workspace.run(&["plan", "-json", "-input=false", "-no-color"]).await.failed();
    let lines = run.output.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let found: Vec<_> = lines
        .filter(|line| line["type"] == "diagnostic")
        .map(|mut line| line["diagnostic"].take())
        .collect();
    all_are_told(AT_PLAN, &found);
}

/// The same configuration is right for an Argo CD of one's own.
#[tokio::test]
async fn the_rules_of_the_capability_are_not_those_of_a_self_managed_argo_cd() {
    let workspace = workspace("errors-self-managed", AT_PLAN).await;
    workspace.edit("main.tf", "region  =", "argo_cd = \"self_managed\"\n  region  =");
    workspace.plan().await.shows_changes().says("Plan: 3 to add");
}

async fn workspace(name: &str, cases: &[Case]) -> Workspace {
    let workspace = Workspace::new(sandbox().await, name);
    workspace.write("main.tf", HEAD);
    for Case { name, kind, body, .. } in cases {
        let text = format!("resource \"{kind}\" \"{name}\" {{{body}}}\n");
        workspace.write(&format!("{name}.tf"), &text);
    }
    workspace.init().await;
    workspace
}

/// Each case has its one error, and nothing else is told; all that is missing is told at once.
#[track_caller]
fn all_are_told(cases: &[Case], found: &[Json]) {
    let mut wrong = Vec::new();
    for case in cases {
        let file = format!("{}.tf", case.name);
        let of_case: Vec<_> = found.iter().filter(|it| it["range"]["filename"] == *file).collect();
        let [one] = of_case[..] else {
            wrong.push(format!("{}: {} errors, not one: {of_case:#?}", case.name, of_case.len()));
            continue;
        };
        let field = |name: &str| one[name].as_str().unwrap_or_default();
        let text = format!("{}\n{}", field("summary"), field("detail"));
        for words in case.says {
            if !text.contains(words) {
                wrong.push(format!("{}: nothing of {words:?} in:\n{text}", case.name));
            }
        }
        let line = one["snippet"]["code"].as_str().unwrap_or_default().trim();
        if !line.starts_with(case.at) {
            wrong.push(format!("{}: it points at {line:?}, not at {:?}", case.name, case.at));
        }
        if one["severity"] != "error" {
            wrong.push(format!("{}: it is no error: {one:#}", case.name));
        }
    }
    let files: Vec<_> = cases.iter().map(|case| format!("{}.tf", case.name)).collect();
    let others: Vec<_> = found
        .iter()
        .filter(|it| {
            !it["range"]["filename"].as_str().is_some_and(|f| files.iter().any(|n| n == f))
        })
        .collect();
    if !others.is_empty() {
        wrong.push(format!("nobody asked for {others:#?}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
