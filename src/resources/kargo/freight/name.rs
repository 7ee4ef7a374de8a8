//! What freight is called: a hash of its content.
//!
//! Source: the function of Kargo's code by which the webhook names a new piece.

use std::collections::HashMap;

use sha1::{Digest, Sha1};

use super::{Artifact, Chart, Commit, Freight, Image};
use crate::framework::checks::Findings;
use crate::framework::{Attr, Path};
use crate::resources::kargo::rules::repository::{normal_chart, normal_git, normal_image};

/// The name of a piece; `None` while a part of its content is not known.
pub(super) fn of(freight: &Freight) -> Option<String> {
    let warehouse = freight.origin.known()?.name.as_str()?;
    let mut parts = Vec::new();
    collect(&freight.commits, &mut parts, commit)?;
    collect(&freight.images, &mut parts, image)?;
    collect(&freight.charts, &mut parts, chart)?;
    collect(&freight.artifacts, &mut parts, artifact)?;
    parts.sort();
    let content = format!("Warehouse/{warehouse}:{}", parts.join("|"));
    Some(format!("{:x}", Sha1::digest(content)))
}

fn collect<T>(
    list: &Attr<Vec<T>>,
    parts: &mut Vec<String>,
    part: fn(&T) -> Option<String>,
) -> Option<()> {
    match list {
        Attr::Null => {}
        Attr::Unknown => return None,
        Attr::Known(elements) => {
            for element in elements {
                parts.push(part(element)?);
            }
        }
    }
    Some(())
}

/// A text that may not be set; `None` while it is not known.
fn or_empty(text: &Attr<String>) -> Option<&str> {
    if text.is_null() { Some("") } else { text.as_str() }
}

fn commit(commit: &Commit) -> Option<String> {
    let (url, id) = (normal_git(commit.repo_url.as_str()?), commit.id.as_str()?);
    Some(match or_empty(&commit.tag)? {
        "" => format!("{url}:{id}"),
        tag => format!("{url}:{tag}:{id}"),
    })
}

fn image(image: &Image) -> Option<String> {
    let (tag, digest) = (or_empty(&image.tag)?, or_empty(&image.digest)?);
    Some(format!("{}:{tag}@{digest}", image.repo_url.as_str()?))
}

fn chart(chart: &Chart) -> Option<String> {
    let url = chart.repo_url.as_str()?.to_lowercase();
    let repository = match url.strip_prefix("oci://") {
        Some(registry) => normal_image(registry),
        None => url.trim().to_owned(),
    };
    // As a path of files is put together: with one slash between names, and none at the end.
    let joined = format!("{repository}/{}", or_empty(&chart.name)?);
    let names: Vec<_> = joined.split('/').filter(|name| !name.is_empty()).collect();
    Some(format!("{}:{}", names.join("/"), chart.version.as_str()?))
}

fn artifact(artifact: &Artifact) -> Option<String> {
    Some(format!(
        "{}:{}:{}",
        or_empty(&artifact.artifact_type)?,
        artifact.subscription_name.as_str()?,
        artifact.version.as_str()?
    ))
}

/// Rules for the content: there is some, and one artifact of each repository.
pub(super) fn check(freight: &Freight, findings: &mut Findings) {
    fn some<T>(list: &Attr<Vec<T>>) -> bool {
        list.known().map_or(list.is_unknown(), |elements| !elements.is_empty())
    }
    let has_content = some(&freight.commits)
        || some(&freight.images)
        || some(&freight.charts)
        || some(&freight.artifacts);
    if !has_content {
        let rule = "freight has at least one artifact: a commit, an image, a chart or another";
        findings.error(Path::attribute("commits"), rule);
    }
    once(&freight.commits, "commits", "repo_url", findings, |commit| {
        commit.repo_url.as_str().map(normal_git)
    });
    once(&freight.images, "images", "repo_url", findings, |image| {
        image.repo_url.as_str().map(normal_image)
    });
    once(&freight.charts, "charts", "repo_url", findings, |chart| {
        Some(normal_chart(chart.repo_url.as_str()?, or_empty(&chart.name)?))
    });
    once(&freight.artifacts, "artifacts", "subscription_name", findings, |artifact| {
        artifact.subscription_name.as_str().map(str::to_owned)
    });
}

fn once<T>(
    list: &Attr<Vec<T>>,
    name: &str,
    attribute: &str,
    findings: &mut Findings,
    of: impl Fn(&T) -> Option<String>,
) {
    let mut seen: HashMap<String, Path> = HashMap::new();
    for (index, element) in list.known().into_iter().flatten().enumerate() {
        let path = Path::attribute(name).index(index);
        let Some(identity) = of(element) else { continue };
        if let Some(first) = seen.get(&identity) {
            let rule = format!("{identity:?} has its artifact in {first} already");
            findings.error(path.field(attribute), rule);
        } else {
            seen.insert(identity, path);
        }
    }
}
