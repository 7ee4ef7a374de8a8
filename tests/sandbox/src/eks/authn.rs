//! The token webhook: a kube-apiserver asks who the bearer of a `k8s-aws-v1.` token is.
//!
//! A token is a presigned `GetCallerIdentity` request. The emulator makes the checks of
//! aws-iam-authenticator and those of STS on it, finds out who signed it, and looks for the access
//! entry of that principal. Whom it finds is let in under the entry's username and groups.
//!
//! - For access keys that the emulator was told ([`AccessKey`](super::AccessKey)) it verifies the
//!   signature itself, over the cluster's name as `x-k8s-aws-id`: a token for another cluster, or one
//!   that was tampered with, is refused.
//! - Any other key's token is replayed to the STS backend to learn the caller. moto does not verify
//!   signatures, so neither the secret nor the cluster's name is proven for those.
//!
//! The entry's ARN goes along in the user's extra attributes under [`ENTRY_KEY`]. That is how the
//! [authorisation webhook](super::authz) finds the policies, and why they are lost under
//! impersonation, as with EKS.
//!
//! The API server keeps a token's answer for ten seconds whatever its flags say, so that a change of
//! an entry shows at once only to a token signed anew.

mod sigv4;
mod token;

use std::sync::Arc;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::token::Presigned;
use super::{
    access_entry::{AccessEntry, STANDARD},
    arn::{Arn, PrincipalKind},
    cluster::Cluster,
    iam::{Caller, Replay},
    state::{Shared, lock},
};

/// The extra attribute of an authenticated user that names its access entry (the entry's ARN).
pub const ENTRY_KEY: &str = "sandbox.eks.amazonaws.com/access-entry";

/// A question of the API server, and what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenReview {
    /// The bearer's token.
    pub token: String,
    /// The username, or why nobody is let in with it.
    pub outcome: Result<String, String>,
}

/// Answers a `TokenReview`. Every failure is a user that is not authenticated, with the reason in
/// `status.error`; the client sees 401.
pub(crate) async fn review(shared: &Arc<Shared>, cluster: Option<&str>, review: &Value) -> Value {
    let token = review["spec"]["token"].as_str().unwrap_or_default();
    let result = authenticate(shared, cluster, token).await;
    let username = |user: &Value| user["username"].as_str().unwrap_or_default().to_owned();
    lock(&shared.token_reviews).push(TokenReview {
        token: token.to_owned(),
        outcome: result.as_ref().map(username).map_err(|error| format!("{error:#}")),
    });
    let status = match result {
        Ok(user) => json!({ "authenticated": true, "user": user }),
        Err(error) => {
            tracing::info!("token refused: {error:#}");
            json!({ "authenticated": false, "error": format!("{error:#}") })
        }
    };
    json!({ "apiVersion": review["apiVersion"], "kind": "TokenReview", "status": status })
}

async fn authenticate(
    shared: &Arc<Shared>,
    cluster: Option<&str>,
    token: &str,
) -> anyhow::Result<Value> {
    let first = || {
        let state = shared.state();
        let first = state.clusters.first();
        first.map(|cluster| cluster.spec.name.clone())
    };
    let cluster = cluster.map(str::to_owned).or_else(first);
    let cluster = cluster.context("the emulator has no cluster")?;
    let limits = token::Limits {
        partition: shared.partition,
        now: Timestamp::now(),
        max_age: SignedDuration::try_from(shared.settings().token_max_age())?,
    };
    let presigned = token::check(token, &limits)?;
    let caller = identify(shared, &presigned, &cluster).await?;
    let access_propagation = SignedDuration::try_from(shared.faults.access_propagation())?;

    let state = shared.state();
    let cluster = state.cluster(&cluster);
    let cluster = cluster.map_err(|error| anyhow::anyhow!(error.message))?;
    let enabled = cluster.require_access_entries();
    enabled.map_err(|error| anyhow::anyhow!(error.message))?;
    let principal = SignedBy::parse(&caller)?;
    let entry = principal.entry(cluster)?;
    let age = Timestamp::now().duration_since(entry.created_at);
    anyhow::ensure!(
        access_propagation.is_zero() || age >= access_propagation,
        "the access entry of {} has not propagated yet",
        entry.principal.arn
    );
    Ok(user(entry, &principal, &presigned))
}

