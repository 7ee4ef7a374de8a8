//! A repository of Helm charts over HTTP, as a project's own pages or Harbor would serve it: an index
//! and the packages that it names.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::http_server;

/// A served repository. Dropping it ends the server, and so does the end of the async runtime that
/// started it.
#[derive(Debug)]
pub struct ChartServer {
    url: Url,
    _stop: DropGuard,
}

impl ChartServer {
    /// Packages the charts in these folders with `helm`, keeps the packages in `folder`, and serves
    /// them.
    pub async fn start(folder: &Path, helm: &Path, charts: &[&Path]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let folder = folder.canonicalize()?;
        for chart in charts {
            let chart = chart.to_str().context("the path of the chart is not UTF-8")?;
            run(helm, &folder, &["package", chart, "--destination", "."]).await?;
        }
        run(helm, &folder, &["repo", "index", ".", "--url", url.as_str()]).await?;
        let router = Router::new().fallback(file).with_state(folder);
        let stop = CancellationToken::new();
        tokio::spawn(http_server::serve(listener, router, stop.clone()));
        Ok(Self { url, _stop: stop.drop_guard() })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }
}

async fn run(helm: &Path, folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(helm);
    // Its caches and settings are nobody else's.
    command.args(arguments).current_dir(folder).env("HOME", folder.join(".home"));
    let output = command.output().await.context("cannot run helm")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("helm {} failed: {said}", arguments.join(" "));
    }
    Ok(())
}

/// A file of the folder, which has no folders in it that anybody asks for.
async fn file(State(folder): State<PathBuf>, uri: Uri) -> impl IntoResponse {
    let name = uri.path().trim_start_matches('/');
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(StatusCode::NOT_FOUND);
    }
    tokio::fs::read(folder.join(name)).await.map_err(|_| StatusCode::NOT_FOUND)
}
