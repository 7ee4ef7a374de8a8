//! After an apply the next plan is empty, whatever others wrote meanwhile.

use gitops_sandbox::Sandbox;
use serde_json::{Value as Json, json};

use crate::quickstart;
use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, alone, eventually, kinds, own_eks};

const ARGO_CD: &str = "argoproj.io/v1alpha1";
const KARGO: &str = "kargo.akuity.io/v1alpha1";

#[tokio::test]
async fn argo_cd_deploys_heals_and_reports_without_a_difference() {
    let sandbox = alone().await;
    let example = Workspace::of(sandbox.of(), "argo-cd-writes", quickstart::EXAMPLE);
    let workspace = sandbox.watch(example);
    workspace.init().await;
    workspace.apply().await.succeeded();
    let applications = Objects::new(&sandbox, ARGO_CD, "Application", Some("argocd"));

    // Somebody changes and somebody deletes what is deployed: it comes back as it was.
    let deployed = Objects::new(&sandbox, "v1", "ConfigMap", Some("quickstart"));
    let original = deployed.get("greeting").await["data"].clone();
    let vandalism = json!({ "data": { "text": "Boo!" } });
    deployed.patch("greeting", &vandalism).await;
    healed(&deployed, &original).await;
    deployed.delete("greeting").await;
    healed(&deployed, &original).await;
    // Somebody asks for a refresh, which Argo CD answers by taking the annotation away.
    let refresh =
        json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "hard" } } });
    applications.patch("quickstart", &refresh).await;
    eventually("a refresh", || async {
        let application = applications.get("quickstart").await;
        let annotation = &application["metadata"]["annotations"]["argocd.argoproj.io/refresh"];
        let synced = application["status"]["sync"]["status"] == "Synced";
        if annotation.is_null() && synced { Ok(()) } else { Err(application.to_string()) }
    })
    .await;
    let status = applications.get("quickstart").await["status"].clone();
    assert!(!status["operationState"].is_null() && !status["history"].is_null(), "{status:#}");

    for (api_version, kind, name) in [
        (ARGO_CD, "Application", "quickstart"),
        (ARGO_CD, "AppProject", "quickstart"),
        ("v1", "Secret", "in-cluster"),
    ] {
        let objects = Objects::new(&sandbox, api_version, kind, Some("argocd"));
        objects.patch(name, &marks_of_others()).await;
    }

    workspace.plan().await.shows_no_changes();
    let refresh = ["plan", "-refresh-only", "-input=false", "-no-color", "-detailed-exitcode"];
    workspace.run(&refresh).await.shows_no_changes();
    // Nor does an apply take away what others wrote.
    workspace.apply().await.succeeded();
    let labels = applications.get("quickstart").await["metadata"]["labels"].clone();
    assert_eq!(labels["cost-centre"], "4711");
    workspace.destroy().await.succeeded();
}

