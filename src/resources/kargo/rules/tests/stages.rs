//! Rules of Stages and their steps.

use serde_json::{Value as Json, json};

use super::*;
use crate::framework::{Value, json as documents};

fn request(origin: &str) -> FreightRequest<'_> {
    FreightRequest { origin_name: origin.into(), direct: true.into(), ..FreightRequest::default() }
}

fn downstream<'a>(origin: &'a str, stages: &[&'a str]) -> FreightRequest<'a> {
    FreightRequest {
        origin_name: origin.into(),
        stages: stages.to_vec().into(),
        ..FreightRequest::default()
    }
}

/// The findings for a stage named `prod` with these requests.
fn requesting(requests: Vec<FreightRequest<'_>>) -> Vec<String> {
    lines(stage(&Stage {
        name: "prod".into(),
        requested_freight: requests.into(),
        ..Stage::default()
    }))
}

/// The findings for these steps, with their common path left out.
fn promoting(steps: &Value) -> Vec<String> {
    let template = PromotionTemplate { steps: Some(steps), ..PromotionTemplate::default() };
    let found = lines(stage(&Stage { promotion_template: template.into(), ..Stage::default() }));
    found.into_iter().map(|line| line.replace("promotion_template.spec.", "")).collect()
}

fn dynamic(json: &Json) -> Value {
    Value::Dynamic(Box::new(documents::to_dynamic(json)))
}

/// The findings for steps written as JSON.
fn steps_of(json: &Json) -> Vec<String> {
    promoting(&dynamic(json))
}

#[test]
fn a_stage_with_everything_right_has_no_findings() {
    let steps = dynamic(&json!([
        {"uses": "git-clone", "as": "clone", "config": {
            "repoURL": "${{ vars.repo }}",
            "checkout": [{"branch": "main", "path": "./src"}, {"commit": "${{ commitFrom(vars.repo).ID }}", "path": "./b"}],
        }},
        {"task": {"name": "bump", "kind": "ClusterPromotionTask"}, "as": "step-x",
         "vars": [{"name": "env", "value": "${{ ctx.stage }}-${% quote('%') %}"}]},
        {"uses": "yaml-update", "if": "${{ success() && status('clone') == 'Succeeded' }}",
         "continueOnError": true, "retry": {"errorThreshold": 3, "timeout": "500ms"},
         "config": {"path": "./src/a.yaml", "updates": [{"key": "a", "value": 1}]}},
        {"uses": "tf-apply", "as": ""},
        {"uses": "fail", "as": null, "config": null},
    ]));
    let everything = Stage {
        name: "prod".into(),
        vars: vec![Variable { name: "repo".into(), value: "https://a.b/c".into() }].into(),
        requested_freight: vec![
            FreightRequest {
                origin_kind: "Warehouse".into(),
                availability_strategy: "All".into(),
                required_soak_time: "1h30m".into(),
                selection_policy: "NewestFreight".into(),
                direct: true.into(),
                ..downstream("app", &["uat", "test"])
            },
            FreightRequest {
                selection_policy: "MatchUpstream".into(),
                availability_strategy: "".into(),
                ..downstream("config", &["uat"])
            },
            request("charts"),
        ]
        .into(),
        promotion_template: PromotionTemplate {
            vars: vec![Variable { name: "_x1".into(), value: Attr::Null }].into(),
            steps: Some(&steps),
        }
        .into(),
        verification: Verification {
            analysis_templates: vec![AnalysisTemplate {
                name: "smoke".into(),
                kind: "ClusterAnalysisTemplate".into(),
            }]
            .into(),
            args: vec![AnalysisArgument { name: "a".into(), value: "${{ ctx.stage }}".into() }]
                .into(),
        }
        .into(),
    };
    assert_eq!(lines(stage(&everything)), [""; 0]);
    assert_eq!(stage(&Stage::default()), []);
}

#[test]
fn unknown_values_break_no_rule() {
    let unknown = Value::Unknown;
    let field = |name: &str, value: &Value| (name.to_owned(), value.clone());
    let steps: Value = [
        unknown.clone(),
        Value::from_iter([field("uses", &unknown), field("task", &unknown)]),
        Value::from_iter([field("uses", &"http".into()), field("task", &unknown)]),
        Value::from_iter([
            field("task", &Value::from_iter([field("name", &unknown)])),
            field("as", &unknown),
            field("if", &unknown),
            field("config", &unknown),
            field("retry", &unknown),
            field("vars", &unknown),
        ]),
    ]
    .into_iter()
    .collect();
    assert_eq!(promoting(&steps), [""; 0]);
    assert_eq!(promoting(&unknown), [""; 0]);
    let requests = vec![
        FreightRequest { direct: Attr::Unknown, ..downstream("a", &[]) },
        FreightRequest {
            origin_name: "b".into(),
            stages: Attr::Unknown,
            selection_policy: "MatchUpstream".into(),
            required_soak_time: "1h".into(),
            ..FreightRequest::default()
        },
        FreightRequest { origin_name: Attr::Unknown, ..request("") },
        FreightRequest { origin_name: Attr::Unknown, ..request("") },
    ];
    assert_eq!(requesting(requests), [""; 0]);
}

#[test]
fn an_origin_is_requested_once() {
    assert_eq!(
        requesting(vec![request("app"), request("other"), downstream("app", &["uat"])]),
        ["requested_freight[2].origin.name: the freight of warehouse \"app\" is requested by \
          requested_freight[0] already"]
    );
}

#[test]
fn a_stage_requests_something_from_a_warehouse() {
    assert_eq!(
        requesting(vec![]),
        ["requested_freight: a stage requests the freight of at least one warehouse"]
    );
    let other = FreightRequest { origin_kind: "Stage".into(), ..request("Not A Name") };
    let found = requesting(vec![other]);
    assert_eq!(found[0], "requested_freight[0].origin.kind: \"Stage\" is not one of: Warehouse");
    assert!(found[1].starts_with("requested_freight[0].origin.name: \"Not A Name\" is not a DNS"));
}

#[test]
fn freight_has_a_way_to_the_stage() {
    let rule = "requested_freight[0].sources: it has neither direct = true nor stages, so that no \
                freight ever reaches the stage";
    let nowhere = || FreightRequest { origin_name: "a".into(), ..FreightRequest::default() };
    assert_eq!(requesting(vec![nowhere()]), [rule]);
    let refused = FreightRequest { direct: false.into(), stages: vec![].into(), ..nowhere() };
    assert_eq!(requesting(vec![refused]), [rule]);
}

#[test]
fn upstream_stages_are_others() {
    assert_eq!(
        requesting(vec![downstream("a", &["uat", "prod", "uat", "Q A"])])
            .iter()
            .map(|line| line.split(": \"Q A\"").next().unwrap())
            .collect::<Vec<_>>(),
        [
            "requested_freight[0].sources.stages[1]: \"prod\" is the stage itself",
            "warning requested_freight[0].sources.stages[2]: \"uat\" is in the list already",
            "requested_freight[0].sources.stages[3]",
        ]
    );
}

#[test]
fn matching_upstream_needs_exactly_one_upstream_stage() {
    let matching = |request| FreightRequest { selection_policy: "MatchUpstream".into(), ..request };
    let at = "requested_freight[0].sources.auto_promotion_options.selection_policy";
    let rule = "\"MatchUpstream\" needs exactly one upstream stage to match, and stages has";
    assert_eq!(
        requesting(vec![matching(request("a"))]),
        [
            format!(
                "{at}: \"MatchUpstream\" does not go with direct = true: there is no upstream stage \
                 to match"
            ),
            format!("{at}: {rule} 0"),
        ]
    );
    assert_eq!(
        requesting(vec![matching(downstream("a", &["dev", "uat"]))]),
        [format!("{at}: {rule} 2")]
    );
}

#[test]
fn sources_have_their_words_and_durations() {
    let wrong = FreightRequest {
        availability_strategy: "Any".into(),
        required_soak_time: "1d".into(),
        selection_policy: "Latest".into(),
        ..downstream("a", &["uat"])
    };
    let found = requesting(vec![wrong]);
    let at = "requested_freight[0].sources";
    assert_eq!(
        found[0],
        format!("{at}.availability_strategy: \"Any\" is not one of: All, OneOf, ")
    );
    assert!(found[1].starts_with(&format!("{at}.required_soak_time: \"1d\" is not a duration")));
    assert_eq!(
        found[2],
        format!(
            "{at}.auto_promotion_options.selection_policy: \"Latest\" is not one of: NewestFreight, \
             MatchUpstream"
        )
    );
    let soaking = FreightRequest { required_soak_time: "1h".into(), ..request("a") };
    assert_eq!(
        requesting(vec![soaking]),
        [format!(
            "warning {at}.required_soak_time: it has no effect without stages, for freight soaks in \
             upstream stages"
        )]
    );
}

#[test]
fn a_long_name_is_taken_but_no_promotion_can_carry_it() {
    let name = "s".repeat(64);
    let found = lines(stage(&Stage { name: name.as_str().into(), ..Stage::default() }));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("warning name: "), "{found:?}");
    let name = &name[1..];
    assert_eq!(stage(&Stage { name: name.into(), ..Stage::default() }), []);
}

