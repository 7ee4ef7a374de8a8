//! Handing an object over: how much of it is managed here, and what its end is.
//!
//! With `management = "bootstrap"` an object is made when it is missing and is
//! others' from then on, with `"observe"` it is only ever read. The state of
//! both shows what is live, and a plan keeps that, whatever the configuration
//! says: so nothing shows as drift, and a change back to `"full"` shows exactly
//! what it will write.

use serde_json::Value as Json;

use crate::clients::kube::{FIELD_MANAGER, Freshness, ObjectRef, WriteOptions};
use crate::framework::schema::{Attribute, Replace};
use crate::framework::{Change, Diagnostics, Error, Path, Result, Value};

use super::Scene;

/// How much of an object is managed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Management {
    /// All that the configuration sets, always.
    Full,
    /// Nothing, once the object is there.
    Bootstrap,
    /// Nothing at all.
    Observe,
}

impl Management {
    /// As the attribute says; all of it when it is not set.
    pub fn of(values: &Value) -> Self {
        match values.get(MANAGEMENT).as_str() {
            Some("bootstrap") => Self::Bootstrap,
            Some("observe") => Self::Observe,
            _ => Self::Full,
        }
    }
}

/// What a destroy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Deletes the object, and with it what the kind says.
    Delete,
    /// Deletes the object alone.
    Orphan,
    /// Leaves the object, and gives up the fields that are managed here.
    Abandon,
    /// Does nothing.
    Forget,
}

impl Ending {
    /// As the attributes say.
    pub(super) fn of(state: &Value) -> Self {
        match (Management::of(state), state.get(ON_DESTROY).as_str()) {
            (Management::Observe, _) => Self::Forget,
            (_, Some("abandon")) => Self::Abandon,
            (_, Some("orphan")) => Self::Orphan,
            _ => Self::Delete,
        }
    }
}

/// Whether a destroy leaves in place what the object has made or deployed.
pub fn orphans(state: &Value) -> bool {
    Ending::of(state) == Ending::Orphan
}

const MANAGEMENT: &str = "management";
const ON_DESTROY: &str = "on_destroy";

/// Attributes that say what is done here, and nothing of the object: those are
/// always as configured.
const SETTINGS: [&str; 8] =
    ["argo_cd", "cascade", "cluster", "ignore_fields", MANAGEMENT, ON_DESTROY, "timeouts", "wait"];

/// Refuses what an object that is only read cannot have.
pub(super) fn validate(config: &Value, diagnostics: &mut Diagnostics) {
    if Management::of(config) != Management::Observe {
        return;
    }
    if let Some(ending @ ("delete" | "orphan")) = config.get(ON_DESTROY).as_str() {
        diagnostics.invalid(
            Path::attribute(ON_DESTROY),
            "An observed object is not deleted",
            format!(
                "on_destroy is {ending:?}, and with management = \"observe\" nothing is ever \
                 written: a destroy only forgets the object. Remove on_destroy, or set management \
                 to \"full\" or \"bootstrap\"."
            ),
        );
    }
    if !config.get("wait").is_null() {
        diagnostics.invalid(
            Path::attribute("wait"),
            "An observed object is not waited for",
            "To wait is to ask the controller for a refresh, which is written to the object, and \
             with management = \"observe\" nothing is ever written. Remove wait.",
        );
    }
}

/// Keeps in a plan what is live of an object that is not managed here.
///
/// # Errors
/// When it is not known yet whether it is.
pub(super) fn plan(attributes: &[Attribute], change: &mut Change) -> Result<()> {
    let Some(prior) = &change.prior else { return Ok(()) };
    let is_unknown = change.config.get(MANAGEMENT).is_unknown();
    if !is_unknown && Management::of(&change.config) == Management::Full {
        return Ok(());
    }
    let mut planned = change.planned.clone();
    let mut changes = false;
    for attr in attributes {
        let (config, before) = (change.config.get(attr.name), prior.get(attr.name));
        let is_theirs = !SETTINGS.contains(&attr.name) && attr.replace == Replace::Never;
        // What is unknown may turn out to be not set, and then has to be planned so.
        let kept = !before.is_null()
            && if config.is_null() { attr.is_computed() } else { !config.is_unknown() };
        if is_theirs && kept {
            if is_unknown && planned.get(attr.name) != before {
                return Err(undecided(attr.name));
            }
            planned.set(attr.name, before.clone());
        } else if attr.is_configurable() && planned.get(attr.name) != before {
            changes = true;
        }
    }
    // Nor are those attributes set anew that only the provider sets.
    change.planned = if changes { planned } else { prior.clone() };
    Ok(())
}

