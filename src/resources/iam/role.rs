//! IAM roles, with their policies.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Role as Found;

use super::{policy_document, tags as iam_tags};
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::clients::aws::tags::Changes;
use crate::framework::checks::iam_policy_arn;
use crate::framework::wait::{self, Pace, Poll};
use crate::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Model, Path, Peer, Resource,
    Result, Saved, Set, Timeouts, Value,
};
use crate::provider::Provider;
use crate::resources::{Operation, tags};

mod policies;

use policies::{attached, changed, decoded, detach, inline, remove_inline};

/// An IAM role, with its inline policies and the managed policies that are attached to it.
///
/// Policies are compared by meaning: another order of statements or keys is no change.
#[derive(Clone, Debug, Default, Model)]
pub struct Role {
    /// Name of the role, unique within the account whatever the case of its letters. Made of
    /// `name_prefix`, or by the provider, when not set.
    #[attr(optional, computed, stable, replace = "if_configured", identity, check = role_name)]
    pub name: Attr<String>,
    /// Beginning of the name, which the provider completes.
    #[attr(replace, check = name_prefix)]
    pub name_prefix: Attr<String>,
    /// Path of the role, with `/` at both ends.
    #[attr(default = "/", replace, check = role_path)]
    pub path: Attr<String>,
    /// Trust policy, JSON: who may assume the role.
    #[attr(required, check = crate::framework::checks::policy_document, same = policy_document::equivalent)]
    pub assume_role_policy: Attr<String>,
    /// What the role is for.
    pub description: Attr<String>,
    /// How long sessions of the role may last, in seconds: 3,600 to 43,200.
    #[attr(default = 3600, range(3600, 43200))]
    pub max_session_duration: Attr<i64>,
    /// ARN of the policy that bounds what the role may ever do.
    #[attr(check = iam_policy_arn)]
    pub permissions_boundary: Attr<String>,
    /// Inline policies by name, JSON. When set, any other inline policy of the role is removed.
    #[attr(check = crate::framework::checks::policy_document, same = policy_document::equivalent)]
    pub inline_policies: Attr<BTreeMap<String, String>>,
    /// ARNs of managed policies that are attached. When set, any other is detached.
    #[attr(check = iam_policy_arn)]
    pub managed_policy_arns: Attr<Set<String>>,
    /// At a destroy, also remove policies that others attached or added.
    #[attr(default = false)]
    pub force_detach_policies: Attr<bool>,
    /// Tags of the role.
    pub tags: Attr<BTreeMap<String, String>>,
    /// Tags of the role, with the provider's `default_tags`.
    #[attr(computed)]
    pub tags_all: Attr<BTreeMap<String, String>>,
    /// ARN of the role.
    #[attr(computed, stable)]
    pub arn: Attr<String>,
    /// Id of the role, which a role made anew under the same name does not have. Useful in
    /// `replace_triggered_by` of what remembers the role, such as access entries.
    #[attr(computed, stable)]
    pub unique_id: Attr<String>,
    /// How long each operation may take, waiting included.
    #[attr(block)]
    pub timeouts: Attr<Timeouts>,
}

