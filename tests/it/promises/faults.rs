//! Applies and destroys while AWS is busy, broken, forgetful or slow: nothing is lost, nothing is
//! made twice, and nothing fails that waiting mends.
//!
//! What goes wrong is a [`Kind`]. Each has a lane of its own in which one round follows the other
//! (apply, empty plan, destroy), all lanes at once, until they have done the rounds together that
//! `GITOPS_FAULT_ROUNDS` asks for; without it, one each. The provider's own patience is not
//! shortened: 25 attempts of a call, and two minutes for what IAM has not spread yet.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_iam::error::ProvideErrorMetadata as _;
use gitops_sandbox::aws_front::{AwsFront, FrontEffect, FrontFault};
use gitops_sandbox::eks::{ErrorKind, Operation, Rule, When};
use serde_json::Value as Json;

use super::interrupted::number;
use crate::support::cli::Workspace;
use crate::support::sandbox::{Eks, ecr, iam, own_eks, sandbox, variable};

/// What the fixture is made of.
const RESOURCES: usize = 14;
const ROLES: [&str; 5] = ["argocd", "ack", "kro", "pods", "operator"];
const REPOSITORIES: [&str; 2] = ["api", "worker"];

/// What goes wrong in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Every second call is throttled.
    Throttled,
    /// One call in five ends with a server error.
    ServerErrors,
    /// Every third call does its work, and its answer does not arrive.
    LostAnswers,
    /// EKS sees a new role after six seconds, and IAM finds it at every second look for two.
    SlowRoles,
    /// The same, a minute.
    VerySlowRoles,
    /// EKS sees roles, and their trust policies and access entries a few calls later.
    SlowTrust,
    /// All of them, each a little more seldom.
    Everything,
}

impl Kind {
    /// The lanes of a short run.
    const SHORT: [Self; 6] = [
        Self::Throttled,
        Self::ServerErrors,
        Self::LostAnswers,
        Self::SlowRoles,
        Self::SlowTrust,
        Self::Everything,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::ServerErrors => "errors",
            Self::LostAnswers => "lost",
            Self::SlowRoles => "slow-roles",
            Self::VerySlowRoles => "very-slow-roles",
            Self::SlowTrust => "slow-trust",
            Self::Everything => "everything",
        }
    }

    fn make(self, eks: &Eks, front: &AwsFront) {
        let of_all = |rule: Rule, when: When, effect| {
            eks.faults().add(Rule { when, ..rule });
            front.add(FrontFault { actions: "", when, effect });
        };
        let slow = |seconds| {
            eks.faults().set_role_propagation(Duration::from_secs(seconds));
            front.set_propagation(Duration::from_secs(2));
        };
        match self {
            Self::Throttled => of_all(Rule::throttle(), When::Every(2), FrontEffect::Throttle),
            Self::ServerErrors => {
                of_all(Rule::server_error(), When::Percent(20), FrontEffect::ServerError);
            }
            Self::LostAnswers => {
                of_all(Rule::lose_response(), When::Every(3), FrontEffect::LoseResponse);
            }
            Self::SlowRoles => slow(6),
            Self::VerySlowRoles => slow(60),
            Self::SlowTrust => late(eks),
            Self::Everything => {
                of_all(Rule::throttle(), When::Percent(10), FrontEffect::Throttle);
                of_all(Rule::server_error(), When::Percent(10), FrontEffect::ServerError);
                of_all(Rule::lose_response(), When::Percent(10), FrontEffect::LoseResponse);
                slow(4);
                late(eks);
            }
        }
    }
}

/// What EKS says while it has not heard of what IAM, or another of its own servers, has.
fn late(eks: &Eks) {
    use Operation::{
        AssociateAccessPolicy, CreateAccessEntry, CreateCapability, CreatePodIdentityAssociation,
    };
    let invalid = ErrorKind::InvalidParameterException;
    let missing = ErrorKind::ResourceNotFoundException;
    for (operation, error, message) in [
        (CreateCapability, invalid, "The trust policy for the provided role is invalid."),
        (CreatePodIdentityAssociation, invalid, "Trust policy of the role provided is invalid"),
        (CreatePodIdentityAssociation, invalid, "Role provided in the request does not exist"),
        (CreateAccessEntry, invalid, "The specified principalArn is invalid: invalid principal."),
        (AssociateAccessPolicy, missing, "The specified principalArn could not be found."),
    ] {
        eks.faults().add(Rule::refuse(error, message).of(operation).times(3));
    }
}

