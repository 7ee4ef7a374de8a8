//! Subscriptions of a Warehouse.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::expression::{self, FILTER_FUNCTIONS};
use super::repository::{normal_chart, normal_git, normal_image};
use crate::framework::checks::{
    Findings, chart_repo_url, git_url, image_repo, kargo_pattern, regex, rfc3339, semver_constraint,
};
use crate::framework::{Attr, Path};

/// An element of `subscriptions`: one of its attributes is set.
#[derive(Clone, Debug, Default)]
pub struct Subscription<'a> {
    /// `git`.
    pub git: Attr<Git<'a>>,
    /// `image`.
    pub image: Attr<Image<'a>>,
    /// `chart`.
    pub chart: Attr<Chart<'a>>,
    /// `subscription`.
    pub subscription: Attr<Generic<'a>>,
}

/// A Git repository.
#[derive(Clone, Debug, Default)]
pub struct Git<'a> {
    /// `repo_url`.
    pub repo_url: Attr<&'a str>,
    /// `commit_selection_strategy`; `NewestFromBranch` when null.
    pub commit_selection_strategy: Attr<&'a str>,
    /// `branch`.
    pub branch: Attr<&'a str>,
    /// `since`.
    pub since: Attr<&'a str>,
    /// `semver_constraint`.
    pub semver_constraint: Attr<&'a str>,
    /// `strict_semvers`.
    pub strict_semvers: Attr<bool>,
    /// `allow_tags_regexes`.
    pub allow_tags_regexes: Attr<Vec<&'a str>>,
    /// `ignore_tags_regexes`.
    pub ignore_tags_regexes: Attr<Vec<&'a str>>,
    /// `expression_filter`.
    pub expression_filter: Attr<&'a str>,
    /// `include_paths`.
    pub include_paths: Attr<Vec<&'a str>>,
    /// `exclude_paths`.
    pub exclude_paths: Attr<Vec<&'a str>>,
    /// `discovery_limit`.
    pub discovery_limit: Attr<i64>,
    /// `allow_tags`, of Kargo before 1.11.
    pub allow_tags: Attr<&'a str>,
    /// `ignore_tags`, of Kargo before 1.11.
    pub ignore_tags: Attr<Vec<&'a str>>,
}

/// A repository of container images.
#[derive(Clone, Debug, Default)]
pub struct Image<'a> {
    /// `repo_url`.
    pub repo_url: Attr<&'a str>,
    /// `image_selection_strategy`; `SemVer` when null.
    pub image_selection_strategy: Attr<&'a str>,
    /// `constraint`.
    pub constraint: Attr<&'a str>,
    /// `strict_semvers`.
    pub strict_semvers: Attr<bool>,
    /// `allow_tags_regexes`.
    pub allow_tags_regexes: Attr<Vec<&'a str>>,
    /// `ignore_tags_regexes`.
    pub ignore_tags_regexes: Attr<Vec<&'a str>>,
    /// `platform`.
    pub platform: Attr<&'a str>,
    /// `discovery_limit`.
    pub discovery_limit: Attr<i64>,
    /// `allow_tags`, of Kargo before 1.11.
    pub allow_tags: Attr<&'a str>,
    /// `ignore_tags`, of Kargo before 1.11.
    pub ignore_tags: Attr<Vec<&'a str>>,
    /// `semver_constraint`, of Kargo before 1.9.
    pub semver_constraint: Attr<&'a str>,
}

/// A repository of Helm charts.
#[derive(Clone, Debug, Default)]
pub struct Chart<'a> {
    /// `repo_url`.
    pub repo_url: Attr<&'a str>,
    /// `name`.
    pub name: Attr<&'a str>,
    /// `semver_constraint`.
    pub semver_constraint: Attr<&'a str>,
    /// `discovery_limit`.
    pub discovery_limit: Attr<i64>,
}

/// A subscription of a type that an edition of Kargo adds.
#[derive(Clone, Debug, Default)]
pub struct Generic<'a> {
    /// `name`.
    pub name: Attr<&'a str>,
    /// `subscription_type`.
    pub subscription_type: Attr<&'a str>,
    /// `discovery_limit`.
    pub discovery_limit: Attr<i64>,
}

