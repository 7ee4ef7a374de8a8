//! Configurations as users write them, and as Kargo has them.

use serde_json::json;

use super::receivers::{GenericAction, GenericReceiver, GenericTarget, SecretReceiver, SecretRef};
use super::*;
use crate::framework::{Severity, api, schema};
use crate::resources::kargo::cluster_config::ClusterConfig;
use crate::resources::kargo::project_config::policies::{AutoRollback, PromotionPolicySelector};

fn text(text: &str) -> Attr<String> {
    Attr::Known(text.to_owned())
}

fn secret_ref() -> Attr<SecretRef> {
    SecretRef { name: text("hook") }.into()
}

fn github(name: &str) -> WebhookReceiver {
    WebhookReceiver {
        name: text(name),
        github: SecretReceiver { secret_ref: secret_ref() }.into(),
        ..WebhookReceiver::default()
    }
}

fn policy(selector: &str) -> PromotionPolicy {
    PromotionPolicy {
        stage_selector: PromotionPolicySelector {
            name: text(selector),
            ..PromotionPolicySelector::default()
        }
        .into(),
        auto_promotion_enabled: Attr::Known(true),
        ..PromotionPolicy::default()
    }
}

fn receiving(receivers: Vec<WebhookReceiver>) -> ProjectConfig {
    ProjectConfig {
        namespace: text("shop"),
        shared: SharedConfig { webhook_receivers: receivers.into(), ..SharedConfig::default() },
        ..ProjectConfig::default()
    }
}

#[test]
fn a_configuration_without_anything_in_it_has_no_spec() {
    let config = ProjectConfig { namespace: text("shop"), ..ProjectConfig::default() };
    let sent = |values: &Value| ProjectConfig::render(&ProjectConfig::attributes(), values);
    let values = config.into_value();
    assert_eq!(sent(&values).unwrap(), json!({"metadata": {"namespace": "shop"}}));
    let object = ProjectConfig::reference(&values).unwrap();
    assert_eq!((object.namespace.as_deref(), object.name.as_str()), (Some("shop"), "shop"));
    let nothing = ClusterConfig { name: text("cluster"), ..ClusterConfig::default() }.into_value();
    let sent = ClusterConfig::render(&ClusterConfig::attributes(), &nothing).unwrap();
    assert_eq!(sent, json!({"metadata": {"name": "cluster"}}));
}

#[test]
fn urls_are_read_and_never_sent() {
    let attributes = ProjectConfig::attributes();
    let mut values = receiving(vec![github("gh")]).into_value();
    values.set("webhook_receiver_urls", Value::Unknown);
    let sent = ProjectConfig::render(&attributes, &values).unwrap();
    let receiver = json!([{"name": "gh", "github": {"secretRef": {"name": "hook"}}}]);
    assert_eq!(sent["spec"], json!({"webhookReceivers": receiver}));
    assert!(sent["status"].is_null());

    // As Kargo answers.
    let mut live = sent;
    live["status"] = json!({"webhookReceivers": [
        {"name": "gh", "path": "/github/320b", "url": "http://127.0.0.1:19090/github/320b"},
    ]});
    assert!(receivers::has_url(&live, "gh") && !receivers::has_url(&live, "other"));
    let seen = ProjectConfig::project(&attributes, &live, &values, api::View::Owned).unwrap();
    let urls = seen.get("webhook_receiver_urls");
    assert_eq!(urls.get("gh"), &"http://127.0.0.1:19090/github/320b".into());
    let again = ProjectConfig::project(&attributes, &live, &seen, api::View::Owned).unwrap();
    assert_eq!(again, seen);
    assert_eq!(ProjectConfig::render(&attributes, &seen).unwrap()["status"], json!(null));
    let nothing = schema::empty(&attributes);
    let imported = ProjectConfig::project(&attributes, &live, &nothing, api::View::Whole).unwrap();
    assert_eq!(imported.get("webhook_receiver_urls"), urls);
}

#[test]
fn urls_stay_while_the_receivers_do() {
    let planned = |prior: Option<&ProjectConfig>, config: &ProjectConfig| {
        let attributes = ProjectConfig::attributes();
        let config = config.clone().into_value();
        let prior = prior.map(|prior| {
            let mut prior = prior.clone().into_value();
            prior.set(
                "webhook_receiver_urls",
                [("gh".to_owned(), "url".into())].into_iter().collect(),
            );
            prior
        });
        let plan = crate::framework::plan::plan(&attributes, prior.as_ref(), &config);
        let (planned, replace) = (plan.value, plan.replace);
        let mut change = Change { config, prior, planned, replace };
        plan_urls(&mut change);
        change.planned.get("webhook_receiver_urls").clone()
    };
    let one = receiving(vec![github("gh")]);
    let more = ProjectConfig { promotion_policies: vec![policy("dev")].into(), ..one.clone() };
    let two = receiving(vec![github("gh"), github("other")]);
    let none = ProjectConfig { namespace: text("shop"), ..ProjectConfig::default() };
    assert_eq!(planned(None, &one), Value::Unknown);
    assert_eq!(planned(None, &none), Value::Null);
    assert_eq!(planned(Some(&one), &more).get("gh"), &"url".into());
    assert_eq!(planned(Some(&one), &two), Value::Unknown);
    assert_eq!(planned(Some(&one), &none), Value::Null);
}

