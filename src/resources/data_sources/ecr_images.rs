//! Images of a repository of ECR, and the newest of them.

use aws_sdk_ecr::types::{DescribeImagesFilter, ImageDetail, TagStatus};
use jiff::Timestamp;
use regex::Regex;
use semver::Version;

use crate::clients::aws::OperationResult;
use crate::framework::checks::{self, Constraint, account_id, semver_constraint};
use crate::framework::{Attr, DataSource, Diagnostics, Error, Model, Path, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// Reads the images of a repository of Amazon ECR, the newest first, and says which of them was pushed
/// last and which has the highest version as its tag.
#[derive(Clone, Debug, Default, Model)]
pub struct EcrImages {
    /// Name of the repository.
    #[attr(required)]
    repository_name: Attr<String>,
    /// Account whose registry the repository is in; that of the credentials when not set.
    #[attr(check = account_id)]
    registry_id: Attr<String>,
    /// Region of the repository; the provider's when not set.
    #[attr(check = checks::region)]
    region: Attr<String>,
    /// Which images: those with tags (`TAGGED`), without (`UNTAGGED`), or `ANY`. The parts of an image
    /// for several platforms have no tags.
    #[attr(default = "TAGGED", one_of = ["TAGGED", "UNTAGGED", "ANY"])]
    tag_status: Attr<String>,
    /// Only images with a tag that this regular expression (RE2) matches, anywhere in it unless it has
    /// `^` and `$`.
    #[attr(check = checks::regex)]
    tag_regex: Attr<String>,
    /// Constraint on versions for `newest_semver`, as Kargo and Argo CD write it: `^1.2`,
    /// `>=1.0.0 <2.0.0`. A pre-release counts only where the constraint names one. Without a
    /// constraint, any version that is no pre-release counts.
    #[attr(check = semver_constraint)]
    semver_constraint: Attr<String>,
    /// The images, that which was pushed last first.
    #[attr(computed)]
    images: Attr<Vec<Image>>,
    /// The image that was pushed last; null when there is none.
    #[attr(computed)]
    newest: Attr<Image>,
    /// The image with the highest semantic version as a tag; null when there is none. Only whole
    /// versions count, such as `1.2.3` or `v1.2.3-rc.1`: tags such as `1.2` are moved.
    #[attr(computed)]
    newest_semver: Attr<Image>,
    /// The tag of `newest_semver` that is the version.
    #[attr(computed)]
    newest_semver_tag: Attr<String>,
}

/// An image.
#[expect(clippy::struct_field_names, reason = "the attributes have the names of the API's fields")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Image {
    /// Digest of the manifest, `sha256:…`.
    #[attr(computed)]
    image_digest: Attr<String>,
    /// All tags, in alphabetical order.
    #[attr(computed)]
    image_tags: Attr<Vec<String>>,
    /// When it was pushed, as in `2026-01-31T12:00:00Z`.
    #[attr(computed)]
    image_pushed_at: Attr<String>,
    /// Size in the repository, compressed, in bytes; of an image for several platforms, that of the
    /// largest of them.
    #[attr(computed)]
    image_size_in_bytes: Attr<i64>,
    /// Media type of the manifest.
    #[attr(computed)]
    image_manifest_media_type: Attr<String>,
    /// Media type of what is inside, such as that of a Helm chart; null where it is not told.
    #[attr(computed)]
    artifact_media_type: Attr<String>,
}

impl DataSource for EcrImages {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "ecr_images";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        if config.tag_status.as_str() != Some("UNTAGGED") {
            return;
        }
        for (name, given) in
            [("tag_regex", &config.tag_regex), ("semver_constraint", &config.semver_constraint)]
        {
            if given.is_set() {
                diagnostics.invalid(
                    Path::attribute(name),
                    "A rule for tags of images without any",
                    "Remove it, or set tag_status = \"TAGGED\".",
                );
            }
        }
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let name = config.repository_name.require("repository_name")?;
        let ecr = cx.provider().ecr(&config.region).await?;
        let status = config.tag_status.as_str().map(TagStatus::from);
        let mut pages = ecr
            .describe_images()
            .repository_name(name)
            .set_registry_id(config.registry_id.known().cloned())
            .filter(DescribeImagesFilter::builder().set_tag_status(status).build())
            .into_paginator()
            .items()
            .send();
        let mut images = Vec::new();
        while let Some(image) = pages.next().await {
            images.push(image.operation("DescribeImages").map_err(|error| missing(error, name))?);
        }
        choose(config, images)
    }
}

