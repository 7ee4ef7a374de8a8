//! What a token must look like, whoever signed it.

use jiff::{SignedDuration, Timestamp};

use super::{Forge, check, encode, limits, refusal, sigv4};

fn forge() -> Forge {
    Forge::new("AKIDEXAMPLE", "us-east-1", Timestamp::now())
}

/// Made by botocore 1.44.5's `RequestSigner.generate_presigned_url` at a fixed time, the way
/// `aws eks get-token` does.
const BOTOCORE: &str = "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity\
    &Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
    &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fsts%2Faws4_request\
    &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
    &X-Amz-Security-Token=session%2Ftoken%2B%3D%3D\
    &X-Amz-Signature=89cc527fc74b54fca2d716363bd62d779bf071b22dd8d8bbb09d326a26f48a56";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[test]
fn a_token_of_botocore_verifies_for_its_cluster_and_secret_only() {
    let now: Timestamp = "2026-01-02T03:10:00Z".parse().unwrap();
    let presigned = check(&encode(BOTOCORE), &limits(now)).unwrap();
    assert_eq!(presigned.access_key_id, "AKIDEXAMPLE");
    assert_eq!(presigned.parameter("x-amz-security-token"), Some("session/token+=="));
    assert!(sigv4::verify(&presigned, "demo", SECRET));
    assert!(!sigv4::verify(&presigned, "demo-2", SECRET));
    assert!(!sigv4::verify(&presigned, "demo", "other"));
}

#[test]
fn a_token_with_anything_changed_does_not_verify() {
    let now: Timestamp = "2026-01-02T03:10:00Z".parse().unwrap();
    for (from, to) in [
        ("030405Z", "030406Z"),
        ("Expires=60", "Expires=61"),
        ("token%2B", "token%2F"),
        ("us-east-1.amazonaws.com", "us-east-1.api.aws"),
        ("Signature=89", "Signature=88"),
        ("Signature=89", "Signature=zz"),
        ("Signature=89", "Signature=8"),
        ("host%3Bx-k8s-aws-id", "host%3Bx-k8s-aws-id%3Bx-other"),
    ] {
        let changed = BOTOCORE.replacen(from, to, 1);
        assert_ne!(changed, BOTOCORE);
        let presigned = check(&encode(&changed), &limits(now)).unwrap();
        assert!(!sigv4::verify(&presigned, "demo", SECRET), "{from} -> {to}");
    }
}

#[test]
fn the_tests_own_tokens_are_in_order() {
    let presigned = check(&forge().token(), &limits(Timestamp::now())).unwrap();
    assert!(sigv4::verify(&presigned, "demo", "secret"));
}

#[test]
fn the_envelope_must_be_right() {
    let good = forge().token();
    let body = good.strip_prefix("k8s-aws-v1.").unwrap();
    for (token, reason) in [
        ("", "does not begin with"),
        (body, "does not begin with"),
        (&format!("k8s-aws-v2.{body}"), "does not begin with"),
        (&format!("{good}=="), "base64url without padding"),
        (&format!("{good}%"), "base64url without padding"),
        (&encode("no url"), "does not hold a URL"),
    ] {
        let refusal = refusal(token);
        assert!(refusal.contains(reason), "{token}: {refusal}");
    }
}

#[test]
fn a_token_of_4096_bytes_is_the_longest() {
    // Base64 makes four characters of three bytes, so not every length can be hit.
    let of_length = |length: usize| {
        let mut padding = 0;
        loop {
            let token = forge().with("X-Amz-Security-Token", &"a".repeat(padding)).token();
            if token.len() >= length {
                return token;
            }
            padding += 1;
        }
    };
    let long = of_length(4094);
    assert!(long.len() <= 4096, "{}", long.len());
    check(&long, &limits(Timestamp::now())).unwrap();
    let too_long = refusal(&of_length(4097));
    assert!(too_long.contains("too large"), "{too_long}");
}

