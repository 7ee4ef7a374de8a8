//! What a warehouse watches.
//!
//! The custom resource definition leaves the items open; the source here is
//! Kargo's own JSON schemas for them. What its webhook would fill in is planned
//! as a default, so that it is sent, and never differs.

use jiff::Timestamp;

use crate::framework::checks::{chart_repo_url, git_url, image_repo, rfc3339};
use crate::framework::{Attr, JsonText, Model};

/// A repository that is watched: exactly one of the four.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Subscription {
    /// A Git repository.
    pub git: Attr<GitSubscription>,
    /// A repository of container images.
    pub image: Attr<ImageSubscription>,
    /// A repository of Helm charts.
    pub chart: Attr<ChartSubscription>,
    /// A source of another type, one that an extension of Kargo brings along.
    pub subscription: Attr<GenericSubscription>,
}

/// A Git repository that is watched for commits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GitSubscription {
    /// URL of the repository, `https://` best: Kargo has announced the end of SSH.
    #[attr(required, api = "repoURL", check = git_url)]
    pub repo_url: Attr<String>,
    /// Which commit is the newest: that of the branch (`NewestFromBranch`), or that of the tag
    /// which is the highest version (`SemVer`), the last in the alphabet (`Lexical`) or the
    /// youngest (`NewestTag`). `NewestFromBranch` when not set.
    #[attr(default = "NewestFromBranch", one_of = ["NewestFromBranch", "SemVer", "Lexical", "NewestTag"])]
    pub commit_selection_strategy: Attr<String>,
    /// Branch to watch, for `NewestFromBranch`; the repository's default branch when not set.
    pub branch: Attr<String>,
    /// Versions to look at, for `SemVer`, as in `^1.2.0`; all when not set.
    pub semver_constraint: Attr<String>,
    /// Take only tags with major, minor and patch number for versions; on when not set.
    #[attr(default = true)]
    pub strict_semvers: Attr<bool>,
    /// Look only at tags that one of these regular expressions fits.
    pub allow_tags_regexes: Attr<Vec<String>>,
    /// Look at no tag that one of these regular expressions fits.
    pub ignore_tags_regexes: Attr<Vec<String>>,
    /// Only changes below these paths count. A path may begin with `glob:` or `regex:` and be a
    /// pattern then.
    pub include_paths: Attr<Vec<String>>,
    /// Changes below these paths do not count; patterns are possible as well.
    pub exclude_paths: Attr<Vec<String>>,
    /// An expression over a commit or tag that is true for those to look at, as in
    /// `author contains "@example.com"`.
    pub expression_filter: Attr<String>,
    /// Look at no commit before this time, in the form of RFC 3339: `2026-01-31T00:00:00Z`.
    #[attr(check = rfc3339, same = same_timestamp)]
    pub since: Attr<String>,
    /// How many commits to look at, from 1 to 100; 20 when not set.
    #[attr(default = 20, range(1, 100))]
    pub discovery_limit: Attr<i64>,
    /// Fetch the content of files only when it is needed; the Git server has to know partial
    /// clones. Off when not set.
    #[attr(omitempty)]
    pub blobless: Attr<bool>,
    /// Do not verify the server's certificate; off when not set.
    #[attr(omitempty, api = "insecureSkipTLSVerify")]
    pub insecure_skip_tls_verify: Attr<bool>,
}

/// A repository of container images that is watched for tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ImageSubscription {
    /// The repository, without scheme and tag, as in `ghcr.io/example/shop`.
    #[attr(required, api = "repoURL", check = image_repo)]
    pub repo_url: Attr<String>,
    /// Which image is the newest: the highest version (`SemVer`), the one that a moving tag points
    /// to (`Digest`), the last in the alphabet (`Lexical`) or the youngest (`NewestBuild`).
    /// `SemVer` when not set.
    #[attr(default = "SemVer", one_of = ["SemVer", "Digest", "Lexical", "NewestBuild"])]
    pub image_selection_strategy: Attr<String>,
    /// For `SemVer`, the versions to look at, as in `^1.2.0`; for `Digest`, the tag to follow, and
    /// required.
    pub constraint: Attr<String>,
    /// Take only tags with major, minor and patch number for versions; on when not set.
    #[attr(default = true)]
    pub strict_semvers: Attr<bool>,
    /// Look only at tags that one of these regular expressions fits.
    pub allow_tags_regexes: Attr<Vec<String>>,
    /// Look at no tag that one of these regular expressions fits.
    pub ignore_tags_regexes: Attr<Vec<String>>,
    /// Look only at images for this platform, as in `linux/arm64`; that of Kargo's controller when
    /// not set.
    pub platform: Attr<String>,
    /// How many images to look at, from 1 to 100; 20 when not set.
    #[attr(default = 20, range(1, 100))]
    pub discovery_limit: Attr<i64>,
    /// Remember what was found by tag, which is quicker, and wrong for tags that move; off when
    /// not set. Kargo may be configured to insist on it.
    #[attr(omitempty)]
    pub cache_by_tag: Attr<bool>,
    /// Do not verify the registry's certificate; off when not set.
    #[attr(omitempty, api = "insecureSkipTLSVerify")]
    pub insecure_skip_tls_verify: Attr<bool>,
}

/// A repository of Helm charts that is watched for versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ChartSubscription {
    /// URL of the repository: `https://` for a classic one, `oci://` for a registry.
    #[attr(required, api = "repoURL", check = chart_repo_url)]
    pub repo_url: Attr<String>,
    /// Name of the chart in a classic repository, and required there. The URL of a registry
    /// includes it already.
    pub name: Attr<String>,
    /// Versions to look at, as in `^1.2.0`; all when not set.
    pub semver_constraint: Attr<String>,
    /// How many versions to look at, from 1 to 100; 20 when not set.
    #[attr(default = 20, range(1, 100))]
    pub discovery_limit: Attr<i64>,
    /// Do not verify the server's certificate; off when not set.
    #[attr(omitempty, api = "insecureSkipTLSVerify")]
    pub insecure_skip_tls_verify: Attr<bool>,
}

/// A source of another type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GenericSubscription {
    /// Type of the source; Kargo refuses one that it does not know.
    #[attr(required, check = other_type)]
    pub subscription_type: Attr<String>,
    /// Name of the source, unique within the warehouse.
    #[attr(required)]
    pub name: Attr<String>,
    /// Settings of the source, as JSON from `jsonencode(...)`.
    pub config: Attr<JsonText>,
    /// How many artifacts to look at, from 1 to 100; 20 when not set.
    #[attr(default = 20, range(1, 100))]
    pub discovery_limit: Attr<i64>,
}

/// Kargo writes times anew, in UTC.
fn same_timestamp(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<Timestamp>(), b.parse::<Timestamp>()), (Ok(a), Ok(b)) if a == b)
}

/// The type becomes the key of the item in the API, beside those of the others.
fn other_type(name: &str) -> Result<(), String> {
    if matches!(name, "git" | "image" | "chart") {
        return Err(format!("{name:?} has an attribute of its own beside \"subscription\""));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_compared_by_the_instant() {
        assert!(same_timestamp("2026-01-31T00:00:00Z", "2026-01-31T01:00:00+01:00"));
        assert!(!same_timestamp("2026-01-31T00:00:00Z", "2026-01-31T01:00:00Z"));
    }

    #[test]
    fn what_has_an_attribute_of_its_own_is_no_other_type() {
        assert_eq!(other_type("rss"), Ok(()));
        for named in ["git", "image", "chart"] {
            assert!(other_type(named).is_err(), "{named}");
        }
    }
}
