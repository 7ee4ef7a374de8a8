//! Waiting: the only place of the provider that sleeps.
//!
//! A wait has a [`Deadline`], which carries the user's `timeouts` and the
//! cancellation of the run, and polls with a growing interval until the
//! question is answered. It ends early on a cancel, and says in its error what
//! was last seen.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Error, Result};

/// Until when an operation may go on, and what may stop it before.
#[derive(Clone, Debug)]
pub struct Deadline {
    at: Instant,
    limit: Duration,
    cancel: CancellationToken,
}

impl Deadline {
    /// An operation that starts now and may take `limit`.
    pub fn new(limit: Duration, cancel: CancellationToken) -> Self {
        // Far enough for any wait, near enough for the clock's arithmetic.
        let limit = limit.min(Duration::from_hours(8760));
        Self { at: Instant::now() + limit, limit, cancel }
    }

    /// The same cancellation, and whatever comes first: this deadline or `limit` from now.
    #[must_use]
    pub fn at_most(&self, limit: Duration) -> Self {
        let at = self.at.min(Instant::now() + limit);
        Self { at, limit: limit.min(self.limit), cancel: self.cancel.clone() }
    }

    /// How long is left.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Whether the run was stopped by its user.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Runs `work`, ending it at the deadline or on a cancel.
    pub async fn bound<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::cancelled()),
            done = tokio::time::timeout_at(self.at, work) => done.unwrap_or_else(|_| {
                Err(Error::timed_out(format!("no answer within {}", human(self.limit))))
            }),
        }
    }

    /// Sleeps, unless the deadline or a cancel comes first.
    ///
    /// # Errors
    /// When cancelled, or when the deadline has passed.
    pub async fn sleep(&self, time: Duration) -> Result<()> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(Error::cancelled()),
            () = tokio::time::sleep_until(self.at.min(Instant::now() + time)) => {}
        }
        if self.remaining().is_zero() {
            return Err(Error::timed_out(format!("gave up after {}", human(self.limit))));
        }
        Ok(())
    }
}

/// How often to ask.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    first: Duration,
    longest: Duration,
}

impl Pace {
    /// Asks again after `first`, then half as long again each time, up to `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// For objects of a cluster: they change within milliseconds to seconds.
    pub const CLUSTER: Self = Self::new(Duration::from_millis(50), Duration::from_secs(2));
    /// For AWS resources that take minutes.
    pub const AWS: Self = Self::new(Duration::from_millis(500), Duration::from_secs(10));

    fn after(self, last: Duration) -> Duration {
        (last + last / 2).min(self.longest)
    }
}

/// What one look at the awaited thing found.
#[derive(Debug)]
pub enum Poll<T> {
    /// Done.
    Ready(T),
    /// Not yet; the text says what was seen, for the error of a wait in vain.
    Pending(String),
}

