//! How long to try again, and for which failures.
//!
//! In a run that makes a cluster and fills it, much is refused at first that is
//! right a little later. Each cause has its own patience, within the deadline of
//! the whole operation, so that a mistake is told soon and a slow start is not
//! taken for one.

use std::time::{Duration, Instant};

use super::super::error::{Cause, Failure};
use crate::framework::Error;
use crate::framework::wait::Deadline;

/// Time limits per cause, counted from the first failure of that cause in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Patience {
    type_not_served: Duration,
    no_namespace: Duration,
    terminating: Duration,
    webhook: Duration,
    access: Duration,
    changed: Duration,
    throttled: Duration,
    unreachable: Duration,
    unavailable: Duration,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Patience {
    /// For reading: what is not there is not waited for.
    pub(in super::super) const READ: Self = Self {
        type_not_served: Duration::ZERO,
        no_namespace: Duration::ZERO,
        terminating: Duration::ZERO,
        webhook: Duration::ZERO,
        access: Duration::ZERO,
        changed: Duration::ZERO,
        throttled: seconds(120),
        // Every object of a refresh meets the same dead cluster: soon enough is soon.
        unreachable: seconds(10),
        unavailable: seconds(60),
    };

    /// For a request that may be sent twice with the same outcome.
    pub(in super::super) const WRITE: Self = Self {
        // From a capability that turned ACTIVE, or a chart, to CRDs that are served.
        type_not_served: seconds(120),
        // Made by another resource of the same run, or by a webhook.
        no_namespace: seconds(60),
        // A namespace with finalizers takes 5 to 10 s, its content may take minutes.
        terminating: seconds(300),
        // From a Deployment that is applied to pods that answer.
        webhook: seconds(120),
        // Two writers at once settle within a few tries.
        changed: seconds(10),
        unreachable: seconds(60),
        ..Self::READ
    };

    /// For a request that makes a new object each time it is carried out: only
    /// what surely was not carried out is tried again.
    pub(in super::super) const CREATE: Self =
        Self { changed: Duration::ZERO, unavailable: Duration::ZERO, ..Self::WRITE };

    /// For deleting: a type that is gone took its objects with it, and an object
    /// that is on its way out is where it should be.
    pub(in super::super) const DELETE: Self = Self {
        type_not_served: Duration::ZERO,
        no_namespace: Duration::ZERO,
        terminating: Duration::ZERO,
        ..Self::WRITE
    };

    /// For looking at an object again and again: the deadline is the limit.
    pub(in super::super) const WATCH: Self = Self {
        // One API server of several may not know of an access entry that another knows.
        access: seconds(30),
        throttled: Duration::MAX,
        unreachable: Duration::MAX,
        unavailable: Duration::MAX,
        ..Self::READ
    };

    /// As [`WATCH`](Self::WATCH), where another way is tried when access is refused.
    pub(in super::super) const LIST: Self = Self { access: Duration::ZERO, ..Self::WATCH };

    /// Also waits for access that was granted in the same run: an access entry
    /// or policy is known within seconds, at times within a minute or two.
    #[must_use]
    pub(in super::super) const fn with_new_access(self, new: bool) -> Self {
        if new { Self { access: seconds(120), ..self } } else { self }
    }

    fn with(&self, cause: Cause) -> Duration {
        match cause {
            Cause::TypeNotServed => self.type_not_served,
            Cause::NoNamespace => self.no_namespace,
            Cause::Terminating => self.terminating,
            Cause::Webhook => self.webhook,
            Cause::Unauthenticated | Cause::Forbidden => self.access,
            Cause::Changed => self.changed,
            Cause::Throttled => self.throttled,
            Cause::Unreachable => self.unreachable,
            Cause::Unavailable => self.unavailable,
            Cause::Absent
            | Cause::Exists
            | Cause::Owned
            | Cause::Invalid
            | Cause::Expired
            | Cause::Other => Duration::ZERO,
        }
    }
}

