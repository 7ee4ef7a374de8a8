//! The clusters of one run, each connected once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::cluster::Cluster;
use super::link::{ClusterResolver, Link, Surroundings};
use super::target::Target;
use crate::framework::{Context, Result};

/// Connected clusters by target. Nothing is dialled, read or resolved before
/// the first request to a target.
pub struct Clusters {
    resolver: Arc<dyn ClusterResolver>,
    surroundings: Surroundings,
    connected: Mutex<HashMap<Target, Arc<OnceCell<Cluster>>>>,
}

impl Clusters {
    /// No cluster yet.
    pub fn new(resolver: Arc<dyn ClusterResolver>, surroundings: Surroundings) -> Self {
        Self { resolver, surroundings, connected: Mutex::default() }
    }

    /// The cluster that `target` means; found and prepared on first use, and
    /// then the same for everybody. A failure is not kept.
    pub(super) async fn get(&self, target: &Target) -> Result<Cluster> {
        let cell = self.cells().entry(target.clone()).or_default().clone();
        let connect = async || {
            let link = Link::find(target, &*self.resolver, &self.surroundings);
            Cluster::new(target, &Box::pin(link).await?, &self.surroundings)
        };
        cell.get_or_try_init(connect)
            .await
            .cloned()
            .context(|| format!("finding the way to {target}"))
    }

    /// Forgets how `target` was reached, so that it is found anew: an EKS cluster
    /// that was made again under its name has another endpoint.
    pub(super) fn forget(&self, target: &Target) {
        self.cells().remove(target);
    }

    fn cells(&self) -> std::sync::MutexGuard<'_, HashMap<Target, Arc<OnceCell<Cluster>>>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Clusters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets: Vec<_> = self.cells().keys().map(ToString::to_string).collect();
        f.debug_struct("Clusters").field("connected", &targets).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
