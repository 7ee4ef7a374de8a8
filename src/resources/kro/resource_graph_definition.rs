//! `gitops_kro_resource_graph_definition`: a kind of one's own, made of others.

mod lifecycle;

use std::collections::BTreeMap;

use crate::framework::schema::{Form, Same};
use crate::framework::{Attr, Dynamic, JsonText, Model, Result, Value, json, newtype};
use crate::resources::object::ClusterMeta;

/// A kro `ResourceGraphDefinition`: a kind of one's own, whose objects kro turns into the objects of
/// a graph.
///
/// An apply ends when kro serves the new kind, so that objects of it can be made in the same run,
/// with `gitops_manifest` for example; a graph that kro does not accept fails with kro's reason. A
/// destroy takes the kind away, too, and does not while there are objects of it.
///
/// kro's expressions are written as `$${...}` in a Terraform string.
#[derive(Clone, Debug, Default, Model)]
pub struct ResourceGraphDefinition {
    /// What is common to all objects.
    #[attr(flatten)]
    pub metadata: ClusterMeta,
    /// The new kind.
    #[attr(required)]
    pub schema: Attr<GraphSchema>,
    /// What an object of the new kind is made of.
    pub resources: Attr<Vec<GraphResource>>,
    /// Wait at the end of a create or an update until kro has accepted the graph and serves the new
    /// kind; on when not set.
    #[attr(local)]
    pub wait: Attr<bool>,
    /// Delete all objects of the new kind before a destroy, and wait until kro has taken down what
    /// they are made of; off when not set: a destroy fails then, and names them.
    #[attr(local)]
    pub delete_instances: Attr<bool>,
    /// Leave the `CustomResourceDefinition` that kro has made in place at a destroy, as kro itself
    /// does; off when not set.
    #[attr(local)]
    pub keep_crd: Attr<bool>,
}

/// The kind that kro makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GraphSchema {
    /// Version of the new kind, without its group, as in `v1alpha1`.
    #[attr(required, replace, check = version)]
    pub api_version: Attr<String>,
    /// Name of the new kind, as in `WebApplication`.
    #[attr(required, replace, check = kind_name)]
    pub kind: Attr<String>,
    /// API group of the new kind; `kro.run` when not set.
    #[attr(default = "kro.run", replace, check = crate::framework::checks::dns_subdomain)]
    pub group: Attr<String>,
    /// Whether objects of the new kind are in namespaces (`Namespaced`) or of the whole cluster
    /// (`Cluster`); `Namespaced` when not set.
    #[attr(default = "Namespaced", replace, one_of = ["Namespaced", "Cluster"])]
    pub scope: Attr<String>,
    /// Fields of `spec` of the new kind, by name: in `SimpleSchema`, as in
    /// `{ replicas = "integer | default=1 minimum=1" }`.
    pub spec: Attr<Open>,
    /// Fields of `status` of the new kind, by name: texts with kro's expressions, as in
    /// `{ host = "$${service.status.loadBalancer.ingress[0].hostname}" }`.
    pub status: Attr<Open>,
    /// Types that `spec` names, by name: fields in `SimpleSchema`.
    pub types: Attr<Open>,
    /// Labels and annotations of the `CustomResourceDefinition` that kro makes.
    pub metadata: Attr<DefinitionMetadata>,
    /// Short names of the new kind for `kubectl`.
    #[attr(check = short_name, length(0, 32))]
    pub short_names: Attr<Vec<String>>,
    /// Groups of kinds that `kubectl get` lists the new kind with.
    #[attr(check = short_name, length(0, 32))]
    pub categories: Attr<Vec<String>>,
    /// Columns that `kubectl get` prints; with any, the default ones are left out.
    pub additional_printer_columns: Attr<Vec<PrinterColumn>>,
}

/// Labels and annotations of a `CustomResourceDefinition`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DefinitionMetadata {
    /// Its labels.
    #[attr(check = crate::framework::checks::label_value)]
    pub labels: Attr<BTreeMap<String, String>>,
    /// Its annotations.
    pub annotations: Attr<BTreeMap<String, String>>,
}

