//! Ends that are not asked for: signals, and hosts that are killed. Whatever happens, no process and
//! no file is left behind.

use std::env;
use std::fs::{self, File, FileTimes};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use terraform_provider_gitops::framework::schema::Attribute;
use terraform_provider_gitops::framework::{Provider as _, Value};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::codec::{Shape, encode};
use terraform_provider_gitops::rpc::proto::provider_client::ProviderClient;
use terraform_provider_gitops::rpc::proto::{
    DynamicValue, apply_resource_change, configure_provider, read_resource,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::Status;
use tonic::transport::Channel;

use super::host::{Start, go_plugin, signal};
use super::{SHUTDOWN_LIMIT, is_serving};

/// A host that kills a plugin gives it that long.
const LIMIT: Duration = Duration::from_secs(2);

/// Set for the process that is the host and is killed: what it is doing then.
const HOST: &str = "HANDSHAKE_HOST";

/// Nobody answers there.
struct Nowhere {
    address: String,
    /// Ends when somebody has called.
    called: JoinHandle<()>,
}

impl Nowhere {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let called = tokio::task::spawn_blocking(move || {
            // Neither of them is ever closed.
            std::mem::forget(listener.accept().unwrap());
            std::mem::forget(listener);
        });
        Self { address, called }
    }
}

/// A call whose answer takes long.
#[derive(Clone, Copy, Debug)]
enum Call {
    Read,
    Apply,
}

fn value(attributes: &[Attribute], value: &Value) -> DynamicValue {
    let msgpack = encode(Shape::Object(attributes), value).unwrap();
    DynamicValue { msgpack, json: Vec::new() }
}

fn object<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Call {
    /// Makes the call, and returns when it is under way. What was said in the end.
    async fn start(self, channel: &Channel) -> JoinHandle<Result<Vec<String>, Status>> {
        const PROJECT: &str = "gitops_kargo_project";
        let nowhere = Nowhere::new();
        let host = format!("https://{}", nowhere.address);
        let cluster = object([("host", host.as_str().into()), ("token", "none".into())]);
        let config = value(&Provider::schema().attributes, &object([("cluster", cluster)]));
        let mut client = ProviderClient::new(channel.clone());
        let request = configure_provider::Request { config: Some(config), ..Default::default() };
        let answer = client.configure_provider(request).await.unwrap().into_inner();
        assert_eq!(answer.diagnostics, []);

        let registry = registry();
        let schema = registry.get(PROJECT).expect("it is served").schema();
        let project = value(&schema.attributes, &object([("name", "shop".into())]));
        let call = tokio::spawn(async move {
            let said = match self {
                Self::Read => {
                    let request = read_resource::Request {
                        type_name: PROJECT.to_owned(),
                        current_state: Some(project),
                        ..Default::default()
                    };
                    client.read_resource(request).await?.into_inner().diagnostics
                }
                Self::Apply => {
                    let request = apply_resource_change::Request {
                        type_name: PROJECT.to_owned(),
                        planned_state: Some(project.clone()),
                        config: Some(project),
                        ..Default::default()
                    };
                    client.apply_resource_change(request).await?.into_inner().diagnostics
                }
            };
            Ok(said.into_iter().map(|said| format!("{}: {}", said.summary, said.detail)).collect())
        });
        nowhere.called.await.unwrap();
        assert!(!call.is_finished(), "{self:?}");
        call
    }
}

#[tokio::test]
async fn nothing_outlives_a_host_that_is_killed() {
    if let Ok(doing) = env::var(HOST) {
        return be_killed_while(&doing).await;
    }
    for doing in ["not connected yet", "idle", "a read", "an apply"] {
        let temp = tempfile::tempdir().unwrap();
        let mut host = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "handshake::deaths::nothing_outlives_a_host_that_is_killed",
            ])
            .env(HOST, doing)
            .env("TMPDIR", temp.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(host.stderr.take().unwrap()).lines();
        let (provider, socket) = loop {
            let line = lines.next_line().await.unwrap().expect("a line");
            if let Some(ready) = line.strip_prefix("ready: ") {
                let (id, socket) = ready.split_once(' ').unwrap();
                break (id.parse().unwrap(), PathBuf::from(socket));
            }
        };
        assert!(is_running(provider).await && socket.exists(), "{doing}");

        host.kill().await.unwrap();
        let killed = Instant::now();
        while is_running(provider).await {
            assert!(killed.elapsed() < LIMIT, "{doing}: it is still there");
            sleep(Duration::from_millis(10)).await;
        }
        eprintln!("{doing}: ended {:?} after its host", killed.elapsed());
        assert!(!socket.exists() && !socket.parent().unwrap().exists(), "{doing}");
    }
}

