//! The life of a definition: until kro serves the new kind, and until it is gone again.

use std::time::Duration;

use serde_json::Value as Json;

use super::ResourceGraphDefinition;
use crate::clients::kube::{DeleteOptions, Freshness, ObjectKind, ObjectRef};
use crate::framework::wait::{Deadline, Pace, Poll, until};
use crate::framework::{Diagnostics, Error, ImportFormat, Path, Result, Value};
use crate::resources::object::{Kind, Scene};

/// By this label a definition of a kind says of which graph it is.
const GRAPH_LABEL: &str = "kro.run/resource-graph-definition-name";
const DEFINITION: ObjectKind = ObjectKind::new(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
);
/// What kro refuses is believed after this long: a kind that a template is of may be on its way in
/// the same run, and kro looks again by itself.
const BELIEVED: Duration = Duration::from_secs(12);
/// As many instances are named, where there are more.
const NAMED: usize = 10;

impl Kind for ResourceGraphDefinition {
    type Model = Self;

    const NAME: &'static str = "kro_resource_graph_definition";
    const OBJECT: ObjectKind =
        ObjectKind::new("kro.run/v1alpha1", "ResourceGraphDefinition", "resourcegraphdefinitions");
    const IMPORT: ImportFormat = ImportFormat("{name}");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.check(diagnostics);
    }

    /// Ends when kro serves the new kind.
    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        if values.get("wait").as_bool() == Some(false) {
            return Ok(applied);
        }
        let live = ready(scene).await?;
        for definition in definitions(scene).await? {
            let name = text(&definition["metadata"]["name"]);
            scene.objects().wait_established(scene.target, &name, scene.cx.deadline()).await?;
        }
        Ok(live)
    }

    /// Objects of the new kind go first: without kro's help, their finalizers would hold them for
    /// ever.
    async fn retire(scene: &Scene<'_>, state: &Value) -> Result<()> {
        let mut found = Vec::new();
        for definition in definitions(scene).await? {
            found.extend(instances(scene, &definition).await?);
        }
        if found.is_empty() {
            return Ok(());
        }
        if state.get("delete_instances").as_bool() != Some(true) {
            return Err(in_use(scene, &found));
        }
        let (objects, deadline) = (scene.objects(), scene.cx.deadline());
        for instance in &found {
            objects.delete(scene.target, instance, &DeleteOptions::default(), deadline).await?;
        }
        for instance in &found {
            objects.wait_gone(scene.target, instance, None, deadline).await?;
        }
        Ok(())
    }

    /// kro leaves the definition of the new kind behind, unless it is started otherwise.
    async fn bury(scene: &Scene<'_>, state: &Value) -> Result<()> {
        if state.get("keep_crd").as_bool() == Some(true) {
            return Ok(());
        }
        let (objects, deadline) = (scene.objects(), scene.cx.deadline());
        for definition in definitions(scene).await? {
            let object = DEFINITION.cluster_wide(text(&definition["metadata"]["name"]));
            let left = instances(scene, &definition).await?;
            if !left.is_empty() {
                // Made in the last moment: with the definition, they would be gone.
                scene.cx.warn(
                    Path::root(),
                    format!("{object} was left in place"),
                    format!("There are objects of its kind: {}.", names(&left)),
                );
                continue;
            }
            objects.delete(scene.target, &object, &DeleteOptions::default(), deadline).await?;
            objects.wait_gone(scene.target, &object, None, deadline).await?;
        }
        Ok(())
    }
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// The definitions of kinds that kro has made of this graph.
async fn definitions(scene: &Scene<'_>) -> Result<Vec<Json>> {
    let Scene { cx, target, object } = *scene;
    let selector = format!("{GRAPH_LABEL}={}", object.name);
    scene.objects().list(target, &DEFINITION, None, Some(&selector), cx.deadline()).await
}

/// The objects of a kind that kro has made.
async fn instances(scene: &Scene<'_>, definition: &Json) -> Result<Vec<ObjectRef>> {
    let spec = &definition["spec"];
    let versions = spec["versions"].as_array();
    let served = versions.into_iter().flatten().find(|version| version["served"] == true);
    // Of a kind that is not served, there are no objects.
    let Some(served) = served else { return Ok(Vec::new()) };
    let kind = ObjectKind {
        api_version: format!("{}/{}", text(&spec["group"]), text(&served["name"])).into(),
        kind: text(&spec["names"]["kind"]).into(),
        plural: text(&spec["names"]["plural"]).into(),
    };
    let found = scene.objects().list(scene.target, &kind, None, None, scene.cx.deadline()).await?;
    let instance = |live: &Json| {
        let name = text(&live["metadata"]["name"]);
        match live["metadata"]["namespace"].as_str() {
            Some(namespace) => kind.namespaced(namespace, name),
            None => kind.cluster_wide(name),
        }
    };
    Ok(found.iter().map(instance).collect())
}

fn in_use(scene: &Scene<'_>, found: &[ObjectRef]) -> Error {
    Error::conflict(format!(
        "there are objects of the kind that {} defines: {}",
        scene.object,
        names(found)
    ))
    .advise(
        "Delete them first, while kro still takes down what they are made of; or set \
         delete_instances = true, apply, and destroy again: they are deleted then. Objects of this \
         configuration go first when they refer to this resource or name it in depends_on.",
    )
}

