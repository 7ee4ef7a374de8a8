//! A warehouse as it is sent, and as Kargo gives it back.

use serde_json::json;

use super::subscription::{GenericSubscription, GitSubscription, ImageSubscription};
use super::*;
use crate::framework::api::{View, project, render};
use crate::framework::plan::plan;
use crate::framework::{JsonText, Value};

fn text(text: &str) -> Attr<String> {
    Attr::Known(text.into())
}

/// A configuration with only what is required, and zeros that say nothing.
fn config() -> Value {
    let git = GitSubscription {
        repo_url: text("https://github.com/example/shop"),
        include_paths: Attr::Known(vec![]),
        blobless: Attr::Known(false),
        ..GitSubscription::default()
    };
    let image = ImageSubscription {
        repo_url: text("ghcr.io/example/shop"),
        constraint: text(""),
        cache_by_tag: Attr::Known(false),
        ..ImageSubscription::default()
    };
    let generic = GenericSubscription {
        subscription_type: text("rss"),
        name: text("news"),
        config: Attr::Known(JsonText(r#"{"url": "https://example.com"}"#.into())),
        ..GenericSubscription::default()
    };
    let warehouse = Warehouse {
        metadata: ObjectMeta {
            name: text("main"),
            namespace: text("shop"),
            ..ObjectMeta::default()
        },
        interval: text("300s"),
        subscriptions: Attr::Known(vec![
            Subscription { git: Attr::Known(git), ..Subscription::default() },
            Subscription { image: Attr::Known(image), ..Subscription::default() },
            Subscription { subscription: Attr::Known(generic), ..Subscription::default() },
        ]),
        ..Warehouse::default()
    };
    warehouse.into_value()
}

fn planned() -> Value {
    plan(&Warehouse::attributes(), None, &config()).value
}

/// What Kargo's webhook makes of it: defaults filled in, zeros left out,
/// durations written anew.
fn live() -> Json {
    json!({
        "metadata": {"name": "main", "namespace": "shop"},
        "spec": {
            "interval": "5m0s",
            "freightCreationPolicy": "Automatic",
            "subscriptions": [
                {"git": {
                    "repoURL": "https://github.com/example/shop",
                    "commitSelectionStrategy": "NewestFromBranch",
                    "strictSemvers": true,
                    "discoveryLimit": 20,
                }},
                {"image": {
                    "repoURL": "ghcr.io/example/shop",
                    "imageSelectionStrategy": "SemVer",
                    "strictSemvers": true,
                    "discoveryLimit": 20,
                }},
                {"rss": {
                    "subscriptionType": "rss",
                    "name": "news",
                    "config": {"url": "https://example.com"},
                    "discoveryLimit": 20,
                }},
            ],
        },
    })
}

fn see(mut live: Json, prior: &Value, view: View) -> Value {
    from_api(&mut live);
    project(&Warehouse::attributes(), "/spec", &live, prior, view)
}

#[test]
fn what_the_webhook_would_fill_in_is_sent() {
    let mut json = render(&Warehouse::attributes(), "/spec", &planned()).unwrap();
    to_api(&mut json);
    let mut expected = live();
    expected["spec"]["interval"] = json!("300s");
    expected["spec"]["subscriptions"][0]["git"]["blobless"] = json!(false);
    expected["spec"]["subscriptions"][0]["git"]["includePaths"] = json!([]);
    expected["spec"]["subscriptions"][1]["image"]["cacheByTag"] = json!(false);
    expected["spec"]["subscriptions"][1]["image"]["constraint"] = json!("");
    assert_eq!(json, expected);
}

#[test]
fn what_the_webhook_gives_back_is_no_drift() {
    assert_eq!(see(live(), &planned(), View::Owned), planned());
}

#[test]
fn a_change_of_another_hand_shows_in_its_field() {
    let mut live = live();
    live["spec"]["interval"] = json!("10m0s");
    live["spec"]["subscriptions"][2]["rss"]["config"]["url"] = json!("https://elsewhere");
    let seen = see(live, &planned(), View::Owned);
    assert_eq!(seen.get("interval"), &"10m0s".into());
    let generic = seen.get("subscriptions").as_list().unwrap()[2].get("subscription");
    assert_eq!(generic.get("config"), &r#"{"url":"https://elsewhere"}"#.into());
    assert_eq!(generic.get("subscription_type"), &"rss".into());
}

#[test]
fn an_import_sees_every_subscription() {
    let seen = see(live(), &Warehouse::default().into_value(), View::Whole);
    let subscriptions = seen.get("subscriptions").as_list().unwrap();
    assert_eq!(subscriptions[0].get("git").get("discovery_limit"), &20.into());
    assert_eq!(subscriptions[1].get("image").get("repo_url"), &"ghcr.io/example/shop".into());
    assert_eq!(subscriptions[2].get("subscription").get("subscription_type"), &"rss".into());
}
