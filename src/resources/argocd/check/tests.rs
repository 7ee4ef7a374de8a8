//! That the rules see everything that a model has.

use std::collections::BTreeMap;

use super::*;
use crate::framework::checks::Findings;
use crate::framework::{JsonText, Secret, Severity};
use crate::resources::argocd::ArgocdMeta;
use crate::resources::argocd::app_project::{
    DestinationServiceAccount, ProjectDestination, ProjectRole, SyncWindow,
};
use crate::resources::argocd::application::{
    Application, ApplicationSpec, Destination, IgnoreDifferences, helm::Helm,
    helm::HelmFileParameter, hydrator::SourceHydrator, hydrator::SyncSource, kustomize::Kustomize,
    source::Directory, source::Plugin, source::Source, sync_policy::Backoff,
    sync_policy::ManagedNamespaceMetadata, sync_policy::Retry, sync_policy::SyncPolicy,
};
use crate::resources::argocd::cluster::pem::{Pem, PemKey};
use crate::resources::argocd::cluster::{
    AwsAuthConfig, ClusterConfig, ExecProviderConfig, TlsClientConfig,
};
use crate::resources::object::CommonMeta;

const ARN: &str = "arn:aws:eks:eu-west-1:111122223333:cluster/main";

fn known(text: &str) -> Attr<String> {
    Attr::Known(text.into())
}

fn list(texts: &[&str]) -> Attr<Vec<String>> {
    Attr::Known(texts.iter().map(|text| (*text).to_owned()).collect())
}

/// The paths of findings, with a mark on warnings.
fn paths(found: Vec<Finding>) -> Vec<String> {
    let mark = |found: Finding| match found.severity {
        Severity::Error => found.path.to_string(),
        Severity::Warning => format!("{}?", found.path),
    };
    found.into_iter().map(mark).collect()
}

/// What a check tells the user, as findings again.
fn told(check: impl FnOnce(&mut Diagnostics)) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    check(&mut diagnostics);
    let mut findings = Findings::default();
    for told in diagnostics {
        match told.severity {
            Severity::Error => findings.error(told.path, told.detail),
            Severity::Warning => findings.warn(told.path, told.detail),
        }
    }
    paths(findings.into_vec())
}

fn named(name: &str) -> ArgocdMeta {
    ArgocdMeta { name: known(name), ..ArgocdMeta::default() }
}

fn spec() -> ApplicationSpec {
    ApplicationSpec {
        source: Attr::Known(Source {
            repo_url: known("https://example.com/shop"),
            path: known("."),
            ..Source::default()
        }),
        destination: Attr::Known(Destination { name: known("main"), ..Destination::default() }),
        ..ApplicationSpec::default()
    }
}

fn application() -> Application {
    Application { metadata: named("shop"), spec: spec(), ..Application::default() }
}

#[test]
fn a_good_application_passes_everywhere() {
    let application = application();
    assert_eq!(told(|diagnostics| application.check(diagnostics)), [""; 0]);
    assert_eq!(paths(application.check_profile(ArgoCd::EksCapability)), [""; 0]);
    assert_eq!(paths(application.check_profile(ArgoCd::SelfManaged)), [""; 0]);
}

#[test]
fn every_attribute_of_a_source_reaches_its_rule() {
    let helm = Helm {
        version: known("v2"),
        release_name: known("Not a name"),
        values: known("a: 1"),
        values_object: Attr::Known(JsonText("{}".into())),
        value_files: list(&["$nobody/a.yaml"]),
        file_parameters: Attr::Known(vec![
            HelmFileParameter { path: Attr::Unknown, ..HelmFileParameter::default() },
            HelmFileParameter { path: known("$nobody/b.yaml"), ..HelmFileParameter::default() },
        ]),
        ..Helm::default()
    };
    let source = Source {
        repo_url: known(""),
        chart: known("chart"),
        path: known("path"),
        r#ref: known("a b"),
        name: known("one"),
        helm: Attr::Known(helm),
        kustomize: Attr::Known(Kustomize::default()),
        directory: Attr::Known(Directory::default()),
        plugin: Attr::Known(Plugin::default()),
        ..Source::default()
    };
    let model = Application {
        spec: ApplicationSpec {
            source: Attr::Null,
            sources: Attr::Known(vec![source, Source { name: known("one"), ..Source::default() }]),
            ..spec()
        },
        ..application()
    };
    assert_eq!(
        told(|diagnostics| model.check(diagnostics)),
        [
            "sources[1].name",
            "sources[0].repo_url",
            "sources[0].target_revision",
            "sources[0].path?",
            "sources[0]",
            "sources[0].helm.version",
            "sources[0].helm.release_name",
            "sources[0].helm.values?",
            "sources[0].ref",
            "sources[0].helm.value_files[0]",
            "sources[0].helm.file_parameters[1].path",
            "sources[1]",
        ]
    );
    assert_eq!(paths(model.check_profile(ArgoCd::EksCapability)), ["sources[0].plugin"]);
}

