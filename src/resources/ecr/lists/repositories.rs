//! The repositories of a registry.

use crate::clients::aws::OperationResult;
use crate::framework::checks::region as region_name;
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Model, Object, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// Which ECR repositories to list.
#[derive(Clone, Debug, Default, Model)]
pub struct RepositoryQuery {
    /// Only repositories whose name begins so, as in `shop/`.
    pub name_prefix: Attr<String>,
    /// Region of the registry; the provider's when not set.
    #[attr(check = region_name)]
    pub region: Attr<String>,
}

/// The repositories of the account's registry.
#[derive(Debug)]
pub struct Repositories;

impl List for Repositories {
    type Config = RepositoryQuery;
    type Provider = Provider;

    const NAME: &'static str = "ecr_repository";

    async fn list(cx: &Operation, config: RepositoryQuery, finds: &mut Finds) -> Result<()> {
        let ecr = cx.provider().ecr(&config.region).await?;
        // The API has no filter for it.
        let prefix = config.name_prefix.as_str().unwrap_or_default();
        let mut repositories = ecr.describe_repositories().into_paginator().items().send();
        while let Some(found) = repositories.next().await {
            let name = found.operation("DescribeRepositories")?.repository_name.unwrap_or_default();
            if !name.starts_with(prefix) {
                continue;
            }
            let find = Find {
                display_name: name.clone(),
                identity: Object::from([("name".to_owned(), name.into())]),
                state: None,
            };
            if finds.push(find).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}
