//! The calls that make, change and end a capability, each with its wait.

use std::time::Duration;

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{
    Capability, CapabilityStatus, UpdateCapabilityConfiguration, UpdateStatus,
};

use super::{Name, entry};
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::wait::{self, Pace, Poll};
use crate::framework::{Error, Path, Result};
use crate::resources::Operation;
use crate::resources::iam::trust::{CAPABILITIES, Doubt};

pub(super) async fn describe(eks: &Client, name: &Name) -> Result<Capability> {
    eks.describe_capability()
        .cluster_name(&name.cluster)
        .capability_name(&name.capability)
        .send()
        .await
        .operation("DescribeCapability")?
        .capability
        .ok_or_else(|| Error::bug("EKS described no capability"))
}

/// Waits until a capability is active.
///
/// One that is degraded exists and may heal by itself, so it is given a while
/// and then kept, with a warning; one whose creation failed never will.
pub(super) async fn wait_ready(cx: &Operation, eks: &Client, name: &Name) -> Result<Capability> {
    let what = format!("the capability {:?} to be active", name.capability);
    let degraded_since = std::sync::Mutex::new(None::<tokio::time::Instant>);
    let ready = wait::until(cx.deadline(), Pace::AWS, &what, || async {
        let found = match describe(eks, name).await {
            // Lists and descriptions may lag behind the call that made it.
            Err(error) if error.is_not_found() => {
                return Ok(Poll::Pending("it is not there yet".into()));
            }
            found => found?,
        };
        Ok(match &found.status {
            Some(CapabilityStatus::Active) => Poll::Ready(found),
            Some(CapabilityStatus::CreateFailed | CapabilityStatus::DeleteFailed) => {
                return Err(failed(&found));
            }
            Some(CapabilityStatus::Degraded) => {
                let mut since =
                    degraded_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if since.get_or_insert_with(tokio::time::Instant::now).elapsed() < HEALING {
                    Poll::Pending(state(&found))
                } else {
                    Poll::Ready(found)
                }
            }
            _ => Poll::Pending(state(&found)),
        })
    })
    .await?;
    if ready.status == Some(CapabilityStatus::Degraded) {
        cx.warn(
            Path::root(),
            "The capability is degraded",
            format!(
                "The capability {:?} exists and reports: {}. It recovers by itself once that is \
                 mended.",
                name.capability,
                issues(&ready)
            ),
        );
    }
    Ok(ready)
}

/// How long a degraded capability is given to heal.
const HEALING: Duration = Duration::from_secs(20);

/// Takes over a capability of this name that is what was planned, as after an
/// apply that was killed between the call and its answer.
pub(super) async fn adopt(
    cx: &Operation,
    eks: &Client,
    name: &Name,
    refused: Error,
    fits: impl Fn(&Capability) -> bool,
) -> Result<Capability> {
    let found = match describe(eks, name).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => {
            return Err(refused.advise(
                "A cluster has at most one capability of each type. List them with: aws eks \
                 list-capabilities --cluster-name NAME",
            ));
        }
        Err(error) => return Err(error),
    };
    if found.status == Some(CapabilityStatus::Deleting) {
        return Err(refused
            .advise("A capability of this name is being deleted. Apply again when it is gone."));
    }
    if !fits(&found) {
        return Err(refused.advise(format!(
            "A capability of this name exists with settings that cannot be changed in place. To \
             manage it here, import it: tofu import ADDRESS {},{}",
            name.cluster, name.capability
        )));
    }
    entry::note_of(cx, eks, name, &found).await;
    cx.warn(
        Path::root(),
        "Adopted an existing capability",
        format!(
            "The capability {:?} was there already. It is managed here from now on.",
            name.capability
        ),
    );
    Ok(found)
}

/// What an update sends.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) role_arn: Option<String>,
    pub(super) configuration: Option<UpdateCapabilityConfiguration>,
}