#[test]
fn every_other_attribute_of_an_application_reaches_its_rule() {
    let dry_source = DrySource {
        repo_url: known(""),
        target_revision: known("main"),
        path: known("/"),
        helm: Attr::Known(Helm { version: known("v2"), ..Helm::default() }),
        kustomize: Attr::Known(Kustomize::default()),
        directory: Attr::Known(Directory::default()),
        plugin: Attr::Known(Plugin::default()),
    };
    let hydrator = SourceHydrator {
        dry_source: Attr::Known(dry_source),
        sync_source: Attr::Known(SyncSource {
            target_branch: known(""),
            path: known("."),
            ..SyncSource::default()
        }),
        hydrate_to: Attr::Known(hydrator::HydrateTo { target_branch: known("") }),
    };
    let backoff =
        Backoff { duration: known("soon"), factor: Attr::Known(0), max_duration: known("later") };
    let sync_policy = SyncPolicy {
        sync_options: list(&["CreateNamespace=yes"]),
        retry: Attr::Known(Retry { backoff: Attr::Known(backoff), ..Retry::default() }),
        managed_namespace_metadata: Attr::Known(ManagedNamespaceMetadata::default()),
        ..SyncPolicy::default()
    };
    let annotations =
        BTreeMap::from([("notifications.argoproj.io/subscribe.x".to_owned(), "y".to_owned())]);
    let model = Application {
        metadata: ArgocdMeta {
            common: CommonMeta { annotations: Attr::Known(annotations), ..CommonMeta::default() },
            ..named("shop")
        },
        spec: ApplicationSpec {
            source: Attr::Null,
            source_hydrator: Attr::Known(hydrator),
            destination: Attr::Known(Destination {
                server: known("https://10.0.0.1"),
                name: known("main"),
                namespace: known("A"),
            }),
            sync_policy: Attr::Known(sync_policy),
            ignore_differences: Attr::Known(vec![
                IgnoreDifferences { kind: known("*"), ..IgnoreDifferences::default() },
                IgnoreDifferences {
                    kind: known("Deployment"),
                    json_pointers: list(&["spec"]),
                    jq_path_expressions: list(&[""]),
                    managed_fields_managers: list(&[""]),
                    ..IgnoreDifferences::default()
                },
            ]),
            ..spec()
        },
        ..application()
    };
    assert_eq!(
        told(|diagnostics| model.check(diagnostics)),
        [
            "destination",
            "destination.namespace",
            "source_hydrator.dry_source.repo_url",
            "source_hydrator.dry_source.path",
            "source_hydrator.dry_source",
            "source_hydrator.dry_source.helm.version",
            "source_hydrator.sync_source.target_branch",
            "source_hydrator.hydrate_to.target_branch",
            "source_hydrator.sync_source.path",
            "sync_policy.sync_options[0]?",
            "sync_policy.managed_namespace_metadata?",
            "sync_policy.retry.backoff.duration",
            "sync_policy.retry.backoff.max_duration",
            "sync_policy.retry.backoff.factor",
            "ignore_differences[0]",
            "ignore_differences[1].json_pointers[0]?",
        ]
    );
    assert_eq!(
        paths(model.check_profile(ArgoCd::EksCapability)),
        [
            "destination.server",
            "source_hydrator.dry_source.plugin",
            "annotations[\"notifications.argoproj.io/subscribe.x\"]?",
        ]
    );
}

#[test]
fn every_attribute_of_a_project_reaches_its_rule() {
    let window = || SyncWindow {
        kind: known("allow"),
        schedule: known("0 22 * * *"),
        duration: known("1h"),
        ..SyncWindow::default()
    };
    let role = ProjectRole {
        name: known("a b"),
        policies: list(&["p, nonsense"]),
        groups: list(&["", "x", "x"]),
        ..ProjectRole::default()
    };
    let model = AppProject {
        metadata: named("shop"),
        description: Attr::Known("x".repeat(256)),
        source_repos: list(&["!*"]),
        source_namespaces: list(&["a", "a"]),
        destinations: Attr::Known(vec![
            ProjectDestination { server: known("!*"), namespace: known("a"), name: Attr::Null },
            ProjectDestination {
                name: known("!*"),
                namespace: known("!*"),
                ..ProjectDestination::default()
            },
            ProjectDestination {
                server: known("https://10.0.0.1"),
                ..ProjectDestination::default()
            },
        ]),
        destination_service_accounts: Attr::Known(vec![DestinationServiceAccount {
            server: known("!x"),
            namespace: known("!y"),
            default_service_account: known(" "),
        }]),
        roles: Attr::Known(vec![role]),
        sync_windows: Attr::Known(vec![
            window(),
            SyncWindow {
                applications: list(&["*"]),
                time_zone: known("Nowhere"),
                schedule: known("never"),
                duration: known("long"),
                kind: known("maybe"),
                description: Attr::Known("x".repeat(256)),
                ..window()
            },
        ]),
        ..AppProject::default()
    };
    let told = told(|diagnostics| model.check(diagnostics));
    for path in [
        "description",
        "source_repos[0]",
        "source_namespaces[1]",
        "destinations[0].server",
        "destinations[1].name",
        "destinations[1].namespace",
        "destination_service_accounts[0].server",
        "destination_service_accounts[0].namespace",
        "destination_service_accounts[0].default_service_account",
        "roles[0].name",
        "roles[0].policies[0]",
        "roles[0].groups[0]",
        "roles[0].groups[2]",
        "sync_windows[0]",
        "sync_windows[1].time_zone",
        "sync_windows[1].schedule",
        "sync_windows[1].duration",
        "sync_windows[1].kind",
        "sync_windows[1].description",
    ] {
        assert!(told.iter().any(|told| told == path), "{path} is not in {told:#?}");
    }
    assert_eq!(
        paths(model.check_profile(ArgoCd::EksCapability)),
        ["source_namespaces", "destinations[2].server"]
    );
    assert_eq!(paths(model.check_profile(ArgoCd::SelfManaged)), [""; 0]);
}

