//! Roles, web identities and shared files.

use std::io::Write;

use super::*;

fn role(role_arn: &str) -> AssumeRole {
    AssumeRole { role_arn: role_arn.into(), ..AssumeRole::default() }
}

fn web(token: WebIdentityToken) -> WebIdentity {
    WebIdentity { role_arn: ROLE.into(), token, ..WebIdentity::default() }
}

/// Settings without keys.
fn keyless(fake: &Fake) -> Settings {
    Settings { access_key: None, secret_key: None, ..fake.settings() }
}

#[tokio::test]
async fn roles_are_assumed_one_after_the_other() {
    let fake = Fake::start(aws).await;
    let assume_role = vec![role(ROLE), role(OTHER_ROLE)];
    let clients = Clients::new(Settings { assume_role, ..fake.settings() }).unwrap();
    list(&clients, None, None).await.unwrap();
    let third = "arn:aws:iam::210987654321:role/of-the-cluster";
    list(&clients, None, Some(third)).await.unwrap();
    let signed: Vec<_> = fake
        .seen()
        .iter()
        .map(|it| (it.key().to_owned(), it.form.get("RoleArn").cloned().unwrap_or_default()))
        .collect();
    let expected = [
        ("AKIDBASE", ROLE),
        ("ASIAROLE", OTHER_ROLE),
        ("ASIAOTHER", ""),
        ("ASIAOTHER", third),
        ("ASIAOTHER", ""),
    ];
    assert_eq!(signed, expected.map(|(key, role)| (key.to_owned(), role.to_owned())));
    assert_eq!(fake.seen()[2].headers["x-amz-security-token"], "token-of-ASIAOTHER");
}

