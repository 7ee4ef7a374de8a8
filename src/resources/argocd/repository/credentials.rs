//! How to log in to repositories: what a repository and credentials for many
//! have in common.

use crate::framework::{Attr, Model, Secret};

/// How to log in: in one of the ways, or in none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Credentials {
    /// Name of the user, for `password`. Git takes any name beside a token as password where none
    /// is set.
    pub username: Attr<String>,
    /// Password, or a token in its place. It is kept in the state; prefer `password_wo`.
    pub password: Attr<Secret>,
    /// Password, or a token in its place, kept nowhere. Sent anew when `password_wo_version`
    /// changes.
    #[attr(write_only, local)]
    pub password_wo: Attr<Secret>,
    /// Version of `password_wo`: any number that changes with it.
    #[attr(local)]
    pub password_wo_version: Attr<i64>,
    /// Bearer token for Git over HTTPS, as Bitbucket Data Center has them. It is kept in the
    /// state; prefer `bearer_token_wo`.
    pub bearer_token: Attr<Secret>,
    /// Bearer token, kept nowhere. Sent anew when `bearer_token_wo_version` changes.
    #[attr(write_only, local)]
    pub bearer_token_wo: Attr<Secret>,
    /// Version of `bearer_token_wo`: any number that changes with it.
    #[attr(local)]
    pub bearer_token_wo_version: Attr<i64>,
    /// Private key for Git over SSH, PEM. It is kept in the state; prefer `ssh_private_key_wo`.
    #[attr(check = private_key)]
    pub ssh_private_key: Attr<Secret>,
    /// Private key for Git over SSH, PEM, kept nowhere. Sent anew when
    /// `ssh_private_key_wo_version` changes.
    #[attr(write_only, local, check = private_key)]
    pub ssh_private_key_wo: Attr<Secret>,
    /// Version of `ssh_private_key_wo`: any number that changes with it.
    #[attr(local)]
    pub ssh_private_key_wo_version: Attr<i64>,
    /// Certificate of the client for mutual TLS, PEM. It goes with any way over HTTPS.
    #[attr(check = certificate)]
    pub tls_client_cert_data: Attr<String>,
    /// Private key of `tls_client_cert_data`, PEM. It is kept in the state; prefer
    /// `tls_client_cert_key_wo`.
    #[attr(check = private_key)]
    pub tls_client_cert_key: Attr<Secret>,
    /// Private key of `tls_client_cert_data`, PEM, kept nowhere. Sent anew when
    /// `tls_client_cert_key_wo_version` changes.
    #[attr(write_only, local, check = private_key)]
    pub tls_client_cert_key_wo: Attr<Secret>,
    /// Version of `tls_client_cert_key_wo`: any number that changes with it.
    #[attr(local)]
    pub tls_client_cert_key_wo_version: Attr<i64>,
    /// Id of the GitHub App to log in as.
    #[attr(api = "githubAppID", range(1, i64::MAX))]
    pub github_app_id: Attr<i64>,
    /// Id of the installation of the GitHub App; found out by Argo CD when not set.
    #[attr(api = "githubAppInstallationID", range(1, i64::MAX))]
    pub github_app_installation_id: Attr<i64>,
    /// URL of the API of GitHub Enterprise, as in `https://github.example.com/api/v3`; that of
    /// github.com when not set.
    #[attr(check = crate::framework::checks::url_http)]
    pub github_app_enterprise_base_url: Attr<String>,
    /// Private key of the GitHub App, PEM. It is kept in the state; prefer
    /// `github_app_private_key_wo`.
    #[attr(check = private_key)]
    pub github_app_private_key: Attr<Secret>,
    /// Private key of the GitHub App, PEM, kept nowhere. Sent anew when
    /// `github_app_private_key_wo_version` changes.
    #[attr(write_only, local, check = private_key)]
    pub github_app_private_key_wo: Attr<Secret>,
    /// Version of `github_app_private_key_wo`: any number that changes with it.
    #[attr(local)]
    pub github_app_private_key_wo_version: Attr<i64>,
    /// Key of a Google service account, the JSON document, for Cloud Source Repositories. It is
    /// kept in the state; prefer `gcp_service_account_key_wo`.
    #[attr(check = json_document)]
    pub gcp_service_account_key: Attr<Secret>,
    /// Key of a Google service account, the JSON document, kept nowhere. Sent anew when
    /// `gcp_service_account_key_wo_version` changes.
    #[attr(write_only, local, check = json_document)]
    pub gcp_service_account_key_wo: Attr<Secret>,
    /// Version of `gcp_service_account_key_wo`: any number that changes with it.
    #[attr(local)]
    pub gcp_service_account_key_wo_version: Attr<i64>,
    /// Log in with the Azure workload identity that Argo CD runs with; off when not set.
    #[attr(omitempty)]
    pub use_azure_workload_identity: Attr<bool>,
    /// Client id of the Azure service principal to log in as.
    pub azure_service_principal_client_id: Attr<String>,
    /// Tenant id of the Azure service principal.
    pub azure_service_principal_tenant_id: Attr<String>,
    /// Secret of the Azure service principal. It is kept in the state; prefer
    /// `azure_service_principal_client_secret_wo`.
    pub azure_service_principal_client_secret: Attr<Secret>,
    /// Secret of the Azure service principal, kept nowhere. Sent anew when
    /// `azure_service_principal_client_secret_wo_version` changes.
    #[attr(write_only, local)]
    pub azure_service_principal_client_secret_wo: Attr<Secret>,
    /// Version of `azure_service_principal_client_secret_wo`: any number that changes with it.
    #[attr(local)]
    pub azure_service_principal_client_secret_wo_version: Attr<i64>,
    /// Where the Azure service principal logs in, for clouds other than the public one.
    #[attr(check = crate::framework::checks::url_http)]
    pub azure_active_directory_endpoint: Attr<String>,
    /// ARN of a secret in AWS Secrets Manager that the credentials are in, for the EKS capability
    /// only. The capability's role has to be allowed to read it
    /// (`provider::gitops::secrets_manager_read_policy`).
    #[attr(check = crate::framework::checks::secrets_manager_arn)]
    pub secret_arn: Attr<String>,
    /// URL of a proxy to reach the repository by.
    pub proxy: Attr<String>,
    /// Hosts that are reached without the proxy, separated by commas.
    pub no_proxy: Attr<String>,
    /// Send the password with the first request, for servers that do not ask for it; off when not
    /// set.
    #[attr(omitempty)]
    pub force_http_basic_auth: Attr<bool>,
    /// Charts are in an OCI registry, for type `helm`: `url` is then written without `oci://`. Off
    /// when not set.
    #[attr(api = "enableOCI", omitempty)]
    pub enable_oci: Attr<bool>,
    /// Speak plain HTTP to the OCI registry; off when not set.
    #[attr(api = "insecureOCIForceHttp", omitempty)]
    pub insecure_oci_force_http: Attr<bool>,
}

