//! Tags, as IAM's calls have them.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;

use crate::framework::Attr;

type Tags = Attr<BTreeMap<String, String>>;

/// Tags for a call; none at all rather than an empty list.
pub(super) fn to_api(tags: &Tags) -> Option<Vec<Tag>> {
    let tags = tags.known().filter(|tags| !tags.is_empty())?;
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build().ok();
    Some(tags.iter().filter_map(tag).collect())
}

/// Tags of an answer.
pub(super) fn from_api(tags: Option<&[Tag]>) -> Tags {
    let tags = tags.unwrap_or_default().iter();
    Attr::Known(tags.map(|tag| (tag.key.clone(), tag.value.clone())).collect())
}
