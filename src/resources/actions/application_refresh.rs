//! `gitops_application_refresh`: has Argo CD look at an application, now.

use super::{Bounds, InCluster, Subject};
use crate::framework::{Attr, Model, Path, Result, SendProgress};
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

impl InCluster for ApplicationRefresh {
    const NAME: &'static str = "application_refresh";

    fn bounds(&self) -> Bounds<'_> {
        self.subject.bounds()
    }

    async fn act(self, cx: &Operation, progress: &SendProgress) -> Result<()> {
        let (target, object) = self.subject.find(cx)?;
        let scene = Scene { cx, target: &target, object: &object };
        operation::current(&scene).await?;
        progress.send(format!("Waiting for Argo CD to look at {object}"));
        let live = refresh(&scene, self.kind()).await?;
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
        if self.hard.is_true() { Refresh::Hard } else { Refresh::Normal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_rendered_anew_only_when_asked_for() {
        let kind = |hard| ApplicationRefresh { hard, ..ApplicationRefresh::default() }.kind();
        assert_eq!(kind(Attr::Known(true)), Refresh::Hard);
        assert_eq!(kind(Attr::Known(false)), Refresh::Normal);
        assert_eq!(kind(Attr::Null), Refresh::Normal);
    }
}
