//! What the steps of Kargo 1.11 take in their `config`.
//!
//! Source: the JSON schemas beside Kargo's step runners, by which a promotion
//! checks a step when it comes to it. Keys are spelled as Kargo spells them.

use super::config::{Key, Rule, Shape, Takes};
use crate::framework::checks::{email, go_duration, url_http};

use Takes::{Anything, Bool, Count, Filled, Fits, List, Object, OneOf, Text, Texts, Whatever};

const fn may(name: &'static str, takes: Takes) -> Key {
    Key { name, required: false, takes }
}

const fn must(name: &'static str, takes: Takes) -> Key {
    Key { name, required: true, takes }
}

const fn keys(keys: &'static [Key]) -> Shape {
    Shape { keys, rules: &[] }
}

const DURATION: Takes = Fits(go_duration);
const PROVIDER: Key = may("provider", OneOf(&["azure", "bitbucket", "gitea", "github", "gitlab"]));
const INSECURE: Key = may("insecureSkipTLSVerify", Bool);
const PATH: Key = must("path", Filled);
const OUT_PATH: Key = must("outPath", Filled);
const REPO_URL: Key = must("repoURL", Filled);
/// Of the steps for pull requests, which take it apart.
const REPO_URI: Key = must("repoURL", Fits(uri));
const PR_NUMBER: Key = must("prNumber", Count(1));
const POLL_INTERVAL: Key = may("pollInterval", DURATION);

static AUTHOR: Shape =
    keys(&[must("email", Fits(email)), must("name", Filled), may("signingKey", Text)]);
static HEADER: Shape = keys(&[must("name", Filled), must("value", Filled)]);
static OUTPUT: Shape = keys(&[must("name", Filled), must("fromExpression", Filled)]);
static UPDATE: Shape = keys(&[must("key", Filled), must("value", Whatever)]);
static PARSE: Shape = keys(&[PATH, must("outputs", List(1, &Object(&OUTPUT)))]);
static UPDATES: Shape = keys(&[PATH, must("updates", List(1, &Object(&UPDATE)))]);
static A_HEADER: Takes = Object(&HEADER);
const HEADERS: Key = may("headers", List(0, &A_HEADER));
const QUERY_PARAMS: Key = may("queryParams", List(0, &A_HEADER));

static SELECTOR: Shape = Shape {
    keys: &[may("matchLabels", Texts), may("matchExpressions", List(0, &Object(&EXPRESSION)))],
    rules: &[Rule::AtLeastOne(&["matchLabels", "matchExpressions"])],
};
static EXPRESSION: Shape = keys(&[
    must("key", Filled),
    must("operator", OneOf(&["In", "NotIn", "Exists", "DoesNotExist"])),
    may("values", List(0, &Text)),
]);
const APP_NAME: Key = may("name", Filled);
const APP_NAMESPACE: Key = may("namespace", Filled);
const APP_SELECTOR: Key = may("selector", Object(&SELECTOR));
const ONE_WAY_TO_AN_APP: Rule = Rule::ExactlyOne(&["name", "selector"]);

static APP_UPDATE: Shape = Shape {
    keys: &[
        APP_NAME,
        APP_NAMESPACE,
        APP_SELECTOR,
        may("sources", List(1, &Object(&SOURCE_UPDATE))),
    ],
    rules: &[ONE_WAY_TO_AN_APP],
};
static SOURCE_UPDATE: Shape = Shape {
    keys: &[
        may("chart", Filled),
        may("desiredRevision", Filled),
        may("helm", Object(&HELM_UPDATE)),
        may("kustomize", Object(&KUSTOMIZE_UPDATE)),
        REPO_URL,
        may("updateTargetRevision", Bool),
    ],
    rules: &[Rule::Needs("updateTargetRevision", "desiredRevision")],
};
static HELM_UPDATE: Shape = keys(&[must("images", List(1, &Object(&HELM_IMAGE)))]);
static HELM_IMAGE: Shape = keys(&[must("key", Filled), must("value", Text)]);
static KUSTOMIZE_UPDATE: Shape = keys(&[may("images", List(1, &Object(&KUSTOMIZE_IMAGE)))]);
static KUSTOMIZE_IMAGE: Shape = Shape {
    keys: &[may("digest", Text), may("newName", Filled), REPO_URL, may("tag", Text)],
    rules: &[Rule::AtMostOne(&["digest", "tag"])],
};
static APP_WAIT: Shape = Shape {
    keys: &[APP_NAME, APP_NAMESPACE, APP_SELECTOR, may("waitFor", List(1, &WAIT_FOR))],
    rules: &[ONE_WAY_TO_AN_APP],
};
static WAIT_FOR: Takes = OneOf(&["health", "sync", "operation", "suspended", "degraded"]);

