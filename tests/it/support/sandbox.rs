//! One sandbox for all tests of this process, and how they share it.
//!
//! | what a test needs | how it asks | beside whom it runs |
//! |---|---|---|
//! | only the tools and moto | [`sandbox`] | everybody |
//! | kro, in a cluster of its own | [`with_kro`] | everybody |
//! | an EKS API with faults and calls of its own | [`own_eks`] | everybody |
//! | objects of Argo CD and Kargo that no controller sees | [`kinds`] | everybody but [`alone`] |
//! | the capability of the cluster, and with it Argo CD | [`alone`] | [`own_eks`] |
//!
//! Names that tests give to what they make begin with `it-`, so that [`alone`] can tell its own.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_iam::config::{BehaviorVersion, Region};
use gitops_sandbox::cache::Cache;
use gitops_sandbox::eks::{ClusterSpec, Emulator, EmulatorConfig};
use gitops_sandbox::eks_api::EksApi;
use gitops_sandbox::tools::CustomResources;
use gitops_sandbox::{Options, Part, Sandbox, inventory, kubernetes};
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind, TypeMeta};
use serde_json::Value as Json;
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::cli::Workspace;

/// The program under test.
pub(crate) const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-gitops");

/// The region of everything.
const REGION: &str = "eu-west-1";

/// Far more than anything takes, even on a machine that compiles at the same time.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Held for reading by whoever has objects of Argo CD in the cluster, for writing by whoever has
/// the capability.
static CLUSTER: RwLock<()> = RwLock::const_new(());

/// The sandbox. It ends with this process, however that ends.
pub(crate) async fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceCell<Sandbox> = OnceCell::const_new();
    let start = || async {
        let options = Options {
            provider: Some(PathBuf::from(PROVIDER)),
            // Long enough for a capability to be caught in the making.
            tick: Duration::from_millis(300),
            with: BTreeSet::from([Part::Terraform]),
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        gitops_sandbox::cli::print_timings(&sandbox);
        sandbox
    };
    SANDBOX.get_or_init(start).await
}

/// A sandbox of its own with the real kro, whose controller sees every definition in the cluster. It
/// ends with this process, too.
pub(crate) async fn with_kro() -> &'static Sandbox {
    static SANDBOX: OnceCell<Sandbox> = OnceCell::const_new();
    let start = || async {
        let options = Options {
            provider: Some(PathBuf::from(PROVIDER)),
            managed: false,
            with: BTreeSet::from([Part::Kro]),
            without: BTreeSet::from([Part::Argocd, Part::Kargo, Part::Aws]),
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.expect("a sandbox with kro");
        gitops_sandbox::cli::print_timings(&sandbox);
        sandbox
    };
    SANDBOX.get_or_init(start).await
}

/// The sandbox with the kinds of Argo CD and Kargo served, and nobody acting on their objects:
/// Kargo does not run, and Argo CD, if it runs, looks into the namespace `argocd` only.
pub(crate) async fn kinds() -> Kinds {
    let sandbox = sandbox().await;
    let shared = CLUSTER.read().await;
    install_argo_cd(sandbox).await;
    Kinds { sandbox, _shared: shared }
}

/// See [`kinds`].
pub(crate) struct Kinds {
    sandbox: &'static Sandbox,
    _shared: RwLockReadGuard<'static, ()>,
}

impl Kinds {
    /// The sandbox, for as long as this process runs.
    pub(crate) fn of(&self) -> &'static Sandbox {
        self.sandbox
    }
}

impl Deref for Kinds {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        self.sandbox
    }
}

async fn install_argo_cd(sandbox: &Sandbox) {
    // One after the other: two installations at once get in each other's way.
    static INSTALLING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _one = INSTALLING.lock().await;
    let there = definitions(sandbox).await;
    if definitions_of_argo_cd().iter().all(|name| there.contains(name)) {
        return;
    }
    let client = sandbox.kube().expect("a client");
    let files = CustomResources::ArgoCd.files(&Cache::of_user().expect("a cache"));
    kubernetes::install(&client, &files.expect("definitions")).await.expect("installed");
}

/// The names of Argo CD's custom resource definitions.
pub(crate) fn definitions_of_argo_cd() -> [String; 3] {
    ["applications", "applicationsets", "appprojects"].map(|kind| format!("{kind}.argoproj.io"))
}

