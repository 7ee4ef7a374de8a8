//! What makes a new object: which attributes the APIs cannot change, and that no plan forgets one.

use terraform_provider_gitops::framework::schema::{Attribute, Kind, Nesting, Replace};
use terraform_provider_gitops::resources::registry;

use crate::support::core::Val;

/// What no call of an API changes on an object that is there. Of the objects of a cluster that is
/// what they are called by; of AWS's, whatever their calls to update do not take.
const FIXED: [(&str, &[&str]); 19] = [
    ("app_project", &["name", "namespace"]),
    ("application", &["name", "namespace"]),
    ("cluster", &["name", "namespace"]),
    ("eks_access_entry", &["cluster_name", "principal_arn", "region", "type"]),
    (
        "eks_capability_argocd",
        &[
            "aws_idc.idc_instance_arn",
            "aws_idc.idc_region",
            "capability_name",
            "cluster_name",
            "endpoint_prefix",
            "namespace",
            "region",
        ],
    ),
    ("iam_role", &["name", "name_prefix", "path"]),
    ("kargo_cluster_config", &["name"]),
    ("kargo_cluster_promotion_task", &["name"]),
    ("kargo_credentials", &["name", "namespace"]),
    ("kargo_freight", &["artifacts", "charts", "commits", "images", "namespace", "origin"]),
    ("kargo_project", &["name"]),
    ("kargo_project_config", &["namespace"]),
    ("kargo_promotion", &["freight", "namespace", "origin", "stage"]),
    ("kargo_promotion_task", &["name", "namespace"]),
    ("kargo_role", &["name", "namespace"]),
    ("kargo_stage", &["name", "namespace"]),
    ("kargo_warehouse", &["name", "namespace"]),
    (
        "kro_resource_graph_definition",
        &["name", "schema.api_version", "schema.group", "schema.kind", "schema.scope"],
    ),
    ("pod_identity_association", &["cluster_name", "namespace", "region", "service_account"]),
];

#[test]
fn what_an_api_cannot_change_makes_a_new_object() {
    let registry = registry();
    for (name, fixed) in FIXED {
        let managed = registry.get(name).unwrap_or_else(|| panic!("no type {name}"));
        let mut replacing = Vec::new();
        collect(&managed.schema().attributes, "", &mut replacing);
        assert_eq!(replacing, fixed, "{name}");
    }
}

/// The attributes whose change makes a new object, in the order of their names.
fn collect(attributes: &[Attribute], at: &str, replacing: &mut Vec<String>) {
    for attr in attributes {
        let path = format!("{at}{}", attr.name);
        if attr.replace != Replace::Never {
            replacing.push(path.clone());
        }
        if let Kind::Nested(Nesting::Single, inner) = &attr.kind {
            collect(inner, &format!("{path}."), replacing);
        }
    }
}

/// The attributes that change in a plan, and whose change makes a new object.
pub(super) fn demanded(
    attributes: &[Attribute],
    [prior, config, planned]: [&Val; 3],
) -> Vec<&'static str> {
    let mut found = Vec::new();
    for attr in attributes {
        let [prior, config, planned] = [prior, config, planned].map(|value| value.get(attr.name));
        if prior == planned {
            continue;
        }
        let replaces = match attr.replace {
            Replace::Always => true,
            Replace::IfConfigured => !config.is_null(),
            Replace::Never => false,
        };
        if replaces {
            found.push(attr.name);
        }
        if let Kind::Nested(Nesting::Single, inner) = &attr.kind
            && !prior.is_null()
            && !planned.is_null()
        {
            found.extend(demanded(inner, [prior, config, planned]));
        }
    }
    found
}
