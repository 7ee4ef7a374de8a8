//! The statuses below are those of a real API server (1.36) and of Kargo's
//! webhooks, shortened to what is read.

use serde_json::{Value as Json, json};

use super::*;

const APPLICATION: ObjectKind =
    ObjectKind::new("argoproj.io/v1alpha1", "Application", "applications");

fn about(eks: bool) -> About {
    About {
        target: "EKS cluster \"main\"".into(),
        url: "https://a".into(),
        principal: Some(Arc::new(Principal {
            name: "arn:aws:sts::111122223333:assumed-role/ci/run".into(),
            access_entry: Some("arn:aws:iam::111122223333:role/ci".into()),
        })),
        eks,
    }
}

fn failure(code: u16, status: &Json) -> Failure {
    let about = about(true);
    let call = Call { kind: &APPLICATION, name: Some("web"), about: &about };
    let status = serde_json::from_value(status.clone()).unwrap();
    Failure::from_status(code, &status, Some("audit-7"), call)
}

fn said(code: u16, reason: &str, message: &str) -> Failure {
    failure(code, &json!({ "code": code, "reason": reason, "message": message }))
}

#[test]
fn an_absent_object_is_told_from_an_absent_type_and_an_absent_namespace() {
    let object = failure(
        404,
        &json!({
            "message": "applications.argoproj.io \"web\" not found",
            "reason": "NotFound",
            "details": { "name": "web", "group": "argoproj.io", "kind": "applications" },
        }),
    );
    assert_eq!(object.cause, Cause::Absent);
    assert!(object.error.is_not_found());
    assert_eq!(object.error.api_code(), Some("NotFound"));

    for status in [
        json!({ "code": 404, "message": "404 page not found" }),
        json!({
            "message": "the server could not find the requested resource",
            "reason": "NotFound", "details": {},
        }),
    ] {
        let kind = failure(404, &status);
        assert_eq!(kind.cause, Cause::TypeNotServed);
        assert!(!kind.error.is_not_found(), "a missing type is no missing object");
        assert!(kind.error.message().contains("CustomResourceDefinition"), "{}", kind.error);
    }

    let namespace = failure(
        404,
        &json!({
            "message": "namespaces \"argocd\" not found",
            "reason": "NotFound",
            "details": { "name": "argocd", "kind": "namespaces" },
        }),
    );
    assert_eq!(namespace.cause, Cause::NoNamespace);
    assert!(!namespace.error.is_not_found());
}

#[test]
fn a_missing_thing_that_a_webhook_looked_for_is_not_the_object() {
    let failure = failure(
        404,
        &json!({
            "message": "PromotionTask.kargo.akuity.io \"x\" not found",
            "reason": "NotFound",
            "details": { "name": "x", "group": "kargo.akuity.io", "kind": "PromotionTask" },
        }),
    );
    assert_eq!(failure.cause, Cause::Other);
    assert!(!failure.error.is_not_found());
}

#[test]
fn a_conflict_names_each_field_and_its_manager() {
    let conflict = failure(
        409,
        &json!({
            "message": "Apply failed with 2 conflicts: …",
            "reason": "Conflict",
            "details": { "causes": [
                { "reason": "FieldManagerConflict", "message": "conflict with \"kargo\"",
                  "field": ".spec.sources" },
                { "reason": "FieldManagerConflict",
                  "message": "conflict with \"kubectl\" using argoproj.io/v1alpha1",
                  "field": ".spec.project" },
            ] },
        }),
    );
    assert_eq!(conflict.cause, Cause::Owned);
    assert!(conflict.error.is_conflict() && !conflict.error.is_transient());
    assert_eq!(
        conflict.error.message(),
        "other field managers own fields of this object: .spec.sources (set by \"kargo\"), \
         .spec.project (set by \"kubectl\" using argoproj.io/v1alpha1)"
    );
    let fields: Vec<_> = refused_fields(&conflict.error).iter().map(|f| &f.field).collect();
    assert_eq!(fields, [".spec.sources", ".spec.project"]);
}

#[test]
fn the_other_conflicts_are_told_apart() {
    assert_eq!(said(409, "AlreadyExists", "x already exists").cause, Cause::Exists);
    assert_eq!(
        said(409, "Conflict", "the object has been modified; please apply …").cause,
        Cause::Changed
    );
    for (code, reason, message) in [
        (409, "Conflict", "namespace is still being terminated; please try again after …"),
        (409, "AlreadyExists", "object is being deleted: namespaces \"x\" already exists"),
        (
            403,
            "Forbidden",
            "unable to create new content in namespace x because it is being terminated",
        ),
    ] {
        let failure = said(code, reason, message);
        assert_eq!(failure.cause, Cause::Terminating, "{message}");
        assert!(failure.error.is_transient());
    }
    let uid = said(409, "Conflict", "the UID in the precondition (a) does not match …");
    assert_eq!(uid.cause, Cause::Other);
    assert!(uid.error.is_conflict());
}

