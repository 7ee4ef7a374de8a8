//! `gitops_app_project`: what a group of applications may deploy, and where.

use serde_json::Value as Json;

use super::subscriptions::{self, Subscription};
use super::{ArgocdMeta, leaving, peers, profile};
use crate::clients::kube::ObjectKind;
use crate::framework::api::{self, View};
use crate::framework::checks::{cron_schedule, go_duration, same_go_duration, time_zone};
use crate::framework::{Attr, Attribute, Change, Diagnostics, Model, Peer, Result, Value};
use crate::resources::Operation;
use crate::resources::object::{Kind, Scene};

/// An Argo CD `AppProject`: the repositories, clusters, namespaces and kinds
/// that its applications are confined to, and the roles of its users.
#[derive(Clone, Debug, Default, Model)]
pub struct AppProject {
    /// What is common to the objects of Argo CD.
    #[attr(flatten)]
    pub metadata: ArgocdMeta,
    /// What the project is for; at most 255 characters.
    pub description: Attr<String>,
    /// Repositories that manifests may come from, as URLs or patterns; `*` for any, and a leading
    /// `!` to forbid. None when not set.
    pub source_repos: Attr<Vec<String>>,
    /// Namespaces whose applications may belong to the project, as names or patterns. The EKS
    /// capability needs its own namespace here; otherwise the namespace of Argo CD always may.
    pub source_namespaces: Attr<Vec<String>>,
    /// Clusters and namespaces that may be deployed to. None when not set.
    pub destinations: Attr<Vec<ProjectDestination>>,
    /// Service accounts to deploy with, by destination; for an Argo CD that impersonates them. The
    /// first that fits is taken.
    pub destination_service_accounts: Attr<Vec<DestinationServiceAccount>>,
    /// Kinds of the whole cluster that may be deployed. None when not set.
    pub cluster_resource_whitelist: Attr<Vec<ClusterResource>>,
    /// Kinds of the whole cluster that may not be deployed; it wins over the whitelist.
    pub cluster_resource_blacklist: Attr<Vec<ClusterResource>>,
    /// Kinds of a namespace that may be deployed. All when not set.
    pub namespace_resource_whitelist: Attr<Vec<GroupKind>>,
    /// Kinds of a namespace that may not be deployed; it wins over the whitelist.
    pub namespace_resource_blacklist: Attr<Vec<GroupKind>>,
    /// Watch for resources in the destinations' namespaces that belong to no application; an empty
    /// block turns it on.
    #[attr(keep_empty)]
    pub orphaned_resources: Attr<OrphanedResources>,
    /// Only clusters that are registered for this very project may be deployed to; off when not
    /// set.
    #[attr(omitempty)]
    pub permit_only_project_scoped_clusters: Attr<bool>,
    /// Roles of people and pipelines within the project. Not for the EKS capability, whose roles
    /// come from IAM Identity Center.
    pub roles: Attr<Vec<ProjectRole>>,
    /// GPG keys that commits must be signed with.
    #[attr(
        deprecated = "Use `source_integrity` instead: Argo CD has announced the end of signature keys."
    )]
    pub signature_keys: Attr<Vec<SignatureKey>>,
    /// What is verified of a source before it is deployed.
    pub source_integrity: Attr<SourceIntegrity>,
    /// Times at which applications may or may not be synchronised.
    pub sync_windows: Attr<Vec<SyncWindow>>,
    /// Who hears of the project's applications, by Argo CD's notifications: an annotation for each
    /// trigger and service. Others that people subscribe by are left alone.
    #[attr(local)]
    pub notifications: Attr<Vec<Subscription>>,
}

/// A cluster, by `server` or `name`, and a namespace that may be deployed to.
/// Each may be a pattern with `*`, and begin with `!` to forbid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ProjectDestination {
    /// The cluster by its `server`: the ARN of an EKS cluster for the EKS capability, the URL of
    /// the API server otherwise.
    pub server: Attr<String>,
    /// The cluster by the name that it is registered with.
    pub name: Attr<String>,
    /// The namespace.
    pub namespace: Attr<String>,
}

/// The service account to deploy with to a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DestinationServiceAccount {
    /// The cluster by its `server`, or a pattern.
    #[attr(required)]
    pub server: Attr<String>,
    /// Namespace that is deployed to, or a pattern.
    pub namespace: Attr<String>,
    /// The service account: its name, or `NAMESPACE:NAME` for one of another namespace than the
    /// destination's.
    #[attr(required)]
    pub default_service_account: Attr<String>,
}