/// Asks `look` until it is ready, fails, or the deadline comes.
///
/// # Errors
/// Whatever `look` fails with, at once; a time-out that quotes the last
/// pending state as `waiting for {what}`; or a cancel.
pub async fn until<T, F>(
    deadline: &Deadline,
    pace: Pace,
    what: &str,
    mut look: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Poll<T>>>,
{
    let mut interval = pace.first;
    let mut seen = String::from("nothing was seen yet");
    loop {
        match deadline.bound(look()).await {
            Ok(Poll::Ready(value)) => return Ok(value),
            Ok(Poll::Pending(state)) => seen = state,
            Err(error) if error.is_timed_out() && deadline.remaining().is_zero() => {
                return Err(vain(deadline, what, &seen));
            }
            Err(error) => return Err(error),
        }
        match deadline.sleep(interval).await {
            Ok(()) => {}
            Err(error) if error.is_timed_out() => return Err(vain(deadline, what, &seen)),
            Err(error) => return Err(error),
        }
        interval = pace.after(interval);
    }
}

/// Calls again while `again` says that the error passes with time, until the deadline.
///
/// # Errors
/// The last error of the call, with a note on how long it was tried, or a cancel.
pub async fn retry<T, F>(
    deadline: &Deadline,
    pace: Pace,
    again: impl Fn(&Error) -> bool,
    call: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    retry_for(deadline, deadline.limit, pace, again, call).await
}

/// The same, for an error that may as well be a mistake: it is believed to pass for at most `limit`
/// from when it is first seen. The calls themselves may take until the deadline, since an API that
/// is busy is no mistake of anybody's.
///
/// # Errors
/// As for [`retry`].
pub async fn retry_for<T, F>(
    deadline: &Deadline,
    limit: Duration,
    pace: Pace,
    again: impl Fn(&Error) -> bool,
    mut call: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut interval = pace.first;
    let mut believed = None;
    loop {
        match deadline.bound(call()).await {
            Err(error) if again(&error) => {
                let until = believed.get_or_insert_with(|| deadline.at_most(limit));
                match until.sleep(interval).await {
                    Ok(()) => tracing::debug!(error = %error, "trying again"),
                    Err(stop) if stop.is_cancelled() => return Err(stop),
                    Err(_) => {
                        return Err(error.context(format!("trying for {}", human(until.limit))));
                    }
                }
            }
            result => return result,
        }
        interval = pace.after(interval);
    }
}

fn vain(deadline: &Deadline, what: &str, seen: &str) -> Error {
    Error::timed_out(format!(
        "waited {} for {what}; the last state seen: {seen}",
        human(deadline.limit)
    ))
}

/// `90s` as `1m30s`.
fn human(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) if s < 10 => format!("{:.1}s", time.as_secs_f64()),
        (0, 0, s) => format!("{s}s"),
        (0, m, 0) => format!("{m}m"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, 0, 0) => format!("{h}h"),
        (h, m, _) => format!("{h}h{m}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(millis: u64) -> Deadline {
        Deadline::new(Duration::from_millis(millis), CancellationToken::new())
    }

    const QUICK: Pace = Pace::new(Duration::from_millis(1), Duration::from_millis(4));

    #[tokio::test]
    async fn a_wait_in_vain_quotes_what_was_seen_last() {
        let error = until::<(), _>(&deadline(30), QUICK, "the thing to be ready", || async {
            Ok(Poll::Pending("status CREATING".into()))
        })
        .await
        .unwrap_err();
        assert!(error.is_timed_out());
        assert_eq!(
            error.message(),
            "waited 0.0s for the thing to be ready; the last state seen: status CREATING"
        );
    }

    #[tokio::test]
    async fn a_cancel_ends_a_wait_at_once() {
        let cancel = CancellationToken::new();
        let deadline = Deadline::new(Duration::from_mins(10), cancel.clone());
        let wait = until::<(), _>(&deadline, Pace::AWS, "x", || async {
            Ok(Poll::Pending("still going".into()))
        });
        let stop = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(wait, stop);
        assert!(result.unwrap_err().is_cancelled());
    }

    #[tokio::test]
    async fn a_look_that_hangs_is_cut_off_at_the_deadline() {
        let error =
            until::<(), _>(&deadline(30), QUICK, "x", std::future::pending).await.unwrap_err();
        assert!(error.is_timed_out());
    }

    #[tokio::test]
    async fn a_retry_goes_on_only_while_the_error_passes() {
        let mut tries = 0;
        let result = retry(&deadline(5_000), QUICK, Error::is_transient, || {
            tries += 1;
            let error =
                if tries < 4 { Error::throttled("slow down") } else { Error::forbidden("no") };
            async move { Err::<(), _>(error) }
        })
        .await;
        assert!(result.unwrap_err().is_forbidden());
        assert_eq!(tries, 4);
    }

    /// Real time, and a machine may be busy: the bounds are far apart.
    #[tokio::test]
    async fn an_error_that_may_be_a_mistake_is_believed_for_a_while_only() {
        let started = Instant::now();
        let refused = || async { Err::<(), _>(Error::invalid("no such role")) };
        let limit = Duration::from_millis(50);
        let result = retry_for(&deadline(60_000), limit, QUICK, |_| true, refused).await;
        assert_eq!(result.unwrap_err().message(), "no such role");
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn a_call_may_take_longer_than_an_error_is_believed() {
        let limit = Duration::from_millis(5);
        let busy = || async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(())
        };
        retry_for(&deadline(60_000), limit, QUICK, |_| true, busy).await.unwrap();
    }
}