static CHECKOUT: Shape = Shape {
    keys: &[
        may("as", Text),
        may("branch", Text),
        may("commit", Text),
        may("create", Bool),
        PATH,
        may("tag", Text),
        may("sparse", List(1, &Filled)),
    ],
    rules: &[Rule::AtMostOne(&["branch", "commit", "tag"])],
};
static GIT_CLONE: Shape = keys(&[
    INSECURE,
    may("recurseSubmodules", Bool),
    may("blobless", Bool),
    REPO_URL,
    may("author", Object(&AUTHOR)),
    must("checkout", List(1, &Object(&CHECKOUT))),
]);
static GIT_COMMIT: Shape = keys(&[may("author", Object(&AUTHOR)), must("message", Filled), PATH]);
static GIT_MERGE_PR: Shape = keys(&[
    REPO_URI,
    PR_NUMBER,
    PROVIDER,
    INSECURE,
    may("wait", Bool),
    POLL_INTERVAL,
    may("mergeMethod", Filled),
]);
static GIT_OPEN_PR: Shape = keys(&[
    may("createTargetBranch", Bool),
    INSECURE,
    PROVIDER,
    REPO_URI,
    must("sourceBranch", Filled),
    must("targetBranch", Filled),
    may("title", Filled),
    may("description", Filled),
    may("labels", List(0, &Filled)),
]);
static GIT_PUSH: Shape = Shape {
    keys: &[
        may("generateTargetBranch", Bool),
        may("maxAttempts", Count(1)),
        PATH,
        may("targetBranch", Text),
        PROVIDER,
        may("force", Bool),
        may("tag", Text),
    ],
    rules: &[
        Rule::AtMostOne(&["generateTargetBranch", "targetBranch", "tag"]),
        Rule::AtMostOne(&["tag", "force"]),
    ],
};
static GITHUB_PUSH: Shape = Shape {
    keys: &[
        PATH,
        may("generateTargetBranch", Bool),
        may("targetBranch", Text),
        may("force", Bool),
        may("maxAttempts", Count(1)),
        INSECURE,
    ],
    rules: &[Rule::AtMostOne(&["generateTargetBranch", "targetBranch"])],
};
static GIT_TAG: Shape =
    keys(&[may("force", Bool), must("message", Filled), must("tag", Filled), PATH]);
static GIT_WAIT_FOR_PR: Shape = keys(&[INSECURE, PROVIDER, POLL_INTERVAL, PR_NUMBER, REPO_URI]);

static HELM_TEMPLATE: Shape = keys(&[
    PATH,
    OUT_PATH,
    may("outLayout", OneOf(&["helm", "flat"])),
    must("releaseName", Filled),
    may("useReleaseName", Bool),
    may("namespace", Text),
    may("valuesFiles", List(0, &Filled)),
    may("ignoreMissingValueFiles", Bool),
    may("setValues", List(0, &Object(&SET_VALUE))),
    may("buildDependencies", Bool),
    may("includeCRDs", Bool),
    may("disableHooks", Bool),
    may("skipTests", Bool),
    may("kubeVersion", Text),
    may("apiVersions", List(0, &Filled)),
]);
static SET_VALUE: Shape = keys(&[must("key", Filled), must("value", Text), may("literal", Bool)]);
static HELM_UPDATE_CHART: Shape = keys(&[PATH, may("charts", List(1, &Object(&CHART)))]);
static CHART: Shape =
    keys(&[must("repository", Filled), must("name", Filled), must("version", Filled)]);
static KUSTOMIZE_BUILD: Shape = keys(&[
    PATH,
    OUT_PATH,
    may("outputFormat", OneOf(&["kargo", "kustomize"])),
    may("plugin", Object(&PLUGIN)),
]);
static PLUGIN: Shape = keys(&[may("helm", Object(&HELM_PLUGIN))]);
static HELM_PLUGIN: Shape = keys(&[may("apiVersions", List(0, &Filled)), may("kubeVersion", Text)]);
static KUSTOMIZE_SET_IMAGE: Shape = keys(&[PATH, may("images", List(0, &Object(&SET_IMAGE)))]);
static SET_IMAGE: Shape = Shape {
    keys: &[
        may("digest", Text),
        must("image", Filled),
        may("name", Text),
        may("newName", Text),
        may("tag", Text),
    ],
    rules: &[Rule::ExactlyOne(&["tag", "digest"])],
};

