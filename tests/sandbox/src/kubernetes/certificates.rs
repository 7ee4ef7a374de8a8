//! The keys of a control plane: a certificate authority, the API server's certificate, and the key
//! that signs service account tokens.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

/// Files in the folder of the control plane; the private ones readable by the owner only.
#[derive(Debug)]
pub struct Certificates {
    /// The authority's certificate, for clients.
    pub ca_pem: String,
    pub(super) server_certificate: PathBuf,
    pub(super) server_key: PathBuf,
    pub(super) account_key: PathBuf,
    pub(super) account_public_key: PathBuf,
}

impl Certificates {
    /// Makes new ones for the loopback addresses.
    pub fn generate(folder: &Path) -> anyhow::Result<Self> {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "sandbox");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let names = ["127.0.0.1", "::1", "localhost", "kubernetes.default.svc"].map(String::from);
        let key = KeyPair::generate()?;
        let mut server = CertificateParams::new(names)?;
        server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        let server = server.signed_by(&key, &authority)?;

        let certificates = Self {
            ca_pem: authority.pem(),
            server_certificate: folder.join("apiserver.crt"),
            server_key: folder.join("apiserver.key"),
            account_key: folder.join("service-accounts.key"),
            account_public_key: folder.join("service-accounts.pub"),
        };
        fs::write(&certificates.server_certificate, server.pem())?;
        write_private(&certificates.server_key, &key.serialize_pem())?;
        let accounts = KeyPair::generate()?;
        write_private(&certificates.account_key, &accounts.serialize_pem())?;
        // The API server does not take the one out of the other for a key in this form.
        fs::write(&certificates.account_public_key, accounts.public_key_pem())?;
        Ok(certificates)
    }
}

fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file)?;
    Ok(file.write_all(text.as_bytes())?)
}
