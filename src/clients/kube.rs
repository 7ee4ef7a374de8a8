//! Kubernetes.

mod attribute;
mod authorize;
mod cluster;
mod clusters;
mod discovery;
mod error;
mod fields;
mod kubeconfig;
mod link;
mod managers;
mod object;
mod objects;
mod plugin;
mod target;
#[cfg(test)]
mod testing;
mod token;
mod transport;

pub use attribute::ClusterAttribute;
pub use clusters::Clusters;
pub use discovery::Discovered;
pub use error::{RefusedField, refused_fields};
pub use fields::{At, Elements, FieldSet, Manager, managers, owned_fields, written_fields};
pub use link::{ClusterResolver, Resolved, Surroundings};
pub use managers::IsFormer;
pub use object::{LAST_APPLIED, ObjectKind, ObjectRef, is_leaving, strip_server_fields};
pub use objects::{
    Applied, DeleteOptions, Deletion, FIELD_MANAGER, Freshness, Objects, Propagation, WriteOptions,
    held_up, remains,
};
pub use target::{Direct, Eks, Exec, Kubeconfig, Login, Target};
pub use token::{Principal, TokenProvider};
