use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clients::aws::testing::{Answer, Fake};

fn cluster(status: &str) -> Value {
    json!({
        "name": "main",
        "arn": "arn:aws:eks:eu-west-1:123456789012:cluster/main",
        "endpoint": "https://abc.gr7.eu-west-1.eks.amazonaws.com",
        "certificateAuthority": { "data": BASE64_STANDARD.encode("-----BEGIN CERTIFICATE-----") },
        "version": "1.34",
        "identity": { "oidc": { "issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC" } },
        "accessConfig": { "authenticationMode": "API" },
        "status": status,
    })
}

fn described(cluster: &Value) -> Answer {
    Answer::new(200, json!({ "cluster": cluster }).to_string())
}

fn deadline() -> Deadline {
    Deadline::new(Duration::from_secs(10), CancellationToken::new())
}

async fn describe(fake: &Fake) -> Result<Arc<ClusterInfo>> {
    let clients = Clients::new(fake.settings()).unwrap();
    describe_cluster(&clients, "main", None, None, &deadline()).await
}

#[tokio::test]
async fn a_cluster_is_described_once_however_many_ask() {
    let fake = Fake::start(|_, _| described(&cluster("ACTIVE"))).await;
    let clients = Clients::new(fake.settings()).unwrap();
    let deadline = deadline();
    let ask = || describe_cluster(&clients, "main", None, None, &deadline);
    let all = futures::future::try_join_all((0..10).map(|_| ask())).await.unwrap();
    assert_eq!(
        *all[9],
        ClusterInfo {
            name: "main".into(),
            id: None,
            arn: "arn:aws:eks:eu-west-1:123456789012:cluster/main".into(),
            endpoint: "https://abc.gr7.eu-west-1.eks.amazonaws.com".into(),
            ca_pem: "-----BEGIN CERTIFICATE-----".into(),
            version: "1.34".into(),
            oidc_issuer: Some("https://oidc.eks.eu-west-1.amazonaws.com/id/ABC".into()),
            authentication_mode: Some("API".into()),
            status: "ACTIVE".into(),
        }
    );
    assert_eq!(fake.calls(), ["/clusters/main"]);
    forget_cluster(&clients, "main", None, None);
    ask().await.unwrap();
    assert_eq!(fake.calls().len(), 2);
    describe_cluster(&clients, "main", Some("us-east-2"), None, &deadline).await.unwrap();
    assert_eq!(fake.calls().len(), 3, "another region is another cluster");
}

#[tokio::test]
async fn a_cluster_that_is_being_made_is_waited_for() {
    let fake = Fake::start(|_, nth| match nth {
        0 => described(&json!({ "name": "main", "status": "CREATING" })),
        _ => described(&cluster("ACTIVE")),
    })
    .await;
    assert_eq!(describe(&fake).await.unwrap().status, "ACTIVE");
    assert_eq!(fake.calls().len(), 2);
}

#[tokio::test]
async fn a_wait_in_vain_says_what_the_cluster_was_doing() {
    let creating = || described(&json!({ "name": "main", "status": "CREATING" }));
    let fake = Fake::start(move |_, _| creating()).await;
    let clients = Clients::new(fake.settings()).unwrap();
    let short = deadline().at_most(Duration::from_millis(300));
    let error = describe_cluster(&clients, "main", None, None, &short).await.unwrap_err();
    assert!(error.is_timed_out());
    assert!(error.message().ends_with("the last state seen: status CREATING"), "{error}");
    assert_eq!(error.summary(), r#"Looking up EKS cluster "main""#);
}

#[tokio::test]
async fn a_cluster_being_updated_can_be_talked_to() {
    let fake = Fake::start(|_, _| described(&cluster("UPDATING"))).await;
    assert_eq!(describe(&fake).await.unwrap().status, "UPDATING");
}

#[tokio::test]
async fn an_absent_cluster_is_not_found_and_asked_for_again_next_time() {
    let fake = Fake::start(|_, nth| match nth {
        0 => {
            Answer::json_error(404, "ResourceNotFoundException", "No cluster found for name: main.")
        }
        _ => described(&cluster("ACTIVE")),
    })
    .await;
    let clients = Clients::new(fake.settings()).unwrap();
    let ask = async || describe_cluster(&clients, "main", None, None, &deadline()).await;
    let error = ask().await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.message(), "No cluster found for name: main");
    assert!(error.detail().contains("depends_on"));
    ask().await.unwrap();
}

#[tokio::test]
async fn clusters_that_are_going_or_have_failed_end_the_wait() {
    let fake = Fake::start(|_, _| described(&cluster("DELETING"))).await;
    assert!(describe(&fake).await.unwrap_err().is_conflict());
    let fake = Fake::start(|_, _| {
        let mut failed = cluster("FAILED");
        failed["health"] = json!({ "issues": [
            { "code": "Ec2SubnetNotFound", "message": "subnet-1 is gone" },
        ] });
        described(&failed)
    })
    .await;
    let error = describe(&fake).await.unwrap_err();
    assert_eq!(
        error.message(),
        r#"EKS cluster "main" has status FAILED; Ec2SubnetNotFound: subnet-1 is gone"#
    );
}

#[tokio::test]
async fn an_active_cluster_without_an_authority_is_refused() {
    let mut odd = cluster("ACTIVE");
    odd["certificateAuthority"] = json!({ "data": "%%%" });
    let fake = Fake::start(move |_, _| described(&odd)).await;
    let error = describe(&fake).await.unwrap_err();
    assert!(error.message().ends_with("no certificate authority that is base64 of PEM"));
}

#[test]
fn a_local_cluster_on_outposts_goes_by_its_id_in_tokens() {
    let aws: Cluster = Cluster::builder()
        .id("0b7e-local")
        .arn("arn")
        .endpoint("https://x")
        .certificate_authority(
            aws_sdk_eks::types::Certificate::builder().data(BASE64_STANDARD.encode("pem")).build(),
        )
        .build();
    let local = info(aws, "main", "ACTIVE".into()).unwrap();
    assert_eq!(local.token_id(), "0b7e-local");
    assert_eq!(ClusterInfo { id: None, ..local }.token_id(), "main");
}
