//! Repositories and credentials as the rules see them.

use super::either;
use crate::framework::checks::Finding;
use crate::framework::{Attr, Diagnostics, Model};
use crate::provider::ArgoCd;
use crate::resources::argocd::repository::{self, Repository};
use crate::resources::argocd::repository_credentials::RepositoryCredentials;
use crate::resources::argocd::{rules, secret};
use crate::resources::findings::{presence, report, text};

impl Repository {
    /// Checks the rules that go beyond single attributes.
    pub(in crate::resources::argocd) fn check(&self, diagnostics: &mut Diagnostics) {
        let found = rules::repository(&self.view());
        report(as_written(self, found), diagnostics);
    }

    /// What this Argo CD does not support of it.
    pub(in crate::resources::argocd) fn check_profile(&self, argo_cd: ArgoCd) -> Vec<Finding> {
        rules::repository_for(&self.view(), argo_cd)
    }

    fn view(&self) -> rules::Repository<'_> {
        rules::Repository {
            repository_name: text(&self.repository_name),
            enable_lfs: self.enable_lfs.clone(),
            depth: self.depth.clone(),
            credentials: credentials(&self.url, &self.r#type, &self.credentials),
        }
    }
}

impl RepositoryCredentials {
    /// Checks the rules that go beyond single attributes.
    pub(in crate::resources::argocd) fn check(&self, diagnostics: &mut Diagnostics) {
        let found = rules::repository_credentials(&self.view());
        report(as_written(self, found), diagnostics);
    }

    /// What this Argo CD does not support of it.
    pub(in crate::resources::argocd) fn check_profile(&self, argo_cd: ArgoCd) -> Vec<Finding> {
        rules::repository_credentials_for(&self.view(), argo_cd)
    }

    fn view(&self) -> rules::Credentials<'_> {
        credentials(&self.url, &self.r#type, &self.credentials)
    }
}

fn as_written<M: Model + Clone>(model: &M, found: Vec<Finding>) -> Vec<Finding> {
    secret::as_written(&M::attributes(), &model.clone().into_value(), found)
}

fn credentials<'a>(
    url: &'a Attr<String>,
    of_type: &'a Attr<String>,
    of: &'a repository::credentials::Credentials,
) -> rules::Credentials<'a> {
    rules::Credentials {
        url: text(url),
        of_type: text(of_type),
        username: presence(&of.username),
        password: either(&of.password, &of.password_wo),
        bearer_token: either(&of.bearer_token, &of.bearer_token_wo),
        ssh_private_key: either(&of.ssh_private_key, &of.ssh_private_key_wo),
        tls_client_cert_data: presence(&of.tls_client_cert_data),
        tls_client_cert_key: either(&of.tls_client_cert_key, &of.tls_client_cert_key_wo),
        github_app_id: presence(&of.github_app_id),
        github_app_installation_id: presence(&of.github_app_installation_id),
        github_app_enterprise_base_url: presence(&of.github_app_enterprise_base_url),
        github_app_private_key: either(&of.github_app_private_key, &of.github_app_private_key_wo),
        gcp_service_account_key: either(
            &of.gcp_service_account_key,
            &of.gcp_service_account_key_wo,
        ),
        use_azure_workload_identity: of.use_azure_workload_identity.clone(),
        azure_service_principal_client_id: presence(&of.azure_service_principal_client_id),
        azure_service_principal_tenant_id: presence(&of.azure_service_principal_tenant_id),
        azure_service_principal_client_secret: either(
            &of.azure_service_principal_client_secret,
            &of.azure_service_principal_client_secret_wo,
        ),
        azure_active_directory_endpoint: presence(&of.azure_active_directory_endpoint),
        secret_arn: presence(&of.secret_arn),
        proxy: text(&of.proxy),
        force_http_basic_auth: of.force_http_basic_auth.clone(),
        enable_oci: of.enable_oci.clone(),
        insecure_oci_force_http: of.insecure_oci_force_http.clone(),
    }
}
