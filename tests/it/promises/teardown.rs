//! The end of what depends on each other, with the real Argo CD, and of what is held.

use std::time::Duration;

use serde_json::json;

use crate::quickstart;
use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, alone, eventually};

const ARGO_CD: &str = "argoproj.io/v1alpha1";

/// A set whose applications have finalizers. Nothing of it says by reference what it needs.
const SET: &str = r#"
resource "gitops_application_set" "loose" {
  name                = "loose"
  namespace           = "argocd"
  go_template         = true
  go_template_options = ["missingkey=error"]

  generators = [{ list = { elements = jsonencode([{ name = "a" }, { name = "b" }]) } }]

  template = {
    metadata = {
      name       = "loose-{{.name}}"
      finalizers = ["resources-finalizer.argocd.argoproj.io"]
    }
    spec = {
      project     = "quickstart"
      source      = { repo_url = var.git_url, path = "chart", target_revision = "HEAD" }
      destination = { name = "hub", namespace = "quickstart-loose" }
      sync_policy = { automated = {}, sync_options = ["CreateNamespace=true"] }
    }
  }
}
"#;

#[tokio::test]
async fn a_set_ends_with_all_it_deployed_though_its_cluster_and_project_end_beside_it() {
    let sandbox = alone().await;
    let example = Workspace::of(sandbox.of(), "teardown", quickstart::EXAMPLE);
    let workspace = sandbox.watch(example.with("TF_VAR_kargo", false));
    workspace.edit("main.tf", "\"in-cluster\"", "\"hub\"");
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.write("set.tf", SET);
    workspace.apply().await.succeeded().says("1 added");
    let applications = Objects::new(&sandbox, ARGO_CD, "Application", Some("argocd"));
    let deployed = Objects::new(&sandbox, "v1", "ConfigMap", Some("quickstart-loose"));
    for name in ["loose-a", "loose-b"] {
        eventually("a deployed application", || async {
            let found = applications.find(name).await.unwrap_or_default();
            let synced = found["status"]["sync"]["status"] == "Synced";
            let there = deployed.find(&format!("{name}-guestbook")).await.is_some();
            if synced && there { Ok(()) } else { Err(found["status"].to_string()) }
        })
        .await;
    }
    workspace.plan().await.shows_no_changes();

    // Somebody holds what one of them has deployed: the error names the finalizer that is left of the
    // application, who has set it, and who is to remove it.
    let hold = json!({ "metadata": { "finalizers": ["example.com/audited"] } });
    deployed.patch("loose-a-guestbook", &hold).await;
    let namespace = "namespace           = \"argocd\"";
    workspace.edit("set.tf", namespace, &format!("{namespace}\n  timeouts {{ delete = \"15s\" }}"));
    workspace.apply().await.succeeded();
    let target = "-target=gitops_application_set.loose";
    let arguments = ["destroy", "-input=false", "-no-color", "-auto-approve", target];
    let run = workspace.run(&arguments).await.failed();
    run.says("1 left: loose-a")
        .says("resources-finalizer.argocd.argoproj.io (set by argocd-applicationset-controller")
        .says("removed by Argo CD's application controller")
        .says("remove its finalizer by hand");
    let freed = json!({ "metadata": { "finalizers": null } });
    deployed.patch("loose-a-guestbook", &freed).await;

    let run = workspace.destroy().await.succeeded();
    eprintln!("the destroy took {:?}", run.took);
    assert!(run.took < Duration::from_mins(2), "the destroy took {:?}", run.took);
    let left = sandbox.made().await;
    assert!(left.is_empty(), "left behind: {left:?}");
    for name in ["loose-a", "loose-b"] {
        assert_eq!(deployed.find(&format!("{name}-guestbook")).await, None);
    }
}
