//! Repositories of an organisation, as a generator.

use crate::framework::{Attr, Model};

use super::generator::Further;
use super::references::{BasicAuth, BearerToken, ConfigMapKey, SecretKey};

/// Repositories of an organisation; exactly one host of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmProvider {
    /// Those of an organisation on GitHub.
    pub github: Attr<ScmGithub>,
    /// Those of a group on GitLab.
    pub gitlab: Attr<ScmGitlab>,
    /// Those of an owner on Gitea.
    pub gitea: Attr<ScmGitea>,
    /// Those of a workspace on Bitbucket Cloud.
    pub bitbucket: Attr<ScmBitbucket>,
    /// Those of a project on Bitbucket Data Center.
    pub bitbucket_server: Attr<ScmBitbucketServer>,
    /// Those of a project on Azure DevOps.
    #[attr(api = "azureDevOps")]
    pub azure_devops: Attr<ScmAzureDevops>,
    /// Those of an AWS account on `CodeCommit`.
    pub aws_code_commit: Attr<ScmAwsCodeCommit>,
    /// Only what fits one of these; within one, all has to fit.
    pub filters: Attr<Vec<ScmFilter>>,
    /// How the parameter `url` has the repository: `ssh` or `https`; `ssh` when not set, `https` for
    /// AWS `CodeCommit`.
    pub clone_protocol: Attr<String>,
    /// How often to look for changes, in seconds; every 1800 when not set.
    pub requeue_after_seconds: Attr<i64>,
    /// What it adds to what it finds.
    #[attr(flatten)]
    pub further: Further,
}

/// Which repositories and branches are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmFilter {
    /// The name of the repository fits this regular expression.
    pub repository_match: Attr<String>,
    /// The repository has these paths on the branch.
    pub paths_exist: Attr<Vec<String>>,
    /// The repository has none of these paths on the branch.
    pub paths_do_not_exist: Attr<Vec<String>>,
    /// A label of the repository fits this regular expression.
    pub label_match: Attr<String>,
    /// The name of the branch fits this regular expression.
    pub branch_match: Attr<String>,
}

/// Repositories of an organisation on GitHub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmGithub {
    /// The organisation.
    #[attr(required)]
    pub organization: Attr<String>,
    /// URL of the API of GitHub Enterprise.
    pub api: Attr<String>,
    /// Where the token is; without one only public repositories are found.
    pub token_ref: Attr<SecretKey>,
    /// Name of a repository's Secret with a GitHub App, in place of a token.
    pub app_secret_name: Attr<String>,
    /// Every branch, in place of the default branch; off when not set.
    #[attr(omitempty)]
    pub all_branches: Attr<bool>,
    /// Leave out archived repositories; off when not set.
    #[attr(omitempty)]
    pub exclude_archived_repos: Attr<bool>,
}

/// Repositories of a group on GitLab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmGitlab {
    /// The group, by its path or number.
    #[attr(required)]
    pub group: Attr<String>,
    /// Take the repositories of the groups below as well; off when not set.
    #[attr(omitempty)]
    pub include_subgroups: Attr<bool>,
    /// Take repositories that are shared with the group as well; on when not set.
    pub include_shared_projects: Attr<bool>,
    /// Take archived repositories as well; off when not set.
    #[attr(omitempty)]
    pub include_archived_repos: Attr<bool>,
    /// Only repositories with this topic.
    pub topic: Attr<String>,
    /// URL of GitLab, when it is one of your own.
    pub api: Attr<String>,
    /// Where the token is.
    pub token_ref: Attr<SecretKey>,
    /// Every branch, in place of the default branch; off when not set.
    #[attr(omitempty)]
    pub all_branches: Attr<bool>,
    /// Do not verify the certificate; off when not set.
    #[attr(omitempty)]
    pub insecure: Attr<bool>,
    /// Where the certificates of the authorities to trust are.
    pub ca_ref: Attr<ConfigMapKey>,
}

/// Repositories of an owner on Gitea.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmGitea {
    /// The user or organisation.
    #[attr(required)]
    pub owner: Attr<String>,
    /// URL of Gitea.
    #[attr(required)]
    pub api: Attr<String>,
    /// Where the token is.
    pub token_ref: Attr<SecretKey>,
    /// Every branch, in place of the default branch; off when not set.
    #[attr(omitempty)]
    pub all_branches: Attr<bool>,
    /// Leave out archived repositories; off when not set.
    #[attr(omitempty)]
    pub exclude_archived_repos: Attr<bool>,
    /// Do not verify the certificate; off when not set.
    #[attr(omitempty)]
    pub insecure: Attr<bool>,
}

/// Repositories of a workspace on Bitbucket Cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmBitbucket {
    /// The workspace.
    #[attr(required)]
    pub owner: Attr<String>,
    /// The user to log in as.
    #[attr(required)]
    pub user: Attr<String>,
    /// Where the password of the app is.
    #[attr(required)]
    pub app_password_ref: Attr<SecretKey>,
    /// Every branch, in place of the default branch; off when not set.
    #[attr(omitempty)]
    pub all_branches: Attr<bool>,
}

/// Repositories of a project on Bitbucket Data Center.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmBitbucketServer {
    /// The project.
    #[attr(required)]
    pub project: Attr<String>,
    /// URL of the API.
    #[attr(required)]
    pub api: Attr<String>,
    /// Log in by a user and a password.
    pub basic_auth: Attr<BasicAuth>,
    /// Log in by a token.
    pub bearer_token: Attr<BearerToken>,
    /// Every branch, in place of the default branch; off when not set.
    #[attr(omitempty)]
    pub all_branches: Attr<bool>,
    /// Do not verify the certificate; off when not set.
    #[attr(omitempty)]
    pub insecure: Attr<bool>,
    /// Where the certificates of the authorities to trust are.
    pub ca_ref: Attr<ConfigMapKey>,
}

/// Repositories of a project on Azure DevOps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmAzureDevops {
    /// The organisation.
    #[attr(required)]
    pub organization: Attr<String>,
    /// The project.
    #[attr(required)]
    pub team_project: Attr<String>,
    /// Where the token is.
    #[attr(required)]
    pub access_token_ref: Attr<SecretKey>,
    /// URL of Azure DevOps, when it is one of your own.
    pub api: Attr<String>,
    /// Every branch, in place of the default branch; off when not set.
    #[attr(omitempty)]
    pub all_branches: Attr<bool>,
}

/// Repositories of an AWS account on `CodeCommit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ScmAwsCodeCommit {
    /// The region; Argo CD's own when not set.
    pub region: Attr<String>,
    /// ARN of a role to look with; Argo CD's own when not set.
    pub role: Attr<String>,
    /// Only repositories with these tags. Filters of one key are alternatives, those of several keys
    /// all have to fit.
    pub tag_filters: Attr<Vec<TagFilter>>,
    /// Every branch, in place of the default branch; off when not set.
    #[attr(omitempty)]
    pub all_branches: Attr<bool>,
}

/// A tag that a repository has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct TagFilter {
    /// Its key.
    #[attr(required)]
    pub key: Attr<String>,
    /// Its value; any when not set.
    pub value: Attr<String>,
}
