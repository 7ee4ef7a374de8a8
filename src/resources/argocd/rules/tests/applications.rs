//! Rules of Applications.

use super::*;

/// An application with nothing wrong, to be changed.
fn sound() -> Application<'static> {
    Application {
        destination: Destination {
            name: "in-cluster".into(),
            namespace: "guestbook".into(),
            ..Destination::default()
        }
        .into(),
        source: git("guestbook").into(),
        ..Application::default()
    }
}

fn git(path: &str) -> Source<'_> {
    Source {
        repo_url: "https://git.example.com/org/app.git".into(),
        path: path.into(),
        ..Source::default()
    }
}

fn chart() -> Source<'static> {
    Source {
        repo_url: "https://charts.example.com".into(),
        chart: "app".into(),
        target_revision: "1.x".into(),
        ..Source::default()
    }
}

/// A source that only holds files for others.
fn files(reference: &str) -> Source<'_> {
    Source { reference: reference.into(), path: Attr::Null, ..git("") }
}

fn with_source(source: Source<'_>) -> Vec<Finding> {
    application(&Application { source: source.into(), ..sound() })
}

fn with_sources(sources: Vec<Source<'_>>) -> Vec<Finding> {
    let with = Application { source: Attr::Null, sources: sources.into(), ..sound() };
    application(&with)
}

fn with_policy(policy: SyncPolicy<'_>) -> Vec<Finding> {
    application(&Application { sync_policy: policy.into(), ..sound() })
}

#[test]
fn applications_with_everything_right_have_no_findings() {
    let helm = Helm {
        version: "v3".into(),
        release_name: "app".into(),
        value_files: vec!["values.yaml", "$values/app.yaml"].into(),
        file_parameters: vec!["$values/a/b.txt"].into(),
        values_object: ().into(),
        ..Helm::default()
    };
    let several = Application {
        annotations: vec!["notifications.argoproj.io/subscribe.a.b"].into(),
        source: Attr::Null,
        sources: vec![
            Source { helm: helm.into(), name: "app".into(), ..chart() },
            files("values"),
            Source { reference: "both-1_a".into(), kustomize: ().into(), ..git(".") },
        ]
        .into(),
        sync_policy: SyncPolicy {
            sync_options: vec!["CreateNamespace=true", "PrunePropagationPolicy=orphan"].into(),
            managed_namespace_metadata: ().into(),
            backoff: Backoff { duration: "5".into(), factor: 2.into(), max_duration: "3m".into() }
                .into(),
        }
        .into(),
        ignore_differences: vec![IgnoreDifference {
            kind: "*".into(),
            json_pointers: vec!["/spec/replicas"].into(),
            ..IgnoreDifference::default()
        }]
        .into(),
        ..sound()
    };
    let hydrated = Application {
        source: Attr::Null,
        source_hydrator: SourceHydrator {
            dry_source: git("app").into(),
            sync_branch: "env/prod".into(),
            sync_path: "app".into(),
            hydrate_to_branch: "env/prod-next".into(),
        }
        .into(),
        ..sound()
    };
    for app in [sound(), several, hydrated] {
        assert_eq!(lines(application(&app)), [""; 0]);
    }
}

#[test]
fn unknown_values_break_no_rule() {
    let unknown = Application {
        annotations: Attr::Unknown,
        destination: Destination {
            server: Attr::Unknown,
            name: "a".into(),
            namespace: Attr::Unknown,
        }
        .into(),
        source: Source { chart: Attr::Unknown, path: Attr::Unknown, ..Source::default() }.into(),
        sources: Attr::Unknown,
        source_hydrator: Attr::Unknown,
        sync_policy: SyncPolicy {
            sync_options: Attr::Unknown,
            managed_namespace_metadata: ().into(),
            backoff: Attr::Unknown,
        }
        .into(),
        ignore_differences: vec![IgnoreDifference {
            kind: Attr::Unknown,
            json_pointers: Attr::Unknown,
            ..IgnoreDifference::default()
        }]
        .into(),
    };
    assert_eq!(lines(application(&unknown)), [""; 0]);
    for argo_cd in [EksCapability, SelfManaged] {
        assert_eq!(lines(application_for(&unknown, argo_cd)), [""; 0]);
    }
    let helm = Helm { value_files: vec!["$values/a.yaml"].into(), ..Helm::default() };
    let sources = vec![
        Source { helm: helm.into(), ..chart() },
        Source { reference: Attr::Unknown, ..git("a") },
    ];
    assert_eq!(lines(with_sources(sources)), [""; 0]);
}

