//! Rules for credentials.
//!
//! Sources: what Kargo's providers of credentials look for in a Secret, in
//! which types and for which URLs. Nothing of it is checked by the API: what
//! does not fit is never used, and Kargo goes without.

use super::Credentials;
use crate::framework::checks::{Findings, chart_repo_url, git_url, image_repo, regex};
use crate::framework::{Attr, Diagnostics, Model, Path};
use crate::resources::findings::{presence, report, text};
use crate::resources::secret;

/// A way to log in.
struct Way<'a> {
    /// Its attributes that are needed, the one that tells the way first.
    needs: Vec<(&'static str, Attr<()>)>,
    /// The types of repositories that it is for.
    types: &'a [&'a str],
    /// What it is called in a message.
    called: &'static str,
}

impl Credentials {
    /// Checks the rules that go beyond single attributes.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        let mut findings = Findings::default();
        match text(&self.r#type) {
            Attr::Known("generic") => self.generic(&mut findings),
            Attr::Known(of_type) => self.repository(of_type, &mut findings),
            Attr::Null | Attr::Unknown => {}
        }
        let attributes = Self::attributes();
        let found =
            secret::as_written(&attributes, &self.clone().into_value(), findings.into_vec());
        report(found, diagnostics);
    }

    fn ways(&self) -> [Way<'static>; 5] {
        // The newer name of an App's id wins in Kargo, too.
        let app = match presence(&self.github_app_client_id) {
            Attr::Null => ("github_app_id", presence(&self.github_app_id)),
            client => ("github_app_client_id", client),
        };
        [
            Way {
                needs: vec![
                    ("password", either(&self.password, &self.password_wo)),
                    ("username", presence(&self.username)),
                ],
                types: &["git", "helm", "image"],
                called: "a password",
            },
            Way {
                needs: vec![(
                    "ssh_private_key",
                    either(&self.ssh_private_key, &self.ssh_private_key_wo),
                )],
                types: &["git"],
                called: "a key for SSH",
            },
            Way {
                needs: vec![
                    (
                        "github_app_private_key",
                        either(&self.github_app_private_key, &self.github_app_private_key_wo),
                    ),
                    app,
                    ("github_app_installation_id", presence(&self.github_app_installation_id)),
                ],
                types: &["git"],
                called: "a GitHub App",
            },
            Way {
                needs: vec![
                    (
                        "aws_secret_access_key",
                        either(&self.aws_secret_access_key, &self.aws_secret_access_key_wo),
                    ),
                    ("aws_access_key_id", presence(&self.aws_access_key_id)),
                    ("aws_region", presence(&self.aws_region)),
                ],
                types: &["helm", "image"],
                called: "an AWS access key",
            },
            Way {
                needs: vec![(
                    "gcp_service_account_key",
                    either(&self.gcp_service_account_key, &self.gcp_service_account_key_wo),
                )],
                types: &["helm", "image"],
                called: "a Google service account",
            },
        ]
    }

    fn generic(&self, findings: &mut Findings) {
        if either(&self.data, &self.data_wo).is_null() {
            let rule = "credentials of type generic have what is secret in data or data_wo";
            findings.error(Path::attribute("data_wo"), rule);
        }
        let mut others = vec![
            ("repo_url", presence(&self.repo_url)),
            ("repo_url_is_regex", presence(&self.repo_url_is_regex)),
            ("github_token_scopes", presence(&self.github_token_scopes)),
        ];
        others.extend(self.ways().into_iter().flat_map(|way| way.needs));
        for (name, there) in others {
            if there.is_set() {
                let rule = "it is for repositories; what is secret otherwise goes into data_wo";
                findings.error(Path::attribute(name), rule);
            }
        }
    }

    fn repository(&self, of_type: &str, findings: &mut Findings) {
        if either(&self.data, &self.data_wo).is_set() {
            let name = if self.data.is_set() { "data" } else { "data_wo" };
            let rule = format!("it is for credentials of type generic, and not of {of_type}");
            findings.error(Path::attribute(name), rule);
        }
        self.check_url(of_type, findings);
        let ways = self.ways();
        for way in &ways {
            check_way(way, of_type, findings);
        }
        let begun = |way: &&Way<'_>| way.needs.iter().any(|(_, there)| there.is_set());
        let begun: Vec<_> = ways.iter().filter(begun).collect();
        match begun.as_slice() {
            [] => {
                let fit = ways.iter().filter(|way| way.types.contains(&of_type));
                let called: Vec<_> = fit.map(|way| way.called).collect();
                let rule = format!(
                    "nothing says how to log in to {of_type} repositories, which is by one of: {}",
                    called.join(", ")
                );
                findings.error(Path::attribute("type"), rule);
            }
            [_] => {}
            [_, second, ..] => {
                let at = second.needs.iter().find(|(_, there)| there.is_set());
                let called: Vec<_> = begun.iter().map(|way| way.called).collect();
                let rule = format!("there is one way to log in, not {}", called.join(" and "));
                findings.error(Path::attribute(at.map_or("type", |(name, _)| *name)), rule);
            }
        }
        if self.github_token_scopes.is_set() && ways[2].needs[0].1.is_null() {
            let rule = "it limits the credentials of a GitHub App, and these are of none";
            findings.error(Path::attribute("github_token_scopes"), rule);
        }
        if ways[1].needs[0].1.is_set() {
            let rule = "Kargo 1.13 no longer supports SSH: use https, with a token or a GitHub App";
            findings.warn(Path::attribute("ssh_private_key"), rule);
        }
    }

    fn check_url(&self, of_type: &str, findings: &mut Findings) {
        let path = Path::attribute("repo_url");
        let url = match &self.repo_url {
            Attr::Null => {
                let rule =
                    format!("credentials of type {of_type} name the repository they are for");
                return findings.error(path, rule);
            }
            Attr::Known(url) => url.as_str(),
            Attr::Unknown => return,
        };
        match self.repo_url_is_regex {
            Attr::Unknown => return,
            Attr::Known(true) => return findings.check(&path, &Attr::Known(url), regex),
            Attr::Known(false) | Attr::Null => {}
        }
        let rule = match of_type {
            "git" => git_url,
            "helm" => chart_repo_url,
            _ => image_repo,
        };
        findings.check(&path, &Attr::Known(url), rule);
        if url.starts_with("http://") {
            let rule = "Kargo sends no credentials without TLS, unless it is installed to do so: \
                        use https";
            findings.warn(path.clone(), rule);
        }
        let [_, ssh, app, aws, gcp] = self.ways();
        let by = |way: &Way<'_>| way.needs[0].1.is_set();
        let is_http = url.starts_with("http://") || url.starts_with("https://");
        if by(&ssh) && is_http {
            findings.error(path.clone(), "a key for SSH is of no use for a URL of http");
        }
        if by(&app) && !is_http {
            findings.error(path.clone(), "a GitHub App logs in to URLs of https");
        }
        let registry = url.strip_prefix("oci://").unwrap_or(url);
        let host = registry.split('/').next().unwrap_or_default();
        if by(&aws) && !(host.contains(".dkr.ecr.") && host.contains(".amazonaws.com")) {
            let rule = "an AWS access key logs in to registries of ECR, \
                        123456789012.dkr.ecr.eu-west-1.amazonaws.com/…";
            findings.error(path.clone(), rule);
        }
        let is_google =
            host.ends_with("-docker.pkg.dev") || host == "gcr.io" || host.ends_with(".gcr.io");
        if by(&gcp) && !is_google {
            let rule = "a Google service account logs in to Artifact Registry, \
                        LOCATION-docker.pkg.dev/…";
            findings.error(path, rule);
        }
    }
}

fn check_way(way: &Way<'_>, of_type: &str, findings: &mut Findings) {
    let set: Vec<_> = way.needs.iter().filter(|(_, there)| there.is_set()).collect();
    let [(first, _), ..] = set.as_slice() else { return };
    if !way.types.contains(&of_type) {
        let types = way.types.join(" and ");
        let rule = format!("{} is for {types} repositories, not for {of_type}", way.called);
        return findings.error(Path::attribute(*first), rule);
    }
    for (name, there) in &way.needs {
        if there.is_null() {
            let rule = format!("{} needs it, beside {first}", way.called);
            findings.error(Path::attribute(*name), rule);
        }
    }
}

/// Whether either form of a secret is there.
fn either<T, U>(kept: &Attr<T>, write_only: &Attr<U>) -> Attr<()> {
    match presence(kept) {
        Attr::Null => presence(write_only),
        kept => kept,
    }
}
