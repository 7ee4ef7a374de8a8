//! Actions: what is done to an object when a run asks for it.

pub mod application_refresh;
pub mod application_sync;
pub mod application_terminate;

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
        let configured = self.timeout.as_str().and_then(|text| parse_go_duration(text).ok());
        configured.unwrap_or(Duration::from_mins(15))
    }

    fn validate(&self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&self.cluster, diagnostics);
    }

    fn plan(&self, cx: &Operation) -> Result<()> {
        if self.cluster.is_null() { cx.provider().needs_cluster() } else { Ok(()) }
    }

    fn find(&self, cx: &Operation) -> Result<(Target, ObjectRef)> {
        let namespace = self.namespace.as_str().unwrap_or(argocd::NAMESPACE);
        let object = Application::OBJECT.namespaced(namespace, self.name.require("name")?);
        Ok((cx.provider().target(&self.cluster)?, object))
    }
}
