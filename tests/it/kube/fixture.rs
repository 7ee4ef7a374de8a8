//! A cluster for the tests of the Kubernetes layer, and what they make in it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gitops_sandbox::cache::Cache;
use gitops_sandbox::kubernetes::ControlPlane;
use gitops_sandbox::process::Supervisor;
use gitops_sandbox::tools::{Tool, Toolbox};
use http::Request;
use serde_json::{Value as Json, json};
use terraform_provider_gitops::clients::kube::{
    ClusterResolver, Clusters, Freshness, Kubeconfig, ObjectKind, ObjectRef, Objects, Resolved,
    Surroundings, Target, WriteOptions,
};
use terraform_provider_gitops::framework::wait::Deadline;
use terraform_provider_gitops::framework::{Error, Result};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{CRD, NAMESPACE};

/// A cluster to test against.
#[derive(Debug)]
pub(super) struct Fixture {
    pub(super) objects: Objects,
    /// As an administrator.
    pub(super) admin: Target,
    /// As the user `nobody`, who has no rights.
    pub(super) nobody: Target,
}

impl Fixture {
    pub(super) fn new(admin: Target, nobody: Target) -> Self {
        let clusters = Clusters::new(Arc::new(NoEks), Surroundings::default());
        Self { objects: Objects::new(Arc::new(clusters)), admin, nobody }
    }

    /// A control plane that all of these tests share, and that is not the one of the other tests:
    /// those count namespaces and types.
    pub(super) async fn start() -> Self {
        let running = RUNNING.get_or_init(Running::start).await;
        let paths = vec![running.kubeconfig.display().to_string()];
        let admin = Kubeconfig { paths, context: None, user: None, cluster: None };
        let nobody = Kubeconfig { context: Some("nobody".into()), ..admin.clone() };
        Self::new(Target::Kubeconfig(admin), Target::Kubeconfig(nobody))
    }

    pub(super) async fn apply(&self, object: &ObjectRef, content: Json) -> Result<Json> {
        let options = WriteOptions::default();
        let applied =
            self.objects.apply(&self.admin, object, content, &options, &seconds(60)).await;
        applied.map(|applied| applied.object)
    }

    pub(super) async fn get(&self, object: &ObjectRef) -> Option<Json> {
        self.objects.get(&self.admin, object, Freshness::Now, &seconds(10)).await.unwrap()
    }

    /// How many requests with that verb the API server has had for objects of a kind.
    pub(super) async fn requests(kind: &ObjectKind, verb: &str) -> usize {
        let running = RUNNING.get().expect("a fixture was made");
        let client = running.control_plane.admin().client().unwrap();
        let metrics = client.request_text(Request::get("/metrics").body(Vec::new()).unwrap());
        let (resource, verb) =
            (format!("resource=\"{}\"", kind.plural), format!("verb=\"{verb}\""));
        let metrics = metrics.await.unwrap();
        let counters = metrics.lines().filter(|line| line.starts_with("apiserver_request_total{"));
        counters
            .filter(|line| line.contains(&resource) && line.contains(&verb))
            .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
            .sum()
    }

    /// A namespace that nobody else uses.
    pub(super) async fn namespace(&self) -> String {
        let name = unique("ns");
        self.apply(&NAMESPACE.cluster_wide(&name), json!({})).await.unwrap();
        name
    }

    /// A type of its own, not yet defined, and its definition.
    pub(super) fn widget() -> (ObjectKind, ObjectRef, Json) {
        let plural = unique("widgets");
        let kind = ObjectKind {
            api_version: "test.example.com/v1alpha1".into(),
            kind: plural.to_uppercase().into(),
            plural: plural.clone().into(),
        };
        let list = json!({ "type": "array", "items": { "type": "string" } });
        let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        let spec = json!({ "type": "object", "required": ["size"], "properties": {
            "size": { "type": "integer", "minimum": 1 },
            "mode": { "type": "string", "enum": ["on", "off"] },
            "parts": list,
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        } });
        let definition = json!({ "spec": {
            "group": "test.example.com",
            "scope": "Namespaced",
            "names": { "kind": kind.kind, "plural": plural, "singular": kind.kind.to_lowercase() },
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": {
                    "type": "object", "properties": { "spec": spec, "status": open },
                } },
            }],
        } });
        let crd = CRD.cluster_wide(format!("{plural}.test.example.com"));
        (kind, crd, definition)
    }

    /// A type of its own, established.
    pub(super) async fn defined(&self) -> ObjectKind {
        let (kind, crd, definition) = Self::widget();
        self.apply(&crd, definition).await.unwrap();
        let name = &crd.name;
        self.objects.wait_established(&self.admin, name, &seconds(30)).await.unwrap();
        kind
    }
}

static RUNNING: OnceCell<Running> = OnceCell::const_new();

/// etcd, the API server and the controllers that deletion depends on. They end with this process.
struct Running {
    /// With the contexts of an administrator, the current one, and of `nobody`.
    kubeconfig: PathBuf,
    control_plane: ControlPlane,
}

impl Running {
    async fn start() -> Self {
        // Minutes, where the programs have to be built first.
        let prepare = || Toolbox::prepare(&Cache::of_user()?, &[Tool::Etcd, Tool::Kubernetes]);
        let tools = tokio::task::spawn_blocking(prepare).await.unwrap().expect("the programs");
        // The supervisor removes it.
        let folder = tempfile::Builder::new().prefix("gitops-it-kube-").tempdir().unwrap().keep();
        let supervisor = Supervisor::start(&folder).expect("a supervisor");
        let control_plane = ControlPlane::start(&folder, &tools, &supervisor, None).await;
        let control_plane = control_plane.expect("a control plane");
        let admin = fs::read(&control_plane.admin().file).unwrap();
        let kubeconfig = with_nobody(serde_json::from_slice(&admin).unwrap());
        let file = folder.join("tests.kubeconfig");
        fs::write(&file, kubeconfig.to_string()).unwrap();
        Self { kubeconfig: file, control_plane }
    }
}

/// Adds a context of the user `nobody`, who is the administrator acting as somebody else.
fn with_nobody(mut kubeconfig: Json) -> Json {
    for (list, kind) in [("users", "user"), ("contexts", "context")] {
        let mut entry = kubeconfig[list][0].clone();
        entry["name"] = json!("nobody");
        let change = if kind == "user" { "as" } else { "user" };
        entry[kind][change] = json!("nobody");
        kubeconfig[list].as_array_mut().expect("a list").push(entry);
    }
    kubeconfig
}

struct NoEks;

#[async_trait]
impl ClusterResolver for NoEks {
    async fn resolve(&self, _: &str, _: Option<&str>, _: Option<&str>) -> Result<Resolved> {
        Err(Error::bug("these tests have no EKS"))
    }
}

pub(super) fn seconds(limit: u64) -> Deadline {
    Deadline::new(Duration::from_secs(limit), CancellationToken::new())
}

pub(super) fn unique(prefix: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    format!("{prefix}{}x{count}", std::process::id())
}