/// What a stop means for a request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum OnStop {
    /// Nothing is lost by giving it up.
    Drop,
    /// The server may carry it out anyway: it gets a little longer, so that what
    /// it made is known.
    Finish,
}

/// How much longer. API servers answer in milliseconds; webhooks have 10 s by default.
const FINISH: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Makes attempts until one succeeds, fails for good, or `patience` or the
/// deadline is at its end.
pub(in super::super) async fn persist<T, F>(
    deadline: &Deadline,
    patience: Patience,
    on_stop: OnStop,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut last: Option<Failure> = None;
    let mut since = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        // Nothing new is begun after a stop, however a request on its way is treated.
        if deadline.is_cancelled() {
            return Err(stopped(Error::cancelled(), last));
        }
        let failure = match within(deadline, on_stop, attempt()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failure)) => failure,
            Err(stop) => return Err(stopped(stop, last)),
        };
        if last.as_ref().is_none_or(|last| last.cause != failure.cause) {
            (since, pause) = (Instant::now(), FIRST_PAUSE);
        }
        let waited = since.elapsed();
        if waited >= patience.with(failure.cause) {
            return Err(after(failure, waited));
        }
        let wait = failure.retry_after.unwrap_or_default().max(pause);
        tracing::debug!(error = %failure.error, cause = ?failure.cause, ?wait, "trying again");
        if let Err(stop) = deadline.sleep(wait).await {
            return Err(stopped(stop, Some(after(failure, waited))));
        }
        pause = (pause + pause / 2).min(LONGEST_PAUSE);
        last = Some(failure);
    }
}

/// Runs one attempt until the deadline or a cancel, and perhaps a little longer.
async fn within<T>(
    deadline: &Deadline,
    on_stop: OnStop,
    attempt: impl Future<Output = Result<T, Failure>>,
) -> Result<Result<T, Failure>, Error> {
    let mut attempt = std::pin::pin!(attempt);
    match deadline.bound(async { Ok((&mut attempt).await) }).await {
        Err(stop) if on_stop == OnStop::Finish => {
            tokio::time::timeout(FINISH, attempt).await.map_err(|_| stop)
        }
        done => done,
    }
}

/// A cancel is told as such; at the deadline the last failure says more than the time-out.
fn stopped(stop: Error, last: Option<Failure>) -> Failure {
    match last {
        Some(last) if !stop.is_cancelled() => last,
        _ => Failure::new(Cause::Other, stop),
    }
}

