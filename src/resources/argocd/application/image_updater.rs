//! What Argo CD's Image Updater does to an application: annotations for it.
//!
//! The names of the annotations are those that Image Updater has had since its
//! first versions; from 1.0 on it reads them where an `ImageUpdater` says so.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::framework::api::View;
use crate::framework::checks::Findings;
use crate::framework::{Attr, Model, Object, Path, Value};
use crate::resources::argocd::subscriptions::forget_annotations;

/// How the keys of the annotations begin.
const PREFIX: &str = "argocd-image-updater.argoproj.io/";
const IMAGE_LIST: &str = "argocd-image-updater.argoproj.io/image-list";

/// What Image Updater keeps up to date, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ImageUpdater {
    /// The images.
    #[attr(required, length(1, usize::MAX))]
    pub images: Attr<Vec<UpdatedImage>>,
    /// Where a new image is written to: into the application (`argocd`), or into Git (`git`, with
    /// the credentials of the repository in Argo CD; `git:repocreds`; `git:secret:NAMESPACE/NAME`).
    /// `argocd` when not set, and `source.helm.parameters` and `source.kustomize.images` are then
    /// left to Image Updater after the creation.
    #[attr(check = write_back_method)]
    pub write_back_method: Attr<String>,
    /// What is written in Git: `kustomization`, `helmvalues`, either with `:` and a path; a file of
    /// Argo CD's own when not set.
    pub write_back_target: Attr<String>,
    /// Branch that is written to in Git, with `:` and a new one behind where it is not the same; that
    /// of the source when not set.
    pub git_branch: Attr<String>,
    /// URL of the repository that is written to; that of the source when not set.
    pub git_repository: Attr<String>,
}

/// An image, and which versions of it are for the application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct UpdatedImage {
    /// The image without a tag, as in `ghcr.io/example/shop`.
    #[attr(required, check = crate::framework::checks::image_repo)]
    pub image: Attr<String>,
    /// Name of the image within the application, which everything below `constraint` needs.
    #[attr(check = alias)]
    pub alias: Attr<String>,
    /// Versions that are taken: a constraint as in `~1.26`, or the tag whose digest is followed.
    #[attr(check = constraint)]
    pub constraint: Attr<String>,
    /// Which of the versions is taken: the highest (`semver`), the newest by its build
    /// (`newest-build`), the last by its name (`alphabetical`), or that which a tag has now
    /// (`digest`). `semver` when not set.
    #[attr(one_of = ["semver", "newest-build", "alphabetical", "digest", "latest", "name"])]
    pub update_strategy: Attr<String>,
    /// Tags that are looked at: `any`, or an expression as in `regexp:^v[0-9]+$`.
    #[attr(check = allow_tags)]
    pub allow_tags: Attr<String>,
    /// Tags that are not looked at, as names or patterns.
    #[attr(check = element)]
    pub ignore_tags: Attr<Vec<String>>,
    /// Platforms that the image has to be for, as in `linux/arm64`; that of Image Updater when not
    /// set.
    #[attr(check = element)]
    pub platforms: Attr<Vec<String>>,
    /// Where the login to the registry comes from: `pullsecret:NAMESPACE/NAME`,
    /// `secret:NAMESPACE/NAME#KEY`, `env:VARIABLE` or `ext:PATH`.
    #[attr(check = pull_secret)]
    pub pull_secret: Attr<String>,
    /// Update the image even where no resource of the application has it; off when not set.
    pub force_update: Attr<bool>,
    /// Parameter of the chart for the image without its tag, as in `image.repository`.
    pub helm_image_name: Attr<String>,
    /// Parameter of the chart for the tag, as in `image.tag`.
    pub helm_image_tag: Attr<String>,
    /// Parameter of the chart for the image with its tag; instead of the other two.
    pub helm_image_spec: Attr<String>,
    /// Name that the image has in the manifests that Kustomize changes.
    pub kustomize_image_name: Attr<String>,
}

/// Attributes of an application, and the annotations that they are.
const OF_APPLICATIONS: [(&str, &str); 4] = [
    ("write_back_method", "write-back-method"),
    ("write_back_target", "write-back-target"),
    ("git_branch", "git-branch"),
    ("git_repository", "git-repository"),
];

/// Attributes of an image, and the annotations that they are, behind the alias.
const OF_IMAGES: [(&str, &str); 10] = [
    ("update_strategy", "update-strategy"),
    ("allow_tags", "allow-tags"),
    ("ignore_tags", "ignore-tags"),
    ("platforms", "platforms"),
    ("pull_secret", "pull-secret"),
    ("force_update", "force-update"),
    ("helm_image_name", "helm.image-name"),
    ("helm_image_tag", "helm.image-tag"),
    ("helm_image_spec", "helm.image-spec"),
    ("kustomize_image_name", "kustomize.image-name"),
];

