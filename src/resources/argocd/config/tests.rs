use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::check;
use super::data::{self, Data};
use super::live::{self, Live, Wanted};
use super::*;
use crate::framework::api::{self, View};
use crate::framework::{Diagnostics, Severity, Value, state};
use crate::provider::ArgoCd;

/// A configuration out of its JSON, as a state would hold it.
fn config(json: &Json) -> ArgocdConfig {
    let schema = crate::framework::Schema::new(0, "", ArgocdConfig::attributes());
    let value = state::from_json(&schema.attributes, json).expect("a configuration");
    ArgocdConfig::from_value(value).expect("a configuration")
}

fn rendered(json: &Json) -> Data {
    data::render(&config(json).into_value()).unwrap()
}

/// Everything that has a form of its own.
fn everything() -> Json {
    json!({
        "namespace": "argocd",
        "url": "https://argocd.example.com",
        "admin_enabled": false,
        "ui": { "banner_content": "Hi", "banner_permanent": true },
        "helm": { "values_file_schemes": ["https", "s3"] },
        "resource_custom_labels": ["team", "tier"],
        "resource_exclusions": [{ "kinds": ["Event"] }],
        "resource_customizations": {
            "cert-manager.io_Certificate": { "health": "return hs\n", "use_open_libs": true },
            "all": { "ignore_differences": { "json_pointers": ["/spec/replicas"] } },
            "Pod": { "actions": {
                "discovery_lua": "return {}",
                "definitions": [{ "name": "stop", "action_lua": "return obj" }],
            } },
        },
        "accounts": { "ci": { "capabilities": ["apiKey", "login"], "enabled": false } },
        "settings": { "exec.shells": "sh" },
        "rbac": {
            "policy_csv": "g, a, role:admin", "policies": { "shop": "g, b, role:readonly" },
            "scopes": ["groups", "email"],
        },
        "notifications": {
            "services": { "slack": "token: $t", "webhook.github": "url: https://x" },
            "templates": { "t": "message: m" },
            "triggers": { "on-x": { "conditions": [{ "when": "true", "send": ["t"] }] } },
            "default_triggers": ["on-x"],
            "service_default_triggers": { "slack": ["on-x"] },
            "subscriptions": [{ "recipients": ["slack:a"] }],
            "context": { "region": "eu" },
        },
        "cmd_params": { "controller.log.level": "debug" },
    })
}

