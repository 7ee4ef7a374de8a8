//! The applications of Argo CD.

use serde_json::Value as Json;

use super::application::{Condition, seen};
use crate::framework::{Attr, DataSource, Diagnostics, Model, Result, Value};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::argocd::application::Application;
use crate::resources::object::{ClusterRef, Kind};

/// Lists the applications of Argo CD, and how they are. `gitops_application` has the rest of one.
#[derive(Clone, Debug, Default, Model)]
#[expect(clippy::struct_field_names, reason = "an attribute is called what it holds")]
pub struct Applications {
    /// Only applications of this namespace; those of all namespaces when not set.
    #[attr(check = crate::framework::checks::dns_label)]
    namespace: Attr<String>,
    /// Only applications with these labels, as `kubectl --selector` has it: `team=web,tier!=test`.
    label_selector: Attr<String>,
    /// Only applications of this project.
    #[attr(check = crate::framework::checks::dns_subdomain)]
    project: Attr<String>,
    /// The cluster that the application objects live in; the provider's `cluster` when not set.
    cluster: Attr<ClusterRef>,
    /// The applications, by namespace and name.
    #[attr(computed)]
    applications: Attr<Vec<Summary>>,
}

/// What a list tells of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Summary {
    /// Name of the application.
    #[attr(computed, api = "/metadata/name")]
    name: Attr<String>,
    /// Namespace of the application.
    #[attr(computed, api = "/metadata/namespace")]
    namespace: Attr<String>,
    /// How it is.
    #[attr(flatten)]
    condition: Condition,
}

impl DataSource for Applications {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "applications";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let target = cx.provider().target(&config.cluster)?;
        let objects = cx.provider().objects();
        let (namespace, labels) = (config.namespace.as_str(), config.label_selector.as_str());
        let kind = Application::OBJECT;
        let found = objects.list(&target, &kind, namespace, labels, cx.deadline()).await?;
        let applications = summaries(&found, config.project.as_str())?;
        Ok(Self { applications: applications.into(), ..config })
    }
}

/// What the state shows of the objects: those of the project that is asked for, by namespace and
/// name.
fn summaries(found: &[Json], project: Option<&str>) -> Result<Vec<Summary>> {
    // No field of the object that an API server could select by.
    let is_asked_for =
        |live: &&Json| project.is_none_or(|wanted| live["spec"]["project"] == wanted);
    let mut found: Vec<_> = found.iter().filter(is_asked_for).collect();
    let text = |live: &Json, field: &str| live["metadata"][field].as_str().map(str::to_owned);
    found.sort_by_key(|live| (text(live, "namespace"), text(live, "name")));
    found.into_iter().map(|live| seen(live, &Value::Null)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn applications_are_sorted_and_those_of_other_projects_left_out() {
        let live = |namespace: &str, name: &str, project: &str| {
            json!({
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"project": project},
                "status": {"sync": {"status": "Synced", "revision": "abc"}},
            })
        };
        let found =
            [live("b", "a", "x"), live("a", "c", "x"), live("a", "b", "y"), live("a", "a", "x")];
        let names = |project| {
            let summaries = summaries(&found, project).unwrap();
            let names = summaries.iter().map(|summary| {
                let (namespace, name) = (summary.namespace.as_str(), summary.name.as_str());
                format!("{}/{}", namespace.unwrap(), name.unwrap())
            });
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["a/a", "a/b", "a/c", "b/a"]);
        assert_eq!(names(Some("x")), ["a/a", "a/c", "b/a"]);
        assert_eq!(names(Some("z")), [""; 0]);
        let summary = &summaries(&found, Some("y")).unwrap()[0];
        assert!(summary.condition.clone().into_value().is_wholly_known());
    }
}
