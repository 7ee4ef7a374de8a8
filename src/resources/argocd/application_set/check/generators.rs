//! Rules for generators.

use serde_json::Value as Json;

use super::super::generator::{
    DeepMatrix, DeepMerge, Generator, Leaf, ListGenerator, NestedGenerator, Paths,
};
use super::super::parameters::go_syntax;
use super::super::pull_request::PullRequest;
use super::super::scm_provider::ScmProvider;
use super::super::template::{TemplateParts, each_text, has_parameters};
use super::values;
use crate::framework::api::{self, View, misfits};
use crate::framework::checks::{Findings, regex};
use crate::framework::schema::{self, Attribute, Kind};
use crate::framework::{Attr, JsonText, Model, Path, Step, Value};
use crate::provider::ArgoCd;
use crate::resources::argocd::rules;
use crate::resources::findings::{presence, text};
use crate::resources::object::{LabelSelector, selector};

/// Checks all generators of a set.
pub(super) fn check(generators: &Attr<Vec<Generator>>, go: Attr<bool>, findings: &mut Findings) {
    let path = Path::attribute("generators");
    let Attr::Known(all) = generators else { return };
    if all.is_empty() {
        findings.error(path.clone(), "without a generator no application is generated");
    }
    let rules = Rules { go };
    for (index, generator) in all.iter().enumerate() {
        let at = path.index(index);
        let nested =
            [("matrix", presence(&generator.matrix)), ("merge", presence(&generator.merge))];
        rules.leaf(&generator.leaf, &nested, &at, findings);
        if let Attr::Known(matrix) = &generator.matrix {
            let at = at.field("matrix").field("generators");
            two(matrix.generators.known().map(Vec::len), &at, findings);
            rules.nested(&matrix.generators, &at, findings);
        }
        if let Attr::Known(merge) = &generator.merge {
            let at = at.field("merge");
            let count = merge.generators.known().map(Vec::len);
            several(count, &at.field("generators"), findings);
            keyed(merge.merge_keys.known().map(Vec::len), &at.field("merge_keys"), findings);
            rules.nested(&merge.generators, &at.field("generators"), findings);
        }
    }
    let overrides = TemplateParts::attributes();
    each_override(&Generator::attributes(), &values(generators), &path, &mut |path, text| {
        if let Ok(document) = serde_json::from_str(text) {
            for misfit in misfit_override(&overrides, &document) {
                findings.error(path.clone(), misfit);
            }
        }
    });
}

/// What of an override is not as the definition of the set wants it.
fn misfit_override(attributes: &[Attribute], document: &Json) -> Vec<String> {
    let mut found = misfits(attributes, document);
    if document["spec"].is_object() && document["spec"]["project"].is_null() {
        // With a default in the model, without one in the definition.
        found.push("spec.project is missing; an empty text keeps that of the template".to_owned());
    }
    found
}

/// Whether something in a generator is different from the template.
pub(super) fn overrides(generator: &Value) -> bool {
    let mut found = false;
    let list = Value::List(vec![generator.clone()]);
    each_override(&Generator::attributes(), &list, &Path::root(), &mut |_, _| found = true);
    found
}

fn each_override(
    attributes: &[Attribute],
    generators: &Value,
    at: &Path,
    visit: &mut dyn FnMut(&Path, &str),
) {
    for (index, generator) in generators.as_list().unwrap_or_default().iter().enumerate() {
        each_override_in(attributes, generator, &at.index(index), visit);
    }
}

fn each_override_in(
    attributes: &[Attribute],
    value: &Value,
    at: &Path,
    visit: &mut dyn FnMut(&Path, &str),
) {
    for attr in attributes {
        let (value, at) = (value.get(attr.name), at.field(attr.name));
        match (&attr.kind, value) {
            (Kind::Plain(_), Value::String(text)) if attr.name == "template" => visit(&at, text),
            // There may be one.
            (Kind::Nested(..), Value::Unknown) => visit(&at, ""),
            (Kind::Plain(_), Value::Unknown) if attr.name == "template" => visit(&at, ""),
            (Kind::Nested(_, inner), Value::Object(_)) => {
                each_override_in(inner, value, &at, visit);
            }
            (Kind::Nested(_, inner), list) => each_override(inner, list, &at, visit),
            _ => {}
        }
    }
}

