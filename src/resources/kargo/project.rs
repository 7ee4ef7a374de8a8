//! `gitops_kargo_project`: the namespace of a delivery pipeline.

use serde_json::{Value as Json, json};

use super::wait::{self, ReadyWait};
use crate::clients::kube::{
    DeleteOptions, FIELD_MANAGER, Freshness, ObjectKind, WriteOptions, is_leaving,
};
use crate::framework::schema::Form;
use crate::framework::{Attr, Error, ImportFormat, Model, Result, Value, newtype};
use crate::resources::object::{self, CommonMeta, Scene, handover};

/// A Kargo project: the namespace of the same name, in which its warehouses,
/// stages and freight live.
///
/// Kargo deletes that namespace and everything in it together with the project,
/// unless `keep_namespace` is on. Where Kargo does not run, only a namespace
/// that was made here is deleted with it.
#[derive(Clone, Debug, Default, Model)]
pub struct Project {
    /// Name of the project and of its namespace.
    #[attr(required, replace, identity, api = "/metadata/name", check = crate::framework::checks::dns_label)]
    pub name: Attr<String>,
    /// What is common to all objects.
    #[attr(flatten)]
    pub common: CommonMeta,
    /// What the project is for; shown by Kargo.
    #[attr(api = "/metadata/annotations/kargo.akuity.io~1description")]
    pub description: Attr<String>,
    /// Leave the namespace and everything in it in place when the project is deleted; off when not
    /// set.
    #[attr(api = "/metadata/annotations/kargo.akuity.io~1keep-namespace")]
    pub keep_namespace: Attr<Flag>,
    /// Wait at the end of a create or an update until Kargo has set the project up; `{}` does.
    /// Without it, an apply ends as soon as the object is written.
    #[attr(local)]
    pub wait: Attr<ReadyWait>,
}

/// A truth value that an annotation holds: `"true"`, `"false"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

newtype!(Flag(bool), |attribute| attribute.api.form = Form::Custom { write, read });

fn write(value: &Value) -> Result<Json> {
    let flag = value.as_bool().ok_or_else(|| Error::bug("a flag is no truth value"))?;
    Ok(flag.to_string().into())
}

/// Kargo keeps a namespace only for the exact text `true`.
fn read(json: &Json) -> Result<Value> {
    let text = json.as_str().ok_or_else(|| Error::invalid("an annotation is no text"))?;
    Ok((text == "true").into())
}

/// By this annotation Kargo leaves the namespace of a deleted project in place.
const KEEP_NAMESPACE: &str = "kargo.akuity.io/keep-namespace";
/// By this label Kargo knows a namespace as a project's.
const PROJECT_LABEL: &str = "kargo.akuity.io/project";
/// Kubernetes' own label for who manages an object: tells the namespaces that this provider made
/// from those that were there before. In the cluster and not in the state, so that a run that was
/// killed before it could save anything is no reason to leave one behind.
const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// Remembered within a run that has made the namespace.
const MADE_NAMESPACE: &str = "made_namespace";
const NAMESPACE: ObjectKind = ObjectKind::new("v1", "Namespace", "namespaces");

impl object::Kind for Project {
    type Model = Self;

    const NAME: &'static str = "kargo_project";
    const OBJECT: ObjectKind = ObjectKind::new("kargo.akuity.io/v1alpha1", "Project", "projects");
    const IMPORT: ImportFormat = ImportFormat("{name}");

