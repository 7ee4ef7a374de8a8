//! What the policy documents have in common.

use serde_json::{Map, Value as Json, json};

use crate::clients::arn::Arn;

/// The audience of tokens for AWS, in every partition.
const AUDIENCE: &str = "sts.amazonaws.com";

/// A document with these statements.
pub(super) fn document(statements: &[Json]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// Lets a service of AWS act with a role, and pass on what tells sessions apart.
pub(super) fn service(principal: &str) -> Json {
    json!({
        "Effect": "Allow",
        "Principal": { "Service": principal },
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    })
}

/// Lets those act with a role whose tokens are of an issuer, and about one of `subjects`.
pub(super) fn web_identity(provider: &str, issuer: &str, subjects: &[String]) -> Json {
    let audience = Map::from_iter([(format!("{issuer}:aud"), AUDIENCE.into())]);
    let mut condition = Map::from_iter([("StringEquals".to_owned(), Json::Object(audience))]);
    restrict(&mut condition, &format!("{issuer}:sub"), subjects);
    json!({
        "Effect": "Allow",
        "Principal": { "Federated": provider },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    })
}

/// Adds to a condition that `key` has one of `values`, which may have wildcards.
pub(super) fn restrict(condition: &mut Map<String, Json>, key: &str, values: &[String]) {
    let pattern = values.iter().any(|value| value.contains(['*', '?']));
    let operator = if pattern { "StringLike" } else { "StringEquals" };
    let value = match values {
        [one] => one.as_str().into(),
        several => several.into(),
    };
    condition.entry(operator).or_insert_with(|| json!({}))[key] = value;
}

/// Rule of the ARN of an OIDC provider.
pub(super) fn oidc_provider_arn(text: &str) -> Result<(), String> {
    issuer(text).map(drop)
}

/// The issuer of an OIDC provider as conditions name it, which is without `https://`.
pub(super) fn issuer(provider_arn: &str) -> Result<String, String> {
    let arn: Arn = provider_arn.parse()?;
    let issuer = arn.resource.strip_prefix("oidc-provider/").filter(|issuer| !issuer.is_empty());
    let issuer = issuer.filter(|_| arn.service == "iam").map(str::to_owned);
    issuer.ok_or_else(|| {
        format!(
            "{provider_arn:?} is not the ARN of an OIDC provider of IAM, \
             arn:aws:iam::123456789012:oidc-provider/HOST"
        )
    })
}
