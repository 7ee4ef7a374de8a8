//! ECR repositories, with their policies.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ecr::Client;
use aws_sdk_ecr::error::BuildError;
use aws_sdk_ecr::types::{self as sdk, Repository as Found, Tag};

use super::lifecycle_policy;
use crate::clients::aws::OperationResult;
use crate::clients::aws::tags::Changes;
use crate::framework::checks::{self, region as region_name};
use crate::framework::wait::{self, Pace, Poll};
use crate::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Model, Path, Peer, Resource,
    Result, Saved, Set, Timeouts, Value,
};
use crate::provider::Provider;
use crate::resources::iam::policy_document;
use crate::resources::{Operation, tags};

mod policies;
mod rules;
mod scanning;

use policies::Policy;
use rules::{kms_key, repository_name, repository_policy, same_kms_key, tag_filter};

/// A repository of Amazon ECR for images and charts, with its lifecycle policy and its repository
/// policy.
///
/// Policies are compared by meaning: another order of rules, statements or keys is no change.
#[derive(Clone, Debug, Default, Model)]
pub struct Repository {
    /// Name of the repository, with namespaces as in `shop/api`.
    #[attr(required, replace, identity, check = repository_name)]
    pub name: Attr<String>,
    /// Whether a tag can be moved to another image: `MUTABLE`, `IMMUTABLE`, or either of them with
    /// exceptions, which `image_tag_mutability_exclusion_filters` lists.
    #[attr(
        default = "MUTABLE",
        one_of = ["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"]
    )]
    pub image_tag_mutability: Attr<String>,
    /// The tags that are an exception to `image_tag_mutability`. Five at most.
    #[attr(length(1, 5))]
    pub image_tag_mutability_exclusion_filters: Attr<Set<ExclusionFilter>>,
    /// How images are scanned. The settings of the registry, where they say something of the
    /// repository, count more.
    #[attr(optional, computed, stable)]
    pub image_scanning_configuration: Attr<ScanningConfiguration>,
    /// How images are encrypted, which cannot be changed later.
    #[attr(optional, computed, stable, replace = "if_configured")]
    pub encryption_configuration: Attr<EncryptionConfiguration>,
    /// At a destroy, also delete the images. Without it, a repository that has some stays.
    #[attr(default = false)]
    pub force_delete: Attr<bool>,
    /// Which images expire or are archived, JSON. When not set, a lifecycle policy that the repository
    /// has from elsewhere is left alone.
    #[attr(check = lifecycle_policy::check, same = lifecycle_policy::equivalent)]
    pub lifecycle_policy: Attr<String>,
    /// Who else may use the repository, JSON. Its statements have no `Resource`. When not set, a policy
    /// that the repository has from elsewhere is left alone.
    #[attr(
        check = checks::policy_document,
        check = repository_policy,
        same = policy_document::equivalent
    )]
    pub repository_policy: Attr<String>,
    /// Region of the repository; the provider's when not set.
    #[attr(replace, local, check = region_name)]
    pub region: Attr<String>,
    /// Tags of the repository.
    pub tags: Attr<BTreeMap<String, String>>,
    /// Tags of the repository, with the provider's `default_tags`.
    #[attr(computed)]
    pub tags_all: Attr<BTreeMap<String, String>>,
    /// ARN of the repository.
    #[attr(computed, stable)]
    pub arn: Attr<String>,
    /// Account whose registry the repository is in.
    #[attr(computed, stable)]
    pub registry_id: Attr<String>,
    /// What images are pushed to and pulled from, such as
    /// `123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api`.
    #[attr(computed, stable)]
    pub repository_url: Attr<String>,
    /// How long each operation may take, waiting included.
    #[attr(block, local)]
    pub timeouts: Attr<Timeouts>,
}

/// Tags that are an exception.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ExclusionFilter {
    /// The tags, in which `*` stands for any characters: `latest`, `dev-*`.
    #[attr(required, check = tag_filter)]
    pub filter: Attr<String>,
    /// How `filter` is read: `WILDCARD`.
    #[attr(required, one_of = ["WILDCARD"])]
    pub filter_type: Attr<String>,
}

/// How images are scanned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScanningConfiguration {
    /// Whether an image is scanned for vulnerabilities when it is pushed.
    #[attr(required)]
    pub scan_on_push: Attr<bool>,
}

