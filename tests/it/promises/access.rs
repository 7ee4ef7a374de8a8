//! Access entries: changed without a moment in which the principal has no access.

use gitops_sandbox::eks::Operation;
use serde_json::{Value as Json, json};

use super::capability::workspace;
use crate::support::sandbox::own_eks;

#[tokio::test]
async fn the_scope_of_an_access_policy_changes_in_place() {
    let eks = own_eks().await;
    let workspace = workspace("scope", &eks).await;
    workspace.apply().await.succeeded();
    eks.forget_calls();

    let wider = workspace.with("TF_VAR_namespaces", r#"["shop", "shop-test"]"#);
    let changes = wider.planned().await.changes();
    let names: Vec<_> = changes.keys().map(String::as_str).collect();
    assert_eq!(names, ["gitops_eks_access_entry.pods"]);
    assert_eq!(
        changes["gitops_eks_access_entry.pods"],
        ["policy_associations[0].access_scope.namespaces"]
    );
    wider.apply().await.succeeded();

    let changing: Vec<_> = eks
        .calls()
        .into_iter()
        .filter(|call| !call.request.starts_with("GET "))
        .map(|call| (call.operation, call.body))
        .collect();
    let [(Some(Operation::AssociateAccessPolicy), body)] = &changing[..] else {
        panic!("other calls than one to change the scope: {changing:#?}")
    };
    let mut namespaces: Vec<_> =
        body["accessScope"]["namespaces"].as_array().expect("namespaces").clone();
    namespaces.sort_by_key(Json::to_string);
    assert_eq!(namespaces, [json!("shop"), json!("shop-test")]);
    wider.plan().await.shows_no_changes();
}
