//! Rules for repositories, and for credentials of many of them.

use super::proxy_url;
use crate::framework::checks::{Finding, Findings};
use crate::framework::{Attr, Path};
use crate::provider::ArgoCd;

/// What the rules look at in a repository.
#[derive(Clone, Debug, Default)]
pub struct Repository<'a> {
    /// `repository_name`.
    pub repository_name: Attr<&'a str>,
    /// `enable_lfs`.
    pub enable_lfs: Attr<bool>,
    /// `depth`.
    pub depth: Attr<i64>,
    /// What it has in common with credentials for many.
    pub credentials: Credentials<'a>,
}

/// What the rules look at in credentials. Of secrets only whether they are
/// there, in either form.
#[derive(Clone, Debug, Default)]
pub struct Credentials<'a> {
    /// `url`.
    pub url: Attr<&'a str>,
    /// `type`.
    pub of_type: Attr<&'a str>,
    /// Whether there is a `username`.
    pub username: Attr<()>,
    /// Whether there is a password.
    pub password: Attr<()>,
    /// Whether there is a bearer token.
    pub bearer_token: Attr<()>,
    /// Whether there is a key for SSH.
    pub ssh_private_key: Attr<()>,
    /// Whether there is a `tls_client_cert_data`.
    pub tls_client_cert_data: Attr<()>,
    /// Whether there is a key for it.
    pub tls_client_cert_key: Attr<()>,
    /// Whether there is a `github_app_id`.
    pub github_app_id: Attr<()>,
    /// Whether there is a `github_app_installation_id`.
    pub github_app_installation_id: Attr<()>,
    /// Whether there is a `github_app_enterprise_base_url`.
    pub github_app_enterprise_base_url: Attr<()>,
    /// Whether there is a key of the GitHub App.
    pub github_app_private_key: Attr<()>,
    /// Whether there is a key of a Google service account.
    pub gcp_service_account_key: Attr<()>,
    /// `use_azure_workload_identity`.
    pub use_azure_workload_identity: Attr<bool>,
    /// Whether there is an `azure_service_principal_client_id`.
    pub azure_service_principal_client_id: Attr<()>,
    /// Whether there is an `azure_service_principal_tenant_id`.
    pub azure_service_principal_tenant_id: Attr<()>,
    /// Whether there is a secret of the service principal.
    pub azure_service_principal_client_secret: Attr<()>,
    /// Whether there is an `azure_active_directory_endpoint`.
    pub azure_active_directory_endpoint: Attr<()>,
    /// Whether there is a `secret_arn`.
    pub secret_arn: Attr<()>,
    /// `proxy`.
    pub proxy: Attr<&'a str>,
    /// `force_http_basic_auth`.
    pub force_http_basic_auth: Attr<bool>,
    /// `enable_oci`.
    pub enable_oci: Attr<bool>,
    /// `insecure_oci_force_http`.
    pub insecure_oci_force_http: Attr<bool>,
}

/// A way to log in.
struct Way {
    /// The first of its attributes that is there.
    attribute: Option<&'static str>,
    /// The types of repositories that Argo CD logs in to by it.
    types: &'static [&'static str],
}

/// Every type of repository.
const ALL: &[&str] = &["git", "helm", "oci"];
/// Only repositories of Git.
const GIT: &[&str] = &["git"];

/// Rules for a repository, whoever runs Argo CD.
pub fn repository(repository: &Repository<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let Some(of_type) = repository.credentials.kind() else {
        return repository_credentials(&repository.credentials);
    };
    let unnamed =
        repository.repository_name.is_null() || repository.repository_name == Attr::Known("");
    if of_type == "helm" && unnamed {
        let rule = "a repository of type helm needs it: charts refer to the repository by it";
        findings.error(Path::attribute("repository_name"), rule);
    }
    for (name, is_on) in [
        ("enable_lfs", repository.enable_lfs == Attr::Known(true)),
        ("depth", matches!(repository.depth, Attr::Known(1..))),
    ] {
        if of_type != "git" && is_on {
            let rule = format!("it has no effect for type {of_type}: only Git knows of it");
            findings.warn(Path::attribute(name), rule);
        }
    }
    findings.extend(repository_credentials(&repository.credentials));
    findings.into_vec()
}

/// Rules for credentials, whoever runs Argo CD.
pub fn repository_credentials(credentials: &Credentials<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    credentials.check_url(&mut findings);
    credentials.check_ways(&mut findings);
    credentials.check_parts(&mut findings);
    credentials.check_settings(&mut findings);
    findings.into_vec()
}

/// Rules for a repository with this Argo CD.
pub fn repository_for(repository: &Repository<'_>, argo_cd: ArgoCd) -> Vec<Finding> {
    repository_credentials_for(&repository.credentials, argo_cd)
}