static HTTP: Shape = keys(&[
    may("method", OneOf(&["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"])),
    must("url", Filled),
    HEADERS,
    QUERY_PARAMS,
    may("body", Text),
    INSECURE,
    may("proxy", Fits(url_http)),
    may("timeout", DURATION),
    POLL_INTERVAL,
    may("responseContentType", OneOf(&["application/json", "application/yaml", "text/plain"])),
    may("outputs", List(0, &Object(&OUTPUT))),
    may("successExpression", Text),
    may("failureExpression", Text),
    may("errorExpression", Text),
]);
static HTTP_DOWNLOAD: Shape = keys(&[
    must("url", Filled),
    OUT_PATH,
    may("allowOverwrite", Bool),
    HEADERS,
    QUERY_PARAMS,
    INSECURE,
    may("timeout", DURATION),
]);

static OCI_DOWNLOAD: Shape = keys(&[
    must("imageRef", Fits(reference)),
    OUT_PATH,
    may("allowOverwrite", Bool),
    may("mediaType", Filled),
    INSECURE,
]);
static OCI_PUSH: Shape = keys(&[
    must("srcRef", Fits(reference)),
    must("destRef", Fits(tagged)),
    may("annotations", Texts),
    INSECURE,
]);

static METADATA_UPDATE: Shape = keys(&[
    must("kind", OneOf(&["Stage", "Freight"])),
    must("name", Filled),
    must("values", Anything),
]);
static COPY: Shape = keys(&[must("inPath", Filled), OUT_PATH, may("ignore", Filled)]);
static DELETE: Shape = Shape {
    keys: &[
        may("path", Filled),
        may("paths", List(1, &Filled)),
        may("pathsAreGlobs", Bool),
        may("strict", Bool),
    ],
    rules: &[Rule::ExactlyOne(&["path", "paths"])],
};
static FILE_WRITE: Shape = keys(&[
    PATH,
    must("contents", Text),
    may("permissions", Fits(permissions)),
    may("overwrite", Bool),
]);
static UNTAR: Shape = keys(&[
    must("inPath", Filled),
    OUT_PATH,
    may("stripComponents", Count(0)),
    may("ignore", Filled),
]);
static YAML_MERGE: Shape = keys(&[
    must("inFiles", List(1, &Text)),
    must("outFile", Filled),
    may("ignoreMissingFiles", Bool),
]);
static UPDATE_APPS: Shape = keys(&[must("apps", List(1, &Object(&APP_UPDATE)))]);
static WAIT_FOR_APPS: Shape = keys(&[must("apps", List(1, &Object(&APP_WAIT)))]);
static FAIL: Shape = keys(&[may("message", Filled)]);
static JUST_PATH: Shape = keys(&[PATH]);
static SET_FREIGHT_ALIAS: Shape = keys(&[must("name", Filled), must("alias", Filled)]);
static SET_METADATA: Shape = keys(&[must("updates", List(1, &Object(&METADATA_UPDATE)))]);

/// The steps of Kargo, by what a step `uses`.
pub static RUNNERS: [(&str, Takes); 34] = [
    ("argocd-update", Object(&UPDATE_APPS)),
    ("argocd-wait", Object(&WAIT_FOR_APPS)),
    ("compose-output", Anything),
    ("copy", Object(&COPY)),
    ("delete", Object(&DELETE)),
    ("fail", Object(&FAIL)),
    ("file-write", Object(&FILE_WRITE)),
    ("git-clear", Object(&JUST_PATH)),
    ("git-clone", Object(&GIT_CLONE)),
    ("git-commit", Object(&GIT_COMMIT)),
    ("git-merge-pr", Object(&GIT_MERGE_PR)),
    ("git-open-pr", Object(&GIT_OPEN_PR)),
    ("git-push", Object(&GIT_PUSH)),
    ("git-tag", Object(&GIT_TAG)),
    ("git-wait-for-pr", Object(&GIT_WAIT_FOR_PR)),
    ("github-push", Object(&GITHUB_PUSH)),
    ("helm-template", Object(&HELM_TEMPLATE)),
    ("helm-update-chart", Object(&HELM_UPDATE_CHART)),
    ("http", Object(&HTTP)),
    ("http-download", Object(&HTTP_DOWNLOAD)),
    ("json-parse", Object(&PARSE)),
    ("json-update", Object(&UPDATES)),
    ("kustomize-build", Object(&KUSTOMIZE_BUILD)),
    ("kustomize-set-image", Object(&KUSTOMIZE_SET_IMAGE)),
    ("oci-download", Object(&OCI_DOWNLOAD)),
    ("oci-push", Object(&OCI_PUSH)),
    ("set-freight-alias", Object(&SET_FREIGHT_ALIAS)),
    ("set-metadata", Object(&SET_METADATA)),
    ("toml-parse", Object(&PARSE)),
    ("toml-update", Object(&UPDATES)),
    ("untar", Object(&UNTAR)),
    ("yaml-merge", Object(&YAML_MERGE)),
    ("yaml-parse", Object(&PARSE)),
    ("yaml-update", Object(&UPDATES)),
];

