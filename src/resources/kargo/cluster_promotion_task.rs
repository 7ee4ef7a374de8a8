//! `gitops_kargo_cluster_promotion_task`: steps that the stages of all projects
//! share.

use super::promotion_task::TaskSpec;
use crate::clients::kube::ObjectKind;
use crate::framework::{Diagnostics, ImportFormat, Model};
use crate::resources::object::{ClusterMeta, Kind};

/// A Kargo promotion task for all projects of the cluster: steps with a name,
/// which promotion templates insert by
/// `task = { name = ..., kind = "ClusterPromotionTask" }`.
#[derive(Clone, Debug, Default, Model)]
pub struct ClusterPromotionTask {
    /// What is common to objects of the whole cluster.
    #[attr(flatten)]
    pub metadata: ClusterMeta,
    /// What the task does.
    #[attr(flatten)]
    pub spec: TaskSpec,
}

impl Kind for ClusterPromotionTask {
    type Model = Self;

    const NAME: &'static str = "kargo_cluster_promotion_task";
    const OBJECT: ObjectKind = ObjectKind::new(
        "kargo.akuity.io/v1alpha1",
        "ClusterPromotionTask",
        "clusterpromotiontasks",
    );
    const IMPORT: ImportFormat = ImportFormat("{name}");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.spec.check(diagnostics);
    }
}
