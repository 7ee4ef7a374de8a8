//! Signature version 4 of a presigned request, as STS verifies it.

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::token::{CLUSTER_HEADER, Presigned};

/// All but RFC 3986's unreserved characters.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether the secret made the signature, for this cluster's name in the `x-k8s-aws-id` header.
///
/// The request that STS gets has, beside the host, that header and `accept: application/json`; a
/// signature over any other header cannot be right.
pub(super) fn verify(presigned: &Presigned, cluster: &str, secret: &str) -> bool {
    let signature = presigned.parameter("x-amz-signature").and_then(unhex);
    match (signature, string_to_sign(presigned, cluster)) {
        (Some(signature), Some(text)) => {
            let key = signing_key(secret, &presigned.scope);
            hmac::verify(&key, text.as_bytes(), &signature).is_ok()
        }
        _ => false,
    }
}

/// The signature that the secret makes, for tests that make tokens.
#[cfg(test)]
pub(super) fn sign(presigned: &Presigned, cluster: &str, secret: &str) -> Option<String> {
    let text = string_to_sign(presigned, cluster)?;
    let key = signing_key(secret, &presigned.scope);
    Some(hex(hmac::sign(&key, text.as_bytes()).as_ref()))
}

fn string_to_sign(presigned: &Presigned, cluster: &str) -> Option<String> {
    let request = canonical_request(presigned, cluster)?;
    let date = presigned.parameter("x-amz-date").unwrap_or_default();
    let hash = hex(digest(&SHA256, request.as_bytes()).as_ref());
    Some(format!("AWS4-HMAC-SHA256\n{date}\n{}\n{hash}", presigned.scope))
}

fn canonical_request(presigned: &Presigned, cluster: &str) -> Option<String> {
    let unsigned = |(key, _): &&(String, String)| !key.eq_ignore_ascii_case("x-amz-signature");
    let pairs = presigned.pairs.iter().filter(unsigned);
    let mut pairs: Vec<(String, String)> = pairs.map(|(k, v)| (escape(k), escape(v))).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();

    let names = presigned.parameter("x-amz-signedheaders")?;
    let mut headers = String::new();
    for name in names.split(';') {
        let value = match name {
            "host" => presigned.host.as_str(),
            CLUSTER_HEADER => cluster,
            "accept" => "application/json",
            _ => return None,
        };
        for part in [name, ":", value, "\n"] {
            headers += part;
        }
    }
    let empty = hex(digest(&SHA256, b"").as_ref());
    Some(format!("GET\n/\n{}\n{headers}\n{names}\n{empty}", pairs.join("&")))
}

/// The key for a scope `DATE/REGION/SERVICE/aws4_request`: each part signed with the key before.
fn signing_key(secret: &str, scope: &str) -> hmac::Key {
    let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    scope.split('/').fold(first, |key, part| {
        let tag = hmac::sign(&key, part.as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref())
    })
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, &ESCAPED).to_string()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.is_ascii() && text.len().is_multiple_of(2);
    let pairs = (0..text.len()).step_by(2).filter(|_| digits);
    let bytes = pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok());
    bytes.collect::<Option<Vec<u8>>>().filter(|_| digits)
}
