//! Where bearer tokens come from.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use secrecy::SecretString;

use crate::framework::{Error, Result, Secret};

/// A source of bearer tokens, which keeps the current one as long as it is good.
#[async_trait]
pub trait TokenProvider: Send + Sync {
    /// A token to send now. Called for every request, so it answers from memory
    /// whenever it can.
    async fn token(&self) -> Result<SecretString>;

    /// The API server refused the current token: the next call of
    /// [`token`](Self::token) makes a new one.
    fn invalidate(&self);

    /// Whom the tokens stand for, as far as it is known: the ARN of a role, or
    /// `the configured token`.
    fn describe(&self) -> String;

    /// Whom the tokens stand for, as exactly as it can be found out. Asked once,
    /// when the API server has refused them.
    async fn identify(&self) -> Principal {
        Principal { name: self.describe(), access_entry: None }
    }
}

/// Who logs in to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// As an error message names it: an ARN, or `the configured token`.
    pub name: String,
    /// The `principal_arn` that an EKS access entry for it has.
    pub access_entry: Option<String>,
}

/// A token from the configuration: there is only this one.
#[derive(Debug)]
pub(super) struct ConfiguredToken(pub(super) Secret);

#[async_trait]
impl TokenProvider for ConfiguredToken {
    async fn token(&self) -> Result<SecretString> {
        Ok(self.0.expose().into())
    }

    fn invalidate(&self) {}

    fn describe(&self) -> String {
        "the configured token".into()
    }
}

/// A token in a file that somebody else renews, such as the projected token of
/// a pod, which the kubelet replaces after 80 % of its life.
pub(super) struct TokenFile {
    path: PathBuf,
    read: Mutex<Option<(SecretString, Instant)>>,
}

/// The age at which client-go reads such a file again.
const FILE_AGE: Duration = Duration::from_mins(1);

impl TokenFile {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), read: Mutex::new(None) }
    }
}

#[async_trait]
impl TokenProvider for TokenFile {
    async fn token(&self) -> Result<SecretString> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some((token, at)) if at.elapsed() < FILE_AGE => Ok(token.clone()),
            // A short local file: not worth a thread of its own.
            _ => match std::fs::read_to_string(&self.path) {
                Ok(text) => {
                    let token = SecretString::from(text.trim());
                    *read = Some((token.clone(), Instant::now()));
                    Ok(token)
                }
                Err(error) => Err(Error::unauthenticated(format!(
                    "the token file {} cannot be read: {error}",
                    self.path.display()
                ))),
            },
        }
    }

    fn invalidate(&self) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn describe(&self) -> String {
        format!("the token in {}", self.path.display())
    }
}

impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFile").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[tokio::test]
    async fn a_token_file_is_read_again_when_its_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "first\n").unwrap();
        let file = TokenFile::new(&path);
        assert_eq!(file.token().await.unwrap().expose_secret(), "first");
        std::fs::write(&path, "second\n").unwrap();
        assert_eq!(file.token().await.unwrap().expose_secret(), "first");
        file.invalidate();
        assert_eq!(file.token().await.unwrap().expose_secret(), "second");
    }

    #[tokio::test]
    async fn a_missing_token_file_is_named() {
        let error = TokenFile::new("/nowhere/token").token().await.unwrap_err();
        assert!(error.is_unauthenticated());
        assert!(error.message().starts_with("the token file /nowhere/token cannot be read"));
    }
}
