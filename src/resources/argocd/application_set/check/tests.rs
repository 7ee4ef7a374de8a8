//! What is refused and questioned of a set, and where.

use serde_json::{Value as Json, json};

use super::*;
use crate::framework::api::{self, View};
use crate::framework::{Severity, schema};
use crate::resources::argocd::application_set::generator::{
    ClusterGenerator, Further, Leaf, Override,
};

/// A set from JSON as the API has it.
fn set(spec: &Json) -> ApplicationSet {
    let attributes = ApplicationSet::attributes();
    let object = json!({ "metadata": { "name": "shop", "namespace": "argocd" }, "spec": spec });
    let empty = schema::empty(&attributes);
    let values = api::project(&attributes, "/spec", &object, &empty, View::Whole);
    ApplicationSet::from_value(values).unwrap()
}

fn spec() -> Json {
    json!({
        "goTemplate": true,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{ "list": { "elements": [{ "env": "prod", "replicas": 2 }] } }],
        "template": {
            "metadata": { "name": "shop-{{.env}}" },
            "spec": {
                "project": "shop",
                "source": { "repoURL": "https://example.com/{{.env}}", "path": "." },
                "destination": { "name": "{{.env}}", "namespace": "shop-{{.env}}" },
            },
        },
    })
}

fn changed(change: impl FnOnce(&mut Json)) -> ApplicationSet {
    let mut spec = spec();
    change(&mut spec);
    set(&spec)
}

/// What is said, with a mark on warnings.
fn said(set: &ApplicationSet) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    set.check(&mut diagnostics);
    let mark = |severity| if severity == Severity::Warning { "?" } else { "" };
    diagnostics.iter().map(|it| format!("{}{}", it.path, mark(it.severity))).collect()
}

fn refused(change: impl FnOnce(&mut Json)) -> Vec<String> {
    said(&changed(change))
}

/// What is said of these generators, and the texts of it.
fn of_generators(generators: Json) -> (Vec<String>, String) {
    let set = changed(|spec| spec["generators"] = generators);
    let mut diagnostics = Diagnostics::default();
    set.check(&mut diagnostics);
    let texts: Vec<_> = diagnostics.iter().map(|it| it.detail.clone()).collect();
    (said(&set), texts.join("\n"))
}

#[test]
fn a_good_set_passes_everywhere() {
    let set = changed(|_| {});
    assert_eq!(said(&set), [""; 0]);
    for argo_cd in [ArgoCd::EksCapability, ArgoCd::SelfManaged] {
        assert_eq!(set.check_profile(argo_cd), []);
    }
    let unknown = ApplicationSet {
        generators: Attr::Unknown,
        template: Attr::Unknown,
        go_template: Attr::Unknown,
        ..ApplicationSet::default()
    };
    assert_eq!(said(&unknown), [""; 0]);
    assert_eq!(unknown.check_profile(ArgoCd::EksCapability), []);
}

#[test]
fn the_template_is_held_to_the_rules_of_an_application() {
    let template = |change: fn(&mut Json)| refused(|spec| change(&mut spec["template"]));
    assert_eq!(
        template(|it| it["spec"]["destination"]["namespace"] = json!("Shop")),
        ["template.spec.destination.namespace"]
    );
    assert_eq!(template(|it| it["spec"]["source"] = json!(null)), ["template.spec"]);
    assert_eq!(
        template(|it| it["spec"]["destination"]["server"] = json!("{{.server}}")),
        [""; 0],
        "which of the two is empty is known only with the parameters"
    );
    assert_eq!(
        template(|it| it["spec"]["source"]["chart"] = json!("shop")),
        ["template.spec.source.target_revision", "template.spec.source.path?"]
    );
    assert_eq!(
        template(|it| it["metadata"]["labels"] = json!({ "a": "{{.env}}", "b": "not a label" })),
        ["template.metadata.labels[\"b\"]"]
    );
    // What a patch or a generator may fill in is not missed.
    let patched = |spec: &mut Json| {
        spec["templatePatch"] = json!("spec: {}");
        spec["template"]["metadata"] = json!({});
        spec["template"]["spec"]["source"] = json!(null);
        spec["template"]["spec"]["destination"] = json!({});
    };
    assert_eq!(refused(patched), [""; 0]);
}

