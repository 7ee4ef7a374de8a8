//! Git repositories over smart HTTP, as a forge would serve them: clone, fetch and push.
//!
//! The protocol is Git's own CGI program, `git http-backend`, behind a small handler. Anyone may
//! read and push, unless a repository is protected by a login; it listens on loopback only.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;
use url::Url;

/// The repository that every sandbox has; see `seed/demo` for what is in it.
pub const DEMO: &str = "demo";

/// Bare repositories under one folder, served. Its server ends with the async runtime that started
/// it.
#[derive(Clone, Debug)]
pub struct GitServer {
    served: Served,
    url: Url,
}

/// What is served, and to whom.
#[derive(Clone, Debug)]
struct Served {
    root: PathBuf,
    /// What has to be in the header `Authorization`, by the names of protected repositories.
    logins: Arc<Mutex<HashMap<String, String>>>,
}

impl Served {
    /// Whether a request may reach the repository in its path.
    fn admits(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let name = uri.path().split('/').nth(1).unwrap_or_default();
        let protected = self.logins.lock().expect("no panic while it was held");
        let login = protected.get(name.strip_suffix(".git").unwrap_or(name));
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        login.is_none_or(|login| given == Some(login))
    }
}

impl GitServer {
    /// Creates the repository [`DEMO`] under `root` and serves everything there.
    pub async fn start(root: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(root)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let what = Served { root: root.canonicalize()?, logins: Arc::default() };
        let server = Self { served: what, url };
        // In the checkout that this was compiled from.
        server.create(DEMO, &Path::new(env!("CARGO_MANIFEST_DIR")).join("seed").join(DEMO)).await?;
        let handler = Router::new().fallback(serve).with_state(server.served.clone());
        tokio::spawn(async move { axum::serve(listener, handler).await });
        Ok(server)
    }

    /// `http://127.0.0.1:PORT/NAME.git`.
    pub fn repository(&self, name: &str) -> String {
        format!("{}{name}.git", self.url)
    }

    /// Lets into a repository only those who log in as this user with this password from now on.
    ///
    /// # Panics
    /// When a request panicked before.
    pub fn protect(&self, name: &str, user: &str, password: &str) {
        let login = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let mut logins = self.served.logins.lock().expect("no panic while it was held");
        logins.insert(name.to_owned(), login);
    }

    /// A new repository whose branch `main` has one commit with the files of a folder.
    ///
    /// Author and time are fixed, so the same files make the same commit in every sandbox.
    pub async fn create(&self, name: &str, files: &Path) -> anyhow::Result<()> {
        let repository = self.served.root.join(format!("{name}.git"));
        let repository = repository.to_str().context("the path of the repository is not UTF-8")?;
        let files = files.to_str().context("the path of the files is not UTF-8")?;
        git(&["init", "--quiet", "--bare", "--initial-branch=main", repository]).await?;
        let within = ["--git-dir", repository];
        git(&[&within[..], &["config", "http.receivepack", "true"]].concat()).await?;
        // Argo CD fetches commits by their hash.
        git(&[&within[..], &["config", "uploadpack.allowAnySHA1InWant", "true"]].concat()).await?;
        let within = ["--git-dir", repository, "--work-tree", files];
        git(&[&within[..], &["add", "--all", "--force"]].concat()).await?;
        git(&[&within[..], &["commit", "--quiet", "--message", "Seed the sandbox"]].concat()).await
    }
}

/// Git without the user's and the machine's settings, which may ask for signatures or hooks.
fn isolated_git() -> Command {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    // Set inside a Git hook, for example.
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    git
}

