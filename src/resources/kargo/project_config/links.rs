//! Links for Kargo's user interface.

use crate::framework::checks::Findings;
use crate::framework::{Attr, Model, Path};
use crate::resources::kargo::{filled, rules};

/// A link that Kargo's user interface shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DeepLink {
    /// What it says.
    #[attr(required, check = filled)]
    pub title: Attr<String>,
    /// Where it leads: a template of Go over the object, as in
    /// `https://example.com/{{ .stage.metadata.name }}`, with `.stage` for links of stages and
    /// `.freight` for those of freight.
    #[attr(required, check = filled)]
    pub url: Attr<String>,
    /// What it says when it is pointed at.
    pub description: Attr<String>,
    /// An expression that is true for the objects that have the link, as in
    /// `stage.metadata.name startsWith "prod"`; all have it when not set.
    pub r#if: Attr<String>,
}

/// Rules for the links at `path`.
pub(super) fn check(links: &Attr<Vec<DeepLink>>, path: &Path, findings: &mut Findings) {
    for (index, link) in links.known().into_iter().flatten().enumerate() {
        let path = path.index(index);
        if link.url.as_str().is_some_and(|url| url.contains("${{")) {
            let rule =
                "it has \"${{\", and links are templates of Go, as in {{ .stage.metadata.name }}";
            findings.warn(path.field("url"), rule);
        }
        if let Some(condition) = link.r#if.as_str().filter(|condition| !condition.is_empty()) {
            rules::expression::bare(condition, &[], &path.field("if"), findings);
        }
    }
}
