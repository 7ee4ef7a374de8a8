//! OIDC providers of IAM, and the roles that they are for, against moto.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};

use super::moves::{AWS, Peer, move_here};
use crate::support::cli::Workspace;
use crate::support::sandbox::{ecr, iam, own_eks, sandbox};

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

provider "gitops" {
  region = "eu-west-1"
  default_tags { tags = { owner = "platform" } }
}

variable "prefix" { type = string }

resource "gitops_iam_openid_connect_provider" "ci" {
  url             = "https://${var.prefix}.example.com/id/ABC"
  client_id_list  = ["sts.amazonaws.com", "other"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = { team = "shop" }
}
"#;

const ADDRESS: &str = "gitops_iam_openid_connect_provider.ci";
const OTHER: &str = "1c58a3a8518e8759bf075b76b750d4f2df264fcd";

async fn workspace(name: &str) -> Workspace {
    let workspace = Workspace::new(sandbox().await, name);
    workspace.write("main.tf", CONFIGURATION);
    workspace.init().await;
    workspace
}

fn arn(workspace: &Workspace) -> String {
    let prefix = workspace.prefix();
    format!("arn:aws:iam::123456789012:oidc-provider/{prefix}.example.com/id/ABC")
}

/// What IAM has of it: client ids, thumbprints and tags.
async fn found(workspace: &Workspace) -> Option<Json> {
    let call = iam(sandbox().await).get_open_id_connect_provider();
    let found = call.open_id_connect_provider_arn(arn(workspace)).send().await.ok()?;
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    let tags = found.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().into()));
    Some(json!([
        sorted(found.client_id_list()),
        sorted(found.thumbprint_list()),
        tags.collect::<serde_json::Map<_, _>>(),
    ]))
}

