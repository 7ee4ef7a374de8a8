//! What is done with bytes that nobody vouches for. Shared by the programs for cargo-fuzz and by the
//! driver in `tests/it/contract/fuzz.rs`, which needs no nightly toolchain.
//!
//! Each target panics when a promise is broken, and else says whether the bytes were taken for what
//! they are to be: a run in which none are looks at nothing but the first check.

use std::sync::OnceLock;

use prost::Message;
use serde_json::Value as Json;
use terraform_provider_gitops::framework::ty::Type;
use terraform_provider_gitops::framework::{Provider as _, Registry, Value};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::Server;
use terraform_provider_gitops::rpc::codec::{Shape, decode, encode};
use terraform_provider_gitops::rpc::proto::{self, provider_server::Provider as Service};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// A type's name or the JSON of a type, a zero, and a value in msgpack.
pub(crate) fn msgpack(data: &[u8]) -> bool {
    let Some(zero) = data.iter().position(|byte| *byte == 0) else { return false };
    let (shape, bytes) = (&data[..zero], &data[zero + 1..]);
    let Ok(shape) = std::str::from_utf8(shape) else { return false };
    if let Some(managed) = world().registry.get(shape) {
        return value(Shape::Object(&managed.schema().attributes), bytes);
    }
    let ty = serde_json::from_str(shape).ok().and_then(|json: Json| Type::from_json(&json));
    ty.is_some_and(|ty| value(Shape::Type(&ty), bytes))
}

/// What is read can be written, and is read again as the same.
fn value(shape: Shape<'_>, bytes: &[u8]) -> bool {
    let Ok(value) = decode(shape, bytes) else { return false };
    let written = encode(shape, &value).expect("what was read can be written");
    let again = decode(shape, &written).expect("what was written can be read");
    assert_eq!(again, value, "a value is not what it was after a round trip");
    true
}

/// The JSON of a type.
pub(crate) fn types(data: &[u8]) -> bool {
    let json = serde_json::from_slice(data).ok();
    let Some(ty) = json.and_then(|json: Json| Type::from_json(&json)) else { return false };
    assert_eq!(Type::from_json(&ty.to_json()).as_ref(), Some(&ty), "a type that is not itself");
    true
}

/// A letter for the call, and its request in protobuf.
///
/// All calls that talk to nobody are there; those that read, make and import objects are not, since
/// they would wait for a cluster. What they decode, these decode too.
pub(crate) fn requests(data: &[u8]) -> bool {
    let Some((call, bytes)) = data.split_first() else { return false };
    let World { runtime, server, scratch, .. } = world();
    runtime.block_on(async {
        match call {
            b'v' => told(bytes, |it| server.validate_resource_config(it), |it| &it.diagnostics),
            b'p' => told(bytes, |it| server.plan_resource_change(it), |it| &it.diagnostics),
            b'u' => told(bytes, |it| server.upgrade_resource_state(it), |it| &it.diagnostics),
            b'i' => told(bytes, |it| server.upgrade_resource_identity(it), |it| &it.diagnostics),
            b'm' => told(bytes, |it| server.move_resource_state(it), |it| &it.diagnostics),
            b'b' => told(bytes, |it| server.validate_provider_config(it), |it| &it.diagnostics),
            // On a server of its own: what it sets would show in every later plan.
            b'c' => told(bytes, |it| scratch.configure_provider(it), |it| &it.diagnostics),
            _ => return false,
        }
        .await
    })
}

/// Makes a call; a panic in it arrives as a diagnostic. Whether it was answered without an error.
fn told<'a, I, O, F>(
    bytes: &'a [u8],
    call: impl FnOnce(Request<I>) -> F + 'a,
    diagnostics: impl Fn(&O) -> &[proto::Diagnostic] + 'a,
) -> std::pin::Pin<Box<dyn Future<Output = bool> + 'a>>
where
    I: Message + Default + 'a,
    O: 'a,
    F: Future<Output = Result<Response<O>, Status>> + 'a,
{
    Box::pin(async move {
        let Ok(request) = I::decode(bytes) else { return false };
        let answer = call(Request::new(request)).await.expect("calls never fail as such");
        let answer = answer.into_inner();
        let said = diagnostics(&answer);
        for said in said {
            let text = format!("{}: {}", said.summary, said.detail);
            assert!(!text.contains(" panicked: "), "{text}");
        }
        said.iter().all(|said| said.severity != proto::diagnostic::Severity::Error as i32)
    })
}

struct World {
    runtime: Runtime,
    registry: Registry<Provider>,
    /// Configured, for a cluster that does not exist.
    server: Server<Provider>,
    scratch: Server<Provider>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let server = || Server::new(registry(), CancellationToken::new());
        let (configured, scratch) = (server(), server());
        let text = |text: &str| Value::String(text.to_owned());
        let cluster = [("host", text("https://127.0.0.1:1")), ("token", text("none"))];
        let cluster = Value::Object(cluster.map(|(name, it)| (name.to_owned(), it)).into());
        let config = [("region", text("eu-west-1")), ("cluster", cluster)];
        let config = Value::Object(config.map(|(name, it)| (name.to_owned(), it)).into());
        let schema = Provider::schema();
        let msgpack = encode(Shape::Object(&schema.attributes), &config).expect("a configuration");
        let request = proto::configure_provider::Request {
            config: Some(proto::DynamicValue { msgpack, json: Vec::new() }),
            ..Default::default()
        };
        let answer = runtime.block_on(configured.configure_provider(Request::new(request)));
        let said = answer.expect("an answer").into_inner().diagnostics;
        assert!(said.is_empty(), "not configured: {said:?}");
        World { runtime, registry: registry(), server: configured, scratch }
    })
}
