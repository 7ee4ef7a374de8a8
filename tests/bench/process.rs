//! The program by itself: how soon it serves, and what it takes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::machine::memory;
use crate::table::{Figure, Row, Table, median};

const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Enough for a median that a busy moment does not move.
const STARTS: usize = 41;

/// Handshakes, memory after one, and the size of the file.
pub(crate) fn measure(provider: &Path) -> anyhow::Result<Table> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512)?;
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
    // Who is killed cannot remove its socket.
    let temp = tempfile::tempdir()?;
    let mut times = Vec::new();
    let mut resident = 0;
    for _ in 0..STARTS {
        let start = Instant::now();
        let mut plugin = start_plugin(provider, &certificate.pem(), temp.path())?;
        times.push(start.elapsed());
        let taken = memory(plugin.id(), "VmRSS").context("the memory of a process")?;
        resident = resident.max(taken);
        plugin.kill()?;
        plugin.wait()?;
    }
    let size = fs::metadata(provider)?.len();
    Ok(Table {
        title: "The program".to_owned(),
        rows: vec![
            Row::within(
                format!("start to handshake line, median of {STARTS}"),
                Figure::Time(median(times)),
                Figure::Time(Duration::from_millis(15)),
                "",
            ),
            Row::free("resident memory at the handshake", Figure::Bytes(resident)),
            Row::within("release binary", Figure::Bytes(size), Figure::Bytes(30 << 20), ""),
        ],
    })
}

/// Starts it as a host does, and reads the line by which it is found.
fn start_plugin(provider: &Path, certificate: &str, temp: &Path) -> anyhow::Result<Child> {
    let mut plugin = Command::new(provider)
        .env_clear()
        .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("PLUGIN_CLIENT_CERT", certificate)
        .env("TMPDIR", temp)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = plugin.stdout.take().context("its standard output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    ensure!(line.starts_with("1|6|unix|"), "no handshake: {line:?}");
    Ok(plugin)
}
