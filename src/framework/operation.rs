//! What one call on one resource works with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::diagnostics::Diagnostics;
use super::managed::IMPORTED;
use super::path::Path;
use super::private::Private;
use super::wait::Deadline;

/// One operation: the configured provider, its time, and what it leaves behind
/// beside the state.
#[derive(Debug)]
pub struct Operation<P> {
    provider: Arc<P>,
    deadline: Deadline,
    private: Mutex<Private>,
    diagnostics: Mutex<Diagnostics>,
}

impl<P> Operation<P> {
    /// An operation that may take until `deadline`.
    pub fn new(provider: Arc<P>, deadline: Deadline, private: Private) -> Self {
        Self { provider, deadline, private: Mutex::new(private), diagnostics: Mutex::default() }
    }

    /// The configured provider.
    pub fn provider(&self) -> &P {
        &self.provider
    }

    /// Until when the operation may go on.
    pub fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// The remaining time, or `limit` if that is less.
    pub fn at_most(&self, limit: Duration) -> Deadline {
        self.deadline.at_most(limit)
    }

    /// Tells the user something that does not stop the operation.
    pub fn warn(&self, path: Path, summary: impl Into<String>, detail: impl Into<String>) {
        lock(&self.diagnostics).warn(path, summary, detail);
    }

    /// Tells the user all of these; an error among them fails the operation.
    pub fn tell(&self, diagnostics: Diagnostics) {
        lock(&self.diagnostics).extend(diagnostics);
    }

    /// What was remembered of the object under that name.
    pub fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        lock(&self.private).get(name)
    }

    /// Whether this is the first read of an object that was imported or moved
    /// here: the state knows nothing yet but which object it is.
    pub fn is_imported(&self) -> bool {
        self.recall::<bool>(IMPORTED).unwrap_or_default()
    }

    /// Remembers something of the object; no secrets, see [`Private`].
    pub fn remember(&self, name: &str, value: impl Serialize) {
        lock(&self.private).set(name, value);
    }

    /// Forgets what was remembered under that name.
    pub fn forget(&self, name: &str) {
        lock(&self.private).remove(name);
    }

    /// What is left behind: private state and warnings.
    pub(super) fn finish(self) -> (Private, Diagnostics) {
        let private = self.private.into_inner().unwrap_or_else(PoisonError::into_inner);
        let diagnostics = self.diagnostics.into_inner().unwrap_or_else(PoisonError::into_inner);
        (private, diagnostics)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
