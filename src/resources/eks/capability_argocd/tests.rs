//! What an update of the role mappings sends.

use super::*;

fn roles_of(mappings: &[(&str, &[&str])]) -> Roles {
    let identities =
        |ids: &[&str]| ids.iter().map(|id| ("SSO_USER".to_owned(), (*id).to_owned())).collect();
    mappings.iter().map(|(role, ids)| ((*role).to_owned(), identities(ids))).collect()
}

fn changed(live: &[(&str, &[&str])], wanted: &[(&str, &[&str])]) -> (Roles, Roles) {
    let update = role_changes(&roles_of(live), &roles_of(wanted));
    let side = |side: Option<Vec<sdk::ArgoCdRoleMapping>>| roles(&Attr::Known(from_api(side)));
    let update = update.unwrap_or_else(|| sdk::UpdateRoleMappings::builder().build());
    (side(update.add_or_update_role_mappings), side(update.remove_role_mappings))
}

#[test]
fn an_identity_that_is_removed_from_a_role_is_revoked_by_name() {
    let (added, removed) = changed(&[("ADMIN", &["a", "b"])], &[("ADMIN", &["a"])]);
    assert_eq!(added, Roles::new());
    assert_eq!(removed, roles_of(&[("ADMIN", &["b"])]));
}

#[test]
fn an_identity_that_changes_its_role_loses_the_old_one() {
    let (added, removed) =
        changed(&[("ADMIN", &["a", "b"])], &[("ADMIN", &["a"]), ("VIEWER", &["b"])]);
    assert_eq!(added, roles_of(&[("VIEWER", &["b"])]));
    assert_eq!(removed, roles_of(&[("ADMIN", &["b"])]));
}

#[test]
fn a_role_that_gains_an_identity_is_sent_whole() {
    let (added, removed) = changed(&[("ADMIN", &["a"])], &[("ADMIN", &["a", "b"])]);
    assert_eq!(added, roles_of(&[("ADMIN", &["a", "b"])]));
    assert_eq!(removed, Roles::new());
}

#[test]
fn nothing_is_sent_when_nothing_changes() {
    assert!(
        role_changes(&roles_of(&[("ADMIN", &["a"])]), &roles_of(&[("ADMIN", &["a"])])).is_none()
    );
}