async fn healed(deployed: &Objects, original: &Json) {
    eventually("a healed object", || async {
        match deployed.find("greeting").await {
            Some(found) if found["data"] == *original => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// What people and tools write beside us, on an object of any kind.
fn marks_of_others() -> Json {
    json!({ "metadata": {
        "labels": { "cost-centre": "4711" },
        "annotations": { "example.com/seen-by": "the auditors" },
    } })
}

/// Kargo's webhooks rewrite durations and fill in defaults, its controllers add a finalizer and
/// write the status. All of it is done here as they do it: within the apply, by admission, and
/// afterwards by a field manager of their own. The values are those that a real Kargo wrote.
#[tokio::test]
async fn kargo_defaults_promotes_and_reports_without_a_difference() {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let workspace = Workspace::of(sandbox.of(), "kargo-writes", "tests/fixtures/ten")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.init().await;
    let project = workspace.prefix().to_owned();
    let webhooks = Webhooks::like_kargo_s(&sandbox, &project).await;
    workspace.apply().await.succeeded();

    let objects = |kind| {
        let namespace = (kind != "Project").then_some(project.as_str());
        Objects::new(&sandbox, KARGO, kind, namespace).by("kargo")
    };
    let warehouse = objects("Warehouse").get("manifests").await;
    assert_eq!(warehouse["spec"]["interval"], "5m0s", "no webhook was at work: {warehouse:#}");
    let stage = objects("Stage").get("prod").await;
    let soak = &stage["spec"]["requestedFreight"][0]["sources"]["requiredSoakTime"];
    assert_eq!(*soak, "1h30m0s", "no webhook was at work: {stage:#}");
    workspace.plan().await.shows_no_changes();

    let finalizer = json!({ "metadata": { "finalizers": ["kargo.akuity.io/finalizer"] } });
    let all = [
        ("Project", project.as_str()),
        ("Warehouse", "manifests"),
        ("Stage", "dev"),
        ("Stage", "prod"),
    ];
    for (kind, name) in all {
        let objects = objects(kind);
        objects.patch(name, &finalizer).await;
        objects.patch(name, &marks_of_others()).await;
        let refresh =
            json!({ "metadata": { "annotations": { "kargo.akuity.io/refresh": "now" } } });
        objects.patch(name, &refresh).await;
        objects.patch_status(name, &status_of(kind)).await;
    }
    // Argo CD issues a token for a role and keeps it within the role.
    let projects = Objects::new(&sandbox, ARGO_CD, "AppProject", Some(&project));
    let mut roles = projects.get("shop").await["spec"]["roles"].clone();
    roles[0]["jwtTokens"] = json!([{ "iat": 1_700_000_000, "id": "t1" }]);
    projects.patch("shop", &json!({ "spec": { "roles": roles } })).await;

    workspace.plan().await.shows_no_changes();
    let refresh = ["plan", "-refresh-only", "-input=false", "-no-color", "-detailed-exitcode"];
    workspace.run(&refresh).await.shows_no_changes();

    // A change of a field of ours leaves theirs alone.
    workspace.edit("main.tf", "constraint = \"^1.0.0\"", "constraint = \"^2.0.0\"");
    workspace.edit("main.tf", "description = \"The shop\"", "description = \"Our shop\"");
    workspace.apply().await.succeeded().says("0 added, 2 changed, 0 destroyed");
    let project_of_argo_cd = projects.get("shop").await;
    let tokens = &project_of_argo_cd["spec"]["roles"][0]["jwtTokens"];
    assert_eq!(tokens[0]["id"], "t1", "{project_of_argo_cd:#}");
    let warehouse = objects("Warehouse").get("manifests").await;
    assert_eq!(warehouse["metadata"]["finalizers"], json!(["kargo.akuity.io/finalizer"]));
    workspace.plan().await.shows_no_changes();

    // Nobody else takes the finalizers away.
    for (kind, name) in all {
        objects(kind).patch(name, &json!({ "metadata": { "finalizers": null } })).await;
    }
    workspace.destroy().await.succeeded();
    webhooks.remove(&sandbox).await;
}

/// As Kargo's controllers write it.
fn status_of(kind: &str) -> Json {
    let ready = json!([{
        "type": "Ready", "status": "True", "reason": "Synced", "message": "Ready for use",
        "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z",
    }]);
    match kind {
        "Project" => json!({
            "conditions": ready,
            "stats": { "stages": { "count": 2, "health": {} }, "warehouses": { "count": 1, "health": {} } },
        }),
        "Warehouse" => json!({
            "conditions": ready, "observedGeneration": 1, "lastHandledRefresh": "now",
            "lastFreightID": "bc477e52b97b84854e3a7aae4800cf9012594241",
        }),
        _ => json!({
            "conditions": ready, "observedGeneration": 1, "lastHandledRefresh": "now",
            "freightSummary": "bc477e52b97b84854e3a7aae4800cf9012594241",
            "health": { "status": "Healthy" },
        }),
    }
}

/// Admission that does to a project's objects what Kargo's webhooks do.
struct Webhooks {
    project: String,
}

/// Each with the path of a duration, in CEL and as a JSON pointer, and its two spellings.
const REWRITTEN: [(&str, &str, &str, [&str; 2]); 3] = [
    ("warehouses", "object.spec.?interval", "/spec/interval", ["5m", "5m0s"]),
    (
        "stages",
        "object.spec.requestedFreight[?0].sources.?requiredSoakTime",
        "/spec/requestedFreight/0/sources/requiredSoakTime",
        ["90m", "1h30m0s"],
    ),
    (
        "stages",
        "object.spec.?promotionTemplate.spec.steps[?1].?retry.timeout",
        "/spec/promotionTemplate/spec/steps/1/retry/timeout",
        ["5m", "5m0s"],
    ),
];

impl Webhooks {
    const API: &str = "admissionregistration.k8s.io/v1";

    /// Sets it up and waits until it is in force.
    async fn like_kargo_s(sandbox: &Sandbox, project: &str) -> Self {
        let webhooks = Self { project: project.to_owned() };
        let probe = format!("{project}-probe");
        for (name, (resource, field, pointer, [from, to])) in webhooks.names().zip(REWRITTEN) {
            let patch = format!(r#"JSONPatch{{op: "replace", path: "{pointer}", value: "{to}"}}"#);
            let expression = format!("{field}.orValue(\"\") == \"{from}\" ? [{patch}] : []");
            let policy = json!({
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "matchConstraints": {
                    "resourceRules": [{
                        "apiGroups": ["kargo.akuity.io"], "apiVersions": ["*"],
                        "resources": [resource], "operations": ["CREATE", "UPDATE"],
                    }],
                    "namespaceSelector": { "matchExpressions": [{
                        "key": "kubernetes.io/metadata.name", "operator": "In",
                        "values": [project, probe],
                    }] },
                },
                "mutations": [{ "patchType": "JSONPatch", "jsonPatch": { "expression": expression } }],
            });
            let metadata = json!({ "name": name });
            let policies = Objects::new(sandbox, Self::API, "MutatingAdmissionPolicy", None);
            policies.create(&json!({ "metadata": metadata, "spec": policy })).await;
            let binding = json!({ "metadata": metadata, "spec": { "policyName": name } });
            let bindings = Objects::new(sandbox, Self::API, "MutatingAdmissionPolicyBinding", None);
            bindings.create(&binding).await;
        }

        let namespaces = Objects::new(sandbox, "v1", "Namespace", None);
        namespaces.create(&json!({ "metadata": { "name": probe } })).await;
        // The API server hears of each policy at a time of its own.
        let warehouse = json!({ "metadata": { "name": "probe" }, "spec": {
            "interval": "5m",
            "subscriptions": [{ "git": { "repoURL": "https://git.example.com/shop.git" } }],
        } });
        let retried = json!({ "uses": "git-push", "retry": { "timeout": "5m" } });
        let stage = json!({ "metadata": { "name": "probe" }, "spec": {
            "requestedFreight": [{
                "origin": { "kind": "Warehouse", "name": "probe" },
                "sources": { "stages": ["before"], "requiredSoakTime": "90m" },
            }],
            "promotionTemplate": { "spec": { "steps": [{ "uses": "git-clone" }, retried] } },
        } });
        let probes = [("Warehouse", warehouse), ("Stage", stage.clone()), ("Stage", stage)];
        for ((kind, object), (.., pointer, [_, to])) in probes.iter().zip(REWRITTEN) {
            let objects = Objects::new(sandbox, KARGO, kind, Some(&probe));
            eventually("admission that rewrites", || async {
                let made = objects.try_create(object).await?;
                let rewritten = made.pointer(pointer).and_then(Json::as_str) == Some(to);
                if rewritten { Ok(()) } else { Err(made.to_string()) }
            })
            .await;
        }
        namespaces.delete(&probe).await;
        webhooks
    }

    async fn remove(self, sandbox: &Sandbox) {
        for kind in ["MutatingAdmissionPolicyBinding", "MutatingAdmissionPolicy"] {
            for name in self.names() {
                Objects::new(sandbox, Self::API, kind, None).delete(&name).await;
            }
        }
    }

    fn names(&self) -> impl Iterator<Item = String> {
        (0..REWRITTEN.len()).map(|number| format!("{}-{number}.example.com", self.project))
    }
}
