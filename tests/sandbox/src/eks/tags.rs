//! Tags: on creation, and through `TagResource` and its siblings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    arn::Arn,
    error::{ApiError, ErrorKind},
    input::{Call, Input},
    state::{Shared, State},
};

const MAX_TAGS: usize = 50;

/// The `tags` of a create request.
pub(crate) fn on_create(input: &Input<'_>) -> Result<BTreeMap<String, String>, ApiError> {
    let tags = input.string_map("tags")?.unwrap_or_default();
    check(&tags).map_err(ApiError::invalid_parameter)?;
    Ok(tags)
}

pub(crate) fn tag(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let bad = |message: String| ApiError::new(ErrorKind::BadRequestException, message);
    let input = call.input();
    let new = input.string_map("tags").map_err(|error| bad(error.message))?;
    let new = new.filter(|tags| !tags.is_empty());
    let new = new.ok_or_else(|| bad("tags must have at least one tag".to_owned()))?;
    let mut state = shared.state();
    let tags = tags_of(&mut state, call)?;
    let mut merged = tags.clone();
    merged.extend(new);
    check(&merged).map_err(bad)?;
    *tags = merged;
    Ok(json!({}))
}

pub(crate) fn untag(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let mut state = shared.state();
    let tags = tags_of(&mut state, call)?;
    let keys: Vec<&str> = call.query_all("tagKeys").collect();
    if keys.is_empty() || keys.len() > MAX_TAGS {
        return Err(ApiError::new(
            ErrorKind::BadRequestException,
            format!("tagKeys must have 1 to {MAX_TAGS} keys, got {}", keys.len()),
        ));
    }
    tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

pub(crate) fn list(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let mut state = shared.state();
    let tags = tags_of(&mut state, call)?;
    Ok(json!({ "tags": tags }))
}

/// The rules of EKS's reference: at most 50, keys of 1 to 128 and values of at most 256 characters,
/// and no key that begins with `aws:` in any case.
fn check(tags: &BTreeMap<String, String>) -> Result<(), String> {
    if tags.len() > MAX_TAGS {
        return Err(format!("A resource can have at most {MAX_TAGS} tags, got {}", tags.len()));
    }
    for (key, value) in tags {
        if !(1..=128).contains(&key.chars().count()) {
            return Err(format!("Tag key '{key}' must have 1 to 128 characters"));
        }
        if value.chars().count() > 256 {
            return Err(format!("The value of tag '{key}' must have at most 256 characters"));
        }
        let reserved = |text: &str| text.to_ascii_lowercase().starts_with("aws:");
        if reserved(key) || reserved(value) {
            return Err(format!("Tag '{key}' begins with aws:, which is reserved"));
        }
    }
    Ok(())
}

/// The tags of the resource that the path names.
fn tags_of<'a>(
    state: &'a mut State,
    call: &Call,
) -> Result<&'a mut BTreeMap<String, String>, ApiError> {
    let arn = call.path("resourceArn");
    if Arn::parse(arn).is_none_or(|parts| parts.service != "eks") {
        return Err(ApiError::new(
            ErrorKind::BadRequestException,
            format!("{arn} is not the ARN of an EKS resource"),
        ));
    }
    for cluster in &mut state.clusters {
        if cluster.arn == arn {
            return Ok(&mut cluster.tags);
        }
        let capabilities = cluster.capabilities.values_mut().map(|c| (&c.arn, &mut c.tags));
        let entries = cluster.access_entries.values_mut().map(|e| (&e.arn, &mut e.tags));
        let associations = cluster.associations.values_mut().map(|a| (&a.arn, &mut a.tags));
        let mut tagged = capabilities.chain(entries).chain(associations);
        if let Some((_, tags)) = tagged.find(|(of, _)| *of == arn) {
            return Ok(tags);
        }
    }
    Err(ApiError::new(ErrorKind::NotFoundException, format!("The resource {arn} was not found.")))
}
