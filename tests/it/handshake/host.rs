//! A small host: what go-plugin's client does, as far as it can be told from outside.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, SignatureScheme};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Error, Uri};
use tower::service_fn;

const PROGRAM: &str = env!("CARGO_BIN_EXE_terraform-provider-gitops");
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Long enough for a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A certificate, the rest of its chain, and a key.
pub(super) struct Certificate {
    own: rcgen::Certificate,
    issuers: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Certificate {
    /// What go-plugin makes for itself: self-signed, on P-521, and a CA.
    pub(super) fn like_go_plugin() -> Self {
        let key = new_key();
        let own = params().self_signed(&key).unwrap();
        Self { own, issuers: Vec::new(), key }
    }

    /// What go-plugin makes, but issued by a CA, which may be another client.
    pub(super) fn issued_by(ca: &Self) -> Self {
        let key = new_key();
        let issuer = Issuer::new(params(), &ca.key);
        let own = params().signed_by(&key, &issuer).unwrap();
        Self { own, issuers: vec![ca.own.der().clone()], key }
    }

    /// This certificate, without its key: anybody who can read the environment of the host has it.
    pub(super) fn stolen(&self) -> Self {
        Self { own: self.own.clone(), issuers: self.issuers.clone(), key: new_key() }
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap()
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.distinguished_name.push(DnType::OrganizationName, "HashiCorp");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::KeyAgreement,
        KeyUsagePurpose::KeyCertSign,
    ];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// Presents a certificate whether or not the key is its own, which rustls by itself would not.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl Presents {
    fn new(client: &Certificate) -> Self {
        let key = PrivatePkcs8KeyDer::from(client.key.serialize_der()).into();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let mut chain = vec![client.own.der().clone()];
        chain.extend(client.issuers.iter().cloned());
        Self(Arc::new(CertifiedKey::new(chain, key)))
    }
}

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// How to start the program: as a host does, unless told otherwise.
pub(super) struct Start {
    env: BTreeMap<String, String>,
    args: Vec<String>,
    shell: bool,
    client: Certificate,
    temp: TempDir,
}

impl Default for Start {
    fn default() -> Self {
        let client = Certificate::like_go_plugin();
        let temp = tempfile::tempdir().unwrap();
        let env = [
            ("TF_PLUGIN_MAGIC_COOKIE", COOKIE),
            ("PLUGIN_PROTOCOL_VERSIONS", "5,6"),
            ("PLUGIN_MIN_PORT", "10000"),
            ("PLUGIN_MAX_PORT", "25000"),
            ("PLUGIN_CLIENT_CERT", &client.own.pem()),
            ("TMPDIR", temp.path().to_str().unwrap()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { env, args: Vec::new(), shell: false, client, temp }
    }
}

impl Start {
    pub(super) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without TLS, as with `TF_DISABLE_PLUGIN_TLS`.
    pub(super) fn plaintext(mut self) -> Self {
        self.env.remove("PLUGIN_CLIENT_CERT");
        self
    }

    /// As a person does.
    pub(super) fn by_hand(mut self, args: &[&str]) -> Self {
        self.env.retain(|name, _| !name.starts_with("PLUGIN_") && !name.starts_with("TF_"));
        self.args = args.iter().map(ToString::to_string).collect();
        self
    }

    pub(super) fn debug(self) -> Self {
        self.by_hand(&["-debug"])
    }

    /// With a shell in between, which can be killed in the place of the host.
    pub(super) fn under_a_shell(mut self) -> Self {
        self.shell = true;
        self
    }

    /// With the temporary files of another.
    pub(super) fn beside(self, other: &Plugin) -> Self {
        self.env("TMPDIR", other.temp_dir().to_str().unwrap())
    }

    /// As a host that is gone before it reads the line. What is left in its temporary folder.
    pub(super) async fn run_unread(self) -> (Ended, usize) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = self.command().stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let ended = Ended::of(child).await;
        (ended, std::fs::read_dir(self.temp.path()).unwrap().count())
    }

    fn spawn(&self) -> Child {
        self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn command(&self) -> Command {
        let mut command = if self.shell {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "\"$0\" \"$@\" & wait", PROGRAM]);
            shell
        } else {
            Command::new(PROGRAM)
        };
        command
            .args(&self.args)
            // Whatever the tests themselves run under is not to show.
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts it and reads the line by which it is found.
    pub(super) async fn run(self) -> Plugin {
        let mut child = self.spawn();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let mut line = String::new();
        let read = async {
            loop {
                line.clear();
                let length = stdout.read_line(&mut line).await.unwrap();
                // In debug mode there is some prose around it.
                if length == 0 || self.args.is_empty() || line.contains("TF_REATTACH_PROVIDERS=") {
                    break;
                }
            }
        };
        timeout(PATIENCE, read).await.expect("it prints no line");
        assert!(!line.is_empty(), "it ended: {}", stderr.lock().unwrap());
        Plugin { child, stdout, stderr, line, client: self.client, temp: self.temp }
    }

    /// Starts it and waits for its end.
    pub(super) async fn run_to_end(self) -> Ended {
        Ended::of(self.spawn()).await
    }
}

/// What is left of a program that ended by itself.
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ended {
    async fn of(child: Child) -> Self {
        let output = timeout(PATIENCE, child.wait_with_output()).await;
        let output = output.expect("it does not end").unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The program, running.
pub(super) struct Plugin {
    /// What it said about itself, with the end of the line.
    pub(super) line: String,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Arc<Mutex<String>>,
    client: Certificate,
    temp: TempDir,
}

impl Plugin {
    /// The id of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// The folder for temporary files that it was given.
    pub(super) fn temp_dir(&self) -> &Path {
        self.temp.path()
    }

    /// The certificate by which its host gets in.
    pub(super) fn client(&self) -> &Certificate {
        &self.client
    }

    /// The path of its socket.
    pub(super) fn address(&self) -> &str {
        let between = |start: &str, end| self.line.split_once(start)?.1.split(end).next();
        between("|unix|", '|').or_else(|| between("\"String\":\"", '"')).unwrap()
    }

    /// Connects as its host.
    pub(super) async fn connect(&self) -> Result<Channel, Error> {
        self.connect_as(Some(&self.client)).await
    }

    /// Connects over TLS with the certificate `client`, trusting the one of the line.
    pub(super) async fn connect_as(&self, client: Option<&Certificate>) -> Result<Channel, Error> {
        let server = self.line.trim_end().split('|').nth(5).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(STANDARD_NO_PAD.decode(server).unwrap())).unwrap();
        let config =
            rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots);
        let mut config = match client {
            None => config.with_no_client_auth(),
            Some(client) => config.with_client_cert_resolver(Arc::new(Presents::new(client))),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let address = self.address().to_owned();
        endpoint()
            .connect_with_connector(service_fn(move |_: Uri| {
                let (connector, address) = (connector.clone(), address.clone());
                async move {
                    let stream = UnixStream::connect(address).await?;
                    let name = ServerName::try_from("localhost").unwrap();
                    let stream = connector.connect(name, stream).await?;
                    // What grpc-go insists on.
                    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                    Ok::<_, std::io::Error>(TokioIo::new(stream))
                }
            }))
            .await
    }

    /// Connects without TLS.
    pub(super) async fn connect_in_plaintext(&self) -> Result<Channel, Error> {
        let address = self.address().to_owned();
        endpoint()
            .connect_with_connector(service_fn(move |_: Uri| {
                let address = address.clone();
                async move { UnixStream::connect(address).await.map(TokioIo::new) }
            }))
            .await
    }

    /// What it has written to standard error; all of it once it has ended.
    pub(super) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    pub(super) fn take_stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Waits for its end, not longer than `limit`.
    pub(super) async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let status = timeout(limit, self.child.wait()).await.expect("it does not end").unwrap();
        // After the handshake, standard output stays empty.
        self.stdout_closed().await;
        status
    }

    /// Kills the process that was started directly: with a shell in between, the shell.
    pub(super) async fn kill_host(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until nobody holds its standard output any more, and nothing was written there.
    pub(super) async fn stdout_closed(&mut self) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).await.unwrap();
        if !self.line.contains("TF_REATTACH_PROVIDERS=") {
            assert_eq!(rest, "");
        }
    }
}

fn endpoint() -> Endpoint {
    Endpoint::from_static("http://localhost").connect_timeout(PATIENCE).timeout(PATIENCE)
}

/// Gathers what is written to `from`, so that it never blocks the writer.
fn collect(mut from: tokio::process::ChildStderr) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let gathered = Arc::clone(&text);
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            gathered.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    });
    text
}