#[test]
fn the_namespace_of_a_project_is_the_default_one_unless_it_is_set() {
    let project = |namespace: Attr<String>| AppProject {
        metadata: ArgocdMeta { namespace, ..named("shop") },
        source_namespaces: list(&["argocd"]),
        ..AppProject::default()
    };
    let found = |namespace| project(namespace).check_profile(ArgoCd::EksCapability);
    assert_eq!(paths(found(Attr::Null)), [""; 0]);
    assert_eq!(paths(found(known("other"))), ["source_namespaces"]);
    assert_eq!(paths(found(Attr::Unknown)), [""; 0]);
}

fn cluster(config: ClusterConfig) -> Cluster {
    Cluster {
        metadata: named("main"),
        server: known("https://10.0.0.1:6443"),
        config: Attr::Known(config),
        ..Cluster::default()
    }
}

#[test]
fn every_attribute_of_a_cluster_reaches_its_rule() {
    let secret = || Attr::Known(Secret::from("x"));
    for (config, path) in [
        (ClusterConfig { username: known("a"), ..ClusterConfig::default() }, "config"),
        (ClusterConfig { password: secret(), ..ClusterConfig::default() }, "config"),
        (ClusterConfig { password_wo: secret(), ..ClusterConfig::default() }, "config"),
        (
            ClusterConfig {
                bearer_token_wo: secret(),
                exec_provider_config: Attr::Known(ExecProviderConfig::default()),
                ..ClusterConfig::default()
            },
            "config",
        ),
        (
            ClusterConfig {
                bearer_token: secret(),
                aws_auth_config: Attr::Known(AwsAuthConfig::default()),
                ..ClusterConfig::default()
            },
            "config",
        ),
        (
            ClusterConfig {
                aws_auth_config: Attr::Known(AwsAuthConfig {
                    role_arn: known("role"),
                    ..AwsAuthConfig::default()
                }),
                ..ClusterConfig::default()
            },
            "config.aws_auth_config.role_arn",
        ),
        (
            ClusterConfig { proxy_url: known("proxy"), ..ClusterConfig::default() },
            "config.proxy_url",
        ),
    ] {
        assert_eq!(told(|diagnostics| cluster(config).check(diagnostics)), [path]);
    }
    let pem = || Attr::Known(Pem(String::new()));
    let key = || Attr::Known(PemKey("".into()));
    for (tls, path) in [
        (
            TlsClientConfig {
                insecure: Attr::Known(true),
                ca_data: pem(),
                ..TlsClientConfig::default()
            },
            "config.tls_client_config.insecure",
        ),
        (
            TlsClientConfig { cert_data: pem(), ..TlsClientConfig::default() },
            "config.tls_client_config",
        ),
        (
            TlsClientConfig { key_data_wo: key(), ..TlsClientConfig::default() },
            "config.tls_client_config",
        ),
    ] {
        let config =
            ClusterConfig { tls_client_config: Attr::Known(tls), ..ClusterConfig::default() };
        assert_eq!(told(|diagnostics| cluster(config).check(diagnostics)), [path]);
    }
    let tls = TlsClientConfig {
        cert_data: pem(),
        key_data_wo: key(),
        key_data_wo_version: Attr::Known(1),
        ..TlsClientConfig::default()
    };
    let config = ClusterConfig { tls_client_config: Attr::Known(tls), ..ClusterConfig::default() };
    assert_eq!(told(|diagnostics| cluster(config).check(diagnostics)), [""; 0]);
}

#[test]
fn the_rest_of_a_cluster_reaches_its_rule() {
    let model = Cluster {
        namespaces: list(&["A"]),
        shard: Attr::Known(-1),
        ..cluster(ClusterConfig::default())
    };
    assert_eq!(told(|diagnostics| model.check(diagnostics)), ["namespaces[0]", "shard"]);
    let model =
        Cluster { cluster_resources: Attr::Known(true), ..cluster(ClusterConfig::default()) };
    assert_eq!(told(|diagnostics| model.check(diagnostics)), ["cluster_resources?"]);
    assert_eq!(paths(model.check_profile(ArgoCd::EksCapability)), ["server", "config"]);
    let managed = Cluster { server: known(ARN), config: Attr::Null, ..model };
    assert_eq!(paths(managed.check_profile(ArgoCd::EksCapability)), [""; 0]);
}
