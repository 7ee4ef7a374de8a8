//! The tests beside the examples: `tofu test` and `terraform test` run them as their users would.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Cli, complete, copied, root};

/// How their names end.
pub(super) const END: &str = ".tftest.hcl";

/// Those that are promised, in the documentation and by their kind.
const FOLDERS: [&str; 4] = [
    "examples/functions/irsa_trust_policy",
    "examples/modules/pipeline",
    "examples/quickstart",
    "examples/resources/gitops_application",
];

#[test]
fn the_tests_beside_the_examples_pass_under_opentofu() {
    all_pass(&Cli::tofu());
}

#[test]
fn the_tests_beside_the_examples_pass_under_terraform() {
    all_pass(&Cli::terraform());
}

fn all_pass(cli: &Cli) {
    let folders = folders();
    assert_eq!(folders, FOLDERS.map(PathBuf::from));
    for folder in folders {
        let said = tested(cli, &folder, |_| ()).unwrap_or_else(|said| panic!("{said}"));
        assert!(said.contains("Success!") && !said.contains("Success! 0 passed"), "{said}");
    }
}

#[test]
fn a_test_that_does_not_hold_fails() {
    let folder = Path::new("examples/quickstart");
    let said = tested(&Cli::tofu(), folder, |copy| {
        let file = copy.join("main.tf");
        let text = fs::read_to_string(&file).expect("a configuration");
        let wrong = text.replace(
            "server    = gitops_cluster.this.server",
            "server    = \"${var.cluster_arn}-2\"",
        );
        assert_ne!(wrong, text);
        fs::write(file, wrong).expect("a file");
    });
    let said = said.expect_err("another destination");
    assert!(said.contains("Argo CD on Amazon EKS knows clusters by their ARN."), "{said}");
}

/// What the provider refuses makes a run fail, and says why; no `expect_failures` can expect it.
#[test]
fn what_the_provider_refuses_fails_a_test_with_its_reason() {
    let folder = Path::new("examples/quickstart");
    let said = tested(&Cli::tofu(), folder, |copy| {
        let refused = "variables {\n  region       = \"eu-west-1\"\n  cluster_name = \"main\"\n  \
                       cluster_arn  = \"arn:aws:eks:eu-west-1:111122223333:cluster/main\"\n}\n\n\
                       run \"refused\" {\n  command = plan\n\n  variables {\n    git_path = \
                       \"/absolute\"\n  }\n\n  expect_failures = [gitops_application.this]\n}\n";
        fs::write(copy.join(format!("refused{END}")), refused).expect("a file");
    });
    let said = said.expect_err("an absolute path");
    assert!(said.contains("Invalid value for source.path"), "{said}");
    assert!(said.contains("Missing expected failure"), "{said}");
}

/// Runs the tests of a folder in a copy of it, which may be changed first.
fn tested(cli: &Cli, folder: &Path, change: impl FnOnce(&Path)) -> Result<String, String> {
    let (copy, text) = copied(&root().join(folder));
    complete(copy.path(), &text);
    change(copy.path());
    // What is imported is read, and there is nothing to be read.
    let _ = fs::remove_file(copy.path().join("import-by-identity.tf"));
    // The tests say what they need themselves.
    let said = cli.run(copy.path(), &["test", "-no-color"], &[]);
    said.map_err(|said| format!("{}:\n{said}", folder.display()))
}

/// The folders of examples with tests, by their path in the checkout.
fn folders() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_dir() {
                folders.push(folder.join(entry.file_name()));
            } else if entry.file_name().to_string_lossy().ends_with(END) {
                found.push(folder.clone());
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
