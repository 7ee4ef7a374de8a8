//! `gitops_kargo_role`: who may do what in a project of Kargo.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::annotation::AsJson;
use crate::clients::kube::{DeleteOptions, FIELD_MANAGER, Freshness, ObjectKind, WriteOptions};
use crate::framework::api::{self, View};
use crate::framework::checks::Findings;
use crate::framework::{Attr, Attribute, Diagnostics, Model, Path, Result, Set, Value};
use crate::resources::findings::report;
use crate::resources::object::{Kind, ObjectMeta, Scene};

/// A role of Kargo: what whoever logs in with certain claims may do in a
/// project.
///
/// To Kubernetes it is three objects of one name: a `ServiceAccount` that users
/// are mapped to by its annotation, a `Role`, and the `RoleBinding` between them.
/// Kargo's interfaces show and change it like those that they make themselves.
#[derive(Clone, Debug, Default, Model)]
pub struct Role {
    /// What is common to all objects. The namespace is the project.
    #[attr(flatten)]
    pub metadata: ObjectMeta,
    /// What the role is for; shown by Kargo.
    #[attr(api = "/metadata/annotations/kargo.akuity.io~1description")]
    pub description: Attr<String>,
    /// Who has the role: whoever logs in with one of these values in one of these claims, as in
    /// `{ groups = ["platform"], email = ["jane@example.com"] }`. Nobody when not set.
    #[attr(api = "/metadata/annotations/rbac.kargo.akuity.io~1claims")]
    pub claims: Attr<AsJson<BTreeMap<String, Set<String>>>>,
    /// What they may do in the project.
    #[attr(api = "/role/rules")]
    pub rules: Attr<Vec<PolicyRule>>,
}

/// What may be done to which resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PolicyRule {
    /// API groups of the resources, such as `kargo.akuity.io`; the empty text is the core group.
    #[attr(required, length(1, usize::MAX))]
    pub api_groups: Attr<Vec<String>>,
    /// The resources, by their plurals, such as `stages`.
    #[attr(required, length(1, usize::MAX))]
    pub resources: Attr<Vec<String>>,
    /// Names of the only objects that the rule is for; all when not set.
    pub resource_names: Attr<Vec<String>>,
    /// What may be done, such as `get`, `list` and `watch`; for stages, `promote` as well.
    #[attr(required, length(1, usize::MAX))]
    pub verbs: Attr<Vec<String>>,
}

/// Kargo changes only roles with this annotation.
const MANAGED: &str = "rbac.kargo.akuity.io/managed";
/// Remembered of a role whose three objects were made here.
const MADE: &str = "made";
const ROLE: ObjectKind = ObjectKind::new("rbac.authorization.k8s.io/v1", "Role", "roles");
const BINDING: ObjectKind =
    ObjectKind::new("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings");

impl Role {
    /// What the binding of a role says.
    fn binding(namespace: &str, name: &str) -> Json {
        json!({
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
            "subjects": [{ "kind": "ServiceAccount", "namespace": namespace, "name": name }],
        })
    }
}

impl Kind for Role {
    type Model = Self;

    const NAME: &'static str = "kargo_role";
    const OBJECT: ObjectKind = ObjectKind::new("v1", "ServiceAccount", "serviceaccounts");
    const ROOT: &'static str = "";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let mut findings = Findings::default();
        if let Attr::Known(AsJson(claims)) = &config.claims {
            for (claim, Set(values)) in claims {
                if values.is_empty() {
                    let rule = "nobody has a claim without a value: leave it out";
                    findings.error(Path::attribute("claims").key(claim), rule);
                }
            }
        }
        for (index, rule) in config.rules.known().into_iter().flatten().enumerate() {
            let is = |list: &Attr<Vec<String>>, name: &str| {
                list.known().is_some_and(|list| list.iter().any(|item| item == name))
            };
            if is(&rule.verbs, "promote")
                && !is(&rule.resources, "stages")
                && rule.resources.known().is_some()
            {
                let path = Path::attribute("rules").index(index).field("verbs");
                findings.warn(path, "promote is a verb for stages, which the rule is not for");
            }
        }
        report(findings.into_vec(), diagnostics);
    }

    fn is_one(live: &Json) -> bool {
        live["metadata"]["annotations"][MANAGED] == "true"
    }

    /// The `ServiceAccount`; the rules are in an object of their own.
    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        let mut account = api::render(attributes, Self::ROOT, values)?;
        account["metadata"]["annotations"][MANAGED] = "true".into();
        if let Some(account) = account.as_object_mut() {
            account.remove("role");
        }
        Ok(account)
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        let mut live = live.clone();
        if let Some(annotations) = live["metadata"]["annotations"].as_object_mut() {
            annotations.remove(MANAGED);
            if annotations.is_empty() {
                live["metadata"]["annotations"] = Json::Null;
            }
        }
        Ok(api::project(attributes, Self::ROOT, &live, prior, view))
    }

    /// Adds the rules, as far as they are bound: without the binding they mean
    /// nothing, and an apply mends both.
    async fn complete(scene: &Scene<'_>, mut live: Json) -> Result<Json> {
        let (name, namespace) = names(scene);
        let (objects, deadline) = (scene.objects(), scene.cx.deadline());
        let read = |kind: ObjectKind| {
            let object = kind.namespaced(namespace, name);
            async move { objects.get(scene.target, &object, Freshness::Recent, deadline).await }
        };
        let (role, binding) = (read(ROLE).await?, read(BINDING).await?);
        let wanted = Self::binding(namespace, name);
        let is_bound = binding.is_some_and(|binding| {
            binding["roleRef"] == wanted["roleRef"]
                && wanted["subjects"].as_array().into_iter().flatten().all(|subject| {
                    let found = binding["subjects"].as_array();
                    found.into_iter().flatten().any(|found| {
                        ["kind", "namespace", "name"].iter().all(|key| found[key] == subject[key])
                    })
                })
        });
        if is_bound && let Some(role) = role {
            live["role"] = json!({ "rules": role["rules"] });
        }
        Ok(live)
    }

    /// The rules and their binding come first: who is mapped to the account then
    /// has them.
    async fn prepare(scene: &Scene<'_>, values: &Value) -> Result<()> {
        let (name, namespace) = names(scene);
        let rules = api::render(&Self::attributes(), Self::ROOT, values)?["role"]["rules"].take();
        let rules = if rules.is_null() { json!([]) } else { rules };
        let metadata = json!({ "annotations": { MANAGED: "true" } });
        let mut binding = Self::binding(namespace, name);
        binding["metadata"] = metadata.clone();
        // What is there at a create is nobody's to take over.
        let force = scene.cx.recall::<bool>(MADE).unwrap_or_default();
        let options = WriteOptions { force, new_access: true, field_manager: FIELD_MANAGER.into() };
        let (objects, deadline) = (scene.objects(), scene.cx.deadline());
        for (kind, content) in
            [(ROLE, json!({ "metadata": metadata, "rules": rules })), (BINDING, binding)]
        {
            let object = kind.namespaced(namespace, name);
            objects.apply(scene.target, &object, content, &options, deadline).await?;
        }
        Ok(())
    }

    async fn abandon(scene: &Scene<'_>) -> Result<()> {
        if scene.cx.recall::<bool>(MADE).unwrap_or_default() {
            return Ok(());
        }
        remove(scene).await
    }

    async fn settle(scene: &Scene<'_>, _: &Value, applied: Json) -> Result<Json> {
        scene.cx.remember(MADE, true);
        Self::complete(scene, applied).await
    }

    async fn bury(scene: &Scene<'_>, _: &Value) -> Result<()> {
        remove(scene).await
    }
}