/// The names of all objects of a kind, whatever their namespaces.
pub(crate) async fn names_of(sandbox: &Sandbox, api_version: &str, kind: &str) -> BTreeSet<String> {
    Objects::new(sandbox, api_version, kind, None).names().await
}

/// The names of the custom resource definitions in the cluster.
async fn definitions(sandbox: &Sandbox) -> BTreeSet<String> {
    names_of(sandbox, "apiextensions.k8s.io/v1", "CustomResourceDefinition").await
}

/// The sandbox with its cluster to oneself: the capability and Argo CD, the emulator's faults and
/// calls.
pub(crate) struct Alone {
    sandbox: &'static Sandbox,
    /// What was there before.
    before: BTreeSet<String>,
    _cluster: RwLockWriteGuard<'static, ()>,
}

/// The workspace that last worked with the capability. A test that fails cannot clean up by itself.
static LAST: Mutex<Option<Workspace>> = Mutex::new(None);

/// Waits for the others to be done with the cluster, and takes it.
pub(crate) async fn alone() -> Alone {
    let sandbox = sandbox().await;
    let alone = CLUSTER.write().await;
    let eks = sandbox.eks().expect("the EKS API");
    eks.faults().clear();
    let last = LAST.lock().expect("no panic while it was held").take();
    if let Some(last) = last.filter(Workspace::has_resources) {
        eprintln!("destroying what a test that failed has left");
        let _ = last.destroy().await;
    }
    eks.forget_calls();
    let before = inventory(sandbox).await;
    Alone { sandbox, before, _cluster: alone }
}

impl Alone {
    /// The sandbox, for as long as this process runs.
    pub(crate) fn of(&self) -> &'static Sandbox {
        self.sandbox
    }

    /// Marks the workspace to be destroyed should the test fail.
    pub(crate) fn watch(&self, workspace: Workspace) -> Workspace {
        *LAST.lock().expect("no panic while it was held") = Some(workspace.clone());
        workspace
    }

    /// What there is in AWS and in the cluster that was not there before.
    pub(crate) async fn made(&self) -> BTreeSet<String> {
        let now = inventory(self.sandbox).await;
        now.difference(&self.before).cloned().collect()
    }

    /// Takes Argo CD's definitions out of the cluster, which a capability then brings.
    pub(crate) async fn without_definitions(&self) {
        let kind = "CustomResourceDefinition";
        let objects = Objects::new(self.sandbox, "apiextensions.k8s.io/v1", kind, None);
        for name in definitions_of_argo_cd() {
            objects.delete(&name).await;
        }
        eventually("a cluster without Argo CD's kinds", || async {
            let there = definitions(self.sandbox).await;
            let left = definitions_of_argo_cd().into_iter().find(|name| there.contains(name));
            left.map_or(Ok(()), |left| Err(format!("{left} is there")))
        })
        .await;
    }
}

impl Deref for Alone {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        self.sandbox
    }
}

/// What there is, without what tests beside this one make in AWS.
async fn inventory(sandbox: &Sandbox) -> BTreeSet<String> {
    let found = inventory::take(sandbox).await.expect("an inventory");
    found.into_iter().filter(|line| !line.starts_with("IAM role it-")).collect()
}

/// An EKS API of the test's own, with the sandbox's IAM behind it. Capabilities come and go in no
/// time, and no controller with them.
pub(crate) struct Eks {
    emulator: Emulator,
}

/// The name of its one cluster, the same as the sandbox's.
pub(crate) const CLUSTER_NAME: &str = "sandbox";

/// Starts an EKS API.
pub(crate) async fn own_eks() -> Eks {
    own_eks_with(Duration::from_millis(20)).await
}

/// Starts an EKS API in which each state transition takes `tick`.
pub(crate) async fn own_eks_with(tick: Duration) -> Eks {
    let sandbox = sandbox().await;
    let control_plane = sandbox.control_plane();
    let emulator = Emulator::start(EmulatorConfig {
        region: REGION.to_owned(),
        iam_url: Some(variable(sandbox, "AWS_ENDPOINT_URL_IAM").parse().expect("a URL")),
        clusters: vec![ClusterSpec {
            name: CLUSTER_NAME.to_owned(),
            endpoint: control_plane.endpoint().to_owned(),
            ca_pem: control_plane.ca_pem().to_owned(),
            version: "1.36".to_owned(),
        }],
        tick,
        ..EmulatorConfig::default()
    });
    Eks { emulator: emulator.expect("an EKS API") }
}