fn after(failure: Failure, waited: Duration) -> Failure {
    if waited < Duration::from_secs(1) {
        return failure;
    }
    let error = failure.error.context(format!("trying for {} s", waited.as_secs()));
    Failure { error, ..failure }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio_util::sync::CancellationToken;

    use super::*;

    fn failing(cause: Cause) -> Failure {
        Failure::new(cause, Error::failed(format!("{cause:?}")))
    }

    fn deadline(time: Duration) -> Deadline {
        Deadline::new(time, CancellationToken::new())
    }

    /// Fails with each cause in turn, then succeeds; gives the number of attempts.
    async fn attempts(patience: Patience, causes: &[Cause]) -> (Result<(), Failure>, usize) {
        let tried = Cell::new(0);
        let result = persist(&deadline(seconds(30)), patience, OnStop::Drop, || {
            let cause = causes.get(tried.replace(tried.get() + 1)).copied();
            async move { cause.map_or(Ok(()), |cause| Err(failing(cause))) }
        })
        .await;
        (result, tried.get())
    }

    #[tokio::test]
    async fn a_write_waits_for_what_is_still_being_made() {
        let causes = [Cause::NoNamespace, Cause::TypeNotServed, Cause::Webhook];
        let (result, tried) = attempts(Patience::WRITE, &causes).await;
        assert!(result.is_ok());
        assert_eq!(tried, 4);
    }

    #[tokio::test]
    async fn a_mistake_is_told_at_once() {
        for cause in [Cause::Invalid, Cause::Owned, Cause::Exists, Cause::Forbidden] {
            let (result, tried) = attempts(Patience::WRITE, &[cause]).await;
            assert_eq!((result.unwrap_err().cause, tried), (cause, 1));
        }
    }

    #[tokio::test]
    async fn a_read_does_not_wait_for_a_type() {
        assert_eq!(attempts(Patience::READ, &[Cause::TypeNotServed]).await.1, 1);
    }

    #[tokio::test]
    async fn a_missing_permission_is_waited_for_only_when_access_is_new() {
        let causes = [Cause::Unauthenticated, Cause::Forbidden];
        let patience = Patience::WRITE.with_new_access(true);
        assert!(attempts(patience, &causes).await.0.is_ok());
    }

    #[tokio::test]
    async fn what_may_have_been_carried_out_is_not_created_twice() {
        assert_eq!(attempts(Patience::CREATE, &[Cause::Unavailable]).await.1, 1);
        assert_eq!(attempts(Patience::CREATE, &[Cause::Unreachable]).await.1, 2);
        assert_eq!(attempts(Patience::WRITE, &[Cause::Unavailable]).await.1, 2);
    }

    #[tokio::test]
    async fn patience_ends_before_the_deadline() {
        let patience = Patience { webhook: Duration::from_millis(300), ..Patience::WRITE };
        let (result, tried) = attempts(patience, &[Cause::Webhook; 100]).await;
        assert_eq!(result.unwrap_err().cause, Cause::Webhook);
        assert!((2..6).contains(&tried), "{tried}");
    }

    #[tokio::test]
    async fn the_server_says_how_long_to_wait() {
        let tried = Cell::new(0);
        let started = Instant::now();
        let result = persist(&deadline(seconds(30)), Patience::READ, OnStop::Drop, || {
            let first = tried.replace(tried.get() + 1) == 0;
            async move {
                let retry_after = Some(seconds(1));
                if first {
                    Err(Failure { retry_after, ..failing(Cause::Throttled) })
                } else {
                    Ok(())
                }
            }
        })
        .await;
        assert!(result.is_ok() && started.elapsed() >= seconds(1));
    }

    #[tokio::test]
    async fn at_the_deadline_the_last_failure_is_told() {
        let deadline = deadline(Duration::from_millis(250));
        let failure = persist(&deadline, Patience::WRITE, OnStop::Drop, || async {
            Err::<(), _>(failing(Cause::Webhook))
        })
        .await
        .unwrap_err();
        assert_eq!(failure.cause, Cause::Webhook);
    }

    #[tokio::test]
    async fn a_write_on_its_way_is_finished_when_the_run_is_cancelled() {
        for (on_stop, finished) in [(OnStop::Finish, true), (OnStop::Drop, false)] {
            let cancel = CancellationToken::new();
            let deadline = Deadline::new(seconds(60), cancel.clone());
            let write = persist(&deadline, Patience::WRITE, on_stop, || async {
                cancel.cancel();
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok("made")
            });
            assert_eq!(write.await.is_ok(), finished);
        }
    }

    #[tokio::test]
    async fn nothing_is_begun_after_a_cancel() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let deadline = Deadline::new(seconds(60), cancel);
        let failure = persist(&deadline, Patience::WRITE, OnStop::Finish, || async {
            panic!("begun");
            #[expect(unreachable_code, reason = "says the type")]
            Ok::<(), Failure>(())
        })
        .await
        .unwrap_err();
        assert!(failure.error.is_cancelled());
    }

    #[tokio::test]
    async fn a_cancel_between_attempts_ends_them() {
        let cancel = CancellationToken::new();
        let deadline = Deadline::new(seconds(60), cancel.clone());
        let failure = persist(&deadline, Patience::WRITE, OnStop::Finish, || async {
            cancel.cancel();
            Err::<(), _>(failing(Cause::Webhook))
        })
        .await
        .unwrap_err();
        assert!(failure.error.is_cancelled());
    }
}
