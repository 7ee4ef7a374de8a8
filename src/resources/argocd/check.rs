//! The models as the rules see them.

mod repository;

use super::app_project::{self, AppProject};
use super::application::hydrator::{self, DrySource};
use super::application::{
    self, Application, ApplicationSpec, helm, image_updater, source, sync_policy,
};
use super::cluster::{self, Cluster};
use super::{NAMESPACE, rules, subscriptions};
use crate::framework::checks::{Finding, Findings};
use crate::framework::{Attr, Diagnostics, Path};
use crate::provider::ArgoCd;
use crate::resources::findings::{each, presence, report, text, texts};

impl Application {
    /// Checks the rules that go beyond single attributes.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        report(rules::application(&self.view()), diagnostics);
        let (annotations, mut findings) = (self.view().annotations, Findings::default());
        subscriptions::check(&self.notifications, &annotations, &mut findings);
        image_updater::check(&self.image_updater, &annotations, &mut findings);
        report(findings.into_vec(), diagnostics);
    }

    /// What this Argo CD does not support of it.
    pub(super) fn check_profile(&self, argo_cd: ArgoCd) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.extend(rules::application_for(&self.view(), argo_cd));
        unheard(&self.notifications, argo_cd, &mut findings);
        findings.into_vec()
    }

    fn view(&self) -> rules::Application<'_> {
        let annotations = self.metadata.common.annotations.as_ref();
        rules::Application {
            annotations: annotations.map(|map| map.keys().map(String::as_str).collect()),
            ..self.spec.view()
        }
    }
}

impl ApplicationSpec {
    /// What the rules look at in it.
    pub(super) fn view(&self) -> rules::Application<'_> {
        rules::Application {
            // They stand beside it.
            annotations: Attr::Null,
            destination: self.destination.as_ref().map(destination),
            source: self.source.as_ref().map(one_source),
            sources: each(&self.sources, one_source),
            source_hydrator: self.source_hydrator.as_ref().map(source_hydrator),
            sync_policy: self.sync_policy.as_ref().map(one_sync_policy),
            ignore_differences: each(&self.ignore_differences, |entry| rules::IgnoreDifference {
                kind: text(&entry.kind),
                json_pointers: texts(&entry.json_pointers),
                jq_path_expressions: texts(&entry.jq_path_expressions),
                managed_fields_managers: texts(&entry.managed_fields_managers),
            }),
        }
    }
}

/// Nobody hears of anything where no controller tells them.
fn unheard(
    notifications: &Attr<Vec<subscriptions::Subscription>>,
    argo_cd: ArgoCd,
    findings: &mut Findings,
) {
    if argo_cd == ArgoCd::EksCapability && notifications.known().is_some_and(|it| !it.is_empty()) {
        findings.warn(
            Path::attribute("notifications"),
            "it has no effect by itself: the EKS capability runs no notifications controller",
        );
    }
}

fn destination(to: &application::Destination) -> rules::Destination<'_> {
    rules::Destination {
        server: text(&to.server),
        name: text(&to.name),
        namespace: text(&to.namespace),
    }
}

fn one_source(source: &source::Source) -> rules::Source<'_> {
    rules::Source {
        repo_url: text(&source.repo_url),
        path: text(&source.path),
        chart: text(&source.chart),
        target_revision: text(&source.target_revision),
        reference: text(&source.r#ref),
        name: text(&source.name),
        helm: source.helm.as_ref().map(one_helm),
        kustomize: presence(&source.kustomize),
        directory: presence(&source.directory),
        plugin: presence(&source.plugin),
    }
}

fn dry_source(source: &DrySource) -> rules::Source<'_> {
    rules::Source {
        repo_url: text(&source.repo_url),
        path: text(&source.path),
        target_revision: text(&source.target_revision),
        helm: source.helm.as_ref().map(one_helm),
        kustomize: presence(&source.kustomize),
        directory: presence(&source.directory),
        plugin: presence(&source.plugin),
        // Only a repository of Git is hydrated, and only one at a time.
        chart: Attr::Null,
        reference: Attr::Null,
        name: Attr::Null,
    }
}

fn one_helm(helm: &helm::Helm) -> rules::Helm<'_> {
    rules::Helm {
        version: text(&helm.version),
        release_name: text(&helm.release_name),
        values: text(&helm.values),
        values_object: presence(&helm.values_object),
        value_files: texts(&helm.value_files),
        // A path that is not known yet names no file, and keeps its place.
        file_parameters: each(&helm.file_parameters, |parameter| {
            parameter.path.as_str().unwrap_or_default()
        }),
    }
}

fn source_hydrator(hydrator: &hydrator::SourceHydrator) -> rules::SourceHydrator<'_> {
    let sync = hydrator.sync_source.as_ref();
    let hydrate_to = hydrator.hydrate_to.as_ref();
    rules::SourceHydrator {
        dry_source: hydrator.dry_source.as_ref().map(dry_source),
        sync_branch: sync.clone().and_then(|sync| text(&sync.target_branch)),
        sync_path: sync.and_then(|sync| text(&sync.path)),
        hydrate_to_branch: hydrate_to.and_then(|to| text(&to.target_branch)),
    }
}

