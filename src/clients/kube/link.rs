//! From a [`Target`] to everything that is needed to dial.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Uri;
use kube::Config;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::authorize::Authorization;
use super::kubeconfig;
use super::plugin::Plugin;
use super::target::{Direct, Eks, Login, Target};
use super::token::{ConfiguredToken, TokenFile, TokenProvider};
use crate::framework::{Error, Result};

/// Finds EKS clusters. The AWS side of the provider implements it, so that this
/// side knows nothing of AWS.
#[async_trait]
pub trait ClusterResolver: Send + Sync {
    /// Finds the cluster `name`, in `region` or else the provider's, with the
    /// credentials of `role_arn` or else the provider's.
    ///
    /// # Errors
    /// When there is no such cluster, it has no endpoint yet, or it may not be
    /// described.
    async fn resolve(
        &self,
        name: &str,
        region: Option<&str>,
        role_arn: Option<&str>,
    ) -> Result<Resolved>;
}

/// An EKS cluster that was found.
#[derive(Clone)]
pub struct Resolved {
    /// `https://` URL of the API server.
    pub endpoint: String,
    /// Certificates that the server's certificate comes from, as PEM or base64 of PEM.
    pub ca_pem: String,
    /// Tokens for this cluster.
    pub token: Arc<dyn TokenProvider>,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// What the run's surroundings say about every connection.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// Proxy for `https` (`HTTPS_PROXY`), unless the target names its own.
    pub https_proxy: Option<String>,
    /// Hosts that are reached without that proxy (`NO_PROXY`).
    pub no_proxy: Option<String>,
    /// What `~/` means in paths of kubeconfig files.
    pub home: Option<PathBuf>,
}

/// Everything that is needed to dial one cluster.
pub(super) struct Link {
    /// Address, TLS and impersonation. Its own logins and proxy are not used.
    pub(super) config: Config,
    pub(super) authorization: Authorization,
    /// The target's own proxy.
    pub(super) proxy: Option<Uri>,
}

impl Link {
    pub(super) async fn find(
        target: &Target,
        resolver: &dyn ClusterResolver,
        surroundings: &Surroundings,
    ) -> Result<Self> {
        match target {
            Target::Eks(eks) => Self::eks(eks, resolver).await,
            Target::Direct(direct) => Self::direct(direct).await,
            Target::Kubeconfig(file) => kubeconfig::link(file, surroundings.home.as_deref()).await,
            Target::InCluster => Self::in_cluster(),
        }
    }

    async fn eks(eks: &Eks, resolver: &dyn ClusterResolver) -> Result<Self> {
        let Eks { name, region, role_arn } = eks;
        let found = resolver.resolve(name, region.as_deref(), role_arn.as_deref()).await;
        let found = found.map_err(|error| absent(error, name))?;
        let mut config = Config::new(uri(&found.endpoint)?);
        config.root_cert = Some(certificates(&found.ca_pem)?);
        let authorization = Authorization::bearer(found.token);
        Ok(Self { config, authorization, proxy: None })
    }

    async fn direct(direct: &Direct) -> Result<Self> {
        let mut config = Config::new(uri(direct.host.as_str())?);
        config.accept_invalid_certs = direct.insecure;
        config.tls_server_name.clone_from(&direct.tls_server_name);
        if let Some(pem) = &direct.cluster_ca_certificate {
            config.root_cert =
                Some(certificates(pem).map_err(|error| error.at("cluster_ca_certificate"))?);
        }
        let authorization = match &direct.login {
            Login::Token(token) => Authorization::bearer(Arc::new(ConfiguredToken(token.clone()))),
            Login::Password { username, password } => {
                Authorization::basic(username, password.expose())?
            }
            Login::Certificate { certificate, key } => {
                identity(&mut config, certificate, key.expose());
                Authorization::None
            }
            Login::Exec(exec) => plugin(&mut config, Plugin::new(exec.clone(), None, None)).await?,
        };
        let proxy = direct.proxy_url.as_ref().map(|proxy| uri(proxy.as_str())).transpose()?;
        Ok(Self { config, authorization, proxy })
    }

    fn in_cluster() -> Result<Self> {
        let mut config = Config::incluster().map_err(|error| {
            Error::failed(format!("in_cluster is set, and this is not a pod: {error}"))
                .caused_by(error)
                .advise(
                    "Run Terraform in a pod with a service account, or give the cluster by name, \
                     host or config_path.",
                )
        })?;
        let authorization = match config.auth_info.token_file.take() {
            Some(path) => Authorization::bearer(Arc::new(TokenFile::new(path))),
            None => Authorization::None,
        };
        Ok(Self { config, authorization, proxy: None })
    }
}

