//! `gitops_application_terminate`: ends what Argo CD is doing to an application.

use std::time::Duration;

use super::Subject;
use crate::framework::{Action, Diagnostics, Model, Result, SendProgress};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::argocd::operation;
use crate::resources::object::Scene;

/// Ends the operation of an Argo CD application that is going on, such as a synchronisation that
/// waits for a hook, and waits until it has ended. What it has deployed so far stays.
///
/// One that Argo CD has not taken up yet is taken back. When none is going on there is nothing to
/// do, and the action says so.
#[derive(Clone, Debug, Default, Model)]
pub struct ApplicationTerminate {
    /// Which application.
    #[attr(flatten)]
    pub subject: Subject,
}

impl Action for ApplicationTerminate {
    type Config = Self;
    type Provider = Provider;

    const NAME: &'static str = "application_terminate";

    fn timeout(config: &Self) -> Duration {
        config.subject.timeout()
    }

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.subject.validate(diagnostics);
    }

    fn plan(cx: &Operation, config: &Self) -> Result<()> {
        config.subject.plan(cx)
    }

    async fn invoke(cx: &Operation, config: Self, progress: &SendProgress) -> Result<()> {
        let (target, object) = config.subject.find(cx)?;
        operation::terminate(&Scene { cx, target: &target, object: &object }, progress).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Attr;
    use crate::resources::object::ClusterRef;

    #[test]
    fn what_contradicts_itself_is_refused_and_the_time_is_as_configured() {
        let text = |text: &str| Attr::Known(text.to_owned());
        let both = ClusterRef { name: text("a"), host: text("https://x"), ..ClusterRef::default() };
        let action = ApplicationTerminate {
            subject: Subject {
                name: text("shop"),
                cluster: both.into(),
                timeout: text("90s"),
                ..Subject::default()
            },
        };
        let mut found = Diagnostics::default();
        ApplicationTerminate::validate(&action, &mut found);
        let paths: Vec<_> = found.iter().map(|found| found.path.to_string()).collect();
        assert_eq!(paths, ["cluster.host"]);
        assert_eq!(ApplicationTerminate::timeout(&action), Duration::from_secs(90));
        let plain = ApplicationTerminate::default();
        assert_eq!(ApplicationTerminate::timeout(&plain), Duration::from_mins(15));
    }
}
