use super::*;
use crate::framework::Callable;
use crate::resources::argocd::application::Application;
use crate::resources::argocd::cluster::Cluster;
use crate::resources::argocd::repository::Repository;
use crate::resources::kargo::project::Project;
use crate::resources::kargo::project_config::ProjectConfig;

fn attributes<K: Kind>(yaml: &str) -> Result<Value, String> {
    let function = Callable::of::<FromYaml<K>>();
    function.call(vec![yaml.into()]).map_err(|error| {
        assert_eq!(error.argument, Some(0), "{error:?}");
        error.text
    })
}

const APPLICATION: &str = "
# A comment.
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
  namespace: argocd
  uid: 4711
  labels: { team: shop }
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{}'
    argocd.argoproj.io/sync-wave: '1'
  finalizers: [resources-finalizer.argocd.argoproj.io/background]
spec:
  project: shop
  source:
    repoURL: https://git.example.com/shop.git
    path: chart
    helm:
      valuesObject: { replicas: 3, image: { tag: v1 } }
      parameters: [{ name: a, value: b }]
  destination: { name: in-cluster, namespace: shop }
  syncPolicy:
    automated: {}
    retry: { limit: 3 }
operation: { sync: {} }
status: { health: { status: Healthy } }
";

#[test]
fn a_manifest_becomes_the_attributes_of_its_resource() {
    let application = attributes::<Application>(APPLICATION).unwrap();
    let text = |path: &[&str]| {
        let value = path.iter().fold(&application, |value, name| value.get(name));
        value.as_str().unwrap_or_else(|| panic!("{path:?}: {value:?}")).to_owned()
    };
    assert_eq!(text(&["name"]), "shop");
    assert_eq!(text(&["labels", "team"]), "shop");
    assert_eq!(text(&["source", "repo_url"]), "https://git.example.com/shop.git");
    let values: Json = serde_json::from_str(&text(&["source", "helm", "values_object"])).unwrap();
    assert_eq!(values["image"]["tag"], "v1");
    assert_eq!(text(&["cascade"]), "background");
    assert!(application.get("sync_policy").get("automated").as_object().is_some());
    let annotations = application.get("annotations").as_object().unwrap();
    assert_eq!(annotations.keys().collect::<Vec<_>>(), ["argocd.argoproj.io/sync-wave"]);
    assert!(application.get("wait").is_null());
    assert!(!application.as_object().unwrap().contains_key("timeouts"));
}

#[test]
fn the_result_has_the_attributes_of_the_resource() {
    let function = Callable::of::<FromYaml<Application>>();
    assert_eq!(function.name, "application_from_yaml");
    assert_eq!(function.summary, "Attributes of gitops_application from YAML");
    assert!(
        function
            .description
            .contains("\n\nReturns an object with the attributes of `gitops_application`")
    );
    let crate::framework::ty::Type::Object(returned) = &function.returns else {
        panic!("no object")
    };
    let attributes = Application::attributes();
    let names: std::collections::BTreeSet<_> =
        attributes.iter().filter(|attr| !attr.block).map(|attr| attr.name.to_owned()).collect();
    assert_eq!(returned.keys().cloned().collect::<std::collections::BTreeSet<_>>(), names);
}

#[test]
fn a_field_that_the_resource_does_not_know_is_named() {
    for (from, to, path) in [
        ("path: chart", "pth: chart", "spec.source.pth"),
        ("limit: 3", "limit: many", "spec.syncPolicy.retry.limit"),
        ("value: b", "valeu: b", "spec.source.helm.parameters[0].valeu"),
        ("labels: { team: shop }", "generateName: shop-", "metadata.generateName"),
    ] {
        let error = attributes::<Application>(&APPLICATION.replace(from, to)).unwrap_err();
        assert!(error.contains("no attribute of gitops_application for"), "{error}");
        assert!(error.contains(path), "{path}: {error}");
    }
}

