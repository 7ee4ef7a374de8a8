//! What the provider remembers of an object beside its state.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::error::{Error, Result};

/// Private state: kept by core with the object, shown to nobody, and stored in
/// clear; so no secret is ever put here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Private(BTreeMap<String, Json>);

impl Private {
    /// Reads what core kept; nothing at all is an empty one.
    ///
    /// # Errors
    /// When it is not what [`Private::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(bytes).map(Self).map_err(|error| {
            Error::bug("the private state in the state file cannot be read").caused_by(error)
        })
    }

    /// What core is to keep; an empty one takes no space.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.0.is_empty() {
            return Vec::new();
        }
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// The remembered value of that name, if there is one of that shape.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.0.get(name).and_then(|json| serde_json::from_value(json.clone()).ok())
    }

    /// Remembers a value.
    pub fn set(&mut self, name: &str, value: impl Serialize) {
        if let Ok(json) = serde_json::to_value(value) {
            self.0.insert(name.to_owned(), json);
        }
    }

    /// Forgets a value.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}
