//! Tags of AWS resources: the provider's default tags, tags that are somebody
//! else's, and what to change.

use super::settings::{IgnoreTags, Settings, Tags};
use crate::framework::{Error, Path, Result, checks};

/// How many tags a resource takes.
const MOST: usize = 50;

/// What to call for, to make the tags of a resource what they should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Tags to add, and tags with another value than now.
    pub set: Tags,
    /// Keys of tags to remove.
    pub remove: Vec<String>,
}

impl Changes {
    /// From `have`, as [`Settings::seen_tags`] shows them, to `want`.
    pub fn between(have: &Tags, want: &Tags) -> Self {
        let differs = |(key, value): &(&String, &String)| have.get(*key) != Some(*value);
        let set = want.iter().filter(differs).map(|(k, v)| (k.clone(), v.clone())).collect();
        let remove = have.keys().filter(|key| !want.contains_key(*key)).cloned().collect();
        Self { set, remove }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

impl Settings {
    /// Everything a resource with the tags `own` is tagged with: `tags_all`.
    /// Its own tags win over the default ones.
    pub fn all_tags(&self, own: &Tags) -> Tags {
        let mut all = self.default_tags.clone();
        all.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
        all.retain(|key, _| !self.ignore_tags.covers(key));
        all
    }

    /// The tags of a resource that are ours to see: without those that AWS
    /// makes itself and those to be ignored.
    pub fn seen_tags(&self, remote: impl IntoIterator<Item = (String, String)>) -> Tags {
        let ours = |key: &str| !is_reserved(key) && !self.ignore_tags.covers(key);
        remote.into_iter().filter(|(key, _)| ours(key)).collect()
    }

    /// The tags of a resource that are its own, out of all that are [seen](Self::seen_tags):
    /// without those that the default tags account for, unless `configured` repeats them. What
    /// somebody made of a default tag is no tag of its own, and shows in `tags_all` alone; but an
    /// `imported` resource may have it from a configuration that overrules the default.
    pub fn own_tags(&self, seen: &Tags, configured: &Tags, imported: bool) -> Tags {
        let own = |(key, value): &(&String, &String)| match self.default_tags.get(*key) {
            _ if configured.contains_key(*key) => true,
            Some(default) => imported && default != *value,
            None => true,
        };
        seen.iter().filter(own).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

impl IgnoreTags {
    /// Whether a tag of that key is somebody else's.
    pub fn covers(&self, key: &str) -> bool {
        self.keys.contains(key) || self.key_prefixes.iter().any(|start| key.starts_with(start))
    }
}

/// Checks the tags of one resource, the default ones included, against what AWS
/// takes.
///
/// # Errors
/// At `tags`, or the element of it that breaks a rule.
pub fn validate(tags: &Tags) -> Result<()> {
    let at = Path::attribute("tags");
    for (key, value) in tags {
        let rule = checks::tag_key(key).and_then(|()| checks::tag_value(value));
        rule.map_err(|broken| Error::invalid(broken).at(at.key(key)))?;
    }
    if tags.len() > MOST {
        let count = tags.len();
        let message = format!("{count} tags, the default ones included; expected at most {MOST}");
        return Err(Error::invalid(message).at(at));
    }
    Ok(())
}

fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags<const N: usize>(pairs: [(&str, &str); N]) -> Tags {
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn settings() -> Settings {
        Settings {
            default_tags: tags([("owner", "platform"), ("env", "dev")]),
            ignore_tags: IgnoreTags {
                keys: ["cost".to_owned()].into(),
                key_prefixes: ["kubernetes.io/".to_owned()].into(),
            },
            ..Settings::default()
        }
    }

    #[test]
    fn a_resource_s_own_tags_win_over_the_default_ones() {
        let all = settings().all_tags(&tags([("env", "prod"), ("team", "a")]));
        assert_eq!(all, tags([("owner", "platform"), ("env", "prod"), ("team", "a")]));
    }

    #[test]
    fn ignored_and_reserved_tags_are_never_ours() {
        let remote = tags([
            ("owner", "platform"),
            ("cost", "1"),
            ("kubernetes.io/cluster/main", "owned"),
            ("aws:cloudformation:stack-name", "x"),
        ]);
        assert_eq!(settings().seen_tags(remote), tags([("owner", "platform")]));
        assert!(!settings().all_tags(&tags([("cost", "2")])).contains_key("cost"));
    }

    #[test]
    fn own_tags_are_what_the_default_ones_do_not_account_for() {
        let seen = tags([("owner", "platform"), ("env", "prod"), ("team", "a")]);
        let settings = settings();
        let none = Tags::new();
        assert_eq!(settings.own_tags(&seen, &none, false), tags([("team", "a")]));
        let overruled = tags([("env", "prod"), ("team", "a")]);
        assert_eq!(settings.own_tags(&seen, &none, true), overruled);
        let configured = tags([("owner", "platform")]);
        let repeated = tags([("owner", "platform"), ("team", "a")]);
        assert_eq!(settings.own_tags(&seen, &configured, false), repeated);
        let drifted = tags([("owner", "somebody")]);
        assert_eq!(settings.own_tags(&drifted, &none, false), none);
        assert_eq!(settings.own_tags(&drifted, &none, true), drifted);
    }

    #[test]
    fn changes_set_what_differs_and_remove_what_is_too_much() {
        let have = tags([("a", "1"), ("b", "2"), ("c", "3")]);
        let want = tags([("a", "1"), ("b", "two"), ("d", "4")]);
        let changes = Changes::between(&have, &want);
        assert_eq!(changes.set, tags([("b", "two"), ("d", "4")]));
        assert_eq!(changes.remove, ["c"]);
        assert!(Changes::between(&have, &have).is_empty());
    }

    #[test]
    fn tags_beyond_the_limits_are_refused_where_they_stand() {
        let refused = |tags: Tags| {
            let error = validate(&tags).unwrap_err();
            (error.path().unwrap().to_string(), error.message().to_owned())
        };
        validate(&tags([("team/äöü", "a b_c.d:e/f=g+h-i@j"), ("empty", "")])).unwrap();
        let (path, message) = refused(tags([("AWS:x", "1")]));
        assert_eq!(path, r#"tags["AWS:x"]"#);
        assert!(message.contains("for AWS itself"), "{message}");
        let (path, message) = refused(tags([("a", "semi;colon")]));
        assert_eq!(path, r#"tags["a"]"#);
        assert!(message.starts_with("';' is not allowed in the value of a tag"), "{message}");
        refused([(String::new(), String::new())].into());
        refused([("k".repeat(129), String::new())].into());
        refused([("k".to_owned(), "v".repeat(257))].into());
        let many: Tags = (0..51).map(|n| (format!("k{n}"), String::new())).collect();
        let (path, message) = refused(many);
        assert_eq!(path, "tags");
        assert_eq!(message, "51 tags, the default ones included; expected at most 50");
    }
}
