//! What the policy documents have in common.

use serde_json::{Map, Value as Json, json};

use crate::clients::arn::Arn;
use crate::framework::{Attr, Error, Result};

/// The audience of tokens for AWS, in every partition.
const AUDIENCE: &str = "sts.amazonaws.com";

/// A document with these statements.
pub(super) fn document(statements: &[Json]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// The actions that whoever acts with a role has to be allowed, for the session's tags go along.
const ASSUME: [&str; 2] = ["sts:AssumeRole", "sts:TagSession"];

/// What all further arguments name, which must not be nothing.
///
/// # Errors
/// At the parameter, when there is none; `lacking` says what is missing.
pub(super) fn some<'a>(
    arguments: &'a Attr<Vec<String>>,
    parameter: &'static str,
    lacking: &str,
) -> Result<&'a [String]> {
    let given = arguments.known().map(Vec::as_slice).unwrap_or_default();
    if given.is_empty() {
        return Err(Error::invalid(lacking.to_owned()).at(parameter));
    }
    Ok(given)
}

/// Allows actions on some resources.
pub(super) fn allow(actions: &[&str], resources: &[String]) -> Json {
    json!({ "Effect": "Allow", "Action": one_or_many(actions), "Resource": one_or_many(resources) })
}

/// Allows to act with some roles.
pub(super) fn assume(roles: &[String]) -> Json {
    allow(&ASSUME, roles)
}

/// Lets some roles act with a role.
pub(super) fn roles(principals: &[String]) -> Json {
    let principals = one_or_many(principals);
    json!({ "Effect": "Allow", "Principal": { "AWS": principals }, "Action": ASSUME })
}

/// Lets a service of AWS act with a role, and pass on what tells sessions apart.
pub(super) fn service(principal: &str) -> Json {
    json!({
        "Effect": "Allow",
        "Principal": { "Service": principal },
        "Action": ASSUME,
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
    condition.entry(operator).or_insert_with(|| json!({}))[key] = one_or_many(values);
}

/// One text stands alone, as in documents that people write.
fn one_or_many(texts: &[impl AsRef<str>]) -> Json {
    match texts {
        [one] => one.as_ref().into(),
        several => several.iter().map(AsRef::as_ref).collect(),
    }
}

/// Rule of the ARN of an OIDC provider.
pub(super) fn oidc_provider_arn(text: &str) -> std::result::Result<(), String> {
    issuer(text).map(drop)
}

/// The issuer of an OIDC provider as conditions name it, which is without `https://`.
pub(super) fn issuer(provider_arn: &str) -> std::result::Result<String, String> {
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