/// Sends an update and waits for its end.
pub(super) async fn update(
    cx: &Operation,
    eks: &Client,
    name: &Name,
    difference: &Difference,
) -> Result<()> {
    let call = eks
        .update_capability()
        .cluster_name(&name.cluster)
        .capability_name(&name.capability)
        .set_role_arn(difference.role_arn.clone())
        .set_configuration(difference.configuration.clone());
    // A new role is waited for until it must be visible; another update, by EKS itself or somebody
    // else, as long as it takes.
    let visible = cx.at_most(propagation::LIMIT);
    let passes = |error: &Error| {
        error.is_conflict()
            || (propagation::trust_not_propagated(error) && !visible.remaining().is_zero())
    };
    let role_arn = difference.role_arn.as_deref();
    let mut doubt = role_arn.map(|role_arn| Doubt::new(role_arn, &CAPABILITIES));
    let answer = wait::retry(cx.deadline(), Pace::AWS, passes, || {
        let (call, judge) = (call.clone(), doubt.as_mut().map(Doubt::next));
        async move {
            let answer = call.send().await.operation("UpdateCapability");
            match judge {
                Some(judge) => judge.judge(cx, answer).await,
                None => answer,
            }
        }
    })
    .await?;
    let Some(id) = answer.update.and_then(|update| update.id) else { return Ok(()) };
    let what = format!("the update {id} of the capability {:?}", name.capability);
    wait::until(cx.deadline(), Pace::AWS, &what, || async {
        let answer = eks
            .describe_update()
            .name(&name.cluster)
            .capability_name(&name.capability)
            .update_id(&id)
            .send()
            .await
            .operation("DescribeUpdate")?;
        let update = answer.update.ok_or_else(|| Error::bug("EKS described no update"))?;
        match &update.status {
            Some(UpdateStatus::Successful) => Ok(Poll::Ready(())),
            Some(end @ (UpdateStatus::Failed | UpdateStatus::Cancelled)) => {
                let errors = update.errors.unwrap_or_default();
                let errors: Vec<_> = errors
                    .iter()
                    .map(|error| {
                        let code =
                            error.error_code.as_ref().map_or("Unknown", |code| code.as_str());
                        format!(
                            "{code}: {}",
                            error.error_message.as_deref().unwrap_or("no message")
                        )
                    })
                    .collect();
                Err(Error::failed(format!(
                    "the update of the capability {:?} ended as {}: {}",
                    name.capability,
                    end.as_str(),
                    if errors.is_empty() { "no reason is given".into() } else { errors.join("; ") }
                )))
            }
            status => {
                let status = status.as_ref().map_or("unknown", |status| status.as_str());
                Ok(Poll::Pending(format!("the update is {status}")))
            }
        }
    })
    .await
}

/// Deletes a capability and waits until it is gone.
pub(super) async fn delete(cx: &Operation, eks: &Client, name: &Name) -> Result<()> {
    // One that is still being made or changed cannot be deleted yet.
    wait::retry(cx.deadline(), Pace::AWS, Error::is_conflict, || async {
        eks.delete_capability()
            .cluster_name(&name.cluster)
            .capability_name(&name.capability)
            .send()
            .await
            .operation("DeleteCapability")
    })
    .await?;
    let what = format!("the capability {:?} to be gone", name.capability);
    wait::until(cx.deadline(), Pace::AWS, &what, || async {
        match describe(eks, name).await {
            Err(error) if error.is_not_found() => Ok(Poll::Ready(())),
            Err(error) => Err(error),
            Ok(found) if found.status == Some(CapabilityStatus::DeleteFailed) => {
                Err(failed(&found))
            }
            Ok(found) => Ok(Poll::Pending(state(&found))),
        }
    })
    .await
}

fn failed(found: &Capability) -> Error {
    let status = found.status.as_ref().map_or("unknown", |status| status.as_str());
    let name = found.capability_name().unwrap_or_default();
    Error::failed(format!("the capability {name:?} is {status}: {}", issues(found))).advise(
        "Mend what the health issues name. A capability whose creation failed is replaced by the \
         next apply.",
    )
}

fn state(found: &Capability) -> String {
    let status = found.status.as_ref().map_or("unknown", |status| status.as_str());
    match found.health.as_ref().and_then(|health| health.issues.as_ref()) {
        Some(list) if !list.is_empty() => format!("status {status}; {}", issues(found)),
        _ => format!("status {status}"),
    }
}

fn issues(found: &Capability) -> String {
    let issues = found.health.as_ref().and_then(|health| health.issues.as_ref());
    let issues: Vec<_> = issues
        .into_iter()
        .flatten()
        .map(|issue| {
            let code = issue.code.as_ref().map_or("Unknown", |code| code.as_str());
            format!("{code}: {}", issue.message.as_deref().unwrap_or("no message"))
        })
        .collect();
    if issues.is_empty() { "no health issue is reported".into() } else { issues.join("; ") }
}
