//! Finding and building programs.

use std::process::Command;

use gitops_sandbox::cache::Cache;
use gitops_sandbox::tools::{Tool, Toolbox};

#[test]
fn every_tool_is_there_and_says_the_version_that_was_asked_for() {
    let cache = Cache::of_user().expect("a cache");
    let tools = Toolbox::prepare(&cache, &Tool::ALL).expect("tools");
    for (name, arguments, version) in [
        ("etcd", "--version", "etcd Version: 3."),
        ("kube-apiserver", "--version", "Kubernetes v1."),
        ("kube-controller-manager", "--version", "Kubernetes v1."),
        ("kubectl", "version --client", "Client Version: v1."),
        ("tofu", "version", "OpenTofu v1."),
        ("argocd", "version --client", "v3.2.6"),
        ("kustomize", "version", "v5."),
        ("helm", "version --short", "v3."),
        ("terragrunt", "--version", "v1."),
        ("tfplugindocs", "--version", "0.25.0"),
        ("redis-server", "--version", "Redis server v="),
        (
            "python",
            "-c import&boto3,moto;print(boto3.__version__,moto.__version__)",
            "1.44.5 5.2.5",
        ),
    ] {
        let program = tools.require(name).expect("a prepared tool");
        let arguments = arguments.split(' ').map(|argument| argument.replace('&', " "));
        let output = Command::new(program).args(arguments).output().expect("its output");
        // tfplugindocs says it on standard error.
        let output = [output.stdout, output.stderr].concat();
        let output = String::from_utf8_lossy(&output);
        assert!(output.contains(version), "{name} said {output:?}, expected {version:?}");
    }
    // kro cannot be asked for its version, and exits at once without a cluster.
    assert!(tools.require("kro").expect("kro").is_file());
    assert!(tools.require("nonesuch").is_err());

    let again = Toolbox::prepare(&cache, &Tool::ALL).expect("tools");
    assert!(tools.iter().eq(again.iter()), "the second time the same programs are taken");
}

#[tokio::test]
async fn every_variable_of_the_environment_is_documented() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sandbox.md");
    let text = std::fs::read_to_string(file).expect("docs/sandbox.md");
    for (name, _) in crate::support::managed().await.env() {
        assert!(text.contains(&format!("`{name}`")), "{name} is not in docs/sandbox.md");
    }
}