#[test]
fn names_are_made_of_parameters() {
    let name = |name: &str| refused(|spec| spec["template"]["metadata"]["name"] = json!(name));
    let at = "template.metadata.name";
    assert_eq!(name("shop-{{.env}}"), [""; 0]);
    assert_eq!(name("shop"), [format!("{at}?")]);
    assert_eq!(name("Shop-{{.env}}"), [at]);
    assert_eq!(name("Shop"), [at.to_owned(), format!("{at}?")]);
    assert_eq!(refused(|spec| spec["template"]["metadata"] = json!({ "labels": {} })), [at]);
    let elsewhere = |spec: &mut Json| spec["template"]["metadata"]["namespace"] = json!("apps");
    assert_eq!(refused(elsewhere), ["template.metadata.namespace"]);
}

#[test]
fn parameters_are_of_the_language_that_is_on() {
    assert_eq!(
        refused(|spec| {
            spec["template"]["spec"]["source"]["helm"] =
                json!({ "valuesObject": { "a": ["{{ index .x \"y\" }}", "{{.open"] } });
        }),
        ["template.spec.source.helm.values_object"]
    );
    assert_eq!(refused(|spec| spec["templatePatch"] = json!("{{if .a}}x")), ["template_patch"]);
    assert_eq!(
        refused(
            |spec| spec["generators"][0] = json!({ "clusters": { "values": { "a": "{{x}}" } } })
        ),
        ["generators[0].clusters.values[\"a\"]"]
    );
    let plain = |spec: &mut Json| {
        spec["goTemplate"] = json!(false);
        spec["goTemplateOptions"] = json!([]);
        spec["generators"] = json!([{ "list": { "elements": [{ "env": "prod" }] } }]);
    };
    assert_eq!(
        refused(plain),
        [
            "template.metadata.name",
            "template.spec.destination.name",
            "template.spec.destination.namespace"
        ]
    );
    assert_eq!(
        refused(|spec| {
            plain(spec);
            spec["template"]["metadata"]["name"] = json!("{{env}}");
            spec["template"]["spec"]["destination"] = json!({ "name": "{{env}}" });
            // Helm's own, which is let through.
            spec["template"]["spec"]["source"]["helm"] = json!({ "values": "a: {{ .Values.b }}" });
        }),
        [""; 0]
    );
}

#[test]
fn options_without_their_switch_are_refused() {
    assert_eq!(
        refused(|spec| {
            spec["goTemplate"] = json!(null);
            spec["templatePatch"] = json!("spec: {}");
            spec["generators"] = json!([{ "clusters": {} }]);
            spec["template"]["metadata"]["name"] = json!("{{name}}");
            spec["template"]["spec"]["destination"] = json!({ "name": "{{name}}" });
        }),
        ["go_template_options", "template_patch"]
    );
    assert_eq!(
        refused(|spec| spec["goTemplateOptions"] = json!(["missingkey=error", "missing=error"])),
        ["go_template_options[1]"]
    );
}

