//! URLs, repositories and addresses.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use super::{Check, ensure};

/// An `http` or `https` URL with a host.
pub fn url_http(value: &str) -> Check {
    let malformed = |why: &str| format!("{value:?} is not an http or https URL: {why}");
    // The URL standard forgives what others do not: spaces around, `http:host`.
    ensure(!value.contains(|c: char| c.is_whitespace() || c.is_control()), || {
        malformed("it contains a blank")
    })?;
    let url = Url::parse(value).map_err(|error| malformed(&error.to_string()))?;
    ensure(matches!(url.scheme(), "http" | "https"), || {
        malformed(&format!("its scheme is {:?}", url.scheme()))
    })?;
    let written_out = value.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    ensure(written_out && url.has_host(), || malformed("it has no host after \"://\""))
}

/// A Git repository as Kargo's webhook takes it: an `https`, `http` or `ssh`
/// URL with a path, or `user@host:path`.
///
/// The host of the last form must not have `-` before its first dot; that is
/// the webhook's doing.
pub fn git_url(value: &str) -> Check {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let user = r"([[:word:]-]+(:.+)?@)?";
        let host = r"[[:word:]-]+(\.[[:word:]-]+)*(:[0-9]{1,5})?";
        let scp = r"[[:word:]-]+@[[:word:]+]+(\.[[:word:]-]+)*:.*";
        Regex::new(&format!("^((https?|ssh)://{user}{host}/.*|{scp})$")).expect("constant")
    });
    ensure(PATTERN.is_match(value), || {
        format!(
            "{value:?} is not the URL of a Git repository: https://host/path, http://host/path, \
             ssh://user@host/path or user@host:path"
        )
    })
}

/// A repository of container images as Kargo's webhook takes it:
/// `registry.example.com:5000/team/app`, without scheme, tag and digest.
pub fn image_repo(value: &str) -> Check {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let name = r"[[:word:]]+([.-][[:word:]]+)*";
        Regex::new(&format!("^({name}(:[0-9]+)?/)?{name}(/{name})*$")).expect("constant")
    });
    if PATTERN.is_match(value) {
        return Ok(());
    }
    let hint = if value.contains("://") {
        "without a scheme"
    } else if value.contains('@') {
        "without a digest"
    } else if value.rsplit('/').next().is_some_and(|last| last.contains(':')) {
        "without a tag"
    } else {
        "such as \"public.ecr.aws/nginx/nginx\""
    };
    Err(format!("{value:?} is not an image repository, [host[:port]/]path, {hint}"))
}

/// A repository of Helm charts as Kargo's webhook takes it: `https://`,
/// `http://` or `oci://` with a host.
pub fn chart_repo_url(value: &str) -> Check {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(https?|oci)://[[:word:].-]+(:[0-9]+)?(/.*)?$").expect("constant")
    });
    ensure(PATTERN.is_match(value), || {
        format!(
            "{value:?} is not the URL of a chart repository: https://host/path, http://host/path \
             or oci://host/path"
        )
    })
}

/// An e-mail address: something, `@`, a domain.
pub fn email(value: &str) -> Check {
    let domain = |domain: &str| {
        !domain.is_empty()
            && domain.split('.').all(|label| {
                !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            })
    };
    let local = |local: &str| {
        !local.is_empty()
            && !local.contains(|c: char| c.is_whitespace() || c.is_control())
            && !local.contains(['@', '<', '>', ',', ';', '"'])
    };
    let well_formed = value.rsplit_once('@').is_some_and(|(a, b)| local(a) && domain(b));
    ensure(well_formed, || format!("{value:?} is not an e-mail address, such as \"a@example.com\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn web_addresses() {
        accepts(
            url_http,
            &["http://localhost:5000", "https://example.com/a?b=c", "https://[::1]:6443/x"],
        );
        refuses(
            url_http,
            &[
                "",
                "example.com",
                "localhost:5000",
                "ftp://example.com",
                "https://",
                "https:///path",
                "https:example.com",
                "https://exa mple.com",
                " https://example.com",
                "https://example.com:99999",
                "oci://example.com",
            ],
        );
        assert_eq!(
            url_http("ftp://example.com").unwrap_err(),
            "\"ftp://example.com\" is not an http or https URL: its scheme is \"ftp\""
        );
    }

    #[test]
    fn git_repositories() {
        accepts(
            git_url,
            &[
                "https://git.example.com/org/app.git",
                "https://git.example.com/",
                "http://localhost:8080/demo",
                "https://user:to@ken@git.example.com/app",
                "ssh://git@git.example.com:2222/org/app.git",
                "git@git.example.com:org/app.git",
                "git@host:/srv/app",
            ],
        );
        refuses(
            git_url,
            &[
                "",
                "git.example.com/app",
                "git://git.example.com/app.git",
                "file:///srv/app.git",
                "/srv/app.git",
                "https://git.example.com",
                "https://git.exam ple.com/app",
                "https://git.example.com:123456/app",
                "git.example.com:org/app",
                "git@my-host.example.com:org/app",
                "oci://example.com/app",
                "https://ä.example.com/app",
            ],
        );
    }

    #[test]
    fn image_repositories() {
        accepts(
            image_repo,
            &[
                "nginx",
                "library/nginx",
                "public.ecr.aws/nginx/nginx",
                "registry.example.com:5000/team/my-app_1",
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/App",
            ],
        );
        for (repo, hint) in [
            ("https://registry.example.com/app", "without a scheme"),
            ("registry.example.com/app:1.0", "without a tag"),
            ("nginx:1.0", "without a tag"),
            ("registry.example.com/app@sha256:00", "without a digest"),
            ("", "such as"),
            ("/app", "such as"),
            ("app/", "such as"),
            ("a//b", "such as"),
            ("a--b", "such as"),
            ("a b", "such as"),
        ] {
            let rule = image_repo(repo).unwrap_err();
            assert!(rule.contains(hint), "{repo}: {rule}");
        }
    }

    #[test]
    fn chart_repositories() {
        accepts(
            chart_repo_url,
            &[
                "https://charts.example.com",
                "http://localhost:8080/charts",
                "oci://ghcr.io/org/chart",
            ],
        );
        refuses(
            chart_repo_url,
            &["", "charts.example.com", "https://", "git@host:a", "s3://bucket", "OCI://a/b"],
        );
    }

    #[test]
    fn mail_addresses() {
        accepts(email, &["a@b", "kargo-bot+x@no-reply.example.com", "ü@exämple.de"]);
        refuses(
            email,
            &["", "a", "@b", "a@", "a@b@c", "a b@c", "A <a@b.c>", "a@b..c", "a@b c", "a@-,"],
        );
    }
}
