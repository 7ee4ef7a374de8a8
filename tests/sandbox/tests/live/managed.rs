//! Controllers as EKS capabilities: they appear with the capability and deploy as its role.

use std::time::Duration;

use gitops_sandbox::Sandbox;
use gitops_sandbox::eks::CapabilityKind;
use gitops_sandbox::eks_api::segment;
use http::Method;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::support::{argo, create, eventually, graph, graphs, managed, synced_and_healthy};

const TRUST: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow",
        "Principal": { "Service": "capabilities.eks.amazonaws.com" },
        "Action": ["sts:AssumeRole", "sts:TagSession"]
    }]
}"#;

const IDENTITY_CENTER: &str = "arn:aws:sso:::instance/ssoins-1234567890abcdef";

/// Not `in-cluster`: to Argo CD's cluster generator that name is always taken by its own cluster.
const CLUSTER: &str = "home";

/// What each step needs.
struct Story {
    sandbox: &'static Sandbox,
    client: Client,
    /// Of the cluster.
    arn: String,
}

impl Story {
    async fn begin() -> Self {
        let sandbox = managed().await;
        let client = sandbox.kube().expect("a client");
        let arn = sandbox.var("SANDBOX_CLUSTER_ARN").expect("the ARN").to_owned();
        Self { sandbox, client, arn }
    }

    fn applications(&self) -> Api<DynamicObject> {
        argo(&self.client, "Application")
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let api = self.sandbox.eks_api().expect("the EKS API");
        let path = format!("clusters/sandbox/{path}");
        api.call(method, &path, body.as_ref()).await.map_err(|e| format!("{e:#}"))
    }

    async fn role(&self, name: &str) -> String {
        let iam = self.sandbox.iam().expect("IAM");
        iam.create_role(name, TRUST).await.expect("a role")
    }

    async fn capability(&self, kind: &str, role: &str) {
        let mut body = json!({
            "capabilityName": kind,
            "type": kind,
            "roleArn": role,
            "deletePropagationPolicy": "RETAIN",
        });
        if kind == "ARGOCD" {
            let identities = json!({ "idcInstanceArn": IDENTITY_CENTER });
            body["configuration"] = json!({ "argoCd": { "awsIdc": identities } });
        }
        self.call(Method::POST, "capabilities", Some(body)).await.expect("a capability");
        self.active(kind).await;
    }

    async fn active(&self, name: &str) {
        eventually("an active capability", || async {
            let path = format!("capabilities/{name}");
            let answer = self.call(Method::GET, &path, None).await?;
            let is_active = answer["capability"]["status"] == "ACTIVE";
            if is_active { Ok(()) } else { Err(answer.to_string()) }
        })
        .await;
    }

    async fn delete_capability(&self, kind: CapabilityKind) {
        let path = format!("capabilities/{}", kind.name());
        self.call(Method::DELETE, &path, None).await.expect("a deletion");
        eventually("the end of the controllers", || async {
            let running = self.sandbox.capabilities().await;
            if running.contains(&kind) { Err(running) } else { Ok(()) }
        })
        .await;
    }

    async fn let_in(&self, role: &str) {
        let policy = json!({
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            "accessScope": { "type": "cluster" },
        });
        let path = format!("access-entries/{}/access-policies", segment(role));
        self.call(Method::POST, &path, Some(policy)).await.expect("an associated policy");
    }

    /// An Application of the plain manifests into a namespace of its own name.
    async fn application(&self, name: &str) {
        let destination = json!({ "server": self.arn, "namespace": name });
        let mut application = self.template(name, &destination);
        application["apiVersion"] = "argoproj.io/v1alpha1".into();
        application["kind"] = "Application".into();
        let finalizer = "resources-finalizer.argocd.argoproj.io";
        application["metadata"]["finalizers"] = json!([finalizer]);
        let kind = gitops_sandbox::argocd::api_resource("Application");
        create(&self.client, &kind, "argocd", application).await;
    }

    fn template(&self, name: &str, destination: &Value) -> Value {
        let repository = self.sandbox.git_url();
        json!({
            "metadata": { "name": name },
            "spec": {
                "project": "default",
                "source": { "repoURL": repository, "targetRevision": "HEAD", "path": "plain" },
                "destination": destination,
                "syncPolicy": { "automated": {}, "syncOptions": ["CreateNamespace=true"] },
            },
        })
    }

    fn deployed(&self, namespace: &str) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), namespace)
    }
}

/// One test, since every step stands on the one before.
#[tokio::test]
async fn an_argocd_capability_deploys_to_a_cluster_registered_by_its_arn() {
    let story = Story::begin().await;
    let before = story.applications().list(&ListParams::default()).await;
    let before = before.expect_err("no Argo CD before the capability");
    assert!(matches!(before, kube::Error::Api(e) if e.code == 404));

    let role = story.role("argocd").await;
    story.capability("ARGOCD", &role).await;
    assert!(story.sandbox.capabilities().await.contains(&CapabilityKind::Argocd));
    let project = argo(&story.client, "AppProject").get("default").await.expect("a project");
    assert_eq!(project.data["spec"]["sourceNamespaces"], json!(["argocd"]));

    let secret = register(&story).await;
    story.application("by-arn").await;
    is_refused(&story, "by-arn").await;
    story.let_in(&role).await;
    is_synced_after_the_refusal(&story, "by-arn").await;
    let secrets = Api::<Secret>::namespaced(story.client.clone(), "argocd");
    let secret_now = secrets.get(CLUSTER).await.expect("the Secret");
    assert_eq!(secret_now, secret, "the user's Secret is as it was");

    generated_applications_keep_the_arn(&story).await;
    is_deleted_with_what_it_deployed(&story, "by-arn").await;
    another_role_takes_over(&story, &role).await;

    story.delete_capability(CapabilityKind::Argocd).await;
    argo(&story.client, "AppProject").get("default").await.expect("what was made stays");
}

