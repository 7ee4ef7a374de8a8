//! EKS clusters, as they are.

use std::collections::BTreeMap;

use aws_sdk_eks::types::{AccessConfigResponse, Cluster, VpcConfigResponse};

use crate::clients::arn::Arn;
use crate::clients::aws::OperationResult;
use crate::framework::{Attr, DataSource, Error, Model, Result, Set};
use crate::provider::Provider;
use crate::resources::Operation;

/// Reads an EKS cluster: where its API is, which issuer its service accounts have, and how it is set
/// up. It is read as it is, in whatever status.
///
/// To make objects in the cluster none of this is needed: `cluster = { name = "main" }` finds it.
#[derive(Clone, Debug, Default, Model)]
pub struct EksCluster {
    /// Name of the cluster.
    #[attr(required)]
    name: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(check = crate::framework::checks::region)]
    region: Attr<String>,
    /// ARN of the cluster.
    #[attr(computed)]
    arn: Attr<String>,
    /// URL of the API server; null until there is one.
    #[attr(computed)]
    endpoint: Attr<String>,
    /// What signs the API server's certificate; null until there is something.
    #[attr(computed)]
    certificate_authority: Attr<CertificateAuthority>,
    /// Version of Kubernetes, such as `1.34`.
    #[attr(computed)]
    version: Attr<String>,
    /// Version of the platform, such as `eks.5`.
    #[attr(computed)]
    platform_version: Attr<String>,
    /// Status: `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, `FAILED` or `PENDING`.
    #[attr(computed)]
    status: Attr<String>,
    /// ARN of the IAM role of the control plane.
    #[attr(computed)]
    role_arn: Attr<String>,
    /// Who vouches for the cluster's service accounts; null until there is somebody.
    #[attr(computed)]
    identity: Attr<Identity>,
    /// ARN that an IAM OIDC provider for the issuer has, in the account of the cluster. That there is
    /// one is not looked at.
    #[attr(computed)]
    oidc_provider_arn: Attr<String>,
    /// Network of the cluster.
    #[attr(computed)]
    vpc_config: Attr<VpcConfig>,
    /// How principals are let in.
    #[attr(computed)]
    access_config: Attr<AccessConfig>,
    /// Tags of the cluster, without those that the provider ignores.
    #[attr(computed)]
    tags: Attr<BTreeMap<String, String>>,
}

/// What signs the API server's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct CertificateAuthority {
    /// Certificates, PEM in base64.
    #[attr(computed)]
    data: Attr<String>,
}

/// Who vouches for the cluster's service accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Identity {
    /// The issuer of their tokens.
    #[attr(computed)]
    oidc: Attr<Oidc>,
}

/// The issuer of the tokens of service accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Oidc {
    /// URL of the issuer.
    #[attr(computed)]
    issuer: Attr<String>,
}

/// Network of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct VpcConfig {
    /// Id of the VPC.
    #[attr(computed)]
    vpc_id: Attr<String>,
    /// Ids of the subnets of the control plane.
    #[attr(computed)]
    subnet_ids: Attr<Set<String>>,
    /// Ids of the control plane's own security groups.
    #[attr(computed)]
    security_group_ids: Attr<Set<String>>,
    /// Id of the security group that EKS made for the cluster.
    #[attr(computed)]
    cluster_security_group_id: Attr<String>,
    /// Whether the API server is reached from within the VPC.
    #[attr(computed)]
    endpoint_private_access: Attr<bool>,
    /// Whether the API server is reached from the internet.
    #[attr(computed)]
    endpoint_public_access: Attr<bool>,
    /// From where on the internet.
    #[attr(computed)]
    public_access_cidrs: Attr<Set<String>>,
}

/// How principals are let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AccessConfig {
    /// By access entries (`API`), by the config map `aws-auth` (`CONFIG_MAP`), or by both
    /// (`API_AND_CONFIG_MAP`).
    #[attr(computed)]
    authentication_mode: Attr<String>,
    /// Whether the one who made the cluster is its administrator.
    #[attr(computed)]
    bootstrap_cluster_creator_admin_permissions: Attr<bool>,
}

impl DataSource for EksCluster {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "eks_cluster";

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        cx.provider().known_tags()?;
        let name = config.name.require("name")?.clone();
        let eks = cx.provider().eks(&config.region).await?;
        let answer = eks.describe_cluster().name(&name).send().await.operation("DescribeCluster");
        let cluster = answer.map_err(|error| missing(error, &name))?.cluster;
        let cluster = cluster.ok_or_else(|| Error::failed("DescribeCluster answered nothing"))?;
        let mut found = project(cluster);
        let settings = cx.provider().settings();
        found.tags = found.tags.map(|tags| settings.seen_tags(tags));
        Ok(Self { region: config.region, ..found })
    }
}

fn missing(error: Error, name: &str) -> Error {
    if !error.is_not_found() {
        return error;
    }
    error.at("name").advise(format!(
        "Check the name {name:?}, the Region, and the account of the credentials. A cluster that \
         this configuration makes is read once it is there if its name is taken from the resource \
         that makes it."
    ))
}