fn write_back_method(text: &str) -> Result<(), String> {
    let known = ["argocd", "git", "git:repocreds"].contains(&text)
        || text.strip_prefix("git:secret:").is_some_and(is_named);
    if known {
        return Ok(());
    }
    Err(format!("{text:?} is not one of: argocd, git, git:repocreds, git:secret:NAMESPACE/NAME"))
}

fn is_named(text: &str) -> bool {
    text.split_once('/').is_some_and(|(namespace, name)| !namespace.is_empty() && !name.is_empty())
}

fn pull_secret(text: &str) -> Result<(), String> {
    let fits = match text.split_once(':') {
        Some(("pullsecret", rest)) => is_named(rest),
        Some(("secret", rest)) => is_named(rest) && rest.contains('#'),
        Some(("env" | "ext", rest)) => !rest.is_empty(),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not one of: pullsecret:NAMESPACE/NAME, secret:NAMESPACE/NAME#KEY, \
         env:VARIABLE, ext:PATH"
    ))
}

fn allow_tags(text: &str) -> Result<(), String> {
    match text.strip_prefix("regexp:") {
        Some(regex) => crate::framework::checks::regex(regex),
        None if text == "any" => Ok(()),
        None => Err(format!("{text:?} is not \"any\", nor an expression behind \"regexp:\"")),
    }
}

fn alias(text: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.starts_with(char::is_alphanumeric) && text.len() <= 40 && text.chars().all(fits) {
        return Ok(());
    }
    Err(format!("{text:?} is not an alias: letters, digits, \"-\" and \"_\", 40 of them at most"))
}

/// A constraint stands in a list with commas, behind a colon.
fn constraint(text: &str) -> Result<(), String> {
    if text.is_empty() || text.contains([',', '/']) {
        return Err(format!("{text:?} is not a constraint: not empty, without \",\" and \"/\""));
    }
    Ok(())
}

fn element(text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.trim() != text || text.contains(',') {
        return Err(format!("{text:?} is not one element: without commas and spaces around"));
    }
    Ok(())
}

/// Whether Image Updater writes to the application itself.
pub(super) fn writes_to_the_application(values: &Value) -> bool {
    let updater = values.get("image_updater");
    let method = updater.get("write_back_method");
    !updater.is_null() && (method.is_null() || method.as_str() == Some("argocd"))
}

/// Whether it is known whether it does.
pub(super) fn is_undecided(config: &Value) -> bool {
    let updater = config.get("image_updater");
    updater.is_unknown() || updater.get("write_back_method").is_unknown()
}

/// What Image Updater changes of an application.
pub(super) const UPDATED: [[&str; 3]; 2] =
    [["source", "helm", "parameters"], ["source", "kustomize", "images"]];

/// Checks what is asked of Image Updater beside the annotations.
pub(in crate::resources::argocd) fn check(
    updater: &Attr<ImageUpdater>,
    annotations: &Attr<Vec<&str>>,
    findings: &mut Findings,
) {
    let Attr::Known(updater) = updater else { return };
    let path = Path::attribute("image_updater");
    let mut aliases = BTreeSet::new();
    for (index, image) in updater.images.known().into_iter().flatten().enumerate() {
        let at = path.field("images").index(index);
        if let Attr::Known(alias) = &image.alias
            && !aliases.insert(alias.clone())
        {
            findings.error(at.field("alias"), format!("{alias:?} is the alias of two images"));
        }
        let values = image.clone().into_value();
        let option = OF_IMAGES.iter().find(|(name, _)| !values.get(name).is_null());
        if let Some((name, _)) = option.filter(|_| image.alias.is_null()) {
            findings.error(at.field(*name), "it needs an alias: its annotation is named after it");
        }
        if image.helm_image_spec.is_set()
            && (image.helm_image_name.is_set() || image.helm_image_tag.is_set())
        {
            let rule = "it is instead of helm_image_name and helm_image_tag";
            findings.error(at.field("helm_image_spec"), rule);
        }
        let by_name = ["newest-build", "latest", "alphabetical", "name"];
        let strategy = image.update_strategy.as_str();
        if image.constraint.is_set() && strategy.is_some_and(|it| by_name.contains(&it)) {
            let rule = "it has no effect with that update_strategy: see allow_tags";
            findings.warn(at.field("constraint"), rule);
        }
        if strategy == Some("digest") && image.constraint.is_null() {
            let rule = "the strategy \"digest\" follows a tag, which constraint names";
            findings.error(at.field("update_strategy"), rule);
        }
    }
    let method = updater.write_back_method.as_str();
    let into_git = method.is_some_and(|method| method.starts_with("git"));
    if !into_git && !updater.write_back_method.is_unknown() {
        for (name, set) in [
            ("write_back_target", updater.write_back_target.is_set()),
            ("git_branch", updater.git_branch.is_set()),
            ("git_repository", updater.git_repository.is_set()),
        ] {
            if set {
                findings.error(path.field(name), "it is for write_back_method = \"git\"");
            }
        }
    }
    for key in annotations.known().into_iter().flatten().filter(|key| key.starts_with(PREFIX)) {
        let rule =
            "image_updater is set, which writes such annotations: keep them in one of the two";
        findings.error(Path::attribute("annotations").key(*key), rule);
    }
}

