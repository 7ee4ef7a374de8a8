//! Many clients that come and go, and what is left of them: nothing.

use std::fs;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::time::sleep;

use super::host::{Certificate, Plugin, Start, go_plugin};
use super::{SHUTDOWN_LIMIT, is_serving};

const CLIENTS: usize = 200;

/// What the allocator may keep for itself between one crowd and the next.
const SLACK: u64 = 4 << 10;

#[tokio::test]
async fn two_hundred_clients_come_and_go_one_after_another() {
    let plugin = Start::default().run().await;
    serve(plugin, async |plugin, stranger| {
        for number in 0..CLIENTS {
            visit(plugin, stranger, number).await;
        }
    })
    .await;
}

#[tokio::test]
async fn two_hundred_clients_come_and_go_at_once() {
    let plugin = Start::default().run().await;
    serve(plugin, async |plugin, stranger| {
        join_all((0..CLIENTS).map(|number| visit(plugin, stranger, number))).await;
    })
    .await;
}

/// Lets a crowd come three times, and holds what the second and the third take against the first.
async fn serve(mut plugin: Plugin, crowd: impl AsyncFn(&Plugin, &Certificate)) {
    let stranger = Certificate::like_go_plugin();
    let files_of_none = files(&plugin);
    let mut memory = Vec::new();
    for _ in 0..3 {
        crowd(&plugin, &stranger).await;
        assert!(is_serving(&plugin.connect().await.unwrap()).await.unwrap());
        let left = Instant::now();
        while files(&plugin) > files_of_none {
            let files = files(&plugin);
            assert!(left.elapsed() < Duration::from_secs(15), "{files:?}, not {files_of_none:?}");
            sleep(Duration::from_millis(20)).await;
        }
        memory.extend(resident(&plugin));
    }
    eprintln!("{files_of_none:?} open files without a client, {memory:?} KiB after each crowd");
    if let [first, _, third] = memory[..] {
        assert!(third <= first + SLACK, "{memory:?} KiB");
    }

    let channel = plugin.connect().await.unwrap();
    go_plugin::shutdown(&channel).await.unwrap();
    assert_eq!(plugin.ended(SHUTDOWN_LIMIT).await.code(), Some(0));
}

/// One client; of four that come, one is served.
async fn visit(plugin: &Plugin, stranger: &Certificate, number: usize) {
    match number % 4 {
        0 => assert!(is_serving(&plugin.connect().await.unwrap()).await.unwrap()),
        // With TLS 1.3 a client learns of the refusal when it reads for the first time.
        1 => {
            if let Ok(channel) = plugin.connect_as(Some(stranger)).await {
                is_serving(&channel).await.unwrap_err();
            }
        }
        // As a host does to see whether we are there.
        2 => drop(UnixStream::connect(plugin.address()).await.unwrap()),
        _ => {
            let mut stream = UnixStream::connect(plugin.address()).await.unwrap();
            // It may be closed already.
            let _ = stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await;
        }
    }
}

/// How many files a process has open, where the system tells.
fn files(plugin: &Plugin) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{}/fd", plugin.id())).ok()?.count())
}

/// The memory of a process, in KiB, where the system tells.
fn resident(plugin: &Plugin) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", plugin.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