/// How a round went.
#[derive(Debug, Default)]
struct Round {
    apply: Duration,
    destroy: Duration,
    calls: usize,
    faults: usize,
}

#[tokio::test]
async fn nothing_is_lost_doubled_or_given_up_while_aws_fails() {
    let asked = number("GITOPS_FAULT_ROUNDS");
    let mut kinds = Kind::SHORT.to_vec();
    if asked.is_some() {
        kinds.push(Kind::VerySlowRoles);
    }
    let rounds = asked.map_or(0, |asked| usize::try_from(asked).expect("a number of rounds"));
    let rounds = rounds.max(kinds.len());
    // Each lane has its first round for certain.
    let begun = AtomicUsize::new(kinds.len());
    let started = Instant::now();
    let done = futures::future::join_all(kinds.iter().map(|kind| lane(*kind, rounds, &begun)));
    let done = done.await;
    eprintln!("| what goes wrong | rounds | calls | faults | apply | destroy |");
    for (kind, done) in kinds.iter().zip(&done) {
        let count = done.len();
        let sum = |of: fn(&Round) -> usize| done.iter().map(of).sum::<usize>();
        let longest = |of: fn(&Round) -> Duration| done.iter().map(of).max().unwrap_or_default();
        eprintln!(
            "| {} | {count} | {} | {} | ≤ {:.0?} | ≤ {:.0?} |",
            kind.name(),
            sum(|round| round.calls),
            sum(|round| round.faults),
            longest(|round| round.apply),
            longest(|round| round.destroy),
        );
    }
    eprintln!("{rounds} applies and {rounds} destroys in {:.0?}", started.elapsed());
    assert_eq!(done.iter().map(Vec::len).sum::<usize>(), rounds);
}

/// Rounds of one kind, one after the other, until all lanes have begun what there is to do.
async fn lane(kind: Kind, rounds: usize, begun: &AtomicUsize) -> Vec<Round> {
    let workspace =
        Workspace::of(sandbox().await, &format!("faults-{}", kind.name()), "tests/fixtures/faults");
    workspace.init().await;
    let mut done = Vec::new();
    loop {
        done.push(round(kind, &workspace).await);
        eprintln!("{}: round {} of the lane is done", kind.name(), done.len());
        if begun.fetch_add(1, Ordering::Relaxed) >= rounds {
            return done;
        }
    }
}

/// Makes everything, finds it once and no change to make, and ends everything.
async fn round(kind: Kind, workspace: &Workspace) -> Round {
    let eks = own_eks().await;
    let backend = variable(sandbox().await, "AWS_ENDPOINT_URL_IAM").parse().expect("a URL");
    let front = AwsFront::start(backend).expect("a front of moto");
    kind.make(&eks, &front);
    let workspace = workspace
        .clone()
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint())
        .with("AWS_ENDPOINT_URL_IAM", front.endpoint())
        .with("AWS_ENDPOINT_URL_ECR", front.endpoint());

    let applied = workspace.apply().await.succeeded();
    let applied = applied.says(&format!("{RESOURCES} added, 0 changed, 0 destroyed"));
    everything_is_there_once(kind, &workspace, &eks).await;
    workspace.plan().await.shows_no_changes();
    let destroyed = workspace.destroy().await.succeeded();
    let destroyed = destroyed.says(&format!("{RESOURCES} destroyed"));
    nothing_is_left(kind, &workspace, &eks).await;

    let (of_eks, of_others) = (eks.calls(), front.calls());
    let broken = |call: &&gitops_sandbox::eks::CallRecord| {
        call.response_lost || call.status >= 500 || call.status == 429 || call.status == 400
    };
    let faults =
        of_eks.iter().filter(broken).count() + of_others.iter().filter(|call| call.faulty).count();
    assert!(faults > 5, "{kind:?}: {faults} faults are too few to show anything");
    Round {
        apply: applied.took,
        destroy: destroyed.took,
        calls: of_eks.len() + of_others.len(),
        faults,
    }
}

