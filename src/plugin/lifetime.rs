//! When the process ends: as its host wishes, and never later than its host.

use std::fmt;
use std::os::unix::process::parent_id;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::Mode;
use super::incoming::Count;
use crate::framework::error::{Context as _, Error, Result};

/// How often to look whether the host is still there. A look is one system call.
const LOOK: Duration = Duration::from_millis(500);

/// How long a host may take to connect: what go-plugin gives a plugin to start.
const CONNECT_TIMEOUT: Duration = Duration::from_mins(1);

/// Why serving ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A host asked for it.
    Shutdown,
    /// The person who started us asked for it.
    Interrupted,
    /// The host is gone without having asked for anything.
    Orphaned,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shutdown => "the host asked for it",
            Self::Interrupted => "interrupted",
            Self::Orphaned => "the host is gone",
        })
    }
}

/// Watches over what ends the process.
#[derive(Debug)]
pub(super) struct Lifetime {
    mode: Mode,
    parent: u32,
    started: Instant,
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Lifetime {
    /// Begins to watch. From here on an interrupt no longer kills the process: a terminal sends it
    /// to the host and to us alike, and it is for the host to tell us what to do about it. Other
    /// signals keep their meaning, except that under a debugger both ends are orderly ones.
    ///
    /// Needs a runtime.
    pub(super) fn new(mode: Mode) -> Result<Self> {
        let catch = |kind| {
            signal(kind)
                .map_err(|error| Error::failed(error.to_string()))
                .context(|| "catching signals")
        };
        let mut lifetime = Self::without_signals(mode);
        lifetime.interrupt = Some(catch(SignalKind::interrupt())?);
        if mode == Mode::Debug {
            lifetime.terminate = Some(catch(SignalKind::terminate())?);
        }
        Ok(lifetime)
    }

    /// As [`Lifetime::new`], with every signal left as it is: a test is to die of an interrupt.
    pub(super) fn without_signals(mode: Mode) -> Self {
        Self {
            mode,
            parent: parent_id(),
            started: Instant::now(),
            interrupt: None,
            terminate: None,
        }
    }

    /// Waits until there is a reason to end. `shutdown` is cancelled when a host asks for it.
    pub(super) async fn end(mut self, shutdown: &CancellationToken, connections: &Count) -> End {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return End::Shutdown,
                () = received(self.terminate.as_mut()) => return End::Interrupted,
                () = received(self.interrupt.as_mut()) => match self.mode {
                    Mode::Debug => return End::Interrupted,
                    Mode::Child => debug!("ignored an interrupt: the host decides what it means"),
                },
                _ = look.tick() => if self.is_orphaned(connections) {
                    return End::Orphaned;
                },
            }
        }
    }

    /// Providers in Go outlive a host that is killed. We do not: without the parent that started us
    /// and without a connection there is nobody left to serve. The connection counts because the
    /// parent may be a wrapper that is free to go. Under a debugger hosts come and go.
    fn is_orphaned(&self, connections: &Count) -> bool {
        let may_connect = !connections.was_ever_more() && self.started.elapsed() < CONNECT_TIMEOUT;
        self.mode == Mode::Child
            && parent_id() != self.parent
            && connections.is_zero()
            && !may_connect
    }
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// No process has this number, so whoever has it for a parent is an orphan.
    const NOBODY: u32 = u32::MAX;

    fn lifetime(mode: Mode, parent: u32) -> Lifetime {
        Lifetime { parent, ..Lifetime::without_signals(mode) }
    }

    #[tokio::test]
    async fn a_plugin_outlives_its_host_only_while_somebody_is_connected() {
        let (child, debug) = (lifetime(Mode::Child, NOBODY), lifetime(Mode::Debug, NOBODY));
        let has_host = lifetime(Mode::Child, parent_id());
        let count = Arc::new(Count::default());
        assert!(!child.is_orphaned(&count), "it may still be about to connect");

        let open = count.open();
        assert!(!child.is_orphaned(&count), "it is connected");
        drop(open);
        assert!(child.is_orphaned(&count));
        assert!(!has_host.is_orphaned(&count), "it may connect again");
        assert!(!debug.is_orphaned(&count), "another may come");
    }

    #[tokio::test]
    async fn a_host_that_never_connected_is_not_waited_for_without_end() {
        let mut child = lifetime(Mode::Child, NOBODY);
        child.started = Instant::now().checked_sub(CONNECT_TIMEOUT).unwrap();
        assert!(child.is_orphaned(&Count::default()));
    }

    #[tokio::test]
    async fn whoever_asks_first_is_the_reason() {
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let end = lifetime(Mode::Child, parent_id()).end(&shutdown, &Count::default()).await;
        assert_eq!(end, End::Shutdown);

        let mut orphan = lifetime(Mode::Child, NOBODY);
        orphan.started = Instant::now().checked_sub(CONNECT_TIMEOUT).unwrap();
        let end = orphan.end(&CancellationToken::new(), &Count::default()).await;
        assert_eq!(end, End::Orphaned);
    }
}