#[test]
fn a_generator_is_of_one_kind() {
    let of = |generator: Json| of_generators(json!([generator])).0;
    assert_eq!(of(json!({})), ["generators[0]"]);
    assert_eq!(of(json!({ "clusters": {}, "list": { "elements": [] } })), ["generators[0]"]);
    assert_eq!(of(json!({ "list": {} })), ["generators[0].list"]);
    assert_eq!(of(json!({ "list": { "elements": { "a": 1 } } })), ["generators[0].list.elements"]);
    assert_eq!(of(json!({ "list": { "elements": [1] } })), ["generators[0].list.elements"]);
    let git = |paths: Json| {
        let mut git = json!({ "repoURL": "https://example.com/a", "revision": "HEAD" });
        git.as_object_mut().unwrap().extend(paths.as_object().unwrap().clone());
        of(json!({ "git": git }))
    };
    assert_eq!(git(json!({})), ["generators[0].git"]);
    let both = json!({ "files": [{ "path": "a" }], "directories": [{ "path": "b" }] });
    assert_eq!(git(both), ["generators[0].git"]);
    assert_eq!(git(json!({ "files": [{ "path": "a" }], "directories": [] })), [""; 0]);
    assert_eq!(
        of(json!({ "clusterDecisionResource": { "configMapRef": "x" } })),
        ["generators[0].cluster_decision_resource"]
    );
    assert_eq!(
        of(json!({ "plugin": { "configMapRef": { "name": "x" }, "input": { "parameters": [] } } })),
        ["generators[0].plugin.input.parameters"]
    );
    assert_eq!(
        of(json!({ "clusters": { "selector": { "matchExpressions": [
            { "key": "a", "operator": "Is" },
            { "key": "a", "operator": "In" },
            { "key": "a", "operator": "Exists", "values": ["b"] },
            { "key": "a", "operator": "{{.x}}" },
        ] } } })),
        [0, 1, 2].map(|index| {
            let name = if index == 0 { "operator" } else { "values" };
            format!("generators[0].clusters.selector.match_expressions[{index}].{name}")
        })
    );
    assert_eq!(of_generators(json!([])).0, ["generators"]);
}

#[test]
fn hosts_of_repositories_are_held_to_their_rules() {
    let of = |generator: Json| of_generators(json!([generator])).0;
    let login = json!({
        "basicAuth": { "username": "a", "passwordRef": { "secretName": "b", "key": "c" } },
        "bearerToken": { "tokenRef": { "secretName": "b", "key": "c" } },
    });
    let with = |mut fields: Json| {
        fields.as_object_mut().unwrap().extend(login.as_object().unwrap().clone());
        fields
    };
    let server = with(json!({ "api": "https://a", "project": "b", "repo": "c" }));
    assert_eq!(of(json!({ "scmProvider": {} })), ["generators[0].scm_provider"]);
    assert_eq!(
        of(json!({ "scmProvider": {
            "bitbucketServer": server, "cloneProtocol": "git",
            "filters": [{ "repositoryMatch": "(", "labelMatch": "(", "branchMatch": "(" }],
        } })),
        [
            "generators[0].scm_provider.clone_protocol",
            "generators[0].scm_provider.bitbucket_server",
            "generators[0].scm_provider.filters[0].repository_match",
            "generators[0].scm_provider.filters[0].label_match",
            "generators[0].scm_provider.filters[0].branch_match",
        ]
    );
    assert_eq!(
        of(json!({ "pullRequest": {
            "bitbucketServer": server, "bitbucket": with(json!({ "owner": "a", "repo": "b" })),
            "gitlab": { "project": "1", "pullRequestState": "new" },
            "filters": [{ "branchMatch": "(", "targetBranchMatch": "(", "titleMatch": "(" }],
        } })),
        [
            "generators[0].pull_request",
            "generators[0].pull_request.gitlab.pull_request_state",
            "generators[0].pull_request.bitbucket",
            "generators[0].pull_request.bitbucket_server",
            "generators[0].pull_request.filters[0].branch_match",
            "generators[0].pull_request.filters[0].target_branch_match",
            "generators[0].pull_request.filters[0].title_match",
        ]
    );
}

#[test]
fn without_go_templates_every_parameter_is_text() {
    let elements = |elements: Json| {
        refused(|spec| {
            spec["goTemplate"] = json!(false);
            spec["goTemplateOptions"] = json!(null);
            spec["template"]["metadata"]["name"] = json!("{{env}}");
            spec["template"]["spec"]["destination"] = json!({ "name": "{{env}}" });
            spec["generators"] = json!([{ "list": { "elements": elements } }]);
        })
    };
    assert_eq!(elements(json!([{ "env": "a", "values": { "b": "c" } }])), [""; 0]);
    assert_eq!(elements(json!([{ "env": 1 }])), ["generators[0].list.elements"]);
    assert_eq!(elements(json!([{ "values": { "b": 1 } }])), ["generators[0].list.elements"]);
}