fn one_sync_policy(policy: &sync_policy::SyncPolicy) -> rules::SyncPolicy<'_> {
    let backoff = policy.retry.as_ref().and_then(|retry| retry.backoff.as_ref());
    rules::SyncPolicy {
        sync_options: texts(&policy.sync_options),
        backoff: backoff.map(|backoff| rules::Backoff {
            duration: text(&backoff.duration),
            factor: backoff.factor.clone(),
            max_duration: text(&backoff.max_duration),
        }),
        managed_namespace_metadata: presence(&policy.managed_namespace_metadata),
    }
}

impl AppProject {
    /// Checks the rules that go beyond single attributes.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        report(rules::project(&self.view()), diagnostics);
        let annotations = self.metadata.common.annotations.as_ref();
        let annotations = annotations.map(|map| map.keys().map(String::as_str).collect());
        let mut findings = Findings::default();
        subscriptions::check(&self.notifications, &annotations, &mut findings);
        report(findings.into_vec(), diagnostics);
    }

    /// What this Argo CD does not support of it.
    pub(super) fn check_profile(&self, argo_cd: ArgoCd) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.extend(rules::project_for(&self.view(), argo_cd));
        unheard(&self.notifications, argo_cd, &mut findings);
        findings.into_vec()
    }

    fn view(&self) -> rules::Project<'_> {
        rules::Project {
            name: text(&self.metadata.name),
            // A configuration does not have its defaults yet.
            namespace: match text(&self.metadata.namespace) {
                Attr::Null => Attr::Known(NAMESPACE),
                set => set,
            },
            description: text(&self.description),
            source_repos: texts(&self.source_repos),
            source_namespaces: texts(&self.source_namespaces),
            destinations: each(&self.destinations, |to| rules::ProjectDestination {
                server: text(&to.server),
                name: text(&to.name),
                namespace: text(&to.namespace),
            }),
            destination_service_accounts: each(&self.destination_service_accounts, |account| {
                rules::DestinationServiceAccount {
                    server: text(&account.server),
                    namespace: text(&account.namespace),
                    default_service_account: text(&account.default_service_account),
                }
            }),
            roles: each(&self.roles, |role| rules::ProjectRole {
                name: text(&role.name),
                policies: texts(&role.policies),
                groups: texts(&role.groups),
            }),
            sync_windows: each(&self.sync_windows, sync_window),
            // The schema has the modes.
            gpg_modes: Attr::Null,
        }
    }
}

fn sync_window(window: &app_project::SyncWindow) -> rules::SyncWindow<'_> {
    rules::SyncWindow {
        kind: text(&window.kind),
        schedule: text(&window.schedule),
        duration: text(&window.duration),
        time_zone: text(&window.time_zone),
        description: text(&window.description),
        applications: texts(&window.applications),
        namespaces: texts(&window.namespaces),
        clusters: texts(&window.clusters),
        and_operator: window.and_operator.clone(),
    }
}

impl Cluster {
    /// Checks the rules that go beyond single attributes.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        report(rules::cluster(&self.view()), diagnostics);
    }

    /// What this Argo CD does not support of it.
    pub(super) fn check_profile(&self, argo_cd: ArgoCd) -> Vec<Finding> {
        rules::cluster_for(&self.view(), argo_cd)
    }

    fn view(&self) -> rules::Cluster<'_> {
        rules::Cluster {
            name: text(&self.metadata.name),
            server: text(&self.server),
            namespaces: texts(&self.namespaces),
            cluster_resources: self.cluster_resources.clone(),
            shard: self.shard.clone(),
            config: self.config.as_ref().map(config),
        }
    }
}

fn config(config: &cluster::ClusterConfig) -> rules::ClusterConfig<'_> {
    rules::ClusterConfig {
        username: presence(&config.username),
        password: either(&config.password, &config.password_wo),
        bearer_token: either(&config.bearer_token, &config.bearer_token_wo),
        aws_auth_config: config
            .aws_auth_config
            .as_ref()
            .map(|aws| rules::AwsAuthConfig { role_arn: text(&aws.role_arn) }),
        exec_provider_config: presence(&config.exec_provider_config),
        tls_client_config: config.tls_client_config.as_ref().map(|tls| rules::TlsClientConfig {
            insecure: tls.insecure.clone(),
            ca_data: presence(&tls.ca_data),
            cert_data: presence(&tls.cert_data),
            key_data: either(&tls.key_data, &tls.key_data_wo),
        }),
        proxy_url: text(&config.proxy_url),
    }
}

/// Whether a secret is there in one of its forms.
fn either<T>(plain: &Attr<T>, write_only: &Attr<T>) -> Attr<()> {
    match presence(plain) {
        Attr::Null => presence(write_only),
        there => there,
    }
}

#[cfg(test)]
mod tests;
