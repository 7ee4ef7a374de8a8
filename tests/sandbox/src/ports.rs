//! Loopback ports for programs that must be told theirs.
//!
//! Asking the kernel for port 0 gives one of the ephemeral range, which any outgoing connection of
//! the machine may take before the program gets to it. Ports below that range are only taken by
//! somebody who asks for exactly that one, so a random choice among them, tried once, stays free in
//! practice.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Below the ephemeral ranges of Linux (from 32768) and macOS (from 49152), above the registered
/// favourites.
const RANGE: Range<u16> = 20_000..32_000;

/// What this process has handed out, since a port stays free until its program is up.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A free loopback port that this process has not handed out before.
pub(crate) fn free() -> anyhow::Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..1000 {
        let [a, b, ..] = *uuid::Uuid::new_v4().as_bytes();
        let port = RANGE.start + u16::from_be_bytes([a, b]) % (RANGE.end - RANGE.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && given.insert(port) {
            return Ok(port);
        }
    }
    anyhow::bail!("no free port found between {} and {}", RANGE.start, RANGE.end)
}