/// Runs the plugin once, because only then is it known which of the two it gives.
pub(super) async fn plugin(config: &mut Config, plugin: Plugin) -> Result<Authorization> {
    let credential = plugin.credential().await?;
    if let Some((certificate, key)) = &credential.certificate {
        identity(config, certificate, key.expose());
    }
    Ok(match credential.token {
        Some(_) => Authorization::bearer(Arc::new(plugin)),
        None => Authorization::None,
    })
}

/// Sets the client's certificate, in the encoding that kubeconfig files have.
fn identity(config: &mut Config, certificate: &str, key: &str) {
    config.auth_info.client_certificate_data = Some(BASE64_STANDARD.encode(certificate));
    config.auth_info.client_key_data = Some(BASE64_STANDARD.encode(key).into());
}

/// The certificates in `text`, as DER.
///
/// AWS and kubeconfig files hold base64 of PEM, `base64decode` of it is PEM;
/// both are taken, since either is a frequent slip for the other.
fn certificates(text: &str) -> Result<Vec<Vec<u8>>> {
    let wrong =
        |why: String| Error::invalid(format!("the certificate authority {why}: expected PEM"));
    let pem = if text.contains("-----BEGIN") {
        text.as_bytes().to_vec()
    } else {
        let packed: String = text.split_whitespace().collect();
        let decoded = BASE64_STANDARD.decode(packed);
        decoded.map_err(|_| wrong("is neither PEM nor base64 of PEM".into()))?
    };
    let found = CertificateDer::pem_slice_iter(&pem)
        .map(|found| found.map(|certificate| certificate.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(format!("cannot be read ({error})")))?;
    if found.is_empty() {
        return Err(wrong("holds no certificate".into()));
    }
    Ok(found)
}

fn uri(text: &str) -> Result<Uri> {
    text.parse().map_err(|error| Error::invalid(format!("{text:?} is not a URL: {error}")))
}

/// A cluster that is not there must not be taken for an object that is not
/// there: that would drop the object from the state.
fn absent(error: Error, name: &str) -> Error {
    if !error.is_not_found() {
        return error;
    }
    let code = error.api_code().map(str::to_string);
    let failed = Error::failed(error.message()).caused_by(error).advise(format!(
        "Check the region and the account of EKS cluster {name:?}. If the cluster is gone for \
         good, its objects are gone with it: take them out of the state with `tofu state rm` \
         (`terraform state rm`)."
    ));
    match code {
        Some(code) => failed.code(code),
        None => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> String {
        rcgen::generate_simple_self_signed(["a".into()]).unwrap().cert.pem()
    }

    #[test]
    fn a_certificate_authority_may_be_pem_or_base64_of_pem() {
        let pem = pem();
        let der = certificates(&pem).unwrap();
        assert_eq!(der.len(), 1);
        assert_eq!(certificates(&BASE64_STANDARD.encode(&pem)).unwrap(), der);
        assert_eq!(certificates(&format!("{pem}{pem}")).unwrap().len(), 2);
    }

    #[test]
    fn a_certificate_authority_that_is_neither_is_refused() {
        for text in ["mock", "bW9jaw==", ""] {
            let error = certificates(text).unwrap_err();
            assert!(error.is_invalid() && error.message().ends_with("expected PEM"), "{error}");
        }
    }

    struct Nowhere;

    #[async_trait]
    impl ClusterResolver for Nowhere {
        async fn resolve(&self, _: &str, _: Option<&str>, _: Option<&str>) -> Result<Resolved> {
            Err(Error::not_found("no cluster found for name: main.")
                .code("ResourceNotFoundException"))
        }
    }

    #[tokio::test]
    async fn a_cluster_that_is_not_found_is_no_object_that_is_not_found() {
        let target = Target::Eks(Eks { name: "main".into(), region: None, role_arn: None });
        let error = Link::find(&target, &Nowhere, &Surroundings::default()).await.err().unwrap();
        assert!(!error.is_not_found());
        assert_eq!(error.api_code(), Some("ResourceNotFoundException"));
        assert!(error.detail().contains("state rm"), "{}", error.detail());
    }
}