/// A column that `kubectl get` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PrinterColumn {
    /// Its heading.
    #[attr(required)]
    pub name: Attr<String>,
    /// Where the value is, as in `.status.host`.
    #[attr(required)]
    pub json_path: Attr<String>,
    /// Type of the value: `string`, `integer`, `number`, `boolean` or `date`.
    #[attr(required)]
    pub r#type: Attr<String>,
    /// What it is.
    pub description: Attr<String>,
    /// `OpenAPI` format of the value, as in `date-time`.
    pub format: Attr<String>,
    /// Its rank: 0 is always printed, what is higher only with `-o wide`.
    pub priority: Attr<i64>,
}

/// An object of the graph: one that is made of a `template`, or one that is there (`external_ref`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GraphResource {
    /// Its name in expressions: lower camel case.
    #[attr(required)]
    pub id: Attr<String>,
    /// The object to make, with kro's expressions in it: JSON, as in
    /// `jsonencode({ apiVersion = "v1", kind = "ConfigMap", metadata = { name = "$${schema.metadata.name}" } })`.
    pub template: Attr<JsonText>,
    /// An object, or several, that are there and are only read.
    pub external_ref: Attr<ExternalRef>,
    /// Expressions, as in `["$${schema.spec.ingress.enabled}"]`, which all have to be true for the
    /// object to be made.
    pub include_when: Attr<Vec<String>>,
    /// Expressions about the object itself, as in `["$${database.status.phase == 'Running'}"]`,
    /// which all have to be true for it to count as ready.
    pub ready_when: Attr<Vec<String>>,
    /// Makes one object for each element of a list: the name of a variable, and an expression for
    /// the list, as in `[{ region = "$${schema.spec.regions}" }]`. Several of them make every
    /// combination.
    pub for_each: Attr<Vec<BTreeMap<String, String>>>,
}

/// What is there already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ExternalRef {
    /// API version of the object, as in `apps/v1`.
    #[attr(required)]
    pub api_version: Attr<String>,
    /// Kind of the object.
    #[attr(required)]
    pub kind: Attr<String>,
    /// Which object it is, or which ones.
    #[attr(required, keep_empty)]
    pub metadata: Attr<ExternalRefMetadata>,
}

/// Which object, by exactly one of `name` and `selector`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ExternalRefMetadata {
    /// Name of the object.
    #[attr(check = not_empty)]
    pub name: Attr<String>,
    /// Namespace of the object; of several, those of all namespaces when not set, and of one the
    /// namespace of the instance.
    pub namespace: Attr<String>,
    /// Labels of the objects: JSON of a label selector, as in
    /// `jsonencode({ matchLabels = { team = "a" } })`, or of an expression that gives one.
    pub selector: Attr<JsonText>,
}

/// An object of any content, in plain HCL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open(pub Dynamic);

newtype!(Open(Dynamic), |attribute| {
    attribute.api.form = Form::Custom { write, read };
    attribute.same = Same::Whole(same);
});

/// Without what is null, which stands for nothing at all.
fn write(value: &Value) -> Result<serde_json::Value> {
    json::from_value(value).map(json::without_nulls)
}

#[expect(clippy::unnecessary_wraps, reason = "what a form is read with may fail")]
fn read(json: &serde_json::Value) -> Result<Value> {
    Ok(Value::Dynamic(Box::new(json::to_dynamic(json))))
}

fn same(a: &Value, b: &Value) -> bool {
    matches!((write(a), write(b)), (Ok(a), Ok(b)) if json::same(&a, &b))
}

/// The pattern of the definition: `^v[0-9]+(alpha[0-9]+|beta[0-9]+)?$`.
fn version(text: &str) -> Result<(), String> {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let holds = text.strip_prefix('v').is_some_and(|rest| {
        let unstable = rest.split_once("alpha").or_else(|| rest.split_once("beta"));
        unstable.map_or(number(rest), |(major, minor)| number(major) && number(minor))
    });
    if holds {
        return Ok(());
    }
    Err(format!("{text:?} is no version of a kind, such as v1 or v1alpha1, without its group"))
}

