//! Amazon Resource Names: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
//!
//! Only the shape is checked, so `arn:aws:iam::000000000000:role/mock` passes.

use super::{Check, account_id, ensure, region};

/// Any ARN of a known partition.
pub fn arn(value: &str) -> Check {
    split(value).map(drop)
}

/// An IAM role, with its path: `arn:aws:iam::123456789012:role/team/deployer`.
pub fn iam_role_arn(value: &str) -> Check {
    let parts = split(value)?;
    not_a_session(value, &parts)?;
    iam(value, &parts, &["role"], account_id, "an IAM role, arn:aws:iam::123456789012:role/NAME")
}

/// An IAM role or user: who an access entry is for.
pub fn iam_principal_arn(value: &str) -> Check {
    let parts = split(value)?;
    not_a_session(value, &parts)?;
    let expected = "an IAM role or user, arn:aws:iam::123456789012:role/NAME or …:user/NAME";
    iam(value, &parts, &["role", "user"], account_id, expected)
}

/// An IAM policy, of an account or of AWS: `arn:aws:iam::aws:policy/NAME`.
pub fn iam_policy_arn(value: &str) -> Check {
    let parts = split(value)?;
    let account = |account: &str| if account == "aws" { Ok(()) } else { account_id(account) };
    let expected = "an IAM policy, arn:aws:iam::123456789012:policy/NAME or \
                    arn:aws:iam::aws:policy/NAME";
    iam(value, &parts, &["policy"], account, expected)
}

/// An EKS cluster: `arn:aws:eks:eu-central-1:123456789012:cluster/NAME`.
pub fn eks_cluster_arn(value: &str) -> Check {
    let parts = split(value)?;
    let name = parts.resource.strip_prefix("cluster/");
    let well_formed = parts.service == "eks"
        && region(parts.region).is_ok()
        && account_id(parts.account).is_ok()
        && name.is_some_and(is_cluster_name);
    ensure(well_formed, || {
        not(value, "an EKS cluster, arn:aws:eks:REGION:123456789012:cluster/NAME")
    })
}

/// An access policy of EKS: `arn:aws:eks::aws:cluster-access-policy/NAME`.
///
/// The names are not checked: AWS adds to them.
pub fn eks_access_policy_arn(value: &str) -> Check {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
    };
    if is_name(value) {
        return Err(format!(
            "{value:?} is a name and not an ARN: write \
             arn:aws:eks::aws:cluster-access-policy/{value}, with the partition of the cluster"
        ));
    }
    let parts = split(value)?;
    let well_formed = parts.service == "eks"
        && parts.region.is_empty()
        && parts.account == "aws"
        && parts.resource.strip_prefix("cluster-access-policy/").is_some_and(is_name);
    ensure(well_formed, || {
        not(value, "an access policy of EKS, arn:aws:eks::aws:cluster-access-policy/NAME")
    })
}

/// An instance of IAM Identity Center: `arn:aws:sso:::instance/ssoins-ID`.
pub fn idc_instance_arn(value: &str) -> Check {
    let parts = split(value)?;
    let id =
        parts.resource.strip_prefix("instance/").map(|id| id.strip_prefix("sso").unwrap_or(id));
    let is_id = |id: &str| {
        !id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.'))
    };
    let well_formed = parts.service == "sso"
        && parts.region.is_empty()
        && parts.account.is_empty()
        && id.and_then(|id| id.strip_prefix("ins-")).is_some_and(is_id);
    ensure(well_formed, || {
        not(value, "an instance of IAM Identity Center, arn:aws:sso:::instance/ssoins-ID")
    })
}

/// A KMS key, not an alias: `arn:aws:kms:REGION:123456789012:key/ID`.
pub fn kms_key_arn(value: &str) -> Check {
    let parts = split(value)?;
    let is_id =
        |id: &str| !id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let well_formed = parts.service == "kms"
        && region(parts.region).is_ok()
        && account_id(parts.account).is_ok()
        && parts.resource.strip_prefix("key/").is_some_and(is_id);
    ensure(well_formed, || not(value, "a KMS key, arn:aws:kms:REGION:123456789012:key/ID"))
}

/// A secret in AWS Secrets Manager:
/// `arn:aws:secretsmanager:REGION:123456789012:secret:NAME-SUFFIX`.
pub fn secrets_manager_arn(value: &str) -> Check {
    let parts = split(value)?;
    let name = parts.resource.strip_prefix("secret:");
    let well_formed = parts.service == "secretsmanager"
        && region(parts.region).is_ok()
        && account_id(parts.account).is_ok()
        && name.is_some_and(|name| !name.is_empty() && !name.contains('*'));
    ensure(well_formed, || {
        let expected = "a secret in AWS Secrets Manager, \
                        arn:aws:secretsmanager:REGION:123456789012:secret:NAME";
        not(value, expected)
    })
}

/// The parts of an ARN, as they are written.
struct Parts<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

