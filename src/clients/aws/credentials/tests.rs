use std::sync::atomic::AtomicBool;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::clients::aws::error::Report;
use crate::clients::aws::error::class::Class;
use crate::framework::Clock;
use crate::framework::wait::Deadline;

/// Makes credentials that last an hour, slowly, and counts.
#[derive(Default)]
struct Hourly {
    asked: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
    lasts: Option<Duration>,
    clock: Clock,
}

#[async_trait]
impl Source for Hourly {
    async fn load(&self) -> Result<(Credentials, Arc<str>), Failure> {
        let nth = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        // Long enough for others to come and wait.
        let slow = Deadline::new(Duration::from_mins(1), CancellationToken::new());
        slow.sleep(Duration::from_millis(20)).await.unwrap();
        if self.broken.load(Ordering::SeqCst) {
            return Err(Report::new(Class::Unauthenticated, format!("refusal {nth}")).into());
        }
        let expiry = self.lasts.map(|lasts| self.clock.now() + lasts);
        let key = format!("key-{nth}");
        Ok((Credentials::new(key, "secret", None, expiry, "test"), "the test".into()))
    }

    fn describe(&self) -> Arc<str> {
        "a test".into()
    }
}

struct Bench {
    held: Held,
    asked: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
    clock: Clock,
}

fn bench(lasts: Option<Duration>) -> Bench {
    let clock = Clock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let source = Hourly { lasts, clock: clock.clone(), ..Hourly::default() };
    let (asked, broken) = (source.asked.clone(), source.broken.clone());
    Bench { held: Held::new(source, AwsTime::new(clock.clone())), asked, broken, clock }
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn many_callers_at_once_make_one_request() {
    let Bench { held, asked, .. } = bench(Some(HOUR));
    let all = futures::future::join_all((0..20).map(|_| held.get())).await;
    assert!(all.iter().all(|got| got.as_ref().unwrap().access_key_id() == "key-1"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(&*held.describe(), "the test");
}

#[tokio::test]
async fn a_failure_answers_everybody_who_waited_and_nobody_later() {
    let Bench { held, asked, broken, .. } = bench(Some(HOUR));
    broken.store(true, Ordering::SeqCst);
    let all = futures::future::join_all((0..20).map(|_| held.get())).await;
    assert!(all.iter().all(|got| got.as_ref().unwrap_err().to_string() == "refusal 1"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(&*held.describe(), "a test");
    broken.store(false, Ordering::SeqCst);
    assert_eq!(held.get().await.unwrap().access_key_id(), "key-2");
}

#[tokio::test]
async fn credentials_are_renewed_before_they_expire() {
    let Bench { held, clock, .. } = bench(Some(HOUR));
    held.get().await.unwrap();
    clock.advance(Duration::from_mins(54));
    assert_eq!(held.get().await.unwrap().access_key_id(), "key-1");
    clock.advance(Duration::from_mins(2));
    assert_eq!(held.get().await.unwrap().access_key_id(), "key-2");
}

#[tokio::test]
async fn old_credentials_serve_while_a_renewal_fails_and_until_they_expire() {
    let Bench { held, asked, broken, clock } = bench(Some(HOUR));
    held.get().await.unwrap();
    broken.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_mins(56));
    assert_eq!(held.get().await.unwrap().access_key_id(), "key-1");
    held.get().await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2, "the failed renewal is not repeated at once");
    clock.advance(Duration::from_mins(5));
    held.get().await.unwrap_err();
}

#[tokio::test]
async fn credentials_without_an_expiry_are_looked_up_again_after_a_quarter_of_an_hour() {
    let Bench { held, clock, .. } = bench(None);
    held.get().await.unwrap();
    clock.advance(Duration::from_mins(14));
    assert_eq!(held.get().await.unwrap().access_key_id(), "key-1");
    clock.advance(Duration::from_mins(2));
    assert_eq!(held.get().await.unwrap().access_key_id(), "key-2");
}

#[tokio::test]
async fn sessions_shorter_than_the_margin_are_still_kept_for_a_while() {
    let Bench { held, asked, .. } = bench(Some(Duration::from_mins(1)));
    held.get().await.unwrap();
    held.get().await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_spoil_it_for_the_next() {
    let Bench { held, .. } = bench(Some(HOUR));
    let impatient = tokio::time::timeout(Duration::from_millis(1), held.get()).await;
    impatient.unwrap_err();
    assert_eq!(held.get().await.unwrap().access_key_id(), "key-2");
}

#[tokio::test]
async fn debug_output_says_where_from_and_not_what() {
    let Bench { held, .. } = bench(None);
    held.get().await.unwrap();
    assert_eq!(format!("{held:?}"), r#"Held("the test")"#);
}
