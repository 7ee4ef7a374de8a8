//! Actions: what is done to an object when a run asks for it.

pub mod application_refresh;
pub mod application_rollback;
pub mod application_sync;
pub mod application_terminate;
pub mod kargo;
pub mod kargo_freight_approve;
pub mod kargo_promotion_abort;
pub mod kargo_refresh;
pub mod kargo_stage_promote;

use std::time::Duration;

use crate::clients::kube::{ObjectRef, Target};
use crate::framework::checks::{dns_label, dns_subdomain, go_duration, parse_go_duration};
use crate::framework::{Attr, Diagnostics, Model, Result};
use crate::resources::Operation;
use crate::resources::argocd::{self, application::Application};
use crate::resources::object::{ClusterRef, Kind};

/// Which application an action is for.
#[derive(Clone, Debug, Default, Model)]
pub struct Subject {
    /// Name of the application.
    #[attr(required, local, check = dns_subdomain)]
    pub name: Attr<String>,
    /// Namespace of the application; `argocd` when not set.
    #[attr(local, check = dns_label)]
    pub namespace: Attr<String>,
    /// The cluster that the application object lives in; the provider's `cluster` when not set.
    #[attr(local)]
    pub cluster: Attr<ClusterRef>,
    /// How long the action may take, waiting included, as in `30m`; 15 minutes when not set.
    #[attr(local, check = go_duration)]
    pub timeout: Attr<String>,
}

impl Subject {
    fn timeout(&self) -> Duration {
        limit(&self.timeout)
    }

    fn validate(&self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&self.cluster, diagnostics);
    }

    fn plan(&self, cx: &Operation) -> Result<()> {
        reachable(cx, &self.cluster)
    }

    fn find(&self, cx: &Operation) -> Result<(Target, ObjectRef)> {
        let namespace = self.namespace.as_str().unwrap_or(argocd::NAMESPACE);
        let object = Application::OBJECT.namespaced(namespace, self.name.require("name")?);
        Ok((cx.provider().target(&self.cluster)?, object))
    }
}

/// How long an action may take; 15 minutes when that is not configured.
fn limit(timeout: &Attr<String>) -> Duration {
    let configured = timeout.as_str().and_then(|text| parse_go_duration(text).ok());
    configured.unwrap_or(Duration::from_mins(15))
}

/// That there is a cluster to act in, as far as a plan can tell.
fn reachable(cx: &Operation, cluster: &Attr<ClusterRef>) -> Result<()> {
    if cluster.is_null() { cx.provider().needs_cluster() } else { Ok(()) }
}