/// The plan is made again right before its apply, when more is known, and must
/// come to the same.
fn undecided(attribute: &str) -> Error {
    Error::invalid(format!(
        "management is known only after apply, and decides whether {attribute} is changed"
    ))
    .at(MANAGEMENT)
    .advise("Write management so that it is known when the plan is made.")
}

/// What the state shows of an object that is not managed here: what is live,
/// and of what is there no more, what was.
pub(super) fn keep(values: &Value, seen: &mut Value) {
    let Some(before) = values.as_object() else { return };
    if Management::of(values) == Management::Full {
        return;
    }
    for (name, before) in before {
        if SETTINGS.contains(&name.as_str()) || seen.get(name).is_null() {
            seen.set(name, before.clone());
        }
    }
}

/// That an object is to be observed that is not there.
pub(super) fn missing(object: &ObjectRef) -> Error {
    Error::failed(format!(
        "{object} is not there, and with management = \"observe\" it is not made"
    ))
    .at(MANAGEMENT)
    .advise(
        "Have it made first, by whoever manages it; set management = \"bootstrap\" to make it \
             when it is missing, or \"full\" to manage it here.",
    )
}

/// Tells at the plan of a destroy that the object stays.
pub(super) fn foretell(state: &Value) -> Option<&'static str> {
    match Ending::of(state) {
        Ending::Delete | Ending::Orphan => None,
        Ending::Abandon => Some(
            "With on_destroy = \"abandon\" the object stays as it is. The destroy gives up the \
             fields that were managed here, so that others can take them, and forgets it.",
        ),
        Ending::Forget => Some(
            "With management = \"observe\" nothing is ever written: the destroy only forgets the \
             object.",
        ),
    }
}

/// Makes an object that others are to manage from then on; `None` when somebody
/// else has made it meanwhile.
pub(super) async fn make(scene: &Scene<'_>, mut content: Json) -> Result<Option<Json>> {
    let Scene { cx, target, object } = *scene;
    let objects = scene.objects();
    let options = WriteOptions { new_access: true, ..WriteOptions::default() };
    content["metadata"]["name"] = object.name.as_str().into();
    let (kind, namespace) = (&object.kind, object.namespace.as_deref());
    match objects.create(target, kind, namespace, content, &options, cx.deadline()).await {
        Err(error) if error.is_already_exists() => Ok(None),
        made => made.map(Some),
    }
}

/// Leaves the object to others, and returns it as it is.
pub(super) async fn let_go(scene: &Scene<'_>, planned: &Value) -> Result<Json> {
    let Scene { cx, target, object } = *scene;
    let objects = scene.objects();
    let live = match Management::of(planned) {
        Management::Bootstrap => {
            objects.release(target, object, FIELD_MANAGER, cx.deadline()).await?
        }
        _ => objects.get(target, object, Freshness::Now, cx.deadline()).await?,
    };
    live.ok_or_else(|| {
        Error::failed(format!("{object} was deleted by somebody else meanwhile"))
            .advise("Plan and apply again.")
    })
}

