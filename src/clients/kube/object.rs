//! Names of kinds and objects, and the paths they have in the API.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};

use crate::framework::checks::SERVER_METADATA;

/// The annotation in which `kubectl apply` repeats a whole object, values of a Secret included.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A kind of object, with the plural that its URL needs.
///
/// The kinds that the provider manages are constants, so that no discovery is
/// needed; [`Objects::discover`](super::Objects::discover) finds any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectKind {
    /// `v1`, `argoproj.io/v1alpha1`.
    pub api_version: Cow<'static, str>,
    /// `Application`.
    pub kind: Cow<'static, str>,
    /// `applications`.
    pub plural: Cow<'static, str>,
}

impl ObjectKind {
    /// A kind known at compile time.
    pub const fn new(api_version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        Self {
            api_version: Cow::Borrowed(api_version),
            kind: Cow::Borrowed(kind),
            plural: Cow::Borrowed(plural),
        }
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The version within the group.
    pub fn version(&self) -> &str {
        self.api_version.split_once('/').map_or(&self.api_version, |(_, version)| version)
    }

    /// An object of this kind in a namespace.
    pub fn namespaced(&self, namespace: impl Into<String>, name: impl Into<String>) -> ObjectRef {
        ObjectRef { kind: self.clone(), namespace: Some(namespace.into()), name: name.into() }
    }

    /// An object of this kind that is in no namespace.
    pub fn cluster_wide(&self, name: impl Into<String>) -> ObjectRef {
        ObjectRef { kind: self.clone(), namespace: None, name: name.into() }
    }

    /// Path of all objects of this kind, in a namespace or in none.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group().is_empty() { "/api/" } else { "/apis/" };
        let mut path = format!("{root}{}", self.api_version);
        if let Some(namespace) = namespace {
            path.push_str("/namespaces/");
            path.push_str(&segment(namespace));
        }
        path.push('/');
        path.push_str(&segment(&self.plural));
        path
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)
    }
}

/// One object of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectRef {
    /// Kind and API version.
    pub kind: ObjectKind,
    /// Namespace; `None` for kinds that are in none.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectRef {
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.kind.path(self.namespace.as_deref()), segment(&self.name))
    }

    /// `content` with the type and the name that this reference stands for.
    pub(super) fn identify(&self, mut content: Json) -> Json {
        identify(&mut content, &self.kind, self.namespace.as_deref());
        content["metadata"]["name"] = json!(self.name);
        content
    }
}

/// Writes type and namespace into an object, whatever it said before.
pub(super) fn identify(content: &mut Json, kind: &ObjectKind, namespace: Option<&str>) {
    content["apiVersion"] = json!(kind.api_version);
    content["kind"] = json!(kind.kind);
    if let Some(namespace) = namespace {
        content["metadata"]["namespace"] = json!(namespace);
    }
}

impl fmt::Display for ObjectRef {
    /// As error messages name it: `Application argocd/web`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// Whether an object is on its way out: somebody has deleted it, and it is not gone yet.
pub fn is_leaving(live: &Json) -> bool {
    !live["metadata"]["deletionTimestamp"].is_null()
}

/// Takes out of an object what only the server writes: `status` and the
/// bookkeeping in `metadata`.
pub fn strip_server_fields(object: &mut Json) {
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        for field in SERVER_METADATA {
            metadata.remove(field);
        }
    }
}

/// What may stand in one segment of a path as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

fn segment(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, PLAIN).into()
}

/// A value for a query string.
pub(super) fn query(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, NON_ALPHANUMERIC).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: ObjectKind =
        ObjectKind::new("argoproj.io/v1alpha1", "Application", "applications");
    const NAMESPACE: ObjectKind = ObjectKind::new("v1", "Namespace", "namespaces");

    #[test]
    fn a_path_follows_group_and_namespace() {
        let object = APPLICATION.namespaced("argocd", "web");
        assert_eq!(object.path(), "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/web");
        assert_eq!(NAMESPACE.cluster_wide("argocd").path(), "/api/v1/namespaces/argocd");
        assert_eq!((NAMESPACE.group(), NAMESPACE.version()), ("", "v1"));
        assert_eq!((APPLICATION.group(), APPLICATION.version()), ("argoproj.io", "v1alpha1"));
    }

    #[test]
    fn a_name_cannot_leave_its_segment() {
        let object = APPLICATION.namespaced("a/../b", "x?y=1");
        assert_eq!(
            object.path(),
            "/apis/argoproj.io/v1alpha1/namespaces/a%2F..%2Fb/applications/x%3Fy%3D1"
        );
        assert_eq!(segment("system:admin"), "system:admin");
    }

    #[test]
    fn the_reference_decides_what_an_object_is() {
        let content = json!({ "kind": "Secret", "metadata": { "name": "other" }, "spec": 1 });
        assert_eq!(
            APPLICATION.namespaced("argocd", "web").identify(content),
            json!({
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": { "name": "web", "namespace": "argocd" },
                "spec": 1,
            })
        );
    }

    #[test]
    fn what_the_server_writes_is_stripped_and_nothing_else() {
        let mut object = json!({
            "metadata": { "name": "a", "uid": "1", "labels": {}, "managedFields": [] },
            "spec": { "uid": "kept" },
            "status": {},
        });
        strip_server_fields(&mut object);
        let left = json!({ "metadata": { "name": "a", "labels": {} }, "spec": { "uid": "kept" } });
        assert_eq!(object, left);
        strip_server_fields(&mut Json::Null);
    }
}