/// Adds the annotations to an object that is sent.
pub(super) fn write(values: &Value, object: &mut Json) {
    let updater = values.get("image_updater");
    let Some(images) = updater.get("images").as_list() else { return };
    let annotations = &mut object["metadata"]["annotations"];
    let entries: Vec<_> = images.iter().map(entry).collect();
    annotations[IMAGE_LIST] = entries.join(",").into();
    for (name, suffix) in OF_APPLICATIONS {
        if let Some(text) = text(updater.get(name)) {
            annotations[format!("{PREFIX}{suffix}")] = text.into();
        }
    }
    for image in images {
        let Some(alias) = image.get("alias").as_str() else { continue };
        for (name, suffix) in OF_IMAGES {
            if let Some(text) = text(image.get(name)) {
                annotations[format!("{PREFIX}{alias}.{suffix}")] = text.into();
            }
        }
    }
}

/// An image as the list of images has it.
fn entry(image: &Value) -> String {
    let part = |name: &str| image.get(name).as_str();
    let alias = part("alias").map(|alias| format!("{alias}=")).unwrap_or_default();
    let constraint = part("constraint").map(|it| format!(":{it}")).unwrap_or_default();
    format!("{alias}{}{constraint}", part("image").unwrap_or_default())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(on) => Some(on.to_string()),
        Value::List(elements) => {
            Some(elements.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
        }
        _ => None,
    }
}

/// What Image Updater is asked for by a live object, as far as it is ours, or all of it.
pub(super) fn read(live: &Json, prior: &Value, seen: &mut Value, view: View) {
    let prior = prior.get("image_updater");
    let annotations = &live["metadata"]["annotations"];
    let whole = view == View::Whole;
    let list = annotations[IMAGE_LIST].as_str();
    if prior.is_null() && !(whole && list.is_some()) {
        seen.set("image_updater", prior.clone());
        return;
    }
    let mut updater = prior.clone();
    if !matches!(updater, Value::Object(_)) {
        updater = ImageUpdater::default().into_value();
    }
    for (name, suffix) in OF_APPLICATIONS {
        take(&mut updater, name, &annotations[format!("{PREFIX}{suffix}")], whole);
    }
    let before = prior.get("images").as_list().unwrap_or_default();
    let images = list.unwrap_or_default().split(',').map(str::trim).filter(|it| !it.is_empty());
    let images = images.enumerate().map(|(at, text)| {
        let found = parse(text);
        let is_same = |image: &&Value| image.get("alias") == found.get("alias");
        let ours = before.get(at).filter(is_same).or_else(|| before.iter().find(is_same));
        let mut image = ours.cloned().unwrap_or_else(|| UpdatedImage::default().into_value());
        for name in ["alias", "image", "constraint"] {
            image.set(name, found.get(name).clone());
        }
        let alias = found.get("alias").as_str().unwrap_or_default();
        for (name, suffix) in OF_IMAGES {
            let live = &annotations[format!("{PREFIX}{alias}.{suffix}")];
            // An image that somebody added is drift with all that is said of it.
            take(&mut image, name, live, whole || ours.is_none());
        }
        image
    });
    let images = images.collect();
    updater.set("images", images);
    seen.set("image_updater", updater);
    if whole {
        forget_annotations(seen, |key| key.starts_with(PREFIX));
    }
}

/// Takes over an annotation, where the attribute is ours or all are looked at.
fn take(values: &mut Value, name: &str, live: &Json, whole: bool) {
    let prior = values.get(name).clone();
    if prior.is_null() && !whole {
        return;
    }
    let Some(live) = live.as_str() else { return values.set(name, Value::Null) };
    let elements = || live.split(',').map(str::trim).filter(|element| !element.is_empty());
    let found = match name {
        "force_update" => (live == "true").into(),
        "ignore_tags" | "platforms" => elements().map(Value::from).collect(),
        _ => live.into(),
    };
    values.set(name, found);
}

/// `[alias=]image[:constraint]`; a colon before the last slash is that of a port.
fn parse(text: &str) -> Value {
    let (alias, rest) = match text.split_once('=') {
        // The constraint may have one as well: `>=1.0`.
        Some((alias, rest)) if !alias.contains([':', '/']) => (Value::from(alias), rest),
        _ => (Value::Null, text),
    };
    let name = rest.rfind('/').map_or(0, |at| at + 1);
    let (image, constraint) = match rest[name..].split_once(':') {
        Some((_, constraint)) => {
            (&rest[..rest.len() - constraint.len() - 1], Value::from(constraint))
        }
        None => (rest, Value::Null),
    };
    Value::Object(Object::from([
        ("alias".to_owned(), alias),
        ("image".to_owned(), image.into()),
        ("constraint".to_owned(), constraint),
    ]))
}

#[cfg(test)]
mod tests;
