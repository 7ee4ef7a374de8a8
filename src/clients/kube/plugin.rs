//! Credential plugins: programs that print a token or a client certificate.
//!
//! The protocol is that of `client.authentication.k8s.io/v1`: what is asked
//! goes in through the environment variable `KUBERNETES_EXEC_INFO`, an
//! `ExecCredential` comes out as JSON. Plugins run without a terminal: nobody
//! could answer a question during a run of Terraform.

use std::fmt;
use std::process::{Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::process::Command;

use super::target::Exec;
use super::token::TokenProvider;
use crate::framework::{Error, Result, Secret};

/// What a plugin printed.
#[derive(Clone, Debug)]
pub(super) struct Credential {
    pub(super) token: Option<Secret>,
    /// Client certificate and key, both PEM.
    pub(super) certificate: Option<(String, Secret)>,
    expires: Option<Timestamp>,
}

/// A plugin with the credential it printed last.
pub(super) struct Plugin {
    exec: Exec,
    /// The `spec.cluster` of the request, when the kubeconfig asks for it.
    cluster: Option<Json>,
    install_hint: Option<String>,
    printed: Mutex<Option<Credential>>,
    /// Held while the plugin runs, so that it runs once for many requests.
    running: tokio::sync::Mutex<()>,
}

/// Long enough for a plugin that asks an identity provider.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// A credential this close to its end is not used for a new request.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

impl Plugin {
    pub(super) fn new(exec: Exec, cluster: Option<Json>, install_hint: Option<String>) -> Self {
        Self {
            exec,
            cluster,
            install_hint,
            printed: Mutex::default(),
            running: tokio::sync::Mutex::default(),
        }
    }

    /// The current credential; runs the plugin when there is none or it expires.
    pub(super) async fn credential(&self) -> Result<Credential> {
        if let Some(credential) = self.current() {
            return Ok(credential);
        }
        let _running = self.running.lock().await;
        if let Some(credential) = self.current() {
            return Ok(credential);
        }
        let credential = self
            .run()
            .await
            .map_err(|error| error.context(format!("running the credential {self}")))?;
        *self.printed.lock().unwrap_or_else(PoisonError::into_inner) = Some(credential.clone());
        Ok(credential)
    }

    fn current(&self) -> Option<Credential> {
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        let good = |credential: &&Credential| {
            credential.expires.is_none_or(|expires| Timestamp::now() + MARGIN < expires)
        };
        printed.as_ref().filter(good).cloned()
    }

    async fn run(&self) -> Result<Credential> {
        let mut spec = json!({ "interactive": false });
        if let Some(cluster) = &self.cluster {
            spec["cluster"] = cluster.clone();
        }
        let asked = json!({
            "apiVersion": self.exec.api_version,
            "kind": "ExecCredential",
            "spec": spec,
        });
        let mut command = Command::new(&self.exec.command);
        command
            .args(&self.exec.args)
            .envs(&self.exec.env)
            .env("KUBERNETES_EXEC_INFO", asked.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        match tokio::time::timeout(TIME_LIMIT, command.output()).await {
            Ok(Ok(output)) => self.read(&output),
            Ok(Err(error)) => Err(self.not_started(&error)),
            Err(_) => Err(Error::unauthenticated(format!(
                "the plugin printed nothing within {} s",
                TIME_LIMIT.as_secs()
            ))),
        }
    }

    fn read(&self, output: &Output) -> Result<Credential> {
        if !output.status.success() {
            // What a plugin says on stderr is for people; stdout is the secret.
            let said = String::from_utf8_lossy(&output.stderr);
            let said: String = said.trim().chars().take(500).collect();
            return Err(Error::unauthenticated(format!(
                "the plugin ended with {}: {said}",
                output.status
            )));
        }
        let printed: Printed = serde_json::from_slice(&output.stdout).map_err(|error| {
            // serde's messages can quote the text: say where, not what.
            Error::unauthenticated(format!(
                "the plugin printed no ExecCredential in JSON (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        if printed.api_version != self.exec.api_version {
            return Err(Error::unauthenticated(format!(
                "the plugin printed an ExecCredential of {:?}: expected {:?}",
                printed.api_version, self.exec.api_version
            )));
        }
        let status = printed.status.unwrap_or_default();
        let credential = Credential {
            token: status.token.filter(|token| !token.is_empty()).map(Secret::from),
            certificate: status
                .client_certificate_data
                .zip(status.client_key_data.map(Secret::from)),
            expires: status.expiration_timestamp,
        };
        if credential.token.is_none() && credential.certificate.is_none() {
            return Err(Error::unauthenticated(
                "the plugin printed neither a token nor a client certificate with its key",
            ));
        }
        Ok(credential)
    }

    fn not_started(&self, error: &std::io::Error) -> Error {
        let command = &self.exec.command;
        if error.kind() != std::io::ErrorKind::NotFound {
            return Error::failed(format!("{command:?} cannot be run: {error}"));
        }
        let missing =
            Error::failed(format!("{command:?} was not found: expected a program in PATH"));
        let program = command.rsplit(['/', '\\']).next().unwrap_or_default();
        if program.starts_with("aws") {
            return missing.advise(
                "The provider makes EKS tokens by itself: give the cluster by its name, as in \
                 cluster = { name = \"main\" }, and no program is needed.",
            );
        }
        match &self.install_hint {
            Some(hint) => missing.advise(hint.trim().to_string()),
            None => missing,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    api_version: String,
    status: Option<PrintedStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrintedStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

#[async_trait]
impl TokenProvider for Plugin {
    async fn token(&self) -> Result<SecretString> {
        match self.credential().await?.token {
            Some(token) => Ok(token.expose().into()),
            None => Err(Error::unauthenticated(format!(
                "the credential {self} printed a token before and now prints a certificate"
            ))),
        }
    }

    fn invalidate(&self) {
        *self.printed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn describe(&self) -> String {
        format!("the credential {self}")
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {:?}", self.exec.command)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret;

    use super::*;

    fn shell(script: &str) -> Plugin {
        let exec = Exec {
            api_version: "client.authentication.k8s.io/v1".into(),
            command: "sh".into(),
            args: vec!["-c".into(), script.into()],
            env: BTreeMap::from([("WHO".into(), "me".into())]),
        };
        Plugin::new(exec, Some(json!({ "server": "https://a" })), None)
    }

    fn printing(status: &str) -> String {
        format!(
            "printf '%s' '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\
             \"kind\":\"ExecCredential\",\"status\":{status}}}'"
        )
    }

    #[tokio::test]
    async fn a_plugin_is_told_what_is_asked_and_its_token_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = format!(
            "printf '%s %s\\n' \"$WHO\" \"$KUBERNETES_EXEC_INFO\" >> {}; {}",
            log.display(),
            printing(r#"{"token":"abc"}"#)
        );
        let plugin = shell(&script);
        for _ in 0..2 {
            assert_eq!(plugin.token().await.unwrap().expose_secret(), "abc");
        }
        let runs = std::fs::read_to_string(&log).unwrap();
        assert_eq!(runs.lines().count(), 1, "the token is kept");
        assert!(runs.starts_with("me {") && runs.contains(r#""server":"https://a""#), "{runs}");
        plugin.invalidate();
        plugin.token().await.unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 2);
    }

    #[tokio::test]
    async fn a_token_about_to_expire_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let soon = Timestamp::now() + SignedDuration::from_secs(30);
        let status = format!(r#"{{"token":"abc","expirationTimestamp":"{soon}"}}"#);
        let plugin = shell(&format!("echo run >> {}; {}", log.display(), printing(&status)));
        plugin.token().await.unwrap();
        plugin.token().await.unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 2);
    }

    #[tokio::test]
    async fn a_certificate_is_taken_with_its_key() {
        let plugin = shell(&printing(r#"{"clientCertificateData":"CERT","clientKeyData":"KEY"}"#));
        let (certificate, key) = plugin.credential().await.unwrap().certificate.unwrap();
        assert_eq!((certificate.as_str(), key.expose()), ("CERT", "KEY"));
    }

    #[tokio::test]
    async fn a_failing_plugin_is_quoted_without_its_output() {
        let error = shell("echo s3cret; echo 'no session' >&2; exit 3").token().await.unwrap_err();
        assert!(error.is_unauthenticated());
        assert_eq!(
            error.to_string(),
            "running the credential plugin \"sh\": the plugin ended with exit status: 3: no session"
        );
        let error = shell("echo s3cret").token().await.unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_aws_program_is_answered_with_the_way_that_needs_none() {
        let exec = Exec { command: "/nowhere/aws".into(), ..shell("").exec };
        let error = Plugin::new(exec, None, None).token().await.unwrap_err();
        assert!(error.message().contains("was not found"), "{error}");
        assert!(error.detail().contains("cluster = { name = \"main\" }"), "{}", error.detail());
    }
}
