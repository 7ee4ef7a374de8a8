//! Pull requests of a repository, as a generator.

use crate::framework::{Attr, Model};

use super::generator::Further;
use super::references::{BasicAuth, BearerToken, ConfigMapKey, SecretKey};

/// Pull requests of a repository; exactly one host of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PullRequest {
    /// Those of a repository on GitHub.
    pub github: Attr<PullGithub>,
    /// The merge requests of a project on GitLab.
    pub gitlab: Attr<PullGitlab>,
    /// Those of a repository on Gitea.
    pub gitea: Attr<PullGitea>,
    /// Those of a repository on Bitbucket Cloud.
    pub bitbucket: Attr<PullBitbucket>,
    /// Those of a repository on Bitbucket Data Center.
    pub bitbucket_server: Attr<PullBitbucketServer>,
    /// Those of a repository on Azure DevOps.
    #[attr(api = "azuredevops")]
    pub azure_devops: Attr<PullAzureDevops>,
    /// Only what fits one of these; within one, all has to fit.
    pub filters: Attr<Vec<PullFilter>>,
    /// Take a repository that there is not for one without pull requests, and delete the
    /// applications; an error when not set, which keeps them.
    #[attr(omitempty)]
    pub continue_on_repo_not_found_error: Attr<bool>,
    /// How often to look for changes, in seconds; every 1800 when not set.
    pub requeue_after_seconds: Attr<i64>,
    /// What it adds to what it finds.
    #[attr(flatten)]
    pub further: Further,
}

/// Which pull requests are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PullFilter {
    /// The name of the branch fits this regular expression.
    pub branch_match: Attr<String>,
    /// The name of the branch that it is to be merged into fits this regular expression.
    pub target_branch_match: Attr<String>,
    /// Its title fits this regular expression.
    pub title_match: Attr<String>,
}

/// Pull requests of a repository on GitHub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PullGithub {
    /// The user or organisation.
    #[attr(required)]
    pub owner: Attr<String>,
    /// The repository.
    #[attr(required)]
    pub repo: Attr<String>,
    /// URL of the API of GitHub Enterprise.
    pub api: Attr<String>,
    /// Where the token is; without one only public repositories can be read.
    pub token_ref: Attr<SecretKey>,
    /// Name of a repository's Secret with a GitHub App, in place of a token.
    pub app_secret_name: Attr<String>,
    /// Only those with all of these labels.
    pub labels: Attr<Vec<String>>,
}

/// Merge requests of a project on GitLab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PullGitlab {
    /// The project, by its number.
    #[attr(required)]
    pub project: Attr<String>,
    /// URL of GitLab, when it is one of your own.
    pub api: Attr<String>,
    /// Where the token is.
    pub token_ref: Attr<SecretKey>,
    /// Only those with all of these labels.
    pub labels: Attr<Vec<String>>,
    /// Only those in this state: `opened`, `closed`, `merged` or `locked`; all when not set.
    pub pull_request_state: Attr<String>,
    /// Do not verify the certificate; off when not set.
    #[attr(omitempty)]
    pub insecure: Attr<bool>,
    /// Where the certificates of the authorities to trust are.
    pub ca_ref: Attr<ConfigMapKey>,
}

/// Pull requests of a repository on Gitea.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PullGitea {
    /// The user or organisation.
    #[attr(required)]
    pub owner: Attr<String>,
    /// The repository.
    #[attr(required)]
    pub repo: Attr<String>,
    /// URL of Gitea.
    #[attr(required)]
    pub api: Attr<String>,
    /// Where the token is.
    pub token_ref: Attr<SecretKey>,
    /// Only those with all of these labels.
    pub labels: Attr<Vec<String>>,
    /// Do not verify the certificate; off when not set.
    #[attr(omitempty)]
    pub insecure: Attr<bool>,
}

/// Pull requests of a repository on Bitbucket Cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PullBitbucket {
    /// The workspace.
    #[attr(required)]
    pub owner: Attr<String>,
    /// The repository.
    #[attr(required)]
    pub repo: Attr<String>,
    /// URL of the API; that of Bitbucket Cloud when not set.
    pub api: Attr<String>,
    /// Log in by a user and a password.
    pub basic_auth: Attr<BasicAuth>,
    /// Log in by a token.
    pub bearer_token: Attr<BearerToken>,
}

/// Pull requests of a repository on Bitbucket Data Center.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PullBitbucketServer {
    /// The project.
    #[attr(required)]
    pub project: Attr<String>,
    /// The repository.
    #[attr(required)]
    pub repo: Attr<String>,
    /// URL of the API.
    #[attr(required)]
    pub api: Attr<String>,
    /// Log in by a user and a password.
    pub basic_auth: Attr<BasicAuth>,
    /// Log in by a token.
    pub bearer_token: Attr<BearerToken>,
    /// Do not verify the certificate; off when not set.
    #[attr(omitempty)]
    pub insecure: Attr<bool>,
    /// Where the certificates of the authorities to trust are.
    pub ca_ref: Attr<ConfigMapKey>,
}

/// Pull requests of a repository on Azure DevOps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PullAzureDevops {
    /// The organisation.
    #[attr(required)]
    pub organization: Attr<String>,
    /// The project.
    #[attr(required)]
    pub project: Attr<String>,
    /// The repository.
    #[attr(required)]
    pub repo: Attr<String>,
    /// URL of Azure DevOps, when it is one of your own.
    pub api: Attr<String>,
    /// Where the token is; without one only public repositories can be read.
    pub token_ref: Attr<SecretKey>,
    /// Only those with all of these labels.
    pub labels: Attr<Vec<String>>,
}
