//! No secret reaches the log, not even the SDK's own at its most talkative.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use secrecy::ExposeSecret;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::super::testing::in_environment;
use super::*;

/// Keeps everything that anybody logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut Line(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn no_secret_is_logged_at_any_level() {
    let environment = [
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "canary-environment-key"),
        ("AWS_SESSION_TOKEN", "canary-environment-token"),
    ];
    in_environment(no_secret_is_logged_at_any_level, &environment, || async {
        let log = Log::default();
        tracing::subscriber::set_global_default(log.clone()).unwrap();
        let fake = Fake::start(|seen, nth| {
            let mut answer = aws(seen, nth);
            answer.replace("<SecretAccessKey>secret", "<SecretAccessKey>canary-made-key");
            answer.replace("token-of-", "canary-made-token-");
            answer
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        let text = "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = canary-file-key\n\
                    aws_session_token = canary-file-token\n";
        std::fs::write(&file, text).unwrap();
        let keyless = Settings { access_key: None, secret_key: None, ..fake.settings() };
        let role_arn = ROLE.to_owned();
        let all = [
            Settings {
                secret_key: Some("canary-block-key".into()),
                token: Some("canary-block-token".into()),
                assume_role: vec![AssumeRole { role_arn: role_arn.clone(), ..Default::default() }],
                ..fake.settings()
            },
            Settings {
                assume_role_with_web_identity: Some(WebIdentity {
                    role_arn,
                    token: WebIdentityToken::Literal("canary-web".into()),
                    ..WebIdentity::default()
                }),
                ..keyless.clone()
            },
            Settings {
                profile: Some("dev".into()),
                shared_credentials_files: vec![file],
                ..keyless.clone()
            },
            keyless,
        ];
        let mut secrets = vec!["canary".to_owned()];
        for settings in all {
            let clients = Clients::new(settings).unwrap();
            list(&clients, None, None).await.unwrap();
            let source = token::TokenSource::new(clients, "main", None, None);
            secrets.push(source.token().await.unwrap().secret.expose_secret().to_owned());
        }
        let log = log.0.lock().unwrap();
        assert!(log.contains("credentials loaded"), "nothing was logged");
        for secret in secrets {
            let line = log.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None);
        }
    });
}