#[test]
fn an_apply_waits_for_urls_unless_it_is_told_otherwise() {
    let waits = |config: &ProjectConfig| super::waits(&config.clone().into_value()).unwrap();
    let with = |config: &ProjectConfig, ready: Attr<bool>| {
        let mut config = config.clone();
        config.shared.wait = ReadyWait { ready }.into();
        config
    };
    let (one, none) = (receiving(vec![github("gh")]), receiving(vec![]));
    assert!(waits(&one) && !waits(&none));
    assert!(waits(&with(&none, Attr::Known(true))) && waits(&with(&none, Attr::Null)));
    assert!(!waits(&with(&one, Attr::Known(false))));
}

/// The paths of the findings, with a mark on warnings.
fn found(config: &ProjectConfig) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    ProjectConfig::validate(config, &mut diagnostics);
    let mark = |found: &crate::framework::Diagnostic| match found.severity {
        Severity::Error => found.path.to_string(),
        Severity::Warning => format!("{}?", found.path),
    };
    diagnostics.iter().map(mark).collect()
}

#[test]
fn policies_name_their_stages_once() {
    let found = |policies: Vec<PromotionPolicy>| {
        found(&ProjectConfig { promotion_policies: policies.into(), ..ProjectConfig::default() })
    };
    let older = PromotionPolicy { stage: text("dev"), ..PromotionPolicy::default() };
    let none = [""; 0];
    assert_eq!(found(vec![policy("dev"), policy("glob:d*"), policy("glob:d*")]), none);
    assert_eq!(found(vec![older.clone()]), none);
    assert_eq!(
        found(vec![policy("dev"), older.clone()]),
        ["promotion_policies[1].stage"],
        "one stage, in both forms"
    );
    assert_eq!(
        found(vec![policy("dev"), policy("dev")]),
        ["promotion_policies[1].stage_selector.name"]
    );
    let both = PromotionPolicy { stage: text("a"), ..policy("b") };
    assert_eq!(found(vec![both]), ["promotion_policies[0]"]);
    assert_eq!(found(vec![PromotionPolicy::default()]), ["promotion_policies[0]"]);
    let twice = vec!["Failed".to_owned(), "Failed".to_owned()];
    let rollback = AutoRollback { on_promotion: twice.into(), ..AutoRollback::default() };
    let again = PromotionPolicy { auto_rollback: rollback.into(), ..policy("dev") };
    assert_eq!(found(vec![again]), ["promotion_policies[0].auto_rollback.on_promotion[1]"]);
}

#[test]
fn a_receiver_is_for_one_sender_and_does_something() {
    let found = |receivers| found(&receiving(receivers));
    assert_eq!(found(vec![github("a"), github("b")]), [""; 0]);
    assert_eq!(found(vec![github("a"), github("a")]), ["webhook_receivers[1].name"]);
    let two = WebhookReceiver { gitlab: github("a").github, ..github("a") };
    assert_eq!(found(vec![two]), ["webhook_receivers[0]"]);
    let none = WebhookReceiver { github: Attr::Null, ..github("a") };
    assert_eq!(found(vec![none]), ["webhook_receivers[0]"]);

    let generic = |actions: Attr<Vec<GenericAction>>| WebhookReceiver {
        generic: GenericReceiver { secret_ref: secret_ref(), actions }.into(),
        github: Attr::Null,
        ..github("a")
    };
    assert_eq!(found(vec![generic(Attr::Null)]), ["webhook_receivers[0].generic?"]);
    let action = |target: GenericTarget, when: &str| GenericAction {
        action: text("Refresh"),
        when_expression: text(when),
        target_selection_criteria: vec![target].into(),
        ..GenericAction::default()
    };
    let named =
        || GenericTarget { name: text("${{ request.body.name }}"), ..GenericTarget::default() };
    let sound = action(named(), "normalizeGit(request.body.url) == 'x'");
    assert_eq!(found(vec![generic(vec![sound].into())]), [""; 0]);
    let wrong = action(GenericTarget::default(), "request.body(");
    assert_eq!(
        found(vec![generic(vec![wrong].into())]),
        [
            "webhook_receivers[0].generic.actions[0].when_expression",
            "webhook_receivers[0].generic.actions[0].target_selection_criteria[0]",
        ]
    );
}

#[test]
fn a_link_is_a_template_of_go() {
    let link = |url: &str, condition: &str| {
        let link = DeepLink {
            title: text("logs"),
            url: text(url),
            r#if: text(condition),
            ..DeepLink::default()
        };
        let shared = SharedConfig { stage_links: vec![link].into(), ..SharedConfig::default() };
        found(&ProjectConfig { shared, ..ProjectConfig::default() })
    };
    assert_eq!(link("https://x/{{ .stage.metadata.name }}", "stage.spec != nil"), [""; 0]);
    assert_eq!(link("https://x/${{ stage }}", "("), ["stage_links[0].url?", "stage_links[0].if"]);
}
