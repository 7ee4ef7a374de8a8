//! Argo CD's Secrets: what those of clusters and of repositories have in common.
//!
//! Argo CD has no kinds of its own for them: it finds them by a label, and reads
//! texts out of their data.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::ArgocdMeta;
use crate::framework::api::{self, View};
use crate::framework::schema::Attribute;
use crate::framework::{Error, Model, Result, Value};
use crate::resources::secret;
pub use crate::resources::secret::{DATA, as_written, check, hold_back, sent, text};

/// The label by which Argo CD finds its Secrets.
pub const TYPE_LABEL: &str = "argocd.argoproj.io/secret-type";

/// Annotations of a Secret that are nobody's to configure, beside those of
/// every Secret.
const FOREIGN_ANNOTATIONS: [&str; 2] = ["argocd.argoproj.io/refresh", "managed-by"];

/// A Secret of a type: metadata, `type` and base64 `data`.
///
/// # Errors
/// When a value of the metadata is unknown.
pub fn secret(of_type: &str, values: &Value, data: BTreeMap<String, String>) -> Result<Json> {
    let mut secret = api::render(&ArgocdMeta::attributes(), "", values)?;
    secret["metadata"]["labels"][TYPE_LABEL] = of_type.into();
    secret::complete(&mut secret, data);
    Ok(secret)
}

/// The metadata of a live Secret, without what is not for users to configure.
///
/// # Errors
/// When the Secret is imported as one of a type that it is not.
pub fn metadata(of_type: &str, live: &Json, view: View) -> Result<Json> {
    let mut metadata = secret::metadata(live);
    let found = metadata["labels"][TYPE_LABEL].as_str();
    if view == View::Whole && found != Some(of_type) {
        let found = found.map_or("none".to_owned(), |found| format!("{found:?}"));
        return Err(Error::invalid(format!(
            "the Secret is none for Argo CD of the type {of_type:?}: its label {TYPE_LABEL} is \
             {found}"
        ))
        .advise("Check its name and namespace, or import it as the type that it is."));
    }
    secret::strip(&mut metadata["labels"], &[TYPE_LABEL]);
    secret::strip(&mut metadata["annotations"], &FOREIGN_ANNOTATIONS);
    Ok(metadata)
}

/// A Secret whose keys are the attributes of a model, one by one.
///
/// # Errors
/// When a value is unknown.
pub fn render(of_type: &str, attributes: &[Attribute], values: &Value) -> Result<Json> {
    let mut secret = secret::render(attributes, values)?;
    secret["metadata"]["labels"][TYPE_LABEL] = of_type.into();
    Ok(secret)
}

/// What of such a Secret the state shows.
///
/// # Errors
/// When a value that is looked at is no text, or when the Secret is imported as
/// one of a type that it is not.
pub fn project(
    of_type: &str,
    attributes: &[Attribute],
    live: &Json,
    prior: &Value,
    view: View,
) -> Result<Value> {
    secret::project(attributes, live, &metadata(of_type, live, view)?, prior, view)
}