/// Rules for all subscriptions, each by itself and together.
pub(super) fn all(subscriptions: &[Subscription<'_>], path: &Path, findings: &mut Findings) {
    let mut seen: HashMap<(&str, String), Path> = HashMap::new();
    for (index, subscription) in subscriptions.iter().enumerate() {
        let path = path.index(index);
        exactly_one(subscription, &path, findings);
        if let Attr::Known(sub) = &subscription.git {
            git(sub, &path.field("git"), findings);
        }
        if let Attr::Known(sub) = &subscription.image {
            image(sub, &path.field("image"), findings);
        }
        if let Attr::Known(sub) = &subscription.chart {
            chart(sub, &path.field("chart"), findings);
        }
        if let Attr::Known(sub) = &subscription.subscription {
            generic(sub, &path.field("subscription"), findings);
        }
        let Some((kind, attribute, identity)) = subscription.identity() else { continue };
        match seen.entry((kind, identity)) {
            Entry::Vacant(entry) => drop(entry.insert(path)),
            // Admission lets doubles pass; then no Freight can be made of them.
            Entry::Occupied(entry) => findings.error(
                path.field(kind).field(attribute),
                format!(
                    "{:?} is subscribed to by {} already, and a warehouse subscribes once to each",
                    entry.key().1,
                    entry.get()
                ),
            ),
        }
    }
}

impl Subscription<'_> {
    /// What a warehouse may hold only once: its kind, the attribute that says
    /// which, and the repository in normal form. `None` while that is unknown.
    fn identity(&self) -> Option<(&'static str, &'static str, String)> {
        if let Attr::Known(sub) = &self.git {
            Some(("git", "repo_url", normal_git(sub.repo_url.known()?)))
        } else if let Attr::Known(sub) = &self.image {
            Some(("image", "repo_url", normal_image(sub.repo_url.known()?)))
        } else if let Attr::Known(sub) = &self.chart {
            let name = if sub.name.is_null() { "" } else { sub.name.known()? };
            Some(("chart", "repo_url", normal_chart(sub.repo_url.known()?, name)))
        } else if let Attr::Known(sub) = &self.subscription {
            Some(("subscription", "name", sub.name.known()?.trim().to_lowercase()))
        } else {
            None
        }
    }
}

fn exactly_one(subscription: &Subscription<'_>, path: &Path, findings: &mut Findings) {
    let Subscription { git, image, chart, subscription } = subscription;
    let kinds = [
        (git.is_null(), git.is_unknown()),
        (image.is_null(), image.is_unknown()),
        (chart.is_null(), chart.is_unknown()),
        (subscription.is_null(), subscription.is_unknown()),
    ];
    let unknown = kinds.iter().filter(|(_, unknown)| *unknown).count();
    let known = kinds.iter().filter(|(null, unknown)| !null && !unknown).count();
    if known > 1 || known + unknown == 0 {
        findings.error(
            path.clone(),
            "a subscription is exactly one of git, image, chart and subscription",
        );
    }
}

