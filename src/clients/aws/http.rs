//! The one HTTP client of all AWS calls: TLS, trusted certificates, proxies.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};

use super::settings::{Settings, used};
use crate::framework::{Error, Result};

/// Hosts that no proxy can reach: the credential services of instances,
/// containers and pods, on link-local addresses.
const LINK_LOCAL: &str = "169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23";

/// Makes the client. Reads the certificate bundle; opens no connection.
///
/// # Errors
/// At `custom_ca_bundle` when the file cannot be read or holds no certificate.
pub(super) async fn client(settings: &Settings) -> Result<SharedHttpClient> {
    let tls = TlsContext::builder().with_trust_store(trust(settings).await?).build();
    let tls = tls.map_err(|error| Error::failed(format!("TLS cannot be set up: {error}")))?;
    let no_proxy = match settings.no_proxy.as_deref() {
        Some(hosts) if !hosts.is_empty() => format!("{hosts},{LINK_LOCAL}"),
        _ => LINK_LOCAL.to_owned(),
    };
    let [http, https] = [&settings.http_proxy, &settings.https_proxy]
        .map(|proxy| used(proxy.as_ref()).map(SecretString::expose_secret));
    let through = |proxy: Option<&str>| match proxy.map(ProxyConfig::all) {
        None => Ok(ProxyConfig::disabled()),
        Some(Ok(proxy)) => Ok(proxy.no_proxy(&no_proxy)),
        // `Settings::validate` has parsed it before.
        Some(Err(_)) => Err(Error::bug("a proxy is not a URL, and was not refused before")),
    };
    let secure = connectors(tls.clone(), through(https)?);
    let plain = if http == https { secure.clone() } else { connectors(tls, through(http)?) };
    Ok(SharedHttpClient::new(ByScheme { plain, secure }))
}

async fn trust(settings: &Settings) -> Result<TrustStore> {
    let Some(path) = &settings.custom_ca_bundle else { return Ok(TrustStore::default()) };
    let broken = |what: String| {
        Error::invalid(format!("the certificate bundle {} {what}", path.display()))
            .at("custom_ca_bundle")
            .advise(
                "Expected a file of PEM certificates (-----BEGIN CERTIFICATE-----). It is named by \
                 custom_ca_bundle in the provider block or by AWS_CA_BUNDLE.",
            )
    };
    let pem = tokio::fs::read(path).await;
    let pem = pem.map_err(|error| broken(format!("cannot be read: {error}")))?;
    // The TLS layer panics on what it cannot parse, so that is found here.
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| broken(format!("is not PEM: {error}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let added = roots.add(certificate);
        added.map_err(|error| broken(format!("holds a certificate that is none: {error}")))?;
    }
    if roots.is_empty() {
        return Err(broken("holds no certificate".to_owned()));
    }
    Ok(TrustStore::default().with_pem_certificate(pem))
}

fn connectors(tls: TlsContext, proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder
            .proxy_config(proxy.clone())
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .tls_context(tls.clone())
            .build()
    })
}

/// Two clients in one, since a connector takes one proxy and the schemes may have two.
#[derive(Debug)]
struct ByScheme<T> {
    plain: T,
    secure: T,
}

impl HttpClient for ByScheme<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let plain = self.plain.http_connector(settings, components);
        let secure = self.secure.http_connector(settings, components);
        SharedHttpConnector::new(ByScheme { plain, secure })
    }
}

impl HttpConnector for ByScheme<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("https:") {
            self.secure.call(request)
        } else {
            self.plain.call(request)
        }
    }
}
