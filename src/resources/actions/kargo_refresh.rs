//! `gitops_kargo_refresh`: has Kargo look at an object, now.

use serde_json::Value as Json;

use super::kargo::{current, deleted};
use super::{Bounds, InCluster};
use crate::clients::kube::ObjectRef;
use crate::framework::checks::{dns_label, dns_subdomain, go_duration};
use crate::framework::wait::Poll;
use crate::framework::{Attr, Diagnostics, Model, Path, Result, SendProgress};
use crate::resources::Operation;
use crate::resources::kargo::cluster_config::ClusterConfig;
use crate::resources::kargo::project_config::ProjectConfig;
use crate::resources::kargo::stage::Stage;
use crate::resources::kargo::warehouse::Warehouse;
use crate::resources::kargo::{refresh, wait};
use crate::resources::object::{ClusterRef, Kind, Scene};

/// The only name that a `ClusterConfig` may have.
const CLUSTER_CONFIG: &str = "cluster";

/// Has Kargo look at an object at once, and waits until it has:
///
/// - a `Warehouse` looks into its repositories, without waiting for its `interval`;
/// - a `Stage` finds what has changed around it, such as the project's promotion policies, which it
///   would notice within five minutes;
/// - a `ProjectConfig` or a `ClusterConfig` finds secrets of its webhook receivers that were made
///   since.
///
/// What is wrong with the object is a warning.
#[derive(Clone, Debug, Default, Model)]
pub struct KargoRefresh {
    /// Kind of the object: `Warehouse`, `Stage`, `ProjectConfig` or `ClusterConfig`.
    #[attr(required, local, one_of = ["Warehouse", "Stage", "ProjectConfig", "ClusterConfig"])]
    pub kind: Attr<String>,
    /// Name of the object. It is left out for a `ProjectConfig`, which is named like its project, and
    /// for the `ClusterConfig`.
    #[attr(local, check = dns_subdomain)]
    pub name: Attr<String>,
    /// Namespace of the object, which is its project; left out for the `ClusterConfig`.
    #[attr(local, check = dns_label)]
    pub namespace: Attr<String>,
    /// The cluster that Kargo runs in; the provider's `cluster` when not set.
    #[attr(local)]
    pub cluster: Attr<ClusterRef>,
    /// How long the action may take, as in `30m`; 15 minutes when not set.
    #[attr(local, check = go_duration)]
    pub timeout: Attr<String>,
}

impl InCluster for KargoRefresh {
    const NAME: &'static str = "kargo_refresh";

    fn bounds(&self) -> Bounds<'_> {
        Bounds { cluster: &self.cluster, timeout: &self.timeout }
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        let Some(kind) = self.kind.as_str() else { return };
        let needed = |attribute: &str, wanted: bool, value: &Attr<String>| match (wanted, value) {
            (true, Attr::Null) => Some((
                attribute.to_owned(),
                format!("No {attribute} is set"),
                format!("A {kind} is found by its {attribute}."),
            )),
            (false, value) if value.is_set() => Some((
                attribute.to_owned(),
                format!("A {kind} has no {attribute} to be found by"),
                format!("Remove {attribute}."),
            )),
            _ => None,
        };
        let named = matches!(kind, "Warehouse" | "Stage");
        let broken = [
            needed("name", named, &self.name),
            needed("namespace", kind != "ClusterConfig", &self.namespace),
        ];
        for (attribute, summary, detail) in broken.into_iter().flatten() {
            diagnostics.invalid(Path::attribute(attribute), summary, detail);
        }
    }

    async fn act(self, cx: &Operation, progress: &SendProgress) -> Result<()> {
        let (object, target) = (self.object()?, cx.provider().target(&self.cluster)?);
        current(cx, &target, &object, "name").await?;
        let scene = Scene { cx, target: &target, object: &object };
        let token = refresh::request(&scene, &object).await?;
        let objects = cx.provider().objects();
        progress.send(format!("Waiting for Kargo to look at {object}"));
        let what = format!("Kargo to look at {object}");
        let judge = |live: Option<&Json>| {
            let live = live.ok_or_else(|| deleted(&object))?;
            let status = &live["status"];
            Ok(if status["lastHandledRefresh"] == token.as_str() {
                Poll::Ready(live.clone())
            } else {
                Poll::Pending(match status["conditions"].as_array() {
                    None => {
                        "nobody has looked at it: check that Kargo's controllers run, and that \
                             one serves the object's shard"
                            .to_owned()
                    }
                    Some(_) => describe(live),
                })
            })
        };
        let live = objects.wait_for(&target, &object, &what, cx.deadline(), judge).await?;
        progress.send(format!("{object}: {}", describe(&live)));
        if let Some(ailment) = ailment(&live) {
            cx.warn(Path::root(), format!("Kargo has something to say about {object}"), ailment);
        }
        Ok(())
    }
}

