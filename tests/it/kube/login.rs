//! Logging in to an EKS cluster: tokens that are refused, by the API server that the EKS API's
//! emulator tells who somebody is.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gitops_sandbox::eks::TokenReview;
use gitops_sandbox::eks_api::segment;
use http::Method;
use serde_json::{Value as Json, json};
use terraform_provider_gitops::clients::kube::Freshness;
use terraform_provider_gitops::framework::{
    Attr, Diagnostics, Provider as _, Result as Outcome, Value,
};
use terraform_provider_gitops::provider::Provider;
use tokio::sync::{Mutex, MutexGuard};

use super::NAMESPACE;
use super::fixture::{seconds, unique};
use crate::support::sandbox::{CLUSTER_NAME, Kinds, iam, kinds, variable};

const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy";

/// Longer than the API server remembers a token that was good, which is ten seconds.
const FORGOTTEN: Duration = Duration::from_secs(11);

/// One at a time: how old a token may be is a setting of the whole EKS API.
static ONE: Mutex<()> = Mutex::const_new(());

/// A user with an access entry, and the provider as that user.
struct Login {
    /// Keeps away those who count access entries.
    sandbox: Kinds,
    provider: Provider,
    arn: String,
    access_key: String,
    _one: MutexGuard<'static, ()>,
}

impl Login {
    async fn new() -> Self {
        let one = ONE.lock().await;
        let sandbox = kinds().await;
        let (iam, name) = (iam(&sandbox), unique("it-login"));
        let user = iam.create_user().user_name(&name).send().await.expect("a user");
        let arn = user.user.expect("a user").arn;
        let key = iam.create_access_key().user_name(&name).send().await.expect("an access key");
        let key = key.access_key.expect("an access key");
        let provider = provider(&sandbox, &key.access_key_id, &key.secret_access_key).await;
        let access_key = key.access_key_id;
        let login = Self { sandbox, provider, arn, access_key, _one: one };
        login.let_in().await;
        login
    }

    /// Makes the access entry.
    async fn let_in(&self) {
        let entry = json!({ "principalArn": self.arn });
        self.eks(Method::POST, "", Some(entry)).await;
        let policy = json!({ "policyArn": VIEW, "accessScope": { "type": "cluster" } });
        let path = format!("/{}/access-policies", segment(&self.arn));
        self.eks(Method::POST, &path, Some(policy)).await;
    }

    /// Deletes the access entry.
    async fn shut_out(&self) {
        self.eks(Method::DELETE, &format!("/{}", segment(&self.arn)), None).await;
    }

    async fn eks(&self, method: Method, path: &str, body: Option<Json>) {
        let api = self.sandbox.eks_api().expect("the EKS API");
        let path = format!("clusters/{CLUSTER_NAME}/access-entries{path}");
        api.call(method, &path, body.as_ref()).await.expect("a change of access");
    }

    /// Reads something that is always there.
    async fn read(&self) -> Outcome<Option<Json>> {
        let target = self.provider.target(&Attr::Null)?;
        let object = NAMESPACE.cluster_wide("default");
        let objects = self.provider.objects();
        objects.get(&target, &object, Freshness::Now, &seconds(30)).await
    }

    /// What the API server asked about tokens of this user, from the first on that is not among
    /// `before`.
    fn reviews(&self, before: &[TokenReview]) -> Vec<TokenReview> {
        let all = self.sandbox.eks().expect("the EKS API").token_reviews();
        let own = all.into_iter().filter(|review| {
            let encoded = review.token.trim_start_matches("k8s-aws-v1.");
            let url = BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap_or_default();
            String::from_utf8_lossy(&url).contains(&self.access_key)
        });
        own.skip(before.len()).collect()
    }

    fn settings(&self, token_max_age_seconds: u64) {
        let eks = self.sandbox.eks().expect("the EKS API");
        let settings = eks.settings();
        eks.set_settings(gitops_sandbox::eks::Settings { token_max_age_seconds, ..settings });
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        self.settings(900);
    }
}

async fn provider(sandbox: &Kinds, access_key: &str, secret_key: &str) -> Provider {
    let object = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
    };
    let mut config = object(&[
        ("region", variable(sandbox, "AWS_REGION")),
        ("access_key", access_key),
        ("secret_key", secret_key),
    ]);
    let endpoints = [
        ("eks", variable(sandbox, "AWS_ENDPOINT_URL_EKS")),
        ("sts", variable(sandbox, "AWS_ENDPOINT_URL_STS")),
    ];
    config.set("endpoints", object(&endpoints));
    config.set("cluster", object(&[("name", CLUSTER_NAME)]));
    let mut diagnostics = Diagnostics::default();
    let provider = Provider::configure(config, &mut diagnostics).await.expect("a provider");
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    provider
}

fn tokens(reviews: &[TokenReview]) -> BTreeSet<&str> {
    reviews.iter().map(|review| review.token.as_str()).collect()
}

#[tokio::test]
async fn a_token_that_is_refused_is_made_anew_once_and_nobody_notices() {
    let login = Login::new().await;
    login.read().await.unwrap();
    let before = login.reviews(&[]);
    assert_eq!(tokens(&before).len(), 1, "{before:#?}");

    login.settings(5);
    tokio::time::sleep(FORGOTTEN).await;
    assert!(login.read().await.unwrap().is_some());

    let [refused, taken] = &login.reviews(&before)[..] else {
        panic!("not one refusal and one new token: {:#?}", login.reviews(&before))
    };
    assert_eq!(refused.token, before[0].token);
    assert!(refused.outcome.is_err());
    assert_ne!(taken.token, refused.token);
    assert_eq!(taken.outcome.as_ref(), Ok(&login.arn));
}

#[tokio::test]
async fn without_its_access_entry_a_principal_is_refused_and_told_which_entry_is_missing() {
    let login = Login::new().await;
    login.read().await.unwrap();
    let before = login.reviews(&[]);

    login.shut_out().await;
    tokio::time::sleep(FORGOTTEN).await;
    let error = login.read().await.unwrap_err();
    assert!(error.is_unauthenticated(), "{error}");
    assert_eq!(error.api_code(), Some("Unauthorized"));
    let arn = &login.arn;
    assert_eq!(
        error.message(),
        format!("EKS cluster {CLUSTER_NAME:?} does not accept the credentials of {arn}")
    );
    let detail = error.detail();
    let entry = format!("gitops_eks_access_entry with principal_arn = {arn:?}");
    assert!(detail.contains(&entry), "{detail}");

    // The kept token and one made anew, and then it is told.
    let reviews = login.reviews(&before);
    assert_eq!((reviews.len(), tokens(&reviews).len()), (2, 2), "{reviews:#?}");
    for review in &reviews {
        let reason = review.outcome.as_ref().unwrap_err();
        assert!(reason.contains("has no access entry"), "{reason}");
    }

    // A refusal is not remembered: what is mended works at once.
    login.let_in().await;
    assert!(login.read().await.unwrap().is_some());
    login.shut_out().await;
}