#[test]
fn every_setting_is_under_the_key_that_argo_cd_reads() {
    let data = rendered(&everything());
    let has = |map: &str, key: &str, text: &str| {
        let found = data[map].get(key).unwrap_or_else(|| panic!("{key}: {:#?}", data[map]));
        assert_eq!(found, text, "{key}");
    };
    for (key, text) in [
        ("url", "https://argocd.example.com"),
        ("admin.enabled", "false"),
        ("ui.bannercontent", "Hi"),
        ("ui.bannerpermanent", "true"),
        ("helm.valuesFileSchemes", "https,s3"),
        ("resource.customLabels", "team,tier"),
        ("resource.exclusions", r#"[{"kinds":["Event"]}]"#),
        ("resource.customizations.health.cert-manager.io_Certificate", "return hs\n"),
        ("resource.customizations.useOpenLibs.cert-manager.io_Certificate", "true"),
        ("resource.customizations.ignoreDifferences.all", r#"{"jsonPointers":["/spec/replicas"]}"#),
        ("accounts.ci", "apiKey,login"),
        ("accounts.ci.enabled", "false"),
        ("exec.shells", "sh"),
    ] {
        has(data::SETTINGS, key, text);
    }
    let actions = &data[data::SETTINGS]["resource.customizations.actions.Pod"];
    let actions: Json = serde_json::from_str(actions).unwrap();
    assert_eq!(actions["discovery.lua"], "return {}");
    assert_eq!(actions["definitions"][0]["action.lua"], "return obj");
    has(data::RBAC, "policy.csv", "g, a, role:admin");
    has(data::RBAC, "policy.shop.csv", "g, b, role:readonly");
    has(data::RBAC, "scopes", r#"["groups","email"]"#);
    has(data::NOTIFICATIONS, "service.slack", "token: $t");
    has(data::NOTIFICATIONS, "service.webhook.github", "url: https://x");
    has(data::NOTIFICATIONS, "template.t", "message: m");
    has(data::NOTIFICATIONS, "trigger.on-x", r#"[{"send":["t"],"when":"true"}]"#);
    has(data::NOTIFICATIONS, "defaultTriggers", r#"["on-x"]"#);
    has(data::NOTIFICATIONS, "defaultTriggers.slack", r#"["on-x"]"#);
    has(data::NOTIFICATIONS, "subscriptions", r#"[{"recipients":["slack:a"]}]"#);
    has(data::NOTIFICATIONS, "context", r#"{"region":"eu"}"#);
    has(data::PARAMS, "controller.log.level", "debug");
    assert_eq!(data.values().map(BTreeMap::len).sum::<usize>(), 26, "{data:#?}");
}

/// The objects that hold these keys.
fn objects(data: &Data) -> Live {
    data.iter().map(|(map, keys)| (*map, json!({ "data": keys }))).collect()
}

fn projected(live: &Live, prior: &Value, view: View) -> Value {
    api::project(&data::ATTRIBUTES, "", &data::view(live), prior, view)
}

#[test]
fn what_is_written_is_read_again() {
    let prior = config(&everything()).into_value();
    let mut live = objects(&rendered(&everything()));
    assert_eq!(projected(&live, &prior, View::Owned), prior);
    // Keys of others do not show.
    live.get_mut(data::SETTINGS).unwrap()["data"]["resource.customizations.health.Pod"] =
        "x".into();
    live.get_mut(data::SETTINGS).unwrap()["data"]["statusbadge.enabled"] = "true".into();
    assert_eq!(projected(&live, &prior, View::Owned), prior);

    let nothing = config(&json!({ "namespace": "argocd" })).into_value();
    let mut whole = projected(&live, &nothing, View::Whole);
    data::without_empty(&data::ATTRIBUTES, &mut whole);
    let whole = ArgocdConfig::from_value(whole).unwrap();
    assert_eq!(whole.status_badge_enabled, Attr::Known(true));
    assert!(whole.kustomize.is_null(), "an empty object shows");
    let customizations = whole.resource_customizations.known().unwrap();
    assert_eq!(customizations["Pod"].health.as_str(), Some("x"));
    let settings = whole.settings.known().unwrap();
    assert_eq!(settings.keys().collect::<Vec<_>>(), ["exec.shells"]);
}

#[test]
fn a_change_of_others_shows_at_its_attribute_and_another_spelling_does_not() {
    let prior = config(&everything()).into_value();
    let mut live = objects(&rendered(&everything()));
    let mut set = |map: &str, key: &str, text: Json| {
        live.get_mut(map).unwrap()["data"][key] = text;
    };
    set(data::RBAC, "scopes", "[groups, email]".into());
    set(data::SETTINGS, "resource.exclusions", "- kinds:\n  - Event\n".into());
    set(data::SETTINGS, "resource.customLabels", "team, tier".into());
    set(data::NOTIFICATIONS, "template.t", "{\"message\": \"m\"}".into());
    assert_eq!(projected(&live, &prior, View::Owned), prior);

    let mut set = |map: &str, key: &str, text: Json| {
        live.get_mut(map).unwrap()["data"][key] = text;
    };
    set(data::SETTINGS, "ui.bannercontent", "Boo!".into());
    set(data::SETTINGS, "resource.customizations.health.cert-manager.io_Certificate", Json::Null);
    set(data::NOTIFICATIONS, "trigger.on-x", "no: [yaml".into());
    live.remove(data::PARAMS);
    let seen = projected(&live, &prior, View::Owned);
    assert_eq!(seen.get("ui").get("banner_content").as_str(), Some("Boo!"));
    let certificate = seen.get("resource_customizations").get("cert-manager.io_Certificate");
    assert!(certificate.get("health").is_null());
    assert_eq!(certificate.get("use_open_libs").as_bool(), Some(true));
    assert!(seen.get("notifications").get("triggers").get("on-x").get("conditions").is_null());
    assert!(seen.get("cmd_params").is_null());
}

#[test]
fn secrets_are_in_the_secret_alone() {
    let mut secret = config(&json!({ "namespace": "argocd", "notifications": {
        "services": { "slack": "token: $slack-token" }, "secrets_wo_version": 1,
    } }));
    let secrets = BTreeMap::from([("slack-token".to_owned(), "hunter2".into())]);
    if let Attr::Known(notifications) = &mut secret.notifications {
        notifications.secrets_wo = secrets.into();
    }
    let wanted = Wanted::by(&secret).unwrap();
    assert_eq!(wanted.secret["slack-token"], "aHVudGVyMg==");
    assert!(!format!("{:?}", wanted.data).contains("hunter2"));
    assert_eq!(live::involved(&secret).unwrap(), [live::SECRET, data::NOTIFICATIONS]);
}

fn refused(json: &Json) -> Vec<(String, bool)> {
    let mut found = Diagnostics::default();
    config(json).check(&mut found);
    found.iter().map(|it| (it.path.to_string(), it.severity == Severity::Error)).collect()
}

#[test]
fn what_argo_cd_would_pass_over_is_refused_where_it_is_written() {
    assert_eq!(refused(&everything()), []);
    for (json, path, is_error) in [
        (
            json!({ "resource_customizations": { "apps/Deployment": { "health": "return 1" } } }),
            "resource_customizations[\"apps/Deployment\"]",
            true,
        ),
        (
            json!({ "resource_customizations": { "*": { "health": "return 1" } } }),
            "resource_customizations[\"*\"]",
            true,
        ),
        (
            json!({ "resource_customizations": { "Pod": {} } }),
            "resource_customizations[\"Pod\"]",
            true,
        ),
        (
            json!({ "resource_customizations": { "Pod": { "ignore_differences": {} } } }),
            "resource_customizations[\"Pod\"].ignore_differences",
            true,
        ),
        (
            json!({ "resource_customizations": { "Pod": { "use_open_libs": true } } }),
            "resource_customizations[\"Pod\"].use_open_libs",
            true,
        ),
        (json!({ "settings": { "url": "x" } }), "settings[\"url\"]", true),
        (json!({ "settings": { "accounts.a": "x" } }), "settings[\"accounts.a\"]", true),
        (
            json!({ "settings": { "resource.customizations.health.Pod": "x" } }),
            "settings[\"resource.customizations.health.Pod\"]",
            true,
        ),
        (json!({ "settings": { "a b": "x" } }), "settings[\"a b\"]", true),
        (json!({ "settings": { "tpyo": "x" } }), "settings[\"tpyo\"]", false),
        (json!({ "cmd_params": { "a/b": "x" } }), "cmd_params[\"a/b\"]", true),
        (
            json!({ "accounts": { "admin": { "capabilities": ["login"] } } }),
            "accounts[\"admin\"]",
            true,
        ),
        (json!({ "ui": { "banner_url": "https://x" } }), "ui.banner_url", true),
        (json!({ "rbac": { "policy_csv": "p, a" } }), "rbac.policy_csv", true),
        (json!({ "rbac": { "policies": { "a": "x, a" } } }), "rbac.policies[\"a\"]", true),
        (
            json!({ "notifications": { "services": { "pigeon": "a: b" } } }),
            "notifications.services[\"pigeon\"]",
            false,
        ),
        (
            json!({ "notifications": { "templates": { "a": "no: [yaml" } } }),
            "notifications.templates[\"a\"]",
            true,
        ),
        (
            json!({ "notifications": { "secrets_wo_version": 1 } }),
            "notifications.secrets_wo_version",
            true,
        ),
    ] {
        assert_eq!(refused(&json), [(path.to_owned(), is_error)], "{json}");
    }
    // The message says where to write it instead.
    let mut found = Diagnostics::default();
    let key = "resource.customizations.health.Pod";
    config(&json!({ "settings": { key: "x" } })).check(&mut found);
    let told = &found.iter().next().unwrap().detail;
    assert!(told.contains("resource_customizations[\"Pod\"].health"), "{told}");
}

#[test]
fn the_eks_capability_takes_what_it_honours() {
    let refused = |json: &Json| {
        let found = config(json).check_profile(ArgoCd::EksCapability);
        found.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
    };
    let honoured = json!({
        "namespace": "argocd",
        "ui": { "banner_content": "Hi" },
        "resource_customizations": {
            "Pod": { "health": "return 1", "known_type_fields": [{ "field": "a", "type": "b" }] },
            "all": { "ignore_differences": { "json_pointers": ["/a"] } },
        },
        "kustomize": { "build_options": "--enable-helm --reorder none --enable-managedby-label=true" },
        "helm": { "enable": false },
        "resource_respect_rbac": "strict",
    });
    assert_eq!(refused(&honoured), [""; 0]);
    assert_eq!(
        refused(&everything()),
        [
            "accounts",
            "admin_enabled",
            "cmd_params",
            "notifications",
            "rbac",
            "settings",
            "url",
            "resource_customizations[\"Pod\"].actions",
            "resource_customizations[\"cert-manager.io_Certificate\"].use_open_libs",
            "helm.values_file_schemes",
        ]
    );
    let more = json!({
        "kustomize": { "build_options": "--load-restrictor LoadRestrictionsNone" },
        "resource_customizations": { "all": { "health": "return 1" } },
    });
    assert_eq!(
        refused(&more),
        ["resource_customizations[\"all\"].health", "kustomize.build_options"]
    );
    assert_eq!(config(&everything()).check_profile(ArgoCd::SelfManaged), []);
}

#[test]
fn texts_are_looked_at_for_what_they_are() {
    assert!(check::lua("hs = {}\nreturn hs").is_ok());
    assert!(check::lua("hs = {} -- return hs").is_err());
    assert!(check::lua("returned = 1").is_err());
    assert!(check::sso("connectors:\n- config:\n    clientSecret: $dex.secret\n").is_ok());
    let clear = check::sso("connectors:\n- config:\n    clientSecret: hunter2\n").unwrap_err();
    assert!(clear.contains("clientSecret") && !clear.contains("hunter2"), "{clear}");
    assert!(check::listed("a").is_ok() && check::listed("a,b").is_err());
}

#[test]
fn an_object_is_left_as_others_need_it() {
    let map = |managers: Json, data: Json| {
        Live::from([(
            data::SETTINGS,
            json!({ "metadata": { "managedFields": managers }, "data": data }),
        )])
    };
    let ours = json!([{ "manager": live::MANAGER, "operation": "Apply",
                        "fieldsV1": { "f:data": { "f:url": {} } } }]);
    let both = map(ours.clone(), json!({ "url": "x", "other": "y" }));
    let part = live::owned_part(&both);
    assert_eq!(part[data::SETTINGS]["data"], json!({ "url": "x" }));
    assert!(live::has_settings_of_ours(&both));
    let theirs = map(json!([]), json!({ "other": "y" }));
    assert_eq!(live::owned_part(&theirs), theirs);
    assert!(!live::has_settings_of_ours(&theirs));
}
