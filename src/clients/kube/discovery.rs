//! Types that are not known beforehand, or not served yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::Value as Json;

use super::cluster::Ask;
use super::error::{Call, Cause, Failure, type_not_served};
use super::object::ObjectKind;
use super::objects::{Objects, OnStop, Patience};
use super::target::Target;
use crate::framework::wait::{Deadline, Pace, Poll, until};
use crate::framework::{Error, Result};

/// A type as an API server serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// The type, with its plural.
    pub kind: ObjectKind,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

/// Types by cluster, group and version, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Types(Mutex<HashMap<(Target, String), Served>>);

/// The types of one group and version.
type Served = Arc<Vec<Discovered>>;

impl Types {
    fn get(&self, target: &Target, api_version: &str) -> Option<Served> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(target.clone(), api_version.to_string())).cloned()
    }

    fn keep(&self, target: &Target, api_version: &str, types: Served) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((target.clone(), api_version.to_string()), types);
    }
}

const CRD: ObjectKind = ObjectKind::new(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
);

impl Objects {
    /// Finds the plural and the scope of a type, for kinds that the provider
    /// does not know. Only the one group and version is asked for, once.
    ///
    /// Waits up to two minutes for a type that is not served yet, within the
    /// deadline.
    ///
    /// # Errors
    /// When the type is not served, or may not be discovered.
    pub async fn discover(
        &self,
        target: &Target,
        api_version: &str,
        kind: &str,
        deadline: &Deadline,
    ) -> Result<Discovered> {
        let wanted = unplaced(api_version, kind);
        let found = self.find_type(target, &wanted, Patience::WRITE, deadline).await;
        found.map_err(|failure| discovering(failure, &wanted, target))
    }

    /// Finds a type whose objects may be there already; `None` when it is not
    /// served at all, since its objects are gone then.
    ///
    /// # Errors
    /// When its group is served in other versions only, lest its objects be
    /// taken for gone; or when it may not be discovered.
    pub async fn discover_served(
        &self,
        target: &Target,
        api_version: &str,
        kind: &str,
        deadline: &Deadline,
    ) -> Result<Option<Discovered>> {
        let wanted = unplaced(api_version, kind);
        let found = match self.find_type(target, &wanted, Patience::READ, deadline).await {
            Err(failure) if failure.cause == Cause::TypeNotServed => {
                self.refuse_other_versions(target, &wanted, deadline).await.map(|()| None)
            }
            found => found.map(Some),
        };
        found.map_err(|failure| discovering(failure, &wanted, target))
    }

    async fn find_type(
        &self,
        target: &Target,
        wanted: &ObjectKind,
        patience: Patience,
        deadline: &Deadline,
    ) -> Result<Discovered, Failure> {
        let known = self.types.get(target, &wanted.api_version);
        let find =
            |types: &[Discovered]| types.iter().find(|t| t.kind.kind == wanted.kind).cloned();
        if let Some(found) = known.and_then(|types| find(&types)) {
            return Ok(found);
        }
        let look = || async {
            let types = Arc::new(self.served_types(target, wanted).await?);
            let found = find(&types);
            self.types.keep(target, &wanted.api_version, types.clone());
            match found {
                Some(found) => Ok(found),
                None if is_built_in(wanted) => Err(misspelled(target, wanted, &types)),
                None => Err(self.not_served(target, wanted).await?),
            }
        };
        super::objects::persist(deadline, patience, OnStop::Drop, look).await
    }

    /// The types of one group and version.
    async fn served_types(
        &self,
        target: &Target,
        kind: &ObjectKind,
    ) -> Result<Vec<Discovered>, Failure> {
        let root = if kind.group().is_empty() { "/api/" } else { "/apis/" };
        let path = format!("{root}{}", kind.api_version);
        let list: TypeList = self.once(target, &discovery(path, kind)).await?.body;
        let whole = |served: &ListedType| !served.name.contains('/');
        let types = list.resources.into_iter().filter(whole).map(|served| Discovered {
            kind: ObjectKind {
                api_version: kind.api_version.clone(),
                kind: served.kind.into(),
                plural: served.name.into(),
            },
            namespaced: served.namespaced,
        });
        Ok(types.collect())
    }

    async fn not_served(&self, target: &Target, kind: &ObjectKind) -> Result<Failure, Failure> {
        let cluster = self.cluster(target).await?;
        let call = Call { kind, name: None, about: &cluster.about };
        Ok(Failure::new(Cause::TypeNotServed, type_not_served(call)))
    }

    /// After a 404 for a type: fails when its group is served in other versions,
    /// since its objects are then there under another version.
    pub(super) async fn refuse_other_versions(
        &self,
        target: &Target,
        kind: &ObjectKind,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        let group = kind.group();
        if group.is_empty() {
            return Ok(());
        }
        let ask = discovery(format!("/apis/{group}"), kind);
        let versions: Vec<String> =
            match self.send::<Group>(target, &ask, Patience::READ, OnStop::Drop, deadline).await {
                Ok(answer) => answer.body.versions.into_iter().map(|v| v.version).collect(),
                Err(failure) if failure.cause == Cause::TypeNotServed => return Ok(()),
                Err(failure) => return Err(failure),
            };
        if versions.is_empty() || versions.iter().any(|version| version == kind.version()) {
            return Ok(());
        }
        let error = Error::failed(format!(
            "{target} serves {group} in {} and not in {}",
            versions.join(", "),
            kind.version()
        ))
        .advise("Use a version of the provider and of the controller that fit each other.");
        Err(Failure::new(Cause::Other, error))
    }

