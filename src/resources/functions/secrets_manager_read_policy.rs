//! What reading secrets of Secrets Manager needs.

use serde_json::Map;

use super::{arns, policy};
use crate::framework::checks::kms_key_arn;
use crate::framework::{Attr, Error, Function, Model, Result};

/// The policy of an IAM role that reads secrets of AWS Secrets Manager: what the role of an Argo CD
/// capability needs for the credentials of repositories, and an External Secrets operator for its
/// secrets.
///
/// A secret that is encrypted with a key of the account's own needs that key as well. It is then used
/// through Secrets Manager only.
#[derive(Clone, Debug, Default, Model)]
pub struct SecretsManagerReadPolicy {
    /// ARNs of the secrets, in whose names `*` and `?` stand for any characters, as in
    /// `arn:aws:secretsmanager:eu-west-1:123456789012:secret:argocd/*`, and of the KMS keys that encrypt
    /// them. At least one secret.
    #[attr(check = secret_or_key_arn)]
    arns: Attr<Vec<String>>,
}

impl Function for SecretsManagerReadPolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "secrets_manager_read_policy";
    const SUMMARY: &'static str = "Policy for reading secrets of AWS Secrets Manager";
    const RETURNS: &'static str = "the policy document as JSON, for one of `inline_policies`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let arns = policy::some(
            &parameters.arns,
            "arns",
            "no secret is given; name at least one by its ARN",
        )?;
        let (keys, secrets): (Vec<_>, Vec<_>) =
            arns.iter().cloned().partition(|arn| kms_key_arn(arn).is_ok());
        if secrets.is_empty() {
            return Err(
                Error::invalid("keys are given, and no secret that they encrypt").at("arns")
            );
        }
        let actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"];
        let mut statements = vec![policy::allow(&actions, &secrets)];
        for key in keys {
            let region = key.split(':').nth(3).unwrap_or_default();
            // The end of the name differs from partition to partition.
            let service = [format!("secretsmanager.{region}.*")];
            let (mut statement, mut condition) =
                (policy::allow(&["kms:Decrypt"], std::slice::from_ref(&key)), Map::new());
            policy::restrict(&mut condition, "kms:ViaService", &service);
            statement["Condition"] = condition.into();
            statements.push(statement);
        }
        Ok(policy::document(&statements))
    }
}

/// Rule of the ARN of a secret, or of a key that encrypts one.
fn secret_or_key_arn(text: &str) -> std::result::Result<(), String> {
    let expected = "a secret of AWS Secrets Manager, \
                    arn:aws:secretsmanager:REGION:123456789012:secret:NAME, or of a KMS key";
    kms_key_arn(text).or_else(|_| arns::regional(text, "secretsmanager", "secret:", expected))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn statements(arns: &[&str]) -> Json {
        let arns = Attr::Known(arns.iter().map(|&arn| arn.to_owned()).collect());
        let document = SecretsManagerReadPolicy::call(SecretsManagerReadPolicy { arns }).unwrap();
        serde_json::from_str::<Json>(&document).unwrap()["Statement"].take()
    }

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:argocd/*";
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/0123abcd-0123-0123-0123-0123456789ab";

    #[test]
    fn a_secret_may_be_read() {
        assert_eq!(
            statements(&[SECRET]),
            json!([{
                "Effect": "Allow",
                "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                "Resource": SECRET,
            }])
        );
    }

    #[test]
    fn a_key_is_for_secrets_only() {
        let found = statements(&[KEY, SECRET]);
        assert_eq!(found[0]["Resource"], SECRET);
        assert_eq!(
            found[1],
            json!({
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": KEY,
                "Condition": { "StringLike": { "kms:ViaService": "secretsmanager.eu-west-1.*" } },
            })
        );
        let only = SecretsManagerReadPolicy { arns: Attr::Known(vec![KEY.to_owned()]) };
        let error = SecretsManagerReadPolicy::call(only).unwrap_err();
        assert!(error.message().contains("no secret"), "{error}");
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert_eq!(secret_or_key_arn(SECRET), Ok(()));
        assert_eq!(secret_or_key_arn(KEY), Ok(()));
        for bad in ["*", "argocd", "arn:aws:kms:eu-west-1:123456789012:alias/argocd"] {
            assert!(secret_or_key_arn(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_in_particular_is_refused() {
        let error =
            SecretsManagerReadPolicy::call(SecretsManagerReadPolicy::default()).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "arns");
    }
}
