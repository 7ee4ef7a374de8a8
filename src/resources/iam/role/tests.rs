//! Names of roles.

use super::*;

#[test]
fn a_name_is_completed_within_the_limit() {
    let named = Role { name: "exact".to_owned().into(), ..Role::default() };
    assert_eq!(named.new_name(), "exact");
    for prefix in ["p-", "a-prefix-of-thirty-eight-characters-xx"] {
        let role = Role { name_prefix: prefix.to_owned().into(), ..Role::default() };
        let name = role.new_name();
        assert!(name.starts_with(prefix) && name.len() > prefix.len() && name.len() <= 64);
        assert_ne!(name, role.new_name());
    }
}
