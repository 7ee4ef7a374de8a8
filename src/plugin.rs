//! The process around the provider: what go-plugin asks of a plugin.
//!
//! Terraform and OpenTofu start the provider as a child process, tell it through the environment
//! what they expect, read one line from its standard output, and from then on talk gRPC to the
//! address on that line. This module is all of that and nothing more: it serves any gRPC service,
//! and knows nothing of schemas, values or resources.
//!
//! | module | holds |
//! |---|---|
//! | `args`, `env` | what the process is told: its flags, its environment |
//! | `handshake` | whether a host started us, and the line that answers it |
//! | `listener`, `tls`, `incoming` | the socket, who may connect to it, the connections |
//! | `services` | go-plugin's own services: controller, broker, standard streams, health |
//! | `server`, `lifetime` | serving, and when that ends |
//! | `reattach` | serving for a debugger, without a host |
//! | `log`, `panics` | standard error, in the form that hosts understand |

mod args;
mod env;
mod handshake;
mod incoming;
mod lifetime;
mod listener;
mod log;
mod panics;
mod proto;
mod reattach;
mod server;
mod services;
mod tls;

use std::convert::Infallible;
use std::io::Write as _;
use std::process::ExitCode;
use std::thread::available_parallelism;

use http::{Request, Response};
use tokio::runtime;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

use crate::framework::error::{Context as _, Error, Result};
use args::Invocation;
use env::Env;
use lifetime::Lifetime;
use listener::Listener;

/// The largest message to send or take, in bytes: what providers in Go allow, 64 times what tonic
/// does. It is for the caller of [`run`] to set on its service, in both directions.
pub const MAX_MESSAGE_SIZE: usize = 256 << 20;

/// More threads than this only cost start-up time: a provider waits far more than it computes.
const MAX_THREADS: usize = 8;

/// What the process says about itself.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Namespace and type, as in `eks-gitops/gitops`; the registry's host is up to the user.
    pub provider_address: &'static str,
    /// The version, without a `v`.
    pub version: &'static str,
    /// The page to send people to who started the program by hand.
    pub documentation: &'static str,
}

impl Options {
    /// The provider's type: `gitops` of `eks-gitops/gitops`.
    fn type_name(&self) -> &'static str {
        self.provider_address.rsplit('/').next().unwrap_or(self.provider_address)
    }
}

/// A gRPC service as tonic generates them, such as `ProviderServer<T>`.
pub trait GrpcService:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
    + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> GrpcService for S where
    S: Service<
            Request<Body>,
            Response = Response<Body>,
            Error = Infallible,
            Future: Send + 'static,
        > + NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Does what flags and environment ask for: in general, serves the provider until its host ends it.
///
/// `service` is called once the host has been answered, so that nothing it does delays the
/// handshake. It gets a token that is cancelled when the process is about to end; whatever is still
/// running half a second later ends with the process. The service sets [`MAX_MESSAGE_SIZE`].
///
/// The result is what `main` returns: 0 after an orderly end, 1 if the plugin could not start, 2
/// for flags that it does not know. What went wrong is on standard error by then.
pub fn run<S: GrpcService>(
    options: Options,
    service: impl FnOnce(CancellationToken) -> S,
) -> ExitCode {
    let invocation = match args::parse(std::env::args().skip(1)) {
        Ok(invocation) => invocation,
        Err(error) => return complain(&format!("{error}\n\n{}", args::usage(options)), 2),
    };
    let env = Env::of_process(options.type_name());
    let done = match invocation {
        Invocation::Version => handshake::print(&args::version(options)),
        Invocation::Help => handshake::print(&args::usage(options)),
        Invocation::Serve if !handshake::started_by_host(&env) => {
            return complain(&handshake::by_hand(options), 1);
        }
        Invocation::Serve => serve(options, &env, Mode::Child, service),
        Invocation::Debug => serve(options, &env, Mode::Debug, service),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("Error: {error}"), 1),
    }
}

/// Whose process this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A host started it and will end it.
    Child,
    /// A person started it; hosts come and go.
    Debug,
}

fn serve<S: GrpcService>(
    options: Options,
    env: &Env,
    mode: Mode,
    service: impl FnOnce(CancellationToken) -> S,
) -> Result<()> {
    log::init(env.log_level());
    panics::install();

    let threads = available_parallelism().map_or(1, |threads| threads.get().min(MAX_THREADS));
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("provider")
        .enable_all()
        .build()
        .map_err(|error| Error::failed(error.to_string()))
        .context(|| "starting the runtime")?;
    let served = runtime.block_on(async {
        // Before the handshake, lest an interrupt in between kills us.
        let lifetime = Lifetime::new(mode)?;
        let (listener, tls) = match mode {
            Mode::Child => answer_host(env)?,
            Mode::Debug => {
                let listener = Listener::bind(env)?;
                handshake::print(&reattach::message(options, listener.address()))?;
                (listener, None)
            }
        };
        server::serve(listener, tls, lifetime, service).await
    });
    // Not dropped: that would wait for blocking work which nobody is interested in any more.
    runtime.shutdown_background();
    served
}

/// Binds, and tells the host where.
fn answer_host(env: &Env) -> Result<(Listener, Option<tls::Acceptor>)> {
    handshake::check_protocol(env)?;
    let identity = env.client_cert().map(tls::Identity::for_client).transpose()?;
    let listener = Listener::bind(env)?;
    handshake::print(&handshake::line(
        listener.address(),
        identity.as_ref().map(tls::Identity::certificate),
        env.asks_for_multiplexing(),
    ))?;
    let tls = identity.map(tls::Identity::into_acceptor).transpose()?;
    Ok((listener, tls))
}

/// Says on standard error why there is nothing to serve.
fn complain(text: &str, code: u8) -> ExitCode {
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
    ExitCode::from(code)
}
