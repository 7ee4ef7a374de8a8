//! Who may act with a role that pods get by EKS Pod Identity.

use std::collections::BTreeMap;

use serde_json::Map;

use super::{policy, service_account};
use crate::framework::{Attr, Function, Model, Result};

/// The trust policy of an IAM role for EKS Pod Identity: it lets `pods.eks.amazonaws.com` call
/// `sts:AssumeRole` and `sts:TagSession`.
///
/// With service accounts it does so for their pods only, whatever other associations there are. That
/// is told by the session tags that EKS adds, so these associations must not set
/// `disable_session_tags`.
#[derive(Clone, Debug, Default, Model)]
pub struct PodIdentityTrustPolicy {
    /// Service accounts whose pods may have the role, each as `NAMESPACE:NAME`; `*` and `?` stand
    /// for any characters. Without any, all that an association gives the role to.
    #[attr(check = service_account::check)]
    service_accounts: Attr<Vec<String>>,
}

impl Function for PodIdentityTrustPolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "pod_identity_trust_policy";
    const SUMMARY: &'static str = "Trust policy for a role of EKS Pod Identity";
    const RETURNS: &'static str = "the policy document as JSON, for `assume_role_policy`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let accounts = parameters.service_accounts.into_known().unwrap_or_default();
        let service = || policy::service("pods.eks.amazonaws.com");
        if accounts.is_empty() {
            return Ok(policy::document(&[service()]));
        }
        // One statement per namespace: conditions of one apply to every pair of their values.
        let mut namespaces: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for account in &accounts {
            let (namespace, name) = service_account::split(account);
            namespaces.entry(namespace).or_default().push(name.to_owned());
        }
        let statements = namespaces.into_iter().map(|(namespace, names)| {
            let (mut statement, mut condition) = (service(), Map::new());
            let namespace = [namespace.to_owned()];
            policy::restrict(&mut condition, "aws:RequestTag/kubernetes-namespace", &namespace);
            policy::restrict(&mut condition, "aws:RequestTag/kubernetes-service-account", &names);
            statement["Condition"] = condition.into();
            statement
        });
        Ok(policy::document(&statements.collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn statements(accounts: &[&str]) -> Json {
        let service_accounts = accounts.iter().map(|&account| account.to_owned()).collect();
        let service_accounts = Attr::Known(service_accounts);
        let document = PodIdentityTrustPolicy::call(PodIdentityTrustPolicy { service_accounts });
        serde_json::from_str::<Json>(&document.unwrap()).unwrap()["Statement"].take()
    }

    #[test]
    fn without_service_accounts_every_association_may() {
        assert_eq!(
            statements(&[]),
            json!([{
                "Effect": "Allow",
                "Principal": { "Service": "pods.eks.amazonaws.com" },
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }])
        );
    }

    #[test]
    fn no_service_account_is_let_in_by_another_one_s_namespace() {
        let found = statements(&["shop:api", "pay:*", "shop:worker"]);
        let conditions: Vec<_> =
            found.as_array().unwrap().iter().map(|found| &found["Condition"]).collect();
        let namespace = "aws:RequestTag/kubernetes-namespace";
        let name = "aws:RequestTag/kubernetes-service-account";
        assert_eq!(
            conditions,
            [
                &json!({ "StringEquals": { namespace: "pay" }, "StringLike": { name: "*" } }),
                &json!({ "StringEquals": { namespace: "shop", name: ["api", "worker"] } }),
            ]
        );
    }
}
