//! `gitops_application_refresh`: has Argo CD look at an application, now.

use std::time::Duration;

use super::Subject;
use crate::framework::{Action, Attr, Diagnostics, Model, Path, Result, SendProgress};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::argocd::application::wait::{Refresh, conditions, describe, refresh};
use crate::resources::argocd::operation;
use crate::resources::object::Scene;

/// Has Argo CD compare an application with its sources, at once: what was pushed a moment ago is
/// found without waiting for the next poll. What comes of it depends on the application's
/// `sync_policy`.
///
/// The action ends when Argo CD has looked, and says what it saw. What is wrong with the application
/// is a warning.
#[derive(Clone, Debug, Default, Model)]
pub struct ApplicationRefresh {
    /// Which application.
    #[attr(flatten)]
    pub subject: Subject,
    /// Render the manifests anew, and not take those that Argo CD keeps for the revision: for what
    /// they are made of beside the sources, such as the values of a plugin. Off when not set.
    #[attr(local)]
    pub hard: Attr<bool>,
}

impl Action for ApplicationRefresh {
    type Config = Self;
    type Provider = Provider;

    const NAME: &'static str = "application_refresh";

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
        let scene = Scene { cx, target: &target, object: &object };
        operation::current(&scene).await?;
        progress.send(format!("Waiting for Argo CD to look at {object}"));
        let live = refresh(&scene, config.kind()).await?;
        progress.send(format!("{object}: {}", describe(&live)));
        for condition in conditions(&live) {
            let summary = format!("Argo CD has something to say about {object}");
            cx.warn(Path::root(), summary, condition);
        }
        Ok(())
    }
}

impl ApplicationRefresh {
    fn kind(&self) -> Refresh {
        if self.hard.known() == Some(&true) { Refresh::Hard } else { Refresh::Normal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::object::ClusterRef;

    #[test]
    fn what_contradicts_itself_is_refused_and_the_time_is_as_configured() {
        let text = |text: &str| Attr::Known(text.to_owned());
        let both = ClusterRef { name: text("a"), host: text("https://x"), ..ClusterRef::default() };
        let action = ApplicationRefresh {
            subject: Subject {
                name: text("shop"),
                cluster: both.into(),
                timeout: text("90s"),
                ..Subject::default()
            },
            ..ApplicationRefresh::default()
        };
        let mut found = Diagnostics::default();
        ApplicationRefresh::validate(&action, &mut found);
        let paths: Vec<_> = found.iter().map(|found| found.path.to_string()).collect();
        assert_eq!(paths, ["cluster.host"]);
        assert_eq!(ApplicationRefresh::timeout(&action), Duration::from_secs(90));
        let plain = ApplicationRefresh::default();
        assert_eq!(ApplicationRefresh::timeout(&plain), Duration::from_mins(15));
    }

    #[test]
    fn manifests_are_rendered_anew_only_when_asked_for() {
        let kind = |hard| ApplicationRefresh { hard, ..ApplicationRefresh::default() }.kind();
        assert_eq!(kind(Attr::Known(true)), Refresh::Hard);
        assert_eq!(kind(Attr::Known(false)), Refresh::Normal);
        assert_eq!(kind(Attr::Null), Refresh::Normal);
    }
}
