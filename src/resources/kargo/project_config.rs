//! `gitops_kargo_project_config`: how the freight of a project moves by itself,
//! and who tells it of new artifacts.

pub mod links;
pub mod policies;
pub mod receivers;

use serde_json::Value as Json;

use super::refresh;
use super::wait::{self, ReadyWait};
use crate::clients::kube::{ObjectKind, ObjectRef};
use crate::framework::api::{self, View};
use crate::framework::checks::Findings;
use crate::framework::{
    Attr, Attribute, Change, Diagnostics, Error, ImportFormat, Model, Path, Result, Value,
};
use crate::resources::Operation;
use crate::resources::findings::report;
use crate::resources::object::{CommonMeta, Kind, Scene};
use links::DeepLink;
use policies::PromotionPolicy;
use receivers::{ReceiverUrls, WebhookReceiver};

/// The configuration of a Kargo project, of which there is one in each: which
/// stages promote freight by themselves, the receivers of webhooks, and links
/// for the user interface.
///
/// Kargo looks at promotion policies when it looks at a stage, which may take
/// five minutes: an apply has it look at once at the stages that are affected.
#[derive(Clone, Debug, Default, Model)]
pub struct ProjectConfig {
    /// The project, and so the namespace of the object, whose name is the same.
    #[attr(required, replace, identity, api = "/metadata/namespace", check = crate::framework::checks::dns_label)]
    pub namespace: Attr<String>,
    /// What is common to all objects.
    #[attr(flatten)]
    pub common: CommonMeta,
    /// Which stages promote new freight by themselves. The first policy that fits a stage counts.
    pub promotion_policies: Attr<Vec<PromotionPolicy>>,
    /// What is common to the configuration of a project and that of all.
    #[attr(flatten)]
    pub shared: SharedConfig,
}

/// What is common to the configuration of a project and that of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SharedConfig {
    /// Receivers of webhooks, each with a URL of its own, which make Kargo look for new artifacts
    /// at once.
    pub webhook_receivers: Attr<Vec<WebhookReceiver>>,
    /// URLs of the receivers, by name, for the settings of whoever sends webhooks. Kargo makes them
    /// of the receiver and its secret, so they change with the secret. Some senders are known by
    /// nothing but the URL, hence it is hidden like a secret.
    #[attr(computed, sensitive, api = "/status/webhookReceivers")]
    pub webhook_receiver_urls: Attr<ReceiverUrls>,
    /// Links that the user interface shows beside each stage.
    pub stage_links: Attr<Vec<DeepLink>>,
    /// Links that the user interface shows beside each piece of freight.
    pub freight_links: Attr<Vec<DeepLink>>,
    /// Wait at the end of a create or an update until Kargo has taken up the configuration; `{}`
    /// does. Without it that is waited for where there are receivers, for the sake of their URLs. A
    /// Secret of a receiver that is not there yet is waited for, too.
    #[attr(local)]
    pub wait: Attr<ReadyWait>,
}

impl SharedConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        links::check(&self.stage_links, &Path::attribute("stage_links"), findings);
        links::check(&self.freight_links, &Path::attribute("freight_links"), findings);
        receivers::check(&self.webhook_receivers, findings);
    }
}

/// Whether an apply of these values ends only when Kargo has taken them up.
fn waits(values: &Value) -> Result<bool> {
    if values.get("wait").is_null() {
        return Ok(has_receivers(values));
    }
    ReadyWait::is_on(values)
}

fn has_receivers(values: &Value) -> bool {
    let receivers = values.get("webhook_receivers");
    receivers.is_unknown() || receivers.as_list().is_some_and(|list| !list.is_empty())
}

/// Plans the URLs: there are none without receivers, and they stay while the
/// receivers do.
pub(super) fn plan_urls(change: &mut Change) {
    const URLS: &str = "webhook_receiver_urls";
    const RECEIVERS: &str = "webhook_receivers";
    if !has_receivers(&change.planned) {
        change.planned.set(URLS, Value::Null);
    } else if let Some(prior) = &change.prior
        && change.replace.is_empty()
        && prior.get(RECEIVERS) == change.planned.get(RECEIVERS)
        && !prior.get(URLS).is_null()
    {
        change.planned.set(URLS, prior.get(URLS).clone());
    }
}

/// What the state shows: of the URLs, those of receivers that there are. Kargo
/// takes away those of others a little later.
pub(super) fn project(
    attributes: &[Attribute],
    root: &str,
    live: &Json,
    prior: &Value,
    view: View,
) -> Value {
    let mut live = live.clone();
    let names = receivers::names(&live);
    if let Some(urls) = live["status"]["webhookReceivers"].as_array_mut() {
        urls.retain(|url| names.iter().any(|name| url["name"] == name.as_str()));
        if urls.is_empty() {
            live["status"]["webhookReceivers"] = Json::Null;
        }
    }
    api::project(attributes, root, &live, prior, view)
}

/// Waits as the values ask for, after an apply was answered with `applied`.
pub(super) async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
    if !waits(values)? {
        return Ok(applied);
    }
    let names = receivers::names(&applied);
    wait::until(scene, "be taken up by Kargo", |live| {
        let missing = names.iter().find(|name| !receivers::has_url(live, name));
        match (wait::not_ready(live), missing) {
            (Some(state), _) => Ok(wait::Look::Pending(state)),
            (None, Some(name)) => {
                Ok(wait::Look::Pending(format!("the receiver {name:?} has no URL yet")))
            }
            (None, None) => Ok(wait::Look::Settled),
        }
    })
    .await
}

impl Kind for ProjectConfig {
    type Model = Self;

    const NAME: &'static str = "kargo_project_config";
    const OBJECT: ObjectKind =
        ObjectKind::new("kargo.akuity.io/v1alpha1", "ProjectConfig", "projectconfigs");
    const IMPORT: ImportFormat = ImportFormat("{namespace}");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let mut findings = Findings::default();
        policies::check(&config.promotion_policies, &mut findings);
        config.shared.check(&mut findings);
        report(findings.into_vec(), diagnostics);
    }

    fn plan(_: &Operation, change: &mut Change) -> Result<()> {
        plan_urls(change);
        Ok(())
    }

    /// Kargo takes no other name than that of the project.
    fn reference(values: &Value) -> Result<ObjectRef> {
        let project = values.get("namespace").as_str();
        let project = project.ok_or_else(|| Error::bug("no namespace").at("namespace"))?;
        Ok(Self::OBJECT.namespaced(project, project))
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        Ok(project(attributes, Self::ROOT, live, prior, view))
    }

    async fn settle(scene: &Scene<'_>, values: &Value, applied: Json) -> Result<Json> {
        let policies = Attr::from_value(values.get("promotion_policies").clone())?;
        let policies: Vec<PromotionPolicy> = policies.into_known().unwrap_or_default();
        refresh::affected_stages(scene, &policies).await?;
        settle(scene, values, applied).await
    }

    /// Nothing is promoted by itself any more.
    async fn bury(scene: &Scene<'_>, _: &Value) -> Result<()> {
        refresh::affected_stages(scene, &[]).await
    }
}

#[cfg(test)]
mod tests;
