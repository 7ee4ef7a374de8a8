//! `gitops_kargo_promotion_task`: steps that the stages of a project share.

use super::Variable;
use super::steps::Steps;
use crate::clients::kube::ObjectKind;
use crate::framework::{Attr, Diagnostics, Model};
use crate::resources::object::{Kind, ObjectMeta};

/// A Kargo promotion task: steps with a name, which the promotion templates of
/// the project's stages insert by `task = { name = ... }`.
#[derive(Clone, Debug, Default, Model)]
pub struct PromotionTask {
    /// What is common to all objects. The namespace is the project.
    #[attr(flatten)]
    pub metadata: ObjectMeta,
    /// What the task does.
    #[attr(flatten)]
    pub spec: TaskSpec,
}

/// What a promotion task does, of a project or of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct TaskSpec {
    /// Variables for the expressions of the steps. One without a value has to be given by every
    /// step that inserts the task, in its `vars`.
    pub vars: Attr<Vec<Variable>>,
    /// The steps, one after the other: a list of objects, each with `uses`, the name of a step that
    /// Kargo knows.
    ///
    /// Beside `uses`, a step has `config` (its settings, spelled as in Kargo's documentation), `as`
    /// (a name for its outputs, which later steps read as `$${{ task.outputs.NAME... }}`), `if` (an
    /// expression that is true when it is to run), `continue_on_error`, `retry` (`{ timeout,
    /// error_threshold }`) and `vars` (a list of `{ name, value }`). Expressions are written as
    /// `$${{ ... }}`.
    #[attr(required)]
    pub steps: Attr<Steps>,
}

impl Kind for PromotionTask {
    type Model = Self;

    const NAME: &'static str = "kargo_promotion_task";
    const OBJECT: ObjectKind =
        ObjectKind::new("kargo.akuity.io/v1alpha1", "PromotionTask", "promotiontasks");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.spec.check(diagnostics);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::framework::json::to_dynamic;
    use crate::framework::{Attribute, Value, api, schema};
    use crate::resources::kargo::cluster_promotion_task::ClusterPromotionTask;

    fn spec() -> TaskSpec {
        let steps = json!([
            {"uses": "git-clear", "as": "clear", "retry": {"timeout": "90m"},
             "config": {"path": "./${{ vars.env }}"}},
            {"uses": "compose-output", "config": {"a": "${{ task.outputs.clear.x }}"}},
        ]);
        TaskSpec {
            vars: vec![Variable { name: "env".to_owned().into(), value: Attr::Null }].into(),
            steps: Steps(to_dynamic(&steps)).into(),
        }
    }

    #[test]
    fn a_task_of_the_project_and_one_of_the_cluster_are_sent_alike() {
        let of_project = PromotionTask { spec: spec(), ..PromotionTask::default() };
        let of_cluster = ClusterPromotionTask { spec: spec(), ..ClusterPromotionTask::default() };
        let sent = |attributes: &[Attribute], values: &Value| {
            api::render(attributes, "/spec", values).unwrap()
        };
        let (of_project, of_cluster) = (of_project.into_value(), of_cluster.into_value());
        let object = sent(&PromotionTask::attributes(), &of_project);
        assert_eq!(object, sent(&ClusterPromotionTask::attributes(), &of_cluster));
        assert_eq!(
            object["spec"],
            json!({
                "vars": [{"name": "env"}],
                "steps": [
                    {"uses": "git-clear", "as": "clear", "retry": {"timeout": "1h30m0s"},
                     "config": {"path": "./${{ vars.env }}"}},
                    {"uses": "compose-output", "config": {"a": "${{ task.outputs.clear.x }}"}},
                ],
            })
        );
        let attributes = PromotionTask::attributes();
        let seen = api::project(&attributes, "/spec", &object, &of_project, api::View::Owned);
        assert_eq!(seen, of_project, "durations are compared by length");
        let nothing = schema::empty(&attributes);
        let imported = api::project(&attributes, "/spec", &object, &nothing, api::View::Whole);
        assert_eq!(sent(&attributes, &imported), object);
    }

    #[test]
    fn a_task_inserts_no_task_and_reads_what_was_before() {
        let found = |steps: serde_json::Value| {
            let mut diagnostics = Diagnostics::default();
            let steps = Steps(to_dynamic(&steps)).into();
            TaskSpec { steps, ..TaskSpec::default() }.check(&mut diagnostics);
            diagnostics.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found(json!([{"task": {"name": "other"}}])), ["steps[0].task"]);
        assert_eq!(found(json!([{"as": "x"}])), ["steps[0]"]);
        assert_eq!(found(json!([])), ["steps"]);
        let read = |text: &str| {
            found(json!([
                {"uses": "git-clear", "config": {"path": "./a"}},
                {"uses": "fail", "as": "b", "config": {"message": text}},
                {"uses": "fail", "as": "c"},
            ]))
        };
        assert_eq!(read("${{ task.outputs['step-1'].x + outputs.elsewhere.y }}"), [""; 0]);
        for wrong in ["task.outputs.c.x", "task.outputs.b.x", "task.outputs['step-2'].x"] {
            assert_eq!(
                read(&format!("${{{{ {wrong} }}}}")),
                ["steps[1].config.message"],
                "{wrong}"
            );
        }
    }
}
