//! That the rules see everything that a model has, and are answered in its words.

use serde_json::json;

use super::*;
use crate::framework::json::to_dynamic;
use crate::framework::{JsonText, Severity};
use crate::resources::kargo::stage::{AnalysisRunArgument, PromotionTemplate, Verification};
use crate::resources::kargo::stage::{FreightOrigin, FreightRequest, FreightSources};
use crate::resources::kargo::warehouse::FreightCreationCriteria;
use crate::resources::kargo::warehouse::subscription::{
    ChartSubscription, GenericSubscription, GitSubscription, ImageSubscription, Subscription,
};

fn known(text: &str) -> Attr<String> {
    Attr::Known(text.into())
}

fn list(texts: &[&str]) -> Attr<Vec<String>> {
    Attr::Known(texts.iter().map(|text| (*text).to_owned()).collect())
}

/// The paths of the findings, with a mark on warnings.
fn found(check: impl FnOnce(&mut Diagnostics)) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    check(&mut diagnostics);
    let mark = |found: &crate::framework::Diagnostic| match found.severity {
        Severity::Error => found.path.to_string(),
        Severity::Warning => format!("{}?", found.path),
    };
    diagnostics.iter().map(mark).collect()
}

fn warehouse(subscriptions: Vec<Subscription>) -> Warehouse {
    Warehouse { subscriptions: Attr::Known(subscriptions), ..Warehouse::default() }
}