#[tokio::test]
async fn a_provider_is_made_changed_found_changed_and_ended() {
    let workspace = workspace("oidc").await;
    workspace.apply().await.succeeded().says("1 added");
    workspace.plan().await.shows_no_changes();
    let clients = json!(["other", "sts.amazonaws.com"]);
    let first = "6938fd4d98bab03faadb97b34396831e3780aea1";
    let tags = json!({ "owner": "platform", "team": "shop" });
    assert_eq!(found(&workspace).await, Some(json!([clients, [first], tags])));

    workspace.edit("main.tf", first, OTHER);
    workspace.edit("main.tf", r#"team = "shop""#, r#"team = "pay""#);
    let changes = workspace.planned().await.changes();
    assert_eq!(changes[ADDRESS], ["tags.team", "tags_all.team", "thumbprint_list[0]"]);
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    workspace.plan().await.shows_no_changes();
    let tags = json!({ "owner": "platform", "team": "pay" });
    assert_eq!(found(&workspace).await, Some(json!([clients, [OTHER], tags])));

    let iam = iam(sandbox().await);
    iam.update_open_id_connect_provider_thumbprint()
        .open_id_connect_provider_arn(arn(&workspace))
        .thumbprint_list(first)
        .send()
        .await
        .expect("a change");
    assert_eq!(workspace.planned().await.changes()[ADDRESS], ["thumbprint_list[0]"]);
    workspace.apply().await.succeeded();
    assert_eq!(found(&workspace).await, Some(json!([clients, [OTHER], tags])));

    // What is no longer configured is IAM's to say, and no change.
    workspace.edit("main.tf", &format!("  thumbprint_list = [\"{OTHER}\"]\n"), "");
    workspace.plan().await.shows_no_changes();
    workspace.edit("main.tf", "/id/ABC", ":8443/id/ABC");
    workspace.plan().await.failed().says("it has a port");
    workspace.edit("main.tf", ":8443/id/ABC", "/id/ABC");
    workspace.destroy().await.succeeded().says("1 destroyed");
    assert_eq!(found(&workspace).await, None);
}

#[tokio::test]
async fn a_provider_is_adopted_imported_listed_and_moved_here() {
    let workspace = workspace("oidc-imports").await;
    workspace.apply().await.succeeded();
    let arn = arn(&workspace);
    let forget = async || workspace.run(&["state", "rm", ADDRESS]).await.succeeded();

    forget().await;
    workspace.apply().await.succeeded().says("Adopted an existing OIDC provider");
    workspace.plan().await.shows_no_changes();
    forget().await;
    workspace.edit("main.tf", r#""other""#, r#""another""#);
    let refused = workspace.apply().await.failed().says("EntityAlreadyExists");
    refused.says(&format!("tofu import ADDRESS {arn}"));
    workspace.edit("main.tf", r#""another""#, r#""other""#);

    let import = ["import", "-input=false", "-no-color", ADDRESS, &arn];
    workspace.run(&import).await.succeeded().says("Import successful!");
    workspace.plan().await.shows_no_changes();
    forget().await;
    let block = format!("import {{\n  to = {ADDRESS}\n  identity = {{ arn = \"{arn}\" }}\n}}\n");
    workspace.write("imports.tf", &block);
    assert_eq!(workspace.planned().await.changes()[ADDRESS], ["import"]);
    workspace.apply().await.succeeded().says("1 imported, 0 added, 0 changed, 0 destroyed");
    workspace.remove("imports.tf");

    let eks = own_eks().await;
    let core = super::lists::core(sandbox().await, &eks).await;
    let all = core.list("gitops_iam_openid_connect_provider", &json!({}), true, 0).await;
    let all = all.expect("a list");
    let one = all.iter().find(|one| one.identity == json!({ "arn": arn })).expect("it is listed");
    assert_eq!(one.display_name, arn.split_once("oidc-provider/").expect("an issuer").1);
    let object = one.object.as_ref().expect("it was asked for");
    assert_eq!(object["url"], format!("https://{}", one.display_name));

    let peer = Peer {
        ours: ("gitops_iam_openid_connect_provider", "ci"),
        provider: AWS,
        type_name: "aws_iam_openid_connect_provider",
        attributes: |ours| json!({ "id": ours["arn"], "arn": ours["arn"] }),
    };
    move_here(&workspace, sandbox().await, &[peer]).await;
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    assert_eq!(found(&workspace).await, None);
}

/// The trust policy of a role, as IAM has it.
async fn trust(role: &str) -> String {
    let role = iam(sandbox().await).get_role().role_name(role).send().await.expect("a role");
    let document = role.role.and_then(|role| role.assume_role_policy_document);
    let document = document.expect("a document");
    percent_decode_str(&document).decode_utf8().expect("UTF-8").into_owned()
}

#[tokio::test]
async fn the_example_of_irsa_is_applied_and_ended() {
    let eks = own_eks().await;
    let workspace = Workspace::of(sandbox().await, "irsa", "examples/irsa")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint())
        .with("TF_VAR_name", "it-irsa");
    workspace.init().await;
    workspace.apply().await.succeeded().says("3 added");
    workspace.plan().await.shows_no_changes();
    let trust = trust("it-irsa-api").await;
    assert!(trust.contains("system:serviceaccount:it-irsa:api"), "{trust}");
    assert!(trust.contains("oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/"), "{trust}");
    workspace.destroy().await.succeeded().says("3 destroyed");
}

#[tokio::test]
async fn the_example_of_github_actions_is_applied_and_ended() {
    let workspace = Workspace::of(sandbox().await, "github", "examples/github-actions")
        .with("TF_VAR_name", "it-github");
    workspace.init().await;
    workspace.apply().await.succeeded().says("3 added");
    workspace.plan().await.shows_no_changes();
    let trust = trust("it-github-release").await;
    assert!(trust.contains("repo:example/shop:environment:production"), "{trust}");
    let repositories = ecr(sandbox().await).describe_repositories();
    let made = repositories.repository_names("it-github/api").send().await.expect("a repository");
    assert_eq!(made.repositories().len(), 1);
    workspace.destroy().await.succeeded().says("3 destroyed");
}

/// IAM as far as moto has it not: it changes audiences, and fills in a thumbprint.
#[derive(Clone, Default)]
struct Iam {
    clients: Arc<Mutex<Vec<String>>>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Iam {
    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let iam = self.clone();
        let app = axum::Router::new().fallback(async move |body: String| iam.answer(&body));
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    fn answer(&self, body: &str) -> (axum::http::StatusCode, String) {
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let action = form["Action"].clone();
        let mut clients = self.clients.lock().expect("no panic");
        let mut say = action.clone();
        if let Some(id) = form.get("ClientID") {
            say = format!("{action} {id}");
        }
        self.calls.lock().expect("no panic").push(say);
        let arn = "arn:aws:iam::123456789012:oidc-provider/it.example.com";
        let result = match action.as_str() {
            "CreateOpenIDConnectProvider" => {
                let listed = |(name, _): &(&String, &String)| name.starts_with("ClientIDList");
                clients.extend(form.iter().filter(listed).map(|(_, id)| id.clone()));
                format!("<OpenIDConnectProviderArn>{arn}</OpenIDConnectProviderArn>")
            }
            "GetOpenIDConnectProvider" if clients.is_empty() => {
                let error = "<Error><Code>NoSuchEntity</Code><Message>no</Message></Error>";
                let error = format!("<ErrorResponse>{error}</ErrorResponse>");
                return (axum::http::StatusCode::NOT_FOUND, error);
            }
            "GetOpenIDConnectProvider" => {
                let members: String =
                    clients.iter().flat_map(|id| ["<member>", id, "</member>"]).collect();
                format!(
                    "<Url>it.example.com</Url><ClientIDList>{members}</ClientIDList>\
                     <ThumbprintList><member>{OTHER}</member></ThumbprintList>"
                )
            }
            "AddClientIDToOpenIDConnectProvider" => {
                clients.push(form["ClientID"].clone());
                String::new()
            }
            "RemoveClientIDFromOpenIDConnectProvider" => {
                clients.retain(|id| *id != form["ClientID"]);
                String::new()
            }
            "DeleteOpenIDConnectProvider" => {
                clients.clear();
                String::new()
            }
            other => panic!("{other} is not expected"),
        };
        let answer = format!(
            "<{action}Response><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
        );
        (axum::http::StatusCode::OK, answer)
    }
}

#[tokio::test]
async fn audiences_are_changed_one_by_one_and_a_thumbprint_is_iam_s_to_find() {
    let iam = Iam::default();
    let workspace = Workspace::new(sandbox().await, "oidc-audiences")
        .with("AWS_ENDPOINT_URL_IAM", iam.serve().await);
    let configuration = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

provider "gitops" { region = "eu-west-1" }

resource "gitops_iam_openid_connect_provider" "ci" {
  url            = "https://it.example.com"
  client_id_list = ["a", "b"]
}

output "thumbprints" { value = gitops_iam_openid_connect_provider.ci.thumbprint_list }
"#;
    workspace.write("main.tf", configuration);
    workspace.init().await;
    workspace.apply().await.succeeded().says(OTHER);
    workspace.plan().await.shows_no_changes();
    iam.calls.lock().expect("no panic").clear();

    workspace.edit("main.tf", r#"["a", "b"]"#, r#"["b", "c"]"#);
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let mut writes = iam.calls.lock().expect("no panic").clone();
    writes.retain(|call| !call.starts_with("Get"));
    // The new one first: no token is refused meanwhile.
    assert_eq!(
        writes,
        ["AddClientIDToOpenIDConnectProvider c", "RemoveClientIDFromOpenIDConnectProvider a"]
    );
    workspace.plan().await.shows_no_changes();
    iam.clients.lock().expect("no panic").push("somebody-s".to_owned());
    assert_eq!(workspace.planned().await.changes()[ADDRESS], ["client_id_list"]);
    workspace.destroy().await.succeeded().says("1 destroyed");
    assert!(iam.clients.lock().expect("no panic").is_empty());
}
