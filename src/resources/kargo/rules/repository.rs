//! When two URLs are the same repository to Kargo.

/// A Git URL in Kargo's normal form: lower case, without the user of an `http`
/// URL, without `/` and `.git` at the end, `user@host:path` as `ssh`. A URL
/// with a query stays as it is.
pub(in crate::resources::kargo) fn normal_git(url: &str) -> String {
    let lower = url.trim().to_lowercase();
    let trim = |path: &str| {
        let path = path.strip_suffix('/').unwrap_or(path);
        path.strip_suffix(".git").unwrap_or(path).to_owned()
    };
    if lower.contains('?') {
        return url.to_owned();
    }
    if let Some((scheme @ ("http" | "https" | "ssh"), rest)) = lower.split_once("://") {
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = match host.rsplit_once('@') {
            Some((_, host)) if scheme != "ssh" => host,
            _ => host,
        };
        return format!("{scheme}://{host}{}", trim(path));
    }
    match lower.split_once(':') {
        Some((host, path)) => format!("ssh://{host}/{}", trim(path)),
        None => url.to_owned(),
    }
}

/// An image repository in Kargo's normal form: lower case, and for Docker Hub
/// without `docker.io` and `library`.
pub(in crate::resources::kargo) fn normal_image(url: &str) -> String {
    let lower = url.trim().to_lowercase();
    let (registry, path) = match lower.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("docker.io", lower.as_str()),
    };
    match registry {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
            path.strip_prefix("library/").unwrap_or(path).to_owned()
        }
        _ => format!("{registry}/{path}"),
    }
}

/// What a chart subscription is told from others by: an OCI repository, or a
/// classic repository and the name of the chart.
pub(in crate::resources::kargo) fn normal_chart(url: &str, name: &str) -> String {
    match url.trim().strip_prefix("oci://") {
        Some(repository) => normal_image(repository),
        None => format!("{}:{name}", url.trim().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_repositories_by_any_url() {
        for (url, normal) in [
            ("https://Git.Example.com/Org/App.git", "https://git.example.com/org/app"),
            ("https://git.example.com/org/app/", "https://git.example.com/org/app"),
            ("https://git.example.com/org/app.git/", "https://git.example.com/org/app"),
            ("https://user:word@git.example.com/org/app", "https://git.example.com/org/app"),
            (" https://git.example.com:8443/a ", "https://git.example.com:8443/a"),
            ("ssh://git@git.example.com/org/app.git", "ssh://git@git.example.com/org/app"),
            ("git@git.example.com:org/app.git", "ssh://git@git.example.com/org/app"),
            ("https://git.example.com/A?b=C", "https://git.example.com/A?b=C"),
            ("Nonsense", "Nonsense"),
        ] {
            assert_eq!(normal_git(url), normal, "{url}");
        }
    }

    #[test]
    fn images_of_docker_hub_by_any_name() {
        for url in ["nginx", "library/nginx", "docker.io/nginx", "index.docker.io/library/Nginx"] {
            assert_eq!(normal_image(url), "nginx", "{url}");
        }
        assert_eq!(normal_image("org/app"), "org/app");
        assert_eq!(normal_image("localhost/app"), "localhost/app");
        assert_eq!(normal_image("Registry.example.com:5000/App"), "registry.example.com:5000/app");
    }

    #[test]
    fn charts_by_repository_and_name() {
        assert_eq!(normal_chart("oci://ghcr.io/Org/Chart", ""), "ghcr.io/org/chart");
        assert_eq!(normal_chart("https://Charts.example.com", "a"), "https://charts.example.com:a");
    }
}