impl Deref for Eks {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.emulator
    }
}

impl Eks {
    /// For `AWS_ENDPOINT_URL_EKS`.
    pub(crate) fn endpoint(&self) -> String {
        self.emulator.url().as_str().trim_end_matches('/').to_owned()
    }

    /// A client that is neither the provider nor a controller.
    pub(crate) fn api(&self) -> EksApi {
        EksApi::new(self.emulator.url(), REGION)
    }

    /// A part of the cluster's state: `capabilities`, `accessEntries`, `podIdentityAssociations`.
    pub(crate) fn all(&self, part: &str) -> Vec<Json> {
        all_of(&self.emulator, part)
    }

    /// The item of a part whose `field` is this text; fails when there is none.
    #[track_caller]
    pub(crate) fn one(&self, part: &str, field: &str, text: &str) -> Json {
        let all = self.all(part);
        let found = all.iter().find(|item| item[field] == text);
        found.unwrap_or_else(|| panic!("no {text} among {part}: {all:#?}")).clone()
    }

    /// What boto3 is answered to an operation of EKS, such as `describe_capability`: a client that
    /// has nothing in common with the provider, and holds answers against the service's model.
    pub(crate) async fn boto3(&self, operation: &str, parameters: &Json) -> Json {
        const SCRIPT: &str = "import boto3, json, sys
answer = getattr(boto3.client('eks'), sys.argv[1])(**json.loads(sys.argv[2]))
answer.pop('ResponseMetadata', None)
print(json.dumps(answer, default=str))";
        let sandbox = sandbox().await;
        let mut python = Command::new(sandbox.tool("python").expect("the sandbox has Python"));
        python.args(["-c", SCRIPT, operation, &parameters.to_string()]);
        python.envs(sandbox.env().iter().map(|(name, value)| (name, value)));
        python.env("AWS_ENDPOINT_URL_EKS", self.endpoint());
        // The EKS API is served by this thread meanwhile.
        let output = tokio::task::spawn_blocking(move || python.output()).await.expect("no panic");
        let output = output.expect("a program that runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "boto3 failed on {operation}: {said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The only item of a part; fails when there are more or none.
    #[track_caller]
    pub(crate) fn only(&self, part: &str) -> Json {
        let mut all = self.all(part);
        assert_eq!(all.len(), 1, "{part} of the cluster: {all:#?}");
        all.remove(0)
    }
}

/// A part of the cluster's state in an EKS API.
pub(crate) fn all_of(eks: &Emulator, part: &str) -> Vec<Json> {
    let state = eks.state_json();
    let items = &state["clusters"][CLUSTER_NAME][part];
    items.as_array().unwrap_or_else(|| panic!("no {part} in {state:#}")).clone()
}

/// A variable of the sandbox's environment.
pub(crate) fn variable<'a>(sandbox: &'a Sandbox, name: &str) -> &'a str {
    sandbox.var(name).unwrap_or_else(|| panic!("the sandbox sets no {name}"))
}

/// A client of the sandbox's IAM, as its administrator.
pub(crate) fn iam(sandbox: &Sandbox) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(variable(sandbox, "AWS_ENDPOINT_URL_IAM"))
        .credentials_provider(administrator(sandbox))
        .build();
    aws_sdk_iam::Client::from_conf(config)
}

/// A client of the sandbox's ECR, as its administrator.
pub(crate) fn ecr(sandbox: &Sandbox) -> aws_sdk_ecr::Client {
    let config = aws_sdk_ecr::Config::builder()
        .behavior_version(aws_sdk_ecr::config::BehaviorVersion::latest())
        .region(aws_sdk_ecr::config::Region::new(REGION))
        .endpoint_url(variable(sandbox, "AWS_ENDPOINT_URL_ECR"))
        .credentials_provider(administrator(sandbox))
        .build();
    aws_sdk_ecr::Client::from_conf(config)
}

fn administrator(sandbox: &Sandbox) -> Credentials {
    Credentials::new(
        variable(sandbox, "AWS_ACCESS_KEY_ID"),
        variable(sandbox, "AWS_SECRET_ACCESS_KEY"),
        None,
        None,
        "sandbox",
    )
}

