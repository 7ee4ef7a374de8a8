//! What the capabilities of every type have in common: their life at the API.

use std::time::Duration;

use aws_sdk_eks::Client;
use aws_sdk_eks::operation::update_capability::builders::UpdateCapabilityFluentBuilder;
use aws_sdk_eks::types::{AccessEntry, Capability, CapabilityStatus, UpdateStatus};

use crate::clients::aws::OperationResult;
use crate::framework::wait::{self, Pace, Poll};
use crate::framework::{Change, DefaultTimeouts, Error, ImportFormat, Path, Result, Value};
use crate::resources::Operation;

/// Capabilities take minutes to come, and Argo CD's can take long to go.
pub(super) const TIMEOUTS: DefaultTimeouts = DefaultTimeouts {
    create: Duration::from_mins(30),
    read: Duration::from_mins(5),
    update: Duration::from_mins(30),
    delete: Duration::from_mins(45),
};

/// How the text of an import is written.
pub(super) const IMPORT: ImportFormat = ImportFormat("{cluster_name},{capability_name}");

/// Rule of a capability's name; the API has no pattern for it, its guide has.
pub(super) fn name(name: &str) -> std::result::Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!("{name:?} is not a capability's name: letters, digits, \"-\" and \"_\" only"))
}

/// Rule of the first part of a host name, from the API's model.
pub(super) fn endpoint_prefix(prefix: &str) -> std::result::Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=50).contains(&prefix.len())
        && prefix.chars().all(fits)
        && !prefix.starts_with('-')
        && !prefix.ends_with('-')
    {
        return Ok(());
    }
    Err(format!(
        "{prefix:?} is not the beginning of a host name: 1 to 50 lower case letters, digits and \
         \"-\", the last not at an end"
    ))
}

/// Which capability.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) cluster: String,
    pub(super) capability: String,
}

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

/// Remembered of a capability that was found in the making, or that was not made.
const UNFINISHED: &str = "unfinished";

/// Notes at a refresh whether a capability is complete: a run that was killed
/// may have left one in the making, which the state takes for an older one of
/// the same name.
pub(super) fn note_unfinished(cx: &Operation, found: &Capability) {
    match &found.status {
        Some(status @ (CapabilityStatus::Creating | CapabilityStatus::CreateFailed)) => {
            cx.remember(UNFINISHED, status.as_str());
        }
        _ => cx.forget(UNFINISHED),
    }
}

/// Plans what becomes of a capability that is not complete: one in the making is
/// waited for, by an update that makes `known_later` known; one that was not
/// made never will be, and is replaced.
pub(super) fn plan_unfinished(cx: &Operation, change: &mut Change, known_later: &[&str]) {
    match cx.recall::<String>(UNFINISHED).as_deref() {
        Some("CREATING") => {
            for attribute in known_later {
                change.planned.set(attribute, Value::Unknown);
            }
        }
        Some("CREATE_FAILED") => {
            change.planned.set("arn", Value::Unknown);
            change.replace.push(Path::attribute("arn"));
        }
        _ => {}
    }
}

