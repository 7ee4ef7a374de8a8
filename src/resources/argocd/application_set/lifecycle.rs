//! The life of an application set: what it waits for, and the end of its
//! applications.

use serde_json::{Map, Value as Json, json};

use super::{ApplicationSet, ApplicationSetWait, wait};
use crate::clients::kube::{DeleteOptions, Freshness, ObjectKind, Propagation, held_up};
use crate::framework::api::{self, View};
use crate::framework::wait::{Pace, Poll, until};
use crate::framework::{
    Attr, Attribute, Change, DefaultTimeouts, Diagnostics, Peer, Result, Value,
};
use crate::resources::Operation;
use crate::resources::argocd::application::Application;
use crate::resources::argocd::leaving::describe;
use crate::resources::argocd::{peers, profile};
use crate::resources::object::{Kind, Scene, handover};

impl Kind for ApplicationSet {
    type Model = Self;

    const NAME: &'static str = "application_set";
    const OBJECT: ObjectKind =
        ObjectKind::new("argoproj.io/v1alpha1", "ApplicationSet", "applicationsets");
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(15);

    const PEERS: &'static [Peer] = &[peers::peer("argocd_application_set")];

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.check(diagnostics);
    }

    fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        profile::check::<Self>(cx, change, Self::check_profile)
    }

    /// Where a generator does not override the template, Argo CD writes an override with nothing in
    /// it: nobody wants that in a configuration.
    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        if view == View::Owned {
            return Ok(api::project(attributes, Self::ROOT, live, prior, view));
        }
        let mut live = live.clone();
        if let Some(generators) = live.pointer_mut("/spec/generators") {
            remove_empty_overrides(generators);
        }
        Ok(api::project(attributes, Self::ROOT, &live, prior, view))
    }

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        match Attr::<ApplicationSetWait>::from_value(values.get("wait").clone())? {
            Attr::Known(wait) => wait::until_settled(scene, &applied, &wait).await,
            _ => Ok(applied),
        }
    }

    fn propagation(state: &Value) -> Propagation {
        if keeps_applications(state) { Propagation::Orphan } else { Propagation::Foreground }
    }

    /// Deletes the set such that it stays until its applications are gone, and follows those: they
    /// say what holds them up, where the set would only say that something does.
    async fn retire(scene: &Scene<'_>, state: &Value) -> Result<()> {
        if keeps_applications(state) || handover::orphans(state) {
            return Ok(());
        }
        let Scene { cx, target, object } = *scene;
        let objects = scene.objects();
        let Some(set) = objects.get(target, object, Freshness::Now, cx.deadline()).await? else {
            return Ok(());
        };
        let options = DeleteOptions { propagation: Self::propagation(state), uid: None };
        objects.delete(target, object, &options, cx.deadline()).await?;
        let what = format!("the applications of {object} to be gone");
        until(cx.deadline(), Pace::CLUSTER, &what, || async {
            let left = applications(scene, &set).await?;
            Ok(if left.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending(describe(&left.iter().collect::<Vec<_>>()))
            })
        })
        .await
        .map_err(held_up)
    }
}

/// Whether the applications survive the set: where the policy never lets Argo CD delete one, the
/// end of the set is no reason to.
fn keeps_applications(values: &Value) -> bool {
    let policy = values.get("sync_policy").get("applications_sync");
    matches!(policy.as_str(), Some("create-only" | "create-update"))
}

fn remove_empty_overrides(generators: &mut Json) {
    let empty = json!({ "metadata": {}, "spec": { "destination": {}, "project": "" } });
    for kind in generators.as_array_mut().into_iter().flatten() {
        for generator in kind.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if generator["template"] == empty
                && let Some(fields) = generator.as_object_mut()
            {
                fields.remove("template");
            }
            if let Some(nested) = generator.get_mut("generators") {
                remove_empty_overrides(nested);
            }
        }
    }
}

/// The applications that a set has generated.
pub(super) async fn applications(scene: &Scene<'_>, set: &Json) -> Result<Vec<Json>> {
    let Scene { cx, target, object } = *scene;
    let namespace = object.namespace.as_deref();
    let objects = scene.objects();
    let mut found =
        objects.list(target, &Application::OBJECT, namespace, None, cx.deadline()).await?;
    found.retain(|application| is_owned(application, set));
    Ok(found)
}

fn is_owned(application: &Json, set: &Json) -> bool {
    let owners = application["metadata"]["ownerReferences"].as_array();
    let uid = &set["metadata"]["uid"];
    !uid.is_null() && owners.into_iter().flatten().any(|owner| owner["uid"] == *uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{Model, schema};
    use crate::resources::argocd::application_set::SetSyncPolicy;

    fn state(policy: &str) -> Value {
        let policy = SetSyncPolicy {
            applications_sync: policy.to_owned().into(),
            ..SetSyncPolicy::default()
        };
        ApplicationSet { sync_policy: policy.into(), ..ApplicationSet::default() }.into_value()
    }

    #[test]
    fn applications_that_are_never_deleted_survive_the_set() {
        let propagation = |state: &Value| ApplicationSet::propagation(state);
        assert_eq!(propagation(&state("create-only")), Propagation::Orphan);
        assert_eq!(propagation(&state("create-update")), Propagation::Orphan);
        assert_eq!(propagation(&state("create-delete")), Propagation::Foreground);
        assert_eq!(propagation(&state("sync")), Propagation::Foreground);
        let none = ApplicationSet::default().into_value();
        assert_eq!(propagation(&none), Propagation::Foreground);
    }

    #[test]
    fn an_import_leaves_out_overrides_with_nothing_in_them() {
        let attributes = ApplicationSet::attributes();
        let empty = json!({ "metadata": {}, "spec": { "destination": {}, "project": "" } });
        let own = json!({ "metadata": { "name": "x" }, "spec": {} });
        let live = json!({ "spec": { "generators": [
            { "list": { "elements": [], "template": own } },
            { "matrix": { "template": empty, "generators": [{ "clusters": { "template": empty } }] } },
        ] } });
        let nothing = schema::empty(&attributes);
        let seen = ApplicationSet::project(&attributes, &live, &nothing, View::Whole).unwrap();
        let model = ApplicationSet::from_value(seen).unwrap();
        let sent = api::render(&attributes, "/spec", &model.into_value()).unwrap();
        assert_eq!(
            sent["spec"]["generators"],
            json!([
                { "list": { "elements": [], "template": own } },
                { "matrix": { "generators": [{ "clusters": {} }] } },
            ])
        );
        // One that is ours stays.
        let kept = json!({ "spec": { "generators": [{ "clusters": { "template": empty } }] } });
        let prior = api::project(&attributes, "/spec", &kept, &nothing, View::Whole);
        let seen = ApplicationSet::project(&attributes, &kept, &prior, View::Owned).unwrap();
        assert_eq!(seen, prior);
    }

    #[test]
    fn applications_are_known_by_their_owner() {
        let set = json!({ "metadata": { "uid": "1" } });
        let of = |uid: &str| json!({ "metadata": { "ownerReferences": [{ "uid": uid }] } });
        assert!(is_owned(&of("1"), &set));
        assert!(!is_owned(&of("2"), &set));
        assert!(!is_owned(&json!({ "metadata": {} }), &set));
        assert!(!is_owned(&of("1"), &json!({})));
    }
}
