//! Rules of access entries, and what of the live ones is taken for ours.

use aws_sdk_eks::types::AssociatedAccessPolicy;

use super::policies::{AccessScope, PolicyAssociation, same_policy};
use super::*;

#[test]
fn a_policy_may_be_named_or_spelled_out() {
    let arn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    assert!(same_policy(arn, "AmazonEKSViewPolicy"));
    assert!(!same_policy(arn, "AmazonEKSEditPolicy"));
    assert!(!same_policy(arn, &arn.replace("aws:eks", "aws-cn:eks")));
}

fn validated(entry: &AccessEntry) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    AccessEntry::validate(entry, &mut diagnostics);
    diagnostics.iter().map(|diagnostic| diagnostic.summary.clone()).collect()
}

#[test]
fn namespaces_and_their_scope_go_together() {
    let association = |kind: &str, namespaces: &[&str]| PolicyAssociation {
        policy_arn: "AmazonEKSViewPolicy".to_owned().into(),
        access_scope: Attr::Known(AccessScope {
            r#type: kind.to_owned().into(),
            namespaces: Set(namespaces.iter().map(|name| (*name).to_owned()).collect()).into(),
        }),
    };
    let entry = |associations: Vec<PolicyAssociation>| AccessEntry {
        policy_associations: Set(associations).into(),
        ..AccessEntry::default()
    };
    assert!(validated(&entry(vec![association("namespace", &["a"])])).is_empty());
    assert_eq!(validated(&entry(vec![association("cluster", &["a"])])).len(), 1);
    assert_eq!(validated(&entry(vec![association("namespace", &[])])).len(), 1);
    let twice = vec![association("namespace", &["a"]), association("cluster", &[])];
    assert_eq!(validated(&entry(twice)), ["An access policy is associated twice"]);
}

#[test]
fn policies_of_others_are_not_seen_unless_the_entry_is_imported() {
    let live = || {
        vec![
            AssociatedAccessPolicy::builder()
                .policy_arn("arn:aws:eks::aws:cluster-access-policy/AmazonEKSArgoCDPolicy")
                .access_scope(AccessScope::to_api(None))
                .build(),
        ]
    };
    let entry = AccessEntry::default();
    assert_eq!(entry.owned(live(), false), Attr::Null);
    let seen = entry.owned(live(), true);
    assert_eq!(seen.known().unwrap().0.len(), 1);
}

#[test]
fn what_only_standard_entries_have_is_refused_for_nodes() {
    let node = |change: fn(&mut AccessEntry)| {
        let mut entry =
            AccessEntry { r#type: "EC2_LINUX".to_owned().into(), ..AccessEntry::default() };
        change(&mut entry);
        validated(&entry)
    };
    assert!(node(|_| {}).is_empty());
    assert_eq!(node(|entry| entry.user_name = "ci".to_owned().into()).len(), 1);
    assert_eq!(node(|entry| entry.kubernetes_groups = Set::default().into()).len(), 1);
    assert_eq!(node(|entry| entry.policy_associations = Set::default().into()).len(), 1);
    // Nodes of Auto Mode have a policy.
    assert!(
        node(|entry| {
            entry.r#type = "EC2".to_owned().into();
            entry.policy_associations = Set::default().into();
        })
        .is_empty()
    );
}

#[test]
fn a_user_name_cannot_be_chosen_by_the_one_who_logs_in() {
    for good in ["ci", "ci:{{SessionName}}", "arn:aws:sts::1:assumed-role/ci/{{SessionNameRaw}}"] {
        assert_eq!(user_name(good), Ok(()), "{good}");
    }
    for bad in ["system:node", "eks:ci", "{{SessionName}}", "ci-{{SessionNameRaw}}:x"] {
        assert!(user_name(bad).is_err(), "{bad}");
    }
}