/// Checks the parameters in what is rendered of generators: further values, and the second
/// generator of a matrix.
pub(super) fn check_parameters(generators: &Attr<Vec<Generator>>, findings: &mut Findings) {
    let attributes = Generator::attributes();
    let all = values(generators);
    for (index, generator) in all.as_list().unwrap_or_default().iter().enumerate() {
        let at = Path::attribute("generators").index(index);
        each_text(&attributes, generator, &at, &mut |path, text| {
            let is_second = matches!(
                path.steps(),
                [_, _, Step::Attribute(kind), _, Step::Index(1), ..] if kind == "matrix"
            );
            let rendered = |step: &Step| matches!(step, Step::Attribute(name) if name == "values" || name == "template");
            if is_second || path.steps().iter().any(rendered) {
                findings.check(path, &Attr::Known(text), go_syntax);
            }
        });
    }
}

/// Warns of servers in lists that this Argo CD does not know as such.
pub(super) fn check_servers(
    generators: &Attr<Vec<Generator>>,
    argo_cd: ArgoCd,
    findings: &mut Findings,
) {
    for (index, generator) in generators.known().into_iter().flatten().enumerate() {
        let at = Path::attribute("generators").index(index);
        servers(&generator.leaf, argo_cd, &at, findings);
        for (name, nested) in [
            ("matrix", generator.matrix.as_ref().and_then(|matrix| matrix.generators.as_ref())),
            ("merge", generator.merge.as_ref().and_then(|merge| merge.generators.as_ref())),
        ] {
            for (index, nested) in nested.into_known().into_iter().flatten().enumerate() {
                let at = at.field(name).field("generators").index(index);
                servers(&nested.leaf, argo_cd, &at, findings);
            }
        }
    }
}

fn servers(leaf: &Leaf, argo_cd: ArgoCd, at: &Path, findings: &mut Findings) {
    let Attr::Known(list) = &leaf.list else { return };
    let at = at.field("list").field("elements");
    for element in elements(list).into_iter().flatten() {
        let Some(server) = element["server"].as_str().filter(|text| !has_parameters(text)) else {
            continue;
        };
        let mut found = Findings::default();
        rules::server(&Attr::Known(server), argo_cd, &at, &mut found);
        for finding in found {
            findings.warn(finding.path, finding.rule);
        }
    }
}

/// The elements of a list, if they are known and a list at all.
fn elements(list: &ListGenerator) -> Option<Vec<Json>> {
    let elements = list.elements.known()?;
    serde_json::from_str(&elements.0).ok()
}

fn two(count: Option<usize>, at: &Path, findings: &mut Findings) {
    if let Some(count) = count.filter(|count| *count != 2) {
        findings
            .error(at.clone(), format!("a matrix is of exactly two generators, and not {count}"));
    }
}

fn several(count: Option<usize>, at: &Path, findings: &mut Findings) {
    if let Some(count) = count.filter(|count| *count < 2) {
        findings
            .error(at.clone(), format!("a merge is of two generators or more, and not {count}"));
    }
}

fn keyed(count: Option<usize>, at: &Path, findings: &mut Findings) {
    if count == Some(0) {
        findings.error(at.clone(), "a merge needs the parameters by which its generators agree");
    }
}

/// Reports unless exactly one of these is there, as far as that is known.
fn exactly_one(kinds: &[(&str, Attr<()>)], what: &str, at: &Path, findings: &mut Findings) {
    let known: Vec<_> =
        kinds.iter().filter(|(_, kind)| kind.known().is_some()).map(|(name, _)| *name).collect();
    let names = || kinds.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    match known[..] {
        [] if kinds.iter().all(|(_, kind)| kind.is_null()) => {
            findings.error(at.clone(), format!("{what} needs one of {}", names()));
        }
        [] | [_] => {}
        _ => findings.error(
            at.clone(),
            format!("{what} is of exactly one kind, and this has {}", known.join(" and ")),
        ),
    }
}

/// What is the same for all generators of a set.
struct Rules {
    go: Attr<bool>,
}

