//! What is shown of capabilities, and which one is asked for.

use aws_sdk_eks::types::{
    ArgoCdAwsIdcConfigResponse, ArgoCdRole, ArgoCdRoleMapping, CapabilityConfigurationResponse,
    CapabilityHealth, CapabilityIssue, CapabilityIssueCode, CapabilityStatus, SsoIdentity,
    SsoIdentityType,
};
use aws_smithy_types::DateTime;

use super::*;

fn text(attr: &Attr<String>) -> &str {
    attr.as_str().unwrap_or("nothing")
}

#[test]
fn everything_of_an_argo_cd_is_shown() {
    let identity = SsoIdentity::builder().id("alice").r#type(SsoIdentityType::SsoUser);
    let mapping = ArgoCdRoleMapping::builder()
        .role(ArgoCdRole::Admin)
        .identities(identity.build().unwrap())
        .build()
        .unwrap();
    let argo_cd = ArgoCdConfigResponse::builder()
        .namespace("argocd")
        .aws_idc(ArgoCdAwsIdcConfigResponse::builder().idc_region("eu-west-1").build())
        .rbac_role_mappings(mapping)
        .endpoint_prefix("shop")
        .server_url("https://shop.example.com")
        .build();
    let issue = CapabilityIssue::builder()
        .code(CapabilityIssueCode::AccessDenied)
        .message("the role is gone")
        .build();
    let found = project(
        Capability::builder()
            .cluster_name("main")
            .capability_name("argocd")
            .r#type(CapabilityType::Argocd)
            .status(CapabilityStatus::Degraded)
            .version("3.2.6-eks-1")
            .health(CapabilityHealth::builder().issues(issue).build())
            .configuration(CapabilityConfigurationResponse::builder().argo_cd(argo_cd).build())
            .created_at(DateTime::from_secs(0))
            .tags("team", "a")
            .build(),
    );
    assert_eq!(text(&found.r#type), "ARGOCD");
    assert_eq!(text(&found.status), "DEGRADED");
    assert_eq!(text(&found.server_url), "https://shop.example.com");
    assert_eq!(text(&found.created_at), "1970-01-01T00:00:00Z");
    assert_eq!(found.modified_at, Attr::Null);
    assert_eq!(found.tags.known().unwrap()["team"], "a");
    let [issue] = &found.health.known().unwrap().issues.known().unwrap()[..] else {
        panic!("{:?}", found.health)
    };
    assert_eq!((text(&issue.code), text(&issue.message)), ("AccessDenied", "the role is gone"));
    let configuration = found.configuration.known().unwrap();
    assert_eq!(configuration.ack, Attr::Null);
    let argo_cd = configuration.argo_cd.known().unwrap();
    assert_eq!(text(&argo_cd.endpoint_prefix), "shop");
    let idc = argo_cd.aws_idc.known().unwrap();
    assert_eq!(text(&idc.idc_region), "eu-west-1");
    let mappings = argo_cd.rbac_role_mappings.known().unwrap();
    let identities = mappings.0[0].identities.known().unwrap();
    assert_eq!(text(&mappings.0[0].role), "ADMIN");
    assert_eq!(text(&identities.0[0].id), "alice");
    // Open to the internet: no endpoints, rather than nothing.
    let access = argo_cd.network_access.known().unwrap();
    assert_eq!(access.vpce_ids, Attr::Known(Set::default()));
}

#[test]
fn what_other_types_do_not_have_is_null() {
    let ack = AckConfigResponse::builder().enable_cross_namespace(true).disabled_services("s3");
    let configuration = CapabilityConfigurationResponse::builder().ack(ack.build()).build();
    let found = project(Capability::builder().configuration(configuration).build());
    assert_eq!(found.server_url, Attr::Null);
    let configuration = found.configuration.known().unwrap();
    assert_eq!(configuration.argo_cd, Attr::Null);
    let ack = configuration.ack.known().unwrap();
    assert_eq!(ack.enable_cross_namespace, Attr::Known(true));
    assert_eq!(ack.disabled_services, Attr::Known(Set(vec!["s3".to_owned()])));
    // A healthy one has no issues, rather than no health.
    assert_eq!(found.health.known().unwrap().issues, Attr::Known(vec![]));
}

#[test]
fn a_capability_is_named_once() {
    let said = |name: Attr<String>, kind: Attr<String>| {
        let config =
            EksCapability { capability_name: name, r#type: kind, ..EksCapability::default() };
        let mut diagnostics = Diagnostics::default();
        EksCapability::validate(&config, &mut diagnostics);
        diagnostics.iter().map(|said| said.summary.clone()).collect::<Vec<_>>()
    };
    let known = |text: &str| Attr::Known(text.to_owned());
    assert_eq!(said(Attr::Null, Attr::Null), ["Which capability is not said"]);
    assert_eq!(said(known("argocd"), known("ARGOCD")), ["Which capability is said twice"]);
    for (name, kind) in [
        (known("argocd"), Attr::Null),
        (Attr::Null, known("ARGOCD")),
        (Attr::Unknown, Attr::Null),
        // What is not known yet may turn out to be nothing.
        (Attr::Unknown, known("ARGOCD")),
    ] {
        assert!(said(name, kind).is_empty());
    }
}

#[test]
fn a_capability_that_is_not_there_is_an_error_at_its_name() {
    let error = missing(Error::not_found("No capability found for name: x."), "main");
    assert_eq!(error.path().unwrap().to_string(), "capability_name");
    assert!(error.detail().contains("gitops_eks_capabilities"), "{error:?}");
    assert!(missing(Error::forbidden("no"), "main").path().is_none());
}
