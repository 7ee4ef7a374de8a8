//! What the environment decides, each in a process of its own.

use super::super::testing::in_environment;
use super::*;

const NO_METADATA: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

fn nothing() -> Settings {
    Settings { region: Some("eu-west-1".into()), ..Settings::default() }
}

#[test]
fn without_any_credentials_every_place_that_was_looked_at_is_named() {
    in_environment(
        without_any_credentials_every_place_that_was_looked_at_is_named,
        &[NO_METADATA],
        || async {
            let error = Clients::new(nothing()).unwrap().caller().await.unwrap_err();
            assert!(error.is_unauthenticated());
            assert_eq!(
                error.message(),
                "no AWS credentials were found in the environment (AWS_ACCESS_KEY_ID, \
             AWS_SECRET_ACCESS_KEY); the default profile of ~/.aws/config \
             and ~/.aws/credentials; the web identity of the environment \
             (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN); the container or pod \
             (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI); the EC2 instance metadata service"
            );
            assert!(error.detail().contains("aws sso login"));
        },
    );
}

#[test]
fn without_a_region_every_place_that_was_looked_at_is_named() {
    in_environment(
        without_a_region_every_place_that_was_looked_at_is_named,
        &[NO_METADATA],
        || async {
            let error =
                Clients::new(Settings::default()).unwrap().eks(None, None).await.unwrap_err();
            assert!(error.is_invalid());
            assert_eq!(error.path().unwrap().to_string(), "region");
            assert_eq!(
                error.message(),
                "no AWS Region is set; looked at region in the provider block; AWS_REGION and \
             AWS_DEFAULT_REGION; the default profile of ~/.aws/config and \
             ~/.aws/credentials; the EC2 instance metadata service"
            );
        },
    );
}

#[test]
fn the_metadata_service_is_never_asked_through_a_proxy() {
    in_environment(the_metadata_service_is_never_asked_through_a_proxy, &[], || async {
        let proxy = Fake::start(aws).await;
        let http_proxy = Some(proxy.url.clone().into());
        let clients = Clients::new(Settings { http_proxy, ..nothing() }).unwrap();
        let asked = tokio::time::timeout(Duration::from_millis(500), clients.caller());
        // There may be such a service, or none, or no answer: not from the proxy, at any rate.
        let _ = asked.await;
        assert_eq!(proxy.calls(), Vec::<String>::new());
    });
}

#[test]
fn a_profile_of_the_settings_wins_over_keys_of_the_environment() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "s"), NO_METADATA];
    in_environment(a_profile_of_the_settings_wins_over_keys_of_the_environment, &keys, || async {
        let fake = Fake::start(aws).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        let text = "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\n";
        std::fs::write(&file, text).unwrap();
        let settings = |profile| Settings {
            profile,
            endpoints: fake.settings().endpoints,
            shared_credentials_files: vec![file.clone()],
            ..nothing()
        };
        list(&Clients::new(settings(None)).unwrap(), None, None).await.unwrap();
        list(&Clients::new(settings(Some("dev".into()))).unwrap(), None, None).await.unwrap();
        let keys: Vec<_> = fake.seen().iter().map(|seen| seen.key().to_owned()).collect();
        assert_eq!(keys, ["AKIDENV", "AKIDDEV"]);
    });
}

#[test]
fn region_and_endpoints_of_the_environment_serve_where_the_settings_are_silent() {
    // A port of the discard protocol: nobody listens there.
    let variables = [
        ("AWS_REGION", "ap-south-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_ENDPOINT_URL_EKS", "http://127.0.0.1:9"),
        NO_METADATA,
    ];
    in_environment(
        region_and_endpoints_of_the_environment_serve_where_the_settings_are_silent,
        &variables,
        || async {
            let fake = Fake::start(aws).await;
            let silent = Settings { max_retries: Some(1), ..Settings::default() };
            let clients = Clients::new(silent.clone()).unwrap();
            let error = list(&clients, None, None).await.unwrap_err();
            assert!(error.message().starts_with("no answer from 127.0.0.1:9"), "{error}");
            assert_eq!(clients.region().await.unwrap(), "ap-south-1");
            let endpoints = fake.settings().endpoints;
            list(&Clients::new(Settings { endpoints, ..silent }).unwrap(), None, None)
                .await
                .unwrap();
            assert_eq!(fake.seen()[0].region(), "ap-south-1");
        },
    );
}

