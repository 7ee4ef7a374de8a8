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
use crate::framework::{Action, Attr, Diagnostics, Model, Result, SendProgress};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::argocd::{self, application::Application};
use crate::resources::object::{ClusterRef, Kind};

/// An action in a cluster. What every one of them says, which cluster and how long it may take, is
/// looked after here.
pub trait InCluster: Model {
    /// Short name of the type, such as `application_sync`.
    const NAME: &'static str;

    /// Where it acts, and how long it may take.
    fn bounds(&self) -> Bounds<'_>;

    /// Checks what else goes beyond single attributes; unknown parts pass.
    fn check(&self, diagnostics: &mut Diagnostics) {
        let _ = diagnostics;
    }

    /// Does it; everything is known by now.
    fn act(
        self,
        cx: &Operation,
        progress: &SendProgress,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Where an action acts, and how long it may take.
#[derive(Debug)]
pub struct Bounds<'a> {
    /// The cluster; the provider's when not set.
    pub cluster: &'a Attr<ClusterRef>,
    /// The time for everything, waiting included; 15 minutes when not set.
    pub timeout: &'a Attr<String>,
}

impl<A: InCluster> Action for A {
    type Config = Self;
    type Provider = Provider;

    const NAME: &'static str = <A as InCluster>::NAME;

    fn timeout(config: &Self) -> Duration {
        let configured = config.bounds().timeout.as_str();
        let configured = configured.and_then(|text| parse_go_duration(text).ok());
        configured.unwrap_or(Duration::from_mins(15))
    }

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(config.bounds().cluster, diagnostics);
        config.check(diagnostics);
    }

    fn plan(cx: &Operation, config: &Self) -> Result<()> {
        // That there is one to act in, as far as a plan can tell.
        if config.bounds().cluster.is_null() { cx.provider().needs_cluster() } else { Ok(()) }
    }

    async fn invoke(cx: &Operation, config: Self, progress: &SendProgress) -> Result<()> {
        config.act(cx, progress).await
    }
}

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
    fn bounds(&self) -> Bounds<'_> {
        Bounds { cluster: &self.cluster, timeout: &self.timeout }
    }

    fn find(&self, cx: &Operation) -> Result<(Target, ObjectRef)> {
        let namespace = self.namespace.as_str().unwrap_or(argocd::NAMESPACE);
        let object = Application::OBJECT.namespaced(namespace, self.name.require("name")?);
        Ok((cx.provider().target(&self.cluster)?, object))
    }
}

#[cfg(test)]
mod tests {
    use super::application_terminate::ApplicationTerminate;
    use super::*;

    /// Where a configuration breaks a rule.
    pub(super) fn broken<A: InCluster>(action: &A) -> Vec<String> {
        let mut found = Diagnostics::default();
        A::validate(action, &mut found);
        found.iter().map(|found| found.path.to_string()).collect()
    }

    #[test]
    fn a_cluster_that_contradicts_itself_is_refused_and_the_time_is_as_configured() {
        let text = |text: &str| Attr::Known(text.to_owned());
        let both = ClusterRef { name: text("a"), host: text("https://x"), ..ClusterRef::default() };
        let subject = Subject {
            name: text("shop"),
            cluster: both.into(),
            timeout: text("1h30m"),
            ..Subject::default()
        };
        let action = ApplicationTerminate { subject };
        assert_eq!(broken(&action), ["cluster.host"]);
        assert_eq!(ApplicationTerminate::timeout(&action), Duration::from_mins(90));
        let plain = ApplicationTerminate::default();
        assert_eq!(broken(&plain), [""; 0]);
        assert_eq!(ApplicationTerminate::timeout(&plain), Duration::from_mins(15));
    }
}
