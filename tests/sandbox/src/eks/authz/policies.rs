//! What the access policies allow, their scope aside; the rules are in [`rules`].

mod rules;

use self::rules::rules_of;
use crate::eks::glob;

/// A request, as an authoriser sees it.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Resource {
        verb: String,
        /// Empty for the core group.
        group: String,
        /// With its subresource: `pods/log`.
        resource: String,
        /// Empty for lists, and for creates.
        name: String,
    },
    Path {
        verb: String,
        path: String,
    },
}

/// A rule like RBAC's. Groups and names may hold `*`; a resource is exact or `*`.
struct Rule {
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    /// Empty for any.
    names: &'static [&'static str],
    verbs: &'static [&'static str],
}

/// Whether the policy of this name allows the action, its scope aside.
pub(super) fn allow(policy: &str, action: &Action) -> bool {
    match action {
        Action::Path { verb, path } => match policy {
            "AmazonEKSClusterAdminPolicy" => true,
            "AmazonEKSArgoCDClusterPolicy" => {
                let first = path.split('/').nth(1).unwrap_or_default();
                verb == "get" && ["api", "apis", "openapi", "version"].contains(&first)
            }
            _ => false,
        },
        Action::Resource { .. } => {
            let mut rules = rules_of(policy).iter().copied().flatten();
            rules.any(|rule| rule.allows(action))
        }
    }
}

impl Rule {
    fn allows(&self, action: &Action) -> bool {
        let Action::Resource { verb, group, resource, name } = action else {
            return false;
        };
        let listed = |list: &[&str], item: &str| list.contains(&"*") || list.contains(&item);
        let matching =
            |list: &[&str], item: &str| list.iter().any(|glob| glob::matches(glob, item));
        matching(self.groups, group)
            && listed(self.resources, resource)
            && listed(self.verbs, verb)
            && (self.names.is_empty() || matching(self.names, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &str, verb: &str, group: &str, resource: &str, name: &str) -> bool {
        let action = Action::Resource {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            name: name.to_owned(),
        };
        allow(policy, &action)
    }

    fn path(policy: &str, verb: &str, path: &str) -> bool {
        let (verb, path) = (verb.to_owned(), path.to_owned());
        allow(policy, &Action::Path { verb, path })
    }

    /// verb, group, resource; then view, edit, admin, admin-view, cluster-admin.
    #[test]
    fn the_general_policies_follow_their_published_tables() {
        let table = [
            ("get", "", "pods", [true, true, true, true, true]),
            ("get", "", "pods/log", [true, true, true, true, true]),
            ("create", "", "pods", [false, true, true, false, true]),
            ("create", "", "pods/exec", [false, true, true, false, true]),
            ("get", "", "secrets", [false, true, true, true, true]),
            ("update", "", "secrets", [false, true, true, false, true]),
            ("list", "", "namespaces", [true, true, true, true, true]),
            ("create", "", "namespaces", [false, false, false, false, true]),
            ("patch", "apps", "deployments", [false, true, true, false, true]),
            ("patch", "apps", "deployments/status", [false, false, false, false, true]),
            ("delete", "batch", "jobs", [false, true, true, false, true]),
            ("create", "rbac.authorization.k8s.io", "roles", [false, false, true, false, true]),
            (
                "create",
                "rbac.authorization.k8s.io",
                "clusterroles",
                [false, false, false, false, true],
            ),
            (
                "list",
                "rbac.authorization.k8s.io",
                "clusterroles",
                [false, false, false, true, true],
            ),
            ("impersonate", "", "serviceaccounts", [false, true, true, false, true]),
            ("list", "", "nodes", [false, false, false, true, true]),
            ("get", "argoproj.io", "applications", [false, false, false, true, true]),
            ("create", "argoproj.io", "applications", [false, false, false, false, true]),
            ("list", "kargo.akuity.io", "stages", [false, false, false, true, true]),
        ];
        let policies = [
            "AmazonEKSViewPolicy",
            "AmazonEKSEditPolicy",
            "AmazonEKSAdminPolicy",
            "AmazonEKSAdminViewPolicy",
            "AmazonEKSClusterAdminPolicy",
        ];
        for (verb, group, resource, expected) in table {
            let allowed = policies.map(|policy| allows(policy, verb, group, resource, "x"));
            assert_eq!(allowed, expected, "{verb} {group}/{resource}");
        }
    }

    #[test]
    fn only_cluster_admin_reaches_any_path() {
        assert!(path("AmazonEKSClusterAdminPolicy", "post", "/metrics"));
        assert!(!path("AmazonEKSAdminViewPolicy", "get", "/metrics"));
        assert!(path("AmazonEKSArgoCDClusterPolicy", "get", "/apis/apps/v1"));
        assert!(!path("AmazonEKSArgoCDClusterPolicy", "get", "/metrics"));
        assert!(!path("AmazonEKSArgoCDClusterPolicy", "get", "/apiary"));
    }

    #[test]
    fn argo_cd_works_in_its_namespace_and_reads_no_workloads() {
        let cluster = "AmazonEKSArgoCDClusterPolicy";
        let own = "AmazonEKSArgoCDPolicy";
        assert!(allows(own, "patch", "argoproj.io", "applications/status", "a"));
        assert!(allows(own, "list", "", "secrets", ""));
        assert!(!allows(own, "list", "", "pods", ""));
        assert!(!allows(own, "create", "rbac.authorization.k8s.io", "roles", ""));
        assert!(allows(cluster, "create", "", "namespaces", ""));
        assert!(!allows(cluster, "list", "", "persistentvolumes", ""));
        assert!(!allows(cluster, "list", "argoproj.io", "applications", ""));
    }

    #[test]
    fn argo_cd_installs_foreign_crds_but_cannot_change_them() {
        let crd = |verb, name| {
            let (group, resource) = ("apiextensions.k8s.io", "customresourcedefinitions");
            allows("AmazonEKSArgoCDClusterPolicy", verb, group, resource, name)
        };
        assert!(crd("create", ""));
        assert!(crd("patch", "applications.argoproj.io"));
        assert!(!crd("patch", "stages.kargo.akuity.io"));
        let (group, resource) = ("apiextensions.k8s.io", "customresourcedefinitions");
        let kro = "AmazonEKSKROPolicy";
        assert!(allows(kro, "patch", group, resource, "stages.kargo.akuity.io"));
    }

    #[test]
    fn the_other_capabilities_have_their_own_groups() {
        assert!(allows("AmazonEKSKROPolicy", "create", "kro.run", "webapps", ""));
        assert!(!allows("AmazonEKSKROPolicy", "create", "apps", "deployments", ""));
        assert!(allows(
            "AmazonEKSACKPolicy",
            "update",
            "s3.services.k8s.aws",
            "buckets/status",
            "b"
        ));
        assert!(!allows("AmazonEKSACKPolicy", "get", "", "secrets", "b"));
        assert!(allows("AmazonEKSSecretReaderPolicy", "get", "", "secrets", "b"));
        assert!(!allows("AmazonEKSSecretReaderPolicy", "update", "", "secrets", "b"));
        assert!(!allows("AmazonEKSEventPolicy", "get", "", "events", "b"));
    }
}
