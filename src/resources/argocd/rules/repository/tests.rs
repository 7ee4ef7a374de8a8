//! Which mistakes are found in repositories and credentials.

use super::*;
use crate::framework::checks::Finding;
use crate::framework::diagnostics::Severity;

const THERE: Attr<()> = Attr::Known(());
const ON: Attr<bool> = Attr::Known(true);

fn git() -> Credentials<'static> {
    Credentials { url: Attr::Known("https://git.example.com/shop.git"), ..Credentials::default() }
}

fn ssh() -> Credentials<'static> {
    Credentials {
        url: Attr::Known("git@my-host.example.com:shop.git"),
        ssh_private_key: THERE,
        ..git()
    }
}

fn charts() -> Credentials<'static> {
    Credentials {
        of_type: Attr::Known("helm"),
        url: Attr::Known("https://charts.example.com"),
        ..git()
    }
}

fn registry() -> Credentials<'static> {
    Credentials {
        url: Attr::Known("111122223333.dkr.ecr.eu-west-1.amazonaws.com/charts"),
        enable_oci: ON,
        ..charts()
    }
}

fn oci() -> Credentials<'static> {
    Credentials { of_type: Attr::Known("oci"), url: Attr::Known("oci://ghcr.io/shop"), ..git() }
}

fn said(found: &[Finding]) -> Vec<String> {
    let mark = |finding: &Finding| match finding.severity {
        Severity::Error => format!("{}", finding.path),
        Severity::Warning => format!("({})", finding.path),
    };
    found.iter().map(mark).collect()
}

#[track_caller]
fn finds(credentials: &Credentials<'_>, expected: &[&str]) {
    let found = repository_credentials(credentials);
    assert_eq!(said(&found), expected, "{found:#?}");
}

#[test]
fn every_way_to_log_in_is_taken() {
    for credentials in [
        git(),
        ssh(),
        charts(),
        registry(),
        oci(),
        Credentials { url: Attr::Known("ssh://git@git.example.com:2222/shop"), ..ssh() },
        Credentials { username: THERE, password: THERE, force_http_basic_auth: ON, ..git() },
        Credentials { password: THERE, ..git() },
        Credentials { username: THERE, password: THERE, ..charts() },
        Credentials { username: THERE, password: THERE, ..oci() },
        Credentials { bearer_token: THERE, ..git() },
        Credentials { tls_client_cert_data: THERE, tls_client_cert_key: THERE, ..git() },
        Credentials { github_app_id: THERE, github_app_private_key: THERE, ..git() },
        Credentials { gcp_service_account_key: THERE, ..git() },
        Credentials { use_azure_workload_identity: ON, ..registry() },
        Credentials { secret_arn: THERE, ..ssh_without_key() },
        Credentials { insecure_oci_force_http: ON, ..registry() },
        Credentials { insecure_oci_force_http: ON, ..oci() },
        Credentials {
            azure_service_principal_client_id: THERE,
            azure_service_principal_tenant_id: THERE,
            azure_service_principal_client_secret: THERE,
            azure_active_directory_endpoint: THERE,
            ..git()
        },
        // The user's name in a URL is no secret.
        Credentials { url: Attr::Known("https://ci@git.example.com/shop"), ..git() },
    ] {
        finds(&credentials, &[]);
    }
}

fn ssh_without_key() -> Credentials<'static> {
    Credentials { ssh_private_key: Attr::Null, ..ssh() }
}

#[test]
fn what_is_not_known_yet_passes() {
    let unknown = Attr::Unknown;
    let credentials = Credentials {
        url: Attr::Unknown,
        of_type: Attr::Unknown,
        username: THERE,
        password: unknown.clone(),
        ..Credentials::default()
    };
    finds(&credentials, &[]);
    finds(&Credentials { enable_oci: Attr::Unknown, ..registry() }, &[]);
    finds(&Credentials { tls_client_cert_data: THERE, tls_client_cert_key: unknown, ..git() }, &[]);
}

#[test]
fn one_way_excludes_the_others() {
    let both = Credentials { username: THERE, password: THERE, bearer_token: THERE, ..git() };
    finds(&both, &["bearer_token"]);
    let many = Credentials {
        password: THERE,
        github_app_id: THERE,
        github_app_private_key: THERE,
        secret_arn: THERE,
        ..git()
    };
    finds(&many, &["github_app_id", "secret_arn"]);
    let rule = &repository_credentials(&many)[0].rule;
    assert_eq!(rule, "it does not go with password: there is one way to log in");
}

#[test]
fn the_url_goes_with_the_type() {
    for (credentials, url) in [
        (git(), "git.example.com/shop"),
        (git(), "oci://ghcr.io/shop"),
        (git(), "https:///shop"),
        (git(), "file:///shop"),
        (git(), ""),
        (git(), "https://git.example.com/the shop"),
        (charts(), "oci://ghcr.io/shop"),
        (charts(), "git@git.example.com:shop"),
        (charts(), "ghcr.io/shop"),
        (registry(), "oci://ghcr.io/shop"),
        (registry(), "https://ghcr.io/shop"),
        (oci(), "ghcr.io/shop"),
        (oci(), "https://ghcr.io/shop"),
    ] {
        finds(&Credentials { url: Attr::Known(url), ..credentials }, &["url"]);
    }
}