fn split(value: &str) -> Result<Parts<'_>, String> {
    let malformed =
        || format!("{value:?} is not an ARN, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE");
    let mut parts = value.splitn(6, ':');
    let mut next = || parts.next().ok_or_else(malformed);
    let (prefix, partition) = (next()?, next()?);
    let (service, region, account, resource) = (next()?, next()?, next()?, next()?);
    let word = |text: &str| text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let well_formed = prefix == "arn"
        && !service.is_empty()
        && word(service)
        && word(region)
        && word(account)
        && !resource.is_empty()
        && !resource.contains(|c: char| c.is_whitespace() || c.is_control());
    ensure(well_formed, malformed)?;
    ensure(is_partition(partition), || {
        format!(
            "{partition:?} in {value:?} is not a partition of AWS: aws, aws-cn, aws-us-gov, \
             aws-eusc or one of aws-iso*"
        )
    })?;
    Ok(Parts { service, region, account, resource })
}

fn is_partition(partition: &str) -> bool {
    matches!(partition, "aws" | "aws-cn" | "aws-us-gov" | "aws-eusc" | "aws-iso")
        || partition
            .strip_prefix("aws-iso-")
            .is_some_and(|one| one.len() == 1 && one.bytes().all(|c| c.is_ascii_lowercase()))
}

/// Refuses what `aws sts get-caller-identity` prints for an assumed role: a
/// session ends, and its ARN has lost the path of the role.
fn not_a_session(value: &str, parts: &Parts<'_>) -> Check {
    ensure(!(parts.service == "sts" && parts.resource.starts_with("assumed-role/")), || {
        format!(
            "{value:?} is a session of a role: give the role's own ARN, \
             arn:aws:iam::ACCOUNT:role/NAME with the role's path"
        )
    })
}

fn iam(
    value: &str,
    parts: &Parts<'_>,
    kinds: &[&str],
    account: impl Fn(&str) -> Check,
    expected: &str,
) -> Check {
    let named = parts.resource.split_once('/').filter(|(kind, _)| kinds.contains(kind));
    let well_formed = parts.service == "iam"
        && parts.region.is_empty()
        && account(parts.account).is_ok()
        && named.is_some_and(|(_, name)| is_path_and_name(name));
    ensure(well_formed, || not(value, expected))?;
    ensure(!named.is_some_and(|(_, name)| name.starts_with("AWSReservedSSO_")), || {
        format!(
            "{value:?} lacks the path of a role of IAM Identity Center: \
             …:role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_…"
        )
    })
}