#[test]
fn an_application_has_one_kind_of_source() {
    let both = Application { sources: vec![git("a")].into(), ..sound() };
    one(
        application(&both),
        "source: it is ignored when sources is set: an application has one of the two",
    );
    let all = Application {
        source_hydrator: SourceHydrator::default().into(),
        sources: vec![git("a")].into(),
        ..sound()
    };
    assert_eq!(
        lines(application(&all)),
        ["sources", "source"].map(|name| format!(
            "{name}: it is ignored when source_hydrator is set: an application has one of the two"
        ))
    );
    let none = Application { source: Attr::Null, ..sound() };
    one(application(&none), ": an application needs one of source, sources and source_hydrator");
    // An empty list is no source, and takes nothing from another.
    let empty = Application { sources: vec![].into(), ..sound() };
    assert_eq!(application(&empty), []);
    one(application(&Application { source: Attr::Null, ..empty }), ": an application needs");
}

#[test]
fn a_destination_is_one_cluster() {
    let to = |server, name| Application {
        destination: Destination { server, name, namespace: Attr::Null }.into(),
        ..sound()
    };
    one(
        application(&to(URL.into(), "a".into())),
        "destination: it has both server and name: keep the one",
    );
    for (server, name) in [(Attr::Null, Attr::Null), ("".into(), Attr::Null)] {
        one(
            application(&to(server, name)),
            "destination: it needs the server or the name of a cluster",
        );
    }
    // An empty text is none.
    assert_eq!(application(&to(URL.into(), "".into())), []);
    let bad = Destination { namespace: "A_b".into(), name: "a".into(), ..Destination::default() };
    one(
        application(&Application { destination: bad.into(), ..sound() }),
        "destination.namespace: as the name of a namespace, \"A_b\" is not",
    );
}

#[test]
fn a_destination_of_the_capability_is_an_arn_or_a_name() {
    let to = |server| Application {
        destination: Destination { server: Attr::Known(server), ..Destination::default() }.into(),
        ..sound()
    };
    assert_eq!(application_for(&to(ARN), EksCapability), []);
    assert_eq!(application_for(&sound(), EksCapability), []);
    one(
        application_for(&to(IN_CLUSTER), EksCapability),
        "destination.server: \"https://kubernetes.default.svc\" is not a cluster to the EKS \
         capability, which runs outside of it: give the ARN of the EKS cluster, or the name that \
         it is registered under",
    );
    one(application_for(&to(URL), EksCapability), "destination.server: \"https://10.0.0.1:6443\"");
    one(application_for(&to(ARN), SelfManaged), "destination.server: \"arn:aws:eks:");
}

#[test]
fn sources_of_any_kind() {
    let helm = |helm: Helm<'static>| Source { helm: helm.into(), ..git("a") };
    for (source, finding) in [
        (Source { repo_url: "".into(), ..git("a") }, "source.repo_url: it must not be empty"),
        (Source { path: Attr::Null, ..git("") }, "source: it needs one of path and chart"),
        (git(""), "source: it needs one of path and chart"),
        (
            Source { target_revision: Attr::Null, ..chart() },
            "source.target_revision: it is required with chart",
        ),
        (
            Source { target_revision: "".into(), ..chart() },
            "source.target_revision: it is required with chart",
        ),
        (
            Source { path: "a".into(), ..chart() },
            "warning source.path: it has no effect beside chart",
        ),
        (git("/a"), "source.path: \"/a\" is absolute"),
        (git("a/../../b"), "source.path: \"a/../../b\" leads out of the repository"),
        (
            Source { reference: "a".into(), ..git("a") },
            "warning source.ref: it has no effect: it tells the elements of sources apart",
        ),
        (
            Source { name: "a".into(), ..git("a") },
            "warning source.name: it has no effect: it tells the elements of sources apart",
        ),
        (
            Source { kustomize: ().into(), directory: ().into(), ..git("a") },
            "source: it has kustomize and directory: a source is rendered by one of",
        ),
        (
            helm(Helm { version: "v2".into(), ..Helm::default() }),
            "source.helm.version: \"v2\" is not one of: v3",
        ),
        (
            helm(Helm { release_name: "My App".into(), ..Helm::default() }),
            "source.helm.release_name: \"My App\" is not a DNS-1123 subdomain",
        ),
        (
            helm(Helm {
                release_name: "a23456789012345678901234567890123456789012345678901234".into(),
                ..Helm::default()
            }),
            "source.helm.release_name: \"a23456789012345678901234567890123456789012345678901234\" \
             has 54 characters; a release has at most 53",
        ),
        (
            helm(Helm { values: "a: b".into(), values_object: ().into(), ..Helm::default() }),
            "warning source.helm.values: it is ignored when values_object is set",
        ),
    ] {
        one(with_source(source), finding);
    }
    for source in [git("."), git("./a/../b//c"), Source { plugin: ().into(), ..git("a") }] {
        assert_eq!(lines(with_source(source)), [""; 0]);
    }
    // With one source only, `$` begins the name of a variable.
    let env = helm(Helm { value_files: vec!["$ARGOCD_APP_NAME.yaml"].into(), ..Helm::default() });
    assert_eq!(with_source(env), []);
}

