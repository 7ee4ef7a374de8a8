//! Trust policies: whether a role lets a service of EKS act with it.
//!
//! A role that was made a moment ago is refused by EKS with the same words as
//! one whose trust policy is wrong. Waiting out the full time for the second
//! would waste minutes, so the policy is looked at once.

use serde_json::Value as Json;

use super::policy_document;
use crate::clients::arn::Arn;
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::{Error, Result};
use crate::resources::Operation;

/// A service that acts with a role.
#[derive(Debug)]
pub(crate) struct Service {
    principal: &'static str,
    actions: [&'static str; 2],
}

/// EKS capabilities.
pub(crate) const CAPABILITIES: Service = Service {
    principal: "capabilities.eks.amazonaws.com",
    actions: ["sts:AssumeRole", "sts:TagSession"],
};

/// EKS Pod Identity.
pub(crate) const PODS: Service =
    Service { principal: "pods.eks.amazonaws.com", actions: ["sts:AssumeRole", "sts:TagSession"] };

/// The doubt, while a call is retried, that its role will ever be accepted.
#[derive(Debug)]
pub(crate) struct Doubt<'a> {
    role_arn: &'a str,
    service: &'static Service,
    tries: usize,
}

impl<'a> Doubt<'a> {
    pub(crate) fn new(role_arn: &'a str, service: &'static Service) -> Self {
        Self { role_arn, service, tries: 0 }
    }

    /// The judge of the next try.
    pub(crate) fn next(&mut self) -> Judge<'a> {
        self.tries += 1;
        Judge { role_arn: self.role_arn, service: self.service, first: self.tries == 1 }
    }
}

/// Makes a call that gives a role to a service, and makes it again while its error `passes`: until
/// the service sees the role and its trust policy, or that policy turns out to be wrong.
pub(crate) async fn given<T, F>(
    cx: &Operation,
    role_arn: &str,
    service: &'static Service,
    passes: fn(&Error) -> bool,
    mut call: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut doubt = Doubt::new(role_arn, service);
    let judged = || {
        // Boxed: the SDK's futures are large, and this one goes through several more.
        let (judge, answer) = (doubt.next(), Box::pin(call()));
        async move { judge.judge(cx, answer.await).await }
    };
    propagation::retry(cx.deadline(), passes, judged).await
}

/// Tells a trust policy that is wrong from one that is not seen yet.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    role_arn: &'a str,
    service: &'static Service,
    first: bool,
}

impl Judge<'_> {
    /// Passes an answer on; a refusal of the role that is deserved becomes an
    /// error that says so, and is not retried.
    pub(crate) async fn judge<T>(self, cx: &Operation, answer: Result<T>) -> Result<T> {
        match answer {
            Err(error) if self.first && propagation::trust_not_propagated(&error) => {
                // Whoever may not read roles has to wait and see.
                let Ok(document) = document(cx, self.role_arn).await else { return Err(error) };
                let missing = self.service.missing(&document);
                if missing.is_empty() {
                    return Err(error);
                }
                let Service { principal, .. } = self.service;
                Err(Error::invalid(format!(
                    "the trust policy of {} does not let {principal} call {}",
                    self.role_arn,
                    missing.join(" and ")
                ))
                .at("role_arn")
                .advise(format!(
                    "Let the trust policy of the role allow {} for the service {principal}.",
                    self.service.actions.join(" and ")
                )))
            }
            answer => answer,
        }
    }
}

async fn document(cx: &Operation, role_arn: &str) -> Result<String> {
    let arn: Arn = role_arn.parse().map_err(Error::invalid)?;
    let name = arn.role_name().ok_or_else(|| Error::invalid("no role's ARN"))?;
    let iam = cx.provider().iam().await?;
    let answer = iam.get_role().role_name(name).send().await.operation("GetRole")?;
    let document = answer.role.and_then(|role| role.assume_role_policy_document);
    let document = document.ok_or_else(|| Error::bug("IAM answered no trust policy"))?;
    policy_document::decode(&document).map_err(Error::failed)
}

impl Service {
    /// The actions that a trust policy does not allow this service.
    fn missing(&self, document: &str) -> Vec<&'static str> {
        let document: Json = serde_json::from_str(document).unwrap_or_default();
        let statements = one_or_many(&document["Statement"]);
        let allows = |action: &str| {
            statements.iter().any(|statement| {
                statement["Effect"] == "Allow"
                    && names(&statement["Principal"]["Service"], |name| name == self.principal)
                    && names(&statement["Action"], |name| matches(name, action))
            })
        };
        self.actions.into_iter().filter(|action| !allows(action)).collect()
    }
}

fn one_or_many(json: &Json) -> Vec<&Json> {
    match json {
        Json::Array(many) => many.iter().collect(),
        Json::Null => vec![],
        one => vec![one],
    }
}

fn names(json: &Json, is: impl Fn(&str) -> bool) -> bool {
    one_or_many(json).iter().any(|name| name.as_str().is_some_and(&is))
}

/// Whether an action of a policy, perhaps with a wildcard at its end, covers `action`.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    match pattern.split_once('*') {
        Some((start, "")) => action.starts_with(start),
        _ => pattern == action,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(statement: &str) -> Vec<&'static str> {
        CAPABILITIES.missing(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#))
    }

    #[test]
    fn both_actions_are_needed() {
        let trusted = r#"[{"Effect":"Allow","Principal":{"Service":"capabilities.eks.amazonaws.com"},
            "Action":["sts:AssumeRole","sts:TagSession"]}]"#;
        assert!(missing(trusted).is_empty());
        assert_eq!(missing(&trusted.replace(r#","sts:TagSession""#, "")), ["sts:TagSession"]);
        assert!(
            missing(&trusted.replace(r#"["sts:AssumeRole","sts:TagSession"]"#, r#""sts:*""#))
                .is_empty()
        );
        assert_eq!(missing(&trusted.replace("capabilities.", "pods.")).len(), 2);
        assert_eq!(missing(&trusted.replace("Allow", "Deny")).len(), 2);
        assert_eq!(missing("[]").len(), 2);
    }

    #[test]
    fn two_statements_count_together() {
        let one = |action| {
            format!(
                r#"{{"Effect":"Allow","Principal":{{"Service":["x","capabilities.eks.amazonaws.com"]}},"Action":"{action}"}}"#
            )
        };
        let both = format!("[{},{}]", one("sts:assumerole"), one("sts:TagSession"));
        assert!(missing(&both).is_empty());
    }
}