/// Gives up the fields that are managed here, and leaves them as they are.
pub(super) async fn release(scene: &Scene<'_>) -> Result<()> {
    let Scene { cx, target, object } = *scene;
    scene.objects().release(target, object, FIELD_MANAGER, cx.deadline()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::plan::Planned;
    use crate::framework::{self, Attr, Model};
    use crate::resources::argocd::app_project::AppProject;

    fn project(management: &str, description: &str) -> AppProject {
        let mut project = AppProject {
            description: description.to_owned().into(),
            source_repos: vec!["*".to_owned()].into(),
            ..AppProject::default()
        };
        project.metadata.name = "shop".to_owned().into();
        project.metadata.namespace = "argocd".to_owned().into();
        project.metadata.common.management = management.to_owned().into();
        project
    }

    fn planned(prior: &AppProject, config: &AppProject) -> Result<Value> {
        let (prior, config) = (prior.clone().into_value(), config.clone().into_value());
        let attributes = AppProject::attributes();
        let Planned { value: planned, replace } =
            framework::plan::plan(&attributes, Some(&prior), &config);
        let mut change = Change { config, prior: Some(prior), planned, replace };
        plan(&attributes, &mut change).map(|()| change.planned)
    }

    #[test]
    fn what_is_not_managed_here_is_planned_as_it_is() {
        for management in ["bootstrap", "observe"] {
            let live = project(management, "Somebody's");
            let config = project(management, "Ours");
            assert_eq!(planned(&live, &config).unwrap(), live.clone().into_value());
            // A setting is as configured, beside what is kept.
            let mut config = config;
            config.metadata.common.on_destroy = "abandon".to_owned().into();
            let planned = planned(&live, &config).unwrap();
            assert_eq!(planned.get("on_destroy").as_str(), Some("abandon"));
            assert_eq!(planned.get("description").as_str(), Some("Somebody's"));
        }
        let live = project("bootstrap", "Somebody's");
        let managed = planned(&live, &project("full", "Ours")).unwrap();
        assert_eq!(managed.get("description").as_str(), Some("Ours"));
    }

    #[test]
    fn whether_it_is_managed_here_has_to_be_known() {
        let mut config = project("full", "Ours");
        config.metadata.common.management = Attr::Unknown;
        let error = planned(&project("full", "Somebody's"), &config).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "management");
        assert!(error.message().contains("whether description is changed"), "{error}");
        // Where it makes no difference it may be unknown.
        planned(&project("full", "Ours"), &config).unwrap();
    }

    #[test]
    fn what_is_gone_of_it_is_remembered_and_the_settings_stay() {
        let values = project("bootstrap", "Ours").into_value();
        let mut seen = values.clone();
        seen.set("description", Value::Null);
        seen.set("management", Value::Null);
        seen.set("source_repos", Value::List(Vec::new()));
        keep(&values, &mut seen);
        assert_eq!(seen.get("description").as_str(), Some("Ours"));
        assert_eq!(seen.get("management").as_str(), Some("bootstrap"));
        assert_eq!(seen.get("source_repos"), &Value::List(Vec::new()));
        // What is managed here and gone is drift.
        let values = project("full", "Ours").into_value();
        let mut seen = values.clone();
        seen.set("description", Value::Null);
        keep(&values, &mut seen);
        assert!(seen.get("description").is_null());
    }

    #[test]
    fn an_end_is_as_configured_and_nothing_for_what_is_observed() {
        let ending = |management: &str, on_destroy: Option<&str>| {
            let mut project = project(management, "Ours");
            project.metadata.common.on_destroy = on_destroy.map(str::to_owned).into();
            Ending::of(&project.into_value())
        };
        assert_eq!(ending("full", None), Ending::Delete);
        assert_eq!(ending("bootstrap", None), Ending::Delete);
        assert_eq!(ending("full", Some("orphan")), Ending::Orphan);
        assert_eq!(ending("bootstrap", Some("abandon")), Ending::Abandon);
        assert_eq!(ending("observe", None), Ending::Forget);
    }

    #[test]
    fn what_is_only_read_is_neither_deleted_nor_waited_for() {
        let mut project = project("observe", "Ours");
        let refused = |project: &AppProject| {
            let mut diagnostics = Diagnostics::default();
            validate(&project.clone().into_value(), &mut diagnostics);
            diagnostics.has_errors()
        };
        assert!(!refused(&project));
        project.metadata.common.on_destroy = "abandon".to_owned().into();
        assert!(!refused(&project));
        project.metadata.common.on_destroy = "delete".to_owned().into();
        assert!(refused(&project));
        project.metadata.common.management = "bootstrap".to_owned().into();
        assert!(!refused(&project));
    }
}