fn missing(error: Error, name: &str) -> Error {
    if !error.is_not_found() {
        return error;
    }
    error.at("repository_name").advise(format!(
        "Check the name {name:?}, the Region and the account. A repository that this configuration \
         makes is read once it is there if its name is taken from the resource that makes it."
    ))
}

/// The images that were asked for, and the newest of them.
fn choose(config: EcrImages, mut images: Vec<ImageDetail>) -> Result<EcrImages> {
    let regex = config.tag_regex.as_str().map(Regex::new).transpose();
    let regex = regex.map_err(|error| {
        Error::invalid("the regular expression is not understood").at("tag_regex").caused_by(error)
    })?;
    let constraint = config.semver_constraint.as_str().unwrap_or("*");
    let constraint: Constraint =
        constraint.parse().map_err(|rule: String| Error::invalid(rule).at("semver_constraint"))?;
    let wanted = |tag: &String| regex.as_ref().is_none_or(|regex| regex.is_match(tag));
    images.retain(|image| regex.is_none() || image.image_tags().iter().any(wanted));
    // The API has no order. Of two that were pushed at once, the same comes first every time.
    images.sort_by(|a, b| {
        let key = |image: &ImageDetail| (image.image_pushed_at, image.image_digest.clone());
        key(b).partial_cmp(&key(a)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let versions = images.iter().enumerate().flat_map(|(index, image)| {
        let tags = image.image_tags().iter().filter(|tag| wanted(tag));
        tags.filter_map(move |tag| Some((version(tag)?, tag, index)))
    });
    let highest = versions.filter(|(_, tag, _)| constraint.matches(tag)).max_by(|a, b| {
        // Of two spellings of one version, the one that was pushed last.
        a.0.cmp_precedence(&b.0).then(b.2.cmp(&a.2))
    });
    let highest = highest.map(|(_, tag, index)| (tag.clone(), index));
    let images = images.into_iter().map(Image::of).collect::<Result<Vec<_>>>()?;
    Ok(EcrImages {
        newest: images.first().cloned().into(),
        newest_semver: highest.as_ref().map(|(_, index)| images[*index].clone()).into(),
        newest_semver_tag: highest.map(|(tag, _)| tag).into(),
        images: images.into(),
        ..config
    })
}

/// The whole version that a tag is.
fn version(tag: &str) -> Option<Version> {
    Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()
}

impl Image {
    fn of(found: ImageDetail) -> Result<Self> {
        let mut tags = found.image_tags.unwrap_or_default();
        tags.sort();
        let pushed = found.image_pushed_at.map(|time| Timestamp::from_second(time.secs()));
        let pushed = pushed
            .transpose()
            .map_err(|error| Error::failed("ECR answered a time that is none").caused_by(error))?;
        Ok(Self {
            image_digest: found.image_digest.into(),
            image_tags: tags.into(),
            image_pushed_at: pushed.map(|time| time.to_string()).into(),
            image_size_in_bytes: found.image_size_in_bytes.into(),
            image_manifest_media_type: found.image_manifest_media_type.into(),
            artifact_media_type: found.artifact_media_type.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::primitives::DateTime;

    use super::*;

    fn image(digest: &str, pushed: i64, tags: &[&str]) -> ImageDetail {
        let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        ImageDetail::builder()
            .image_digest(format!("sha256:{digest}"))
            .image_pushed_at(DateTime::from_secs(1_769_860_800 + pushed))
            .image_size_in_bytes(7)
            .set_image_tags(Some(tags))
            .build()
    }

    /// As ECR answers: in no order.
    fn all() -> Vec<ImageDetail> {
        vec![
            image("b", 2, &["v1.10.0", "1.10"]),
            image("a", 1, &["v1.9.0", "v2.0.0-rc.1"]),
            image("d", 4, &["main", "dev-7"]),
            image("c", 3, &["1.10.0"]),
            image("e", 0, &[]),
        ]
    }

    fn chosen(change: impl FnOnce(&mut EcrImages)) -> EcrImages {
        let mut config = EcrImages::default();
        change(&mut config);
        choose(config, all()).unwrap()
    }

    fn text(value: &str) -> Attr<String> {
        value.to_owned().into()
    }

    fn digests(found: &EcrImages) -> String {
        let images = found.images.known().unwrap().iter();
        images.map(|image| image.image_digest.as_str().unwrap().replace("sha256:", "")).collect()
    }

    fn newest(found: &EcrImages) -> [Option<&str>; 3] {
        let digest = |image: &Attr<Image>| image.known().map(|image| image.image_digest.clone());
        let of = |image: &Attr<Image>| match digest(image) {
            Some(Attr::Known(digest)) => {
                ["a", "b", "c", "d", "e"].into_iter().find(|end| digest == format!("sha256:{end}"))
            }
            _ => None,
        };
        [of(&found.newest), of(&found.newest_semver), found.newest_semver_tag.as_str()]
    }

    #[test]
    fn what_was_pushed_last_comes_first() {
        let found = chosen(|_| {});
        assert_eq!(digests(&found), "dcbae");
        // Of two spellings of one version the later, and no pre-release.
        assert_eq!(newest(&found), [Some("d"), Some("c"), Some("1.10.0")]);
        let first = &found.images.known().unwrap()[0];
        assert_eq!(first.image_pushed_at, text("2026-01-31T12:00:04Z"));
        assert_eq!(first.image_tags, Attr::Known(vec!["dev-7".to_owned(), "main".to_owned()]));
        assert_eq!(first.image_size_in_bytes, Attr::Known(7));
    }

    #[test]
    fn a_constraint_is_for_the_version_alone() {
        let found = chosen(|config| config.semver_constraint = text("<1.10.0"));
        assert_eq!(newest(&found), [Some("d"), Some("a"), Some("v1.9.0")]);
        let found = chosen(|config| config.semver_constraint = text(">=2.0.0-0"));
        assert_eq!(newest(&found), [Some("d"), Some("a"), Some("v2.0.0-rc.1")]);
        let found = chosen(|config| config.semver_constraint = text("^3"));
        assert_eq!(newest(&found), [Some("d"), None, None]);
        assert_eq!(digests(&found), "dcbae");
    }

    #[test]
    fn a_tag_that_is_not_asked_for_is_no_version_either() {
        let found = chosen(|config| config.tag_regex = text("^v"));
        assert_eq!(digests(&found), "ba");
        assert_eq!(newest(&found), [Some("b"), Some("b"), Some("v1.10.0")]);
        let found = chosen(|config| config.tag_regex = text("^nothing$"));
        assert_eq!(newest(&found), [None, None, None]);
        assert_eq!(found.images, Attr::Known(vec![]));
    }

    #[test]
    fn only_whole_versions_count() {
        for tag in ["1.10", "v1", "latest", "1.2.3.4", "01.2.3", ""] {
            assert_eq!(version(tag), None, "{tag}");
        }
        assert_eq!(version("v1.2.3-rc.1"), Version::parse("1.2.3-rc.1").ok());
    }

    #[test]
    fn rules_for_tags_are_refused_for_images_without_any() {
        let mut diagnostics = Diagnostics::default();
        let config = EcrImages {
            tag_status: text("UNTAGGED"),
            tag_regex: text("^v"),
            semver_constraint: Attr::Unknown,
            ..EcrImages::default()
        };
        EcrImages::validate(&config, &mut diagnostics);
        let at: Vec<_> = diagnostics.iter().map(|said| said.path.to_string()).collect();
        assert_eq!(at, ["tag_regex", "semver_constraint"]);
    }
}
