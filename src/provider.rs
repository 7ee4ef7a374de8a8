//! The configured provider: what operations call on.

use std::sync::Arc;

use crate::clients::aws;
use crate::clients::kube::{Clusters, Objects, Target};
use crate::framework::wait::Deadline;
use crate::framework::{
    self, Attr, Diagnostics, Error, Model, Path, Result, Schema, Value, validate,
};
use crate::resources::object::ClusterRef;

mod config;
mod eks;
mod environment;
mod settings;

pub use config::{Config, DefaultTags, IgnoreTags};
use eks::EksClusters;
pub use eks::EksLogin;

/// Which Argo CD a cluster runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgoCd {
    /// Amazon EKS runs it.
    EksCapability,
    /// It runs in the cluster.
    SelfManaged,
}

/// The configured provider. Making one calls nothing.
#[derive(Debug)]
pub struct Provider {
    aws: aws::Clients,
    objects: Objects,
    cluster: Attr<ClusterRef>,
    argo_cd: Option<ArgoCd>,
    /// Settings about tags that are known only after apply.
    unknown_tags: Vec<Path>,
    /// Settings of AWS that are known only after apply.
    unknown: Vec<Path>,
}

impl framework::Provider for Provider {
    fn schema() -> Schema {
        Schema::new(0, Config::DESCRIPTION, Config::attributes())
    }

    fn validate(config: &Value, diagnostics: &mut Diagnostics) {
        validate::validate(&Self::schema().attributes, config, diagnostics);
        if diagnostics.has_errors() {
            return;
        }
        match Config::from_value(settings::judgeable(config.clone())) {
            Ok(typed) => {
                if config.get("cluster").is_wholly_known()
                    && let Some(Err(error)) = typed.cluster.known().map(ClusterRef::target)
                {
                    diagnostics.error(&error);
                }
                // What the environment says is not looked at by a mere validation.
                if let Err(error) =
                    settings::from_config(&typed).and_then(|settings| settings.validate())
                {
                    diagnostics.error(&error);
                }
            }
            Err(error) => diagnostics.error(&error),
        }
    }

    async fn configure(config: Value, diagnostics: &mut Diagnostics) -> Result<Self> {
        Self::validate(&config, diagnostics);
        let unknown = settings::unknown(&config);
        let unknown_tags = settings::unknown_tags(&config);
        let config = Config::from_value(settings::judgeable(config))?;
        let settings = environment::complete(settings::from_config(&config)?)?;
        let aws = aws::Clients::new(settings)?;
        let resolver = Arc::new(EksClusters::new(aws.clone(), unknown.clone()));
        let clusters = Clusters::new(resolver, environment::surroundings());
        let argo_cd = match &config.argo_cd {
            Attr::Unknown => None,
            Attr::Known(which) if which == "self_managed" => Some(ArgoCd::SelfManaged),
            _ => Some(ArgoCd::EksCapability),
        };
        Ok(Self {
            aws,
            objects: Objects::new(Arc::new(clusters)),
            cluster: config.cluster,
            argo_cd,
            unknown_tags,
            unknown,
        })
    }
}

impl Provider {
    /// Amazon EKS, in a region of its own or the provider's.
    pub async fn eks(&self, region: &Attr<String>) -> Result<aws_sdk_eks::Client> {
        self.aws.eks(self.region(region)?, None).await
    }

    /// Amazon ECR, in a region of its own or the provider's.
    pub async fn ecr(&self, region: &Attr<String>) -> Result<aws_sdk_ecr::Client> {
        self.aws.ecr(self.region(region)?, None).await
    }

    /// All that somebody else needs to log in to an EKS cluster, with a new token. A cluster that is
    /// being made is waited for.
    pub async fn log_in(
        &self,
        name: &str,
        region: Option<&str>,
        role_arn: Option<&str>,
        deadline: &Deadline,
    ) -> Result<EksLogin> {
        self.known()?;
        eks::log_in(&self.aws, name, region, role_arn, deadline).await
    }

    /// AWS IAM.
    pub async fn iam(&self) -> Result<aws_sdk_iam::Client> {
        self.known()?;
        self.aws.iam(None, None).await
    }

    /// The partition of ARNs: `aws`, `aws-cn`, `aws-us-gov`, …
    pub async fn partition(&self) -> Result<String> {
        self.known()?;
        Ok(self.aws.caller().await?.partition.clone())
    }

    /// Objects of clusters.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The cluster of an object: its own, or else the provider's.
    ///
    /// # Errors
    /// When neither is known.
    pub fn target(&self, cluster: &Attr<ClusterRef>) -> Result<Target> {
        match self.effective(cluster) {
            Attr::Known(cluster) => cluster.target(),
            Attr::Unknown => Err(ClusterRef::unknown(&["cluster".into()])),
            Attr::Null => Err(no_cluster()),
        }
    }