async fn everything_is_there_once(kind: Kind, workspace: &Workspace, eks: &Eks) {
    let texts = |part: &str, field: &str| {
        let all = eks.all(part);
        let texts = all.iter().map(|item| item[field].as_str().expect("a text").to_owned());
        let mut texts: Vec<_> = texts.collect();
        texts.sort();
        texts
    };
    assert_eq!(texts("capabilities", "capabilityName"), ["ack", "argocd", "kro"], "{kind:?}");
    assert_eq!(texts("capabilities", "status"), ["ACTIVE"; 3], "{kind:?}");
    assert_eq!(texts("podIdentityAssociations", "serviceAccount"), ["web", "worker"], "{kind:?}");
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{}-{name}", workspace.prefix());
    let principals = ["ack", "argocd", "kro", "operator"].map(role);
    assert_eq!(texts("accessEntries", "principalArn"), principals, "{kind:?}");
    let entry = eks.one("accessEntries", "principalArn", &role("operator"));
    let policies = entry["associatedAccessPolicies"].as_array().expect("policies");
    assert_eq!(policies.len(), 2, "{kind:?}");

    let iam = iam(sandbox().await);
    for name in ROLES {
        let found = iam.get_role().role_name(format!("{}-{name}", workspace.prefix())).send();
        let found = found.await.expect("a role").role.expect("a role");
        assert_eq!(found.tags()[0].key(), "team", "{kind:?}");
    }
    let pods = format!("{}-pods", workspace.prefix());
    let inline = iam.list_role_policies().role_name(&pods).send().await.expect("policies");
    assert_eq!(inline.policy_names(), ["read"], "{kind:?}");
    let attached = iam.list_attached_role_policies().role_name(&pods).send().await;
    assert_eq!(attached.expect("policies").attached_policies().len(), 1, "{kind:?}");

    let provider = iam.get_open_id_connect_provider();
    let found = provider.open_id_connect_provider_arn(provider_arn(workspace)).send().await;
    assert_eq!(found.expect("a provider").tags()[0].key(), "team", "{kind:?}");
    for name in REPOSITORIES {
        let name = format!("{}/{name}", workspace.prefix());
        let ecr = ecr(sandbox().await);
        let policy = ecr.get_lifecycle_policy().repository_name(&name).send().await;
        policy.unwrap_or_else(|error| panic!("{kind:?}: a policy of {name}: {error:?}"));
        let policy = ecr.get_repository_policy().repository_name(&name).send().await;
        policy.unwrap_or_else(|error| panic!("{kind:?}: a policy of {name}: {error:?}"));
    }

    let resources = workspace.resources();
    let instances = resources.iter().filter_map(|found| found["instances"].as_array());
    let instances: Vec<_> = instances.flatten().collect();
    assert_eq!(instances.len(), RESOURCES, "{kind:?}");
    let tainted = instances.iter().find(|instance| instance["status"] == "tainted");
    assert_eq!(tainted, None, "{kind:?}");
}

async fn nothing_is_left(kind: Kind, workspace: &Workspace, eks: &Eks) {
    for part in ["capabilities", "podIdentityAssociations", "accessEntries"] {
        assert_eq!(eks.all(part), [Json::Null; 0], "{kind:?}: {part}");
    }
    let iam = iam(sandbox().await);
    for name in ROLES {
        let found = iam.get_role().role_name(format!("{}-{name}", workspace.prefix())).send().await;
        let error = found.expect_err("a role that is gone");
        assert_eq!(error.code(), Some("NoSuchEntity"), "{kind:?}: {name}: {error:?}");
    }
    let provider = iam.get_open_id_connect_provider();
    let found = provider.open_id_connect_provider_arn(provider_arn(workspace)).send().await;
    let error = found.expect_err("a provider that is gone");
    assert_eq!(error.code(), Some("NoSuchEntity"), "{kind:?}: {error:?}");
    for name in REPOSITORIES {
        let name = format!("{}/{name}", workspace.prefix());
        let call = ecr(sandbox().await).describe_repositories().repository_names(name);
        let error = call.send().await.expect_err("a repository that is gone");
        assert_eq!(error.code(), Some("RepositoryNotFoundException"), "{kind:?}: {error:?}");
    }
    assert!(!workspace.has_resources(), "{kind:?}: the state is not empty");
}

fn provider_arn(workspace: &Workspace) -> String {
    format!("arn:aws:iam::123456789012:oidc-provider/{}.example.com", workspace.prefix())
}
