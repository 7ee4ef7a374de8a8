//! `gitops_kargo_promotion`: freight that is taken to a stage, once.

use serde_json::{Value as Json, json};

use super::stage::FreightOrigin;
use super::wait::{self, Look};
use crate::clients::kube::ObjectKind;
use crate::framework::api::{self, View};
use crate::framework::checks::{Findings, dns_label, dns_subdomain};
use crate::framework::{
    Attr, Attribute, Change, DefaultTimeouts, Diagnostics, Error, Model, Path, Result, Value,
};
use crate::resources::Operation;
use crate::resources::findings::report;
use crate::resources::object::{CommonMeta, Kind, Scene};

/// A Kargo promotion: takes one piece of freight to a stage, by the steps of the
/// stage's promotion template. It runs once, when it is made; any change makes
/// another one. A destroy removes the object and not what it did.
///
/// One that fails leaves the resource tainted, so the next apply promotes again.
#[derive(Clone, Debug, Default, Model)]
pub struct Promotion {
    /// The project, and so the namespace.
    #[attr(required, replace, identity, api = "/metadata/namespace", check = dns_label)]
    pub namespace: Attr<String>,
    /// Name of the object, which Kargo gives it.
    #[attr(computed, stable, identity, api = "/metadata/name")]
    pub name: Attr<String>,
    /// What is common to all objects.
    #[attr(flatten)]
    pub common: CommonMeta,
    /// The stage.
    #[attr(required, replace, check = dns_subdomain)]
    pub stage: Attr<String>,
    /// Name of the freight, not its alias; what `origin` led to when that is set.
    #[attr(optional, computed, stable, replace = "if_configured", check = dns_subdomain)]
    pub freight: Attr<String>,
    /// Takes what the stage would promote by itself of a warehouse's freight, in place of `freight`.
    #[attr(replace)]
    pub origin: Attr<FreightOrigin>,
    /// How it is going, or how it ended: `Pending`, `Running`, `Succeeded`, `Failed`, `Errored` or
    /// `Aborted`.
    #[attr(computed, stable, api = "/status/phase")]
    pub phase: Attr<String>,
    /// What Kargo says of it.
    #[attr(computed, stable, api = "/status/message")]
    pub message: Attr<String>,
    /// What an apply waits for: that the promotion has succeeded, unless it says otherwise.
    #[attr(local)]
    pub wait: Attr<PromotionWait>,
}

/// What an apply waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PromotionWait {
    /// Until the promotion has succeeded; the apply fails when it ends otherwise. On when not set.
    #[attr(default = true)]
    pub succeeded: Attr<bool>,
}

impl Kind for Promotion {
    type Model = Self;

    const NAME: &'static str = "kargo_promotion";
    const OBJECT: ObjectKind =
        ObjectKind::new("kargo.akuity.io/v1alpha1", "Promotion", "promotions");
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(30);
    const POSTED: bool = true;
    const FINAL: bool = true;

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let mut findings = Findings::default();
        let (freight, origin) = (&config.freight, &config.origin);
        if (freight.is_null() && origin.is_null())
            || (freight.known().is_some() && origin.known().is_some())
        {
            let rule = "a promotion has exactly one of freight and origin";
            findings.error(Path::attribute("freight"), rule);
        }
        report(findings.into_vec(), diagnostics);
    }

    /// The freight that was found by its origin.
    fn generated(config: &mut Value) {
        if !config.get("origin").is_null() {
            config.set("freight", Value::Null);
        }
    }

    /// Nothing of a promotion can be changed, its metadata included.
    fn plan(_: &Operation, change: &mut Change) -> Result<()> {
        let Some(prior) = &change.prior else { return Ok(()) };
        for name in ["labels", "annotations"] {
            if prior.get(name) != change.planned.get(name) {
                change.replace.push(Path::attribute(name));
            }
        }
        Ok(())
    }

    fn refused(error: Error) -> Error {
        let text = error.to_string();
        if text.contains("is forbidden") {
            return error.advise(
                "Promoting needs the verb promote on the stage, beside creating promotions: a rule \
                 for the resource stages of kargo.akuity.io, as gitops_kargo_role makes it.",
            );
        }
        error
    }

    /// Without a name: Kargo's webhook gives it one, and where it does not run
    /// the API server does.
    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        let mut object = api::render(attributes, Self::ROOT, values)?;
        let stage = values.get("stage").as_str().unwrap_or_default();
        object["metadata"]["generateName"] = json!(generate_name(stage));
        Ok(object)
    }

    /// Kargo drops the origin when it has found the freight.
    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        let mut seen = api::project(attributes, Self::ROOT, live, prior, view);
        if view == View::Owned {
            seen.set("origin", prior.get("origin").clone());
        }
        Ok(seen)
    }

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        let wait = Attr::<PromotionWait>::from_value(values.get("wait").clone())?;
        if wait.known().is_some_and(|wait| wait.succeeded == Attr::Known(false)) {
            return Ok(applied);
        }
        wait::until(scene, "succeed", judge).await
    }
}

