//! The pod identity associations of a cluster.

use aws_sdk_eks::types::PodIdentityAssociationSummary;

use crate::clients::aws::OperationResult;
use crate::framework::checks::{dns_label, dns_subdomain};
use crate::framework::{Attr, DataSource, Diagnostics, Model, Path, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// Lists the EKS Pod Identity associations of a cluster, of a namespace in it, or the one of a
/// service account: which service accounts get the permissions of an IAM role, and who manages
/// that.
#[derive(Clone, Debug, Default, Model)]
pub struct PodIdentityAssociations {
    /// Name of the cluster.
    #[attr(required)]
    cluster_name: Attr<String>,
    /// Only associations of service accounts in this namespace.
    #[attr(check = dns_label)]
    namespace: Attr<String>,
    /// Only the association of this service account of `namespace`.
    #[attr(check = dns_subdomain)]
    service_account: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(check = crate::framework::checks::region)]
    region: Attr<String>,
    /// The associations, by namespace and service account.
    #[attr(computed)]
    associations: Attr<Vec<Summary>>,
}

/// What a list tells of an association.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Summary {
    /// Namespace of the service account.
    #[attr(computed)]
    namespace: Attr<String>,
    /// Name of the service account.
    #[attr(computed)]
    service_account: Attr<String>,
    /// Id of the association, `a-…`.
    #[attr(computed)]
    association_id: Attr<String>,
    /// ARN of the association.
    #[attr(computed)]
    association_arn: Attr<String>,
    /// ARN of the add-on that manages the association; null when none does.
    #[attr(computed)]
    owner_arn: Attr<String>,
}

impl DataSource for PodIdentityAssociations {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "pod_identity_associations";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        if config.service_account.is_set() && config.namespace.is_null() {
            diagnostics.invalid(
                Path::attribute("service_account"),
                "A service account is one of a namespace",
                "Amazon EKS takes a service account together with its namespace only. Set \
                 namespace.",
            );
        }
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let eks = cx.provider().eks(&config.region).await?;
        let mut pages = eks
            .list_pod_identity_associations()
            .cluster_name(config.cluster_name.require("cluster_name")?)
            .set_namespace(config.namespace.known().cloned())
            .set_service_account(config.service_account.known().cloned())
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(association) = pages.next().await {
            found.push(association.operation("ListPodIdentityAssociations")?);
        }
        Ok(Self { associations: project(found).into(), ..config })
    }
}

/// What the state shows of the answers, by namespace and service account.
fn project(mut found: Vec<PodIdentityAssociationSummary>) -> Vec<Summary> {
    found.sort_by(|a, b| {
        let key =
            |of: &PodIdentityAssociationSummary| (of.namespace.clone(), of.service_account.clone());
        key(a).cmp(&key(b))
    });
    let summary = |found: PodIdentityAssociationSummary| Summary {
        namespace: found.namespace.into(),
        service_account: found.service_account.into(),
        association_id: found.association_id.into(),
        association_arn: found.association_arn.into(),
        owner_arn: found.owner_arn.into(),
    };
    found.into_iter().map(summary).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn associations_are_shown_by_namespace_and_service_account() {
        let summary = |namespace: &str, service_account: &str, owner: Option<&str>| {
            PodIdentityAssociationSummary::builder()
                .namespace(namespace)
                .service_account(service_account)
                .association_id(format!("a-{namespace}-{service_account}"))
                .set_owner_arn(owner.map(str::to_owned))
                .build()
        };
        let addon = "arn:aws:eks:eu-west-1:123456789012:addon/main/vpc-cni/1";
        let shown = project(vec![
            summary("shop", "web", None),
            summary("shop", "api", None),
            summary("kube-system", "aws-node", Some(addon)),
        ]);
        let ids: Vec<_> = shown.iter().map(|one| one.association_id.as_str().unwrap()).collect();
        assert_eq!(ids, ["a-kube-system-aws-node", "a-shop-api", "a-shop-web"]);
        assert_eq!(shown[0].owner_arn.as_str(), Some(addon));
        assert_eq!(shown[1].owner_arn, Attr::Null);
    }

    #[test]
    fn a_service_account_is_asked_for_with_its_namespace() {
        let said = |namespace: Attr<String>| {
            let service_account = Attr::Known("web".to_owned());
            let config =
                PodIdentityAssociations { namespace, service_account, ..Default::default() };
            let mut diagnostics = Diagnostics::default();
            PodIdentityAssociations::validate(&config, &mut diagnostics);
            diagnostics.iter().count()
        };
        assert_eq!(said(Attr::Null), 1);
        assert_eq!(said(Attr::Unknown), 0);
        assert_eq!(said(Attr::Known("shop".to_owned())), 0);
    }
}