/// Registers the cluster as users do: nothing but a name and the ARN.
async fn register(story: &Story) -> Secret {
    let secret = json!({
        "metadata": {
            "name": CLUSTER,
            "labels": { "argocd.argoproj.io/secret-type": "cluster", "environment": "test" },
        },
        "stringData": { "name": CLUSTER, "server": story.arn },
    });
    let secrets = Api::namespaced(story.client.clone(), "argocd");
    let secret = serde_json::from_value(secret).expect("a Secret");
    secrets.create(&PostParams::default(), &secret).await.expect("a created Secret")
}

/// The capability's role has no rights yet beyond Argo CD's own objects.
async fn is_refused(story: &Story, name: &str) {
    let refusal = eventually("a refusal", || async {
        let application = story.applications().get(name).await.map_err(|e| e.to_string())?;
        let conditions = application.data["status"]["conditions"].to_string();
        let is_refusal = conditions.contains("forbidden");
        if is_refusal { Ok(conditions) } else { Err(application.data.to_string()) }
    })
    .await;
    assert!(refusal.contains("assumed-role/argocd/"), "as the role: {refusal}");
    assert!(!refusal.contains("127.0.0.1"), "no address of the sandbox shows: {refusal}");
}

/// Argo CD remembers the refusal for ten seconds and then looks only when asked to.
async fn is_synced_after_the_refusal(story: &Story, name: &str) {
    let refresh = json!({ "argocd.argoproj.io/refresh": "hard" });
    let refresh = Patch::Merge(json!({ "metadata": { "annotations": refresh } }));
    eventually("an end of the refusal", || async {
        let patched = story.applications().patch(name, &PatchParams::default(), &refresh).await;
        let status = patched.map_err(|e| e.to_string())?.data["status"].to_string();
        if !status.contains("forbidden") {
            return Ok(());
        }
        // Time to look, before it is asked again.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err(status)
    })
    .await;
    let application = synced_and_healthy(&story.client, name).await;
    let compared = &application.data["status"]["sync"]["comparedTo"];
    for destination in [&application.data["spec"]["destination"], &compared["destination"]] {
        assert_eq!(destination["server"], story.arn.as_str());
    }
    let map = story.deployed(name).get("guestbook").await.expect("the ConfigMap");
    let managers = map.metadata.managed_fields.unwrap_or_default();
    assert_eq!(managers[0].manager.as_deref(), Some("argocd-controller"));
}

/// A cluster generator takes the destination out of the Secret, a list generator out of the set
/// itself.
async fn generated_applications_keep_the_arn(story: &Story) {
    let destination = json!({ "server": "{{.server}}", "namespace": "{{.name}}" });
    let set = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": { "name": "generated" },
        "spec": {
            "goTemplate": true,
            "generators": [
                { "clusters": { "selector": { "matchLabels": { "environment": "test" } } } },
                { "list": { "elements": [{ "name": "listed", "server": story.arn }] } },
            ],
            "template": story.template("{{.name}}", &destination),
        },
    });
    let kind = gitops_sandbox::argocd::api_resource("ApplicationSet");
    create(&story.client, &kind, "argocd", set).await;
    for name in [CLUSTER, "listed"] {
        let application = synced_and_healthy(&story.client, name).await;
        assert_eq!(application.data["spec"]["destination"]["server"], story.arn.as_str());
    }
    let sets = argo(&story.client, "ApplicationSet");
    sets.delete("generated", &DeleteParams::default()).await.expect("a deletion");
}

async fn is_deleted_with_what_it_deployed(story: &Story, name: &str) {
    let applications = story.applications();
    applications.delete(name, &DeleteParams::default()).await.expect("a deletion");
    eventually("the end of the application", || async {
        let had = applications.get_opt(name).await.map_err(|e| e.to_string())?;
        had.map_or(Ok(()), |had| Err(had.data.to_string()))
    })
    .await;
    let left = story.deployed(name).get_opt("guestbook").await.expect("an answer");
    assert!(left.is_none(), "the finalizer deleted it");
}

/// Of the two roles only the new one can enter the cluster in the end.
async fn another_role_takes_over(story: &Story, old: &str) {
    let new = story.role("argocd-next").await;
    let change = json!({ "roleArn": new });
    story.call(Method::POST, "capabilities/ARGOCD", Some(change)).await.expect("an update");
    story.active("ARGOCD").await;
    story.let_in(&new).await;
    let path = format!("access-entries/{}", segment(old));
    story.call(Method::DELETE, &path, None).await.expect("a deletion");
    story.application("next-role").await;
    synced_and_healthy(&story.client, "next-role").await;
}

#[tokio::test]
async fn a_kro_capability_runs_kro_as_its_role() {
    let story = Story::begin().await;
    let role = story.role("kro").await;
    story.capability("KRO", &role).await;
    let graphs = graphs(&story.client);
    graphs.create(&PostParams::default(), &graph("managed")).await.expect("a created graph");
    eventually("an active graph", || async {
        let graph = graphs.get("managed").await.map_err(|e| e.to_string())?;
        let status = &graph.data["status"];
        if status["state"] == "Active" { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    story.delete_capability(CapabilityKind::Kro).await;
    graphs.get("managed").await.expect("what was made stays");
}
