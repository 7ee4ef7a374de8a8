//! The connections: accepted, let through TLS, and counted while they are open.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;
use tracing::{debug, warn};

use super::listener::Socket;
use super::tls;

/// A host on the same machine needs milliseconds.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to let the system recover when it has no file descriptor to spare.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that are through with TLS but not yet taken by the server.
const BACKLOG: usize = 16;

/// Bytes both ways, whatever carries them.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Takes connections from `socket`, for as long as the result is kept. With `tls` it yields only
/// those that prove to be the host; the others are closed and logged. `count` follows them all.
pub(super) fn connections(
    socket: Socket,
    tls: Option<tls::Acceptor>,
    count: Arc<Count>,
) -> impl Stream<Item = io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(BACKLOG);
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                () = sender.closed() => return,
            };
            match accepted {
                // One that dawdles over TLS is not to keep the others waiting.
                Ok(io) => drop(tokio::spawn(admit(io, tls.clone(), count.open(), sender.clone()))),
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    // Elapsing is the point.
                    let _ = timeout(ACCEPT_PAUSE, sender.closed()).await;
                }
            }
        }
    });
    ReceiverStream::new(receiver)
}

async fn admit(
    io: Box<dyn Io>,
    tls: Option<tls::Acceptor>,
    open: Open,
    sender: mpsc::Sender<io::Result<Connection>>,
) {
    let io = match tls {
        None => io,
        Some(tls) => match timeout(TLS_TIMEOUT, tls.accept(io)).await {
            Ok(Ok(stream)) => Box::new(stream) as Box<dyn Io>,
            // Hosts report this as a plugin that did not respond, if at all; the cause is here.
            Ok(Err(error)) => return warn!(%error, "refused a connection: TLS handshake failed"),
            Err(_) => return warn!("refused a connection: no TLS handshake in {TLS_TIMEOUT:?}"),
        },
    };
    debug!("connected");
    // Without a receiver the server is ending, and so does the connection.
    let _ = sender.send(Ok(Connection { io, _open: open })).await;
}

/// How many connections there are, and whether there ever were any.
#[derive(Debug, Default)]
pub(super) struct Count {
    open: AtomicUsize,
    ever: AtomicBool,
}

impl Count {
    pub(super) fn is_zero(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    pub(super) fn was_ever_more(&self) -> bool {
        self.ever.load(Ordering::SeqCst)
    }

    /// Counts one more, for as long as the result is kept.
    pub(super) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.ever.store(true, Ordering::SeqCst);
        Open(Arc::clone(self))
    }
}

/// Counts as one connection until dropped.
#[derive(Debug)]
pub(super) struct Open(Arc<Count>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A connection that the server may talk to.
pub(super) struct Connection {
    io: Box<dyn Io>,
    _open: Open,
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