#[test]
fn only_sts_of_the_clusters_partition_is_asked() {
    let at = |host: &str, region: &str, partition: &'static str| {
        let mut forge = Forge::new("AKIDEXAMPLE", region, Timestamp::now());
        forge.host = host.to_owned();
        let mut limits = limits(Timestamp::now());
        limits.partition = partition;
        check(&forge.token(), &limits).map_err(|error| format!("{error:#}"))
    };
    for (host, region, partition) in [
        ("sts.us-east-1.amazonaws.com", "us-east-1", "aws"),
        ("sts.eu-central-2.amazonaws.com", "eu-central-2", "aws"),
        ("sts.amazonaws.com", "us-east-1", "aws"),
        ("sts-fips.us-west-2.amazonaws.com", "us-west-2", "aws"),
        ("sts.eu-west-1.api.aws", "eu-west-1", "aws"),
        ("sts.us-gov-west-1.amazonaws.com", "us-gov-west-1", "aws-us-gov"),
        ("sts.cn-north-1.amazonaws.com.cn", "cn-north-1", "aws-cn"),
        ("sts.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "aws-iso"),
    ] {
        at(host, region, partition).unwrap();
    }
    for (host, partition) in [
        ("sts.cn-north-1.amazonaws.com.cn", "aws"),
        ("sts.us-gov-west-1.amazonaws.com", "aws"),
        ("sts.us-east-1.amazonaws.com", "aws-cn"),
        ("sts.amazonaws.com", "aws-us-gov"),
        ("sts.us-east-1.amazonaws.com.evil.example", "aws"),
        ("evil.example", "aws"),
        ("sts.us-east-1.amazonaws.com:443", "aws"),
        ("user@sts.us-east-1.amazonaws.com", "aws"),
        ("iam.us-east-1.amazonaws.com", "aws"),
        ("sts.us.amazonaws.com", "aws"),
        ("127.0.0.1:5000", "aws"),
        ("", "aws"),
    ] {
        let error = at(host, "us-east-1", partition).unwrap_err();
        assert!(error.contains("unexpected hostname"), "{host}: {error}");
    }
}

#[test]
fn scheme_and_path_must_be_right() {
    let mut plain = forge();
    plain.scheme = "http";
    assert!(refusal(&plain.token()).contains("unexpected scheme"));
    for path in ["", "//", "/x"] {
        let mut forge = forge();
        forge.path = path;
        let refusal = refusal(&forge.token());
        assert!(refusal.contains("unexpected path"), "{path:?}: {refusal}");
    }
}

#[test]
fn the_query_must_be_right() {
    for (key, value, reason) in [
        ("Action", "AssumeRole", "unexpected action"),
        ("Action", "", "unexpected action"),
        ("Version", "2012-01-01", "no version"),
        ("Version", "", "no version"),
        ("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256", "unexpected algorithm"),
        ("X-Amz-Region-Set", "*", "unexpected query parameter"),
        ("RoleArn", "x", "unexpected query parameter"),
        ("x-amz-date", "20260101T000000Z", "more than once"),
        ("ACTION", "GetCallerIdentity", "more than once"),
        ("X-Amz-SignedHeaders", "host", "x-k8s-aws-id header is not signed"),
        ("X-Amz-SignedHeaders", "", "x-k8s-aws-id header is not signed"),
        ("X-Amz-Expires", "901", "from 0 to 900"),
        ("X-Amz-Expires", "-1", "from 0 to 900"),
        ("X-Amz-Expires", "soon", "from 0 to 900"),
        ("X-Amz-Expires", "", "from 0 to 900"),
        ("X-Amz-Date", "", "X-Amz-Date is missing"),
        ("X-Amz-Date", "2026-01-02T03:04:05Z", "is not a date"),
        ("X-Amz-Credential", "AKIDEXAMPLE", "credential's scope"),
        (
            "X-Amz-Credential",
            "AKIDEXAMPLE/20200101/us-east-1/sts/aws4_request",
            "credential's scope",
        ),
        ("X-Amz-Credential", "", "credential's scope"),
    ] {
        let refusal = refusal(&forge().with(key, value).token());
        assert!(refusal.contains(reason), "{key}={value}: {refusal}");
    }
}

#[test]
fn the_credentials_scope_must_fit_host_and_service() {
    let scope = |region: &str, service: &str| {
        let day = Timestamp::now().strftime("%Y%m%d");
        let credential = format!("AKIDEXAMPLE/{day}/{region}/{service}/aws4_request");
        forge().with("X-Amz-Credential", &credential).token()
    };
    check(&scope("us-east-1", "sts"), &limits(Timestamp::now())).unwrap();
    for token in [scope("eu-west-1", "sts"), scope("us-east-1", "eks")] {
        assert!(refusal(&token).contains("credential's scope"));
    }
}

#[test]
fn broken_escapes_are_refused() {
    for query in ["Action=%zz", "Action=%4", "Action=GetCallerIdentity;Version=2011-06-15"] {
        let url = format!("https://sts.us-east-1.amazonaws.com/?{query}");
        let refusal = refusal(&encode(&url));
        assert!(refusal.contains("malformed query"), "{query}: {refusal}");
    }
}

#[test]
fn a_token_lives_fifteen_minutes_and_not_before_its_time() {
    let now = Timestamp::now();
    let age = |age: SignedDuration| {
        let token = Forge::new("AKIDEXAMPLE", "us-east-1", now - age).token();
        check(&token, &limits(now)).map_err(|error| format!("{error:#}"))
    };
    let (minute, second) = (SignedDuration::from_mins(1), SignedDuration::from_secs(1));
    age(minute * 15 - second * 2).unwrap();
    age(-minute * 4).unwrap();
    assert!(age(minute * 15 + second * 2).unwrap_err().contains("has expired"));
    assert!(age(-minute * 6).unwrap_err().contains("not yet current"));
}
