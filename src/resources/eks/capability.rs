//! EKS capabilities: what the types have in common, which is most of it.
//!
//! A type is a model, what it asks for when it is made, and what differs between two of its states
//! ([`Kind`]). Its life at the API is written here once ([`Capability`]).

mod calls;
mod entry;
mod unfinished;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use aws_sdk_eks::Client;
use aws_sdk_eks::types as sdk;
use aws_sdk_eks::types::{CapabilityStatus, CapabilityType};

use calls::Difference;

use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::checks::{iam_role_arn, region as region_name};
use crate::framework::moves::Foreign;
use crate::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Model, Object, Peer, Resource,
    Result, Saved, Timeouts,
};
use crate::provider::Provider;
use crate::resources::iam::trust::{self, CAPABILITIES};
use crate::resources::{Operation, tags};

/// A type of capability. `Self` is its model, with [`Common`] flattened into it.
pub trait Kind: Model + Clone + fmt::Debug {
    /// Short name of the type of resource, such as `eks_capability_argocd`.
    const NAME: &'static str;
    /// What the API calls it.
    const TYPE: CapabilityType;
    /// The attributes that EKS fills in only once the capability runs.
    const KNOWN_LATER: &'static [&'static str] = &["version"];

    /// What is common to all types.
    fn common(&self) -> &Common;

    /// The same, to be changed.
    fn common_mut(&mut self) -> &mut Common;

    /// Name of the capability, unique within the cluster; each type has a default of its own.
    fn capability_name(&self) -> &Attr<String>;

    /// Checks rules that go beyond single attributes; unknown parts pass.
    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// What a create asks for beside what is common.
    fn configuration(&self) -> Option<sdk::CapabilityConfigurationRequest>;

    /// What an update must send to come from `live`, which [`Kind::seen`] made, to this; `None` when
    /// nothing differs but what is common.
    fn difference(&self, live: &Self) -> Option<sdk::UpdateCapabilityConfiguration>;

    /// Whether `found` is like this in all that an update cannot change.
    fn could_be(&self, found: &Self) -> bool {
        let _ = found;
        true
    }

    /// This configuration with what the API says of the type's own settings; `common` has the rest.
    #[must_use]
    fn seen(
        &self,
        name: Attr<String>,
        common: Common,
        configuration: sdk::CapabilityConfigurationResponse,
    ) -> Self;
}

/// What the models of all types have in common.
#[derive(Clone, Debug, Default, Model)]
pub struct Common {
    /// Name of the EKS cluster.
    #[attr(required, replace, identity)]
    pub cluster_name: Attr<String>,
    /// ARN of the IAM role that the capability acts with, in the account of the cluster. Its trust
    /// policy must let `capabilities.eks.amazonaws.com` call `sts:AssumeRole` and `sts:TagSession`.
    #[attr(required, check = iam_role_arn)]
    pub role_arn: Attr<String>,
    /// What becomes of the capability's objects in the cluster when it is deleted. `RETAIN`, the
    /// only value of the API, keeps them.
    #[attr(default = "RETAIN", one_of = ["RETAIN"])]
    pub delete_propagation_policy: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(replace, check = region_name)]
    pub region: Attr<String>,
    /// Tags of the capability.
    pub tags: Attr<BTreeMap<String, String>>,
    /// Tags of the capability, with the provider's `default_tags`.
    #[attr(computed)]
    pub tags_all: Attr<BTreeMap<String, String>>,
    /// ARN of the capability.
    #[attr(computed, stable)]
    pub arn: Attr<String>,
    /// Version of the capability, which EKS upgrades by itself; null where EKS tells none.
    #[attr(computed, stable)]
    pub version: Attr<String>,
    /// How long each operation may take, waiting included: 30 minutes for a create and an update,
    /// 45 for a delete, when not set.
    #[attr(block)]
    pub timeouts: Attr<Timeouts>,
}

