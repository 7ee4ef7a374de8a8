//! `gitops_application_terminate`: ends what Argo CD is doing to an application.

use super::{Bounds, InCluster, Subject};
use crate::framework::{Model, Result, SendProgress};
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

impl InCluster for ApplicationTerminate {
    const NAME: &'static str = "application_terminate";

    fn bounds(&self) -> Bounds<'_> {
        self.subject.bounds()
    }

    async fn act(self, cx: &Operation, progress: &SendProgress) -> Result<()> {
        let (target, object) = self.subject.find(cx)?;
        operation::terminate(&Scene { cx, target: &target, object: &object }, progress).await
    }
}
