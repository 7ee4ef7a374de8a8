//! Objects selected by their labels, as Kubernetes has it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::framework::checks::Findings;
use crate::framework::{Attr, Model, Path};

/// What is selected, by labels; all of both have to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct LabelSelector {
    /// Labels and their values.
    pub match_labels: Attr<BTreeMap<String, String>>,
    /// Rules for labels.
    pub match_expressions: Attr<Vec<LabelExpression>>,
}

/// A rule for a label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct LabelExpression {
    /// The label.
    #[attr(required)]
    pub key: Attr<String>,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[attr(required)]
    pub operator: Attr<String>,
    /// The values, for the first two.
    pub values: Attr<Vec<String>>,
}

/// Checks the operators, and that each has what it needs. `known` says what of a
/// text is known.
pub fn check(
    expressions: &Attr<Vec<LabelExpression>>,
    known: fn(&Attr<String>) -> Attr<&str>,
    at: &Path,
    findings: &mut Findings,
) {
    for (index, expression) in expressions.known().into_iter().flatten().enumerate() {
        let at = at.field("match_expressions").index(index);
        let operator = known(&expression.operator);
        let operators = ["In", "NotIn", "Exists", "DoesNotExist"];
        findings.check_one_of(&at.field("operator"), &operator, &operators);
        let none =
            expression.values.is_null() || expression.values.known().is_some_and(Vec::is_empty);
        match operator {
            Attr::Known("In" | "NotIn") if none => {
                findings.error(at.field("values"), "In and NotIn need the values");
            }
            Attr::Known("Exists" | "DoesNotExist") if !none => {
                findings.error(at.field("values"), "Exists and DoesNotExist have no values");
            }
            _ => {}
        }
    }
}

/// Whether an object with these labels is selected. Without a rule every object
/// is.
pub fn selects(
    match_labels: &Attr<BTreeMap<String, String>>,
    match_expressions: &Attr<Vec<LabelExpression>>,
    labels: &Json,
) -> bool {
    let mut exact = match_labels.known().into_iter().flatten();
    let mut expressions = match_expressions.known().into_iter().flatten();
    exact.all(|(key, value)| labels[key] == value.as_str())
        && expressions.all(|expression| {
            let label = expression.key.as_str().and_then(|key| labels[key].as_str());
            let values = expression.values.known().map(Vec::as_slice).unwrap_or_default();
            let is_in = label.is_some_and(|label| values.iter().any(|value| value == label));
            match expression.operator.as_str() {
                Some("In") => is_in,
                Some("NotIn") => !is_in,
                Some("Exists") => label.is_some(),
                Some("DoesNotExist") => label.is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::findings::text;

    #[test]
    fn labels_are_selected_as_kubernetes_does() {
        let labels = json!({"team": "web", "tier": "test"});
        let by = |operator: &str, key: &str, values: &[&str]| {
            let expression = LabelExpression {
                key: key.to_owned().into(),
                operator: operator.to_owned().into(),
                values: values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>().into(),
            };
            selects(&Attr::Null, &vec![expression].into(), &labels)
        };
        assert!(by("In", "team", &["web", "api"]) && !by("In", "team", &["api"]));
        assert!(!by("In", "other", &["web"]) && by("NotIn", "other", &["web"]));
        assert!(by("NotIn", "team", &["api"]) && !by("NotIn", "team", &["web"]));
        assert!(by("Exists", "team", &[]) && !by("Exists", "other", &[]));
        assert!(by("DoesNotExist", "other", &[]) && !by("DoesNotExist", "team", &[]));
        let exact = |value: &str| {
            let labels_wanted = BTreeMap::from([("team".to_owned(), value.to_owned())]);
            selects(&labels_wanted.into(), &Attr::Null, &labels)
        };
        assert!(exact("web") && !exact("api"));
        assert!(selects(&Attr::Null, &Attr::Null, &Json::Null));
    }

    #[test]
    fn an_operator_has_what_it_needs() {
        let found = |operator: &str, values: Attr<Vec<String>>| {
            let expression = LabelExpression {
                key: "a".to_owned().into(),
                operator: operator.to_owned().into(),
                values,
            };
            let mut findings = Findings::default();
            let expressions = vec![expression].into();
            check(&expressions, text, &Path::attribute("x"), &mut findings);
            let paths = findings.into_iter().map(|found| found.path.to_string());
            paths.collect::<Vec<_>>().join(" ")
        };
        let values = || Attr::Known(vec!["v".to_owned()]);
        assert_eq!(found("In", values()), "");
        assert_eq!(found("Exists", Attr::Null), "");
        assert_eq!(found("In", Attr::Unknown), "");
        assert_eq!(found("In", Attr::Null), "x.match_expressions[0].values");
        assert_eq!(found("Exists", values()), "x.match_expressions[0].values");
        assert_eq!(found("Bad", values()), "x.match_expressions[0].operator");
    }
}
