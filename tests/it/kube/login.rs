//! Logging in to an EKS cluster: tokens that are refused, by the API server that the EKS API's
//! emulator tells who somebody is.

use std::collections::BTreeSet;

use gitops_sandbox::eks::TokenReview;
use serde_json::Value as Json;
use terraform_provider_gitops::clients::kube::Freshness;
use terraform_provider_gitops::framework::{
    Attr, Diagnostics, Provider as _, Result as Outcome, Value,
};
use terraform_provider_gitops::provider::Provider;

use super::NAMESPACE;
use super::fixture::{seconds, unique};
use crate::support::login::{FORGOTTEN, User};
use crate::support::sandbox::{CLUSTER_NAME, Kinds, kinds, variable};

const VIEW: &str = "AmazonEKSAdminViewPolicy";

/// A user with an access entry, and the provider as that user.
struct Login {
    user: User,
    provider: Provider,
    /// Keeps away those who count access entries.
    _sandbox: Kinds,
}

impl Login {
    async fn new() -> Self {
        let sandbox = kinds().await;
        let user = User::new(sandbox.of(), &unique("it-login")).await;
        let provider = provider(&sandbox, &user.access_key, &user.secret_key).await;
        user.let_in(Some(VIEW)).await;
        Self { user, provider, _sandbox: sandbox }
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
        self.user.reviews().split_off(before.len())
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

    login.user.tokens_last(5);
    tokio::time::sleep(FORGOTTEN).await;
    assert!(login.read().await.unwrap().is_some());

    let [refused, taken] = &login.reviews(&before)[..] else {
        panic!("not one refusal and one new token: {:#?}", login.reviews(&before))
    };
    assert_eq!(refused.token, before[0].token);
    assert!(refused.outcome.is_err());
    assert_ne!(taken.token, refused.token);
    assert_eq!(taken.outcome.as_ref(), Ok(&login.user.arn));
}

#[tokio::test]
async fn without_its_access_entry_a_principal_is_refused_and_told_which_entry_is_missing() {
    let login = Login::new().await;
    login.read().await.unwrap();
    let before = login.reviews(&[]);

    login.user.shut_out().await;
    tokio::time::sleep(FORGOTTEN).await;
    let error = login.read().await.unwrap_err();
    assert!(error.is_unauthenticated(), "{error}");
    assert_eq!(error.api_code(), Some("Unauthorized"));
    let arn = &login.user.arn;
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
    login.user.let_in(Some(VIEW)).await;
    assert!(login.read().await.unwrap().is_some());
    login.user.shut_out().await;
}
