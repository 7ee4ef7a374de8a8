//! Amazon Resource Names, as far as EKS looks into them.

/// The six parts of an ARN, unchecked beyond their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(crate) fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        (!arn.partition.is_empty() && !arn.resource.is_empty()).then_some(arn)
    }
}

/// What kind of IAM principal an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    Role,
    User,
}

/// An IAM role or user, from its ARN (path included).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) arn: String,
    pub(crate) partition: String,
    pub(crate) account: String,
    pub(crate) kind: PrincipalKind,
    /// Without the path: what IAM's calls take, and all that is left in an STS session's ARN.
    pub(crate) name: String,
    /// In the path reserved to service-linked roles.
    pub(crate) service_linked: bool,
}

impl Principal {
    /// Reads `arn:P:iam::ACCOUNT:role/[path/]NAME` or the same with `user`.
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        let parts = Arn::parse(arn)?;
        let (kind, path_and_name) = parts.resource.split_once('/')?;
        let kind = match kind {
            "role" => PrincipalKind::Role,
            "user" => PrincipalKind::User,
            _ => return None,
        };
        let name = path_and_name.rsplit('/').next()?;
        let well_formed = parts.service == "iam"
            && parts.region.is_empty()
            && is_account(parts.account)
            && !name.is_empty()
            && arn.is_ascii()
            && !arn.contains(char::is_whitespace);
        well_formed.then(|| Self {
            arn: arn.to_owned(),
            partition: parts.partition.to_owned(),
            account: parts.account.to_owned(),
            kind,
            name: name.to_owned(),
            service_linked: kind == PrincipalKind::Role
                && path_and_name.starts_with("aws-service-role/"),
        })
    }

    /// A role's ARN and nothing else.
    pub(crate) fn parse_role(arn: &str) -> Option<Self> {
        Self::parse(arn).filter(|principal| principal.kind == PrincipalKind::Role)
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The partition that a region belongs to, by the prefixes of the SDKs' partition file.
pub(crate) fn partition_of(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

/// The domain of a partition's endpoints.
pub(crate) fn dns_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_keeps_its_path_in_the_arn_and_loses_it_in_the_name() {
        let role = Principal::parse("arn:aws:iam::111122223333:role/team/a/deployer").unwrap();
        assert_eq!(role.kind, PrincipalKind::Role);
        assert_eq!(role.name, "deployer");
        assert_eq!(role.account, "111122223333");
        assert!(!role.service_linked);
    }

    #[test]
    fn a_role_under_the_reserved_path_is_service_linked() {
        let arn = "arn:aws:iam::111122223333:role/aws-service-role/batch.amazonaws.com/ServiceRole";
        assert!(Principal::parse(arn).unwrap().service_linked);
        let user = "arn:aws:iam::111122223333:user/aws-service-role/x";
        assert!(!Principal::parse(user).unwrap().service_linked);
    }

    #[test]
    fn what_is_not_a_role_or_user_is_no_principal() {
        for arn in [
            "",
            "deployer",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::1111:role/short-account",
            "arn:aws:iam:us-east-1:111122223333:role/with-region",
            "arn:aws:iam::111122223333:group/people",
            "arn:aws:iam::111122223333:root",
            "arn:aws:sts::111122223333:assumed-role/deployer/session",
            "arn:aws:s3:::bucket/role/x",
        ] {
            assert_eq!(Principal::parse(arn), None, "{arn}");
        }
    }

    #[test]
    fn regions_find_their_partition() {
        assert_eq!(partition_of("eu-west-1"), "aws");
        assert_eq!(partition_of("cn-north-1"), "aws-cn");
        assert_eq!(partition_of("us-gov-west-1"), "aws-us-gov");
        assert_eq!(dns_suffix(partition_of("eusc-de-east-1")), "amazonaws.eu");
    }
}
