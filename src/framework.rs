//! What a provider is made of: values, schemas, the plan engine, resources.
//!
//! This ring knows neither the wire (protobuf, msgpack) nor any API (AWS,
//! Kubernetes). Everything that Terraform and OpenTofu demand of a provider is
//! decided here, on plain data.

pub mod action;
pub mod api;
pub mod checks;
pub mod clock;
pub mod configured;
pub mod data_source;
pub mod diagnostics;
pub mod ephemeral;
pub mod error;
pub mod function;
pub mod identity;
pub mod json;
pub mod lifecycle;
pub mod list;
pub mod managed;
pub mod model;
pub mod moves;
pub mod number;
pub mod operation;
pub mod path;
pub mod plan;
pub mod private;
pub mod provider;
pub mod registry;
pub mod resource;
pub mod schema;
pub mod state;
pub mod timeouts;
pub mod ty;
pub mod validate;
pub mod value;
pub mod wait;
pub mod yaml;

pub use action::{Action, SendProgress};
pub use clock::Clock;
pub use data_source::DataSource;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{Ephemeral, Opened};
pub use error::{Context, Error, Result};
pub use function::{Callable, Function};
pub use gitops_derive::Model;
pub use identity::{ImportFormat, ImportId};
pub use lifecycle::{Change, Lifecycle, Progress};
pub use list::List;
pub use managed::{Managed, Session};
pub(crate) use model::newtype;
pub use model::{Attr, AttrValue, JsonText, Model, Secret, Set};
pub use moves::{Foreign, Peer};
pub use operation::Operation;
pub use path::{Path, Step};
pub use private::Private;
pub use provider::Provider;
pub use registry::{PREFIX, Registry};
pub use resource::{Resource, Saved};
pub use schema::{Attribute, Schema};
pub use timeouts::{DefaultTimeouts, Timeouts};
pub use value::{Dynamic, Object, Value};
