//! Panics, told so that the host recognises them.
//!
//! A line that begins with `panic: ` is what a crashing Go program prints. Terraform and OpenTofu
//! look for it, and show it and what follows to the user with the advice to report a bug.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::Write as _;
use std::panic::set_hook;
use std::thread;

use tracing::error;

/// Replaces the message that Rust prints for a panic. Whether it ends more than the call in which
/// it happens is up to who catches it.
pub(super) fn install() {
    set_hook(Box::new(|info| {
        let location = info.location().map_or("unknown".to_owned(), ToString::to_string);
        // In the log too, where the fields of the spans around it say which call it was.
        error!(location, "the provider panicked");

        let message = info.payload_as_str().unwrap_or("(no message)");
        let thread = thread::current();
        // As RUST_BACKTRACE has it: walking the stack is slow, and a released binary has no names.
        let backtrace = Backtrace::capture();
        let text = describe(
            message,
            &location,
            thread.name().unwrap_or("unnamed"),
            (backtrace.status() == BacktraceStatus::Captured).then_some(&backtrace),
        );
        // In one piece, lest a line of the log falls into it; and without a way to panic again.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }));
}

fn describe(
    message: &str,
    location: &str,
    thread: &str,
    backtrace: Option<&impl fmt::Display>,
) -> String {
    let backtrace = backtrace.map(ToString::to_string).unwrap_or_default();
    format!("panic: {message}\n\nthread {thread:?} at {location}\n{backtrace}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_as_hosts_expect_and_says_where() {
        let text = describe("no such luck", "src/a.rs:1:2", "provider", Some(&"0: main\n"));
        assert_eq!(text, "panic: no such luck\n\nthread \"provider\" at src/a.rs:1:2\n0: main\n");
    }
}
