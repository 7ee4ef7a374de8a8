//! Receivers of webhooks.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};

use crate::framework::checks::{Findings, dns_subdomain};
use crate::framework::schema::Form;
use crate::framework::{Attr, Error, Model, Path, Result, Value, newtype};
use crate::resources::findings::{presence, text};
use crate::resources::kargo::rules;
use crate::resources::object::{LabelSelector, selector};

/// A receiver of webhooks of one sender: exactly one of the others beside
/// `name`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct WebhookReceiver {
    /// Name of the receiver, unique in the configuration.
    #[attr(required, check = dns_subdomain)]
    pub name: Attr<String>,
    /// For `JFrog` Artifactory. The Secret has the key `secret-token`.
    pub artifactory: Attr<ArtifactoryReceiver>,
    /// For Azure `DevOps` and Azure Container Registry. The Secret has the key `secret`.
    pub azure: Attr<SecretReceiver>,
    /// For Bitbucket. The Secret has the key `secret`.
    pub bitbucket: Attr<SecretReceiver>,
    /// For Docker Hub. The Secret has the key `secret`.
    pub dockerhub: Attr<SecretReceiver>,
    /// For anybody who can send JSON: what is done is said here. The Secret has the key `secret`.
    pub generic: Attr<GenericReceiver>,
    /// For Gitea. The Secret has the key `secret`.
    pub gitea: Attr<SecretReceiver>,
    /// For GitHub. The Secret has the key `secret`.
    pub github: Attr<SecretReceiver>,
    /// For GitLab. The Secret has the key `secret-token`.
    pub gitlab: Attr<SecretReceiver>,
    /// For Harbor. The Secret has the key `auth-header`.
    pub harbor: Attr<SecretReceiver>,
    /// For Quay. The Secret has the key `secret`.
    pub quay: Attr<SecretReceiver>,
}

/// What a sender's webhooks are verified by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SecretReceiver {
    /// The Secret (`gitops_kargo_credentials` of type `generic`): in the project's namespace, for
    /// the configuration of the cluster in that of the system's resources.
    #[attr(required)]
    pub secret_ref: Attr<SecretRef>,
}

/// A Secret in the namespace where it is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SecretRef {
    /// Name of the Secret.
    #[attr(required, check = dns_subdomain)]
    pub name: Attr<String>,
}

/// What the webhooks of Artifactory are verified by, and are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ArtifactoryReceiver {
    /// The Secret (`gitops_kargo_credentials` of type `generic`): in the project's namespace, for
    /// the configuration of the cluster in that of the system's resources.
    #[attr(required)]
    pub secret_ref: Attr<SecretRef>,
    /// Name of the virtual repository that warehouses know the artifacts by, where it is not the
    /// one that the webhook names.
    pub virtual_repo_name: Attr<String>,
}

/// What webhooks of anybody are verified by, and what they do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GenericReceiver {
    /// The Secret (`gitops_kargo_credentials` of type `generic`): in the project's namespace, for
    /// the configuration of the cluster in that of the system's resources.
    #[attr(required)]
    pub secret_ref: Attr<SecretRef>,
    /// What is done.
    #[attr(length(1, usize::MAX))]
    pub actions: Attr<Vec<GenericAction>>,
}

/// Something that is done when a webhook comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GenericAction {
    /// What it is: `Refresh`, the only one that there is, looks for new artifacts.
    #[attr(required, one_of = ["Refresh"])]
    pub action: Attr<String>,
    /// An expression over the request that is true when it is to be done, as in
    /// `request.header("X-Event") == "push"`; always when not set.
    pub when_expression: Attr<String>,
    /// What to do it to.
    #[attr(length(1, usize::MAX))]
    pub target_selection_criteria: Attr<Vec<GenericTarget>>,
    /// More that the action takes; `Refresh` takes nothing.
    pub parameters: Attr<BTreeMap<String, String>>,
}