fn names<'a>(scene: &'a Scene<'_>) -> (&'a str, &'a str) {
    (&scene.object.name, scene.object.namespace.as_deref().unwrap_or_default())
}

/// Removes the rules and their binding.
async fn remove(scene: &Scene<'_>) -> Result<()> {
    let (name, namespace) = names(scene);
    let (objects, deadline) = (scene.objects(), scene.cx.deadline());
    for kind in [BINDING, ROLE] {
        let object = kind.namespaced(namespace, name);
        objects.delete(scene.target, &object, &DeleteOptions::default(), deadline).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Attr<Vec<String>> {
        Attr::Known(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    fn role() -> Role {
        let groups = Set(vec!["platform".to_owned()]);
        Role {
            metadata: ObjectMeta {
                name: "promoter".to_owned().into(),
                namespace: "shop".to_owned().into(),
                ..ObjectMeta::default()
            },
            description: "Promotes".to_owned().into(),
            claims: AsJson(BTreeMap::from([("groups".to_owned(), groups)])).into(),
            rules: vec![PolicyRule {
                api_groups: texts(&["kargo.akuity.io"]),
                resources: texts(&["stages"]),
                verbs: texts(&["get", "promote"]),
                ..PolicyRule::default()
            }]
            .into(),
        }
    }

    #[test]
    fn a_role_is_an_account_with_claims_and_rules_beside_it() {
        let attributes = Role::attributes();
        let values = Model::into_value(role());
        let account = Role::render(&attributes, &values).unwrap();
        assert_eq!(
            account,
            json!({"metadata": {"name": "promoter", "namespace": "shop", "annotations": {
                "kargo.akuity.io/description": "Promotes",
                "rbac.kargo.akuity.io/claims": "{\"groups\":[\"platform\"]}",
                "rbac.kargo.akuity.io/managed": "true",
            }}})
        );
        assert!(Role::is_one(&account) && !Role::is_one(&json!({})));
        let mut live = account;
        live["role"] = json!({"rules": [
            {"apiGroups": ["kargo.akuity.io"], "resources": ["stages"], "verbs": ["get", "promote"]},
        ]});
        let seen = Role::project(&attributes, &live, &values, View::Owned).unwrap();
        assert_eq!(seen, values);
        // Without its binding it has no rules.
        live["role"] = Json::Null;
        let seen = Role::project(&attributes, &live, &values, View::Owned).unwrap();
        assert!(seen.get("rules").is_null());
    }

    #[test]
    fn a_claim_has_a_value_and_promoting_is_for_stages() {
        let found = |role: &Role| {
            let mut diagnostics = Diagnostics::default();
            Role::validate(role, &mut diagnostics);
            diagnostics.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found(&role()), [""; 0]);
        let empty = BTreeMap::from([("email".to_owned(), Set(Vec::new()))]);
        let wrong = Role {
            claims: AsJson(empty).into(),
            rules: role().rules.map(|mut rules| {
                rules[0].resources = texts(&["warehouses"]);
                rules
            }),
            ..role()
        };
        assert_eq!(found(&wrong), ["claims[\"email\"]", "rules[0].verbs"]);
    }
}