/// What the state shows of an answer.
fn project(cluster: Cluster) -> EksCluster {
    let status = cluster.status().map(|status| status.as_str().to_owned());
    let issuer = cluster.identity.and_then(|identity| identity.oidc).and_then(|oidc| oidc.issuer);
    let provider = issuer.as_deref().zip(cluster.arn.as_deref());
    let oidc = issuer.clone().map(|issuer| Oidc { issuer: issuer.into() });
    let authority = cluster.certificate_authority.and_then(|authority| authority.data);
    EksCluster {
        oidc_provider_arn: provider.and_then(|(issuer, arn)| oidc_provider(issuer, arn)).into(),
        name: cluster.name.into(),
        region: Attr::Null,
        arn: cluster.arn.into(),
        endpoint: cluster.endpoint.into(),
        certificate_authority: authority
            .map(|data| CertificateAuthority { data: data.into() })
            .into(),
        version: cluster.version.into(),
        platform_version: cluster.platform_version.into(),
        status: status.into(),
        role_arn: cluster.role_arn.into(),
        identity: oidc.map(|oidc| Identity { oidc: oidc.into() }).into(),
        vpc_config: cluster.resources_vpc_config.map(network).into(),
        access_config: cluster.access_config.map(access).into(),
        tags: cluster.tags.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>().into(),
    }
}

fn oidc_provider(issuer: &str, cluster_arn: &str) -> Option<String> {
    let Arn { partition, account, .. } = cluster_arn.parse().ok()?;
    let issuer = issuer.strip_prefix("https://")?;
    Some(format!("arn:{partition}:iam::{account}:oidc-provider/{issuer}"))
}

fn network(network: VpcConfigResponse) -> VpcConfig {
    let set = |ids: Option<Vec<String>>| Attr::Known(Set(ids.unwrap_or_default()));
    VpcConfig {
        endpoint_private_access: network.endpoint_private_access.into(),
        endpoint_public_access: network.endpoint_public_access.into(),
        vpc_id: network.vpc_id.into(),
        subnet_ids: set(network.subnet_ids),
        security_group_ids: set(network.security_group_ids),
        cluster_security_group_id: network.cluster_security_group_id.into(),
        public_access_cidrs: set(network.public_access_cidrs),
    }
}

fn access(access: AccessConfigResponse) -> AccessConfig {
    let mode = access.authentication_mode.map(|mode| mode.as_str().to_owned());
    AccessConfig {
        authentication_mode: mode.into(),
        bootstrap_cluster_creator_admin_permissions: access
            .bootstrap_cluster_creator_admin_permissions
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{
        AuthenticationMode, Certificate, ClusterStatus, Identity as ApiIdentity, Oidc as ApiOidc,
    };

    use super::*;

    #[test]
    fn everything_of_a_cluster_is_shown() {
        let issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF";
        let oidc = ApiOidc::builder().issuer(issuer).build();
        let network = VpcConfigResponse::builder()
            .vpc_id("vpc-1")
            .subnet_ids("subnet-1")
            .subnet_ids("subnet-2")
            .cluster_security_group_id("sg-1")
            .endpoint_private_access(true)
            .endpoint_public_access(false);
        let access = AccessConfigResponse::builder()
            .authentication_mode(AuthenticationMode::Api)
            .bootstrap_cluster_creator_admin_permissions(true);
        let cluster = Cluster::builder()
            .name("main")
            .arn("arn:aws:eks:eu-west-1:123456789012:cluster/main")
            .endpoint("https://main.example.com")
            .certificate_authority(Certificate::builder().data("QUFB").build())
            .version("1.34")
            .platform_version("eks.5")
            .status(ClusterStatus::Active)
            .role_arn("arn:aws:iam::123456789012:role/main")
            .identity(ApiIdentity::builder().oidc(oidc).build())
            .resources_vpc_config(network.build())
            .access_config(access.build())
            .tags("team", "a")
            .build();
        let found = project(cluster);
        let text = |attr: &Attr<String>| attr.as_str().unwrap_or("nothing").to_owned();
        assert_eq!(text(&found.status), "ACTIVE");
        assert_eq!(text(&found.platform_version), "eks.5");
        let authority = found.certificate_authority.known().unwrap();
        assert_eq!(text(&authority.data), "QUFB");
        let identity = found.identity.known().unwrap();
        assert_eq!(text(&identity.oidc.known().unwrap().issuer), issuer);
        assert_eq!(
            text(&found.oidc_provider_arn),
            "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/\
             0123456789ABCDEF"
        );
        let network = found.vpc_config.known().unwrap();
        let subnets = Set(["subnet-1", "subnet-2"].map(str::to_owned).to_vec());
        assert_eq!(network.subnet_ids, Attr::Known(subnets));
        assert_eq!(network.security_group_ids, Attr::Known(Set::default()));
        assert_eq!(network.endpoint_public_access, Attr::Known(false));
        let access = found.access_config.known().unwrap();
        assert_eq!(text(&access.authentication_mode), "API");
        assert_eq!(found.tags.known().unwrap()["team"], "a");
    }

    #[test]
    fn what_a_new_cluster_does_not_have_yet_is_null() {
        let cluster = Cluster::builder().name("main").status(ClusterStatus::Creating).build();
        let found = project(cluster).into_value();
        for name in ["endpoint", "certificate_authority", "identity", "oidc_provider_arn"] {
            assert!(found.get(name).is_null(), "{name}");
        }
        assert_eq!(found.get("status").as_str(), Some("CREATING"));
    }

    #[test]
    fn a_cluster_that_is_not_there_is_an_error_at_its_name() {
        let error = missing(Error::not_found("no cluster found for name: main"), "main");
        assert_eq!(error.path().unwrap().to_string(), "name");
        assert!(error.detail().contains("Region"), "{error:?}");
        assert!(missing(Error::forbidden("no"), "main").path().is_none());
    }
}