/// Rule of a capability's name; the API has no pattern for it, its guide has.
pub(super) fn name(name: &str) -> std::result::Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!("{name:?} is not a capability's name: letters, digits, \"-\" and \"_\" only"))
}

/// Which capability.
#[derive(Clone, Debug)]
struct Name {
    cluster: String,
    capability: String,
}

/// The resource for the capabilities of a type.
#[derive(Debug)]
pub struct Capability<K>(PhantomData<fn() -> K>);

impl<K: Kind> Resource for Capability<K> {
    type Model = K;
    type Provider = Provider;

    const NAME: &'static str = K::NAME;
    /// Capabilities take minutes to come, and Argo CD's can take long to go.
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts {
        create: Duration::from_mins(30),
        read: Duration::from_mins(5),
        update: Duration::from_mins(30),
        delete: Duration::from_mins(45),
    };
    const PEERS: &'static [Peer] = &[Peer {
        providers: &["hashicorp/aws"],
        type_name: "aws_eks_capability",
        find: find_peer::<K>,
    }];
    const IMPORT: ImportFormat = ImportFormat("{cluster_name},{capability_name}");

    fn validate(config: &K, diagnostics: &mut Diagnostics) {
        K::validate(config, diagnostics);
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        tags::plan(cx, change)?;
        unfinished::plan(cx, change, K::KNOWN_LATER);
        Ok(())
    }

    async fn create(cx: &Operation, planned: K, progress: &mut Saved<'_, K>) -> Result<K> {
        let common = planned.common();
        let eks = cx.provider().eks(&common.region).await?;
        let name = name_of(&planned)?;
        let role = common.role_arn.require("role_arn")?;
        entry::note(cx, &eks, &name, role).await;
        let passes = propagation::trust_not_propagated;
        let created = trust::given(cx, role, &CAPABILITIES, passes, || {
            let call = eks
                .create_capability()
                .cluster_name(&name.cluster)
                .capability_name(&name.capability)
                .r#type(K::TYPE)
                .role_arn(role)
                .set_delete_propagation_policy(
                    common.delete_propagation_policy.as_str().map(Into::into),
                )
                .set_configuration(planned.configuration())
                .set_tags(tags::to_api(&common.tags_all));
            async move { call.send().await.operation("CreateCapability") }
        })
        .await;
        let created = match created {
            Ok(answer) => answer.capability,
            Err(error) if error.is_conflict() || error.is_already_exists() => {
                let fits = |found: &sdk::Capability| {
                    found.r#type == Some(K::TYPE)
                        && planned.could_be(&seen(&planned, found.clone()))
                };
                Some(calls::adopt(cx, &eks, &name, error, fits).await?)
            }
            Err(error) => return Err(error),
        };
        // From here on it exists, whatever comes of it.
        progress.save(match created {
            Some(created) => seen(&planned, created),
            None => planned.clone(),
        });
        let ready = calls::wait_ready(cx, &eks, &name).await?;
        let state = seen(&planned, ready);
        progress.save(state.clone());
        // What was adopted may differ in what can be changed in place.
        bring(cx, &eks, &state, &planned, progress).await
    }

    async fn read(cx: &Operation, state: K) -> Result<Option<K>> {
        let eks = cx.provider().eks(&state.common().region).await?;
        let found = calls::describe(&eks, &name_of(&state)?).await?;
        if found.status == Some(CapabilityStatus::Deleting) {
            return Ok(None);
        }
        unfinished::note(cx, &found);
        let mut read = seen(&state, found);
        let before = [&state.common().tags, &state.common().tags_all];
        let Common { tags, tags_all, .. } = read.common_mut();
        tags::read(cx, before, tags, tags_all)?;
        Ok(Some(read))
    }

    async fn update(
        cx: &Operation,
        prior: K,
        planned: K,
        progress: &mut Saved<'_, K>,
    ) -> Result<K> {
        let eks = cx.provider().eks(&planned.common().region).await?;
        unfinished::finish(cx, &eks, &name_of(&planned)?).await?;
        bring(cx, &eks, &prior, &planned, progress).await
    }

    async fn delete(cx: &Operation, state: K) -> Result<()> {
        let eks = cx.provider().eks(&state.common().region).await?;
        let name = name_of(&state)?;
        match calls::delete(cx, &eks, &name).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
        entry::remove(cx, &eks, &name, None).await
    }
}

