use super::*;
use crate::clients::aws::settings::{AssumeRole, Endpoints, WebIdentity};

fn refused(settings: &Settings) -> (String, String) {
    let error = settings.validate().unwrap_err();
    assert!(error.is_invalid());
    let path = error.path().map(ToString::to_string).unwrap_or_default();
    (path, error.message().to_owned())
}

const ROLE: &str = "arn:aws:iam::123456789012:role/path/deployer";

#[test]
fn empty_settings_are_fine() {
    Settings::default().validate().unwrap();
}

#[test]
fn everything_set_well_is_fine() {
    Settings {
        region: Some("us-gov-west-1".into()),
        sts_region: Some("us-isob-east-1".into()),
        access_key: Some("AKIDEXAMPLE".into()),
        secret_key: Some("secret".into()),
        token: Some("token".into()),
        assume_role: vec![AssumeRole {
            role_arn: ROLE.into(),
            session_name: Some("ci@main".into()),
            duration: Some(Duration::from_mins(15)),
            tags: [("team".to_owned(), "a".to_owned())].into(),
            transitive_tag_keys: ["team".to_owned()].into(),
            ..AssumeRole::default()
        }],
        endpoints: Endpoints { eks: Some("http://127.0.0.1:5000".into()), ..Endpoints::default() },
        allowed_account_ids: ["123456789012".to_owned()].into(),
        https_proxy: Some("http://user:pass@proxy:3128".into()),
        http_proxy: Some("".into()),
        user_agent: Some("pipeline/1.0 (nightly)".into()),
        ..Settings::default()
    }
    .validate()
    .unwrap();
}

#[test]
fn half_a_key_pair_is_refused_at_the_half_that_is_there() {
    let (path, message) =
        refused(&Settings { access_key: Some("AKIDEXAMPLE".into()), ..Settings::default() });
    assert_eq!(path, "access_key");
    assert_eq!(message, "access_key is set without secret_key; expected both or neither");
    let (path, _) = refused(&Settings { secret_key: Some("x".into()), ..Settings::default() });
    assert_eq!(path, "secret_key");
    let (path, _) = refused(&Settings { token: Some("x".into()), ..Settings::default() });
    assert_eq!(path, "token");
}

#[test]
fn a_role_is_refused_where_it_stands_in_the_chain() {
    let good = AssumeRole { role_arn: ROLE.into(), ..AssumeRole::default() };
    let chain =
        |second| Settings { assume_role: vec![good.clone(), second], ..Settings::default() };
    let user = "arn:aws:iam::123456789012:user/x".to_owned();
    let (path, message) = refused(&chain(AssumeRole { role_arn: user, ..good.clone() }));
    assert_eq!(path, "assume_role[1].role_arn");
    assert!(message.starts_with(r#""arn:aws:iam::123456789012:user/x" is not"#), "{message}");
    let (path, _) =
        refused(&chain(AssumeRole { session_name: Some("a b".into()), ..good.clone() }));
    assert_eq!(path, "assume_role[1].session_name");
    let (path, message) =
        refused(&chain(AssumeRole { duration: Some(Duration::from_mins(1)), ..good.clone() }));
    assert_eq!(path, "assume_role[1].duration");
    assert_eq!(message, "the duration of 60 s is out of range; expected 15m to 12h");
    let keys = ["team".to_owned()].into();
    let (path, _) = refused(&chain(AssumeRole { transitive_tag_keys: keys, ..good.clone() }));
    assert_eq!(path, "assume_role[1].transitive_tag_keys");
}

#[test]
fn a_web_identity_without_a_token_is_refused() {
    let web = WebIdentity { role_arn: ROLE.into(), ..WebIdentity::default() };
    let (path, message) = refused(&Settings {
        assume_role_with_web_identity: Some(web.clone()),
        ..Settings::default()
    });
    assert_eq!(path, "assume_role_with_web_identity");
    assert!(message.contains("web_identity_token_file"));
    let empty = WebIdentityToken::Literal("".into());
    let web = WebIdentity { token: empty, ..web };
    refused(&Settings { assume_role_with_web_identity: Some(web), ..Settings::default() });
}

#[test]
fn account_lists_hold_account_ids_and_exclude_each_other() {
    let ids = |id: &str| [id.to_owned()].into();
    let (path, message) =
        refused(&Settings { allowed_account_ids: ids("1234"), ..Settings::default() });
    assert_eq!(path, "allowed_account_ids");
    assert!(message.starts_with(r#""1234" is not the id of an AWS account"#), "{message}");
    let (path, _) = refused(&Settings {
        allowed_account_ids: ids("123456789012"),
        forbidden_account_ids: ids("210987654321"),
        ..Settings::default()
    });
    assert_eq!(path, "forbidden_account_ids");
}

#[test]
fn addresses_have_to_be_urls() {
    let eks = Some("localhost:5000".to_owned());
    let endpoints = Endpoints { eks, ..Endpoints::default() };
    let (path, message) = refused(&Settings { endpoints, ..Settings::default() });
    assert_eq!(path, "endpoints.eks");
    assert!(message.starts_with(r#""localhost:5000" is not an http or https URL"#));
    let (path, _) = refused(&Settings {
        ec2_metadata_service_endpoint: Some("169.254.169.254".into()),
        ..Settings::default()
    });
    assert_eq!(path, "ec2_metadata_service_endpoint");
}

#[test]
fn a_broken_proxy_is_refused_without_showing_its_password() {
    let (path, message) = refused(&Settings {
        https_proxy: Some("ftp://me:hunter2@proxy".into()),
        ..Settings::default()
    });
    assert_eq!(path, "https_proxy");
    assert!(!message.contains("hunter2"));
}

#[test]
fn a_region_cannot_smuggle_in_a_host() {
    for name in ["evil.com/", "eu-west-1.evil.com", "EU-WEST-1", "", "eu"] {
        let (path, _) = refused(&Settings { region: Some(name.into()), ..Settings::default() });
        assert_eq!(path, "region", "{name}");
    }
    for name in ["eu-west-1", "us-gov-east-1", "eusc-de-east-1", "mx-central-1", "cn-north-1"] {
        Settings { region: Some(name.into()), ..Settings::default() }.validate().unwrap();
    }
}

#[test]
fn no_attempts_at_all_and_unsendable_user_agents_are_refused() {
    let (path, _) = refused(&Settings { max_retries: Some(0), ..Settings::default() });
    assert_eq!(path, "max_retries");
    refused(&Settings { user_agent: Some("a\nb".into()), ..Settings::default() });
}

#[test]
fn debug_output_holds_no_secret() {
    let settings = Settings {
        access_key: Some("AKIDEXAMPLE".into()),
        secret_key: Some("hunter2".into()),
        token: Some("hunter2".into()),
        https_proxy: Some("http://me:hunter2@proxy".into()),
        assume_role_with_web_identity: Some(WebIdentity {
            token: WebIdentityToken::Literal("hunter2".into()),
            ..WebIdentity::default()
        }),
        ..Settings::default()
    };
    let text = format!("{settings:?}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("AKIDEXAMPLE"));
}