    /// Refuses a plan of an object that would have no cluster to go to.
    pub fn needs_cluster(&self) -> Result<()> {
        if self.cluster.is_null() { Err(no_cluster()) } else { Ok(()) }
    }

    /// Whether an object that was in one cluster is planned for another.
    pub fn moves(&self, from: &Attr<ClusterRef>, to: &Attr<ClusterRef>) -> bool {
        let known = self.effective(from).known().zip(self.effective(to).known());
        known.is_some_and(|(from, to)| from.differs(to))
    }

    /// Which Argo CD the cluster runs; `None` while that is not known.
    pub fn argo_cd(&self, own: &Attr<String>) -> Option<ArgoCd> {
        match own {
            Attr::Null => self.argo_cd,
            Attr::Unknown => None,
            Attr::Known(which) if which == "self_managed" => Some(ArgoCd::SelfManaged),
            Attr::Known(_) => Some(ArgoCd::EksCapability),
        }
    }

    /// The settings of the AWS clients.
    pub fn settings(&self) -> &aws::Settings {
        self.aws.settings()
    }

    /// What a resource with the tags `own` is tagged with; `None` while the
    /// default tags are not known.
    pub fn all_tags(&self, own: &aws::Tags) -> Option<aws::Tags> {
        self.unknown_tags.is_empty().then(|| self.settings().all_tags(own))
    }

    /// Refuses what needs to know whose a tag is, while that is not known.
    ///
    /// # Errors
    /// When default tags, or those to ignore, are known only after apply.
    pub fn known_tags(&self) -> Result<()> {
        settings::require_known("tags cannot be told apart", &self.unknown_tags)
    }

    fn effective<'a>(&'a self, own: &'a Attr<ClusterRef>) -> &'a Attr<ClusterRef> {
        if own.is_null() { &self.cluster } else { own }
    }

    /// The region of a call that can be made.
    fn region<'a>(&self, own: &'a Attr<String>) -> Result<Option<&'a str>> {
        self.known()?;
        if own.is_unknown() {
            return Err(Error::bug("the region of a call is not known").at("region"));
        }
        Ok(own.as_str())
    }

    fn known(&self) -> Result<()> {
        settings::require_known(settings::NO_CALL, &self.unknown)
    }
}

