//! The token's form: everything that can be said of it without knowing who signed it.
//!
//! The checks, their order and their limits are aws-iam-authenticator's (`pkg/token`), except for
//! [`check_scope`], which are STS's own on the request that the authenticator would send on.

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use url::form_urlencoded;

use crate::eks::arn::{dns_suffix, partition_of};

pub(super) const PREFIX: &str = "k8s-aws-v1.";

/// The header that ties a token to its cluster.
pub(super) const CLUSTER_HEADER: &str = "x-k8s-aws-id";

/// Longer tokens are refused whole; large session tokens get there.
const MAX_LENGTH: usize = 4096;

/// How far in the future STS lets a signature's date be.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(5);

const PARAMETERS: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// What a token is held against.
#[derive(Debug)]
pub(super) struct Limits {
    /// The cluster's partition: a token of another is refused.
    pub(super) partition: &'static str,
    pub(super) now: Timestamp,
    /// The age beyond which a token has expired; 15 minutes with EKS, whatever `X-Amz-Expires` says.
    pub(super) max_age: SignedDuration,
}

/// A presigned request that is in order as far as its form goes.
#[derive(Debug)]
pub(super) struct Presigned {
    pub(super) host: String,
    /// As it came.
    pub(super) query: String,
    /// Decoded, in order, with the keys as they came.
    pub(super) pairs: Vec<(String, String)>,
    pub(super) access_key_id: String,
    /// `DATE/REGION/sts/aws4_request`.
    pub(super) scope: String,
}

impl Presigned {
    /// A parameter of the query; names are compared without case.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        let found = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Takes a token apart and checks its form. The error says which rule it breaks.
pub(super) fn check(token: &str, limits: &Limits) -> anyhow::Result<Presigned> {
    ensure!(token.len() <= MAX_LENGTH, "token is too large: {} bytes", token.len());
    let encoded = token.strip_prefix(PREFIX);
    let encoded = encoded.with_context(|| format!("token does not begin with {PREFIX:?}"))?;
    let url = URL_SAFE_NO_PAD.decode(encoded).context("token is not base64url without padding")?;
    let url = String::from_utf8(url).context("token does not hold a URL")?;

    let (scheme, rest) = url.split_once("://").context("token does not hold a URL")?;
    ensure!(scheme.eq_ignore_ascii_case("https"), "unexpected scheme {scheme:?}");
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, rest) = rest.split_at(end);
    let region = sts_region(host, limits.partition)?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    ensure!(path == "/", "unexpected path {path:?}");

    let pairs = parse_query(query)?;
    let credential_of = |name: &str| {
        let mut pairs = pairs.iter();
        let found = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let credential = credential_of("x-amz-credential").unwrap_or_default();
    let (access_key_id, scope) = credential.split_once('/').unwrap_or((&credential, ""));
    let presigned = Presigned {
        host: host.to_owned(),
        query: query.to_owned(),
        access_key_id: access_key_id.to_owned(),
        scope: scope.to_owned(),
        pairs,
    };
    let date = check_parameters(&presigned, limits)?;
    check_scope(&presigned, region, &date)?;
    Ok(presigned)
}

fn parse_query(query: &str) -> anyhow::Result<Vec<(String, String)>> {
    ensure!(is_well_encoded(query), "malformed query parameter");
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (index, (key, _)) in pairs.iter().enumerate() {
        let lower = key.to_ascii_lowercase();
        ensure!(PARAMETERS.contains(&lower.as_str()), "unexpected query parameter {key:?}");
        let earlier = &pairs[..index];
        let twice = earlier.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
        ensure!(!twice, "query parameter {key:?} is there more than once");
    }
    Ok(pairs)
}

/// Every `%` begins an escape, and no `;` tries to be a separator.
fn is_well_encoded(query: &str) -> bool {
    let mut escapes = query.split('%').skip(1);
    let hex = |escape: &str| {
        let mut digits = escape.bytes();
        let mut next = || digits.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        next() && next()
    };
    escapes.all(hex) && !query.contains(';')
}

/// aws-iam-authenticator's rules of the query; returns `X-Amz-Date`.
fn check_parameters(presigned: &Presigned, limits: &Limits) -> anyhow::Result<String> {
    let action = presigned.parameter("action").unwrap_or_default();
    ensure!(action == "GetCallerIdentity", "unexpected action {action:?}");
    let signed = presigned.parameter("x-amz-signedheaders").unwrap_or_default();
    let mut signed = signed.split(';');
    ensure!(
        signed.any(|header| header.eq_ignore_ascii_case(CLUSTER_HEADER)),
        "the {CLUSTER_HEADER} header is not signed"
    );
    let expires = presigned.parameter("x-amz-expires").unwrap_or_default();
    ensure!(
        expires.parse().is_ok_and(|seconds: i32| (0..=900).contains(&seconds)),
        "X-Amz-Expires must be from 0 to 900, got {expires:?}"
    );
    let date = presigned.parameter("x-amz-date").unwrap_or_default();
    ensure!(!date.is_empty(), "X-Amz-Date is missing");
    let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", date)
        .and_then(|date| TimeZone::UTC.to_timestamp(date))
        .with_context(|| format!("X-Amz-Date {date:?} is not a date like 20060102T150405Z"))?;
    let age = limits.now.duration_since(signed_at);
    ensure!(age <= limits.max_age, "the token has expired: X-Amz-Date is {date}");
    ensure!(age >= -MAX_SKEW, "the signature is not yet current: X-Amz-Date is {date}");
    Ok(date.to_owned())
}

/// STS's rules of what the signature covers.
fn check_scope(presigned: &Presigned, region: &str, date: &str) -> anyhow::Result<()> {
    let version = presigned.parameter("version").unwrap_or_default();
    ensure!(version == "2011-06-15", "STS has no version {version:?}");
    let algorithm = presigned.parameter("x-amz-algorithm").unwrap_or_default();
    ensure!(algorithm == "AWS4-HMAC-SHA256", "unexpected algorithm {algorithm:?}");
    let day = date.get(..8).unwrap_or_default();
    let expected = format!("{day}/{region}/sts/aws4_request");
    ensure!(
        presigned.scope == expected,
        "the credential's scope must be {expected}, got {:?}",
        presigned.scope
    );
    Ok(())
}

/// The region of an STS host of the partition: regional, FIPS or dual-stack, or the global one.
///
/// aws-iam-authenticator knows the list of regions; the emulator goes by the partition's prefixes.
fn sts_region<'a>(host: &'a str, partition: &str) -> anyhow::Result<&'a str> {
    if host == "sts.amazonaws.com" && partition == "aws" {
        return Ok("us-east-1");
    }
    let dual_stack = match partition {
        "aws" | "aws-us-gov" => Some("api.aws"),
        "aws-cn" => Some("api.amazonwebservices.com.cn"),
        "aws-eusc" => Some("api.amazonwebservices.eu"),
        _ => None,
    };
    let domains = [Some(dns_suffix(partition)), dual_stack];
    let region = domains.into_iter().flatten().find_map(|domain| {
        let labels = host.strip_suffix(domain)?.strip_suffix('.')?;
        let fips = labels.strip_prefix("sts-fips.").filter(|_| partition == "aws");
        let region = fips.or_else(|| labels.strip_prefix("sts."))?;
        let region_like = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let shaped = region.chars().all(region_like) && region.matches('-').count() >= 2;
        (shaped && partition_of(region) == partition).then_some(region)
    });
    region.with_context(|| format!("unexpected hostname {host:?}"))
}