impl KargoRefresh {
    fn object(&self) -> Result<ObjectRef> {
        let namespace = || self.namespace.require("namespace");
        Ok(match self.kind.require("kind")?.as_str() {
            "Warehouse" => Warehouse::OBJECT.namespaced(namespace()?, self.name.require("name")?),
            "Stage" => Stage::OBJECT.namespaced(namespace()?, self.name.require("name")?),
            "ProjectConfig" => ProjectConfig::OBJECT.namespaced(namespace()?, namespace()?),
            _ => ClusterConfig::OBJECT.cluster_wide(CLUSTER_CONFIG),
        })
    }
}

/// What Kargo says of the object, in one line.
fn describe(live: &Json) -> String {
    wait::condition(live, "Ready")
        .map_or_else(|| "no condition Ready yet".to_owned(), wait::describe)
}

/// What is wrong with the object. A stage is not ready before its first promotion, and that is not
/// wrong.
fn ailment(live: &Json) -> Option<String> {
    let ready = wait::condition(live, "Ready")?;
    let wrong = ready["status"] == "False" && ready["reason"] != "NoFreight";
    wrong.then(|| describe(live))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::actions::tests::broken;

    fn of(kind: &str, name: &str, namespace: &str) -> KargoRefresh {
        let some = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
        KargoRefresh {
            kind: kind.to_owned().into(),
            name: some(name).into(),
            namespace: some(namespace).into(),
            ..KargoRefresh::default()
        }
    }

    #[test]
    fn each_kind_is_found_in_its_way() {
        for (action, object) in [
            (of("Warehouse", "shop", "p"), "Warehouse p/shop"),
            (of("Stage", "dev", "p"), "Stage p/dev"),
            (of("ProjectConfig", "", "p"), "ProjectConfig p/p"),
            (of("ClusterConfig", "", ""), "ClusterConfig cluster"),
        ] {
            assert_eq!(broken(&action), [""; 0], "{object}");
            assert_eq!(action.object().unwrap().to_string(), object);
        }
        for (action, paths) in [
            (of("Warehouse", "", ""), &["name", "namespace"][..]),
            (of("Stage", "dev", ""), &["namespace"]),
            (of("ProjectConfig", "p", "p"), &["name"]),
            (of("ClusterConfig", "cluster", "p"), &["name", "namespace"]),
        ] {
            assert_eq!(broken(&action), paths);
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_a_stage_without_freight_is_well() {
        let live = |status: &str, reason: &str| {
            json!({"status": {"conditions": [
                {"type": "Healthy", "status": "True"},
                {"type": "Ready", "status": status, "reason": reason, "message": "so it is"},
            ]}})
        };
        let wrong = live("False", "DiscoveryFailure");
        assert_eq!(ailment(&wrong), Some("Ready is False (DiscoveryFailure): so it is".to_owned()));
        assert_eq!(ailment(&live("True", "ArtifactsDiscovered")), None);
        assert_eq!(ailment(&live("False", "NoFreight")), None);
        assert_eq!(ailment(&json!({})), None);
        assert_eq!(describe(&json!({})), "no condition Ready yet");
    }
}