/// What it is called in both types.
pub(in crate::resources::argocd) const TYPES: [&str; 3] = ["git", "helm", "oci"];

// The errors of these follow "breaks a rule": they must not repeat what may be a secret.

fn private_key(text: &str) -> Result<(), String> {
    pem(text, "PRIVATE KEY-----", "a private key in PEM, -----BEGIN … PRIVATE KEY-----")
}

fn certificate(text: &str) -> Result<(), String> {
    pem(text, "CERTIFICATE-----", "a certificate in PEM, -----BEGIN CERTIFICATE-----")
}

fn pem(text: &str, marker: &str, expected: &str) -> Result<(), String> {
    let is_begin =
        |line: &str| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(marker);
    if text.trim_start().lines().next().is_some_and(is_begin) {
        return Ok(());
    }
    Err(format!("it is not {expected}"))
}

fn json_document(text: &str) -> Result<(), String> {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        _ => Err("it is not a JSON object, as Google hands out keys".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        assert_eq!(private_key(key), Ok(()));
        assert_eq!(private_key(&key.replace('\n', "\r\n")), Ok(()));
        let certificate_text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(certificate(certificate_text), Ok(()));
        assert_eq!(json_document(r#"{"type": "service_account"}"#), Ok(()));
        for (check, bad) in [
            (private_key as fn(&str) -> Result<(), String>, "hunter2"),
            (private_key, "ssh-ed25519 AAAAhunter2"),
            (private_key, "-----BEGIN CERTIFICATE-----\nhunter2"),
            (certificate, key),
            (json_document, "hunter2"),
            (json_document, "[\"hunter2\"]"),
            (json_document, "{\"hunter2\""),
        ] {
            let rule = check(bad).unwrap_err();
            assert!(!rule.contains("hunter2") && !rule.contains("AAAA"), "{rule}");
        }
    }
}
