//! The EKS emulator by itself, until interrupted.
//!
//! Prints its endpoint as the first line on stdout. `/_sandbox/` under it has the state, the calls
//! and the faults; see the documentation of `gitops_sandbox::eks`.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::Context;
use clap::Parser;
use gitops_sandbox::eks::{AccessKey, ClusterSpec, Emulator, EmulatorConfig};
use url::Url;

/// Emulates Amazon EKS on a port of 127.0.0.1.
#[derive(Debug, Parser)]
struct Arguments {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The account that everything belongs to.
    #[arg(long, default_value = "123456789012")]
    account_id: String,
    /// The region; requests signed for another are refused.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// A server for IAM and STS (moto); without one any well-formed role exists.
    #[arg(long)]
    iam_url: Option<Url>,
    /// How long one state transition takes, in milliseconds.
    #[arg(long, default_value_t = 500)]
    tick_ms: u64,
    /// A cluster to describe, as NAME or NAME=ENDPOINT. May be given more than once.
    #[arg(long = "cluster", value_name = "NAME[=ENDPOINT]")]
    clusters: Vec<String>,
    /// The Kubernetes version of the clusters.
    #[arg(long, default_value = "1.34")]
    kubernetes_version: String,
    /// An access key whose tokens are verified here, as ID,SECRET,ARN. May be given more than once.
    #[arg(long = "access-key", value_name = "ID,SECRET,ARN")]
    access_keys: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let version = arguments.kubernetes_version;
    let cluster = |argument: &String| {
        let (name, endpoint) =
            argument.split_once('=').unwrap_or((argument, "https://127.0.0.1:6443"));
        ClusterSpec {
            name: name.to_owned(),
            endpoint: endpoint.to_owned(),
            ca_pem: String::new(),
            version: version.clone(),
        }
    };
    let config = EmulatorConfig {
        account_id: arguments.account_id,
        region: arguments.region,
        iam_url: arguments.iam_url,
        clusters: arguments.clusters.iter().map(cluster).collect(),
        on_capability_active: None,
        tick: Duration::from_millis(arguments.tick_ms),
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let emulator = Emulator::start_on(address, config)?;
    for argument in &arguments.access_keys {
        emulator.add_access_key(access_key(argument)?);
    }
    // A pipe to a script: written at once, and not through the macros that the handshake forbids.
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", emulator.url())?;
    stdout.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn access_key(argument: &str) -> anyhow::Result<AccessKey> {
    let mut parts = argument.splitn(3, ',');
    let mut next = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
    let key = (|| {
        Some(AccessKey {
            access_key_id: next()?,
            secret_access_key: next()?,
            session_token: None,
            arn: next()?,
            user_id: None,
        })
    })();
    // The argument holds a secret, so it is not repeated.
    key.context("--access-key must be ID,SECRET,ARN")
}
