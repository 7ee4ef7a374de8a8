//! Who may do what in Argo CD.

use std::collections::BTreeMap;

use crate::framework::{Attr, Model};

use super::check;

/// Who may do what in Argo CD.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Rbac {
    /// The policy, line by line: `p, SUBJECT, RESOURCE, ACTION, OBJECT, EFFECT` allows or denies,
    /// `g, USER OR GROUP, ROLE` gives a role. It is checked when planning.
    #[attr(api = "policy.csv")]
    pub policy_csv: Attr<String>,
    /// Further policies by a name of their own, each under the key `policy.NAME.csv`: what several
    /// teams write is put together in the order of the names.
    #[attr(api = "@policies")]
    pub policies: Attr<BTreeMap<String, String>>,
    /// Role that everybody has who has logged in, such as `role:readonly`; none when not set.
    #[attr(api = "policy.default")]
    pub policy_default: Attr<String>,
    /// Claims of a token that name the groups of its user; `groups` when not set.
    #[attr(length(1, usize::MAX))]
    pub scopes: Attr<Vec<String>>,
    /// How the patterns in policies are written; `glob` when not set.
    #[attr(api = "policy.matchMode", one_of = ["glob", "regex"])]
    pub match_mode: Attr<String>,
}

/// What the name of a policy may be.
pub(super) fn policy_name(name: &str) -> Result<(), String> {
    check::key(name)
}
