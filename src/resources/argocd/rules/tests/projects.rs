//! Rules of `AppProject`s.

use super::*;

fn base() -> Project<'static> {
    Project { name: "team".into(), namespace: "argocd".into(), ..Project::default() }
}

fn found(with: &Project<'_>) -> Vec<Finding> {
    project(with)
}

fn role(role: ProjectRole<'_>) -> Vec<Finding> {
    project(&Project { roles: vec![role].into(), ..base() })
}

fn policies(policies: &[&'static str]) -> Vec<Finding> {
    role(ProjectRole {
        name: "dev".into(),
        policies: policies.to_vec().into(),
        ..ProjectRole::default()
    })
}

fn window() -> SyncWindow<'static> {
    SyncWindow {
        kind: "allow".into(),
        schedule: "0 22 * * *".into(),
        duration: "1h".into(),
        applications: vec!["*"].into(),
        ..SyncWindow::default()
    }
}

fn windows(windows: Vec<SyncWindow<'_>>) -> Vec<Finding> {
    project(&Project { sync_windows: windows.into(), ..base() })
}

#[test]
fn a_project_with_everything_right_has_no_findings() {
    let everything = Project {
        description: "what the team runs".into(),
        source_repos: vec!["*", "!https://git.example.com/secret"].into(),
        source_namespaces: vec!["argocd", "team-*"].into(),
        destinations: vec![
            ProjectDestination {
                server: ARN.into(),
                namespace: "team-*".into(),
                ..ProjectDestination::default()
            },
            ProjectDestination {
                name: "!prod".into(),
                namespace: "*".into(),
                ..ProjectDestination::default()
            },
            ProjectDestination {
                name: "prod".into(),
                namespace: "*".into(),
                ..ProjectDestination::default()
            },
        ]
        .into(),
        destination_service_accounts: vec![DestinationServiceAccount {
            server: "*".into(),
            namespace: "team-*".into(),
            default_service_account: "ns:deployer".into(),
        }]
        .into(),
        roles: vec![ProjectRole {
            name: "dev".into(),
            policies: vec![
                "p, proj:team:dev, applications, get, team/*, allow",
                "p,proj:team:dev,applications,action/apps/Deployment/restart,team/ns/app-1,deny",
            ]
            .into(),
            groups: vec!["devs", "\"cn=devs,dc=example\""].into(),
        }]
        .into(),
        sync_windows: vec![
            SyncWindow { time_zone: "Europe/Berlin".into(), ..window() },
            SyncWindow { kind: "deny".into(), ..window() },
        ]
        .into(),
        gpg_modes: vec!["strict"].into(),
        ..base()
    };
    assert_eq!(lines(project(&everything)), [""; 0]);
    assert_eq!(lines(project_for(&everything, EksCapability)), [""; 0]);
    assert_eq!(found(&base()), []);
}

#[test]
fn unknown_values_break_no_rule() {
    let unknown = Project {
        name: Attr::Unknown,
        namespace: Attr::Unknown,
        source_namespaces: vec!["a"].into(),
        destinations: vec![ProjectDestination::default(); 2]
            .into_iter()
            .map(|to| ProjectDestination { server: Attr::Unknown, ..to })
            .collect::<Vec<_>>()
            .into(),
        destination_service_accounts: vec![
            DestinationServiceAccount {
                server: "*".into(),
                namespace: Attr::Unknown,
                default_service_account: Attr::Unknown,
            };
            2
        ]
        .into(),
        roles: vec![ProjectRole {
            name: "dev".into(),
            policies: vec!["p, proj:team:dev, applications, get, team/*, allow"].into(),
            ..ProjectRole::default()
        }]
        .into(),
        sync_windows: vec![SyncWindow { schedule: Attr::Unknown, ..window() }; 2].into(),
        ..Project::default()
    };
    assert_eq!(lines(project(&unknown)), [""; 0]);
    assert_eq!(lines(project_for(&unknown, EksCapability)), [""; 0]);
    let later = Project { source_namespaces: Attr::Unknown, ..base() };
    assert_eq!(project_for(&later, EksCapability), []);
}

#[test]
fn under_the_capability_the_namespace_is_a_source_of_applications() {
    let with = |namespaces: Attr<Vec<&'static str>>| {
        project_for(&Project { source_namespaces: namespaces, ..base() }, EksCapability)
    };
    let start =
        "source_namespaces: it must contain the namespace of the EKS capability, \"argocd\"";
    one(with(Attr::Null), start);
    one(with(vec![].into()), start);
    one(with(vec!["other"].into()), start);
    assert_eq!(with(vec!["other", "argocd"].into()), []);
    assert_eq!(with(vec!["argo*"].into()), []);
    assert_eq!(found(&base()), []);
}