/// Sends a signal to a process.
pub(super) async fn signal(name: &str, process: u32) {
    let sent =
        Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().await;
    assert!(sent.unwrap().success());
}

/// go-plugin's own services, called by path: their generated code is private to the provider.
pub(super) mod go_plugin {
    use super::Channel;
    use http::uri::PathAndQuery;
    use tonic::{Request, Response, Status, Streaming};
    use tonic_prost::ProstCodec;

    type Grpc = tonic::client::Grpc<Channel>;

    // Every message here may be empty, and `()` is the empty message.
    type Empty = ProstCodec<(), ()>;

    async fn client(channel: &Channel) -> Grpc {
        let mut client = tonic::client::Grpc::new(channel.clone());
        client.ready().await.unwrap();
        client
    }

    pub(in super::super) async fn shutdown(channel: &Channel) -> Result<Response<()>, Status> {
        let path = PathAndQuery::from_static("/plugin.GRPCController/Shutdown");
        client(channel).await.unary(Request::new(()), path, Empty::default()).await
    }

    pub(in super::super) async fn stream_stdio(channel: &Channel) -> Streaming<()> {
        let path = PathAndQuery::from_static("/plugin.GRPCStdio/StreamStdio");
        let mut client = client(channel).await;
        let stream = client.server_streaming(Request::new(()), path, Empty::default());
        stream.await.unwrap().into_inner()
    }

    pub(in super::super) async fn start_stream(channel: &Channel) -> Streaming<()> {
        let path = PathAndQuery::from_static("/plugin.GRPCBroker/StartStream");
        let offers = Request::new(futures::stream::pending());
        let mut client = client(channel).await;
        let stream = client.streaming(offers, path, Empty::default());
        stream.await.unwrap().into_inner()
    }
}