#[test]
fn the_capability_runs_no_plugins() {
    let with = Application { source: Source { plugin: ().into(), ..git("a") }.into(), ..sound() };
    one(
        application_for(&with, EksCapability),
        "source.plugin: the EKS capability runs no config management plugins",
    );
    let several = Application {
        source: Attr::Null,
        sources: vec![git("a"), Source { plugin: ().into(), ..git("b") }].into(),
        ..sound()
    };
    one(application_for(&several, EksCapability), "sources[1].plugin: the EKS capability");
    let hydrated = Application {
        source: Attr::Null,
        source_hydrator: SourceHydrator {
            dry_source: Source { plugin: ().into(), ..git("a") }.into(),
            ..SourceHydrator::default()
        }
        .into(),
        ..sound()
    };
    one(application_for(&hydrated, EksCapability), "source_hydrator.dry_source.plugin: the EKS");
    assert_eq!(application_for(&several, SelfManaged), []);
}

#[test]
fn several_sources_are_told_apart() {
    one(
        with_sources(vec![files("a"), git("x"), files("a")]),
        "sources[2].ref: \"a\" is the ref of sources[0] already",
    );
    let named = |path, name| Source { name: Attr::Known(name), ..git(path) };
    one(
        with_sources(vec![named("x", "a"), named("y", "a")]),
        "sources[1].name: \"a\" is the name of sources[0] already",
    );
    one(with_sources(vec![files("a.b")]), "sources[0].ref: \"a.b\" is not a ref: letters");
    one(
        with_sources(vec![git("a"), Source { path: Attr::Null, ..git("") }]),
        "sources[1]: it needs one of path, chart and ref",
    );
    assert_eq!(with_sources(vec![named("x", ""), named("y", "")]), []);
}

#[test]
fn files_of_other_sources_are_files_of_a_ref() {
    let helm = Helm {
        value_files: vec!["a.yaml", "$values/a.yaml", "$other/b.yaml"].into(),
        file_parameters: vec!["$nobody/c"].into(),
        ..Helm::default()
    };
    let found = lines(with_sources(vec![Source { helm: helm.into(), ..chart() }, files("values")]));
    assert_eq!(
        found,
        [
            "sources[0].helm.value_files[2]: \"$other/b.yaml\" is a file of ref \"other\", which no \
             source has",
            "sources[0].helm.file_parameters[0].path: \"$nobody/c\" is a file of ref \"nobody\", \
             which no source has",
        ]
    );
}

#[test]
fn hydrated_manifests_have_a_place_of_their_own() {
    let base = || SourceHydrator {
        dry_source: git("a").into(),
        sync_branch: "env/prod".into(),
        sync_path: "a".into(),
        ..SourceHydrator::default()
    };
    let with = |hydrator: SourceHydrator<'_>| {
        let with = Application { source: Attr::Null, source_hydrator: hydrator.into(), ..sound() };
        lines(application(&with))
    };
    assert_eq!(with(base()), [""; 0]);
    for path in ["", ".", "/"] {
        let rule = "is not a folder of its own, which hydrated manifests need";
        assert_eq!(
            with(SourceHydrator { sync_path: path.into(), ..base() }),
            [format!("source_hydrator.sync_source.path: {path:?} {rule}")]
        );
    }
    assert_eq!(
        with(SourceHydrator {
            dry_source: git("/a").into(),
            sync_branch: "".into(),
            hydrate_to_branch: "".into(),
            ..base()
        })
        .iter()
        .map(|line| line.split(':').next().unwrap())
        .collect::<Vec<_>>(),
        [
            "source_hydrator.dry_source.path",
            "source_hydrator.sync_source.target_branch",
            "source_hydrator.hydrate_to.target_branch",
        ]
    );
}