    /// The namespace with Kargo's label comes first: then the project is made
    /// whether Kargo's webhooks are there or not, and so is what goes into it.
    async fn prepare(scene: &Scene<'_>, _: &Value) -> Result<()> {
        let namespace = NAMESPACE.cluster_wide(&scene.object.name);
        let (objects, deadline) = (scene.objects(), scene.cx.deadline());
        let options = WriteOptions { new_access: true, ..WriteOptions::default() };
        let labels = json!({PROJECT_LABEL: "true", MANAGED_BY_LABEL: FIELD_MANAGER});
        let content = json!({"metadata": {"labels": labels}});
        let claim = json!({"metadata": {"labels": {PROJECT_LABEL: "true"}}});
        let made = objects
            .create_or_patch(scene.target, &namespace, content, &claim, &options, deadline)
            .await?;
        if made {
            scene.cx.remember(MADE_NAMESPACE, true);
        }
        Ok(())
    }

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        if !ReadyWait::is_on(values)? {
            return Ok(applied);
        }
        wait::until(scene, "be set up by Kargo", |live| match wait::condition(live, "Stalled") {
            // Kargo has given up.
            Some(stalled) if stalled["status"] == "True" && wait::is_current(live, stalled) => {
                Err(wait::failure(stalled))
            }
            _ => Ok(wait::not_ready(live).map_or(wait::Look::Settled, wait::Look::Pending)),
        })
        .await
    }

    /// A namespace that was made for a project that is refused would be in no
    /// state, and so nobody's.
    async fn abandon(scene: &Scene<'_>) -> Result<()> {
        if scene.cx.recall::<bool>(MADE_NAMESPACE).unwrap_or_default() {
            delete_namespace(scene).await?;
        }
        Ok(())
    }

    /// Kargo looks at the annotation when the project is deleted.
    async fn retire(scene: &Scene<'_>, state: &Value) -> Result<()> {
        if !handover::orphans(state) {
            return Ok(());
        }
        let Scene { cx, target, object } = *scene;
        let change = json!({"metadata": {"annotations": {KEEP_NAMESPACE: "true"}}});
        let objects = scene.objects();
        match objects.patch(target, object, None, &change, FIELD_MANAGER, cx.deadline()).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    /// Kargo deletes the namespace with the project, and the project is gone some
    /// seconds before: whoever makes it anew meanwhile is refused. Where Kargo
    /// does not run, nobody else would delete what was made here.
    async fn bury(scene: &Scene<'_>, state: &Value) -> Result<()> {
        if state.get("keep_namespace").as_bool() == Some(true) || handover::orphans(state) {
            return Ok(());
        }
        let namespace = NAMESPACE.cluster_wide(&scene.object.name);
        let (objects, deadline) = (scene.objects(), scene.cx.deadline());
        let live = objects.get(scene.target, &namespace, Freshness::Now, deadline).await?;
        let Some(live) = live else { return Ok(()) };
        if live["metadata"]["labels"][MANAGED_BY_LABEL] == FIELD_MANAGER {
            delete_namespace(scene).await?;
        } else if is_leaving(&live) {
            objects.wait_gone(scene.target, &namespace, None, deadline).await?;
        }
        Ok(())
    }
}

async fn delete_namespace(scene: &Scene<'_>) -> Result<()> {
    let namespace = NAMESPACE.cluster_wide(&scene.object.name);
    let (objects, deadline) = (scene.objects(), scene.cx.deadline());
    objects.delete(scene.target, &namespace, &DeleteOptions::default(), deadline).await?;
    objects.wait_gone(scene.target, &namespace, None, deadline).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::framework::api::{View, project, render};

    #[test]
    fn what_a_project_says_is_in_its_annotations() {
        let model = Project {
            name: Attr::Known("shop".into()),
            description: Attr::Known("The shop".into()),
            keep_namespace: Attr::Known(Flag(true)),
            ..Project::default()
        };
        let values = Model::into_value(model);
        let json = render(&Project::attributes(), "/spec", &values).unwrap();
        assert_eq!(
            json,
            json!({"metadata": {"name": "shop", "annotations": {
                "kargo.akuity.io/description": "The shop",
                "kargo.akuity.io/keep-namespace": "true",
            }}})
        );
        let see =
            |live: &Json| project(&Project::attributes(), "/spec", live, &values, View::Owned);
        assert_eq!(see(&json), values);
        let mut drifted = json;
        drifted["metadata"]["annotations"]["kargo.akuity.io/keep-namespace"] = json!("yes");
        assert_eq!(see(&drifted).get("keep_namespace"), &false.into());
    }
}