    /// Waits until a `CustomResourceDefinition` is there, established, and its
    /// types are served.
    ///
    /// # Errors
    /// When its names are not accepted (another definition has them); as for
    /// [`wait_for`](Self::wait_for).
    pub async fn wait_established(
        &self,
        target: &Target,
        crd_name: &str,
        deadline: &Deadline,
    ) -> Result<()> {
        let object = CRD.cluster_wide(crd_name);
        let what = format!("{object} to be established");
        let kind = self.wait_for(target, &object, &what, deadline, established).await?;
        // Established, and yet for a moment not everywhere in discovery.
        let what = format!("{} to be served", kind.api_version);
        until(
            deadline,
            Pace::new(Duration::from_millis(100), Duration::from_secs(1)),
            &what,
            || async {
                match self.served_types(target, &kind).await {
                    Ok(types) if types.iter().any(|found| found.kind == kind) => {
                        Ok(Poll::Ready(()))
                    }
                    Ok(_) => Ok(Poll::Pending("not in discovery".into())),
                    Err(failure) if failure.cause == Cause::TypeNotServed => {
                        Ok(Poll::Pending("not in discovery".into()))
                    }
                    Err(failure) if failure.error.is_transient() => {
                        Ok(Poll::Pending(failure.error.to_string()))
                    }
                    Err(failure) => Err(failure.error),
                }
            },
        )
        .await
    }
}

/// The type that an established definition defines, in its first served version.
fn established(crd: Option<&Json>) -> Result<Poll<ObjectKind>> {
    let Some(crd) = crd else { return Ok(Poll::Pending("it is not there".into())) };
    let condition = |kind: &str| {
        let conditions = crd["status"]["conditions"].as_array();
        conditions.into_iter().flatten().find(|condition| condition["type"] == kind)
    };
    let text = |value: &Json| value.as_str().unwrap_or_default().to_string();
    if let Some(names) = condition("NamesAccepted").filter(|names| names["status"] == "False") {
        return Err(Error::failed(format!(
            "the names of CustomResourceDefinition {} are not accepted: {}",
            text(&crd["metadata"]["name"]),
            text(&names["message"])
        )));
    }
    if !condition("Established").is_some_and(|established| established["status"] == "True") {
        return Ok(Poll::Pending("it is not established".into()));
    }
    let spec = &crd["spec"];
    let versions = spec["versions"].as_array();
    let served = versions.into_iter().flatten().find(|version| version["served"] == true);
    let Some(served) = served else {
        return Err(Error::failed(format!(
            "CustomResourceDefinition {} serves no version",
            text(&crd["metadata"]["name"])
        )));
    };
    Ok(Poll::Ready(ObjectKind {
        api_version: format!("{}/{}", text(&spec["group"]), text(&served["name"])).into(),
        kind: text(&spec["names"]["kind"]).into(),
        plural: text(&spec["names"]["plural"]).into(),
    }))
}

/// A type of which the plural is not known.
fn unplaced(api_version: &str, kind: &str) -> ObjectKind {
    ObjectKind {
        api_version: api_version.to_string().into(),
        kind: kind.to_string().into(),
        plural: "".into(),
    }
}

fn discovering(failure: Failure, wanted: &ObjectKind, target: &Target) -> Error {
    let ObjectKind { api_version, kind, .. } = wanted;
    failure.error.context(format!("discovering {kind} of {api_version} in {target}"))
}

/// Whether the types of the group come with the API server: those of all others may be defined
/// later.
fn is_built_in(kind: &ObjectKind) -> bool {
    !kind.group().contains('.')
}

/// What no definition will ever bring is a mistake, and not worth waiting for.
fn misspelled(target: &Target, wanted: &ObjectKind, types: &[Discovered]) -> Failure {
    let ObjectKind { api_version, kind, .. } = wanted;
    let error = Error::failed(format!("{target} has no {kind} in {api_version}"));
    let alike = |found: &&Discovered| found.kind.kind.eq_ignore_ascii_case(kind);
    let names: Vec<_> = match types.iter().find(alike) {
        Some(meant) => vec![meant.kind.kind.as_ref()],
        None => types.iter().map(|found| found.kind.kind.as_ref()).collect(),
    };
    let advice = format!("The kinds of {api_version} there: {}.", names.join(", "));
    Failure::new(Cause::Other, error.advise(advice))
}

fn discovery(path: String, kind: &ObjectKind) -> Ask<'_> {
    Ask { method: Method::GET, path, body: None, kind, name: None }
}

#[derive(Deserialize)]
struct TypeList {
    resources: Vec<ListedType>,
}

#[derive(Deserialize)]
struct ListedType {
    name: String,
    kind: String,
    namespaced: bool,
}

#[derive(Deserialize)]
struct Group {
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}