/// `name` or `path/to/name`. IAM's own quota (512 + 64 characters) is not checked.
fn is_path_and_name(text: &str) -> bool {
    let of_name = |c: u8| {
        c.is_ascii_alphanumeric() || matches!(c, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-')
    };
    match text.rsplit_once('/') {
        Some((path, name)) => {
            path.bytes().all(|c| c.is_ascii_graphic())
                && !name.is_empty()
                && name.bytes().all(of_name)
        }
        None => !text.is_empty() && text.bytes().all(of_name),
    }
}

/// 1 to 100 letters, digits, `-` and `_`, beginning with a letter or digit.
fn is_cluster_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

fn not(value: &str, expected: &str) -> String {
    format!("{value:?} is not the ARN of {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn any_arn_of_any_partition() {
        accepts(
            arn,
            &[
                "arn:aws:s3:::bucket/key:with:colons",
                "arn:aws-cn:eks:cn-north-1:123456789012:cluster/a",
                "arn:aws-us-gov:iam::123456789012:role/a",
                "arn:aws-iso:iam::123456789012:role/a",
                "arn:aws-iso-b:iam::123456789012:role/a",
                "arn:aws-iso-f:iam::123456789012:role/a",
                "arn:aws-eusc:eks:eusc-de-east-1:123456789012:cluster/a",
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                "arn:aws:eks:eu-west-1:111111111111:capability/c/argocd/n/0a:b",
            ],
        );
        refuses(
            arn,
            &[
                "",
                "mock",
                "arn",
                "arn:aws:iam",
                "arn:aws:iam::123456789012",
                "arn:aws:iam::123456789012:",
                "ARN:aws:iam::123456789012:role/a",
                "arn:aws:::123456789012:role/a",
                "arn:aws:iam::123456789012:role/a b",
                "arn:aws:iam::123456789012:role/a\n",
                "arn:azure:iam::123456789012:role/a",
                "arn:aws-iso-bb:iam::123456789012:role/a",
                "arn::iam::123456789012:role/a",
                " arn:aws:iam::123456789012:role/a",
            ],
        );
        let rule = arn("arn:awscn:iam::123456789012:role/a").unwrap_err();
        assert!(rule.starts_with("\"awscn\" in \"arn:awscn:"), "{rule}");
    }

    #[test]
    fn roles() {
        accepts(
            iam_role_arn,
            &[
                "arn:aws:iam::123456789012:role/a",
                "arn:aws:iam::000000000000:role/mock",
                "arn:aws-cn:iam::123456789012:role/team/sub/a+=,.@-_",
                "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
            ],
        );
        refuses(
            iam_role_arn,
            &[
                "role/a",
                "arn:aws:iam::123456789012:role/",
                "arn:aws:iam::123456789012:role/a/",
                "arn:aws:iam::123456789012:role",
                "arn:aws:iam::123456789012:user/a",
                "arn:aws:iam::123456789012:root",
                "arn:aws:iam::12345678901:role/a",
                "arn:aws:iam::aws:role/a",
                "arn:aws:iam:us-east-1:123456789012:role/a",
                "arn:aws:sts::123456789012:role/a",
                "arn:aws:iam::123456789012:role/a*",
            ],
        );
    }

    #[test]
    fn a_session_of_a_role_is_told_apart_from_the_role() {
        let session = "arn:aws:sts::123456789012:assumed-role/deployer/i-0abc";
        for check in [iam_role_arn, iam_principal_arn] {
            let rule = check(session).unwrap_err();
            assert!(rule.contains("is a session of a role"), "{rule}");
        }
    }

    #[test]
    fn a_role_of_identity_center_needs_its_path() {
        let bare = "arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_0123456789abcdef";
        let rule = iam_principal_arn(bare).unwrap_err();
        assert!(rule.contains("lacks the path"), "{rule}");
    }

    #[test]
    fn principals_are_roles_and_users() {
        accepts(
            iam_principal_arn,
            &["arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:user/team/a"],
        );
        refuses(
            iam_principal_arn,
            &["arn:aws:iam::123456789012:group/a", "arn:aws:iam::123456789012:root"],
        );
    }

    #[test]
    fn policies_belong_to_an_account_or_to_aws() {
        accepts(
            iam_policy_arn,
            &[
                "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
                "arn:aws:iam::aws:policy/service-role/AmazonX",
                "arn:aws-us-gov:iam::123456789012:policy/mine",
            ],
        );
        refuses(
            iam_policy_arn,
            &[
                "AmazonEKSClusterPolicy",
                "arn:aws:iam:::policy/a",
                "arn:aws:iam::aws:role/a",
                "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            ],
        );
    }

    #[test]
    fn clusters() {
        let longest = format!("arn:aws:eks:eu-west-1:123456789012:cluster/{}", "a".repeat(100));
        accepts(
            eks_cluster_arn,
            &[
                "arn:aws:eks:eu-west-1:123456789012:cluster/my_cluster-1",
                "arn:aws-us-gov:eks:us-gov-west-1:123456789012:cluster/1",
                "arn:aws:eks:us-east-1:000000000000:cluster/mock",
                &longest,
            ],
        );
        refuses(
            eks_cluster_arn,
            &[
                "my-cluster",
                "https://kubernetes.default.svc",
                "arn:aws:eks::123456789012:cluster/a",
                "arn:aws:eks:eu-west-1::cluster/a",
                "arn:aws:eks:eu-west-1:123456789012:cluster/",
                "arn:aws:eks:eu-west-1:123456789012:cluster/-a",
                "arn:aws:eks:eu-west-1:123456789012:cluster/a/b",
                "arn:aws:eks:eu-west-1:123456789012:nodegroup/a",
                "arn:aws:ecs:eu-west-1:123456789012:cluster/a",
                &format!("{longest}a"),
            ],
        );
    }

    #[test]
    fn access_policies_by_arn_and_not_by_name() {
        accepts(
            eks_access_policy_arn,
            &[
                "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
                "arn:aws-cn:eks::aws:cluster-access-policy/SomethingNew",
            ],
        );
        refuses(
            eks_access_policy_arn,
            &[
                "",
                "arn:aws:iam::aws:policy/AmazonEKSViewPolicy",
                "arn:aws:eks:eu-west-1:aws:cluster-access-policy/A",
                "arn:aws:eks::123456789012:cluster-access-policy/A",
                "arn:aws:eks::aws:cluster-access-policy/",
            ],
        );
        let rule = eks_access_policy_arn("AmazonEKSViewPolicy").unwrap_err();
        assert!(
            rule.contains("write arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"),
            "{rule}"
        );
    }

    #[test]
    fn instances_of_identity_center() {
        accepts(
            idc_instance_arn,
            &[
                "arn:aws:sso:::instance/ssoins-1234567890abcdef",
                "arn:aws:sso:::instance/ins-1234567890abcdef",
                "arn:aws-us-gov:sso:::instance/ssoins-mock",
            ],
        );
        refuses(
            idc_instance_arn,
            &[
                "ssoins-1234567890abcdef",
                "arn:aws:sso:::instance/",
                "arn:aws:sso:::instance/ssoins-",
                "arn:aws:sso:::application/ssoins-1/apl-1",
                "arn:aws:sso::123456789012:instance/ssoins-1",
                "arn:aws:identitystore:::instance/ssoins-1",
            ],
        );
    }

    #[test]
    fn keys_and_not_their_aliases() {
        accepts(
            kms_key_arn,
            &[
                "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012",
                "arn:aws:kms:eu-west-1:123456789012:key/mrk-12345678",
            ],
        );
        refuses(
            kms_key_arn,
            &[
                "alias/mine",
                "arn:aws:kms:eu-west-1:123456789012:alias/mine",
                "arn:aws:kms::123456789012:key/1",
                "arn:aws:kms:eu-west-1:123456789012:key/",
            ],
        );
    }
}
