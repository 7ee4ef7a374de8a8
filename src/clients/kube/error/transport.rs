//! Failures below HTTP: names, connections, certificates.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::iter;

use hyper_util::client::legacy::Error as HyperError;
use rustls::{CertificateError, Error as TlsError};

use super::{About, Cause, Failure};
use crate::framework::Error;

type Boxed = Box<dyn StdError + Send + Sync>;

impl Failure {
    /// From a request that got no answer.
    pub(in super::super) fn from_kube(error: kube::Error, about: &About) -> Self {
        let below: Boxed = match error {
            kube::Error::Service(below) => below,
            other => Box::new(other),
        };
        match below.downcast::<Error>() {
            // The token could not be made: its error says why.
            Ok(own) => Self::unsent(*own),
            Err(below) => unanswered(below, about),
        }
    }

    /// From what failed before anything was sent.
    pub(in super::super) fn unsent(error: Error) -> Self {
        let cause = if error.is_transient() { Cause::Unreachable } else { Cause::Other };
        Self::new(cause, error)
    }

    /// From a request that was given up.
    pub(in super::super) fn no_answer(seconds: u64, about: &About) -> Self {
        let error = Error::unavailable(format!("{} gave no answer within {seconds} s", about.url));
        Self::new(Cause::Unavailable, error)
    }
}

fn unanswered(below: Boxed, about: &About) -> Failure {
    let url = &about.url;
    let (cause, error) = if let Some(tls) = chain(&*below).find_map(as_tls) {
        (Cause::Other, untrusted(tls, about))
    } else if chain(&*below).any(is_connect) {
        let (why, advice) = unreachable(&*below);
        let error = Error::unavailable(format!("{url} cannot be reached: {why}")).advise(advice);
        (Cause::Unreachable, error)
    } else {
        let why = innermost(&*below);
        let error = Error::unavailable(format!("the connection to {url} broke off: {why}"));
        (Cause::Unavailable, error)
    };
    Failure::new(cause, error.caused_by(Below(below)))
}

fn unreachable(below: &(dyn StdError + 'static)) -> (String, &'static str) {
    // The resolver's errors have no kind of their own.
    if chain(below).any(|error| error.to_string().starts_with("dns error")) {
        return (
            "its name does not resolve".into(),
            "Check the host. The name of a private EKS endpoint resolves only inside its VPC.",
        );
    }
    match chain(below).find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => (
            "the connection is refused".into(),
            "Check the host and port, and that the API server runs.",
        ),
        Some(io::ErrorKind::TimedOut) => (
            "it does not answer".into(),
            "Check the network path: security groups, the public access CIDRs of the cluster's \
             endpoint, a VPN, or a proxy (HTTPS_PROXY, NO_PROXY).",
        ),
        _ => (innermost(below), "Check the host, the proxy if there is one, and the network path."),
    }
}

fn untrusted(tls: &TlsError, about: &About) -> Error {
    let url = &about.url;
    match tls {
        // A cluster made again under its name has another key for the same issuer.
        TlsError::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => Error::failed(format!(
            "the certificate of {url} does not come from the configured certificate authority"
        ))
        .advise(if about.eks {
            "Something between Terraform and the EKS endpoint may replace the certificate, such as \
             a TLS-inspecting proxy."
        } else {
            "Set cluster_ca_certificate to the certificate authority of this cluster."
        }),
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Error::failed(format!("the certificate of {url} is for another name ({tls})"))
            .advise("Use a host that the certificate names, or set tls_server_name."),
        TlsError::AlertReceived(alert) => Error::unauthenticated(format!(
            "{url} refused the connection during the TLS handshake: {alert:?}"
        ))
        .advise("Check client_certificate and client_key."),
        _ => Error::failed(format!("no secure connection to {url}: {tls}")),
    }
}

/// The error and everything that caused it.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

fn is_connect(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<HyperError>().is_some_and(HyperError::is_connect)
}

/// `io::Error` hides the error it was made of from [`StdError::source`].
fn as_tls<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a TlsError> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inside) => as_tls(inside),
        None => error.downcast_ref(),
    }
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// A boxed error as an error.
struct Below(Boxed);

impl fmt::Display for Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Below {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
