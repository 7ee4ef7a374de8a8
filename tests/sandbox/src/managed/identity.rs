//! Entering a cluster as a role: EKS tokens, made from sessions of the role.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Mutex;

use crate::aws::{Api, Credentials};

/// A token is good for 15 minutes.
const RENEW_AFTER: Duration = Duration::from_mins(10);

/// Says which role it is at the moment.
type Role = Box<dyn Fn() -> String + Send + Sync>;

/// A role that enters clusters, with the tokens made so far.
pub struct Identity {
    sts: Api,
    role: Role,
    session: String,
    region: String,
    /// By role and cluster.
    tokens: Mutex<BTreeMap<(String, String), (Instant, String)>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Identity {
    /// `session` is the name of its sessions, which becomes part of the user's name in the cluster.
    pub fn new(sts: Api, role: Role, session: String, region: String) -> Self {
        Self { sts, role, session, region, tokens: Mutex::default() }
    }

    /// A token for a cluster, new when the last one is ten minutes old or the role is another.
    pub async fn token(&self, cluster: &str) -> anyhow::Result<String> {
        let role = (self.role)();
        let mut tokens = self.tokens.lock().await;
        let key = (role, cluster.to_owned());
        if let Some((made, token)) = tokens.get(&key)
            && made.elapsed() < RENEW_AFTER
        {
            return Ok(token.clone());
        }
        let assumed = self.sts.assume_role(&key.0, &self.session).await;
        let credentials = assumed.with_context(|| format!("cannot assume {}", key.0))?;
        let token = token(&credentials, cluster, &self.region)?;
        tokens.insert(key, (Instant::now(), token.clone()));
        Ok(token)
    }
}

/// An EKS token: the base64 of a presigned `GetCallerIdentity` that names the cluster in a signed
/// header.
pub fn token(credentials: &Credentials, cluster: &str, region: &str) -> anyhow::Result<String> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_mins(1));
    let identity = aws_credential_types::Credentials::new(
        credentials.access_key_id.clone(),
        credentials.secret_access_key.clone(),
        credentials.session_token.clone(),
        None,
        "sandbox",
    )
    .into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(jiff::Timestamp::now().into())
        .settings(settings)
        .build()?
        .into();

    let host = format!("sts.{region}.amazonaws.com");
    let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let headers = [("host", host.as_str()), ("x-k8s-aws-id", cluster)];
    let request = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(b""))?;
    let (instructions, _signature) = sign(request, &parameters)?.into_parts();
    let mut signed = http::Request::get(&url).body(())?;
    instructions.apply_to_request_http1x(&mut signed);
    Ok(format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(signed.uri().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_presigned_url_with_exactly_the_parameters_that_eks_allows() {
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: "secret".into(),
            session_token: Some("session".into()),
        };
        let token = token(&credentials, "demo", "eu-west-1").expect("a token");
        let url = token.strip_prefix("k8s-aws-v1.").expect("the prefix");
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(url).expect("base64")).expect("UTF-8");
        let url = url::Url::parse(&url).expect("a URL");
        assert_eq!((url.host_str(), url.path()), (Some("sts.eu-west-1.amazonaws.com"), "/"));
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        let names: Vec<_> = query.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "Action",
                "Version",
                "X-Amz-Algorithm",
                "X-Amz-Credential",
                "X-Amz-Date",
                "X-Amz-Expires",
                "X-Amz-Security-Token",
                "X-Amz-Signature",
                "X-Amz-SignedHeaders",
            ]
        );
        assert_eq!(query["X-Amz-SignedHeaders"], "host;x-k8s-aws-id");
        assert_eq!(query["X-Amz-Expires"], "60");
    }
}
