//! What programs inside the sandbox find in their environment. The names are a contract:
//! `docs/sandbox.md`.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use url::Url;

use crate::aws::{ACCOUNT_ID, Credentials};
use crate::options::Options;
use crate::tools::Toolbox;

/// The provider's source address below the host of a registry, and its file.
const PROVIDER: (&str, &str) = ("eks-gitops/gitops", "terraform-provider-gitops");

/// The registries that `OpenTofu` and Terraform complete a source address with.
const REGISTRIES: [&str; 2] = ["registry.opentofu.org", "registry.terraform.io"];

/// What the variables are made of.
pub(crate) struct Contents<'a> {
    pub(crate) options: &'a Options,
    pub(crate) folder: &'a Path,
    pub(crate) tools: &'a Toolbox,
    pub(crate) kubeconfig: &'a Path,
    pub(crate) git_url: &'a str,
    pub(crate) aws: Option<Aws>,
}

/// The AWS part, where there is one.
pub(crate) struct Aws {
    pub(crate) moto: Url,
    pub(crate) eks: Url,
    pub(crate) credentials: Credentials,
}

/// All variables with their values. Also writes the files that they name.
pub(crate) fn variables(contents: &Contents<'_>) -> anyhow::Result<Vec<(String, String)>> {
    let options = contents.options;
    let kubeconfig = utf8(contents.kubeconfig)?;
    let mut variables = vec![
        ("PATH".to_owned(), path(contents)?),
        ("KUBECONFIG".to_owned(), kubeconfig),
        // Neither CLI is to ask its maker for news.
        ("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()),
    ];
    for name in ["NO_PROXY", "no_proxy"] {
        variables.push((name.to_owned(), around_proxies(std::env::var(name).ok())));
    }
    variables.push(("TF_CLI_CONFIG_FILE".to_owned(), cli_configuration(options, contents.folder)?));
    if let Some(aws) = &contents.aws {
        variables.extend(aws_variables(aws, &options.region));
    }
    // Once for scripts, once as values of the variables that the examples declare.
    for (name, value) in [
        ("cluster", options.cluster.clone()),
        ("cluster_arn", options.cluster_arn()),
        ("git_url", contents.git_url.to_owned()),
        ("region", options.region.clone()),
        ("account_id", ACCOUNT_ID.to_owned()),
    ] {
        variables.push((format!("SANDBOX_{}", name.to_uppercase()), value.clone()));
        let declared = if name == "cluster" { "cluster_name" } else { name };
        variables.push((format!("TF_VAR_{declared}"), value));
    }
    // The folder of the repository that examples/quickstart deploys here.
    variables.push(("TF_VAR_git_path".to_owned(), "quickstart".to_owned()));
    variables.push(("SANDBOX_FOLDER".to_owned(), utf8(contents.folder)?));
    fs::write(contents.folder.join("env"), exports(&variables))?;
    Ok(variables)
}

/// The same for a shell to read.
fn exports(variables: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        text.extend(["export ", name, "='", &value.replace('\'', r"'\''"), "'\n"]);
    }
    text
}

fn aws_variables(aws: &Aws, region: &str) -> Vec<(String, String)> {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut variables = vec![
        variable("AWS_ACCESS_KEY_ID", &aws.credentials.access_key_id),
        variable("AWS_SECRET_ACCESS_KEY", &aws.credentials.secret_access_key),
        variable("AWS_REGION", region),
        variable("AWS_DEFAULT_REGION", region),
        variable("AWS_ENDPOINT_URL_EKS", endpoint(&aws.eks)),
        variable("AWS_EC2_METADATA_DISABLED", "true"),
        // The user's own profiles must not mix in.
        variable("AWS_CONFIG_FILE", "/dev/null"),
        variable("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ];
    for service in ["IAM", "STS", "ECR"] {
        variables.push((format!("AWS_ENDPOINT_URL_{service}"), endpoint(&aws.moto).to_owned()));
    }
    variables
}

/// Everything here is on loopback, where a proxy of the user's, if there is one, does not lead.
pub(crate) fn around_proxies(had: Option<String>) -> String {
    let had = had.filter(|hosts| !hosts.is_empty()).map(|hosts| format!("{hosts},"));
    format!("{}127.0.0.1,localhost", had.unwrap_or_default())
}

/// Scripts write a slash behind it.
fn endpoint(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// The folders of the tools before the user's own PATH.
fn path(contents: &Contents<'_>) -> anyhow::Result<String> {
    let bin = contents.folder.join("bin");
    fs::create_dir_all(&bin)?;
    for (name, program) in contents.tools.iter() {
        // The user's own Python is not to be hidden by one that has other packages.
        if name != "python" {
            std::os::unix::fs::symlink(program, bin.join(name))?;
        }
    }
    let user = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&user)))?;
    path.into_string().ok().context("PATH is not UTF-8")
}