impl Resource for Role {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "iam_role";
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(10);
    const IMPORT: ImportFormat = ImportFormat("{name}");
    const PEERS: &'static [Peer] = &[Peer {
        providers: &["hashicorp/aws"],
        type_name: "aws_iam_role",
        find: |role| role.texts(["name"]),
    }];

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        if config.name.is_set() && config.name_prefix.is_set() {
            diagnostics.invalid(
                Path::attribute("name_prefix"),
                "Both name and name_prefix are set",
                "Set name for a name of your own, or name_prefix to have it completed.",
            );
        }
    }

    fn generated(config: &mut Value) {
        if !config.get("name_prefix").is_null() {
            config.set("name", Value::Null);
        }
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        tags::plan(cx, change)
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let iam = cx.provider().iam().await?;
        let name = planned.new_name();
        let created = propagation::retry(
            cx.deadline(),
            |error| {
                propagation::principal_not_visible(error)
                    || propagation::concurrent_modification(error)
            },
            || {
                let call = iam
                    .create_role()
                    .role_name(&name)
                    .set_path(planned.path.known().cloned())
                    .set_assume_role_policy_document(planned.assume_role_policy.known().cloned())
                    .set_description(planned.description.known().cloned())
                    .set_max_session_duration(planned.session_duration())
                    .set_permissions_boundary(planned.permissions_boundary.known().cloned())
                    .set_tags(iam_tags::to_api(&planned.tags_all));
                async move { call.send().await.operation("CreateRole") }
            },
        )
        .await;
        match created {
            Ok(_) => {}
            Err(error) if error.is_already_exists() => {
                planned.adopt(cx, &iam, &name, error).await?;
            }
            Err(error) => return Err(error),
        }
        // From here on it exists; its policies follow.
        let bare = Self {
            name: name.clone().into(),
            inline_policies: Attr::Null,
            managed_policy_arns: Attr::Null,
            ..planned.clone()
        };
        progress.save(bare.clone());
        let found = visible(cx, &iam, &name).await?;
        progress.save(bare.seen(&found));
        planned.bring_policies(cx, &iam, &name, &BTreeMap::new(), &BTreeSet::new()).await?;
        Ok(planned.seen(&found))
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let iam = cx.provider().iam().await?;
        let name = state.name.require("name")?;
        let found = get(&iam, name).await?;
        let mut read = state.seen(&found);
        read.tags_all = iam_tags::from_api(found.tags.as_deref());
        let before = [&state.tags, &state.tags_all];
        tags::read(cx, before, &mut read.tags, &mut read.tags_all)?;
        let imported = cx.is_imported();
        if imported || state.inline_policies.is_set() {
            read.inline_policies = Attr::Known(inline(&iam, name).await?);
        }
        if imported || state.managed_policy_arns.is_set() {
            let attached = attached(&iam, name).await?.into_iter().collect();
            read.managed_policy_arns = Attr::Known(Set(attached));
        }
        Ok(Some(read))
    }

    async fn update(
        cx: &Operation,
        prior: Self,
        planned: Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let iam = cx.provider().iam().await?;
        let name = prior.name.require("name")?;
        let mut state = prior.clone();
        if prior.assume_role_policy != planned.assume_role_policy {
            let document = planned.assume_role_policy.require("assume_role_policy")?;
            changed(cx, || {
                let call =
                    iam.update_assume_role_policy().role_name(name).policy_document(document);
                async move { call.send().await.operation("UpdateAssumeRolePolicy").map(drop) }
            })
            .await?;
            state.assume_role_policy = planned.assume_role_policy.clone();
            progress.save(state.clone());
        }
        if prior.description != planned.description
            || prior.max_session_duration != planned.max_session_duration
        {
            changed(cx, || {
                let call = iam
                    .update_role()
                    .role_name(name)
                    .description(planned.description.as_str().unwrap_or_default())
                    .set_max_session_duration(planned.session_duration());
                async move { call.send().await.operation("UpdateRole").map(drop) }
            })
            .await?;
            state.description = planned.description.clone();
            state.max_session_duration = planned.max_session_duration.clone();
            progress.save(state.clone());
        }
        if prior.permissions_boundary != planned.permissions_boundary {
            changed(cx, || async {
                match planned.permissions_boundary.known() {
                    Some(arn) => iam
                        .put_role_permissions_boundary()
                        .role_name(name)
                        .permissions_boundary(arn)
                        .send()
                        .await
                        .operation("PutRolePermissionsBoundary")
                        .map(drop),
                    None => iam
                        .delete_role_permissions_boundary()
                        .role_name(name)
                        .send()
                        .await
                        .operation("DeleteRolePermissionsBoundary")
                        .map(drop),
                }
            })
            .await?;
            state.permissions_boundary = planned.permissions_boundary.clone();
            progress.save(state.clone());
        }
        update_tags(cx, &iam, name, &prior.tags_all, &planned.tags_all).await?;
        state.tags = planned.tags.clone();
        state.tags_all = planned.tags_all.clone();
        progress.save(state);
        let (inline, attached) = (prior.inline(), prior.attached());
        planned.bring_policies(cx, &iam, name, &inline, &attached).await?;
        Ok(planned)
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let iam = cx.provider().iam().await?;
        let name = state.name.require("name")?;
        let forced = state.force_detach_policies.is_true();
        let (mut attached_now, mut inline_now) = (state.attached(), state.inline());
        if forced {
            attached_now = attached(&iam, name).await?.into_iter().collect();
            inline_now = inline(&iam, name).await?;
        }
        for arn in &attached_now {
            detach(cx, &iam, name, arn).await?;
        }
        for policy in inline_now.keys() {
            remove_inline(cx, &iam, name, policy).await?;
        }
        // What was detached a moment ago may still be seen; what others attached will be.
        let held = |error: &Error| {
            propagation::delete_conflict(error) || propagation::concurrent_modification(error)
        };
        let deleted = wait::retry_for(cx.deadline(), DETACHED, Pace::AWS, held, || {
            let call = iam.delete_role().role_name(name);
            async move { call.send().await.operation("DeleteRole") }
        })
        .await;
        match deleted {
            Err(error) if propagation::delete_conflict(&error) => Err(error.advise(
                "Policies or instance profiles that others attached hold the role. Detach them, \
                 or set force_detach_policies = true and apply before the destroy.",
            )),
            other => other.map(drop),
        }
    }
}

/// How long a detached policy may still be seen.
const DETACHED: std::time::Duration = std::time::Duration::from_secs(20);

impl Role {
    fn new_name(&self) -> String {
        if let Some(name) = self.name.known() {
            return name.clone();
        }
        let prefix = self.name_prefix.as_str().unwrap_or("gitops-");
        let random = uuid::Uuid::new_v4().simple().to_string();
        format!("{prefix}{}", &random[..24.min(64usize.saturating_sub(prefix.len()))])
    }

    fn session_duration(&self) -> Option<i32> {
        self.max_session_duration.known().and_then(|seconds| i32::try_from(*seconds).ok())
    }

    fn inline(&self) -> BTreeMap<String, String> {
        self.inline_policies.known().cloned().unwrap_or_default()
    }