#[test]
fn variables_have_names_of_their_own() {
    let var = |name, value| Variable { name: Attr::Known(name), value: Attr::Known(value) };
    let vars = vec![var("a", "x"), var("1a", "x"), var("a-b", ""), var("", "x"), var("a", "y")];
    let found = lines(stage(&Stage { vars: vars.into(), ..Stage::default() }));
    for (index, (line, name)) in found.iter().zip(["1a", "a-b", ""]).enumerate() {
        let start = format!("vars[{}].name: {name:?} is not the name of a variable", index + 1);
        assert!(line.starts_with(&start), "{line}");
    }
    assert_eq!(found[3], "warning vars[4].name: \"a\" hides the variable at vars[0]");
    assert_eq!(found.len(), 4);
}

#[test]
fn verification_names_templates_and_arguments() {
    let verification = Verification {
        analysis_templates: vec![AnalysisTemplate { name: "A B".into(), kind: "Foo".into() }]
            .into(),
        args: vec![
            AnalysisArgument { name: "a".into(), value: "${{ ctx.".into() },
            AnalysisArgument { name: "a".into(), value: "x".into() },
        ]
        .into(),
    };
    let found = lines(stage(&Stage { verification: verification.into(), ..Stage::default() }));
    let at = "verification.analysis_templates[0]";
    assert!(found[0].starts_with(&format!("{at}.name: \"A B\" is not a DNS-1123 subdomain")));
    assert_eq!(
        found[1],
        format!("{at}.kind: \"Foo\" is not one of: AnalysisTemplate, ClusterAnalysisTemplate")
    );
    assert_eq!(
        found[2..],
        [
            "verification.args[0].value: \"${{\" in \"${{ ctx.\" has no \"}}\" after it",
            "warning verification.args[1].name: \"a\" hides the one at verification.args[0]",
        ]
    );
}