async fn git(arguments: &[&str]) -> anyhow::Result<()> {
    let mut git = isolated_git();
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "Sandbox")
            .env(format!("GIT_{role}_EMAIL"), "sandbox@example.com");
        git.env(format!("GIT_{role}_DATE"), "2026-01-01T00:00:00Z");
    }
    let output = git.args(arguments).output().await.context("cannot run git")?;
    if !output.status.success() {
        bail!("git {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

async fn serve(
    State(served): State<Served>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    if !served.admits(&uri, &headers) {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"sandbox\"")];
        return Err((StatusCode::UNAUTHORIZED, challenge, "log in\n").into_response());
    }
    run_backend(&served.root, &method, &uri, &headers, &body).await.map_err(|e| {
        tracing::warn!("git {method} {uri}: {e:#}");
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{e:#}\n")).into_response()
    })
}

async fn run_backend(
    root: &Path,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> anyhow::Result<Response> {
    let header = |name: HeaderName| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let mut backend = isolated_git();
    backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method.as_str())
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE))
        .env("HTTP_CONTENT_ENCODING", header(header::CONTENT_ENCODING))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", header(HeaderName::from_static("git-protocol")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = backend.spawn().context("cannot run git")?;
    let mut input = child.stdin.take().context("git http-backend has no standard input")?;
    // Both at once: the backend may answer before it has read everything.
    let (written, output) = tokio::join!(
        async move {
            // It closes its input early when it refuses a request; its answer says why.
            let _ = input.write_all(body).await;
        },
        child.wait_with_output()
    );
    let () = written;
    let output = output?;
    if !output.stderr.is_empty() {
        tracing::debug!("git http-backend: {}", String::from_utf8_lossy(&output.stderr));
    }
    answer(output.stdout)
}

/// Turns a CGI answer, headers and body in one, into an HTTP response.
fn answer(output: Vec<u8>) -> anyhow::Result<Response> {
    let end = output
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .context("git http-backend gave no headers")?;
    let mut response = Response::builder().status(StatusCode::OK);
    for line in std::str::from_utf8(&output[..end])?.lines() {
        let (name, value) =
            line.split_once(": ").with_context(|| format!("{line:?} is not a header"))?;
        if name == "Status" {
            response = response
                .status(StatusCode::from_bytes(value.get(..3).unwrap_or(value).as_bytes())?);
        } else {
            response = response.header(name, HeaderValue::from_str(value)?);
        }
    }
    Ok(response.body(Bytes::from(output).slice(end + 4..).into())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cgi_answer_becomes_a_response() {
        let response =
            answer(b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nno\r\n\r\n".to_vec());
        let response = response.expect("a response");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain");
        assert_eq!(answer(b"X: y\r\n\r\n".to_vec()).expect("a response").status(), StatusCode::OK);
        assert!(answer(b"no end of headers\r\n".to_vec()).is_err());
    }

    #[tokio::test]
    async fn a_seeded_repository_can_be_cloned_and_pushed_to() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = GitServer::start(&folder.path().join("git")).await.expect("a server");
        let clone = folder.path().join("clone");
        let clone = clone.to_str().expect("a path in UTF-8");
        git(&["clone", "--quiet", &server.repository(DEMO), clone]).await.expect("a clone");
        assert!(Path::new(clone).join("plain/config.yaml").is_file());

        std::fs::write(Path::new(clone).join("new"), "new").expect("a new file");
        git(&["-C", clone, "add", "new"]).await.expect("an addition");
        git(&["-C", clone, "commit", "--quiet", "--message", "Add"]).await.expect("a commit");
        git(&["-C", clone, "push", "--quiet", "origin", "main"]).await.expect("a push");
        let again = folder.path().join("again");
        let again = again.to_str().expect("a path in UTF-8");
        git(&["clone", "--quiet", &server.repository(DEMO), again]).await.expect("another clone");
        assert!(Path::new(again).join("new").is_file());
    }

    #[tokio::test]
    async fn a_protected_repository_is_for_those_who_log_in() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = GitServer::start(&folder.path().join("git")).await.expect("a server");
        let url = server.repository(DEMO);
        let as_user = |login: &str| url.replacen("://", &format!("://{login}@"), 1);
        server.protect(DEMO, "ci", "secret");
        git(&["ls-remote", &as_user("ci:secret")]).await.expect("a list");
        git(&["ls-remote", &as_user("ci:wrong")]).await.expect_err("no list");
        // Others are as open as before.
        let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("seed").join(DEMO);
        server.create("open", &seed).await.expect("a repository");
        git(&["ls-remote", &server.repository("open")]).await.expect("a list");
    }
}
