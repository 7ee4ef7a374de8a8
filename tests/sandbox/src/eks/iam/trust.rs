//! Whom a trust policy lets in.

use serde_json::Value;

use crate::eks::glob;

/// What EKS needs on a role that it assumes, for capabilities and pod identities alike.
const NEEDED: [&str; 2] = ["sts:AssumeRole", "sts:TagSession"];

/// Whether the policy grants the service both actions, in one statement or in several.
///
/// A statement counts whatever its `Condition`: which keys EKS sends is not documented for
/// capabilities, so the emulator cannot say which conditions hold. A `Deny` that names the service
/// and an action takes it away. `NotPrincipal` and `NotAction` grant nothing here.
pub(super) fn allows(policy: &Value, service: &str) -> bool {
    let statements = one_or_many(policy.get("Statement"));
    let said = |effect: &str, action: &str| {
        statements.iter().any(|statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && names_service(statement, service)
                && names_action(statement, action)
        })
    };
    NEEDED.iter().all(|action| said("Allow", action) && !said("Deny", action))
}

fn names_service(statement: &Value, service: &str) -> bool {
    let principal = statement.get("Principal");
    if principal.and_then(Value::as_str) == Some("*") {
        return true;
    }
    let services = principal.and_then(|principal| principal.get("Service"));
    let mut services = one_or_many(services).into_iter();
    services.any(|named| named.as_str() == Some(service))
}

/// Actions are compared without case and may hold wildcards, as everywhere in IAM.
fn names_action(statement: &Value, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let mut patterns = one_or_many(statement.get("Action")).into_iter();
    patterns.any(|pattern| {
        let pattern = pattern.as_str().unwrap_or_default();
        glob::matches(&pattern.to_ascii_lowercase(), &action)
    })
}

/// IAM writes a list of one as the element alone.
fn one_or_many(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(other) => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SERVICE: &str = "capabilities.eks.amazonaws.com";

    fn statement(effect: &str, action: &Value) -> Value {
        json!({ "Effect": effect, "Principal": { "Service": SERVICE }, "Action": action })
    }

    fn policy(statements: &[Value]) -> Value {
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    #[test]
    fn both_actions_are_needed() {
        let both = statement("Allow", &json!(["sts:AssumeRole", "sts:TagSession"]));
        assert!(allows(&policy(&[both]), SERVICE));
        let assume = statement("Allow", &json!("sts:AssumeRole"));
        assert!(!allows(&policy(std::slice::from_ref(&assume)), SERVICE));
        let tag = statement("Allow", &json!("sts:TagSession"));
        assert!(allows(&policy(&[assume, tag]), SERVICE));
    }

    #[test]
    fn wildcards_and_case_count_as_in_iam() {
        for action in [json!("sts:*"), json!("*"), json!(["STS:assumerole", "sts:Tag*"])] {
            assert!(allows(&policy(&[statement("Allow", &action)]), SERVICE), "{action}");
        }
        let other = statement("Allow", &json!("s3:*"));
        assert!(!allows(&policy(&[other]), SERVICE));
    }

    #[test]
    fn the_principal_must_be_this_service() {
        let both = statement("Allow", &json!("sts:*"));
        assert!(!allows(&policy(&[both]), "pods.eks.amazonaws.com"));
        let list = json!({
            "Statement": {
                "Effect": "Allow",
                "Principal": { "Service": ["ec2.amazonaws.com", SERVICE] },
                "Action": "sts:*",
            },
        });
        assert!(allows(&list, SERVICE));
        let account = json!({
            "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:*" }],
        });
        assert!(!allows(&account, SERVICE));
    }

    #[test]
    fn a_deny_takes_back() {
        let allow = statement("Allow", &json!("sts:*"));
        let deny = statement("Deny", &json!("sts:TagSession"));
        assert!(!allows(&policy(&[allow, deny]), SERVICE));
    }

    #[test]
    fn what_is_no_policy_trusts_nobody() {
        for policy in [json!(null), json!({}), json!("text"), json!({ "Statement": 1 })] {
            assert!(!allows(&policy, SERVICE), "{policy}");
        }
    }
}
