//! The OIDC providers of an account.

use crate::clients::aws::OperationResult;
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Model, Object, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// The OIDC providers of the account.
#[derive(Clone, Debug, Default, Model)]
pub struct ProviderQuery {}

/// The OIDC providers of an account.
#[derive(Debug)]
pub struct OpenidConnectProviders;

impl List for OpenidConnectProviders {
    type Config = ProviderQuery;
    type Provider = Provider;

    const NAME: &'static str = "iam_openid_connect_provider";

    async fn list(cx: &Operation, _: ProviderQuery, finds: &mut Finds) -> Result<()> {
        let iam = cx.provider().iam().await?;
        // IAM answers all of them at once.
        let answer = iam.list_open_id_connect_providers().send().await;
        let answer = answer.operation("ListOpenIDConnectProviders")?;
        let found = answer.open_id_connect_provider_list.unwrap_or_default();
        for arn in found.into_iter().filter_map(|provider| provider.arn) {
            let issuer = arn.split_once("oidc-provider/").map_or(arn.as_str(), |(_, after)| after);
            let find = Find {
                display_name: issuer.to_owned(),
                identity: Object::from([("arn".to_owned(), arn.into())]),
                state: None,
            };
            if finds.push(find).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}
