use super::*;

const FILE: &str = r#"
apiVersion: v1
kind: Config
current-context: dev
clusters:
- name: one
  cluster: {server: 'https://one:6443', proxy-url: 'http://proxy:3128'}
- name: two
  cluster: {server: 'https://two:6443', insecure-skip-tls-verify: true}
- name: plain
  cluster: {server: 'http://localhost:8080'}
contexts:
- name: dev
  context: {cluster: one, user: token}
- name: prod
  context: {cluster: two, user: plugin}
- name: open
  context: {cluster: plain, user: token}
- name: old
  context: {cluster: two, user: legacy}
users:
- name: token
  user: {token: abc}
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: sh
      interactiveMode: Always
      provideClusterInfo: true
      args:
      - -c
      - |
        case $KUBERNETES_EXEC_INFO$MODE in
          *https://two:6443*quiet) ;; *) exit 9 ;;
        esac
        echo '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t"}}'
      env: [{name: MODE, value: quiet}]
- name: legacy
  user: {auth-provider: {name: gcp}}
"#;

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config"), FILE).unwrap();
        Self { folder }
    }

    fn target() -> Kubeconfig {
        Kubeconfig { paths: vec!["~/config".into()], context: None, user: None, cluster: None }
    }

    async fn link(&self, chosen: Kubeconfig) -> Result<Link> {
        link(&chosen, Some(self.folder.path())).await
    }

    async fn refusal(&self, chosen: Kubeconfig) -> Error {
        self.link(chosen).await.err().unwrap()
    }
}

#[tokio::test]
async fn the_current_context_is_taken_with_its_login_and_proxy() {
    let files = Files::new();
    let link = files.link(Files::target()).await.unwrap();
    assert_eq!(link.config.cluster_url, "https://one:6443/");
    assert_eq!(link.proxy.unwrap(), "http://proxy:3128/");
    assert_eq!(link.authorization.identify().await.unwrap().name, "the configured token");
    assert!(link.config.auth_info.token.is_none(), "the login is taken out");
}

#[tokio::test]
async fn a_context_and_overrides_choose_cluster_and_user() {
    let files = Files::new();
    let chosen = Kubeconfig { context: Some("prod".into()), ..Files::target() };
    let link = files.link(chosen.clone()).await.unwrap();
    assert_eq!(link.authorization.identify().await.unwrap().name, "the credential plugin \"sh\"");
    let link = files.link(Kubeconfig { user: Some("token".into()), ..chosen }).await.unwrap();
    assert!(link.config.accept_invalid_certs);
    assert_eq!(link.authorization.identify().await.unwrap().name, "the configured token");
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_the_known_ones() {
    let files = Files::new();
    let error = files.refusal(Kubeconfig { context: Some("x".into()), ..Files::target() }).await;
    assert_eq!(
        error.message(),
        "context \"x\" is not in ~/config: expected one of dev, prod, open, old"
    );
    assert_eq!(error.path().unwrap().to_string(), "config_context");
    let error = files.refusal(Kubeconfig { cluster: Some("x".into()), ..Files::target() }).await;
    assert_eq!(error.path().unwrap().to_string(), "config_context_cluster");
    let error = files.refusal(Kubeconfig { user: Some("x".into()), ..Files::target() }).await;
    assert_eq!(error.path().unwrap().to_string(), "config_context_auth_info");
}

#[tokio::test]
async fn a_missing_file_is_an_error_and_no_other_is_tried() {
    let files = Files::new();
    let chosen = Kubeconfig { paths: vec!["~/nothing".into()], ..Files::target() };
    let error = files.refusal(chosen).await;
    assert!(error.message().starts_with("the kubeconfig ~/nothing cannot be used"), "{error}");
    let error = link(&Files::target(), None).await.err().unwrap();
    assert!(error.message().contains("HOME is not set"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused() {
    let files = Files::new();
    let error = files.refusal(Kubeconfig { context: Some("open".into()), ..Files::target() }).await;
    assert!(error.message().contains("expected https://"), "{error}");
}

#[tokio::test]
async fn a_login_of_the_past_is_refused_with_what_to_use() {
    let files = Files::new();
    let error = files.refusal(Kubeconfig { context: Some("old".into()), ..Files::target() }).await;
    assert!(error.message().contains("\"gcp\""), "{error}");
    assert!(error.detail().contains("exec plugin"), "{}", error.detail());
}

#[tokio::test]
async fn several_files_are_one_and_the_first_wins() {
    let files = Files::new();
    let first = "{apiVersion: v1, kind: Config, current-context: prod, \
                 users: [{name: plugin, user: {token: xyz}}]}";
    std::fs::write(files.folder.path().join("first"), first).unwrap();
    let paths = vec!["~/first".into(), "~/config".into()];
    let link = files.link(Kubeconfig { paths, ..Files::target() }).await.unwrap();
    assert_eq!(link.config.cluster_url, "https://two:6443/");
    assert_eq!(link.authorization.identify().await.unwrap().name, "the configured token");
}