#[test]
fn steps_are_a_list_of_objects() {
    assert_eq!(
        steps_of(&json!({"uses": "fail"})),
        ["steps: it must be a list, each element an object, such as { uses = \"git-clone\" }"]
    );
    assert_eq!(
        steps_of(&json!(["git-clone"])),
        ["steps[0]: it must be an object, such as { uses = \"git-clone\" }"]
    );
    assert_eq!(
        steps_of(&json!([])),
        ["steps: it must have at least one step; leave it out for a stage that promotes nothing"]
    );
    assert_eq!(steps_of(&Json::Null), [""; 0]);
}

#[test]
fn a_step_has_the_fields_of_the_api() {
    assert_eq!(
        steps_of(&json!([{"uses": "fail", "with": {}, "continue_on_error": true}])),
        [
            "steps[0].continue_on_error: \"continue_on_error\" is not a field: it is spelled \
             \"continueOnError\"",
            "steps[0].with: \"with\" is not a field: the fields here are as, config, \
             continueOnError, if, retry, task, uses, vars",
        ]
    );
    for (step, finding) in [
        (json!({"uses": 1}), "steps[0].uses: it must be a text; put it in quotes"),
        (json!({"uses": "fail", "as": 1}), "steps[0].as: it must be a text; put it in quotes"),
        (json!({"uses": "fail", "if": true}), "steps[0].if: it must be a text; put it in quotes"),
        (
            json!({"uses": "fail", "continueOnError": "true"}),
            "steps[0].continueOnError: it must be true or false",
        ),
        (json!({"uses": "fail", "config": "x"}), "steps[0].config: it must be an object"),
        (json!({"uses": "fail", "config": [1]}), "steps[0].config: it must be an object"),
        (json!({"uses": "fail", "retry": 3}), "steps[0].retry: it must be an object"),
        (
            json!({"uses": "fail", "retry": {"timeout": "5x"}}),
            "steps[0].retry.timeout: \"5x\" is not a duration",
        ),
        (
            json!({"uses": "fail", "retry": {"errorThreshold": "3"}}),
            "steps[0].retry.errorThreshold: it must be a whole number, 0 or above",
        ),
        (
            json!({"uses": "fail", "retry": {"errorThreshold": -1}}),
            "steps[0].retry.errorThreshold: it must be a whole number, 0 or above",
        ),
        (
            json!({"uses": "fail", "retry": {"errorThreshold": 1.5}}),
            "steps[0].retry.errorThreshold: it must be a whole number, 0 or above",
        ),
        (
            json!({"uses": "fail", "retry": {"attempts": 3}}),
            "steps[0].retry.attempts: \"attempts\" is not a field: the fields here are \
             errorThreshold, timeout",
        ),
        (
            json!({"uses": "fail", "vars": {"a": "b"}}),
            "steps[0].vars: it must be a list, each element an object with name and value",
        ),
        (
            json!({"uses": "fail", "vars": [{"name": "a", "value": 1}]}),
            "steps[0].vars[0].value: it must be a text; put it in quotes",
        ),
        (
            json!({"uses": "fail", "vars": [{"value": "b"}]}),
            "steps[0].vars[0].name: a variable needs a name",
        ),
        (
            json!({"uses": "fail", "vars": [{"name": "a b", "value": "c"}]}),
            "steps[0].vars[0].name: \"a b\" is not the name of a variable",
        ),
    ] {
        let found = steps_of(&json!([step]));
        assert_eq!(found.len(), 1, "{step}: {found:#?}");
        assert!(found[0].starts_with(finding), "{step}: {found:#?}");
    }
}