/// The pattern of the definition: `^[A-Z][a-zA-Z0-9]{0,62}$`.
fn kind_name(text: &str) -> Result<(), String> {
    let first = text.starts_with(|c: char| c.is_ascii_uppercase());
    if first && text.len() <= 63 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is no kind: letters and digits, beginning with a capital, at most 63 of them"
    ))
}

/// The pattern of the definition: `^[a-z]([-a-z0-9]*[a-z0-9])?$`, at most 63 characters.
fn short_name(text: &str) -> Result<(), String> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let first = text.starts_with(|c: char| c.is_ascii_lowercase());
    if first && text.len() <= 63 && text.bytes().all(inner) && !text.ends_with('-') {
        return Ok(());
    }
    Err(format!(
        "{text:?} is no such name: lower case letters, digits and \"-\", beginning with a letter, \
         at most 63 characters"
    ))
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::framework::api::{View, project, render};

    #[test]
    fn names_and_versions_are_those_of_the_definition() {
        for good in ["v1", "v10", "v1alpha1", "v2beta13"] {
            assert_eq!(version(good), Ok(()), "{good}");
        }
        for bad in ["", "1", "v", "v1alpha", "valpha1", "v1gamma1", "kro.run/v1", "v1alpha1beta1"] {
            assert!(version(bad).is_err(), "{bad}");
        }
        for (check, good, bad) in [
            (kind_name as fn(&str) -> _, "WebApp2", ["webApp", "Web-App", "", "2Web"]),
            (short_name, "web-app2", ["Web", "-a", "a-", ""]),
        ] {
            assert_eq!(check(good), Ok(()));
            for bad in bad {
                assert!(check(bad).is_err(), "{bad}");
            }
            assert!(check(&"a".repeat(64)).is_err());
        }
    }

    #[test]
    fn what_is_written_in_hcl_is_sent_as_it_is_and_seen_again() {
        let open = |json: &serde_json::Value| Attr::Known(Open(json::to_dynamic(json)));
        let definition = ResourceGraphDefinition {
            schema: GraphSchema {
                api_version: "v1".to_owned().into(),
                kind: "Web".to_owned().into(),
                group: "kro.run".to_owned().into(),
                scope: "Namespaced".to_owned().into(),
                spec: open(&json!({"name": "string", "none": null})),
                status: open(&json!({"host": "${service.spec.clusterIP}"})),
                ..GraphSchema::default()
            }
            .into(),
            resources: vec![GraphResource {
                id: "service".to_owned().into(),
                template: JsonText(r#"{"kind":"Service"}"#.to_owned()).into(),
                for_each: vec![BTreeMap::from([("a".to_owned(), "${b}".to_owned())])].into(),
                ..GraphResource::default()
            }]
            .into(),
            ..ResourceGraphDefinition::default()
        };
        let values = Model::into_value(definition);
        let attributes = ResourceGraphDefinition::attributes();
        let json = render(&attributes, "/spec", &values).unwrap();
        assert_eq!(
            json["spec"],
            json!({
                "schema": {
                    "apiVersion": "v1", "kind": "Web", "group": "kro.run", "scope": "Namespaced",
                    "spec": {"name": "string"}, "status": {"host": "${service.spec.clusterIP}"},
                },
                "resources": [
                    {"id": "service", "template": {"kind": "Service"}, "forEach": [{"a": "${b}"}]},
                ],
            })
        );
        assert_eq!(project(&attributes, "/spec", &json, &values, View::Owned), values);
        let mut drifted = json;
        drifted["spec"]["schema"]["spec"]["name"] = "integer".into();
        let seen = project(&attributes, "/spec", &drifted, &values, View::Owned);
        let seen = json::from_value(seen.get("schema").get("spec")).unwrap();
        assert_eq!(seen["name"], "integer");
    }
}