#[test]
fn nothing_is_denied_as_a_whole_or_listed_twice() {
    let to = |server: &'static str, name: &'static str, namespace: &'static str| {
        ProjectDestination { server: server.into(), name: name.into(), namespace: namespace.into() }
    };
    for (with, finding) in [
        (
            Project { source_repos: vec!["a", "!*"].into(), ..base() },
            "source_repos[1]: \"!*\" would deny everything",
        ),
        (
            Project { source_repos: vec!["a", "b", "a"].into(), ..base() },
            "source_repos[2]: \"a\" is in the list already",
        ),
        (
            Project { source_namespaces: vec!["a", "a"].into(), ..base() },
            "source_namespaces[1]: \"a\" is in the list already",
        ),
        (
            Project { destinations: vec![to("!*", "", "a")].into(), ..base() },
            "destinations[0].server: \"!*\" would deny everything",
        ),
        (
            Project { destinations: vec![to("", "!*", "a")].into(), ..base() },
            "destinations[0].name: \"!*\" would deny everything",
        ),
        (
            Project { destinations: vec![to("*", "", "!*")].into(), ..base() },
            "destinations[0].namespace: \"!*\" would deny everything",
        ),
        (
            Project { destinations: vec![to("*", "x", "a"), to("*", "y", "a")].into(), ..base() },
            "destinations[1]: it is in the list already",
        ),
        (
            Project { destinations: vec![to("", "", "a")].into(), ..base() },
            "warning destinations[0]: it matches no cluster",
        ),
    ] {
        one(found(&with), finding);
    }
    let distinct = vec![to("", "x", "a"), to("", "y", "a"), to("", "x", "b")];
    assert_eq!(found(&Project { destinations: distinct.into(), ..base() }), []);
}

#[test]
fn destinations_of_the_capability_are_arns_and_patterns() {
    let with = |server: &'static str| {
        let to = ProjectDestination { server: server.into(), ..ProjectDestination::default() };
        let with = Project {
            destinations: vec![to].into(),
            source_namespaces: vec!["argocd"].into(),
            ..base()
        };
        project_for(&with, EksCapability)
    };
    for server in ["*", ARN, "arn:aws:eks:*", "!arn:aws:eks:*:*:cluster/prod"] {
        assert_eq!(with(server), [], "{server}");
    }
    for server in [IN_CLUSTER, "https://*", "!https://kubernetes.default.svc"] {
        one(
            with(server),
            &format!("destinations[0].server: {server:?} is not a cluster to the EKS"),
        );
    }
}

#[test]
fn service_accounts_are_names() {
    let account = |server: &'static str, account: &'static str| DestinationServiceAccount {
        server: server.into(),
        namespace: "a".into(),
        default_service_account: account.into(),
    };
    let with = |accounts: Vec<DestinationServiceAccount<'static>>| {
        found(&Project { destination_service_accounts: accounts.into(), ..base() })
    };
    let at = "destination_service_accounts";
    one(with(vec![account("!a", "x")]), &format!("{at}[0].server: \"!a\" has a \"!\""));
    one(with(vec![account("*", " ")]), &format!("{at}[0].default_service_account: it must not be"));
    one(
        with(vec![account("*", "a/b")]),
        &format!(
            "{at}[0].default_service_account: \"a/b\" is not a service account: it must not have '/'"
        ),
    );
    one(
        with(vec![account("*", "x"), account("*", "y")]),
        &format!("{at}[1]: it is in the list already: one account per server and namespace"),
    );
    assert_eq!(with(vec![account("a", "x"), account("b", "x")]), []);
}

#[test]
fn roles_have_names_of_their_own() {
    let named = |name: &'static str| ProjectRole { name: name.into(), ..ProjectRole::default() };
    for name in ["", "-a", "a-", "a b", "a:b", "ä"] {
        one(role(named(name)), &format!("roles[0].name: {name:?} is not the name of a role"));
    }
    for name in ["a", "read-only_2", "CI"] {
        assert_eq!(role(named(name)), []);
    }
    let twice = Project { roles: vec![named("a"), named("b"), named("a")].into(), ..base() };
    one(found(&twice), "roles[2].name: \"a\" is the name of another role already");
}