    fn attached(&self) -> BTreeSet<String> {
        let arns = self.managed_policy_arns.known().map(|set| set.0.clone());
        arns.unwrap_or_default().into_iter().collect()
    }

    /// This configuration with what IAM says of the role itself.
    fn seen(&self, found: &Found) -> Self {
        let policy = found.assume_role_policy_document.as_deref().map(decoded);
        let boundary = found.permissions_boundary.clone();
        Self {
            name: found.role_name.clone().into(),
            path: found.path.clone().into(),
            assume_role_policy: match (&self.assume_role_policy, policy) {
                // The configured spelling stays while it means the same.
                (Attr::Known(ours), Some(live)) if policy_document::equivalent(ours, &live) => {
                    ours.clone().into()
                }
                (_, live) => live.into(),
            },
            description: found.description.clone().filter(|text| !text.is_empty()).into(),
            max_session_duration: i64::from(found.max_session_duration.unwrap_or(3600)).into(),
            permissions_boundary: boundary.and_then(|b| b.permissions_boundary_arn).into(),
            force_detach_policies: match &self.force_detach_policies {
                Attr::Known(force) => Attr::Known(*force),
                _ => Attr::Known(false),
            },
            arn: found.arn.clone().into(),
            unique_id: found.role_id.clone().into(),
            ..self.clone()
        }
    }

    /// Takes over a role of this name that is what is planned or a part of it,
    /// as after an apply that was killed half-way.
    async fn adopt(&self, cx: &Operation, iam: &Client, name: &str, refused: Error) -> Result<()> {
        // It may have been made by this very call a moment ago, with its answer lost.
        let found = changed(cx, || get(iam, name)).await?;
        let (attached, inline) =
            (changed(cx, || attached(iam, name)).await?, changed(cx, || inline(iam, name)).await?);
        let seen = self.seen(&found);
        let same = seen.assume_role_policy == self.assume_role_policy
            && seen.path == self.path
            && seen.description == self.description
            && seen.permissions_boundary == self.permissions_boundary
            && iam_tags::from_api(found.tags.as_deref()) == self.tags_all;
        let wanted = self.inline();
        let more = !attached.iter().all(|arn| self.attached().contains(arn))
            || !inline.iter().all(|(policy, live)| {
                wanted.get(policy).is_some_and(|ours| policy_document::equivalent(ours, live))
            });
        if !same || more {
            return Err(refused.at("name").advise(format!(
                "A role of this name exists with other settings. To manage it here, import it: \
                 tofu import ADDRESS {name}"
            )));
        }
        cx.warn(
            Path::root(),
            "Adopted an existing role",
            format!(
                "The role {name} was there already, as configured. It is managed here from now on."
            ),
        );
        Ok(())
    }
}

fn role_name(name: &str) -> std::result::Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!("{name:?} is not a role's name: 1 to 64 letters, digits and any of _+=,.@-"))
}

fn name_prefix(prefix: &str) -> std::result::Result<(), String> {
    if prefix.len() > 38 {
        return Err(format!("{prefix:?} is longer than 38 characters, which leaves no room"));
    }
    role_name(prefix)
}

fn role_path(path: &str) -> std::result::Result<(), String> {
    let fits = path.starts_with('/') && path.ends_with('/') && path.len() <= 512;
    if fits && path.chars().all(|c| ('!'..='~').contains(&c)) {
        return Ok(());
    }
    Err(format!("{path:?} is not a path: at most 512 characters, with \"/\" at both ends"))
}

/// Waits until a new role is seen, with its real ARN.
async fn visible(cx: &Operation, iam: &Client, name: &str) -> Result<Found> {
    let what = format!("the role {name} to be visible");
    wait::until(cx.deadline(), Pace::AWS, &what, || async {
        match get(iam, name).await {
            Ok(found) if found.arn.starts_with("arn:") => Ok(Poll::Ready(found)),
            Ok(_) => Ok(Poll::Pending("it has no ARN yet".into())),
            Err(error) if error.is_not_found() => Ok(Poll::Pending("it is not found yet".into())),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn get(iam: &Client, name: &str) -> Result<Found> {
    let answer = iam.get_role().role_name(name).send().await.operation("GetRole")?;
    answer.role.ok_or_else(|| Error::bug("IAM answered no role"))
}

async fn update_tags(
    cx: &Operation,
    iam: &Client,
    name: &str,
    before: &Attr<BTreeMap<String, String>>,
    after: &Attr<BTreeMap<String, String>>,
) -> Result<()> {
    let Changes { set, remove } = tags::changes(cx, before, after)?;
    if !remove.is_empty() {
        let call = iam.untag_role().role_name(name).set_tag_keys(Some(remove));
        changed(cx, || {
            let call = call.clone();
            async move { call.send().await.operation("UntagRole").map(drop) }
        })
        .await?;
    }
    if let Some(tags) = iam_tags::to_api(&Attr::Known(set)) {
        let call = iam.tag_role().role_name(name).set_tags(Some(tags));
        changed(cx, || {
            let call = call.clone();
            async move { call.send().await.operation("TagRole").map(drop) }
        })
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