/// Objects of one kind in one namespace (or of the whole cluster), as an administrator sees them.
pub(crate) struct Objects {
    api: Api<DynamicObject>,
    types: TypeMeta,
    /// Nobody in particular: neither the provider nor a controller.
    manager: &'static str,
}

impl Objects {
    /// Objects of `api_version` and `kind`; cluster-wide without a namespace.
    pub(crate) fn new(
        sandbox: &Sandbox,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
    ) -> Self {
        let client = sandbox.kube().expect("a client");
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let api = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &kind),
            None => Api::all_with(client, &kind),
        };
        let types = TypeMeta { api_version: kind.api_version.clone(), kind: kind.kind.clone() };
        Self { api, types, manager: "somebody-else" }
    }

    /// Changes as this field manager.
    pub(crate) fn by(self, manager: &'static str) -> Self {
        Self { manager, ..self }
    }

    /// The names of all of them.
    pub(crate) async fn names(&self) -> BTreeSet<String> {
        let found = self.api.list_metadata(&ListParams::default()).await.expect("a list");
        found.items.into_iter().filter_map(|found| found.metadata.name).collect()
    }

    /// The object, or nothing.
    pub(crate) async fn find(&self, name: &str) -> Option<Json> {
        let found = self.api.get_opt(name).await.expect("an answer");
        found.map(|found| serde_json::to_value(found).expect("an object is JSON"))
    }

    /// The object.
    pub(crate) async fn get(&self, name: &str) -> Json {
        self.find(name).await.unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// Changes it by a merge patch.
    pub(crate) async fn patch(&self, name: &str, change: &Json) {
        let patched = self.api.patch(name, &self.params(), &Patch::Merge(change)).await;
        patched.unwrap_or_else(|e| panic!("{name} cannot be changed by {change}: {e}"));
    }

    /// Changes it by a server-side apply, which is to meet no conflict.
    pub(crate) async fn apply(&self, name: &str, content: &Json) {
        let mut content = content.clone();
        content["apiVersion"] = self.types.api_version.clone().into();
        content["kind"] = self.types.kind.clone().into();
        let applied = self.api.patch(name, &self.params(), &Patch::Apply(&content)).await;
        applied.unwrap_or_else(|e| panic!("{name} cannot be applied as {content}: {e}"));
    }

    /// Changes its status by a merge patch.
    pub(crate) async fn patch_status(&self, name: &str, status: &Json) {
        let change = Patch::Merge(serde_json::json!({ "status": status }));
        let patched = self.api.patch_status(name, &self.params(), &change).await;
        patched.unwrap_or_else(|e| panic!("{name} cannot get the status {status}: {e}"));
    }

    /// Makes one.
    pub(crate) async fn create(&self, object: &Json) {
        let made = self.posted(object, false).await;
        made.unwrap_or_else(|refusal| panic!("{object} cannot be made: {refusal}"));
    }

    /// Has one made without keeping it: the object as it would be, or the refusal.
    pub(crate) async fn try_create(&self, object: &Json) -> Result<Json, String> {
        self.posted(object, true).await
    }

    async fn posted(&self, object: &Json, dry_run: bool) -> Result<Json, String> {
        let mut object: DynamicObject = serde_json::from_value(object.clone()).expect("an object");
        object.types = Some(self.types.clone());
        let params = PostParams { dry_run, field_manager: Some(self.manager.to_owned()) };
        let made = self.api.create(&params, &object).await.map_err(|e| e.to_string())?;
        Ok(serde_json::to_value(made).expect("an object is JSON"))
    }

    /// Deletes it, if it is there.
    pub(crate) async fn delete(&self, name: &str) {
        match self.api.delete(name, &DeleteParams::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(e)) if e.code == 404 => {}
            Err(e) => panic!("{name} cannot be deleted: {e}"),
        }
    }

    fn params(&self) -> PatchParams {
        PatchParams { field_manager: Some(self.manager.to_owned()), ..PatchParams::default() }
    }
}

/// Asks until there is an answer; fails with the last objection.
#[track_caller]
pub(crate) fn eventually<T, F, Fut>(what: &str, mut ask: F) -> impl Future<Output = T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, String>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let start = Instant::now();
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(objection) if start.elapsed() > TIMEOUT => {
                    panic!("{caller}: {what} did not come about in {TIMEOUT:?}: {objection}")
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}