fn no_cluster() -> Error {
    Error::invalid("no cluster is given").at(Path::attribute("cluster")).advise(
        "Set `cluster` on the resource or on the provider, as in cluster = { name = \
             \"my-eks-cluster\" }. The provider never falls back to localhost, to a kubeconfig of \
             the environment or to the service account of a pod.",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::clients::kube::{Freshness, ObjectKind};
    use crate::framework::schema::{Kind, Nesting, Presence};
    use crate::framework::{Set, Step};
    use framework::Provider as _;

    async fn configured(change: impl FnOnce(&mut Config)) -> (Result<Provider>, Diagnostics) {
        let mut config = Config::default();
        change(&mut config);
        let mut diagnostics = Diagnostics::default();
        let provider = Provider::configure(config.into_value(), &mut diagnostics).await;
        (provider, diagnostics)
    }

    async fn planned(config: Value) -> Provider {
        let mut diagnostics = Diagnostics::default();
        Provider::validate(&config, &mut diagnostics);
        let provider = Provider::configure(config, &mut diagnostics).await.unwrap();
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        provider
    }

    #[tokio::test]
    async fn everything_may_be_unknown() {
        let schema = Provider::schema();
        let config = schema.attributes.iter().map(|attr| (attr.name.to_owned(), Value::Unknown));
        let provider = planned(config.collect()).await;
        let error = provider.eks(&Attr::Null).await.unwrap_err();
        assert!(error.message().contains("known only after apply"), "{error}");
        assert!(provider.target(&Attr::Null).unwrap_err().message().contains("not known yet"));
        assert!(provider.known_tags().is_err());
        assert_eq!(provider.all_tags(&aws::Tags::new()), None);
        assert_eq!(provider.argo_cd(&Attr::Null), None);
        assert!(provider.needs_cluster().is_ok());
    }

    /// Each attribute by itself, unknown, and beside it only what must be set, unknown too.
    fn unknown_one_by_one(attributes: &[framework::Attribute], at: &Path) -> Vec<(Path, Value)> {
        let mut found = Vec::new();
        for attr in attributes {
            let at = at.field(attr.name);
            let (nesting, inner) = match &attr.kind {
                Kind::Nested(nesting, inner) => (nesting, inner),
                Kind::Plain(_) => {
                    found.push((at, Value::from_iter([(attr.name.to_owned(), Value::Unknown)])));
                    continue;
                }
            };
            let inside = if *nesting == Nesting::List { at.index(0) } else { at };
            let required = inner.iter().filter(|attr| attr.presence == Presence::Required);
            let required: Vec<_> = required.map(|attr| attr.name).collect();
            for (path, mut value) in unknown_one_by_one(inner, &inside) {
                for name in &required {
                    value.set(name, Value::Unknown);
                }
                if *nesting == Nesting::List {
                    value = Value::List(vec![value]);
                }
                found.push((path, Value::from_iter([(attr.name.to_owned(), value)])));
            }
        }
        found
    }

    #[tokio::test]
    async fn a_setting_that_is_unknown_is_named_by_whatever_needs_it() {
        let all = unknown_one_by_one(&Provider::schema().attributes, &Path::root());
        assert!(all.len() > 60, "{all:?}");
        for (path, config) in all {
            let provider = planned(config).await;
            let Some(Step::Attribute(first)) = path.steps().first() else { unreachable!() };
            let says = |result: Result<()>| {
                let error = result.expect_err(&format!("{path} is not known"));
                let message = error.message();
                assert!(message.contains(&path.to_string()), "{path}: {message}");
                assert!(message.ends_with("known only after apply"), "{path}: {message}");
                assert!(error.detail().contains("-target"), "{path}: {error}");
            };
            match first.as_str() {
                "cluster" => says(provider.target(&Attr::Null).map(drop)),
                "default_tags" | "ignore_tags" => says(provider.known_tags()),
                "argo_cd" => assert_eq!(provider.argo_cd(&Attr::Null), None),
                _ => {
                    says(provider.iam().await.map(drop));
                    says(provider.eks(&"eu-west-1".to_owned().into()).await.map(drop));
                    says(provider.ecr(&"eu-west-1".to_owned().into()).await.map(drop));
                    says(provider.partition().await.map(drop));
                    let cluster = ClusterRef { name: "a".to_owned().into(), ..Default::default() };
                    let target = provider.target(&cluster.into()).unwrap();
                    let object = ObjectKind::new("v1", "Namespace", "namespaces").cluster_wide("a");
                    let deadline =
                        Deadline::new(Duration::from_secs(5), CancellationToken::default());
                    let objects = provider.objects();
                    let read = objects.get(&target, &object, Freshness::Now, &deadline).await;
                    says(read.map(drop));
                }
            }
        }
    }

    #[tokio::test]
    async fn a_cluster_by_host_needs_no_setting_of_aws() {
        let (provider, diagnostics) = configured(|config| {
            config.region = Attr::Unknown;
            config.cluster = ClusterRef {
                host: "https://x".to_owned().into(),
                token: Attr::Known("t".into()),
                ..ClusterRef::default()
            }
            .into();
        })
        .await;
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        provider.unwrap().target(&Attr::Null).unwrap();
    }

    #[tokio::test]
    async fn what_is_known_in_part_is_not_judged_yet() {
        let (provider, diagnostics) = configured(|config| {
            config.access_key = Attr::Unknown;
            config.secret_key = Attr::Known("secret".into());
            config.allowed_account_ids = Attr::Known(Set(["123456789012".to_owned()].into()));
            let role = config::AssumeRole { role_arn: Attr::Unknown, ..Default::default() };
            config.assume_role = Attr::Known(vec![role]);
        })
        .await;
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        let error = provider.unwrap().iam().await.unwrap_err();
        assert_eq!(
            error.message(),
            "AWS cannot be called: of the provider block, access_key and assume_role[0].role_arn \
             are known only after apply"
        );
    }

    #[tokio::test]
    async fn without_a_cluster_the_error_says_where_to_set_one() {
        let (provider, _) = configured(|_| {}).await;
        let error = provider.unwrap().target(&Attr::Null).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "cluster");
        assert!(error.detail().contains("on the provider"));
    }

    #[tokio::test]
    async fn a_resource_s_own_cluster_wins() {
        let named =
            |name: &str| ClusterRef { name: name.to_owned().into(), ..ClusterRef::default() };
        let (provider, _) = configured(|config| config.cluster = named("a").into()).await;
        let provider = provider.unwrap();
        assert!(!provider.moves(&Attr::Null, &named("a").into()));
        assert!(provider.moves(&Attr::Null, &named("b").into()));
        assert_eq!(provider.target(&named("b").into()).unwrap(), named("b").target().unwrap());
    }

    #[tokio::test]
    async fn an_invalid_cluster_is_refused_where_it_is_written() {
        let (_, diagnostics) = configured(|config| {
            config.cluster = ClusterRef {
                name: "a".to_owned().into(),
                host: "https://x".to_owned().into(),
                ..ClusterRef::default()
            }
            .into();
        })
        .await;
        let found: Vec<_> = diagnostics.iter().map(|d| d.path.to_string()).collect();
        assert_eq!(found, ["cluster.host"]);
    }
}