fn git(git: &Git<'_>, path: &Path, findings: &mut Findings) {
    let at = |name: &str| path.field(name);
    findings.check(&at("repo_url"), &git.repo_url, git_url);
    if let Attr::Known(url) = git.repo_url
        && git_url(url).is_ok()
        && !url.starts_with("http")
    {
        findings.warn(
            at("repo_url"),
            format!("{url:?} goes by SSH, which Kargo 1.13 no longer supports: use https"),
        );
    }
    let strategies = ["NewestFromBranch", "Lexical", "NewestTag", "SemVer"];
    let strategy = Strategy {
        attribute: "commit_selection_strategy",
        value: or_default(&git.commit_selection_strategy, "NewestFromBranch"),
    };
    findings.check_one_of(&at(strategy.attribute), &git.commit_selection_strategy, &strategies);

    findings.check(&at("branch"), &git.branch, branch);
    findings.check(&at("since"), &git.since, rfc3339);
    for (name, set) in [("branch", is_given(&git.branch)), ("since", is_given(&git.since))] {
        strategy.only(&["NewestFromBranch"], set, &at(name), findings);
    }
    findings.check(&at("semver_constraint"), &git.semver_constraint, constraint);
    let set = is_given(&git.semver_constraint);
    strategy.only(&["SemVer"], set, &at("semver_constraint"), findings);
    let lax = git.strict_semvers == Attr::Known(false);
    strategy.only(&["SemVer"], lax, &at("strict_semvers"), findings);

    let by_tag = ["Lexical", "NewestTag", "SemVer"];
    for (name, list) in [
        ("allow_tags_regexes", &git.allow_tags_regexes),
        ("ignore_tags_regexes", &git.ignore_tags_regexes),
    ] {
        findings.check_each(&at(name), list, regex);
        strategy.only(&by_tag, has_elements(list), &at(name), findings);
    }
    legacy_tags(&git.allow_tags, &git.ignore_tags, path, findings);

    if let Attr::Known(filter) = git.expression_filter {
        expression::bare(filter, FILTER_FUNCTIONS, &at("expression_filter"), findings);
    }
    findings.check_each(&at("include_paths"), &git.include_paths, kargo_pattern);
    findings.check_each(&at("exclude_paths"), &git.exclude_paths, kargo_pattern);
    discovery_limit(&git.discovery_limit, path, findings);
}

fn image(image: &Image<'_>, path: &Path, findings: &mut Findings) {
    let at = |name: &str| path.field(name);
    findings.check(&at("repo_url"), &image.repo_url, image_repo);
    let strategies = ["SemVer", "Digest", "Lexical", "NewestBuild"];
    let strategy = Strategy {
        attribute: "image_selection_strategy",
        value: or_default(&image.image_selection_strategy, "SemVer"),
    };
    findings.check_one_of(&at(strategy.attribute), &image.image_selection_strategy, &strategies);

    match strategy.value {
        Some("SemVer") => findings.check(&at("constraint"), &image.constraint, constraint),
        Some("Digest") => {
            if image.constraint.is_null() || image.constraint == Attr::Known("") {
                let rule = "the strategy \"Digest\" follows one tag, which constraint names";
                findings.error(at("constraint"), rule);
            } else if let Attr::Known(tag) = image.constraint
                && !is_tag(tag)
            {
                let rule = "is not the name of a tag, which the strategy \"Digest\" follows";
                findings.warn(at("constraint"), format!("{tag:?} {rule}"));
            }
        }
        _ => {}
    }
    let set = is_given(&image.constraint);
    strategy.only(&["SemVer", "Digest"], set, &at("constraint"), findings);
    let lax = image.strict_semvers == Attr::Known(false);
    strategy.only(&["SemVer"], lax, &at("strict_semvers"), findings);

    let by_tag = ["SemVer", "Lexical", "NewestBuild"];
    for (name, list) in [
        ("allow_tags_regexes", &image.allow_tags_regexes),
        ("ignore_tags_regexes", &image.ignore_tags_regexes),
    ] {
        findings.check_each(&at(name), list, regex);
        strategy.only(&by_tag, has_elements(list), &at(name), findings);
    }
    legacy_tags(&image.allow_tags, &image.ignore_tags, path, findings);
    if is_given(&image.semver_constraint) {
        // The newest tag of all would be taken.
        let rule = "Kargo ignores semver_constraint of an image since 1.9: use constraint";
        findings.error(at("semver_constraint"), rule);
    }

    findings.check(&at("platform"), &image.platform, platform);
    discovery_limit(&image.discovery_limit, path, findings);
}

fn chart(chart: &Chart<'_>, path: &Path, findings: &mut Findings) {
    let at = |name: &str| path.field(name);
    findings.check(&at("repo_url"), &chart.repo_url, chart_repo_url);
    if let Attr::Known(url) = chart.repo_url {
        let unnamed = chart.name.is_null() || chart.name == Attr::Known("");
        if url.starts_with("http") && unnamed {
            let rule = "a repository of http or https holds many charts: name one";
            findings.error(at("name"), rule);
        }
        if url.starts_with("oci://") && matches!(chart.name, Attr::Known(name) if !name.is_empty())
        {
            let rule = "an oci repository is itself the chart: leave the name out and write it at \
                        the end of repo_url";
            findings.error(at("name"), rule);
        }
    }
    findings.check(&at("semver_constraint"), &chart.semver_constraint, constraint);
    discovery_limit(&chart.discovery_limit, path, findings);
}