#[test]
fn an_invalid_object_lists_its_fields() {
    let causes = json!([
        { "reason": "FieldValueRequired", "message": "Required value", "field": "spec.project" },
        { "reason": "FieldValueInvalid", "message": "Invalid value: \"x\"", "field": "spec.name" },
    ]);
    let status = |causes: &Json| {
        json!({ "message": "Application \"web\" is invalid: [ … ]", "reason": "Invalid",
                "details": { "causes": causes } })
    };
    let two = failure(422, &status(&causes));
    assert_eq!(two.cause, Cause::Invalid);
    assert_eq!(
        two.error.message(),
        "2 fields are refused:\n- spec.project: Required value\n- spec.name: Invalid value: \"x\""
    );
    let one = failure(422, &status(&json!([causes[0]])));
    assert_eq!(one.error.message(), "spec.project: Required value");
    assert_eq!(refused_fields(&one.error)[0].reason, "FieldValueRequired");
    assert!(refused_fields(&Error::invalid("x")).is_empty());
}

#[test]
fn a_500_is_read_for_what_it_means() {
    let webhook = said(
        500,
        "InternalError",
        "Internal error occurred: failed calling webhook \"stage.kargo.akuity.io\": …: connection refused",
    );
    assert_eq!(webhook.cause, Cause::Webhook);
    assert!(webhook.error.is_transient());

    let untyped = said(
        500,
        "",
        "failed to create typed patch object (/s; /v1, Kind=Secret): .stringData.password: \
         expected string, got &value.valueUnstructured{Value:\"hunter2\"}",
    );
    assert_eq!(untyped.cause, Cause::Invalid);
    assert!(untyped.error.is_invalid() && !untyped.error.is_transient());
    assert_eq!(untyped.error.message(), ".stringData.password: expected string");
    assert_eq!(untyped.error.api_code(), Some("500"));

    let base64 = said(
        500,
        "",
        "failed to convert new object (/s; /v1, Kind=Secret) to proper version: unable to convert \
         unstructured object to /v1, Kind=Secret: illegal base64 data at input byte 6",
    );
    assert_eq!(base64.cause, Cause::Invalid);
    let storage = said(500, "InternalError", "etcdserver: leader changed");
    assert_eq!(storage.cause, Cause::Unavailable);
    let other = said(500, "InternalError", "missing value for variable \"env\"");
    assert_eq!((other.cause, other.error.is_transient()), (Cause::Other, false));
}

#[test]
fn a_missing_permission_gets_advice_and_a_webhooks_rule_does_not() {
    let missing = said(
        403,
        "Forbidden",
        "applications.argoproj.io \"web\" is forbidden: User \"ci\" cannot get resource \
         \"applications\" in API group \"argoproj.io\" in the namespace \"argocd\"",
    );
    assert_eq!(missing.cause, Cause::Forbidden);
    assert!(missing.error.is_forbidden());
    assert!(missing.error.message().contains("cannot get resource"), "{}", missing.error);
    assert!(missing.error.message().contains("role/ci"), "{}", missing.error);
    assert!(missing.error.detail().contains("gitops_eks_access_entry"));
    assert!(missing.error.detail().contains("request id audit-7"));

    let rule = said(403, "Forbidden", "freight is in-use by stages (\"a\")");
    assert_eq!(rule.cause, Cause::Other);
    assert!(rule.error.is_forbidden() && !rule.error.detail().contains("access"));
}

#[test]
fn refused_credentials_name_the_principal() {
    let failure = said(401, "Unauthorized", "Unauthorized");
    assert_eq!(failure.cause, Cause::Unauthenticated);
    assert_eq!(
        failure.error.message(),
        "EKS cluster \"main\" does not accept the credentials of \
         arn:aws:sts::111122223333:assumed-role/ci/run"
    );
    let detail = failure.error.detail();
    assert!(detail.contains("principal_arn = \"arn:aws:iam::111122223333:role/ci\""), "{detail}");
}

#[test]
fn throttling_keeps_the_time_to_wait() {
    let failure = failure(
        429,
        &json!({ "message": "too many requests", "reason": "TooManyRequests",
                 "details": { "retryAfterSeconds": 3 } }),
    );
    assert_eq!(
        (failure.cause, failure.retry_after),
        (Cause::Throttled, Some(Duration::from_secs(3)))
    );
    assert!(failure.error.is_transient());
}

#[test]
fn a_gateway_that_fails_passes_and_a_watch_that_is_too_old_starts_anew() {
    for code in [502, 503, 504] {
        assert_eq!(said(code, "", "").cause, Cause::Unavailable);
    }
    assert_eq!(said(503, "", "").error.message(), "the API server answered 503");
    assert_eq!(said(410, "Expired", "too old resource version").cause, Cause::Expired);
}

#[test]
fn a_message_that_repeats_a_whole_object_is_cut() {
    let failure = said(422, "Invalid", &"é".repeat(10_000));
    assert_eq!(failure.error.message().chars().count(), 2_001);
}
