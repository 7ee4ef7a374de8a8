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
const LOOK: Duration = Duration::from_millis(250);

/// How long a host may take to connect once the process that started us is gone. A wrapper that does
/// not wait for us ends at about the time at which its host reads the line; but a host that was
/// killed never comes.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// How long calls under way may take once serving has ended. A host kills us after 2 s, and adds
/// whatever we take to every run: this is for answers on their way out, not for finishing work.
const GRACE: Duration = Duration::from_millis(500);

/// The same when nobody waits for us. A write that is cancelled is given 10 s to find out what it
/// made, and after those the host can still be told.
const GRACE_OF_TERMINATED: Duration = Duration::from_secs(15);

/// Why serving ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A host asked for it.
    Shutdown,
    /// The person who started us asked for it.
    Interrupted,
    /// The system is ending, or somebody wants this process to.
    Terminated,
    /// The host is gone without having asked for anything.
    Orphaned,
}

impl End {
    /// How long calls under way may take from then on.
    pub(super) fn grace(self) -> Duration {
        match self {
            Self::Terminated => GRACE_OF_TERMINATED,
            Self::Shutdown | Self::Interrupted | Self::Orphaned => GRACE,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shutdown => "the host asked for it",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
            Self::Orphaned => "the host is gone",
        })
    }
}

/// Watches over what ends the process.
#[derive(Debug)]
pub(super) struct Lifetime {
    mode: Mode,
    parent: u32,
    /// When it was first seen that nobody had come yet, and that nobody might.
    alone: Option<Instant>,
    interrupt: Option<Signal>,
    hangup: Option<Signal>,
    terminate: Option<Signal>,
}

impl Lifetime {
    /// Begins to watch. From here on three signals no longer kill the process at once, which would
    /// lose what calls under way have made, and leave the socket behind:
    ///
    /// - An interrupt and a hang-up are sent by a terminal to the host and to us alike. It is for the
    ///   host to tell us what to do about it; and one that was started to outlive its terminal does.
    ///   Under a debugger there is no host, and both are an orderly end.
    /// - A request to terminate is an orderly end.
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
        lifetime.hangup = Some(catch(SignalKind::hangup())?);
        lifetime.terminate = Some(catch(SignalKind::terminate())?);
        Ok(lifetime)
    }

    /// As [`Lifetime::new`], with every signal left as it is: a test is to die of an interrupt.
    pub(super) fn without_signals(mode: Mode) -> Self {
        let parent = parent_id();
        Self { mode, parent, alone: None, interrupt: None, hangup: None, terminate: None }
    }

    /// Waits until there is a reason to end. `shutdown` is cancelled when a host asks for it.
    pub(super) async fn end(mut self, shutdown: &CancellationToken, connections: &Count) -> End {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return End::Shutdown,
                () = received(self.terminate.as_mut()) => return End::Terminated,
                signal = of_terminal(&mut self.interrupt, &mut self.hangup) => match self.mode {
                    Mode::Debug => return End::Interrupted,
                    Mode::Child => debug!(signal, "ignored: the host decides what it means"),
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
    fn is_orphaned(&mut self, connections: &Count) -> bool {
        if self.mode == Mode::Debug || parent_id() == self.parent || !connections.is_zero() {
            self.alone = None;
            return false;
        }
        connections.was_ever_more()
            || self.alone.get_or_insert_with(Instant::now).elapsed() >= CONNECT_TIMEOUT
    }
}

/// Waits for either of the signals that a terminal sends to all that run in it.
async fn of_terminal(interrupt: &mut Option<Signal>, hangup: &mut Option<Signal>) -> &'static str {
    tokio::select! {
        () = received(interrupt.as_mut()) => "SIGINT",
        () = received(hangup.as_mut()) => "SIGHUP",
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
        let (mut child, mut debug) = (lifetime(Mode::Child, NOBODY), lifetime(Mode::Debug, NOBODY));
        let mut has_host = lifetime(Mode::Child, parent_id());
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
    async fn a_host_that_never_connected_is_waited_for_a_moment_only() {
        let (mut child, count) = (lifetime(Mode::Child, NOBODY), Count::default());
        assert!(!child.is_orphaned(&count));
        child.alone = Some(Instant::now().checked_sub(CONNECT_TIMEOUT).unwrap());
        assert!(child.is_orphaned(&count));
    }

    #[tokio::test]
    async fn whoever_asks_first_is_the_reason() {
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let end = lifetime(Mode::Child, parent_id()).end(&shutdown, &Count::default()).await;
        assert_eq!(end, End::Shutdown);

        let mut orphan = lifetime(Mode::Child, NOBODY);
        orphan.alone = Some(Instant::now().checked_sub(CONNECT_TIMEOUT).unwrap());
        let end = orphan.end(&CancellationToken::new(), &Count::default()).await;
        assert_eq!(end, End::Orphaned);
    }
}