#[test]
fn policies_are_about_their_role_and_project() {
    for (policy, why) in [
        ("", "it has the form \"p, proj:PROJECT:ROLE, RESOURCE, ACTION, PROJECT/OBJECT, allow\""),
        ("g, proj:team:dev, applications, get, team/*, allow", "it has the form"),
        ("p, proj:team:dev, applications, get, team/*", "it has the form"),
        (
            "p, proj:team:ops, applications, get, team/*, allow",
            "it is about \"proj:team:ops\" and not \"proj:team:dev\"",
        ),
        ("p, role:dev, applications, get, team/*, allow", "it is about \"role:dev\""),
        (
            "p, proj:team:dev, projects, get, team/*, allow",
            "its resource \"projects\" is not one of: applications, applicationsets, clusters, exec, \
             logs, repositories",
        ),
        (
            "p, proj:team:dev, applications, destroy, team/*, allow",
            "its action \"destroy\" is not one of: *, create, delete, get, override, rollback, sync, \
             update, action/..., update/..., delete/...",
        ),
        (
            "p, proj:team:dev, applications, get, other/*, allow",
            "its object \"other/*\" is not team/NAME or team/NAMESPACE/NAME",
        ),
        ("p, proj:team:dev, applications, get, *, allow", "its object \"*\" is not"),
        ("p, proj:team:dev, applications, get, teammate/*, allow", "its object \"teammate/*\""),
        ("p, proj:team:dev, applications, get, team/a/b/c, allow", "its object \"team/a/b/c\""),
        (
            "p, proj:team:dev, applications, get, team/*, yes",
            "its effect \"yes\" is neither allow nor deny",
        ),
    ] {
        one(
            policies(&[policy]),
            &format!("roles[0].policies[0]: {policy:?} is not a policy: {why}"),
        );
    }
    for policy in [
        "p, proj:team:dev, applications, *, team/*, allow",
        "p, proj:team:dev, applications, delete/*/Pod/*, team/app, allow",
        "p,  proj:team:dev ,logs,get,team/ns/app_1.x-*,deny",
    ] {
        assert_eq!(policies(&[policy]), [], "{policy}");
    }
    let policy = "p, proj:team:dev, exec, create, team/*, deny";
    let found = lines(policies(&[policy, policy]));
    assert_eq!(found, [format!("roles[0].policies[1]: {policy:?} is in the list already")]);
}

#[test]
fn groups_are_names_or_quoted() {
    let with = |groups: &[&'static str]| {
        role(ProjectRole {
            name: "dev".into(),
            groups: groups.to_vec().into(),
            ..ProjectRole::default()
        })
    };
    for (group, why) in [
        ("", "it is empty"),
        ("\"\"", "it is empty"),
        ("cn=a,dc=b", "a name with \",\" must be within double quotes"),
        ("a\tb", "it has a quote, a line break or a tab"),
        ("a\"b", "it has a quote, a line break or a tab"),
        (" a", "it begins or ends with a blank"),
        ("a ", "it begins or ends with a blank"),
    ] {
        one(with(&[group]), &format!("roles[0].groups[0]: {group:?} is not a group: {why}"));
    }
    assert_eq!(with(&["a", "a b", "\"a,b\"", "a:b"]), []);
    one(with(&["a", "a"]), "roles[0].groups[1]: \"a\" is in the list already");
}

#[test]
fn windows_have_a_time_and_something_to_open_for() {
    for (window, finding) in [
        (
            SyncWindow { kind: "Allow".into(), ..window() },
            "sync_windows[0].kind: \"Allow\" is not one of: allow, deny",
        ),
        (
            SyncWindow { schedule: "@daily".into(), ..window() },
            "sync_windows[0].schedule: \"@daily\" is not understood as a cron schedule: write",
        ),
        (
            SyncWindow { schedule: "0 25 * * *".into(), ..window() },
            "sync_windows[0].schedule: \"0 25 * * *\" is not a cron schedule: \"25\" as the hour",
        ),
        (
            SyncWindow { duration: "1d".into(), ..window() },
            "sync_windows[0].duration: \"1d\" is not a duration",
        ),
        (
            SyncWindow { time_zone: "Berlin".into(), ..window() },
            "sync_windows[0].time_zone: \"Berlin\" is not the name of a time zone",
        ),
        (
            SyncWindow { applications: Attr::Null, clusters: vec![].into(), ..window() },
            "sync_windows[0]: it needs one of applications, namespaces and clusters",
        ),
    ] {
        one(windows(vec![window]), finding);
    }
    assert_eq!(windows(vec![SyncWindow { time_zone: "".into(), ..window() }]), []);
    let long = "d".repeat(256);
    let described = SyncWindow { description: long.as_str().into(), ..window() };
    one(windows(vec![described]), "sync_windows[0].description: it has 256 characters");
}

#[test]
fn windows_are_different_ones() {
    let described = SyncWindow { description: "another".into(), ..window() };
    one(
        windows(vec![window(), SyncWindow { duration: "2h".into(), ..window() }, described]),
        "sync_windows[2]: it is the same window as sync_windows[0]",
    );
    let other = SyncWindow { and_operator: true.into(), ..window() };
    assert_eq!(windows(vec![window(), other]), []);
}

#[test]
fn the_rest_of_a_project() {
    let long = "ä".repeat(256);
    one(
        found(&Project { description: long.as_str().into(), ..base() }),
        "description: it has 256 characters, of at most 255",
    );
    one(
        found(&Project { gpg_modes: vec!["head", "loose"].into(), ..base() }),
        "source_integrity.git.policies[1].gpg.mode: \"loose\" is not one of: none, head, strict",
    );
}