impl Rules {
    fn leaf(&self, leaf: &Leaf, nested: &[(&str, Attr<()>)], at: &Path, findings: &mut Findings) {
        let mut kinds = vec![
            ("list", presence(&leaf.list)),
            ("clusters", presence(&leaf.clusters)),
            ("git", presence(&leaf.git)),
            ("oci", presence(&leaf.oci)),
            ("scm_provider", presence(&leaf.scm_provider)),
            ("pull_request", presence(&leaf.pull_request)),
            ("cluster_decision_resource", presence(&leaf.cluster_decision_resource)),
            ("plugin", presence(&leaf.plugin)),
        ];
        kinds.extend_from_slice(nested);
        exactly_one(&kinds, "a generator", at, findings);
        selector(&leaf.selector, &at.field("selector"), findings);
        if let Attr::Known(list) = &leaf.list {
            self.list(list, &at.field("list"), findings);
        }
        if let Attr::Known(clusters) = &leaf.clusters {
            selector(&clusters.selector, &at.field("clusters").field("selector"), findings);
        }
        if let Attr::Known(git) = &leaf.git {
            paths(&git.paths, &at.field("git"), findings);
        }
        if let Attr::Known(oci) = &leaf.oci {
            paths(&oci.paths, &at.field("oci"), findings);
        }
        if let Attr::Known(provider) = &leaf.scm_provider {
            scm_provider(provider, &at.field("scm_provider"), findings);
        }
        if let Attr::Known(request) = &leaf.pull_request {
            pull_request(request, &at.field("pull_request"), findings);
        }
        if let Attr::Known(resource) = &leaf.cluster_decision_resource {
            let at = at.field("cluster_decision_resource");
            let ways = [
                ("name", presence(&resource.name)),
                ("label_selector", presence(&resource.label_selector)),
            ];
            exactly_one(&ways, "a choice of resources", &at, findings);
            selector(&resource.label_selector, &at.field("label_selector"), findings);
        }
        if let Attr::Known(plugin) = &leaf.plugin
            && let Attr::Known(input) = &plugin.input
            && let Attr::Known(JsonText(parameters)) = &input.parameters
            && !matches!(serde_json::from_str(parameters), Ok(Json::Object(_)))
        {
            let at = at.field("plugin").field("input").field("parameters");
            findings.error(at, "it is no JSON object");
        }
    }

    fn list(&self, list: &ListGenerator, at: &Path, findings: &mut Findings) {
        if list.elements.is_null() && list.elements_yaml.is_null() {
            findings.error(at.clone(), "a list needs elements or elements_yaml");
        }
        if list.elements.known().is_none() {
            return;
        }
        let at = at.field("elements");
        let Some(elements) = elements(list) else {
            findings.error(at, "it is no JSON list; give jsonencode([{ … }, { … }])");
            return;
        };
        for (index, element) in elements.iter().enumerate() {
            let Json::Object(parameters) = element else {
                findings.error(at.clone(), format!("element {index} is no object of parameters"));
                continue;
            };
            if self.go != Attr::Known(false) {
                continue;
            }
            for (name, value) in parameters {
                let texts = |json: &Json| match json {
                    Json::Object(inner) => inner.values().all(Json::is_string),
                    _ => false,
                };
                let is_text = value.is_string() || (name == "values" && texts(value));
                if !is_text {
                    findings.error(
                        at.clone(),
                        format!(
                            "parameter {name:?} of element {index} is no text, which it has to be \
                             without go_template"
                        ),
                    );
                }
            }
        }
    }

    fn nested(&self, all: &Attr<Vec<NestedGenerator>>, at: &Path, findings: &mut Findings) {
        for (index, generator) in all.known().into_iter().flatten().enumerate() {
            let at = at.index(index);
            let nested =
                [("matrix", presence(&generator.matrix)), ("merge", presence(&generator.merge))];
            self.leaf(&generator.leaf, &nested, &at, findings);
            if let Attr::Known(JsonText(document)) = &generator.matrix
                && let Some(matrix) = deep::<DeepMatrix>(document, &at.field("matrix"), findings)
            {
                let at = at.field("matrix");
                two(matrix.generators.known().map(Vec::len), &at, findings);
                self.deep(&matrix.generators, &at, findings);
            }
            if let Attr::Known(JsonText(document)) = &generator.merge
                && let Some(merge) = deep::<DeepMerge>(document, &at.field("merge"), findings)
            {
                let at = at.field("merge");
                several(merge.generators.known().map(Vec::len), &at, findings);
                keyed(merge.merge_keys.known().map(Vec::len), &at, findings);
                self.deep(&merge.generators, &at, findings);
            }
        }
    }

    /// Generators within a document: what is found is told of the document, and where in it.
    fn deep(&self, all: &Attr<Vec<Leaf>>, at: &Path, findings: &mut Findings) {
        for (index, leaf) in all.known().into_iter().flatten().enumerate() {
            let mut inside = Findings::default();
            self.leaf(leaf, &[], &Path::attribute("generators").index(index), &mut inside);
            for finding in inside {
                findings.error(at.clone(), format!("in {}: {}", finding.path, finding.rule));
            }
        }
    }
}