#[test]
fn generators_within_others_are_held_to_the_same_rules() {
    let clusters = json!({ "clusters": {} });
    let matrix =
        |generators: Json| of_generators(json!([{ "matrix": { "generators": generators } }]));
    assert_eq!(matrix(json!([clusters, clusters])).0, [""; 0]);
    assert_eq!(matrix(json!([clusters])).0, ["generators[0].matrix.generators"]);
    assert_eq!(matrix(json!([clusters, {}])).0, ["generators[0].matrix.generators[1]"]);
    assert_eq!(
        matrix(json!([clusters, { "list": { "elementsYaml": "{{ .open" } }])).0,
        ["generators[0].matrix.generators[1].list.elements_yaml"]
    );
    let merge = |merge: Json| of_generators(json!([{ "merge": merge }])).0;
    assert_eq!(
        merge(json!({ "generators": [clusters], "mergeKeys": [] })),
        ["generators[0].merge.generators", "generators[0].merge.merge_keys"]
    );

    let deep = |inner: Json| matrix(json!([clusters, inner]));
    let at = "generators[0].matrix.generators[1]";
    let good = json!({ "generators": [clusters, clusters], "mergeKeys": ["name"] });
    assert_eq!(deep(json!({ "merge": good })).0, [""; 0]);
    assert_eq!(deep(json!({ "merge": good, "list": { "elements": [] } })).0, [at]);
    let (paths, text) = deep(json!({ "merge": {
        "generators": [{ "clusters": {}, "list": { "elements": [] } }], "mergeKeys": [],
    } }));
    assert_eq!(paths, [(); 3].map(|()| format!("{at}.merge")));
    assert!(text.contains("in generators[0]: a generator is of exactly one kind"), "{text}");
    let (paths, text) = deep(json!({ "matrix": { "generators": [{ "matrix": {} }] } }));
    assert_eq!(paths, [format!("{at}.matrix")]);
    assert!(text.contains("there is no field generators[0].matrix"), "{text}");
}

#[test]
fn what_overrides_the_template_fits_it() {
    let of = |template: Json| {
        of_generators(json!([{ "matrix": { "generators": [
            { "clusters": { "template": template } }, { "clusters": {} },
        ] } }]))
    };
    let at = "generators[0].matrix.generators[0].clusters.template";
    let good = json!({ "metadata": {}, "spec": { "project": "", "destination": {} } });
    assert_eq!(of(good).0, [""; 0]);
    let (paths, text) = of(json!({ "metadata": { "nam": "x" }, "spec": { "destination": {} } }));
    assert_eq!(paths, [at, at]);
    assert!(text.contains("there is no field metadata.nam"), "{text}");
    assert!(text.contains("spec.project is missing"), "{text}");
    assert_eq!(of(json!({ "metadata": {} })).0, [at]);
    // So may be what is known only after the apply.
    let mut unknown = changed(|spec| spec["template"]["metadata"] = json!({}));
    let clusters = ClusterGenerator {
        further: Further { own: Override { template: Attr::Unknown }, ..Further::default() },
        ..ClusterGenerator::default()
    };
    let leaf = Leaf { clusters: Attr::Known(clusters), ..Leaf::default() };
    unknown.generators = Attr::Known(vec![Generator { leaf, ..Generator::default() }]);
    assert_eq!(said(&unknown), [""; 0]);
    // The name may come from there, too.
    let named = json!({
        "metadata": { "name": "x-{{.name}}" }, "spec": { "project": "", "destination": {} },
    });
    let set = changed(|spec| {
        spec["generators"] = json!([{ "clusters": { "template": named } }]);
        spec["template"]["metadata"] = json!({});
    });
    assert_eq!(said(&set), [""; 0]);
}

