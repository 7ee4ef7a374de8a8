//! The two policies of a repository, which have calls of their own.

use aws_sdk_ecr::Client;
use serde_json::Value as Json;

use super::Repository;
use super::rules::statements;
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::{Attr, Error, Result};
use crate::resources::Operation;
use crate::resources::ecr::lifecycle_policy;
use crate::resources::iam::policy_document;

/// One of the policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    Lifecycle,
    Repository,
}

impl Policy {
    pub(super) const ALL: [Self; 2] = [Self::Lifecycle, Self::Repository];

    /// The attribute.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle_policy",
            Self::Repository => "repository_policy",
        }
    }

    pub(super) fn of(self, repository: &Repository) -> &Attr<String> {
        match self {
            Self::Lifecycle => &repository.lifecycle_policy,
            Self::Repository => &repository.repository_policy,
        }
    }

    pub(super) fn set(self, repository: &mut Repository, document: Attr<String>) {
        match self {
            Self::Lifecycle => repository.lifecycle_policy = document,
            Self::Repository => repository.repository_policy = document,
        }
    }

    /// Whether two documents mean the same.
    pub(super) fn same(self, a: &str, b: &str) -> bool {
        match self {
            Self::Lifecycle => lifecycle_policy::equivalent(a, b),
            Self::Repository => policy_document::equivalent(a, b),
        }
    }

    /// The document, if the repository has one.
    pub(super) async fn get(self, ecr: &Client, name: &str) -> Result<Option<String>> {
        let document = match self {
            Self::Lifecycle => {
                let call = ecr.get_lifecycle_policy().repository_name(name);
                let answer = call.send().await.operation("GetLifecyclePolicy");
                answer.map(|answer| answer.lifecycle_policy_text)
            }
            Self::Repository => {
                let call = ecr.get_repository_policy().repository_name(name);
                let answer = call.send().await.operation("GetRepositoryPolicy");
                answer.map(|answer| answer.policy_text)
            }
        };
        match document {
            Err(error) if is_unset(&error) => Ok(None),
            document => document,
        }
    }

    /// Sets the document. Of a repository that is `new` the call may come too early; and a principal
    /// that was just made is not seen everywhere at once.
    pub(super) async fn put(
        self,
        cx: &Operation,
        ecr: &Client,
        name: &str,
        document: &str,
        new: bool,
    ) -> Result<()> {
        let may_be_new = self == Self::Repository && names_a_principal(document);
        let again = |error: &Error| {
            (new && propagation::not_readable_yet(error))
                || (may_be_new && propagation::repository_policy_refused(error))
        };
        let put = propagation::retry(cx.deadline(), again, || async {
            match self {
                Self::Lifecycle => {
                    let call = ecr.put_lifecycle_policy().repository_name(name);
                    let call = call.lifecycle_policy_text(document);
                    call.send().await.operation("PutLifecyclePolicy").map(drop)
                }
                Self::Repository => {
                    let call = ecr.set_repository_policy().repository_name(name);
                    let call = call.policy_text(document);
                    call.send().await.operation("SetRepositoryPolicy").map(drop)
                }
            }
        })
        .await;
        put.map_err(|error| {
            let refused = propagation::repository_policy_refused(&error);
            let error = error.at(self.name());
            if refused {
                error.advise(
                    "ECR does not say what is wrong with it. Its actions must be ecr:…, and its \
                     principals must exist.",
                )
            } else {
                error
            }
        })
    }

    /// Takes the document away. One that is gone already is no error.
    pub(super) async fn remove(self, ecr: &Client, name: &str) -> Result<()> {
        let removed = match self {
            Self::Lifecycle => {
                let call = ecr.delete_lifecycle_policy().repository_name(name);
                call.send().await.operation("DeleteLifecyclePolicy").map(drop)
            }
            Self::Repository => {
                let call = ecr.delete_repository_policy().repository_name(name);
                call.send().await.operation("DeleteRepositoryPolicy").map(drop)
            }
        };
        match removed {
            Err(error) if !is_unset(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Whether the repository is there and has no such policy.
fn is_unset(error: &Error) -> bool {
    error.api_code().is_some_and(|code| code.contains("PolicyNotFound"))
}

/// Whether a repository policy is for a role or a user, which may have been made a moment ago.
pub(super) fn names_a_principal(document: &str) -> bool {
    let document: Json = serde_json::from_str(document).unwrap_or_default();
    statements(&document).iter().any(|statement| {
        let principals = statement["Principal"]["AWS"].to_string();
        principals.contains(":role/") || principals.contains(":user/")
    })
}
