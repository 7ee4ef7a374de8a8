//! The roles of an account.

use crate::clients::aws::OperationResult;
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Model, Object, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// Which IAM roles to list.
#[derive(Clone, Debug, Default, Model)]
pub struct RoleQuery {
    /// Only roles whose path begins so, as in `/teams/`.
    #[attr(check = path_prefix)]
    pub path_prefix: Attr<String>,
}

/// The roles of an account, without those that services of AWS made for themselves.
#[derive(Debug)]
pub struct Roles;

impl List for Roles {
    type Config = RoleQuery;
    type Provider = Provider;

    const NAME: &'static str = "iam_role";

    async fn list(cx: &Operation, config: RoleQuery, finds: &mut Finds) -> Result<()> {
        let iam = cx.provider().iam().await?;
        let pages = iam.list_roles().set_path_prefix(config.path_prefix.into_known());
        let mut roles = pages.into_paginator().items().send();
        while let Some(role) = roles.next().await {
            let role = role.operation("ListRoles")?;
            if role.path.starts_with(OF_SERVICES) {
                continue;
            }
            let find = Find {
                display_name: role.role_name.clone(),
                identity: Object::from([("name".to_owned(), role.role_name.into())]),
                state: None,
            };
            if finds.push(find).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Where the roles are that only a service can change.
const OF_SERVICES: &str = "/aws-service-role/";

/// Rule of the beginning of a path.
fn path_prefix(text: &str) -> std::result::Result<(), String> {
    if text.starts_with('/') && text.len() <= 512 && text.bytes().all(|c| c.is_ascii_graphic()) {
        return Ok(());
    }
    Err(format!("{text:?} is not the beginning of a path, which is a \"/\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_with_a_slash() {
        for good in ["/", "/teams", "/teams/shop/"] {
            assert_eq!(path_prefix(good), Ok(()), "{good}");
        }
        for bad in ["", "teams/", "/with blank", &"/".repeat(513)] {
            assert!(path_prefix(bad).is_err(), "{bad}");
        }
    }
}