/// How images are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct EncryptionConfiguration {
    /// By keys of S3 (`AES256`), by a key of KMS (`KMS`), or by two layers of those (`KMS_DSSE`).
    #[attr(default = "AES256", one_of = ["AES256", "KMS", "KMS_DSSE"])]
    pub encryption_type: Attr<String>,
    /// The key: its ARN or id, or an alias. Without it, KMS takes the one that AWS manages for ECR. To
    /// import a repository, write the ARN: an alias cannot be told from another key.
    #[attr(optional, computed, stable, check = kms_key, same = same_kms_key)]
    pub kms_key: Attr<String>,
}

impl Resource for Repository {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "ecr_repository";
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(20);
    const IMPORT: ImportFormat = ImportFormat("{name}");
    const PEERS: &'static [Peer] = &[Peer {
        providers: &["hashicorp/aws"],
        type_name: "aws_ecr_repository",
        find: |repository| repository.texts(["name"]),
    }];

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        rules::across(config, diagnostics);
    }

    fn generated(config: &mut Value) {
        // Encryption without KMS is what a repository has when nothing is said, and has no key.
        if config.get("encryption_configuration").get("encryption_type").is_null() {
            config.set("encryption_configuration", Value::Null);
        }
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        tags::plan(cx, change)
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let ecr = cx.provider().ecr(&planned.region).await?;
        let name = planned.name.require("name")?;
        let created = ecr
            .create_repository()
            .repository_name(name)
            .set_image_tag_mutability(planned.mutability())
            .set_image_tag_mutability_exclusion_filters(planned.exclusions()?)
            .set_image_scanning_configuration(planned.scanning())
            .set_encryption_configuration(planned.encryption()?)
            .set_tags(to_tags(&planned.tags_all))
            .send()
            .await
            .operation("CreateRepository");
        let found = match created {
            Ok(answer) => answer.repository.ok_or_else(|| Error::bug("ECR answered nothing"))?,
            Err(error) if error.is_already_exists() => planned.adopt(cx, &ecr, name, error).await?,
            Err(error) => return Err(error),
        };
        // From here on it exists; its policies follow.
        let made = planned.seen(found);
        let mut state =
            Self { lifecycle_policy: Attr::Null, repository_policy: Attr::Null, ..made.clone() };
        progress.save(state.clone());
        for policy in Policy::ALL {
            let wanted = policy.of(&planned);
            if let Some(document) = wanted.known() {
                policy.put(cx, &ecr, name, document, true).await?;
                policy.set(&mut state, wanted.clone());
                progress.save(state.clone());
            }
        }
        Ok(made)
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let ecr = cx.provider().ecr(&state.region).await?;
        let name = state.name.require("name")?;
        let mut read = state.seen(describe(&ecr, name).await?);
        read.tags_all = tags_of(&ecr, read.arn.require("arn")?).await?;
        let before = [&state.tags, &state.tags_all];
        tags::read(cx, before, &mut read.tags, &mut read.tags_all)?;
        for policy in Policy::ALL {
            if cx.is_imported() || policy.of(&state).is_set() {
                let document = policy.get(&ecr, name).await?;
                policy.set(&mut read, document.into());
            }
        }
        Ok(Some(read))
    }

    async fn update(
        cx: &Operation,
        prior: Self,
        planned: Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let ecr = cx.provider().ecr(&planned.region).await?;
        let name = prior.name.require("name")?;
        let mut state = Self { force_delete: planned.force_delete.clone(), ..prior.clone() };
        let tag_rules = |of: &Self| {
            let mut filters = of.exclusion_filters();
            filters.sort();
            (of.image_tag_mutability.clone(), filters)
        };
        if tag_rules(&prior) != tag_rules(&planned) {
            ecr.put_image_tag_mutability()
                .repository_name(name)
                .set_image_tag_mutability(planned.mutability())
                .set_image_tag_mutability_exclusion_filters(planned.exclusions()?)
                .send()
                .await
                .operation("PutImageTagMutability")?;
            state.image_tag_mutability = planned.image_tag_mutability.clone();
            state.image_tag_mutability_exclusion_filters =
                planned.image_tag_mutability_exclusion_filters.clone();
            progress.save(state.clone());
        }
        if prior.scanning() != planned.scanning() {
            scanning::put(&ecr, name, planned.scanning()).await?;
            state.image_scanning_configuration = planned.image_scanning_configuration.clone();
            progress.save(state.clone());
        }
        for policy in Policy::ALL {
            let wanted = policy.of(&planned);
            if policy.of(&prior) == wanted {
                continue;
            }
            match wanted.known() {
                Some(document) => policy.put(cx, &ecr, name, document, false).await?,
                None => policy.remove(&ecr, name).await?,
            }
            policy.set(&mut state, wanted.clone());
            progress.save(state.clone());
        }
        let arn = prior.arn.require("arn")?;
        update_tags(cx, &ecr, arn, &prior.tags_all, &planned.tags_all).await?;
        Ok(planned)
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let ecr = cx.provider().ecr(&state.region).await?;
        let name = state.name.require("name")?;
        let deleted = ecr
            .delete_repository()
            .repository_name(name)
            .set_force(state.force_delete.known().copied())
            .send()
            .await
            .operation("DeleteRepository");
        if let Err(error) = deleted {
            return Err(match error.api_code() {
                Some("RepositoryNotEmptyException") => error.at("force_delete").advise(
                    "Delete the images, or set force_delete = true and apply before the destroy.",
                ),
                _ => error,
            });
        }
        let what = format!("the repository {name} to be gone");
        wait::until(cx.deadline(), Pace::AWS, &what, || async {
            match describe(&ecr, name).await {
                Ok(_) => Ok(Poll::Pending("it is still there".into())),
                Err(error) if error.is_not_found() => Ok(Poll::Ready(())),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

impl Repository {
    fn mutability(&self) -> Option<sdk::ImageTagMutability> {
        self.image_tag_mutability.as_str().map(Into::into)
    }

    /// Each filter with its type.
    fn exclusion_filters(&self) -> Vec<(String, String)> {
        let filters = self.image_tag_mutability_exclusion_filters.known();
        let text = |attr: &Attr<String>| attr.as_str().unwrap_or_default().to_owned();
        let pair = |filter: &ExclusionFilter| (text(&filter.filter), text(&filter.filter_type));
        filters.map(|filters| filters.0.iter().map(pair).collect()).unwrap_or_default()
    }

    fn exclusions(&self) -> Result<Option<Vec<sdk::ImageTagMutabilityExclusionFilter>>> {
        let built = self.exclusion_filters().into_iter().map(|(filter, kind)| {
            sdk::ImageTagMutabilityExclusionFilter::builder()
                .filter(filter)
                .filter_type(kind.as_str().into())
                .build()
                .map_err(incomplete)
        });
        let built = built.collect::<Result<Vec<_>>>()?;
        Ok((!built.is_empty()).then_some(built))
    }

    fn scanning(&self) -> Option<sdk::ImageScanningConfiguration> {
        let configuration = self.image_scanning_configuration.known()?;
        let scan = *configuration.scan_on_push.known()?;
        Some(sdk::ImageScanningConfiguration::builder().scan_on_push(scan).build())
    }

    fn encryption(&self) -> Result<Option<sdk::EncryptionConfiguration>> {
        let Some(configuration) = self.encryption_configuration.known() else { return Ok(None) };
        let kind = configuration.encryption_type.as_str().map(Into::into);
        let built = sdk::EncryptionConfiguration::builder()
            .set_encryption_type(kind)
            .set_kms_key(configuration.kms_key.known().cloned())
            .build();
        built.map(Some).map_err(incomplete)
    }

    /// This configuration with what ECR says of the repository itself.
    fn seen(&self, found: Found) -> Self {
        let filters = found.image_tag_mutability_exclusion_filters.unwrap_or_default();
        let filters: Vec<_> = filters
            .into_iter()
            .map(|filter| ExclusionFilter {
                filter: filter.filter.into(),
                filter_type: filter.filter_type.as_str().to_owned().into(),
            })
            .collect();
        let scan = found.image_scanning_configuration.is_some_and(|scanning| scanning.scan_on_push);
        let encryption = found.encryption_configuration;
        let ours = self.encryption_configuration.known();
        let ours = ours.and_then(|ours| ours.kms_key.known());
        Self {
            name: found.repository_name.into(),
            image_tag_mutability: found
                .image_tag_mutability
                .map_or("MUTABLE".to_owned(), |mutability| mutability.as_str().to_owned())
                .into(),
            image_tag_mutability_exclusion_filters: if filters.is_empty() {
                Attr::Null
            } else {
                Attr::Known(Set(filters))
            },
            image_scanning_configuration: ScanningConfiguration { scan_on_push: scan.into() }
                .into(),
            encryption_configuration: EncryptionConfiguration {
                encryption_type: encryption
                    .as_ref()
                    .map_or("AES256", |encryption| encryption.encryption_type.as_str())
                    .to_owned()
                    .into(),
                kms_key: rules::seen_key(ours, encryption.and_then(|found| found.kms_key)).into(),
            }
            .into(),
            force_delete: Attr::Known(self.force_delete.is_true()),
            arn: found.repository_arn.into(),
            registry_id: found.registry_id.into(),
            repository_url: found.repository_uri.into(),
            ..self.clone()
        }
    }

    /// Takes over a repository of this name that is what is planned or a part of it, and has no images
    /// yet, as after an apply that was killed half-way.
    async fn adopt(
        &self,
        cx: &Operation,
        ecr: &Client,
        name: &str,
        refused: Error,
    ) -> Result<Found> {
        let found = describe(ecr, name).await?;
        let seen = self.seen(found.clone());
        let filters = |of: &Self| {
            let mut filters = of.exclusion_filters();
            filters.sort();
            filters
        };
        let mut same = seen.image_tag_mutability == self.image_tag_mutability
            && filters(&seen) == filters(self)
            && (self.scanning().is_none() || seen.scanning() == self.scanning())
            && rules::same_encryption(self, &seen)
            && tags_of(ecr, seen.arn.require("arn")?).await? == self.tags_all;
        for policy in Policy::ALL {
            if let Some(document) = policy.get(ecr, name).await? {
                let wanted = policy.of(self).as_str();
                same &= wanted.is_some_and(|wanted| policy.same(wanted, &document));
            }
        }
        let images = ecr.list_images().repository_name(name).max_results(1).send().await;
        let images = images.operation("ListImages")?.image_ids.unwrap_or_default();
        if !same || !images.is_empty() {
            let why = if same { "with images in it" } else { "with other settings" };
            return Err(refused.at("name").advise(format!(
                "A repository of this name exists, {why}. To manage it here, import it: tofu \
                 import ADDRESS {name}"
            )));
        }
        cx.warn(
            Path::root(),
            "Adopted an existing repository",
            format!(
                "The repository {name} was there already, as configured and without images. It is \
                 managed here from now on."
            ),
        );
        Ok(found)
    }
}

async fn describe(ecr: &Client, name: &str) -> Result<Found> {
    let answer = ecr.describe_repositories().repository_names(name).send().await;
    let found = answer.operation("DescribeRepositories")?.repositories;
    let found = found.and_then(|found| found.into_iter().next());
    found.ok_or_else(|| Error::not_found(format!("ECR shows no repository {name}")))
}

async fn tags_of(ecr: &Client, arn: &str) -> Result<Attr<BTreeMap<String, String>>> {
    let answer = ecr.list_tags_for_resource().resource_arn(arn).send().await;
    let tags = answer.operation("ListTagsForResource")?.tags.unwrap_or_default();
    let tags: HashMap<_, _> = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    Ok(tags::from_api(Some(tags)))
}

async fn update_tags(
    cx: &Operation,
    ecr: &Client,
    arn: &str,
    before: &Attr<BTreeMap<String, String>>,
    after: &Attr<BTreeMap<String, String>>,
) -> Result<()> {
    let Changes { set, remove } = tags::changes(cx, before, after)?;
    if !remove.is_empty() {
        let call = ecr.untag_resource().resource_arn(arn).set_tag_keys(Some(remove));
        call.send().await.operation("UntagResource")?;
    }
    if let Some(tags) = to_tags(&Attr::Known(set)) {
        let call = ecr.tag_resource().resource_arn(arn).set_tags(Some(tags));
        call.send().await.operation("TagResource")?;
    }
    Ok(())
}

fn to_tags(tags: &Attr<BTreeMap<String, String>>) -> Option<Vec<Tag>> {
    let tags = tags::to_api(tags)?;
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().ok();
    Some(tags.into_iter().filter_map(tag).collect())
}

fn incomplete(error: BuildError) -> Error {
    Error::bug("a call of ECR lacks a part").caused_by(error)
}

#[cfg(test)]
mod tests;
