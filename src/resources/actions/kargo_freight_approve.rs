//! `gitops_kargo_freight_approve`: lets freight into a stage, whatever came before.

use serde_json::{Value as Json, json};

use super::kargo::{Project, now};
use super::{Bounds, InCluster};
use crate::framework::checks::{dns_subdomain, exactly_one, label_value};
use crate::framework::{Attr, Diagnostics, Error, Model, Result, SendProgress};
use crate::resources::Operation;
use crate::resources::kargo::freight::Freight;
use crate::resources::kargo::stage::Stage;
use crate::resources::object::{Kind, OPERATOR};

/// Approves freight of Kargo for a stage: it may be promoted there without being verified in the
/// stages before it, and without soaking. That is for a repair that cannot wait.
///
/// The freight has to be of a warehouse that the stage takes freight of. It is not promoted by this,
/// unless the stage does that by itself; `gitops_kargo_stage_promote` does. Approved freight stays
/// so, and to approve it again changes nothing. Kubernetes asks for the permission to patch
/// `freights/status`.
#[derive(Clone, Debug, Default, Model)]
pub struct KargoFreightApprove {
    /// Name of the freight. Either this or `alias` is set.
    #[attr(local, check = dns_subdomain)]
    pub name: Attr<String>,
    /// The freight by its alias, such as `iron-sponge`.
    #[attr(local, check = label_value)]
    pub alias: Attr<String>,
    /// Name of the stage that it is approved for.
    #[attr(required, local, check = dns_subdomain)]
    pub stage: Attr<String>,
    /// In which project.
    #[attr(flatten)]
    pub project: Project,
}

impl InCluster for KargoFreightApprove {
    const NAME: &'static str = "kargo_freight_approve";

    fn bounds(&self) -> Bounds<'_> {
        self.project.bounds()
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        exactly_one(&[("name", &self.name), ("alias", &self.alias)], diagnostics);
    }

    async fn act(self, cx: &Operation, progress: &SendProgress) -> Result<()> {
        let open = self.project.open(cx)?;
        let stage = self.stage.require("stage")?;
        // Kubernetes takes an approval for a stage that is not there, and nobody would notice.
        let live = open.current(&open.object(&Stage::OBJECT, stage), "stage").await?;
        let freight = if let Some(alias) = self.alias.as_str() {
            open.aliased(alias, "alias").await?
        } else {
            open.current(&open.object(&Freight::OBJECT, self.name.require("name")?), "name").await?
        };
        let object =
            open.object(&Freight::OBJECT, freight["metadata"]["name"].as_str().unwrap_or_default());
        takes(&live, &freight).map_err(|why| Error::invalid(why).at("stage"))?;
        if let Some(since) = freight["status"]["approvedFor"][stage]["approvedAt"].as_str() {
            progress.send(format!("{object} is approved for stage {stage} since {since}"));
            return Ok(());
        }
        let at = now()?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let change = json!({"status": {"approvedFor": {stage: {"approvedAt": at}}}});
        let (objects, target) = (cx.provider().objects(), &open.target);
        objects.patch(target, &object, Some("status"), &change, OPERATOR, cx.deadline()).await?;
        progress.send(format!("{object} is approved for stage {stage}"));
        Ok(())
    }
}

/// An approval does not let freight in that the stage has not asked for.
fn takes(stage: &Json, freight: &Json) -> std::result::Result<(), String> {
    let origin = &freight["origin"]["name"];
    let requests = stage["spec"]["requestedFreight"].as_array().into_iter().flatten();
    let mut origins = requests.map(|request| &request["origin"]["name"]);
    if origins.any(|requested| requested == origin) {
        return Ok(());
    }
    Err(format!(
        "stage {} takes no freight of warehouse {origin}, which {} is of",
        stage["metadata"]["name"], freight["metadata"]["name"]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::actions::tests::broken;

    #[test]
    fn freight_is_named_in_one_way() {
        let text = |text: &str| Attr::Known(text.to_owned());
        let broken = |name: Attr<String>, alias: Attr<String>| {
            broken(&KargoFreightApprove { name, alias, ..KargoFreightApprove::default() })
        };
        assert_eq!(broken(Attr::Null, Attr::Null), [""]);
        assert_eq!(broken(text("a"), text("b")), ["alias"]);
        assert_eq!(broken(text("a"), Attr::Null), [""; 0]);
        assert_eq!(broken(Attr::Null, Attr::Unknown), [""; 0]);
    }

    #[test]
    fn a_stage_takes_only_freight_of_its_warehouses() {
        let stage = json!({
            "metadata": {"name": "prod"},
            "spec": {"requestedFreight": [
                {"origin": {"name": "charts"}}, {"origin": {"name": "shop"}},
            ]},
        });
        let freight = |warehouse: &str| json!({"metadata": {"name": "bc477e5"}, "origin": {"name": warehouse}});
        assert_eq!(takes(&stage, &freight("shop")), Ok(()));
        assert_eq!(
            takes(&stage, &freight("pay")).unwrap_err(),
            "stage \"prod\" takes no freight of warehouse \"pay\", which \"bc477e5\" is of"
        );
    }
}
