//! Logging in to the sandbox's cluster as a user of one's own.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gitops_sandbox::Sandbox;
use gitops_sandbox::eks::{Settings, TokenReview};
use gitops_sandbox::eks_api::segment;
use http::Method;
use serde_json::{Value as Json, json};
use tokio::sync::{Mutex, MutexGuard};

use super::sandbox::{CLUSTER_NAME, iam};

/// Longer than the API server remembers a token that was good, which is ten seconds.
pub(crate) const FORGOTTEN: std::time::Duration = std::time::Duration::from_secs(11);

/// One at a time: how old a token may be is a setting of the whole EKS API.
static ONE: Mutex<()> = Mutex::const_new(());

/// An IAM user with an access key, and perhaps an access entry.
pub(crate) struct User {
    sandbox: &'static Sandbox,
    pub(crate) arn: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    _one: MutexGuard<'static, ()>,
}

impl User {
    /// A user of this name, whom no cluster knows.
    pub(crate) async fn new(sandbox: &'static Sandbox, name: &str) -> Self {
        let one = ONE.lock().await;
        let iam = iam(sandbox);
        let user = iam.create_user().user_name(name).send().await.expect("a user");
        let key = iam.create_access_key().user_name(name).send().await.expect("an access key");
        let key = key.access_key.expect("an access key");
        Self {
            sandbox,
            arn: user.user.expect("a user").arn,
            access_key: key.access_key_id,
            secret_key: key.secret_access_key,
            _one: one,
        }
    }

    /// Makes the access entry, with an access policy for the whole cluster or none.
    pub(crate) async fn let_in(&self, policy: Option<&str>) {
        let entry = json!({ "principalArn": self.arn });
        self.eks(Method::POST, "", Some(entry)).await;
        let Some(policy) = policy else { return };
        let policy = format!("arn:aws:eks::aws:cluster-access-policy/{policy}");
        let policy = json!({ "policyArn": policy, "accessScope": { "type": "cluster" } });
        let path = format!("/{}/access-policies", segment(&self.arn));
        self.eks(Method::POST, &path, Some(policy)).await;
    }

    /// Deletes the access entry.
    pub(crate) async fn shut_out(&self) {
        self.eks(Method::DELETE, &format!("/{}", segment(&self.arn)), None).await;
    }

    async fn eks(&self, method: Method, path: &str, body: Option<Json>) {
        let api = self.sandbox.eks_api().expect("the EKS API");
        let path = format!("clusters/{CLUSTER_NAME}/access-entries{path}");
        api.call(method, &path, body.as_ref()).await.expect("a change of access");
    }

    /// What the API server asked about tokens of this user.
    pub(crate) fn reviews(&self) -> Vec<TokenReview> {
        let all = self.sandbox.eks().expect("the EKS API").token_reviews();
        let own = all.into_iter().filter(|review| {
            let encoded = review.token.trim_start_matches("k8s-aws-v1.");
            let url = BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap_or_default();
            String::from_utf8_lossy(&url).contains(&self.access_key)
        });
        own.collect()
    }

    /// Sets how old tokens may be, until this user is dropped.
    pub(crate) fn tokens_last(&self, seconds: u64) {
        let eks = self.sandbox.eks().expect("the EKS API");
        eks.set_settings(Settings { token_max_age_seconds: seconds, ..eks.settings() });
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.tokens_last(900);
    }
}