fn generic(generic: &Generic<'_>, path: &Path, findings: &mut Findings) {
    for (name, text) in [("name", &generic.name), ("subscription_type", &generic.subscription_type)]
    {
        if *text == Attr::Known("") {
            findings.error(path.field(name), "it must not be empty");
        }
    }
    discovery_limit(&generic.discovery_limit, path, findings);
}

/// How a subscription selects among what it finds.
struct Strategy<'a> {
    attribute: &'static str,
    /// `None` when unknown.
    value: Option<&'a str>,
}

impl Strategy<'_> {
    /// Warns of what is set and has an effect only under other strategies.
    fn only(&self, strategies: &[&str], set: bool, path: &Path, findings: &mut Findings) {
        if let Some(value) = self.value
            && set
            && !strategies.contains(&value)
        {
            let attribute = self.attribute;
            findings.warn(
                path.clone(),
                format!(
                    "it has no effect, since {attribute} is {value:?}; it belongs to {}",
                    strategies.join(", ")
                ),
            );
        }
    }
}

fn or_default<'a>(strategy: &Attr<&'a str>, default: &'a str) -> Option<&'a str> {
    match strategy {
        Attr::Null | Attr::Known("") => Some(default),
        Attr::Known(strategy) => Some(strategy),
        Attr::Unknown => None,
    }
}

/// Whether a text is given, as far as that is known. Kargo takes an empty one
/// for none.
fn is_given(text: &Attr<&str>) -> bool {
    matches!(text, Attr::Known(text) if !text.is_empty())
}

fn has_elements(list: &Attr<Vec<&str>>) -> bool {
    matches!(list, Attr::Known(elements) if !elements.is_empty())
}

/// Since 1.11 the discovery of a warehouse that sets these fails.
fn legacy_tags(allow: &Attr<&str>, ignore: &Attr<Vec<&str>>, path: &Path, findings: &mut Findings) {
    for (name, set) in [("allow_tags", is_given(allow)), ("ignore_tags", has_elements(ignore))] {
        if set {
            findings.error(
                path.field(name),
                format!("Kargo 1.11 and later fail on {name}: use {name}_regexes"),
            );
        }
    }
}

fn discovery_limit(limit: &Attr<i64>, path: &Path, findings: &mut Findings) {
    if let Attr::Known(limit) = limit
        && !(1..=100).contains(limit)
    {
        findings.error(path.field("discovery_limit"), format!("{limit} is not between 1 and 100"));
    }
}

/// An empty constraint is none.
fn constraint(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { semver_constraint(text) }
}

fn branch(name: &str) -> Result<(), String> {
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'/' | b'-');
    let last = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
    let bytes = name.as_bytes();
    let well_formed = bytes.len() <= 255
        && bytes.iter().all(|&c| inner(c))
        && bytes.first().is_none_or(u8::is_ascii_alphanumeric)
        && (bytes.len() == 1 || bytes.last().is_none_or(|&c| last(c)));
    if well_formed {
        return Ok(());
    }
    Err(format!(
        "{name:?} is not a branch that Kargo takes: letters, digits, \".\", \"_\", \"/\" and \"-\", \
         beginning with a letter or digit, not ending with \".\" or \"/\", at most 255 characters"
    ))
}

fn platform(text: &str) -> Result<(), String> {
    let parts: Vec<&str> = text.split('/').collect();
    let well_formed = text.is_empty()
        || ((2..=3).contains(&parts.len()) && parts.iter().all(|part| !part.trim().is_empty()));
    if well_formed {
        return Ok(());
    }
    Err(format!("{text:?} is not a platform, OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT"))
}

/// A tag of a container image (the OCI distribution specification).
fn is_tag(text: &str) -> bool {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|c| word(c) || matches!(c, b'.' | b'-'))
}