#[test]
fn a_step_uses_something_or_calls_a_task() {
    let rule = "steps[0]: a step has exactly one of uses and task";
    assert_eq!(steps_of(&json!([{"as": "x"}])), [rule]);
    assert_eq!(steps_of(&json!([{"uses": "fail", "task": {"name": "a"}}])), [rule]);
    assert_eq!(steps_of(&json!([{"uses": ""}])), ["steps[0].uses: it must not be empty"]);
    assert_eq!(
        steps_of(&json!([{"task": "bump"}])),
        ["steps[0].task: it must be an object, such as { name = \"bump\" }"]
    );
    assert_eq!(
        steps_of(&json!([{"task": {}}])),
        ["steps[0].task.name: the task to run must be named"]
    );
    let found = steps_of(&json!([{"task": {"name": "Bump", "kind": "Task", "namespace": "x"}}]));
    assert_eq!(
        found.iter().map(|line| line.split(':').next().unwrap()).collect::<Vec<_>>(),
        ["steps[0].task.namespace", "steps[0].task.name", "steps[0].task.kind"]
    );
}

#[test]
fn a_step_that_calls_a_task_has_nothing_of_its_own() {
    let step = json!({"task": {"name": "bump"}, "if": "${{ always() }}", "config": {"a": 1},
                      "retry": {"errorThreshold": 2}, "continueOnError": false});
    let rule = "it belongs to the steps within the task and not to the step that calls it";
    assert_eq!(
        steps_of(&json!([step])),
        ["if", "config", "retry", "continueOnError"].map(|name| format!("steps[0].{name}: {rule}"))
    );
    assert_eq!(steps_of(&json!([{"task": {"name": "bump"}, "if": "", "config": null}])), [""; 0]);
}

#[test]
fn an_unknown_step_is_only_warned_of() {
    assert_eq!(
        steps_of(&json!([{"uses": "fail"}, {"uses": "git-clon"}, {"uses": "snow-create"}])),
        [
            "warning steps[1].uses: \"git-clon\" is not a step that is known here; is it a custom one?"
        ]
    );
}

#[test]
fn steps_have_names_of_their_own() {
    assert_eq!(
        steps_of(&json!([
            {"uses": "fail", "as": "x"},
            {"uses": "fail", "as": " x "},
            {"uses": "fail", "as": "step-1"},
            {"uses": "fail", "as": "task-10"},
            {"uses": "fail", "as": "step-x"},
            {"uses": "fail", "as": "step-"},
            {"uses": "fail", "as": "a::b"},
            {"uses": "fail", "as": ""},
            {"uses": "fail", "as": ""},
        ])),
        [
            "steps[1].as: \"x\" is the name of steps[0] already",
            "steps[2].as: \"step-1\" is kept for steps without a name of their own",
            "steps[3].as: \"task-10\" is kept for steps without a name of their own",
        ]
    );
}

#[test]
fn expressions_are_found_wherever_kargo_evaluates_them() {
    let broken = "${{ vars.";
    let rule = |at: &str| format!("{at}: \"${{{{\" in \"${{{{ vars.\" has no \"}}}}\" after it");
    assert_eq!(
        steps_of(&json!([{
            "uses": "compose-output",
            "as": broken,
            "if": broken,
            "config": {"a": [{"b": broken}], broken: "keys are left alone"},
            "vars": [{"name": "x", "value": broken}],
        }])),
        ["steps[0].if", "steps[0].config.a[0].b", "steps[0].vars[0].value"].map(rule)
    );
}