#[test]
fn every_attribute_of_a_subscription_reaches_its_rule() {
    let git = GitSubscription {
        repo_url: known("https://example.com/shop"),
        commit_selection_strategy: known("SemVer"),
        semver_constraint: known("not a range"),
        allow_tags_regexes: list(&["("]),
        ignore_tags_regexes: list(&["a", "["]),
        include_paths: list(&["regex:("]),
        exclude_paths: list(&["glob:["]),
        expression_filter: known("("),
        since: known("2026-01-31T00:00:00Z"),
        branch: known("-"),
        ..GitSubscription::default()
    };
    let image = ImageSubscription {
        repo_url: known("ghcr.io/example/shop"),
        constraint: known("not a range"),
        allow_tags_regexes: list(&["("]),
        ignore_tags_regexes: list(&["("]),
        platform: known("linux"),
        ..ImageSubscription::default()
    };
    let chart = ChartSubscription {
        repo_url: known("https://charts.example.com"),
        semver_constraint: known("not a range"),
        ..ChartSubscription::default()
    };
    let generic = GenericSubscription {
        subscription_type: known(""),
        name: known(""),
        config: Attr::Known(JsonText("{}".into())),
        ..GenericSubscription::default()
    };
    let model = warehouse(vec![
        Subscription { git: Attr::Known(git.clone()), ..Subscription::default() },
        Subscription { image: Attr::Known(image), ..Subscription::default() },
        Subscription { chart: Attr::Known(chart), ..Subscription::default() },
        Subscription { subscription: Attr::Known(generic), ..Subscription::default() },
        Subscription { git: Attr::Known(git), image: Attr::Unknown, ..Subscription::default() },
        Subscription::default(),
    ]);
    let mut found = found(|diagnostics| model.check(diagnostics));
    found.retain(|path| !path.starts_with("subscriptions[4]"));
    let expected = [
        "subscriptions[0].git.branch",
        "subscriptions[0].git.branch?",
        "subscriptions[0].git.since?",
        "subscriptions[0].git.semver_constraint",
        "subscriptions[0].git.allow_tags_regexes[0]",
        "subscriptions[0].git.ignore_tags_regexes[1]",
        "subscriptions[0].git.expression_filter",
        "subscriptions[0].git.include_paths[0]",
        "subscriptions[0].git.exclude_paths[0]",
        "subscriptions[1].image.constraint",
        "subscriptions[1].image.allow_tags_regexes[0]",
        "subscriptions[1].image.ignore_tags_regexes[0]",
        "subscriptions[1].image.platform",
        "subscriptions[2].chart.name",
        "subscriptions[2].chart.semver_constraint",
        "subscriptions[3].subscription.name",
        "subscriptions[3].subscription.subscription_type",
        "subscriptions[5]",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_same_repository_twice_and_a_broken_criterion_are_found() {
    let image = || ImageSubscription {
        repo_url: known("ghcr.io/example/shop"),
        ..ImageSubscription::default()
    };
    let subscription = || Subscription { image: Attr::Known(image()), ..Subscription::default() };
    let model = Warehouse {
        freight_creation_criteria: Attr::Known(FreightCreationCriteria { expression: known("(") }),
        ..warehouse(vec![subscription(), subscription()])
    };
    assert_eq!(
        found(|diagnostics| model.check(diagnostics)),
        ["freight_creation_criteria.expression", "subscriptions[1].image.repo_url"]
    );
    assert_eq!(found(|d| Warehouse { subscriptions: Attr::Unknown, ..model }.check(d)).len(), 1);
}

fn request(warehouse: &str, sources: FreightSources) -> FreightRequest {
    let origin = FreightOrigin { name: known(warehouse), ..FreightOrigin::default() };
    FreightRequest { origin: Attr::Known(origin), sources: Attr::Known(sources) }
}

fn direct() -> FreightSources {
    FreightSources { direct: Attr::Known(true), ..FreightSources::default() }
}

#[expect(clippy::needless_pass_by_value, reason = "tests read better with json!(...) inline")]
fn stage(steps: serde_json::Value) -> Stage {
    let steps = Attr::Known(Steps(to_dynamic(&steps)));
    let template = PromotionTemplate { steps, ..PromotionTemplate::default() };
    Stage {
        requested_freight: Attr::Known(vec![request("main", direct())]),
        promotion_template: Attr::Known(template),
        ..Stage::default()
    }
}

#[test]
fn what_a_stage_requests_is_checked() {
    let upstream = FreightSources {
        stages: list(&["test", "uat"]),
        auto_promotion_options: Attr::Known(stage::AutoPromotionOptions {
            selection_policy: known("MatchUpstream"),
        }),
        ..FreightSources::default()
    };
    let model = Stage {
        requested_freight: Attr::Known(vec![
            request("main", direct()),
            request("main", upstream),
            request("other", FreightSources::default()),
        ]),
        verification: Attr::Known(Verification {
            args: Attr::Known(vec![AnalysisRunArgument {
                name: known("a"),
                value: known("${{ ("),
            }]),
            ..Verification::default()
        }),
        ..Stage::default()
    };
    assert_eq!(
        found(|diagnostics| model.check(diagnostics)),
        [
            "requested_freight[1].origin.name",
            "requested_freight[1].sources.auto_promotion_options.selection_policy",
            "requested_freight[2].sources",
            "verification.args[0].value",
        ]
    );
}

#[test]
fn steps_are_checked_in_the_words_of_the_configuration() {
    let good = json!([
        {"uses": "git-clear", "as": "clear", "continue_on_error": true, "retry": {"error_threshold": 2},
         "config": {"path": "./src"}},
        {"task": {"name": "bump"}, "vars": [{"name": "n", "value": 3}]},
    ]);
    assert_eq!(found(|diagnostics| stage(good).check(diagnostics)), [""; 0]);

    // The shape is wrong: that is all that is said.
    let malformed = json!([{"uses": "git-clone", "continueOnError": true, "as": "step-1"}]);
    assert_eq!(
        found(|diagnostics| stage(malformed).check(diagnostics)),
        ["promotion_template.steps[0].continueOnError"]
    );

    let meaning = json!([
        {"uses": "compose-output", "as": "a", "if": "${{ (", "config": {"continueOnError": ["${{ ("]}},
        {"uses": "git-clear", "as": "a", "config": {"Path": "${{ outputs.b.x }}"}},
        {"uses": "fail", "as": "step-1", "vars": [{"name": "a", "value": "${{ ("}]},
        {"uses": "home-made"},
    ]);
    assert_eq!(
        found(|diagnostics| stage(meaning).check(diagnostics)),
        [
            "promotion_template.steps[0].if",
            "promotion_template.steps[0].config.continueOnError[0]",
            "promotion_template.steps[1].config.Path",
            "promotion_template.steps[1].config.path",
            "promotion_template.steps[1].as",
            "promotion_template.steps[2].vars[0].value",
            "promotion_template.steps[2].as",
            "promotion_template.steps[3].uses?",
            "promotion_template.steps[1].config.Path",
        ]
    );
}

#[test]
fn variables_of_the_template_are_found_where_they_are() {
    let vars = vec![Variable { name: known("a"), value: known("${{ (") }];
    let template = PromotionTemplate { vars: Attr::Known(vars), ..PromotionTemplate::default() };
    let model = Stage {
        promotion_template: Attr::Known(template),
        requested_freight: Attr::Known(vec![request("main", direct())]),
        ..Stage::default()
    };
    assert_eq!(found(|diagnostics| model.check(diagnostics)), ["promotion_template.vars[0].value"]);
}
