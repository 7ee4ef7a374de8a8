use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::eks::{
    Operation,
    error::ErrorKind,
    input::Call,
    testing::{Fixture, config},
};

/// Parses a JSON value as the request's structure of that kind of capability.
fn with_input<T>(body: &Value, work: impl FnOnce(&Input<'_>) -> T) -> T {
    let call = Call {
        operation: Operation::CreateCapability,
        path: std::collections::BTreeMap::new(),
        query: Vec::new(),
        body: json!({ "configuration": body }).as_object().unwrap().clone(),
    };
    let configuration = call.input().required_structure("configuration").unwrap();
    work(&configuration)
}

fn create(kind: CapabilityKind, body: &Value) -> Result<Configuration, ApiError> {
    let fixture = Fixture::start(config());
    let shared = Arc::clone(fixture.emulator.shared());
    with_input(body, |input| Configuration::create(&shared, kind, Some(input)))
}

fn argo_cd(more: &Value) -> Result<Configuration, ApiError> {
    let instance = "arn:aws:sso:::instance/ssoins-1234567890abcdef";
    let mut body = json!({ "awsIdc": { "idcInstanceArn": instance } });
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    create(CapabilityKind::Argocd, &json!({ "argoCd": body }))
}

fn change(kind: CapabilityKind, body: &Value) -> Result<Change, ApiError> {
    with_input(body, |input| Change::parse(kind, Some(input)))
}

fn mappings(add: &Value, remove: &Value) -> Result<Change, ApiError> {
    let body = json!({
        "argoCd": {
            "rbacRoleMappings": { "addOrUpdateRoleMappings": add, "removeRoleMappings": remove },
        },
    });
    change(CapabilityKind::Argocd, &body)
}

fn mapping(role: &str, users: &[&str]) -> Value {
    let users = users.iter().map(|user| json!({ "id": user, "type": "SSO_USER" }));
    json!({ "role": role, "identities": users.collect::<Vec<_>>() })
}

fn mapped(configuration: &Configuration) -> Value {
    configuration.render(true)["argoCd"]["rbacRoleMappings"].take()
}

#[tokio::test]
async fn argo_cd_gets_its_defaults() {
    let rendered = argo_cd(&json!({})).unwrap().render(true)["argoCd"].take();
    assert_eq!(rendered["namespace"], "argocd");
    assert_eq!(rendered["awsIdc"]["idcRegion"], "us-east-1");
    assert_eq!(rendered["rbacRoleMappings"], json!([]));
    assert!(rendered.get("networkAccess").is_none(), "the endpoint is public");
    let url = rendered["serverUrl"].as_str().unwrap();
    assert!(url.ends_with(".eks-capabilities.us-east-1.amazonaws.com"), "{url}");
    let application = rendered["awsIdc"]["idcManagedApplicationArn"].as_str().unwrap();
    let prefix = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-";
    assert!(application.starts_with(prefix), "{application}");
}

#[tokio::test]
async fn what_eks_computes_is_not_there_before_it_runs() {
    let rendered = argo_cd(&json!({})).unwrap().render(false)["argoCd"].take();
    assert!(rendered.get("serverUrl").is_none());
    assert!(rendered["awsIdc"].get("idcManagedApplicationArn").is_none());
}

#[tokio::test]
async fn identities_are_merged_into_roles_and_removed_one_by_one() {
    let given = json!([mapping("ADMIN", &["b", "a"]), mapping("ADMIN", &["a"])]);
    let mut configuration = argo_cd(&json!({ "rbacRoleMappings": given })).unwrap();
    assert_eq!(mapped(&configuration), json!([mapping("ADMIN", &["a", "b"])]));

    let more = json!([mapping("ADMIN", &["c"]), mapping("VIEWER", &["v"])]);
    mappings(&more, &json!([])).unwrap().apply(&mut configuration).unwrap();
    let expected = json!([mapping("ADMIN", &["a", "b", "c"]), mapping("VIEWER", &["v"])]);
    assert_eq!(mapped(&configuration), expected, "what is there stays");

    let less = json!([mapping("ADMIN", &["a", "never-there"]), mapping("VIEWER", &["v"])]);
    mappings(&json!([]), &less).unwrap().apply(&mut configuration).unwrap();
    assert_eq!(mapped(&configuration), json!([mapping("ADMIN", &["b", "c"])]));
}

#[tokio::test]
async fn a_user_and_a_group_of_one_id_are_two_identities() {
    let mut configuration = argo_cd(&json!({
        "rbacRoleMappings": [{
            "role": "ADMIN",
            "identities": [{ "id": "x", "type": "SSO_USER" }, { "id": "x", "type": "SSO_GROUP" }],
        }],
    }))
    .unwrap();
    let user = json!([mapping("ADMIN", &["x"])]);
    mappings(&json!([]), &user).unwrap().apply(&mut configuration).unwrap();
    let left = json!([{ "role": "ADMIN", "identities": [{ "id": "x", "type": "SSO_GROUP" }] }]);
    assert_eq!(mapped(&configuration), left);
}

#[tokio::test]
async fn contradictions_and_too_many_identities_are_refused() {
    let mut configuration = argo_cd(&json!({})).unwrap();
    let both = mappings(&json!([mapping("ADMIN", &["a"])]), &json!([mapping("ADMIN", &["a"])]));
    let error = both.unwrap().apply(&mut configuration).unwrap_err();
    assert!(error.message.contains("both to be added"), "{}", error.message);

    let names: Vec<String> = (0..1001).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let full = mappings(&json!([mapping("ADMIN", &names[..1000])]), &json!([]));
    full.unwrap().apply(&mut configuration).unwrap();
    let one_more = mappings(&json!([mapping("VIEWER", &names[1000..])]), &json!([]));
    let error = one_more.unwrap().apply(&mut configuration).unwrap_err();
    assert!(error.message.contains("at most 1000"), "{}", error.message);
}

#[tokio::test]
async fn network_access_is_replaced_and_an_empty_list_stays_visible() {
    let private = json!({ "networkAccess": { "vpceIds": ["vpce-1", "vpce-2"] } });
    let mut configuration = argo_cd(&private).unwrap();
    let public = json!({ "argoCd": { "networkAccess": { "vpceIds": [] } } });
    let change = change(CapabilityKind::Argocd, &public).unwrap();
    assert_eq!(change.params(), [("NetworkAccess", r#"{"vpceIds":[]}"#.to_owned())]);
    change.apply(&mut configuration).unwrap();
    let access = configuration.render(true)["argoCd"]["networkAccess"].take();
    assert_eq!(access, json!({ "vpceIds": [] }));
}

#[tokio::test]
async fn an_ack_update_changes_only_what_it_names() {
    let body = json!({ "ack": { "enableCrossNamespace": true, "disabledServices": ["s3"] } });
    let mut configuration = create(CapabilityKind::Ack, &body).unwrap();
    let services = json!({ "ack": { "disabledServices": ["ec2", "iam"] } });
    let change = change(CapabilityKind::Ack, &services).unwrap();
    change.apply(&mut configuration).unwrap();
    let expected = json!({
        "ack": { "enableCrossNamespace": true, "disabledServices": ["ec2", "iam"] },
    });
    assert_eq!(configuration.render(true), expected);
}

#[tokio::test]
async fn bad_values_are_refused_by_their_path() {
    for (body, path) in [
        (json!({ "namespace": "a.b" }), "configuration.argoCd.namespace"),
        (json!({ "awsIdc": null }), "configuration.argoCd.awsIdc"),
        (
            json!({ "awsIdc": { "idcInstanceArn": "arn:aws:iam::1:role/x" } }),
            "configuration.argoCd.awsIdc.idcInstanceArn",
        ),
        (json!({ "endpointPrefix": "UPPER" }), "configuration.argoCd.endpointPrefix"),
        (json!({ "endpointPrefix": "a".repeat(51) }), "configuration.argoCd.endpointPrefix"),
        (
            json!({ "networkAccess": { "vpceIds": ["vpc-1"] } }),
            "configuration.argoCd.networkAccess.vpceIds",
        ),
        (
            json!({ "rbacRoleMappings": [mapping("ADMIN", &["a"]), mapping("OWNER", &["a"])] }),
            "configuration.argoCd.rbacRoleMappings.2.member.role",
        ),
        (
            json!({ "rbacRoleMappings": [mapping("ADMIN", &[])] }),
            "configuration.argoCd.rbacRoleMappings.1.member.identities",
        ),
        (
            json!({ "rbacRoleMappings": [{ "role": "ADMIN", "identities": [{ "id": "a" }] }] }),
            "configuration.argoCd.rbacRoleMappings.1.member.identities.1.member.type",
        ),
    ] {
        let error = argo_cd(&body).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParameterException);
        assert!(error.message.contains(&format!("'{path}'")), "{path}: {}", error.message);
    }
    for service in ["", "S3", "3s", "a-b", &"a".repeat(64)] {
        let body = json!({ "ack": { "disabledServices": [service] } });
        assert!(create(CapabilityKind::Ack, &body).is_err(), "{service:?}");
    }
    let many: Vec<String> = (0..201).map(|n| format!("s{n}")).collect();
    let body = json!({ "ack": { "disabledServices": many } });
    assert!(create(CapabilityKind::Ack, &body).is_err());
}

#[tokio::test]
async fn settings_of_another_kind_and_fixed_ones_are_refused() {
    for (kind, body) in [
        (CapabilityKind::Kro, json!({ "argoCd": {} })),
        (CapabilityKind::Kro, json!({ "ack": {} })),
        (CapabilityKind::Ack, json!({ "argoCd": {} })),
        (CapabilityKind::Argocd, json!({ "ack": {} })),
    ] {
        let error = create(kind, &body).unwrap_err();
        assert!(error.message.contains("is not allowed"), "{}", error.message);
        let error = change(kind, &body).unwrap_err();
        assert!(error.message.contains("is not allowed"), "{}", error.message);
    }
    for member in ["namespace", "awsIdc", "endpointPrefix"] {
        let error = change(CapabilityKind::Argocd, &json!({ "argoCd": { member: "x" } }));
        let message = error.unwrap_err().message;
        assert!(message.contains("cannot be updated"), "{message}");
    }
}

#[tokio::test]
async fn an_update_without_changes_has_no_parameters() {
    for body in
        [json!({}), json!({ "argoCd": {} }), json!({ "argoCd": { "rbacRoleMappings": {} } })]
    {
        let change = change(CapabilityKind::Argocd, &body).unwrap();
        assert_eq!(change.params(), [], "{body}");
    }
}