#[test]
fn a_region_of_the_environment_that_is_empty_or_none_is_not_used() {
    let test = a_region_of_the_environment_that_is_empty_or_none_is_not_used;
    in_environment(test, &[("AWS_REGION", ""), NO_METADATA], || async {
        let error = Clients::new(Settings::default()).unwrap().region().await.unwrap_err();
        assert!(error.message().starts_with("no AWS Region is set"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, "[default]\nregion = Frankfurt\n").unwrap();
        let shared_config_files = vec![file];
        let settings = Settings { shared_config_files, ..Settings::default() };
        let error = Clients::new(settings).unwrap().region().await.unwrap_err();
        assert!(error.message().starts_with("\"Frankfurt\" is not the code"), "{error}");
    });
}

#[test]
fn values_in_the_environment_that_the_sdk_would_panic_at_do_no_harm() {
    let variables = [("AWS_MAX_ATTEMPTS", "0"), ("AWS_RETRY_MODE", "often"), NO_METADATA];
    in_environment(
        values_in_the_environment_that_the_sdk_would_panic_at_do_no_harm,
        &variables,
        || async {
            let fake = Fake::start(aws).await;
            list(&Clients::new(fake.settings()).unwrap(), None, None).await.unwrap();
        },
    );
}

#[test]
fn a_broken_profile_ends_the_search() {
    let variables = [("AWS_PROFILE", "dev"), NO_METADATA];
    in_environment(a_broken_profile_ends_the_search, &variables, || async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, "[profile dev]\nrole_arn = x\nsource_profile = gone\n").unwrap();
        let shared_config_files = vec![file];
        let ambient_profile = Some("dev".to_owned());
        let settings = Settings { ambient_profile, shared_config_files, ..nothing() };
        let error = Clients::new(settings).unwrap().caller().await.unwrap_err();
        assert!(error.is_unauthenticated());
        let text = error.to_string();
        let from = "taking AWS credentials from profile \"dev\" (AWS_PROFILE)";
        assert!(text.contains(from), "{text}");
        assert!(error.message().contains("gone"), "{error}");
    });
}

/// What goes wrong with a profile is said once, in words.
#[test]
fn what_is_wrong_with_a_profile_is_said() {
    let metadata = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")];
    in_environment(what_is_wrong_with_a_profile_is_said, &metadata, || async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let text = "[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\n\
                    sso_role_name = dev\n[sso-session corp]\nsso_region = eu-west-1\n\
                    sso_start_url = https://corp.awsapps.com/start\n\
                    [profile process]\ncredential_process = exit 3\n\
                    [profile half]\naws_access_key_id = AKIDHALF\n\
                    [profile empty]\noutput = json\n\
                    [profile keys]\naws_access_key_id = AKIDKEYS\naws_secret_access_key = s\n\
                    [profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\n\
                    source_profile = keys\nservices = gone\n\
                    [services gone]\nsts =\n  endpoint_url = http://127.0.0.1:9\n";
        std::fs::write(&file, text).unwrap();
        let told = async |profile: &str| {
            let settings = Settings {
                profile: Some(profile.to_owned()),
                shared_config_files: vec![file.clone()],
                max_retries: Some(2),
                ..nothing()
            };
            let error = Clients::new(settings).unwrap().caller().await.unwrap_err();
            (error.message().to_owned(), error.detail())
        };
        let (message, detail) = told("sso").await;
        assert!(message.ends_with("failed to load the cached SSO token"), "{message}");
        assert!(detail.ends_with("Run `aws sso login` for this profile, and try again."));
        let (message, _) = told("process").await;
        assert!(message.contains("external process exited with code exit status: 3"), "{message}");
        let (message, _) = told("half").await;
        assert!(message.ends_with("profile missing aws_secret_access_key"), "{message}");
        let (message, _) = told("empty").await;
        let path = file.display();
        assert_eq!(
            message,
            format!(
                "no AWS credentials were found in profile \"empty\" of {path} and \
                 ~/.aws/credentials"
            )
        );
        let (message, detail) = told("role").await;
        assert!(message.starts_with("no answer from AWS: tcp connect error:"), "{message}");
        assert!(detail.contains("While calling AssumeRole:"), "{detail}");
    });
}