/// Rules for credentials with this Argo CD.
pub fn repository_credentials_for(credentials: &Credentials<'_>, argo_cd: ArgoCd) -> Vec<Finding> {
    let mut findings = Findings::default();
    if argo_cd == ArgoCd::SelfManaged {
        if there(&credentials.secret_arn) {
            findings.error(
                Path::attribute("secret_arn"),
                "only the EKS capability reads AWS Secrets Manager: give the credentials \
                 themselves, or set argo_cd = \"eks_capability\"",
            );
        }
        let connection = credentials.url.known().copied().unwrap_or_default();
        if connection.starts_with("https://codeconnections.") && connection.contains("/git-http/") {
            findings.warn(
                Path::attribute("url"),
                "only the EKS capability logs in to CodeConnections with its role",
            );
        }
    }
    findings.into_vec()
}

impl Credentials<'_> {
    /// The type, where it is known.
    fn kind(&self) -> Option<&str> {
        match &self.of_type {
            Attr::Null => Some("git"),
            Attr::Known(kind) => Some(kind),
            Attr::Unknown => None,
        }
    }

    /// The URL, where it is known and there.
    fn known_url(&self) -> Option<&str> {
        self.url.known().copied().filter(|url| !url.is_empty())
    }

    fn check_url(&self, findings: &mut Findings) {
        let path = Path::attribute("url");
        if self.url == Attr::Known("") {
            findings.error(path, "it must not be empty");
            return;
        }
        let (Some(url), Some(kind)) = (self.known_url(), self.kind()) else { return };
        if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
            findings.error(path, format!("{url:?} contains a blank"));
            return;
        }
        if has_password(url) {
            // Not repeated: it holds what is to be kept.
            let rule = "it has a password in it: give that as password_wo, beside username";
            findings.error(path, rule);
            return;
        }
        let wrong = match kind {
            "git" if !is_http(url) && !is_ssh(url) => {
                "a repository of Git is https://host/path, ssh://user@host/path or user@host:path"
            }
            "oci" if !url.starts_with("oci://") => "a repository of type oci is oci://host/path",
            "helm" if self.enable_oci.is_unknown() => return,
            "helm" if self.enable_oci == Attr::Known(true) && url.contains("://") => {
                "with enable_oci, a repository of charts is host/path, without a scheme"
            }
            "helm" if self.enable_oci != Attr::Known(true) && !is_http(url) => {
                "a repository of charts is https://host/path; one in an OCI registry is host/path, \
                 with enable_oci = true"
            }
            _ => return,
        };
        findings.error(path, format!("{url:?} does not go with type {kind}: {wrong}"));
    }

    fn ways(&self) -> [Way; 8] {
        let way = |parts: &[(&'static str, &Attr<()>)], types| {
            let used = parts.iter().find(|(_, part)| there(part));
            Way { attribute: used.map(|(name, _)| *name), types }
        };
        let workload = self.use_azure_workload_identity == Attr::Known(true);
        [
            way(&[("password", &self.password), ("username", &self.username)], ALL),
            way(&[("bearer_token", &self.bearer_token)], GIT),
            way(&[("ssh_private_key", &self.ssh_private_key)], GIT),
            way(&self.app(), GIT),
            way(&[("gcp_service_account_key", &self.gcp_service_account_key)], GIT),
            Way {
                attribute: workload.then_some("use_azure_workload_identity"),
                types: &["git", "helm"],
            },
            way(&self.principal(), GIT),
            way(&[("secret_arn", &self.secret_arn)], ALL),
        ]
    }

    fn app(&self) -> [(&'static str, &Attr<()>); 2] {
        [
            ("github_app_id", &self.github_app_id),
            ("github_app_private_key", &self.github_app_private_key),
        ]
    }

    fn principal(&self) -> [(&'static str, &Attr<()>); 3] {
        [
            ("azure_service_principal_client_id", &self.azure_service_principal_client_id),
            ("azure_service_principal_tenant_id", &self.azure_service_principal_tenant_id),
            ("azure_service_principal_client_secret", &self.azure_service_principal_client_secret),
        ]
    }

    /// Of several ways Argo CD would take one, and ignore the rest without a
    /// word.
    fn check_ways(&self, findings: &mut Findings) {
        let ways = self.ways();
        let used: Vec<_> =
            ways.iter().filter_map(|way| Some((way.attribute?, way.types))).collect();
        let Some(((first, types), others)) = used.split_first() else { return };
        for (other, _) in others {
            let rule = format!("it does not go with {first}: there is one way to log in");
            findings.error(Path::attribute(*other), rule);
        }
        let path = Path::attribute(*first);
        if let Some(kind) = self.kind()
            && !types.contains(&kind)
        {
            let types = types.join(" and ");
            let rule = format!("it is for repositories of type {types}, and this is one of {kind}");
            findings.error(path, rule);
            return;
        }
        let (Some(url), Some("git")) = (self.known_url(), self.kind()) else { return };
        match (*first, is_ssh(url)) {
            ("ssh_private_key", false) => findings.error(
                path,
                format!("{url:?} is not reached over SSH: ssh://user@host/path or user@host:path"),
            ),
            // What is in Secrets Manager is not known here.
            ("ssh_private_key" | "secret_arn", _) | (_, false) => {}
            (_, true) => findings.error(
                path,
                format!("{url:?} is reached over SSH, where only ssh_private_key logs in"),
            ),
        }
    }

    fn check_parts(&self, findings: &mut Findings) {
        if there(&self.username) && self.password.is_null() {
            let rule = "it needs a password: password_wo, with password_wo_version, or password";
            findings.error(Path::attribute("username"), rule);
        }
        let (cert, key) = (&self.tls_client_cert_data, &self.tls_client_cert_key);
        together(findings, &[("tls_client_cert_data", cert), ("tls_client_cert_key", key)]);
        together(findings, &self.app());
        for (name, part) in [
            ("github_app_installation_id", &self.github_app_installation_id),
            ("github_app_enterprise_base_url", &self.github_app_enterprise_base_url),
        ] {
            if there(part) && self.github_app_id.is_null() {
                findings.error(Path::attribute(name), "it has no effect without github_app_id");
            }
        }
        together(findings, &self.principal());
        if there(&self.azure_active_directory_endpoint)
            && self.azure_service_principal_client_id.is_null()
        {
            let rule = "it has no effect without azure_service_principal_client_id";
            findings.error(Path::attribute("azure_active_directory_endpoint"), rule);
        }
    }

    fn check_settings(&self, findings: &mut Findings) {
        findings.check(&Path::attribute("proxy"), &self.proxy, proxy_url);
        let Some(kind) = self.kind() else { return };
        let is_on = |flag: &Attr<bool>| *flag == Attr::Known(true);
        if is_on(&self.enable_oci) && kind != "helm" {
            let rule = format!("it is for type helm, and this is one of type {kind}");
            findings.error(Path::attribute("enable_oci"), rule);
        }
        let registry = kind == "oci" || (kind == "helm" && !off(&self.enable_oci));
        if is_on(&self.insecure_oci_force_http) && !registry {
            let rule = "it has no effect: the repository is in no OCI registry";
            findings.warn(Path::attribute("insecure_oci_force_http"), rule);
        }
        if is_on(&self.force_http_basic_auth)
            && (kind != "git" || (self.password.is_null() && self.secret_arn.is_null()))
        {
            let rule = "it has no effect: it is for a password of a repository of Git";
            findings.warn(Path::attribute("force_http_basic_auth"), rule);
        }
        let ssh = self.known_url().is_some_and(|url| kind == "git" && is_ssh(url));
        if ssh && there(&self.tls_client_cert_data) {
            let rule = "it has no effect: the repository is reached over SSH";
            findings.warn(Path::attribute("tls_client_cert_data"), rule);
        }
    }
}

fn there(part: &Attr<()>) -> bool {
    part.known().is_some()
}

/// Whether a flag is known to be off.
fn off(flag: &Attr<bool>) -> bool {
    matches!(flag, Attr::Null | Attr::Known(false))
}

/// Parts that are of no use alone.
fn together(findings: &mut Findings, parts: &[(&'static str, &Attr<()>)]) {
    let Some((present, _)) = parts.iter().find(|(_, part)| there(part)) else { return };
    let missing = parts.iter().filter(|(_, part)| part.is_null()).map(|(name, _)| *name);
    let missing: Vec<_> = missing.collect();
    if !missing.is_empty() {
        let rule = format!("it is of no use without {}", missing.join(" and "));
        findings.error(Path::attribute(*present), rule);
    }
}

fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

/// `ssh://user@host/path`, or `user@host:path`.
fn is_ssh(url: &str) -> bool {
    if let Some(rest) = url.strip_prefix("ssh://") {
        return !rest.is_empty() && !rest.starts_with('/');
    }
    let Some((user, rest)) = url.split_once('@') else { return false };
    let is_user = !user.is_empty() && !user.contains([':', '/']);
    is_user && !rest.is_empty() && !rest.starts_with([':', '/'])
}

/// Whether a URL over HTTP has a password in it.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    is_http(url)
        && authority.rsplit_once('@').is_some_and(|(user, _)| {
            user.split_once(':').is_some_and(|(_, password)| !password.is_empty())
        })
}

#[cfg(test)]
mod tests;