/// A kind of the whole cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ClusterResource {
    /// API group, `*` for any, empty for the core group.
    #[attr(required)]
    pub group: Attr<String>,
    /// Kind, `*` for any.
    #[attr(required)]
    pub kind: Attr<String>,
    /// Only objects of this name, or whose name fits this pattern; all when not set.
    pub name: Attr<String>,
}

/// A kind of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GroupKind {
    /// API group, `*` for any, empty for the core group.
    #[attr(required)]
    pub group: Attr<String>,
    /// Kind, `*` for any.
    #[attr(required)]
    pub kind: Attr<String>,
}

/// What happens with resources that belong to no application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct OrphanedResources {
    /// Warn on the applications of the project when there are any; on when not set.
    pub warn: Attr<bool>,
    /// Resources that do not count.
    pub ignore: Attr<Vec<OrphanedResource>>,
}

/// Resources that do not count as orphaned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct OrphanedResource {
    /// Their API group, or a pattern.
    pub group: Attr<String>,
    /// Their kind, or a pattern.
    pub kind: Attr<String>,
    /// Their name, or a pattern.
    pub name: Attr<String>,
}

/// A role within the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ProjectRole {
    /// Its name, unique within the project.
    #[attr(required)]
    pub name: Attr<String>,
    /// What it is for.
    pub description: Attr<String>,
    /// What it may do, each as
    /// `p, proj:PROJECT:ROLE, RESOURCE, ACTION, PROJECT/OBJECT, allow` (or `deny`).
    pub policies: Attr<Vec<String>>,
    /// Groups of the identity provider whose members have it.
    pub groups: Attr<Vec<String>>,
    /// Tokens that were issued for it. Leave it out: Argo CD keeps them in the status of the
    /// project, where they stay valid.
    pub jwt_tokens: Attr<Vec<JwtToken>>,
}

/// A token that was issued for a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct JwtToken {
    /// When it was issued, in seconds since 1970.
    #[attr(required)]
    pub iat: Attr<i64>,
    /// When it ends, in seconds since 1970; never when not set.
    #[attr(omitempty)]
    pub exp: Attr<i64>,
    /// Its id.
    pub id: Attr<String>,
}

/// A GPG key that commits may be signed with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SignatureKey {
    /// Id of the key, in hexadecimal digits.
    #[attr(required, api = "keyID")]
    pub key_id: Attr<String>,
}

/// What is verified of a source before it is deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SourceIntegrity {
    /// For Git repositories.
    #[attr(required)]
    pub git: Attr<GitIntegrity>,
}

/// What is verified of Git repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GitIntegrity {
    /// Rules, each for some repositories.
    #[attr(required)]
    pub policies: Attr<Vec<GitIntegrityPolicy>>,
}

/// What is verified of some Git repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GitIntegrityPolicy {
    /// The repositories.
    #[attr(required)]
    pub repos: Attr<Vec<GitIntegrityRepository>>,
    /// Signatures of commits and tags.
    #[attr(required)]
    pub gpg: Attr<GpgIntegrity>,
}

/// Git repositories that a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GitIntegrityRepository {
    /// Their URL, or a pattern; a leading `!` excludes.
    #[attr(required)]
    pub url: Attr<String>,
}

/// How signatures are verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GpgIntegrity {
    /// What has to be signed: `none` for nothing, `head` for the commit or annotated tag that is
    /// deployed, `strict` for every commit back to the first or to one that seals the history.
    #[attr(required, one_of = ["none", "head", "strict"])]
    pub mode: Attr<String>,
    /// Ids of the keys that are trusted; they have to be in the keyring of the repository server.
    #[attr(required)]
    pub keys: Attr<Vec<String>>,
}

