//! Who calls, and in which account calls may be made.

use std::collections::BTreeSet;

use super::error::OperationResult;
use super::{Clients, Settings};
use crate::clients::arn::Arn;
use crate::framework::{Context, Error, Result};

/// Who the provider's credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Account id, 12 digits.
    pub account_id: String,
    /// ARN of the user or of the role's session.
    pub arn: String,
    /// Partition, as ARNs carry it: `aws`, `aws-cn`, `aws-us-gov`, ….
    pub partition: String,
}

impl Caller {
    /// The ARN of the user, or of the role whose session it is. STS does not
    /// tell the path of a role.
    pub fn principal_arn(&self) -> String {
        let role = || {
            let arn: Arn = self.arn.parse().ok()?;
            let (kind, rest) = arn.resource.split_once('/')?;
            let (name, _) = rest.split_once('/')?;
            let is_session = arn.service == "sts" && kind == "assumed-role";
            let Arn { partition, account, .. } = &arn;
            is_session.then(|| format!("arn:{partition}:iam::{account}:role/{name}"))
        };
        role().unwrap_or_else(|| self.arn.clone())
    }
}

impl Clients {
    /// Who the provider's credentials belong to. Asked once.
    ///
    /// # Errors
    /// When there are no credentials, or they are not accepted.
    pub async fn caller(&self) -> Result<&Caller> {
        self.caller_from(None).await
    }

    /// The same, where there may be no region but that of a resource.
    pub(super) async fn caller_from(&self, region: Option<&str>) -> Result<&Caller> {
        self.0.caller.get_or_try_init(|| self.ask_caller(region)).await
    }

    async fn ask_caller(&self, region: Option<&str>) -> Result<Caller> {
        let session = self.unguarded(region, None).await?;
        let sts = session.sts(self.base().await?);
        let answer = sts.get_caller_identity().send().await.operation("GetCallerIdentity")?;
        let (Some(account_id), Some(arn)) = (answer.account, answer.arn) else {
            return Err(Error::failed("GetCallerIdentity answered without account and ARN"));
        };
        let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
        Ok(Caller { account_id, arn, partition })
    }

    /// Refuses to go on in an account that may not be touched.
    ///
    /// With a role of its own a call runs in that role's account, which the ARN
    /// tells; else in the caller's, which is asked for, only if it matters.
    pub(super) async fn guard(&self, role_arn: Option<&str>) -> Result<()> {
        let settings = self.settings();
        if settings.allowed_account_ids.is_empty() && settings.forbidden_account_ids.is_empty() {
            return Ok(());
        }
        if let Some(role) = role_arn {
            let account = role.split(':').nth(4).unwrap_or_default();
            return settings.admit(account, role);
        }
        let caller = self.caller().await.context(|| "finding out the AWS account")?;
        settings.admit(&caller.account_id, &caller.arn)
    }
}

impl Settings {
    fn admit(&self, account: &str, principal: &str) -> Result<()> {
        let (allowed, forbidden) = (&self.allowed_account_ids, &self.forbidden_account_ids);
        let (name, not, ids) = if !allowed.is_empty() && !allowed.contains(account) {
            ("allowed_account_ids", " not", allowed)
        } else if forbidden.contains(account) {
            ("forbidden_account_ids", "", forbidden)
        } else {
            return Ok(());
        };
        Err(Error::forbidden(format!(
            "AWS account {account} is{not} one of {name} ({}); the calls would be made as \
             {principal}",
            listed(ids)
        ))
        .at(name)
        .advise(
            "Nothing was changed. Use credentials of the intended account (profile, assume_role, \
             the environment), or correct the list in the provider block.",
        ))
    }
}

fn listed(ids: &BTreeSet<String>) -> String {
    ids.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_that_of_its_role() {
        for (arn, principal) in [
            ("arn:aws:iam::123456789012:user/team/me", "arn:aws:iam::123456789012:user/team/me"),
            (
                "arn:aws-cn:sts::123456789012:assumed-role/ci/run-7",
                "arn:aws-cn:iam::123456789012:role/ci",
            ),
            (
                "arn:aws:sts::123456789012:federated-user/me",
                "arn:aws:sts::123456789012:federated-user/me",
            ),
        ] {
            let caller = Caller {
                account_id: "123456789012".to_owned(),
                arn: arn.to_owned(),
                partition: "aws".to_owned(),
            };
            assert_eq!(caller.principal_arn(), principal);
        }
    }
}