/// Whether a promotion has succeeded.
fn judge(live: &Json) -> Result<Look> {
    if !is_over(live) {
        return Ok(Look::Pending(describe(live)));
    }
    match failure(live) {
        None => Ok(Look::Settled),
        Some(error) => Err(error.advise(
            "Mend what the message names and apply again, which promotes anew. What the steps \
             before it did stays done.",
        )),
    }
}

/// What Kubernetes makes a name of, until Kargo gives the promotion another: of what stands before a
/// generated part, only a hyphen at the end is left out of account when its form is checked.
pub fn generate_name(stage: &str) -> String {
    format!("{stage}-")
}

/// Whether a promotion has ended, well or not.
pub fn is_over(live: &Json) -> bool {
    matches!(phase(live), "Succeeded" | "Failed" | "Errored" | "Aborted")
}

/// How a promotion stands, in one line.
pub fn describe(live: &Json) -> String {
    let status = &live["status"];
    let running = steps(status).find(|step| step["status"] == "Running");
    let at = running.and_then(|step| step["alias"].as_str());
    let message = status["message"].as_str().filter(|_| is_over(live));
    match (phase(live), at, message) {
        (phase, _, Some(message)) => format!("{phase}: {message}"),
        (phase, Some(alias), None) => format!("{phase}, at step {alias:?}"),
        (phase, None, None) => phase.to_owned(),
    }
}

/// Why a promotion that has ended was no success: its message, and those of the steps that failed.
pub fn failure(live: &Json) -> Option<Error> {
    let (status, phase) = (&live["status"], phase(live));
    if phase == "Succeeded" {
        return None;
    }
    let message = status["message"].as_str().unwrap_or("no message");
    let mut why = format!("the promotion ended as {phase}: {message}");
    // What is tolerated has failed nothing.
    for step in steps(status).filter(|step| step["continueOnError"] != true) {
        let text = |name: &str| step[name].as_str().unwrap_or_default();
        // A single step that failed is what the message is about.
        if matches!(text("status"), "Failed" | "Errored") && text("message") != message {
            why = format!("{why}; step {:?}: {}", text("alias"), text("message"));
        }
    }
    Some(Error::failed(why))
}

fn phase(live: &Json) -> &str {
    let phase = live["status"]["phase"].as_str().unwrap_or_default();
    if phase.is_empty() { "Pending" } else { phase }
}