#[test]
fn a_password_in_a_url_is_refused_without_being_repeated() {
    let url = Attr::Known("https://ci:hunter2@git.example.com/shop");
    let found = repository_credentials(&Credentials { url, ..git() });
    assert_eq!(said(&found), ["url"]);
    assert!(!found[0].rule.contains("hunter2") && found[0].rule.contains("password_wo"));
}

#[test]
fn the_way_to_log_in_goes_with_the_url_and_the_type() {
    finds(&Credentials { ssh_private_key: THERE, ..git() }, &["ssh_private_key"]);
    finds(&Credentials { password: THERE, ..ssh_without_key() }, &["password"]);
    finds(&Credentials { bearer_token: THERE, ..ssh_without_key() }, &["bearer_token"]);
    for credentials in [charts(), registry(), oci()] {
        finds(&Credentials { bearer_token: THERE, ..credentials.clone() }, &["bearer_token"]);
        finds(&Credentials { ssh_private_key: THERE, ..credentials }, &["ssh_private_key"]);
    }
    let workload = Credentials { use_azure_workload_identity: ON, ..oci() };
    finds(&workload, &["use_azure_workload_identity"]);
}

#[test]
fn half_of_a_login_is_refused_with_what_is_missing() {
    finds(&Credentials { username: THERE, ..git() }, &["username"]);
    finds(&Credentials { tls_client_cert_data: THERE, ..git() }, &["tls_client_cert_data"]);
    finds(&Credentials { github_app_private_key: THERE, ..git() }, &["github_app_private_key"]);
    finds(&Credentials { github_app_id: THERE, ..git() }, &["github_app_id"]);
    let secret = Credentials { azure_service_principal_client_secret: THERE, ..git() };
    finds(&secret, &["azure_service_principal_client_secret"]);
    let rule = &repository_credentials(&secret)[0].rule;
    assert!(rule.ends_with(
        "without azure_service_principal_client_id and azure_service_principal_tenant_id"
    ));
    for (credentials, at) in [
        (Credentials { github_app_installation_id: THERE, ..git() }, "github_app_installation_id"),
        (
            Credentials { github_app_enterprise_base_url: THERE, ..git() },
            "github_app_enterprise_base_url",
        ),
        (
            Credentials { azure_active_directory_endpoint: THERE, ..git() },
            "azure_active_directory_endpoint",
        ),
    ] {
        finds(&credentials, &[at]);
    }
}

#[test]
fn settings_without_effect_are_pointed_out() {
    finds(&Credentials { enable_oci: ON, ..git() }, &["enable_oci"]);
    finds(&Credentials { enable_oci: ON, ..oci() }, &["enable_oci"]);
    for credentials in [git(), charts()] {
        let plain = Credentials { insecure_oci_force_http: ON, ..credentials };
        finds(&plain, &["(insecure_oci_force_http)"]);
    }
    finds(&Credentials { force_http_basic_auth: ON, ..git() }, &["(force_http_basic_auth)"]);
    let pair = Credentials { tls_client_cert_data: THERE, tls_client_cert_key: THERE, ..ssh() };
    finds(&pair, &["(tls_client_cert_data)"]);
    finds(&Credentials { proxy: Attr::Known("proxy:3128"), ..git() }, &["proxy"]);
    let git_only = Repository {
        repository_name: Attr::Known("shop"),
        enable_lfs: ON,
        depth: Attr::Known(1),
        credentials: charts(),
    };
    assert_eq!(said(&repository(&git_only)), ["(enable_lfs)", "(depth)"]);
}

#[test]
fn a_repository_of_charts_has_a_name() {
    for name in [Attr::Null, Attr::Known("")] {
        let charts =
            Repository { repository_name: name, credentials: charts(), ..Repository::default() };
        assert_eq!(said(&repository(&charts)), ["repository_name"]);
    }
    assert_eq!(repository(&Repository { credentials: git(), ..Repository::default() }), []);
    finds(&charts(), &[]);
}

#[test]
fn only_the_capability_has_secrets_manager_and_connections() {
    let url = "https://codeconnections.eu-west-1.amazonaws.com/git-http/111122223333/eu-west-1/\
               0123abcd-0123-0123-0123-0123456789ab/team/shop.git";
    let credentials = Credentials { secret_arn: THERE, url: Attr::Known(url), ..git() };
    let for_argo_cd = |argo_cd| said(&repository_credentials_for(&credentials, argo_cd));
    assert_eq!(for_argo_cd(ArgoCd::EksCapability), [""; 0]);
    assert_eq!(for_argo_cd(ArgoCd::SelfManaged), ["secret_arn", "(url)"]);
    let repository = Repository { credentials: credentials.clone(), ..Repository::default() };
    assert_eq!(said(&repository_for(&repository, ArgoCd::SelfManaged)), ["secret_arn", "(url)"]);
    finds(&credentials, &[]);
}
