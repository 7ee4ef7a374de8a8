//! Rules of Projects and Warehouses. Those of Stages are beside.

use crate::framework::Severity;

use super::*;

mod stages;

/// Findings as lines, `path: rule`, warnings marked.
fn lines(findings: Vec<Finding>) -> Vec<String> {
    let line = |Finding { path, severity, rule }| match severity {
        Severity::Error => format!("{path}: {rule}"),
        Severity::Warning => format!("warning {path}: {rule}"),
    };
    findings.into_iter().map(line).collect()
}

/// The findings for a warehouse with these subscriptions.
fn found(subscriptions: Vec<Subscription<'_>>) -> Vec<String> {
    let with = Warehouse { subscriptions: subscriptions.into(), ..Warehouse::default() };
    lines(warehouse(&with))
}

fn git(sub: Git<'_>) -> Subscription<'_> {
    Subscription { git: sub.into(), ..Subscription::default() }
}

fn image(sub: Image<'_>) -> Subscription<'_> {
    Subscription { image: sub.into(), ..Subscription::default() }
}

fn chart(sub: Chart<'_>) -> Subscription<'_> {
    Subscription { chart: sub.into(), ..Subscription::default() }
}

const GIT: &str = "https://git.example.com/org/app.git";
const IMAGE: &str = "registry.example.com/org/app";

/// The only finding; its path without the subscription in front.
fn one(sub: Subscription<'_>) -> String {
    let found = found(vec![sub]);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].replace("subscriptions[0].", "")
}

#[test]
fn a_project_is_named_like_a_namespace() {
    assert_eq!(project(&"my-project".into()), []);
    assert_eq!(project(&Attr::Unknown), []);
    for name in ["v.proj", "V-Proj", "", &"p".repeat(64)] {
        let found = lines(project(&name.into()));
        assert_eq!(found.len(), 1, "{name}");
        assert!(found[0].starts_with(&format!("name: {name:?} is not a DNS-1123")), "{found:?}");
    }
}

#[test]
fn a_warehouse_with_everything_right_has_no_findings() {
    let everything = Warehouse {
        interval: "5m0s".into(),
        freight_creation_policy: "Manual".into(),
        criteria_expression: "imageFrom('a').Tag == commitFrom(\"b\").Tag".into(),
        subscriptions: vec![
            git(Git {
                repo_url: GIT.into(),
                commit_selection_strategy: "SemVer".into(),
                semver_constraint: "^1.0 || ~2.1".into(),
                strict_semvers: false.into(),
                allow_tags_regexes: vec!["^v"].into(),
                ignore_tags_regexes: vec!["-rc"].into(),
                expression_filter: "!(tag contains 'x') && len(tag) > 2".into(),
                include_paths: vec!["charts", "glob:**/*.yaml", "regex:^a/"].into(),
                exclude_paths: vec!["regexp:b$"].into(),
                discovery_limit: 100.into(),
                ..Git::default()
            }),
            git(Git {
                repo_url: "https://git.example.com/org/other".into(),
                branch: "release/1.x".into(),
                since: "2026-01-01T00:00:00Z".into(),
                ..Git::default()
            }),
            image(Image {
                repo_url: IMAGE.into(),
                constraint: "^1".into(),
                platform: "linux/arm/v7".into(),
                discovery_limit: 1.into(),
                ..Image::default()
            }),
            image(Image {
                repo_url: "nginx".into(),
                image_selection_strategy: "Digest".into(),
                constraint: "latest".into(),
                ..Image::default()
            }),
            chart(Chart {
                repo_url: "https://charts.example.com".into(),
                name: "app".into(),
                semver_constraint: "1.x".into(),
                ..Chart::default()
            }),
            chart(Chart { repo_url: "oci://ghcr.io/org/chart".into(), ..Chart::default() }),
            Subscription {
                subscription: Generic {
                    name: "feed".into(),
                    subscription_type: "rss".into(),
                    discovery_limit: 20.into(),
                }
                .into(),
                ..Subscription::default()
            },
        ]
        .into(),
    };
    assert_eq!(lines(warehouse(&everything)), [""; 0]);
}

#[test]
fn unknown_values_break_no_rule() {
    let unknown = Warehouse {
        interval: Attr::Unknown,
        freight_creation_policy: Attr::Unknown,
        criteria_expression: Attr::Unknown,
        subscriptions: vec![
            git(Git {
                repo_url: Attr::Unknown,
                commit_selection_strategy: Attr::Unknown,
                branch: "main".into(),
                since: Attr::Unknown,
                semver_constraint: "^1".into(),
                allow_tags_regexes: vec!["a"].into(),
                include_paths: Attr::Unknown,
                discovery_limit: Attr::Unknown,
                allow_tags: Attr::Unknown,
                ..Git::default()
            }),
            image(Image {
                repo_url: Attr::Unknown,
                image_selection_strategy: Attr::Unknown,
                constraint: "what a digest or a constraint would not be".into(),
                ..Image::default()
            }),
            image(Image {
                repo_url: Attr::Unknown,
                image_selection_strategy: "Digest".into(),
                constraint: Attr::Unknown,
                ..Image::default()
            }),
            chart(Chart { repo_url: Attr::Unknown, name: "a".into(), ..Chart::default() }),
            chart(Chart {
                repo_url: "https://charts.example.com".into(),
                name: Attr::Unknown,
                ..Chart::default()
            }),
            Subscription { git: Attr::Unknown, ..Subscription::default() },
        ]
        .into(),
    };
    assert_eq!(lines(warehouse(&unknown)), [""; 0]);
    let all = Warehouse { subscriptions: Attr::Unknown, ..Warehouse::default() };
    assert_eq!(warehouse(&all), []);
}

#[test]
fn a_warehouse_needs_subscriptions_and_a_duration_that_kargo_knows() {
    let wrong = Warehouse {
        interval: "500ms".into(),
        freight_creation_policy: "Never".into(),
        criteria_expression: "commitFrom(".into(),
        subscriptions: vec![].into(),
    };
    assert_eq!(
        lines(warehouse(&wrong)),
        [
            "interval: \"500ms\" is not a duration in hours, minutes and seconds, such as \"1h30m\"",
            "freight_creation_policy: \"Never\" is not one of: Automatic, Manual",
            "freight_creation_criteria.expression: the expression \"commitFrom(\" is broken: a '(' \
             is never closed",
            "subscriptions: a warehouse subscribes to at least one repository",
        ]
    );
}

#[test]
fn criteria_know_the_functions_for_artifacts_only() {
    let with = Warehouse { criteria_expression: "secret('a').b".into(), ..Warehouse::default() };
    assert_eq!(
        lines(warehouse(&with)),
        ["warning freight_creation_criteria.expression: the expression \"secret('a').b\" calls \
          secret(), which is not known here"]
    );
}

#[test]
fn a_subscription_is_exactly_one_kind() {
    let rule = "subscriptions[0]: a subscription is exactly one of git, image, chart and \
                subscription";
    assert_eq!(found(vec![Subscription::default()]), [rule]);
    let both = Subscription {
        git: Git { repo_url: GIT.into(), ..Git::default() }.into(),
        image: Image { repo_url: IMAGE.into(), ..Image::default() }.into(),
        ..Subscription::default()
    };
    assert_eq!(found(vec![both.clone()]), [rule]);
    // One that is known and one that may yet turn out to be null.
    let perhaps = Subscription { image: Attr::Unknown, ..both };
    assert_eq!(found(vec![perhaps]), [""; 0]);
}

#[test]
fn git_subscriptions() {
    let base = || Git { repo_url: GIT.into(), ..Git::default() };
    let tags = || Git { commit_selection_strategy: "NewestTag".into(), ..base() };
    for (sub, finding) in [
        (
            Git { repo_url: "git://git.example.com/a.git".into(), ..base() },
            "git.repo_url: \"git://git.example.com/a.git\" is not the URL of a Git repository",
        ),
        (
            Git { repo_url: "git@git.example.com:org/app.git".into(), ..base() },
            "warning git.repo_url: \"git@git.example.com:org/app.git\" goes by SSH",
        ),
        (
            Git { commit_selection_strategy: "Newest".into(), ..base() },
            "git.commit_selection_strategy: \"Newest\" is not one of: NewestFromBranch, Lexical, \
             NewestTag, SemVer",
        ),
        (
            Git { branch: "feature/".into(), ..base() },
            "git.branch: \"feature/\" is not a branch that Kargo takes",
        ),
        (
            Git { branch: "-x".into(), ..base() },
            "git.branch: \"-x\" is not a branch that Kargo takes",
        ),
        (
            Git { branch: "main".into(), ..tags() },
            "warning git.branch: it has no effect, since commit_selection_strategy is \"NewestTag\"; \
             it belongs to NewestFromBranch",
        ),
        (
            Git { since: "yesterday".into(), ..base() },
            "git.since: \"yesterday\" is not a time of RFC 3339",
        ),
        (
            Git { since: "2026-01-01T00:00:00Z".into(), ..tags() },
            "warning git.since: it has no effect",
        ),
        (
            Git {
                commit_selection_strategy: "SemVer".into(),
                semver_constraint: "not a range".into(),
                ..base()
            },
            "git.semver_constraint: \"not a range\" is not a constraint on versions",
        ),
        (
            Git { semver_constraint: "^1".into(), ..base() },
            "warning git.semver_constraint: it has no effect, since commit_selection_strategy is \
             \"NewestFromBranch\"; it belongs to SemVer",
        ),
        (
            Git { strict_semvers: false.into(), ..tags() },
            "warning git.strict_semvers: it has no effect",
        ),
        (
            Git { allow_tags_regexes: vec!["a", "("].into(), ..tags() },
            "git.allow_tags_regexes[1]: \"(\" is not a regular expression",
        ),
        (
            Git { ignore_tags_regexes: vec!["a(?=b)"].into(), ..tags() },
            "git.ignore_tags_regexes[0]: \"a(?=b)\" is not a regular expression (RE2): look-ahead",
        ),
        (
            Git { allow_tags_regexes: vec!["a"].into(), ..base() },
            "warning git.allow_tags_regexes: it has no effect, since commit_selection_strategy is \
             \"NewestFromBranch\"; it belongs to Lexical, NewestTag, SemVer",
        ),
        (
            Git { allow_tags: "^v".into(), ..tags() },
            "git.allow_tags: Kargo 1.11 and later fail on allow_tags: use allow_tags_regexes",
        ),
        (
            Git { ignore_tags: vec!["a"].into(), ..tags() },
            "git.ignore_tags: Kargo 1.11 and later fail on ignore_tags: use ignore_tags_regexes",
        ),
        (
            Git { expression_filter: "a == [1".into(), ..base() },
            "git.expression_filter: the expression \"a == [1\" is broken: a '[' is never closed",
        ),
        (
            Git { include_paths: vec!["regex:("].into(), ..base() },
            "git.include_paths[0]: \"(\" is not a regular expression",
        ),
        (
            Git { exclude_paths: vec!["a", "glob:["].into(), ..base() },
            "git.exclude_paths[1]: \"[\" is not a glob pattern",
        ),
        (
            Git { discovery_limit: 101.into(), ..base() },
            "git.discovery_limit: 101 is not between 1 and 100",
        ),
        // The API takes 0 and makes 20 of it, which would be a change at every plan.
        (
            Git { discovery_limit: 0.into(), ..base() },
            "git.discovery_limit: 0 is not between 1 and 100",
        ),
    ] {
        let found = one(git(sub.clone()));
        assert!(found.starts_with(finding), "{sub:?}\n{found}\n{finding}");
    }
}

#[test]
fn a_bad_constraint_is_refused_even_where_it_has_no_effect() {
    let sub = Git { repo_url: GIT.into(), semver_constraint: ">>1".into(), ..Git::default() };
    let found = found(vec![git(sub)]);
    assert!(found[0].starts_with("subscriptions[0].git.semver_constraint: \">>1\" is not"));
    assert!(
        found[1].starts_with("warning subscriptions[0].git.semver_constraint: it has no effect")
    );
}

#[test]
fn image_subscriptions() {
    let base = || Image { repo_url: IMAGE.into(), ..Image::default() };
    let by = |strategy| Image { image_selection_strategy: Attr::Known(strategy), ..base() };
    for (sub, finding) in [
        (
            Image { repo_url: "registry.example.com/org/app:1.0".into(), ..base() },
            "image.repo_url: \"registry.example.com/org/app:1.0\" is not an image repository, \
             [host[:port]/]path, without a tag",
        ),
        (by("Newest"), "image.image_selection_strategy: \"Newest\" is not one of: SemVer, Digest"),
        (
            Image { constraint: "latest".into(), ..base() },
            "image.constraint: \"latest\" is not a constraint on versions",
        ),
        (by("Digest"), "image.constraint: the strategy \"Digest\" follows one tag"),
        (
            Image { constraint: "".into(), ..by("Digest") },
            "image.constraint: the strategy \"Digest\" follows one tag",
        ),
        (
            Image { constraint: "^1.0".into(), ..by("Digest") },
            "warning image.constraint: \"^1.0\" is not the name of a tag",
        ),
        (
            Image { constraint: "^1.0".into(), ..by("NewestBuild") },
            "warning image.constraint: it has no effect, since image_selection_strategy is \
             \"NewestBuild\"; it belongs to SemVer, Digest",
        ),
        (
            Image { strict_semvers: false.into(), ..by("Lexical") },
            "warning image.strict_semvers: it has no effect",
        ),
        (
            Image { allow_tags_regexes: vec!["["].into(), ..base() },
            "image.allow_tags_regexes[0]: \"[\" is not a regular expression",
        ),
        (
            Image {
                ignore_tags_regexes: vec!["a"].into(),
                constraint: "latest".into(),
                ..by("Digest")
            },
            "warning image.ignore_tags_regexes: it has no effect",
        ),
        (
            Image { allow_tags: "a".into(), ..base() },
            "image.allow_tags: Kargo 1.11 and later fail on allow_tags: use allow_tags_regexes",
        ),
        (
            Image { semver_constraint: "^1".into(), ..base() },
            "image.semver_constraint: Kargo ignores semver_constraint of an image since 1.9: use \
             constraint",
        ),
        (
            Image { platform: "linux".into(), ..base() },
            "image.platform: \"linux\" is not a platform, OS/ARCHITECTURE or",
        ),
        (
            Image { platform: "linux/".into(), ..base() },
            "image.platform: \"linux/\" is not a platform",
        ),
        (
            Image { platform: "linux/arm/v7/x".into(), ..base() },
            "image.platform: \"linux/arm/v7/x\" is not a platform",
        ),
        (
            Image { discovery_limit: Attr::Known(-1), ..base() },
            "image.discovery_limit: -1 is not between 1 and 100",
        ),
    ] {
        let found = one(image(sub.clone()));
        assert!(found.starts_with(finding), "{sub:?}\n{found}\n{finding}");
    }
}

#[test]
fn chart_subscriptions() {
    let classic = || Chart { repo_url: "https://charts.example.com".into(), ..Chart::default() };
    let oci = || Chart { repo_url: "oci://ghcr.io/org/chart".into(), ..Chart::default() };
    for (sub, finding) in [
        (classic(), "chart.name: a repository of http or https holds many charts: name one"),
        (Chart { name: "".into(), ..classic() }, "chart.name: a repository of http or https"),
        (
            Chart { name: "app".into(), ..oci() },
            "chart.name: an oci repository is itself the chart",
        ),
        (
            Chart { semver_constraint: ">>1".into(), ..oci() },
            "chart.semver_constraint: \">>1\" is not a constraint on versions",
        ),
        (
            Chart { repo_url: "charts.example.com".into(), ..oci() },
            "chart.repo_url: \"charts.example.com\" is not the URL of a chart repository",
        ),
        (
            Chart { discovery_limit: 1000.into(), ..oci() },
            "chart.discovery_limit: 1000 is not between 1 and 100",
        ),
    ] {
        let found = one(chart(sub.clone()));
        assert!(found.starts_with(finding), "{sub:?}\n{found}\n{finding}");
    }
}

#[test]
fn other_subscriptions_have_a_name_and_a_type() {
    let nameless =
        Generic { name: "".into(), subscription_type: "".into(), discovery_limit: 0.into() };
    assert_eq!(
        found(vec![Subscription { subscription: nameless.into(), ..Subscription::default() }]),
        [
            "subscriptions[0].subscription.name: it must not be empty",
            "subscriptions[0].subscription.subscription_type: it must not be empty",
            "subscriptions[0].subscription.discovery_limit: 0 is not between 1 and 100",
        ]
    );
}

#[test]
fn a_repository_is_subscribed_to_once() {
    let of = |url| git(Git { repo_url: Attr::Known(url), ..Git::default() });
    assert_eq!(
        found(vec![
            of(GIT),
            of("https://other.example.com/a"),
            of("https://GIT.example.com/org/app")
        ]),
        ["subscriptions[2].git.repo_url: \"https://git.example.com/org/app\" is subscribed to by \
          subscriptions[0] already, and a warehouse subscribes once to each"]
    );
    let of = |url| image(Image { repo_url: Attr::Known(url), ..Image::default() });
    assert_eq!(
        found(vec![of("nginx"), of("docker.io/library/nginx")]),
        [
            "subscriptions[1].image.repo_url: \"nginx\" is subscribed to by subscriptions[0] already, \
          and a warehouse subscribes once to each"
        ]
    );
    let of = |url, name| {
        chart(Chart { repo_url: Attr::Known(url), name: Attr::Known(name), ..Chart::default() })
    };
    let classic = "https://charts.example.com";
    assert_eq!(found(vec![of(classic, "a"), of(classic, "b")]), [""; 0]);
    assert_eq!(found(vec![of(classic, "a"), of(classic, "a")]).len(), 1);
    // An image and a chart of one name are two things.
    let oci = chart(Chart { repo_url: "oci://ghcr.io/org/app".into(), ..Chart::default() });
    let same = image(Image { repo_url: "ghcr.io/org/app".into(), ..Image::default() });
    assert_eq!(found(vec![oci, same]), [""; 0]);
}