/// Which objects something is done to: what is set beside `kind` all has to
/// fit, and something has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GenericTarget {
    /// Kind of the objects: `Warehouse`, the only one that there is.
    #[attr(required, one_of = ["Warehouse"])]
    pub kind: Attr<String>,
    /// Name of the object; may be an expression over the request (`$${{ request.body.name }}`).
    pub name: Attr<String>,
    /// Labels of the objects. Values may be expressions over the request.
    pub label_selector: Attr<LabelSelector>,
    /// What Kargo remembers of the objects.
    pub index_selector: Attr<IndexSelector>,
}

/// What Kargo remembers of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct IndexSelector {
    /// Comparisons, which all have to hold.
    #[attr(length(1, usize::MAX))]
    pub match_indices: Attr<Vec<MatchIndex>>,
}

/// A comparison with what Kargo remembers of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct MatchIndex {
    /// What is compared: the repositories that a warehouse subscribes to (`subscribedURLs`), or the
    /// paths of receivers (`receiverPaths`).
    #[attr(required, one_of = ["subscribedURLs", "receiverPaths"])]
    pub key: Attr<String>,
    /// `Equals` or `NotEquals`.
    #[attr(required, one_of = ["Equals", "NotEquals"])]
    pub operator: Attr<String>,
    /// What it is compared with; may be an expression over the request.
    #[attr(required)]
    pub value: Attr<String>,
}

/// Functions for expressions over a request.
const REQUEST_FUNCTIONS: &[&str] = &["normalizeChart", "normalizeGit", "normalizeImage"];

/// Rules for all receivers, each by itself and together.
pub(super) fn check(receivers: &Attr<Vec<WebhookReceiver>>, findings: &mut Findings) {
    let mut seen: HashMap<&str, Path> = HashMap::new();
    for (index, receiver) in receivers.known().into_iter().flatten().enumerate() {
        let path = Path::attribute("webhook_receivers").index(index);
        one_type(receiver, &path, findings);
        if let Some(generic) = receiver.generic.known() {
            check_generic(generic, &path.field("generic"), findings);
        }
        let Some(name) = receiver.name.as_str() else { continue };
        if let Some(first) = seen.get(name) {
            let rule = format!("{name:?} is the name of {first} already");
            findings.error(path.field("name"), rule);
        } else {
            seen.insert(name, path);
        }
    }
}

fn one_type(receiver: &WebhookReceiver, path: &Path, findings: &mut Findings) {
    let types = [
        ("artifactory", presence(&receiver.artifactory)),
        ("azure", presence(&receiver.azure)),
        ("bitbucket", presence(&receiver.bitbucket)),
        ("dockerhub", presence(&receiver.dockerhub)),
        ("generic", presence(&receiver.generic)),
        ("gitea", presence(&receiver.gitea)),
        ("github", presence(&receiver.github)),
        ("gitlab", presence(&receiver.gitlab)),
        ("harbor", presence(&receiver.harbor)),
        ("quay", presence(&receiver.quay)),
    ];
    let known: Vec<_> =
        types.iter().filter(|(_, there)| there.known().is_some()).map(|(name, _)| *name).collect();
    let unknown = types.iter().any(|(_, there)| there.is_unknown());
    match known.as_slice() {
        [] if !unknown => {
            let names: Vec<_> = types.iter().map(|(name, _)| *name).collect();
            let rule = format!("a receiver is for one sender of: {}", names.join(", "));
            findings.error(path.clone(), rule);
        }
        [] | [_] => {}
        several => {
            let rule = format!("a receiver is for one sender, not for {}", several.join(" and "));
            findings.error(path.clone(), rule);
        }
    }
}