/// What the host does: starts the provider, tells of it, and waits for its end.
async fn be_killed_while(doing: &str) {
    let plugin = Start::default().run().await;
    let mut connected = None;
    if doing != "not connected yet" {
        let channel = plugin.connect().await.unwrap();
        let streams =
            (go_plugin::start_stream(&channel).await, go_plugin::stream_stdio(&channel).await);
        let call = match doing {
            "idle" => None,
            "a read" => Some(Call::Read.start(&channel).await),
            "an apply" => Some(Call::Apply.start(&channel).await),
            other => panic!("{other:?}"),
        };
        connected = Some((channel, streams, call));
    }
    eprintln!("ready: {} {}", plugin.id(), plugin.address());
    std::future::pending::<()>().await;
    drop(connected);
}

/// Whether a process is there, and not only its number until its parent has looked.
async fn is_running(process: u32) -> bool {
    let listed = Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output();
    let state = String::from_utf8(listed.await.unwrap().stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

#[tokio::test]
async fn it_does_not_outlive_a_host_behind_a_wrapper() {
    // The shell is the wrapper. What ends when the plugin does is its standard output.
    let mut plugin = Start::default().under_a_shell().run().await;
    let channel = plugin.connect().await.unwrap();
    plugin.kill_host().await;

    // Somebody is still connected, so it may not just vanish.
    let end = plugin.stdout_closed();
    tokio::pin!(end);
    assert!(tokio::time::timeout(Duration::from_millis(1500), &mut end).await.is_err());
    assert!(is_serving(&channel).await.unwrap());

    drop(channel);
    tokio::time::timeout(LIMIT, end).await.expect("it is still there");
}

#[tokio::test]
async fn a_host_that_is_gone_before_the_line_leaves_nothing_behind() {
    let (ended, left) = Start::default().run_unread().await;
    assert_eq!((ended.code, left), (Some(1), 0), "{}", ended.stderr);
    assert!(ended.stderr.contains("writing to standard output"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_terminal_that_interrupts_or_hangs_up_is_the_host_s_business() {
    let mut plugin = Start::default().run().await;
    let channel = plugin.connect().await.unwrap();
    for name in ["INT", "HUP", "INT", "HUP"] {
        signal(name, plugin.id()).await;
    }
    assert!(is_serving(&channel).await.unwrap());
    go_plugin::shutdown(&channel).await.unwrap();
    assert_eq!(plugin.ended(SHUTDOWN_LIMIT).await.code(), Some(0));
}

#[tokio::test]
async fn a_request_to_terminate_is_an_orderly_end() {
    let mut plugin = Start::default().run().await;
    let channel = plugin.connect().await.unwrap();
    let streams =
        (go_plugin::start_stream(&channel).await, go_plugin::stream_stdio(&channel).await);
    signal("TERM", plugin.id()).await;
    assert_eq!(plugin.ended(SHUTDOWN_LIMIT).await.code(), Some(0));
    assert_eq!(fs::read_dir(plugin.temp_dir()).unwrap().count(), 0, "the socket is removed");
    drop(streams);
}

#[tokio::test]
async fn who_is_terminated_still_says_what_became_of_a_call() {
    for call in [Call::Read, Call::Apply] {
        let mut plugin = Start::default().run().await;
        let channel = plugin.connect().await.unwrap();
        let answer = call.start(&channel).await;
        signal("TERM", plugin.id()).await;
        // Not at once: an apply may just be making what is then to be told of.
        let said = answer.await.unwrap().unwrap_or_else(|status| panic!("{call:?}: {status}"));
        assert!(said.iter().any(|said| said.contains("cancelled")), "{call:?}: {said:?}");
        drop(channel);
        assert_eq!(plugin.ended(SHUTDOWN_LIMIT).await.code(), Some(0), "{call:?}");
        assert_eq!(fs::read_dir(plugin.temp_dir()).unwrap().count(), 0, "{call:?}");
    }
}

/// What is killed removes nothing; who comes after it does.
#[tokio::test]
async fn what_was_killed_is_tidied_up_by_the_next() {
    let mut killed = Start::default().run().await;
    let alive = Start::default().beside(&killed).run().await;
    let [of_the_killed, of_the_living] =
        [&killed, &alive].map(|plugin| Path::new(plugin.address()).parent().unwrap().to_owned());
    killed.kill_host().await;
    assert!(of_the_killed.exists() && of_the_living.exists());
    for dir in [&of_the_killed, &of_the_living] {
        backdate(dir).unwrap();
    }

    let next = Start::default().beside(&killed).run().await;
    let started = Instant::now();
    while of_the_killed.exists() {
        assert!(started.elapsed() < Duration::from_secs(10), "it is left there");
        sleep(Duration::from_millis(10)).await;
    }
    assert!(of_the_living.exists());
    for plugin in [&alive, &next] {
        assert!(is_serving(&plugin.connect().await.unwrap()).await.unwrap());
    }
}

/// Makes a folder as old as one that nobody is just making.
fn backdate(dir: &Path) -> io::Result<()> {
    let then = SystemTime::now().checked_sub(Duration::from_mins(10)).unwrap();
    File::open(dir)?.set_times(FileTimes::new().set_modified(then))
}
