//! The life of an application: finalizers, waiting, and what Kargo moves.

use serde_json::{Value as Json, json};

use super::{Application, ApplicationWait, image_updater, wait};
use crate::clients::kube::{FIELD_MANAGER, Freshness, ObjectKind, is_leaving};
use crate::framework::api::{self, View};
use crate::framework::{
    Attr, Attribute, Change, DefaultTimeouts, Diagnostics, Error, Path, Peer, Result, Value,
};
use crate::resources::Operation;
use crate::resources::argocd::{peers, profile, subscriptions};
use crate::resources::object::handover::{self, Management};
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

    const PEERS: &'static [Peer] = &[peers::peer("argocd_application")];

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.check(diagnostics);
    }

    fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        profile::check::<Self>(cx, change, Self::check_profile)
    }

    fn ignored(values: &Value) -> Vec<Path> {
        if !values.get("annotations").get(AUTHORIZED_STAGE).is_null() {
            return paths(&PROMOTED);
        }
        if image_updater::writes_to_the_application(values) {
            return paths(&image_updater::UPDATED);
        }
        Vec::new()
    }

    fn undecided(config: &Value) -> Option<(Path, Vec<Path>)> {
        if config.get("annotations").is_unknown() {
            return Some((Path::attribute("annotations"), paths(&PROMOTED)));
        }
        let unknown = image_updater::is_undecided(config);
        unknown.then(|| (Path::attribute("image_updater"), paths(&image_updater::UPDATED)))
    }

    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        let mut object = api::render(attributes, Self::ROOT, values)?;
        subscriptions::write(values, &mut object);
        image_updater::write(values, &mut object);
        // A set in server-side apply: finalizers of others stay beside ours.
        if let Some(finalizer) = finalizer(values) {
            object["metadata"]["finalizers"] = json!([finalizer]);
        }
        Ok(object)
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        let mut seen = api::project(attributes, Self::ROOT, live, prior, view);
        subscriptions::read(live, prior, &mut seen, view);
        image_updater::read(live, prior, &mut seen, view);
        // Of one on its way out Argo CD takes the finalizer away by itself.
        if !is_leaving(live) {
            seen.set("cascade", cascade(live).into());
        }
        Ok(seen)
    }

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        let applied = match Management::of(values) {
            Management::Full => leave_finalizer(scene, values, applied).await?,
            Management::Bootstrap | Management::Observe => applied,
        };
        let wait = values.get("wait").clone();
        match Attr::<ApplicationWait>::from_value(wait)? {
            Attr::Known(wait) => wait::until_settled(scene, &wait).await,
            _ => Ok(applied),
        }
    }

    async fn retire(scene: &Scene<'_>, state: &Value) -> Result<()> {
        let mut state = state.clone();
        if handover::orphans(&state) {
            state.set("cascade", "orphan".into());
        }
        let left = async { leave_finalizer(scene, &state, current(scene).await?).await };
        match left.await {
            Err(error) if error.is_not_found() => Ok(()),
            left => left.map(drop),
        }
    }
}

fn paths(of: &[[&str; 3]]) -> Vec<Path> {
    let path = |names: &[&str; 3]| {
        let names = names.iter().filter(|name| !name.is_empty());
        names.fold(Path::root(), |path, name| path.field(*name))
    };
    of.iter().map(path).collect()
}

/// Leaves exactly the finalizer that `cascade` asks for: an application that
/// was imported or adopted may have another, which others own.
async fn leave_finalizer(scene: &Scene<'_>, values: &Value, mut live: Json) -> Result<Json> {
    let wanted = finalizer(values);
    loop {
        let found = live["metadata"]["finalizers"].as_array();
        let found = found.map(Vec::as_slice).unwrap_or_default();
        let is_ours = |found: &&Json| found.as_str().is_some_and(|it| SPELLINGS.contains(&it));
        let right = found.iter().filter(is_ours).map(Json::as_str).eq(wanted.map(Some));
        if right || is_leaving(&live) {
            return Ok(live);
        }
        let others = found.iter().filter(|found| !is_ours(found)).cloned();
        let change = json!({"metadata": {
            "finalizers": others.chain(wanted.map(Json::from)).collect::<Vec<_>>(),
            // Somebody else's change in between is not overwritten.
            "resourceVersion": live["metadata"]["resourceVersion"],
        }});
        let Scene { cx, target, object } = *scene;
        let patched =
            scene.objects().patch(target, object, None, &change, FIELD_MANAGER, cx.deadline());
        match patched.await {
            // Argo CD writes to the same object as often as it likes.
            Err(error) if error.is_conflict() => live = current(scene).await?,
            patched => return patched,
        }
    }
}

async fn current(scene: &Scene<'_>) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let found = scene.objects().get(target, object, Freshness::Now, cx.deadline()).await?;
    found.ok_or_else(|| Error::not_found(format!("{object} is gone")))
}

/// What a deletion of a live application would do, by its finalizers.
fn cascade(live: &Json) -> &'static str {
    let finalizers = live["metadata"]["finalizers"].as_array().map(Vec::as_slice);
    let has = |finalizer| finalizers.unwrap_or_default().iter().any(|it| it == finalizer);
    match SPELLINGS.into_iter().find(|finalizer| has(*finalizer)) {
        None => "orphan",
        Some(BACKGROUND) => "background",
        Some(_) => "foreground",
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
    fn a_finalizer_that_somebody_took_away_shows_as_the_cascade_it_leaves() {
        let attributes = Application::attributes();
        let seen = |metadata: Json| {
            let application =
                Application { cascade: "foreground".to_owned().into(), ..Application::default() };
            let prior = application.into_value();
            let live = json!({ "metadata": metadata });
            let seen = Application::project(&attributes, &live, &prior, View::Owned).unwrap();
            seen.get("cascade").as_str().unwrap().to_owned()
        };
        assert_eq!(seen(json!({ "finalizers": ["example.com/other", FOREGROUND] })), "foreground");
        assert_eq!(seen(json!({ "finalizers": [SPELLINGS[2]] })), "foreground");
        assert_eq!(seen(json!({ "finalizers": [BACKGROUND] })), "background");
        assert_eq!(seen(json!({ "finalizers": ["example.com/other"] })), "orphan");
        assert_eq!(seen(json!({})), "orphan");
        // Its end has begun, and Argo CD has done what it was to do.
        assert_eq!(seen(json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" })), "foreground");
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
