//! Mutual TLS as go-plugin's `AutoMTLS` has it: each side makes a certificate for this one process
//! and hands it to the other, the client through the environment, the server in the handshake line.
//!
//! Nobody signs anything, so trust is equality: the client's certificate must be, byte for byte, the
//! one in the environment. rustls's own verifiers would not do: the certificate is self-signed and
//! says that it is a CA, which they refuse for a client. Its key is on P-521, which among rustls's
//! providers only aws-lc-rs verifies; with another the client would find no signature scheme in
//! common, and send no certificate at all.

use std::io;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, ServerConfig};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::incoming::Io;
use crate::framework::error::{Context as _, Error, Result};

/// The name for which go-plugin verifies every server.
const SERVER_NAME: &str = "localhost";

/// A certificate and key made for this process, and the one client that it will talk to.
#[derive(Debug)]
pub(super) struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
    client: CertificateDer<'static>,
}

impl Identity {
    /// Makes a new identity. `client_pem` is the certificate of the client, in PEM.
    pub(super) fn for_client(client_pem: &str) -> Result<Self> {
        let client = parse_client(client_pem).context(|| "reading PLUGIN_CLIENT_CERT")?;
        let (certificate, key) = self_signed()
            .map_err(|error| Error::failed(error.to_string()))
            .context(|| "making a certificate")?;
        Ok(Self { certificate, key, client })
    }

    /// The certificate, in DER, for the client to trust.
    pub(super) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub(super) fn into_acceptor(self) -> Result<Acceptor> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = ExactClient { client: self.client, provider: Arc::clone(&provider) };
        let mut config = ServerConfig::builder_with_provider(provider)
            // 1.2 for hosts whose Go is held to FIPS rules of old.
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|config| {
                config
                    .with_client_cert_verifier(Arc::new(verifier))
                    .with_single_cert(vec![self.certificate], self.key.into())
            })
            .map_err(|error| Error::failed(error.to_string()))
            .context(|| "configuring TLS")?;
        // Hosts refuse a server that does not choose HTTP/2 by name.
        config.alpn_protocols = vec![b"h2".to_vec()];
        // There is one client and it connects once: nothing to resume.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Acceptor(TlsAcceptor::from(Arc::new(config))))
    }
}

/// Lets connections in.
#[derive(Clone)]
pub(super) struct Acceptor(TlsAcceptor);

impl Acceptor {
    /// Performs the handshake on a new connection.
    pub(super) async fn accept(&self, io: Box<dyn Io>) -> io::Result<TlsStream<Box<dyn Io>>> {
        self.0.accept(io).await
    }
}

fn parse_client(pem: &str) -> Result<CertificateDer<'static>> {
    let expected = "expected one certificate in PEM";
    let mut found = CertificateDer::pem_slice_iter(pem.as_bytes());
    let certificate = match (found.next(), found.next()) {
        (Some(Ok(certificate)), None) => certificate,
        (None, _) => return Err(Error::invalid(format!("it holds no certificate, {expected}"))),
        (Some(Err(error)), _) | (_, Some(Err(error))) => {
            return Err(Error::invalid(format!("{error}, {expected}")));
        }
        (Some(_), Some(_)) => {
            return Err(Error::invalid(format!("it holds several certificates, {expected}")));
        }
    };
    ParsedCertificate::try_from(&certificate)
        .map_err(|error| Error::invalid(format!("{error}, {expected}")))?;
    Ok(certificate)
}

/// P-256, the quickest to make that every host accepts. Validity is left as long as can be: the
/// certificate is trusted for being this one and ends with the process, and clocks differ.
fn self_signed() -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([SERVER_NAME.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?;
    Ok((certificate.into(), key.serialize_der().into()))
}

/// Accepts one certificate.
#[derive(Debug)]
struct ExactClient {
    client: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for ExactClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Without hints the client sends what it has.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if *end_entity == self.client {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    // Equality says whose certificate it is; the signatures say that the peer has its key.

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
