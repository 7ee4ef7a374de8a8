//! What time it is for AWS.
//!
//! Credentials expire by the clock of AWS, and signatures are dated by it. The
//! SDK corrects the date of its own signatures; the tokens for clusters are
//! signed here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_types::request_id::RequestId;

use crate::framework::Clock;

/// The time of AWS: ours, corrected by what was seen of theirs.
#[derive(Clone, Debug)]
pub(super) struct AwsTime {
    clock: Clock,
    /// How far their clock is ahead of ours.
    seconds: Arc<AtomicI64>,
}

/// Smaller differences are the way of the answer and the rounding of its date.
const TOLERATED: i64 = 30;

impl AwsTime {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, seconds: Arc::default() }
    }

    /// The time, as AWS has it.
    pub(super) fn now(&self) -> SystemTime {
        let seconds = self.seconds.load(Ordering::Relaxed);
        let shift = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { self.clock.now() - shift } else { self.clock.now() + shift }
    }

    /// Looks at the date of an answer.
    pub(super) fn note(&self, response: &HttpResponse) {
        // Only AWS dates its answers rightly; a proxy's error page may be an old one.
        let (Some(_), Some(date)) = (response.request_id(), response.headers().get("date")) else {
            return;
        };
        let Ok(date) = DateTime::from_str(date, Format::HttpDate) else { return };
        let ours = DateTime::from(self.clock.now());
        let seconds = date.secs() - ours.secs();
        let seconds = if seconds.abs() < TOLERATED { 0 } else { seconds };
        let before = self.seconds.swap(seconds, Ordering::Relaxed);
        if before == 0 && seconds != 0 {
            tracing::warn!(seconds, "the clock of this machine differs from that of AWS");
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn dated(date: &str, request_id: Option<&str>) -> HttpResponse {
        let status = StatusCode::try_from(200).unwrap();
        let mut response = HttpResponse::new(status, SdkBody::empty());
        response.headers_mut().insert("date", date.to_owned());
        if let Some(id) = request_id {
            response.headers_mut().insert("x-amzn-requestid", id.to_owned());
        }
        response
    }

    /// 2026-03-14T15:09:26Z.
    fn noon() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_773_500_966)
    }

    #[test]
    fn a_clock_that_is_wrong_by_minutes_is_corrected() {
        let time = AwsTime::new(Clock::manual(noon()));
        time.note(&dated("Sat, 14 Mar 2026 15:29:26 GMT", Some("id")));
        assert_eq!(time.now(), noon() + Duration::from_mins(20));
        time.note(&dated("Sat, 14 Mar 2026 14:59:26 GMT", Some("id")));
        assert_eq!(time.now(), noon() - Duration::from_mins(10));
        time.note(&dated("Sat, 14 Mar 2026 15:09:40 GMT", Some("id")));
        assert_eq!(time.now(), noon());
    }

    #[test]
    fn only_answers_of_aws_tell_the_time() {
        let time = AwsTime::new(Clock::manual(noon()));
        time.note(&dated("Sat, 14 Mar 2026 18:00:00 GMT", None));
        time.note(&dated("yesterday", Some("id")));
        assert_eq!(time.now(), noon());
    }
}