fn steps(status: &Json) -> impl Iterator<Item = &Json> {
    status["stepExecutionMetadata"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Attr<String> {
        Attr::Known(text.to_owned())
    }

    fn by_origin() -> Promotion {
        Promotion {
            namespace: text("shop"),
            name: Attr::Unknown,
            stage: text("dev"),
            freight: Attr::Unknown,
            origin: FreightOrigin { kind: text("Warehouse"), name: text("wh") }.into(),
            phase: Attr::Unknown,
            message: Attr::Unknown,
            ..Promotion::default()
        }
    }

    #[test]
    fn a_promotion_is_sent_without_a_name_and_seen_with_what_kargo_made_of_it() {
        let attributes = Promotion::attributes();
        let planned = by_origin();
        let mut sent = planned.clone().into_value();
        // What the configuration does not set is not sent.
        sent.set("freight", Value::Null);
        let sent = Promotion::render(&attributes, &sent).unwrap();
        assert_eq!(
            sent,
            json!({
                "metadata": {"namespace": "shop", "generateName": "dev-"},
                "spec": {"stage": "dev", "origin": {"kind": "Warehouse", "name": "wh"}},
            })
        );
        let live = json!({
            "metadata": {"name": "dev.01m7ydpczanedpgdqecd886x5y.bc477e5", "namespace": "shop"},
            "spec": {"stage": "dev", "freight": "bc477e52", "steps": [{"uses": "fail"}]},
            "status": {"phase": "Succeeded"},
        });
        let planned = planned.into_value();
        let seen = Promotion::project(&attributes, &live, &planned, View::Owned).unwrap();
        assert_eq!(seen.get("freight"), &"bc477e52".into());
        assert_eq!(seen.get("name"), &"dev.01m7ydpczanedpgdqecd886x5y.bc477e5".into());
        assert_eq!(seen.get("phase"), &"Succeeded".into());
        assert_eq!(seen.get("origin"), planned.get("origin"));
    }

    /// As recorded of Kargo 1.11.
    #[test]
    fn the_end_of_a_promotion_says_which_step_failed() {
        let is = |status: Json| match judge(&json!({ "status": status })) {
            Ok(Look::Settled) => "succeeded".to_owned(),
            Ok(Look::Pending(state)) => state,
            Err(error) => error.message().to_owned(),
        };
        assert_eq!(is(Json::Null), "Pending");
        assert_eq!(is(json!({"phase": "Running"})), "Running");
        let step = |alias: &str, status: &str, message: &str| json!({"alias": alias, "status": status, "message": message});
        let running = [step("a", "Succeeded", ""), step("w", "Running", "")];
        let running = json!({"phase": "Running", "stepExecutionMetadata": running});
        assert_eq!(is(running), "Running, at step \"w\"");
        assert_eq!(is(json!({"phase": "Succeeded"})), "succeeded");
        let message = "step \"step-1\": failed: boom f-fail";
        let failed = json!({"phase": "Failed", "message": message,
            "stepExecutionMetadata": [step("step-1", "Failed", message)]});
        assert_eq!(is(failed), format!("the promotion ended as Failed: {message}"));
        let errored = json!({"phase": "Errored", "message": "two steps failed",
            "stepExecutionMetadata": [step("a", "Errored", "no"), step("b", "Skipped", "x")]});
        assert_eq!(is(errored), "the promotion ended as Errored: two steps failed; step \"a\": no");
        let tolerated =
            json!({"alias": "a", "status": "Failed", "message": "x", "continueOnError": true});
        let failed =
            json!({"phase": "Failed", "message": "no", "stepExecutionMetadata": [tolerated]});
        assert_eq!(is(failed), "the promotion ended as Failed: no");
        let aborted =
            json!({"phase": "Aborted", "message": "Promotion terminated by kubernetes:admin"});
        assert!(is(aborted).contains("Aborted: Promotion terminated"));
    }

    #[test]
    fn a_promotion_is_of_one_piece_of_freight() {
        let found = |promotion: &Promotion| {
            let mut diagnostics = Diagnostics::default();
            Promotion::validate(promotion, &mut diagnostics);
            diagnostics.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
        };
        let by_name = Promotion { freight: text("a"), origin: Attr::Null, ..by_origin() };
        assert_eq!(found(&by_name), [""; 0]);
        assert_eq!(found(&by_origin()), [""; 0]);
        assert_eq!(found(&Promotion { freight: text("a"), ..by_origin() }), ["freight"]);
        assert_eq!(found(&Promotion { freight: Attr::Null, ..by_name }), ["freight"]);
    }
}
