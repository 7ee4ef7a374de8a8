//! What the attributes of a repository must be.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::Repository;
use crate::framework::checks::kms_key_arn;
use crate::framework::{Diagnostics, Path};

type Broken = std::result::Result<(), String>;

/// The most characters that `SetRepositoryPolicy` takes.
const LONGEST_POLICY: usize = 10_240;

/// Rules across attributes; unknown parts pass.
pub(super) fn across(config: &Repository, diagnostics: &mut Diagnostics) {
    const FILTERS: &str = "image_tag_mutability_exclusion_filters";
    let mutability = &config.image_tag_mutability;
    let excluding = mutability.as_str().is_some_and(|it| it.ends_with("_WITH_EXCLUSION"));
    let filters = &config.image_tag_mutability_exclusion_filters;
    if filters.is_set() && !mutability.is_unknown() && !excluding {
        diagnostics.invalid(
            Path::attribute(FILTERS),
            "Exceptions to a rule that has none",
            "Set image_tag_mutability = \"IMMUTABLE_WITH_EXCLUSION\" or \
             \"MUTABLE_WITH_EXCLUSION\", or remove the filters.",
        );
    }
    if excluding && filters.is_null() {
        diagnostics.invalid(
            Path::attribute("image_tag_mutability"),
            "Which tags are the exception is not said",
            format!("List them in {FILTERS}, or leave _WITH_EXCLUSION out."),
        );
    }
    let encryption = config.encryption_configuration.known();
    if let Some(encryption) = encryption
        && encryption.kms_key.is_set()
        && !encryption.encryption_type.is_unknown()
        && encryption.encryption_type.as_str().is_none_or(|kind| kind == "AES256")
    {
        diagnostics.invalid(
            Path::attribute("encryption_configuration").field("kms_key"),
            "A key of KMS for an encryption without KMS",
            "Set encryption_type = \"KMS\" or \"KMS_DSSE\", or remove kms_key.",
        );
    }
}

/// Rule of a repository's name.
pub(super) fn repository_name(text: &str) -> Broken {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let part = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*";
        Regex::new(&format!("^{part}(/{part})*$")).expect("constant")
    });
    if (2..=256).contains(&text.len()) && PATTERN.is_match(text) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not the name of a repository: 2 to 256 lower-case letters and digits, single \
         \".\", \"_\", \"-\" and \"/\" between them"
    ))
}

/// Rule of the tags that are an exception.
pub(super) fn tag_filter(text: &str) -> Broken {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._*-".contains(c);
    if (1..=128).contains(&text.len()) && text.chars().all(fits) {
        return Ok(());
    }
    Err(format!("{text:?} is no filter of tags: 1 to 128 letters, digits and any of . _ - *"))
}

/// Rule of a repository policy, beyond what every policy has. Of what is wrong with one, ECR itself
/// says no word.
pub(super) fn repository_policy(text: &str) -> Broken {
    let length = text.chars().count();
    if length > LONGEST_POLICY {
        return Err(format!(
            "the document has {length} characters; ECR takes {LONGEST_POLICY} at most"
        ));
    }
    let document: Json = serde_json::from_str(text).unwrap_or_default();
    for (index, statement) in statements(&document).into_iter().enumerate() {
        if let Some(key) = ["Resource", "NotResource"].into_iter().find(|key| has(statement, key)) {
            return Err(format!(
                "statement {index} has a {key}: a repository policy is for its repository, and ECR \
                 refuses one that names it"
            ));
        }
        if !["Principal", "NotPrincipal"].into_iter().any(|key| has(statement, key)) {
            return Err(format!("statement {index} does not say whom it is for: add a Principal"));
        }
    }
    Ok(())
}

fn has(statement: &Json, key: &str) -> bool {
    statement.get(key).is_some()
}

/// The statements of a policy, of which one may stand alone.
pub(super) fn statements(document: &Json) -> Vec<&Json> {
    match &document["Statement"] {
        Json::Array(statements) => statements.iter().collect(),
        Json::Null => Vec::new(),
        one => vec![one],
    }
}

/// Rule of a key of KMS: its ARN or id, or an alias, alone or as an ARN.
pub(super) fn kms_key(text: &str) -> Broken {
    let is_id =
        |id: &str| !id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let is_alias = |text: &str| text.strip_prefix("alias/").is_some_and(|name| !name.is_empty());
    let alias_of_arn = text.starts_with("arn:") && text.rsplit(':').next().is_some_and(is_alias);
    if is_id(text) || is_alias(text) || alias_of_arn || kms_key_arn(text).is_ok() {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a key of KMS: its ARN (arn:aws:kms:REGION:123456789012:key/ID), its id, or \
         an alias (alias/NAME)"
    ))
}

/// Whether two spellings are of the same key: its ARN ends with its id.
pub(super) fn same_kms_key(a: &str, b: &str) -> bool {
    let id = |key: &str| key.rsplit_once(":key/").map_or(key, |(_, id)| id).to_owned();
    id(a) == id(b)
}

/// The key as the state has it. ECR answers with the ARN, whatever it was told; an alias stands for
/// itself, since the key of a repository never changes.
pub(super) fn seen_key(ours: Option<&String>, live: Option<String>) -> Option<String> {
    match (ours, live) {
        (Some(ours), Some(live)) if ours.contains("alias/") || same_kms_key(ours, &live) => {
            Some(ours.clone())
        }
        (_, live) => live,
    }
}

/// Whether a repository that is there is encrypted as planned.
pub(super) fn same_encryption(planned: &Repository, seen: &Repository) -> bool {
    let Some(planned) = planned.encryption_configuration.known() else { return true };
    seen.encryption_configuration.known().is_some_and(|seen| {
        let key = planned.kms_key.as_str().zip(seen.kms_key.as_str());
        planned.encryption_type == seen.encryption_type
            && planned.kms_key.known().is_none_or(|_| key.is_some_and(|(a, b)| same_kms_key(a, b)))
    })
}