/// Steps of the Akuity Platform besides.
pub(super) static OF_THE_PLATFORM: [&str; 20] = [
    "gh-create-issue",
    "gh-issue-add-comment",
    "gh-issue-delete-comment",
    "gh-issue-update-comment",
    "gh-search-issues",
    "gh-update-issue",
    "gh-wait-for-issue-state",
    "gha-dispatch-workflow",
    "gha-wait-for-workflow",
    "jfrog-evidence",
    "jira",
    "send-message",
    "snow-create",
    "snow-delete",
    "snow-query-for-records",
    "snow-update",
    "snow-wait-for-condition",
    "tf-apply",
    "tf-output",
    "tf-plan",
];

fn uri(text: &str) -> Result<(), String> {
    let has_scheme = text.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty()
    });
    if has_scheme {
        return Ok(());
    }
    Err(format!("{text:?} is not a URL with a scheme, such as https://github.com/example/shop"))
}

fn permissions(text: &str) -> Result<(), String> {
    let digits = text.strip_prefix('0').unwrap_or_default();
    if digits.len() == 3 && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit)) {
        return Ok(());
    }
    Err(format!("{text:?} is not a mode of four octal digits, such as 0644"))
}

/// The tag or the digest of a reference to an OCI artifact, with the character
/// before it.
fn version_of(text: &str) -> Option<(char, &str)> {
    let name = text.strip_prefix("oci://").unwrap_or(text);
    let last = name.rsplit('/').next()?;
    // Without a path, what follows the colon may as well be a port; Kargo takes it for a tag.
    let at = last.find(['@', ':'])?;
    let version = &last[at + 1..];
    (at > 0 && !version.is_empty()).then(|| (last.as_bytes()[at].into(), version))
}

fn reference(text: &str) -> Result<(), String> {
    match version_of(text) {
        Some(_) => Ok(()),
        None => Err(format!("{text:?} does not end with a tag (:1.0.0) or a digest (@sha256:…)")),
    }
}

fn tagged(text: &str) -> Result<(), String> {
    match version_of(text) {
        Some((':', tag)) if !tag.contains([':', '@']) => Ok(()),
        _ => Err(format!("{text:?} does not end with a tag, such as :1.0.0")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order_so_that_a_reader_finds_things() {
        assert!(RUNNERS.is_sorted_by_key(|(name, _)| *name));
        assert!(OF_THE_PLATFORM.is_sorted());
    }

    #[test]
    fn texts_with_a_form_of_their_own() {
        for (rule, good, bad) in [
            (
                uri as fn(&str) -> Result<(), String>,
                &["https://github.com/a/b", "ssh://git@host/x"][..],
                &["github.com/a/b", "git@github.com:a/b", "://x", "https://"][..],
            ),
            (permissions, &["0644", "0777"], &["644", "0888", "00644", ""]),
            (
                reference,
                &["oci://ghcr.io/a/b:1", "ghcr.io/a@sha256:00", "localhost:5000/a:1"],
                &["ghcr.io/a/b", "localhost:5000/a", "a:", ""],
            ),
            (tagged, &["ghcr.io/a/b:1.0.0"], &["ghcr.io/a@sha256:00", "ghcr.io/a"]),
        ] {
            for text in good {
                assert_eq!(rule(text), Ok(()), "{text}");
            }
            for text in bad {
                assert!(rule(text).is_err(), "{text}");
            }
        }
    }
}