/// A time at which applications may or may not be synchronised. At least one of
/// `applications`, `namespaces` and `clusters` says which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SyncWindow {
    /// Whether synchronisation is possible (`allow`) or not (`deny`) during that time.
    #[attr(required, one_of = ["allow", "deny"])]
    pub kind: Attr<String>,
    /// When the time begins, in the format of cron: `0 22 * * *`.
    #[attr(required, check = cron_schedule)]
    pub schedule: Attr<String>,
    /// How long it lasts, as in `1h30m`.
    #[attr(required, check = go_duration, same = same_go_duration)]
    pub duration: Attr<String>,
    /// Time zone of the schedule, as in `Europe/Berlin`; UTC when not set.
    #[attr(check = time_zone)]
    pub time_zone: Attr<String>,
    /// Applications that it is for, as names or patterns.
    pub applications: Attr<Vec<String>>,
    /// Namespaces that it is for, as names or patterns of the destinations'.
    pub namespaces: Attr<Vec<String>>,
    /// Clusters that it is for, as names or patterns of the destinations'.
    pub clusters: Attr<Vec<String>>,
    /// Applications have to fit all of the three, and not any of them; off when not set.
    #[attr(omitempty)]
    pub and_operator: Attr<bool>,
    /// People may start a synchronisation at any time; off when not set.
    #[attr(omitempty)]
    pub manual_sync: Attr<bool>,
    /// A synchronisation that has begun may go on past the border of the window; off when not set.
    #[attr(omitempty)]
    pub sync_overrun: Attr<bool>,
    /// What it is for, such as the number of a ticket; at most 255 characters.
    pub description: Attr<String>,
}

impl Kind for AppProject {
    type Model = Self;

    const NAME: &'static str = "app_project";
    const OBJECT: ObjectKind = ObjectKind::new("argoproj.io/v1alpha1", "AppProject", "appprojects");
    const LOOKS_FIRST: bool = true;

    const PEERS: &'static [Peer] = &[peers::peer("argocd_project")];

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.check(diagnostics);
    }

    fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        profile::check::<Self>(cx, change, Self::check_profile)
    }

    /// Argo CD does not delete an application whose project it does not find.
    async fn retire(scene: &Scene<'_>, _: &Value) -> Result<()> {
        let name = &scene.object.name;
        leaving::until_gone(scene, |application| application["spec"]["project"] == **name).await
    }

    fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
        let mut object = api::render(attributes, Self::ROOT, values)?;
        subscriptions::write(values, &mut object);
        // Required by its definition, even with nothing in it.
        if object["spec"].is_null() {
            object["spec"] = Json::Object(serde_json::Map::new());
        }
        Ok(object)
    }

    fn project(attributes: &[Attribute], live: &Json, prior: &Value, view: View) -> Result<Value> {
        let mut seen = api::project(attributes, Self::ROOT, live, prior, view);
        subscriptions::read(live, prior, &mut seen, view);
        Ok(seen)
    }

    /// Argo CD writes the tokens that it issues into the roles, and a list has
    /// one owner: so the tokens of others are sent along as they are.
    fn keep(live: &Json, content: &mut Json) {
        let live = live["spec"]["roles"].as_array().cloned().unwrap_or_default();
        // An index would make a null of what is not there.
        let roles = content.pointer_mut("/spec/roles").and_then(Json::as_array_mut);
        let Some(roles) = roles else { return };
        for role in roles.iter_mut().filter(|role| role["jwtTokens"].is_null()) {
            let same = live.iter().find(|live| live["name"] == role["name"]);
            if let Some(tokens) = same.map(|live| &live["jwtTokens"]).filter(|t| !t.is_null()) {
                role["jwtTokens"] = tokens.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_project_that_allows_nothing_has_a_spec_nevertheless() {
        let values = AppProject::default().into_value();
        let rendered = AppProject::render(&AppProject::attributes(), &values).unwrap();
        assert_eq!(rendered["spec"], json!({}));
    }

    #[test]
    fn issued_tokens_stay_with_their_role() {
        let live = json!({"spec": {"roles": [
            {"name": "a", "jwtTokens": [{"iat": 1}]},
            {"name": "b", "jwtTokens": [{"iat": 2}]},
            {"name": "gone", "jwtTokens": [{"iat": 3}]},
        ]}});
        let mut content = json!({"spec": {"roles": [
            {"name": "new"},
            {"name": "b", "policies": []},
            {"name": "a", "jwtTokens": [{"iat": 9}]},
        ]}});
        AppProject::keep(&live, &mut content);
        let mut without_roles = json!({"spec": {"description": "x"}});
        AppProject::keep(&live, &mut without_roles);
        assert_eq!(without_roles, json!({"spec": {"description": "x"}}));
        let expected = json!({"spec": {"roles": [
            {"name": "new"},
            {"name": "b", "policies": [], "jwtTokens": [{"iat": 2}]},
            {"name": "a", "jwtTokens": [{"iat": 9}]},
        ]}});
        assert_eq!(content, expected);
    }
}