/// Who signed the request.
async fn identify(shared: &Shared, presigned: &Presigned, cluster: &str) -> anyhow::Result<Caller> {
    let key = lock(&shared.access_keys).get(&presigned.access_key_id).cloned();
    if let Some(key) = key {
        anyhow::ensure!(
            key.session_token.as_deref() == presigned.parameter("x-amz-security-token"),
            "the session token is not that of access key {}",
            key.access_key_id
        );
        anyhow::ensure!(
            sigv4::verify(presigned, cluster, &key.secret_access_key),
            "the signature does not match for cluster {cluster}"
        );
        return Ok(Caller { arn: key.arn, user_id: key.user_id });
    }
    anyhow::ensure!(
        shared.directory.is_connected(),
        "access key {} is not known",
        presigned.access_key_id
    );
    let replay = Replay {
        query: &presigned.query,
        cluster,
        credential: presigned.parameter("x-amz-credential").unwrap_or_default(),
        signed_headers: presigned.parameter("x-amz-signedheaders").unwrap_or_default(),
        signature: presigned.parameter("x-amz-signature").unwrap_or_default(),
    };
    shared.directory.caller_identity(&replay).await
}

/// A caller, taken apart.
#[derive(Debug)]
struct SignedBy<'a> {
    arn: &'a str,
    partition: &'a str,
    account: &'a str,
    kind: PrincipalKind,
    /// A role's name without path; for a user unused, since its ARN is whole.
    name: &'a str,
    session: &'a str,
    unique_id: Option<&'a str>,
}

impl<'a> SignedBy<'a> {
    fn parse(caller: &'a Caller) -> anyhow::Result<Self> {
        let unusable = || anyhow::anyhow!("{} is no role session and no IAM user", caller.arn);
        let arn = Arn::parse(&caller.arn).ok_or_else(unusable)?;
        let (kind, rest) = arn.resource.split_once('/').ok_or_else(unusable)?;
        let user_id = caller.user_id.as_deref();
        let unique_id = user_id.map(|id| id.split_once(':').map_or(id, |(id, _)| id));
        let (kind, name, session) = match (arn.service, kind) {
            ("sts", "assumed-role") => {
                let (name, session) = rest.split_once('/').ok_or_else(unusable)?;
                (PrincipalKind::Role, name, session)
            }
            ("iam", "user") => (PrincipalKind::User, rest, ""),
            _ => return Err(unusable()),
        };
        Ok(Self {
            arn: &caller.arn,
            partition: arn.partition,
            account: arn.account,
            kind,
            name,
            session,
            unique_id,
        })
    }

    /// The principal's ARN as far as STS tells it: a role's has lost its path.
    fn canonical_arn(&self) -> String {
        match self.kind {
            PrincipalKind::User => self.arn.to_owned(),
            PrincipalKind::Role => {
                let (partition, account, name) = (self.partition, self.account, self.name);
                format!("arn:{partition}:iam::{account}:role/{name}")
            }
        }
    }

    /// The principal's entry. By ARN, where a role's path is lost, and by unique id where both sides
    /// know it: an entry of a role that was deleted and made again is dead.
    fn entry<'e>(&self, cluster: &'e Cluster) -> anyhow::Result<&'e AccessEntry> {
        let named = |entry: &&AccessEntry| {
            let of = &entry.principal;
            of.kind == self.kind
                && of.account == self.account
                && match self.kind {
                    PrincipalKind::Role => of.name == self.name,
                    PrincipalKind::User => of.arn == self.arn,
                }
        };
        let mut candidates = cluster.access_entries.values().filter(named).peekable();
        anyhow::ensure!(
            candidates.peek().is_some(),
            "cluster {} has no access entry for {}",
            cluster.spec.name,
            self.canonical_arn()
        );
        let alive = candidates.find(|entry| match (&entry.unique_id, self.unique_id) {
            (Some(known), Some(seen)) => known == seen,
            _ => true,
        });
        alive.ok_or_else(|| {
            anyhow::anyhow!(
                "the access entry for {} was made for an earlier principal of that name",
                self.canonical_arn()
            )
        })
    }
}

/// The user as aws-iam-authenticator reports it, with the entry's ARN added.
fn user(entry: &AccessEntry, principal: &SignedBy<'_>, presigned: &Presigned) -> Value {
    let session = principal.session;
    let username = entry
        .username
        .replace("{{SessionNameRaw}}", session)
        .replace("{{SessionName}}", &session.replace('@', "-"))
        // The instance's DNS name is known to EC2 only; nodes do not join here.
        .replace("{{EC2PrivateDNSName}}", session)
        .replace("{{AccountID}}", principal.account);
    let mut groups = entry.groups.clone();
    if entry.kind != STANDARD {
        groups.extend(["system:bootstrappers", "system:nodes"].map(str::to_owned));
    }
    // Unknown for a key that was configured without one.
    let unique_id = principal.unique_id.unwrap_or("unknown");
    json!({
        "username": username,
        "uid": format!("aws-iam-authenticator:{}:{unique_id}", principal.account),
        "groups": groups,
        "extra": {
            ENTRY_KEY: [entry.arn],
            "arn": [principal.arn],
            "canonicalArn": [principal.canonical_arn()],
            "accessKeyId": [presigned.access_key_id],
            "principalId": [unique_id],
            "sessionName": [session],
        },
    })
}

#[cfg(test)]
mod tests;