/// Makes `init` find the provider in a folder of the sandbox, offline and for both CLIs.
///
/// A mirror and not `dev_overrides`: `init`, lock files and `terragrunt` then work as they do for
/// users. Without a provider the mirror is empty, and `init` says that there is none.
fn cli_configuration(options: &Options, folder: &Path) -> anyhow::Result<String> {
    let mirror = folder.join("mirror");
    fs::create_dir_all(&mirror)?;
    let provider = options.provider.clone().or_else(provider_beside_this_program);
    if let Some(provider) = provider {
        fill(&mirror, &provider)?;
    }
    let ours = REGISTRIES.map(|registry| format!("{registry}/eks-gitops/*"));
    let mirror = utf8(&mirror)?;
    // The debug form of a string is an HCL string, and that of an array of them an HCL list.
    let text = format!(
        "disable_checkpoint = true\n\n\
         provider_installation {{\n  \
           filesystem_mirror {{\n    path    = {mirror:?}\n    include = {ours:?}\n  }}\n  \
           direct {{\n    exclude = {ours:?}\n  }}\n\
         }}\n",
    );
    let file = folder.join("cli.tfrc");
    fs::write(&file, text)?;
    utf8(&file)
}

/// Lays the provider out as a mirror has it, for this machine's platform.
fn fill(mirror: &Path, provider: &Path) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let target = format!("{}_{}", go_name(OS), go_name(ARCH));
    for registry in REGISTRIES {
        let folder = mirror.join(registry).join(PROVIDER.0).join(version).join(&target);
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{}_v{version}", PROVIDER.1));
        // A link is enough unless the checkout and the temporary folder are on different file
        // systems.
        if fs::hard_link(provider, &file).is_err() {
            fs::copy(provider, &file)
                .with_context(|| format!("cannot copy {}", provider.display()))?;
        }
    }
    Ok(())
}

/// `target/PROFILE/`, where this program is, or its `deps/` if this is a test.
fn provider_beside_this_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let mut folders = program.ancestors().skip(1).take(2);
    folders.find_map(|folder| Some(folder.join(PROVIDER.1)).filter(|file| file.is_file()))
}

/// Go's name of an operating system or architecture, which registries use.
fn go_name(rust: &str) -> &str {
    match rust {
        "macos" => "darwin",
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn utf8(path: &Path) -> anyhow::Result<String> {
    Ok(path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_added_to_what_goes_around_a_proxy() {
        assert_eq!(around_proxies(None), "127.0.0.1,localhost");
        assert_eq!(around_proxies(Some(String::new())), "127.0.0.1,localhost");
        let had = Some("example.com".to_owned());
        assert_eq!(around_proxies(had), "example.com,127.0.0.1,localhost");
    }

    #[test]
    fn values_with_quotes_survive_the_shell() {
        let value = "it's $HOME \"quoted\"";
        let text = exports(&[("TESTED".to_owned(), value.to_owned())]);
        let script = format!("{text}printf %s \"$TESTED\"");
        let shell = std::process::Command::new("/bin/sh").args(["-c", &script]).output();
        assert_eq!(String::from_utf8_lossy(&shell.expect("a shell").stdout), value);
    }
}
