//! Who hears of an application or a project: annotations for Argo CD's
//! notifications, one for each trigger and service.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::framework::api::View;
use crate::framework::checks::Findings;
use crate::framework::{Attr, Model, Object, Path, Value};

/// How the keys of the annotations begin.
const PREFIX: &str = "notifications.argoproj.io/subscribe.";
/// What the notifications controller writes for itself.
const NOTIFIED: &str = "notified.notifications.argoproj.io";

/// Who hears of something by a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Subscription {
    /// Name of the trigger, as in `on-sync-failed`; the default triggers of the service when not
    /// set.
    #[attr(check = part)]
    pub trigger: Attr<String>,
    /// Name of the service, as in `slack`.
    #[attr(required, check = part)]
    pub service: Attr<String>,
    /// Who hears of it, such as channels; for a service without recipients none.
    #[attr(check = recipient)]
    pub recipients: Attr<Vec<String>>,
}

/// A part of a key, which is taken apart at dots.
fn part(text: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let ends = text.starts_with(char::is_alphanumeric) && text.ends_with(char::is_alphanumeric);
    if ends && text.chars().all(fits) {
        return Ok(());
    }
    Err(format!(
        "{text:?} cannot be in the key of a subscription: letters, digits, \"-\" and \"_\" only, \
         beginning and ending with a letter or digit"
    ))
}

fn recipient(text: &str) -> Result<(), String> {
    if text.is_empty() || text.trim() != text || text.contains(';') {
        return Err(format!(
            "{text:?} is not a recipient: not empty, without \";\", and no space before or after"
        ));
    }
    Ok(())
}

/// The key of a subscription; none while a part is not known.
fn key(subscription: &Value) -> Option<String> {
    let service = subscription.get("service").as_str()?;
    match subscription.get("trigger") {
        Value::Null => Some(format!("{PREFIX}{service}")),
        trigger => Some(format!("{PREFIX}{}.{service}", trigger.as_str()?)),
    }
}

fn text(subscription: &Value) -> String {
    let recipients = subscription.get("recipients").as_list().unwrap_or_default();
    recipients.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";")
}

/// Checks subscriptions beside the annotations.
pub(super) fn check(
    subscriptions: &Attr<Vec<Subscription>>,
    annotations: &Attr<Vec<&str>>,
    findings: &mut Findings,
) {
    let path = Path::attribute("notifications");
    let mut keys = BTreeSet::new();
    for (index, subscription) in subscriptions.known().into_iter().flatten().enumerate() {
        let Some(key) = key(&subscription.clone().into_value()) else { continue };
        if key.split_once('/').is_some_and(|(_, name)| name.len() > 63) {
            let rule = format!("{key:?} is too long: 63 characters after the \"/\" at most");
            findings.error(path.index(index), rule);
        }
        if annotations.known().is_some_and(|keys| keys.contains(&key.as_str())) {
            let rule = "it is set by notifications already: keep it in one of the two";
            findings.error(Path::attribute("annotations").key(&key), rule);
        }
        if !keys.insert(key) {
            let rule = "the trigger and service are there already: put the recipients together";
            findings.error(path.index(index), rule);
        }
    }
}

/// Adds the annotations to an object that is sent.
pub(super) fn write(values: &Value, object: &mut Json) {
    for subscription in values.get("notifications").as_list().unwrap_or_default() {
        if let Some(key) = key(subscription) {
            object["metadata"]["annotations"][key] = text(subscription).into();
        }
    }
}

/// The subscriptions that a live object has: those of the state, or all of them.
pub(super) fn read(live: &Json, prior: &Value, seen: &mut Value, view: View) {
    let annotations = live["metadata"]["annotations"].as_object();
    let found = |key: &str| annotations.and_then(|all| all.get(key)).and_then(Json::as_str);
    let subscriptions = match (view, prior.get("notifications")) {
        (View::Owned, Value::List(ours)) => {
            let ours = ours.iter().filter_map(|ours| Some(as_live(ours, found(&key(ours)?)?)));
            ours.collect()
        }
        (View::Owned, prior) => prior.clone(),
        (View::Whole, _) => {
            let keys = annotations.into_iter().flat_map(serde_json::Map::keys);
            let all: Vec<_> = keys.filter_map(|key| parse(key, found(key)?)).collect();
            if all.is_empty() { Value::Null } else { Value::List(all) }
        }
    };
    seen.set("notifications", subscriptions);
    if view == View::Whole {
        forget_annotations(seen, |key| key.starts_with(PREFIX) || key == NOTIFIED);
    }
}

/// Takes annotations that have attributes of their own out of what an import shows.
pub(super) fn forget_annotations(seen: &mut Value, is_another_s: impl Fn(&str) -> bool) {
    let Value::Object(mut annotations) = seen.get("annotations").clone() else { return };
    let before = annotations.len();
    annotations.retain(|key, _| !is_another_s(key));
    if annotations.len() < before {
        let left = if annotations.is_empty() { Value::Null } else { annotations.into() };
        seen.set("annotations", left);
    }
}

fn as_live(ours: &Value, live: &str) -> Value {
    let mut seen = ours.clone();
    if recipients(live) != recipients(&text(ours)) {
        let found = recipients(live).into_iter().map(Value::from).collect::<Vec<_>>();
        seen.set("recipients", if found.is_empty() { Value::Null } else { Value::List(found) });
    }
    seen
}

