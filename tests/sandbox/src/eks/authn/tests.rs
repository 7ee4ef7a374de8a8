//! Tokens, from right to wrong in every way that is checked.

mod form;
mod review;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    sigv4,
    token::{Limits, PREFIX, Presigned, check},
};

/// A token in the making: a right one for the cluster `demo`, to be made wrong.
#[derive(Clone)]
struct Forge {
    scheme: &'static str,
    host: String,
    path: &'static str,
    parameters: Vec<(String, String)>,
    cluster: &'static str,
    secret: &'static str,
}

impl Forge {
    fn new(access_key_id: &str, region: &str, at: Timestamp) -> Self {
        let at = at.to_zoned(TimeZone::UTC);
        let date = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = &date[..8];
        let parameters = [
            ("Action", "GetCallerIdentity"),
            ("Version", "2011-06-15"),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &format!("{access_key_id}/{day}/{region}/sts/aws4_request")),
            ("X-Amz-Date", &date),
            ("X-Amz-Expires", "60"),
            ("X-Amz-SignedHeaders", "host;x-k8s-aws-id"),
        ];
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Self {
            scheme: "https",
            host: format!("sts.{region}.amazonaws.com"),
            path: "/",
            parameters: parameters.into_iter().map(own).collect(),
            cluster: "demo",
            secret: "secret",
        }
    }

    /// Sets a parameter; an empty value takes it out.
    fn with(mut self, key: &str, value: &str) -> Self {
        self.parameters.retain(|(other, _)| other != key);
        if !value.is_empty() {
            self.parameters.push((key.to_owned(), value.to_owned()));
        }
        self
    }

    fn url(&self) -> String {
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = self.parameters.iter();
        let pairs: Vec<String> =
            pairs.map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
        format!("{}://{}{}?{}", self.scheme, self.host, self.path, pairs.join("&"))
    }

    /// The token, signed as it is.
    fn token(&self) -> String {
        let credential = &self.parameters.iter().find(|(key, _)| key == "X-Amz-Credential");
        let scope = credential.and_then(|(_, value)| value.split_once('/'));
        let unsigned = Presigned {
            host: self.host.clone(),
            query: String::new(),
            pairs: self.parameters.clone(),
            access_key_id: String::new(),
            scope: scope.map(|(_, scope)| scope.to_owned()).unwrap_or_default(),
        };
        let signature = sigv4::sign(&unsigned, self.cluster, self.secret);
        let signature = signature.unwrap_or_else(|| "00".to_owned());
        encode(&self.clone().with("X-Amz-Signature", &signature).url())
    }
}

fn encode(url: &str) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
}

fn limits(now: Timestamp) -> Limits {
    Limits { partition: "aws", now, max_age: SignedDuration::from_mins(15) }
}

/// Why the token is refused for its form.
fn refusal(token: &str) -> String {
    match check(token, &limits(Timestamp::now())) {
        Ok(presigned) => panic!("accepted: {presigned:?}"),
        Err(error) => format!("{error:#}"),
    }
}
