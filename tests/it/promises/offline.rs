//! A plan that creates makes no network call: no cluster, no credentials, nothing need exist.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::cli::Workspace;
use crate::support::sandbox::sandbox;

const PLAN: [&str; 4] = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];

#[tokio::test]
async fn the_quickstart_is_planned_without_credentials_or_network() {
    let workspace = Workspace::of(sandbox().await, "offline", "examples/quickstart");
    planned_without_a_call(workspace).await.says("Plan: 10 to add, 0 to change, 0 to destroy.");
}

#[tokio::test]
async fn the_provider_s_own_configuration_may_be_unknown() {
    let workspace = Workspace::of(sandbox().await, "offline-unknown", "tests/fixtures/ten");
    workspace.write("provider.tf", UNKNOWN);
    // Its attributes are unknown until it is made, like those of a cluster in the same run.
    let run = planned_without_a_call(workspace).await;
    run.says("Plan: 17 to add, 0 to change, 0 to destroy.");
}

/// Everything that leads anywhere comes out of another resource of the run.
const UNKNOWN: &str = r#"
resource "terraform_data" "cluster" {
  input = { name = "shop", region = "eu-west-1", host = "https://shop.example.com", token = "t0ken" }
}

provider "gitops" {
  region  = terraform_data.cluster.output.region
  argo_cd = terraform_data.cluster.output.name == "shop" ? "self_managed" : "eks_capability"

  cluster = {
    host  = terraform_data.cluster.output.host
    token = terraform_data.cluster.output.token
  }

  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/${terraform_data.cluster.output.name}"
  }

  default_tags {
    tags = { cluster = terraform_data.cluster.output.name }
  }
}
"#;

/// What terragrunt puts in place of outputs that do not exist yet.
#[tokio::test]
async fn mock_values_are_planned_like_real_ones() {
    let workspace = Workspace::of(sandbox().await, "offline-mocks", "examples/quickstart")
        .with("TF_VAR_cluster_name", "mock-cluster")
        .with("TF_VAR_cluster_arn", "arn:aws:eks:us-east-1:111111111111:cluster/mock-cluster")
        .with("TF_VAR_region", "us-east-1")
        .with("TF_VAR_git_url", "https://mock.invalid/mock.git");
    planned_without_a_call(workspace).await.says("Plan: 10 to add, 0 to change, 0 to destroy.");
}

/// Plans three times: with every way out leading to a listener that counts, in a network namespace
/// without any way out, and with its system calls watched. Gives the first plan.
async fn planned_without_a_call(workspace: Workspace) -> crate::support::cli::Run {
    workspace.init().await;
    let trap = Trap::set();
    let workspace = without_means(workspace, &trap);

    let run = workspace.run(&PLAN).await.shows_changes();
    assert_eq!(trap.caught(), 0, "connections of\n{run}");

    if works("unshare", &["-rn", "true"]) {
        let nowhere = workspace.start_within(&["unshare", "-rn"], &PLAN);
        nowhere.ended().await.shows_changes();
    } else {
        eprintln!("skipped: a network namespace of one's own is not allowed here");
    }
    if works("strace", &["-f", "-e", "trace=connect", "true"]) {
        let watch = ["strace", "-f", "-qq", "-e", "trace=connect", "-o", "calls"];
        workspace.start_within(&watch, &PLAN).ended().await.shows_changes();
        let calls = workspace.read("calls");
        assert!(
            calls.contains("AF_UNIX"),
            "strace does not see the provider's own socket:\n{calls}"
        );
        let out =
            calls.lines().filter(|call| call.contains("connect(") && !call.contains("AF_UNIX"));
        assert_eq!(out.collect::<Vec<_>>(), [""; 0]);
    } else {
        eprintln!("skipped: strace is not here or may not trace");
    }
    run
}

/// Takes away all credentials and kubeconfigs; whatever is left to try leads into the trap.
fn without_means(mut workspace: Workspace, trap: &Trap) -> Workspace {
    for gone in
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED", "KUBECONFIG"]
    {
        workspace = workspace.without(gone);
    }
    for service in ["", "_EKS", "_IAM", "_STS", "_ECR"] {
        workspace = workspace.with(&format!("AWS_ENDPOINT_URL{service}"), trap.url());
    }
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        workspace = workspace.with(proxy, trap.url());
    }
    let home = workspace.folder().display().to_string();
    workspace
        .with("AWS_EC2_METADATA_SERVICE_ENDPOINT", trap.url())
        .with("TF_VAR_kubeconfig", "/nonexistent/kubeconfig")
        .with("HOME", home)
        .without("NO_PROXY")
        .without("no_proxy")
}

fn works(program: &str, arguments: &[&str]) -> bool {
    let tried = Command::new(program).args(arguments).output();
    tried.is_ok_and(|output| output.status.success())
}

/// A listener that counts who comes, and answers nobody.
struct Trap {
    address: std::net::SocketAddr,
    caught: Arc<AtomicUsize>,
}

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let caught = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&caught);
        // Ends with the process: there is nothing to wait for.
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, caught }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn caught(&self) -> usize {
        self.caught.load(Ordering::SeqCst)
    }
}