/// A generator that is written as JSON.
fn deep<M: Model>(document: &str, at: &Path, findings: &mut Findings) -> Option<M> {
    let document = serde_json::from_str(document).ok()?;
    let attributes = M::attributes();
    let misfits = misfits(&attributes, &document);
    let fits = misfits.is_empty();
    for misfit in misfits {
        findings.error(at.clone(), misfit);
    }
    let nothing = schema::empty(&attributes);
    let values = api::project(&attributes, "", &document, &nothing, View::Whole);
    M::from_value(values).ok().filter(|_| fits)
}

fn selector(selector: &Attr<LabelSelector>, at: &Path, findings: &mut Findings) {
    if let Attr::Known(selector) = selector {
        selector::check(&selector.match_expressions, plain, at, findings);
    }
}

fn paths(paths: &Paths, at: &Path, findings: &mut Findings) {
    let ways = [("directories", filled(&paths.directories)), ("files", filled(&paths.files))];
    exactly_one(&ways, "a generator of paths", at, findings);
}

/// Whether there is something in a list.
fn filled<T>(list: &Attr<Vec<T>>) -> Attr<()> {
    match list {
        Attr::Known(elements) if elements.is_empty() => Attr::Null,
        other => presence(other),
    }
}

fn scm_provider(provider: &ScmProvider, at: &Path, findings: &mut Findings) {
    let hosts = [
        ("github", presence(&provider.github)),
        ("gitlab", presence(&provider.gitlab)),
        ("gitea", presence(&provider.gitea)),
        ("bitbucket", presence(&provider.bitbucket)),
        ("bitbucket_server", presence(&provider.bitbucket_server)),
        ("azure_devops", presence(&provider.azure_devops)),
        ("aws_code_commit", presence(&provider.aws_code_commit)),
    ];
    exactly_one(&hosts, "a provider of repositories", at, findings);
    let protocol = plain(&provider.clone_protocol);
    findings.check_one_of(&at.field("clone_protocol"), &protocol, &["ssh", "https"]);
    if let Attr::Known(server) = &provider.bitbucket_server {
        let at = at.field("bitbucket_server");
        one_login(&server.basic_auth, &server.bearer_token, &at, findings);
    }
    for (index, filter) in provider.filters.known().into_iter().flatten().enumerate() {
        let at = at.field("filters").index(index);
        for (name, pattern) in [
            ("repository_match", &filter.repository_match),
            ("label_match", &filter.label_match),
            ("branch_match", &filter.branch_match),
        ] {
            findings.check(&at.field(name), &plain(pattern), regex);
        }
    }
}

fn pull_request(request: &PullRequest, at: &Path, findings: &mut Findings) {
    let hosts = [
        ("github", presence(&request.github)),
        ("gitlab", presence(&request.gitlab)),
        ("gitea", presence(&request.gitea)),
        ("bitbucket", presence(&request.bitbucket)),
        ("bitbucket_server", presence(&request.bitbucket_server)),
        ("azure_devops", presence(&request.azure_devops)),
    ];
    exactly_one(&hosts, "a generator of pull requests", at, findings);
    if let Attr::Known(gitlab) = &request.gitlab {
        let states = ["", "all", "opened", "closed", "merged", "locked"];
        let at = at.field("gitlab").field("pull_request_state");
        findings.check_one_of(&at, &plain(&gitlab.pull_request_state), &states);
    }
    if let Attr::Known(cloud) = &request.bitbucket {
        let at = at.field("bitbucket");
        one_login(&cloud.basic_auth, &cloud.bearer_token, &at, findings);
    }
    if let Attr::Known(server) = &request.bitbucket_server {
        let at = at.field("bitbucket_server");
        one_login(&server.basic_auth, &server.bearer_token, &at, findings);
    }
    for (index, filter) in request.filters.known().into_iter().flatten().enumerate() {
        let at = at.field("filters").index(index);
        for (name, pattern) in [
            ("branch_match", &filter.branch_match),
            ("target_branch_match", &filter.target_branch_match),
            ("title_match", &filter.title_match),
        ] {
            findings.check(&at.field(name), &plain(pattern), regex);
        }
    }
}

fn one_login<A, B>(basic: &Attr<A>, bearer: &Attr<B>, at: &Path, findings: &mut Findings) {
    if basic.known().is_some() && bearer.known().is_some() {
        findings.error(at.clone(), "it has both basic_auth and bearer_token: keep one of them");
    }
}

/// A text, unless it depends on parameters of another generator.
fn plain(attr: &Attr<String>) -> Attr<&str> {
    match text(attr) {
        Attr::Known(text) if has_parameters(text) => Attr::Unknown,
        other => other,
    }
}