#[test]
fn a_sync_option_that_is_not_known_is_only_warned_of() {
    let policy = SyncPolicy {
        sync_options: vec![
            "CreateNamespace=true",
            "CreateNamespace=True",
            "createNamespace=true",
            "PrunePropagationPolicy=foregroud",
            "Turbo=true",
            "Prune",
            "Prune=confirm",
        ]
        .into(),
        ..SyncPolicy::default()
    };
    let namespace =
        "is not a sync option: it is one of CreateNamespace=true, CreateNamespace=false";
    assert_eq!(
        lines(with_policy(policy)),
        [
            format!("warning sync_policy.sync_options[1]: \"CreateNamespace=True\" {namespace}"),
            format!("warning sync_policy.sync_options[2]: \"createNamespace=true\" {namespace}"),
            "warning sync_policy.sync_options[3]: \"PrunePropagationPolicy=foregroud\" is not a sync \
             option: it is one of PrunePropagationPolicy=foreground, \
             PrunePropagationPolicy=background, PrunePropagationPolicy=orphan"
                .to_owned(),
            "warning sync_policy.sync_options[4]: \"Turbo=true\" is not a sync option that is known \
             here"
                .to_owned(),
            "warning sync_policy.sync_options[5]: \"Prune\" is not a sync option: it is one of \
             Prune=true, Prune=false, Prune=confirm"
                .to_owned(),
        ]
    );
}

#[test]
fn metadata_of_a_namespace_needs_the_namespace_to_be_made() {
    let with = |options: Attr<Vec<&'static str>>| {
        with_policy(SyncPolicy {
            managed_namespace_metadata: ().into(),
            sync_options: options,
            ..SyncPolicy::default()
        })
    };
    let start = "warning sync_policy.managed_namespace_metadata: it has no effect without the sync";
    one(with(Attr::Null), start);
    one(with(vec!["CreateNamespace=false"].into()), start);
    assert_eq!(with(vec!["CreateNamespace=true"].into()), []);
}

#[test]
fn retries_wait_for_some_time() {
    let with = |backoff: Backoff<'_>| {
        with_policy(SyncPolicy { backoff: backoff.into(), ..SyncPolicy::default() })
    };
    for text in ["5", "5s", "1m30s", ""] {
        let backoff =
            Backoff { duration: text.into(), max_duration: text.into(), ..Backoff::default() };
        assert_eq!(with(backoff), []);
    }
    let at = "sync_policy.retry.backoff";
    one(
        with(Backoff { duration: "5 s".into(), ..Backoff::default() }),
        &format!("{at}.duration: \"5 s\" is not a duration"),
    );
    one(
        with(Backoff { max_duration: "3d".into(), ..Backoff::default() }),
        &format!("{at}.max_duration: \"3d\" is not a duration"),
    );
    one(
        with(Backoff { factor: 0.into(), ..Backoff::default() }),
        &format!("{at}.factor: 0 is not above 0"),
    );
}

#[test]
fn what_is_ignored_is_said() {
    let with = |entry: IgnoreDifference<'_>| {
        lines(application(&Application { ignore_differences: vec![entry].into(), ..sound() }))
    };
    let base = || IgnoreDifference { kind: "Deployment".into(), ..IgnoreDifference::default() };
    let rule = "ignore_differences[0]: it needs one of json_pointers, jq_path_expressions and \
                managed_fields_managers";
    assert_eq!(with(base()), [rule]);
    assert_eq!(with(IgnoreDifference { json_pointers: vec![].into(), ..base() }), [rule]);
    for entry in [
        IgnoreDifference { json_pointers: vec!["/spec/a~1b"].into(), ..base() },
        IgnoreDifference { jq_path_expressions: vec![".spec.a"].into(), ..base() },
        IgnoreDifference { managed_fields_managers: vec!["hpa"].into(), ..base() },
    ] {
        assert_eq!(with(entry), [""; 0]);
    }
    assert_eq!(
        with(IgnoreDifference {
            kind: "".into(),
            json_pointers: vec!["/a", "spec.replicas"].into(),
            ..base()
        }),
        [
            "ignore_differences[0].kind: it must not be empty; \"*\" is every kind",
            "warning ignore_differences[0].json_pointers[1]: \"spec.replicas\" points to nothing: a \
             JSON pointer begins with \"/\"",
        ]
    );
}

#[test]
fn the_capability_sends_no_notifications() {
    let with = Application {
        annotations: vec!["a", "notifications.argoproj.io/subscribe.on-sync-failed.slack"].into(),
        ..sound()
    };
    one(
        application_for(&with, EksCapability),
        "warning annotations[\"notifications.argoproj.io/subscribe.on-sync-failed.slack\"]: it has \
         no effect: the EKS capability runs no notifications controller",
    );
    assert_eq!(application_for(&with, SelfManaged), []);
}