/// Which capability a state of the AWS provider is of; its one resource has all types.
fn find_peer<K: Kind>(capability: &Foreign<'_>) -> Result<Object> {
    let (found, wanted) = (capability.text("/type")?, K::TYPE);
    if found != wanted.as_str() {
        return Err(Error::invalid(format!(
            "the capability is of type {found}, and this resource is for {}",
            wanted.as_str()
        )));
    }
    capability.texts(["cluster_name", "capability_name"])
}

fn name_of<K: Kind>(model: &K) -> Result<Name> {
    Ok(Name {
        cluster: model.common().cluster_name.require("cluster_name")?.clone(),
        capability: model.capability_name().require("capability_name")?.clone(),
    })
}

/// A configuration with what the API says.
fn seen<K: Kind>(ours: &K, found: sdk::Capability) -> K {
    let policy = found.delete_propagation_policy.map(|policy| policy.as_str().to_owned());
    let common = Common {
        cluster_name: found.cluster_name.into(),
        role_arn: found.role_arn.into(),
        delete_propagation_policy: policy.into(),
        tags_all: tags::from_api(found.tags),
        arn: found.arn.into(),
        version: found.version.into(),
        ..ours.common().clone()
    };
    let nothing = || sdk::CapabilityConfigurationResponse::builder().build();
    let configuration = found.configuration.unwrap_or_else(nothing);
    ours.seen(found.capability_name.into(), common, configuration)
}

/// The API may merge what it is sent instead of replacing what it has (its
/// description leaves that open), so what is left over is sent once more.
const MERGES: usize = 2;

/// What an update must send; `None` when the capability is as planned.
fn difference<K: Kind>(planned: &K, live: &sdk::Capability) -> Option<Difference> {
    let seen = seen(planned, live.clone());
    let role_arn = &planned.common().role_arn;
    let role_arn = (seen.common().role_arn != *role_arn).then(|| role_arn.known().cloned());
    let (role_arn, configuration) = (role_arn.flatten(), planned.difference(&seen));
    (role_arn.is_some() || configuration.is_some())
        .then_some(Difference { role_arn, configuration })
}

/// Brings a capability from one state to the planned one, in place.
async fn bring<K: Kind>(
    cx: &Operation,
    eks: &Client,
    from: &K,
    planned: &K,
    progress: &mut Saved<'_, K>,
) -> Result<K> {
    let name = name_of(planned)?;
    // What is there now decides what is revoked, not what the state remembers.
    let mut live = calls::describe(eks, &name).await?;
    for _ in 0..MERGES {
        let Some(difference) = difference(planned, &live) else { break };
        if let Some(role_arn) = &difference.role_arn {
            entry::note(cx, eks, &name, role_arn).await;
        }
        calls::update(cx, eks, &name, &difference).await?;
        live = calls::describe(eks, &name).await?;
        let mut state = seen(planned, live.clone());
        // These follow.
        state.common_mut().tags = from.common().tags.clone();
        state.common_mut().tags_all = from.common().tags_all.clone();
        progress.save(state);
    }
    if let Some(left) = difference(planned, &live) {
        return Err(Error::failed(format!(
            "the update ended well, and the capability still differs: {left:?}"
        )));
    }
    // The role that it had before may have an entry yet.
    entry::remove(cx, eks, &name, live.role_arn.as_deref()).await?;
    let arn = live.arn.clone().unwrap_or_default();
    let (before, after) = (&from.common().tags_all, &planned.common().tags_all);
    tags::update(cx, eks, &arn, before, after).await?;
    let mut state = seen(planned, live);
    state.common_mut().tags_all = after.clone();
    Ok(state)
}

#[cfg(test)]
mod tests;