fn names(found: &[ObjectRef]) -> String {
    let names: Vec<_> = found.iter().take(NAMED).map(ToString::to_string).collect();
    match found.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{}, and {more} more", names.join(", ")),
    }
}

/// Waits until kro says that it is ready for the definition as it is now.
///
/// Reads it again and again: of what it refuses, kro tells only once.
async fn ready(scene: &Scene<'_>) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let doubted = std::sync::Mutex::new(None);
    let what = format!("{object} to be Ready");
    until(cx.deadline(), Pace::CLUSTER, &what, || async {
        let found = scene.objects().get(target, object, Freshness::Now, cx.deadline()).await?;
        let Some(live) = found else {
            return Err(Error::failed(format!("{object} was deleted while it was waited for")));
        };
        let mut doubted = doubted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match verdict(&live) {
            Verdict::Ready => Ok(Poll::Ready(live)),
            Verdict::Pending(why) => {
                *doubted = None;
                Ok(Poll::Pending(why))
            }
            Verdict::Refused(why) => {
                let until: &Deadline = doubted.get_or_insert_with(|| cx.at_most(BELIEVED));
                if until.remaining().is_zero() {
                    return Err(Error::failed(why).advise(
                        "The definition exists and is in the state. Mend what kro names, and apply \
                         again.",
                    ));
                }
                Ok(Poll::Pending(why))
            }
        }
    })
    .await
    .map_err(|error| {
        if error.is_timed_out() {
            return error.advise(
                "Check that kro runs in the cluster and may do what the templates need; with wait \
                 = false an apply does not wait for it.",
            );
        }
        error
    })
}

/// What kro says of a definition.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Ready,
    Pending(String),
    /// It says no.
    Refused(String),
}

/// By the conditions that are about the definition as it is now.
fn verdict(live: &Json) -> Verdict {
    let generation = &live["metadata"]["generation"];
    let conditions = live["status"]["conditions"].as_array();
    let current: Vec<_> = conditions
        .into_iter()
        .flatten()
        .filter(|condition| condition["observedGeneration"] == *generation)
        .collect();
    let with_status = |status: &'static str| {
        let current = current.iter().filter(move |condition| condition["status"] == status);
        current.map(|condition| told(condition)).collect::<Vec<_>>()
    };
    if current.iter().any(|it| it["type"] == "Ready" && it["status"] == "True") {
        return Verdict::Ready;
    }
    // `Ready` repeats what the others say.
    let refused: Vec<_> =
        with_status("False").into_iter().filter(|told| !told.starts_with("Ready ")).collect();
    if !refused.is_empty() {
        return Verdict::Refused(refused.join("; "));
    }
    let pending = with_status("Unknown");
    Verdict::Pending(if pending.is_empty() {
        "kro has not looked at it yet".to_owned()
    } else {
        pending.join("; ")
    })
}

/// `GraphAccepted is False (InvalidResourceGraph: …)`.
fn told(condition: &Json) -> String {
    let text = |name: &str| condition[name].as_str().unwrap_or_default();
    format!("{} is {} ({}: {})", text("type"), text("status"), text("reason"), text("message"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live(conditions: &Json) -> Json {
        json!({"metadata": {"generation": 2}, "status": {"conditions": conditions}})
    }

    fn condition(kind: &str, status: &str, generation: i64) -> Json {
        json!({"type": kind, "status": status, "reason": "R", "message": "m",
               "observedGeneration": generation})
    }

    #[test]
    fn only_what_is_about_the_definition_as_it_is_now_counts() {
        let ready = condition("Ready", "True", 2);
        assert_eq!(verdict(&live(&json!([ready]))), Verdict::Ready);
        let stale = json!([condition("Ready", "True", 1), condition("GraphAccepted", "False", 1)]);
        assert_eq!(
            verdict(&live(&stale)),
            Verdict::Pending("kro has not looked at it yet".to_owned())
        );
        assert!(matches!(verdict(&json!({"metadata": {"generation": 1}})), Verdict::Pending(_)));
    }

    #[test]
    fn a_refusal_is_told_in_kro_s_words() {
        let refused = json!([
            condition("Ready", "False", 2),
            condition("GraphAccepted", "False", 2),
            condition("KindReady", "Unknown", 2),
        ]);
        let told = "GraphAccepted is False (R: m)".to_owned();
        assert_eq!(verdict(&live(&refused)), Verdict::Refused(told));
        let waiting =
            json!([condition("Ready", "Unknown", 2), condition("KindReady", "Unknown", 2)]);
        let Verdict::Pending(why) = verdict(&live(&waiting)) else { panic!("it is pending") };
        assert!(why.contains("KindReady is Unknown"), "{why}");
    }

    #[test]
    fn of_many_instances_some_are_named() {
        let kind = ObjectKind::new("kro.run/v1", "Web", "webs");
        let found: Vec<_> = (0..12).map(|n| kind.namespaced("shop", n.to_string())).collect();
        let text = names(&found);
        assert!(text.starts_with("Web shop/0, ") && text.ends_with(", and 2 more"), "{text}");
        assert_eq!(names(&found[..1]), "Web shop/0");
    }
}