fn check_generic(generic: &GenericReceiver, path: &Path, findings: &mut Findings) {
    if generic.actions.is_null() {
        findings.warn(path.clone(), "without actions, a webhook has no effect");
    }
    for (index, action) in generic.actions.known().into_iter().flatten().enumerate() {
        let path = path.field("actions").index(index);
        if let Some(condition) = action.when_expression.as_str().filter(|text| !text.is_empty()) {
            let path = path.field("when_expression");
            rules::expression::bare(condition, REQUEST_FUNCTIONS, &path, findings);
        }
        if action.target_selection_criteria.is_null() {
            findings.warn(path.clone(), "without target_selection_criteria, it has no effect");
        }
        let targets = action.target_selection_criteria.known().into_iter().flatten();
        for (index, target) in targets.enumerate() {
            let path = path.field("target_selection_criteria").index(index);
            check_target(target, &path, findings);
        }
    }
}

fn check_target(target: &GenericTarget, path: &Path, findings: &mut Findings) {
    let labels = target.label_selector.as_ref().and_then(|labels| {
        let maps = labels.match_labels.as_ref().map(BTreeMap::is_empty);
        let expressions = labels.match_expressions.as_ref().map(Vec::is_empty);
        filled(&[maps, expressions])
    });
    let indices = target.index_selector.as_ref().and_then(|selector| {
        filled(&[selector.match_indices.as_ref().map(Vec::is_empty), Attr::Null])
    });
    let name = filled(&[target.name.as_ref().map(String::is_empty), Attr::Null]);
    if [&name, &labels, &indices].into_iter().all(Attr::is_null) {
        let rule = "it needs name, label_selector or index_selector with something in it";
        findings.error(path.clone(), rule);
    }
    if let Some(selector) = target.label_selector.known() {
        let path = path.field("label_selector");
        selector::check(&selector.match_expressions, text, &path, findings);
    }
    let request = |text: &Attr<String>, path: &Path, findings: &mut Findings| {
        if let Some(text) = text.as_str() {
            rules::expression::template_with(text, REQUEST_FUNCTIONS, path, findings);
        }
    };
    request(&target.name, &path.field("name"), findings);
    if let Some(selector) = target.index_selector.known() {
        let path = path.field("index_selector").field("match_indices");
        for (index, wanted) in selector.match_indices.known().into_iter().flatten().enumerate() {
            request(&wanted.value, &path.index(index).field("value"), findings);
        }
    }
}

/// Whether any of these is not empty, as far as that is known.
fn filled(empty: &[Attr<bool>; 2]) -> Attr<()> {
    if empty.contains(&Attr::Known(false)) {
        Attr::Known(())
    } else if empty.contains(&Attr::Unknown) {
        Attr::Unknown
    } else {
        Attr::Null
    }
}

/// URLs of receivers, by name: a list of objects in the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiverUrls(pub BTreeMap<String, String>);

newtype!(ReceiverUrls(BTreeMap<String, String>), |attribute| {
    attribute.api.form = Form::Custom { write: write_urls, read: read_urls };
});

fn write_urls(value: &Value) -> Result<Json> {
    let urls = value.as_object().ok_or_else(|| Error::bug("the URLs are no map"))?;
    Ok(urls.iter().map(|(name, url)| json!({"name": name, "url": url.as_str()})).collect())
}

fn read_urls(json: &Json) -> Result<Value> {
    let list = json.as_array().ok_or_else(|| Error::invalid("the receivers are no list"))?;
    let url = |receiver: &Json| {
        let (name, url) = (receiver["name"].as_str()?, receiver["url"].as_str()?);
        Some((name.to_owned(), Value::from(url)))
    };
    Ok(list.iter().filter_map(url).collect())
}

/// The names of the receivers in the spec of an object.
pub(super) fn names(object: &Json) -> Vec<String> {
    let receivers = object["spec"]["webhookReceivers"].as_array().into_iter().flatten();
    receivers.filter_map(|receiver| receiver["name"].as_str()).map(str::to_owned).collect()
}

/// Whether the status of an object has a URL for a receiver.
pub(super) fn has_url(object: &Json, name: &str) -> bool {
    let receivers = object["status"]["webhookReceivers"].as_array();
    receivers
        .into_iter()
        .flatten()
        .any(|receiver| receiver["name"] == name && receiver["url"].is_string())
}