#[tokio::test]
async fn everything_that_is_said_of_a_session_is_sent() {
    let fake = Fake::start(aws).await;
    let assume_role = vec![AssumeRole {
        role_arn: ROLE.into(),
        session_name: Some("ci".into()),
        external_id: Some("partner-7".into()),
        duration: Some(Duration::from_mins(30)),
        policy: Some(r#"{"Version":"2012-10-17"}"#.into()),
        policy_arns: ["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()].into(),
        tags: [("team".to_owned(), "a".to_owned())].into(),
        transitive_tag_keys: ["team".to_owned()].into(),
        source_identity: Some("alice".into()),
    }];
    let clients = Clients::new(Settings { assume_role, ..fake.settings() }).unwrap();
    list(&clients, None, None).await.unwrap();
    let form = &fake.seen()[0].form;
    let expected = [
        ("RoleSessionName", "ci"),
        ("ExternalId", "partner-7"),
        ("DurationSeconds", "1800"),
        ("Policy", r#"{"Version":"2012-10-17"}"#),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "a"),
        ("TransitiveTagKeys.member.1", "team"),
        ("SourceIdentity", "alice"),
    ];
    for (name, value) in expected {
        assert_eq!(form.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[tokio::test]
async fn sessions_are_made_in_the_region_of_sts_if_there_is_one() {
    let fake = Fake::start(aws).await;
    let sts_region = Some("us-east-1".to_owned());
    let assume_role = vec![role(ROLE)];
    let clients = Clients::new(Settings { assume_role, sts_region, ..fake.settings() }).unwrap();
    list(&clients, None, None).await.unwrap();
    assert_eq!(fake.seen()[0].region(), "us-east-1");
    assert_eq!(fake.seen()[1].region(), "eu-west-1");
}

#[tokio::test]
async fn a_web_identity_is_exchanged_without_any_other_credentials() {
    let fake = Fake::start(aws).await;
    let clients = Clients::new(Settings {
        assume_role_with_web_identity: Some(web(WebIdentityToken::Literal("a.b.c".into()))),
        assume_role: vec![role(OTHER_ROLE)],
        ..keyless(&fake)
    })
    .unwrap();
    list(&clients, None, None).await.unwrap();
    let seen = fake.seen();
    assert_eq!(fake.calls(), ["AssumeRoleWithWebIdentity", "AssumeRole", "/clusters"]);
    assert_eq!(seen[0].form["WebIdentityToken"], "a.b.c");
    assert!(!seen[0].headers.contains_key("authorization"));
    assert_eq!(seen[1].key(), "ASIAROLE");
    assert_eq!(seen[2].key(), "ASIAOTHER");
}

#[tokio::test]
async fn a_web_identity_token_is_read_from_its_file() {
    let fake = Fake::start(aws).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "from.the.file").unwrap();
    let token = WebIdentityToken::File(file.path().to_owned());
    let settings =
        |token| Settings { assume_role_with_web_identity: Some(web(token)), ..keyless(&fake) };
    list(&Clients::new(settings(token)).unwrap(), None, None).await.unwrap();
    assert_eq!(fake.seen()[0].form["WebIdentityToken"], "from.the.file");

    let token = WebIdentityToken::File("/nowhere/token".into());
    let error = list(&Clients::new(settings(token)).unwrap(), None, None).await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert!(error.message().starts_with("the web identity token file /nowhere/token cannot be"));
}

/// What HCP Terraform writes for dynamic credentials.
#[tokio::test]
async fn a_shared_config_file_with_a_role_and_a_token_file_works() {
    let fake = Fake::start(aws).await;
    let folder = tempfile::tempdir().unwrap();
    let (config, token) = (folder.path().join("config"), folder.path().join("token"));
    std::fs::write(&token, "hcp.token").unwrap();
    let text = format!(
        "[default]\nrole_arn = {ROLE}\nweb_identity_token_file = {}\nservices = local\n\
         [services local]\nsts =\n  endpoint_url = {}\n",
        token.display(),
        fake.url
    );
    std::fs::write(&config, text).unwrap();
    let clients = Clients::new(Settings {
        profile: Some("default".into()),
        shared_config_files: vec![config],
        shared_credentials_files: vec!["/dev/null".into()],
        ..keyless(&fake)
    })
    .unwrap();
    list(&clients, None, None).await.unwrap();
    let seen = fake.seen();
    assert_eq!(fake.calls(), ["AssumeRoleWithWebIdentity", "/clusters"]);
    assert_eq!(seen[0].form["WebIdentityToken"], "hcp.token");
    assert_eq!(seen[1].key(), "ASIAROLE");
}

#[tokio::test]
async fn a_profile_gives_credentials_region_and_endpoints() {
    let fake = Fake::start(aws).await;
    let folder = tempfile::tempdir().unwrap();
    let (config, keys) = (folder.path().join("config"), folder.path().join("credentials"));
    let text = format!(
        "[profile dev]\nregion = ap-south-1\nservices = local\n[services local]\neks =\n  \
         endpoint_url = {}\n",
        fake.url
    );
    std::fs::write(&config, text).unwrap();
    std::fs::write(&keys, "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\n")
        .unwrap();
    let clients = Clients::new(Settings {
        region: None,
        profile: Some("dev".into()),
        shared_config_files: vec![config],
        shared_credentials_files: vec![keys],
        endpoints: Endpoints::default(),
        ..keyless(&fake)
    })
    .unwrap();
    list(&clients, Some("ap-south-1"), None).await.unwrap();
    assert_eq!(fake.seen()[0].key(), "AKIDDEV");
    assert_eq!(fake.seen()[0].region(), "ap-south-1");
}

#[tokio::test]
async fn a_profile_that_is_not_there_is_named_with_its_files() {
    let fake = Fake::start(aws).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_owned();
    let clients = Clients::new(Settings {
        profile: Some("dev".into()),
        shared_config_files: vec![path.clone()],
        shared_credentials_files: vec![path.clone()],
        ..keyless(&fake)
    })
    .unwrap();
    let error = list(&clients, None, None).await.unwrap_err();
    assert!(error.is_unauthenticated(), "{error}");
    let text = format!("{} {}", error.message(), error.detail());
    assert!(text.contains(&format!("profile \"dev\" of {0} and {0}", path.display())), "{text}");
    assert!(fake.calls().is_empty());
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_says_who_has_to_allow_what() {
    let refusal = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: \
                   sts:AssumeRole on resource: arn:aws:iam::123456789012:role/deployer";
    let fake = Fake::start(|_, _| Answer::xml_error(403, "AccessDenied", refusal)).await;
    let clients = Clients::new(fake.settings()).unwrap();
    let error = list(&clients, None, Some(ROLE)).await.unwrap_err();
    assert!(error.is_forbidden());
    assert!(propagation::role_not_assumable(&error));
    let detail = error.detail();
    assert_eq!(error.summary(), "Looking for AWS credentials");
    assert!(
        detail.contains(&format!("While assuming {ROLE}:\nWhile calling AssumeRole:")),
        "{detail}"
    );
    assert!(
        detail.ends_with(&format!(
            "The trust policy of {ROLE} has to allow sts:AssumeRole to \
             arn:aws:iam::123456789012:user/me, and arn:aws:iam::123456789012:user/me needs a \
             policy that allows sts:AssumeRole on {ROLE}."
        )),
        "{detail}"
    );
}

#[tokio::test]
async fn credentials_that_are_not_accepted_are_named() {
    let fake = Fake::start(|_, _| {
        Answer::json_error(403, "UnrecognizedClientException", "The security token is invalid.")
    })
    .await;
    let clients = Clients::new(fake.settings()).unwrap();
    let error = list(&clients, None, None).await.unwrap_err();
    assert!(error.is_unauthenticated());
    let detail = error.detail();
    let origin = "The credentials came from access_key and secret_key of the provider block.";
    assert!(detail.contains(origin), "{detail}");
    assert!(detail.contains("code UnrecognizedClientException, request id request-1"), "{detail}");
    assert_eq!(fake.calls().len(), 1, "bad credentials are not tried again");
}