/// As the controller reads them.
fn recipients(text: &str) -> Vec<&str> {
    text.split(';').map(str::trim).filter(|recipient| !recipient.is_empty()).collect()
}

fn parse(key: &str, text: &str) -> Option<Value> {
    let name = key.strip_prefix(PREFIX)?;
    let (trigger, service) = match name.split_once('.') {
        Some((trigger, service)) => (Value::from(trigger), service),
        None => (Value::Null, name),
    };
    let found: Vec<_> = recipients(text).into_iter().map(Value::from).collect();
    Some(Value::Object(Object::from([
        ("trigger".to_owned(), trigger),
        ("service".to_owned(), service.into()),
        ("recipients".to_owned(), if found.is_empty() { Value::Null } else { Value::List(found) }),
    ])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subscription(trigger: Option<&str>, service: &str, to: &[&str]) -> Subscription {
        let recipients: Vec<_> = to.iter().map(|to| (*to).to_owned()).collect();
        Subscription {
            trigger: trigger.map(str::to_owned).into(),
            service: service.to_owned().into(),
            recipients: if to.is_empty() { Attr::Null } else { recipients.into() },
        }
    }

    fn values(subscriptions: Vec<Subscription>) -> Value {
        let list = subscriptions.into_iter().map(Model::into_value).collect();
        Value::from_iter([("notifications".to_owned(), list)])
    }

    fn three() -> Value {
        values(vec![
            subscription(Some("on-sync-failed"), "slack", &["a", "b"]),
            subscription(None, "teams", &["c"]),
            subscription(Some("on-deployed"), "webhook", &[]),
        ])
    }

    #[test]
    fn subscriptions_are_annotations_and_are_read_again() {
        let mut object = json!({ "metadata": { "annotations": { "other": "x" } } });
        write(&three(), &mut object);
        let expected = json!({
            "notifications.argoproj.io/subscribe.on-sync-failed.slack": "a;b",
            "notifications.argoproj.io/subscribe.teams": "c",
            "notifications.argoproj.io/subscribe.on-deployed.webhook": "",
            "other": "x",
        });
        assert_eq!(object["metadata"]["annotations"], expected);
        let mut seen = Value::Object(Object::new());
        read(&object, &three(), &mut seen, View::Owned);
        assert_eq!(seen.get("notifications"), three().get("notifications"));

        // What others add does not show, and what they change does.
        let annotations = &mut object["metadata"]["annotations"];
        annotations["notifications.argoproj.io/subscribe.x.slack"] = "theirs".into();
        annotations["notifications.argoproj.io/subscribe.on-sync-failed.slack"] = "a; b".into();
        annotations["notifications.argoproj.io/subscribe.teams"] = "d".into();
        annotations["notifications.argoproj.io/subscribe.on-deployed.webhook"] = Json::Null;
        read(&object, &three(), &mut seen, View::Owned);
        let expected = values(vec![
            subscription(Some("on-sync-failed"), "slack", &["a", "b"]),
            subscription(None, "teams", &["d"]),
        ]);
        assert_eq!(seen.get("notifications"), expected.get("notifications"));
    }

    #[test]
    fn an_import_shows_them_where_they_are_configured() {
        let object = json!({ "metadata": { "annotations": {
            "notifications.argoproj.io/subscribe.on-x.slack": "a", "notified.notifications.argoproj.io": "{}",
            "team": "shop",
        } } });
        let annotations = Value::from_iter([
            ("notifications.argoproj.io/subscribe.on-x.slack".to_owned(), Value::from("a")),
            (NOTIFIED.to_owned(), "{}".into()),
            ("team".to_owned(), "shop".into()),
        ]);
        let mut seen = Value::from_iter([("annotations".to_owned(), annotations)]);
        read(&object, &Value::Null, &mut seen, View::Whole);
        let expected = values(vec![subscription(Some("on-x"), "slack", &["a"])]);
        assert_eq!(seen.get("notifications"), expected.get("notifications"));
        let left = Value::from_iter([("team".to_owned(), Value::from("shop"))]);
        assert_eq!(*seen.get("annotations"), left);
        read(&json!({}), &Value::Null, &mut seen, View::Whole);
        assert!(seen.get("notifications").is_null());
    }

    #[test]
    fn what_is_said_twice_is_refused() {
        let found = |subscriptions: Vec<Subscription>, annotations: &[&str]| {
            let mut findings = Findings::default();
            check(&subscriptions.into(), &Attr::Known(annotations.to_vec()), &mut findings);
            findings.into_iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
        };
        let one = || subscription(Some("on-x"), "slack", &["a"]);
        assert_eq!(found(vec![one(), subscription(None, "slack", &["a"])], &["team"]), [""; 0]);
        assert_eq!(found(vec![one(), one()], &[]), ["notifications[1]"]);
        let key = "notifications.argoproj.io/subscribe.on-x.slack";
        assert_eq!(found(vec![one()], &[key]), [format!("annotations[{key:?}]")]);
        let long = "x".repeat(60);
        assert_eq!(found(vec![subscription(Some(&long), "slack", &[])], &[]), ["notifications[0]"]);
        for bad in ["", "a.b", "-a", "a b"] {
            assert!(part(bad).is_err(), "{bad}");
        }
        assert!(part("on-sync_failed").is_ok() && recipient("a:b").is_ok());
        assert!(recipient("a;b").is_err() && recipient("").is_err());
    }
}