#[test]
fn a_strategy_is_complete() {
    let strategy = |strategy: Json| refused(|spec| spec["strategy"] = strategy);
    let step = json!({ "matchExpressions": [{ "key": "env", "operator": "In", "values": ["a"] }] });
    let good = json!({
        "type": "RollingSync", "deletionOrder": "Reverse", "rollingSync": { "steps": [step] },
    });
    assert_eq!(strategy(good), [""; 0]);
    assert_eq!(strategy(json!({ "type": "Rolling" })), ["strategy.type"]);
    assert_eq!(strategy(json!({ "type": "RollingSync" })), ["strategy"]);
    assert_eq!(
        strategy(json!({ "deletionOrder": "Reverse", "rollingSync": { "steps": [step] } })),
        ["strategy.deletion_order", "strategy.rolling_sync"]
    );
    assert_eq!(strategy(json!({ "deletionOrder": "Any" })), ["strategy.deletion_order"]);
    assert_eq!(
        strategy(json!({ "type": "RollingSync", "rollingSync": { "steps": [] } })),
        ["strategy.rolling_sync.steps"]
    );
    let at = "strategy.rolling_sync.steps[0]";
    assert_eq!(
        strategy(json!({ "type": "RollingSync", "rollingSync": { "steps": [
            { "maxUpdate": "101%", "matchExpressions": [{ "operator": "Exists" }] },
            { "maxUpdate": "25%" },
            { "maxUpdate": 3 },
        ] } })),
        [
            format!("{at}.max_update"),
            format!("{at}.match_expressions[0].operator"),
            format!("{at}.match_expressions[0].key"),
            format!("{at}.match_expressions[0].values"),
        ]
    );
    assert_eq!(
        refused(|spec| spec["ignoreApplicationDifferences"] = json!([{ "name": "x" }])),
        ["ignore_application_differences[0]"]
    );
}

#[test]
fn a_profile_is_held_by_what_is_generated() {
    let profile = |argo_cd, change: fn(&mut Json)| {
        let found = changed(change).check_profile(argo_cd);
        let mark = |it: Finding| {
            format!("{}{}", it.path, if it.severity == Severity::Warning { "?" } else { "" })
        };
        found.into_iter().map(mark).collect::<Vec<_>>()
    };
    let odd = |spec: &mut Json| {
        spec["template"]["spec"]["source"]["plugin"] = json!({ "name": "x" });
        spec["template"]["spec"]["destination"] =
            json!({ "server": "https://kubernetes.default.svc" });
        spec["template"]["metadata"]["annotations"] =
            json!({ "notifications.argoproj.io/subscribe.x.y": "z" });
        spec["strategy"] = json!({ "type": "RollingSync", "rollingSync": { "steps": [{}] } });
        let list =
            json!({ "list": { "elements": [{ "server": "https://kubernetes.default.svc" }] } });
        spec["generators"] =
            json!([list, { "matrix": { "generators": [{ "clusters": {} }, list] } }]);
    };
    assert_eq!(
        profile(ArgoCd::EksCapability, odd),
        [
            "template.spec.destination.server",
            "template.spec.source.plugin",
            "template.metadata.annotations[\"notifications.argoproj.io/subscribe.x.y\"]?",
            "generators[0].list.elements?",
            "generators[1].matrix.generators[1].list.elements?",
            "strategy.rolling_sync?",
        ]
    );
    assert_eq!(profile(ArgoCd::SelfManaged, odd), [""; 0]);
    let arn = |spec: &mut Json| {
        let arn = "arn:aws:eks:eu-west-1:111122223333:cluster/main";
        spec["generators"] = json!([{ "list": { "elements": [{ "server": arn }] } }]);
    };
    assert_eq!(profile(ArgoCd::SelfManaged, arn), ["generators[0].list.elements?"]);
    assert_eq!(profile(ArgoCd::EksCapability, arn), [""; 0]);
}
