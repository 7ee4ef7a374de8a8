//! The fields of one span or event, in the shape of the log.

use std::error::Error;
use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

/// The longest text of one field, in bytes. Hosts give up on lines beyond 64 KiB.
const MAX_TEXT: usize = 8 << 10;

/// What names the secrets of this trade. A field whose name contains one of these shows no value:
/// hiding one too many costs a look into the code, showing one too many costs a rotation.
const SECRET_NAMES: [&str; 11] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "authorization",
    "credential",
    "private_key",
    "privatekey",
    "client_key",
    "api_key",
];

const REDACTED: &str = "(sensitive value)";

/// Names and values, as they are recorded.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (String, Value)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone()))
    }

    /// The text of an event, which tracing records as a field.
    pub(super) fn take_message(&mut self) -> String {
        match self.0.remove("message") {
            Some(Value::String(message)) => message,
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    fn insert(&mut self, field: &Field, value: impl FnOnce() -> Value) {
        let value = if is_secret(field.name()) { REDACTED.into() } else { value() };
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, || text(format_args!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, || text(format_args!("{value}")));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, || value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, || value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, || value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, || value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.insert(field, || {
            let mut shown = value.to_string();
            let mut cause = value.source();
            while let Some(error) = cause {
                // Writing to a string does not fail.
                let _ = write!(shown, ": {error}");
                cause = error.source();
            }
            text(format_args!("{shown}"))
        });
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// Keeps what fits, and says how much did not.
fn text(shown: fmt::Arguments<'_>) -> Value {
    let mut text = shown.to_string();
    if text.len() > MAX_TEXT {
        let left = text.len() - text.floor_char_boundary(MAX_TEXT);
        text.truncate(text.len() - left);
        let _ = write!(text, "… ({left} bytes more)");
    }
    Value::String(text)
}
