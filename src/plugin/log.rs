//! Logs: one JSON object per line on standard error, in the form of hclog, which hosts
//! take apart and put among their own.
//!
//! An event's fields and those of the spans around it become keys beside `@level`, `@message`,
//! `@module` and `@timestamp`; of two with the same name the innermost counts. Hosts assert that the
//! four are strings, and die otherwise.

mod fields;

use std::fmt;
use std::io::Write as _;
use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::framework::clock::Clock;
use fields::Fields;

/// The root of our own modules' names.
const OWN: &str = env!("CARGO_CRATE_NAME");

/// What the root of our modules is called in a log.
const MODULE: &str = "provider";

/// How much libraries may say at most. They log requests and headers at the lower levels, and it is
/// not for us to know what is secret in those.
const LIBRARIES: LevelFilter = LevelFilter::WARN;

/// Sends everything up to `level` to standard error, from now on and for the whole process.
pub(super) fn init(level: LevelFilter) {
    if level == LevelFilter::OFF {
        return;
    }
    let filter = Targets::new().with_default(level.min(LIBRARIES)).with_target(OWN, level);
    let hclog = Hclog::new(|line: &[u8]| {
        // With standard error gone there is nowhere to complain.
        let _ = std::io::stderr().write_all(line);
    });
    let subscriber = tracing_subscriber::registry().with(filter).with(hclog);
    // Fails where somebody has set one before, as a test may: theirs is as good.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes events as lines of hclog's JSON.
struct Hclog<W> {
    write: W,
}

impl<W: Fn(&[u8]) + Send + Sync + 'static> Hclog<W> {
    /// `write` gets whole lines, each in one piece.
    fn new(write: W) -> Self {
        Self { write }
    }
}

impl<W> fmt::Debug for Hclog<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hclog").finish_non_exhaustive()
    }
}

impl<S, W> Layer<S> for Hclog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&[u8]) + Send + Sync + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Apart first: showing a value may log, and would find the span locked.
        let mut added = Fields::default();
        values.record(&mut added);
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            fields.extend(added);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::default();
        event.record(&mut own);

        let mut line = Map::new();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.extend(fields.iter());
            }
        }
        let message = own.take_message();
        line.extend(own.iter());
        // Last, so that no field takes their place.
        let metadata = event.metadata();
        for (key, value) in [
            ("@level", level_name(*metadata.level()).to_owned()),
            ("@message", message),
            ("@module", module(metadata.target())),
            ("@timestamp", timestamp(Clock::system().now())),
        ] {
            line.insert(key.to_owned(), Value::String(value));
        }
        (self.write)(format!("{}\n", Value::Object(line)).as_bytes());
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// `provider.plugin.tls` for `terraform_provider_gitops::plugin::tls`.
fn module(target: &str) -> String {
    match target.strip_prefix(OWN) {
        Some(rest) if rest.is_empty() || rest.starts_with("::") => {
            format!("{MODULE}{rest}").replace("::", ".")
        }
        _ => target.replace("::", "."),
    }
}

/// Hosts parse exactly six digits, and take any other line for text.
fn timestamp(at: SystemTime) -> String {
    // Only a clock that is off by millennia does not fit.
    let at = Timestamp::try_from(at).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests;
