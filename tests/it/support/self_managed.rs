//! A sandbox of its own whose Argo CD runs from the start, as its Helm chart would have it.

use std::ops::Deref;
use std::path::PathBuf;

use gitops_sandbox::{Options, Sandbox};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use super::cli::Workspace;
use super::sandbox::PROVIDER;

/// One at a time: examples register the same cluster, each under its own name.
static ONE: Mutex<()> = Mutex::const_new(());

/// The workspace that last worked here. A test that fails cannot clean up by itself.
static LAST: std::sync::Mutex<Option<Workspace>> = std::sync::Mutex::new(None);

/// See [`self_managed`].
pub(crate) struct SelfManaged {
    sandbox: &'static Sandbox,
    _one: MutexGuard<'static, ()>,
}

/// The sandbox, to oneself. Its namespace `argocd` is watched by the real controllers, progressive
/// syncs included.
pub(crate) async fn self_managed() -> SelfManaged {
    static SANDBOX: OnceCell<Sandbox> = OnceCell::const_new();
    let start = || async {
        let provider = Some(PathBuf::from(PROVIDER));
        let options = Options { provider, managed: false, ..Options::default() };
        Sandbox::start(options).await.expect("a sandbox")
    };
    let one = ONE.lock().await;
    let sandbox = SANDBOX.get_or_init(start).await;
    let last = LAST.lock().expect("no panic while it was held").take();
    if let Some(last) = last.filter(Workspace::has_resources) {
        eprintln!("destroying what a test that failed has left");
        let _ = last.destroy().await;
    }
    SelfManaged { sandbox, _one: one }
}

impl SelfManaged {
    /// The sandbox, for as long as this process runs.
    pub(crate) fn of(&self) -> &'static Sandbox {
        self.sandbox
    }

    /// Marks the workspace to be destroyed should the test fail.
    pub(crate) fn watch(&self, workspace: Workspace) -> Workspace {
        *LAST.lock().expect("no panic while it was held") = Some(workspace.clone());
        workspace
    }
}

impl Deref for SelfManaged {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        self.sandbox
    }
}