/// Waits, before an update, for a capability that was found in the making.
pub(super) async fn finish(cx: &Operation, eks: &Client, name: &Name) -> Result<()> {
    if cx.recall::<String>(UNFINISHED).is_some() {
        wait_ready(cx, eks, name).await?;
        cx.forget(UNFINISHED);
    }
    Ok(())
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
    note_entry_of(cx, eks, name, &found).await;
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

/// Sends an update and waits for its end.
pub(super) async fn update(
    cx: &Operation,
    eks: &Client,
    name: &Name,
    call: impl Fn() -> UpdateCapabilityFluentBuilder,
) -> Result<()> {
    // Another update, by EKS itself or somebody else, is waited out.
    let answer = wait::retry(cx.deadline(), Pace::AWS, Error::is_conflict, || {
        let call = call().cluster_name(&name.cluster).capability_name(&name.capability);
        async move { call.send().await.operation("UpdateCapability") }
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

/// Remembered of a capability for whose role EKS made an access entry.
const MADE_ENTRY: &str = "made_access_entry";
/// How soon after its capability an entry is made that EKS made for it.
const WITH_IT: i64 = 60;

/// Looks, before a capability is made, whether its role has an access entry
/// already; one that is not there is EKS's to make, and ours to clear away.
///
/// Whoever may not look leaves the entry where it is in the end.
pub(super) async fn note_entry(cx: &Operation, eks: &Client, name: &Name, role_arn: &str) {
    let made = match entry(eks, name, role_arn).await {
        Err(error) => error.is_not_found(),
        // What a destroy left that was killed before it came to the entry.
        Ok(_) => given(eks, name, role_arn).await.is_ok_and(|given| given == Given::ByEks),
    };
    if made {
        cx.remember(MADE_ENTRY, true);
    }
}

/// The same for a capability that was there before it was managed.
pub(super) async fn note_entry_of(cx: &Operation, eks: &Client, name: &Name, found: &Capability) {
    let Some(role_arn) = found.role_arn() else { return };
    let Ok(entry) = entry(eks, name, role_arn).await else { return };
    let seconds =
        |time: Option<&aws_smithy_types::DateTime>| time.map(aws_smithy_types::DateTime::secs);
    let made = seconds(entry.created_at()).zip(seconds(found.created_at()));
    if made.is_some_and(|(entry, capability)| (0..=WITH_IT).contains(&(entry - capability))) {
        cx.remember(MADE_ENTRY, true);
    }
}

/// Clears away the access entry that EKS made with a capability and left
/// behind: without the capability it would let a role of that name in.
pub(super) async fn remove_entry(
    cx: &Operation,
    eks: &Client,
    name: &Name,
    role_arn: &str,
) -> Result<()> {
    if !cx.recall::<bool>(MADE_ENTRY).unwrap_or_default() {
        return Ok(());
    }
    if given(eks, name, role_arn).await? == Given::ByOthers {
        // An access entry resource manages it too, and stays when the capability is replaced.
        return Ok(());
    }
    let deleted = eks
        .delete_access_entry()
        .cluster_name(&name.cluster)
        .principal_arn(role_arn)
        .send()
        .await
        .operation("DeleteAccessEntry");
    match deleted {
        Err(error) if error.is_forbidden() => {
            cx.warn(
                Path::root(),
                "The access entry of the capability's role stays",
                format!("EKS made it with the capability, and it cannot be removed: {error}"),
            );
            Ok(())
        }
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// Who has given the entry of a role its policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    /// It has none.
    Nothing,
    /// EKS, with a capability.
    ByEks,
    /// Somebody else, at least one of them.
    ByOthers,
}

async fn given(eks: &Client, name: &Name, role_arn: &str) -> Result<Given> {
    let found = eks
        .list_associated_access_policies()
        .cluster_name(&name.cluster)
        .principal_arn(role_arn)
        .send()
        .await
        .operation("ListAssociatedAccessPolicies");
    let of_eks = |arn: &str| {
        let policy = arn.rsplit('/').next().unwrap_or_default();
        GIVEN.iter().any(|start| policy.starts_with(start))
    };
    match found {
        Ok(found) => {
            let policies = found.associated_access_policies();
            let all_of_eks = policies.iter().all(|policy| policy.policy_arn().is_some_and(of_eks));
            Ok(match policies {
                [] => Given::Nothing,
                _ if all_of_eks => Given::ByEks,
                _ => Given::ByOthers,
            })
        }
        // Gone already, or not to be seen: the deletion tells.
        Err(error) if error.is_not_found() || error.is_forbidden() => Ok(Given::Nothing),
        Err(error) => Err(error),
    }
}

/// How the names of the policies begin that EKS gives to the roles of capabilities.
const GIVEN: [&str; 3] = ["AmazonEKSArgoCD", "AmazonEKSACK", "AmazonEKSKRO"];

async fn entry(eks: &Client, name: &Name, role_arn: &str) -> Result<AccessEntry> {
    eks.describe_access_entry()
        .cluster_name(&name.cluster)
        .principal_arn(role_arn)
        .send()
        .await
        .operation("DescribeAccessEntry")?
        .access_entry
        .ok_or_else(|| Error::bug("EKS described no access entry"))
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