#[test]
fn what_is_no_manifest_of_the_kind_is_refused() {
    for (yaml, told) in [
        (APPLICATION.replace("Application\n", "AppProject\n"), "\"AppProject\""),
        (APPLICATION.replace("v1alpha1", "v1beta1"), "v1beta1"),
        ("- a\n".to_owned(), "no fields"),
        ("a: [".to_owned(), "Not valid YAML"),
        (format!("{APPLICATION}---{APPLICATION}"), "2 documents"),
    ] {
        let error = attributes::<Application>(&yaml).unwrap_err();
        assert!(error.contains(told), "{told}: {error}");
    }
}

#[test]
fn secrets_are_left_out_and_the_rest_is_there() {
    let yaml = "
apiVersion: v1
kind: Secret
metadata:
  name: git
  namespace: argocd
  labels: { argocd.argoproj.io/secret-type: repository, team: shop }
type: Opaque
stringData:
  url: https://git.example.com/shop.git
  username: argocd
  password: hunter2
data:
  insecure: dHJ1ZQ==
";
    let repository = attributes::<Repository>(yaml).unwrap();
    assert!(!format!("{repository:?}").contains("hunter2"));
    assert_eq!(repository.get("username").as_str(), Some("argocd"));
    assert_eq!(repository.get("insecure").as_bool(), Some(true));
    assert!(repository.get("password").is_null() && repository.get("password_wo").is_null());
    let error = attributes::<Repository>(&yaml.replace("password:", "pasword:")).unwrap_err();
    assert!(error.contains("data.pasword") && !error.contains("hunter2"), "{error}");
    let error = attributes::<Repository>(&yaml.replace(": repository", ": cluster")).unwrap_err();
    assert!(error.contains("none for Argo CD of the type"), "{error}");

    let config = r#"{"bearerToken":"hunter2","tlsClientConfig":{"insecure":true}}"#;
    let cluster = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: edge\n  labels:\n    \
         argocd.argoproj.io/secret-type: cluster\nstringData:\n  name: edge\n  \
         server: https://edge\n  config: '{config}'\n"
    );
    let error = attributes::<Cluster>(&cluster.replace("bearerToken", "barerToken")).unwrap_err();
    assert!(error.contains("data.config.barerToken") && !error.contains("hunter2"), "{error}");
    let cluster = attributes::<Cluster>(&cluster).unwrap();
    assert!(!format!("{cluster:?}").contains("hunter2"));
    let tls = cluster.get("config").get("tls_client_config");
    assert_eq!(tls.get("insecure").as_bool(), Some(true));
}

#[test]
fn a_kind_without_a_spec_has_what_is_in_its_metadata() {
    let yaml = "
apiVersion: kargo.akuity.io/v1alpha1
kind: Project
metadata:
  name: shop
  annotations:
    kargo.akuity.io/description: The shop
    kargo.akuity.io/keep-namespace: 'true'
";
    let project = attributes::<Project>(yaml).unwrap();
    assert_eq!(project.get("description").as_str(), Some("The shop"));
    assert_eq!(project.get("keep_namespace").as_bool(), Some(true));
    let error = attributes::<Project>(&format!("{yaml}spec: {{ a: 1 }}\n")).unwrap_err();
    assert!(error.contains("spec.a"), "{error}");
}

#[test]
fn a_name_that_follows_from_the_namespace_is_no_attribute_and_must_be_that() {
    let manifest = |name: &str| {
        attributes::<ProjectConfig>(&format!(
            "{{apiVersion: kargo.akuity.io/v1alpha1, kind: ProjectConfig, \
             metadata: {{name: {name}, namespace: shop}}}}"
        ))
    };
    assert_eq!(manifest("shop").unwrap().get("namespace").as_str(), Some("shop"));
    assert_eq!(
        manifest("other").unwrap_err(),
        "The manifest's metadata.name is \"other\", and the ProjectConfig of such a resource is \
         named \"shop\"."
    );
}
