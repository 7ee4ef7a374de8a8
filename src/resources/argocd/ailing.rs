//! Which resources of an application something is wrong with, in a few words.

use serde_json::Value as Json;

/// How many resources are named.
const NAMED: usize = 5;

/// Those that a synchronisation failed at, in parentheses; empty when there are none.
pub(super) fn failed(operation_state: &Json) -> String {
    let failed = |resource: &&Json| {
        matches!(resource["status"].as_str(), Some("SyncFailed"))
            || matches!(resource["hookPhase"].as_str(), Some("Failed" | "Error"))
    };
    let resources = list(&operation_state["syncResult"]["resources"]);
    enclosed(resources.filter(failed).map(|resource| named(resource, &resource["message"])))
}

/// Those that are as unwell as their application is, with what their health checks say, in
/// parentheses; empty for an application that is well.
///
/// Argo CD keeps that with the application only where `controller.resource.health.persist` is on,
/// which it is not by default since 3.0; where to look is said then.
pub(super) fn unhealthy(status: &Json) -> String {
    let health = &status["health"]["status"];
    if !matches!(health.as_str(), Some("Degraded" | "Progressing" | "Suspended")) {
        return String::new();
    }
    if status["resourceHealthSource"] == "appTree" {
        return " (Argo CD shows in its user interface which resources make it so, and keeps it with \
                the application only with controller.resource.health.persist)"
            .to_owned();
    }
    let resources = list(&status["resources"]);
    let as_unwell = resources.filter(|resource| resource["health"]["status"] == *health);
    enclosed(as_unwell.map(|resource| named(resource, &resource["health"]["message"])))
}

fn list(resources: &Json) -> impl Iterator<Item = &Json> {
    resources.as_array().into_iter().flatten()
}

fn named(resource: &Json, message: &Json) -> String {
    let text = |name: &str| resource[name].as_str().filter(|text| !text.is_empty());
    let kind = text("kind").unwrap_or_default();
    let name = text("name").unwrap_or_default();
    let object = match text("namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    match message.as_str().filter(|text| !text.is_empty()) {
        Some(message) => format!("{object}: {message}"),
        None => object,
    }
}

fn enclosed(resources: impl Iterator<Item = String>) -> String {
    let mut all: Vec<_> = resources.collect();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    if all.is_empty() { String::new() } else { format!(" ({})", all.join("; ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(name: &str, health: &Json) -> Json {
        json!({ "kind": "FeatureFlag", "namespace": "shop", "name": name, "health": health })
    }

    #[test]
    fn the_resources_that_make_an_application_unwell_are_named_with_their_messages() {
        let status = json!({
            "health": { "status": "Degraded" },
            "resources": [
                resource("a", &json!({ "status": "Healthy", "message": "all is well" })),
                resource("b", &json!({ "status": "Degraded", "message": "withdrawn" })),
                resource("c", &json!({ "status": "Progressing", "message": "20 %" })),
                { "kind": "Node", "name": "d", "health": { "status": "Degraded" } },
                { "kind": "ConfigMap", "namespace": "shop", "name": "e" },
            ],
        });
        assert_eq!(unhealthy(&status), " (FeatureFlag shop/b: withdrawn; Node d)");
        let healthy =
            json!({ "health": { "status": "Healthy" }, "resources": status["resources"] });
        assert_eq!(unhealthy(&healthy), "");
    }

    #[test]
    fn where_the_health_of_resources_is_not_kept_it_is_said_where_it_shows() {
        let mut status = json!({
            "health": { "status": "Progressing" },
            "resourceHealthSource": "appTree",
            "resources": [{ "kind": "Deployment", "namespace": "shop", "name": "a" }],
        });
        assert!(unhealthy(&status).contains("controller.resource.health.persist"));
        // Of what is missing, and not unwell, that would be no help.
        status["health"]["status"] = json!("Missing");
        assert_eq!(unhealthy(&status), "");
    }

    #[test]
    fn of_many_resources_some_are_named() {
        let all = ["a", "b", "c", "d", "e", "f", "g"];
        let failed_ones: Vec<_> = all.map(|name| json!({ "kind": "Job", "name": name, "status": "SyncFailed", "message": "no" })).into();
        let state = json!({ "syncResult": { "resources": failed_ones } });
        assert_eq!(
            failed(&state),
            " (Job a: no; Job b: no; Job c: no; Job d: no; Job e: no; and 2 more)"
        );
        assert_eq!(failed(&json!({})), "");
    }
}
