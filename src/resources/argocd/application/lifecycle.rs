//! The life of an application: finalizers, waiting, and what Kargo moves.

use serde_json::{Value as Json, json};

use super::{Application, ApplicationWait, wait};
use crate::clients::kube::{Freshness, ObjectKind};
use crate::framework::{
    Attr, Attribute, Change, DefaultTimeouts, Diagnostics, Path, Result, Value, api,
};
use crate::resources::Operation;
use crate::resources::argocd::profile;
use crate::resources::object::{Kind, Scene};

/// Deletes what was deployed, and waits for its dependents.
const FOREGROUND: &str = "resources-finalizer.argocd.argoproj.io";
/// Deletes what was deployed, and leaves dependents to Kubernetes.
const BACKGROUND: &str = "resources-finalizer.argocd.argoproj.io/background";
/// Other spellings of the same, by people and older versions.
const SPELLINGS: [&str; 3] =
    [FOREGROUND, BACKGROUND, "resources-finalizer.argocd.argoproj.io/foreground"];
/// By this annotation a stage of Kargo may change the application.
const AUTHORIZED_STAGE: &str = "kargo.akuity.io/authorized-stage";
/// What Kargo changes of an application that a stage is authorised for.
const PROMOTED: [[&str; 3]; 3] = [
    ["source", "target_revision", ""],
    ["source", "helm", "parameters"],
    ["source", "kustomize", "images"],
];

impl Kind for Application {
    type Model = Self;

    const NAME: &'static str = "application";
    const OBJECT: ObjectKind =
        ObjectKind::new("argoproj.io/v1alpha1", "Application", "applications");
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(15);

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.check(diagnostics);
    }

    fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        profile::check::<Self>(cx, change, Self::check_profile)
    }

    fn ignored(values: &Value) -> Vec<Path> {
        if values.get("annotations").get(AUTHORIZED_STAGE).is_null() {
            return Vec::new();
        }
        let path = |names: &[&str; 3]| {
            let names = names.iter().filter(|name| !name.is_empty());
            names.fold(Path::root(), |path, name| path.field(*name))
        };
        PROMOTED.iter().map(path).collect()
    }

    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        let mut object = api::render(attributes, Self::ROOT, values)?;
        // A set in server-side apply: finalizers of others stay beside ours.
        if let Some(finalizer) = finalizer(values) {
            object["metadata"]["finalizers"] = json!([finalizer]);
        }
        Ok(object)
    }

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        let wait = values.get("wait").clone();
        match Attr::<ApplicationWait>::from_value(wait)? {
            Attr::Known(wait) => wait::until_settled(scene, &wait).await,
            _ => Ok(applied),
        }
    }

    /// Leaves exactly the finalizer that `cascade` asks for: an application
    /// that was imported may have another.
    async fn retire(scene: &Scene<'_>, state: &Value) -> Result<()> {
        let deadline = scene.cx.deadline();
        let objects = scene.objects();
        let live = objects.get(scene.target, scene.object, Freshness::Now, deadline).await?;
        let Some(live) = live else { return Ok(()) };
        let found = live["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        let mut wanted: Vec<_> = found
            .iter()
            .filter(|found| !found.as_str().is_some_and(|found| SPELLINGS.contains(&found)))
            .cloned()
            .collect();
        wanted.extend(finalizer(state).map(Json::from));
        let on_its_way_out = !live["metadata"]["deletionTimestamp"].is_null();
        if on_its_way_out || wanted.iter().all(|w| found.contains(w)) && wanted.len() == found.len()
        {
            return Ok(());
        }
        let change = json!({"metadata": {
            "finalizers": wanted,
            // Somebody else's change in between is not overwritten.
            "resourceVersion": live["metadata"]["resourceVersion"],
        }});
        let manager = crate::clients::kube::FIELD_MANAGER;
        objects.patch(scene.target, scene.object, None, &change, manager, deadline).await.map(drop)
    }
}

fn finalizer(values: &Value) -> Option<&'static str> {
    match values.get("cascade").as_str() {
        Some("orphan") => None,
        Some("background") => Some(BACKGROUND),
        _ => Some(FOREGROUND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Model;

    #[test]
    fn cascade_decides_the_finalizer() {
        let rendered = |cascade: &str| {
            let application =
                Application { cascade: cascade.to_owned().into(), ..Application::default() };
            let values = application.into_value();
            Application::render(&Application::attributes(), &values).unwrap()["metadata"]
                ["finalizers"]
                .clone()
        };
        assert_eq!(rendered("foreground"), json!([FOREGROUND]));
        assert_eq!(rendered("background"), json!([BACKGROUND]));
        assert_eq!(rendered("orphan"), Json::Null);
    }

    #[test]
    fn a_stage_that_is_authorised_moves_the_revision() {
        let annotations = Value::from_iter([(AUTHORIZED_STAGE.to_owned(), "shop:prod".into())]);
        let values = Value::from_iter([("annotations".to_owned(), annotations)]);
        let paths: Vec<_> = Application::ignored(&values).iter().map(Path::to_string).collect();
        assert_eq!(
            paths,
            ["source.target_revision", "source.helm.parameters", "source.kustomize.images"]
        );
        assert!(Application::ignored(&Value::Null).is_empty());
    }
}
