//! The rules of the access policies.
//!
//! The general policies (admin, edit, view and the three readers) are AWS's published tables. Those
//! of the capabilities are not published; here they are what AWS's guide says of them in words and
//! what people observed: `AmazonEKSArgoCDClusterPolicy` creates any CRD but changes only Argo CD's
//! own, `AmazonEKSKROPolicy` may do everything to CRDs, and none of them reads workloads. A policy
//! that is not listed (nodes, load balancers, other services) can be associated and allows nothing.

use super::Rule;

/// The rules of a policy, in parts that policies share.
pub(super) fn rules_of(policy: &str) -> &'static [&'static [Rule]] {
    match policy {
        "AmazonEKSClusterAdminPolicy" => &[EVERYTHING],
        "AmazonEKSAdminViewPolicy" => &[READ_EVERYTHING],
        "AmazonEKSAdminPolicy" => &[VIEW, EDIT, ADMIN],
        "AmazonEKSEditPolicy" => &[VIEW, EDIT],
        "AmazonEKSViewPolicy" => &[VIEW],
        "AmazonEKSSecretReaderPolicy" => &[READ_SECRETS],
        "AmazonEKSSecretAdminPolicy" => &[READ_SECRETS, WRITE_SECRETS],
        "AmazonEKSArgoCDClusterPolicy" => &[ARGO_CD_CLUSTER],
        "AmazonEKSArgoCDPolicy" => &[ARGO_CD],
        "AmazonEKSKROPolicy" => &[KRO],
        "AmazonEKSACKPolicy" => &[ACK],
        _ => &[],
    }
}

const ALL: &[&str] = &["*"];
const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const CORE: &[&str] = &[""];

/// A rule over objects of any name.
const fn rule(
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
) -> Rule {
    Rule { groups, resources, names: &[], verbs }
}

const EVERYTHING: &[Rule] = &[rule(ALL, ALL, ALL)];
const READ_EVERYTHING: &[Rule] = &[rule(ALL, ALL, READ)];
const READ_SECRETS: &[Rule] = &[rule(CORE, &["secrets"], READ)];
const WRITE_SECRETS: &[Rule] = &[rule(CORE, &["secrets"], WRITE)];

/// Reads that all three of view, edit and admin have. No secrets, no custom resources.
const VIEW: &[Rule] = &[
    rule(
        &["apps"],
        &[
            "controllerrevisions",
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "statefulsets",
            "statefulsets/scale",
            "statefulsets/status",
        ],
        READ,
    ),
    rule(&["autoscaling"], &["horizontalpodautoscalers", "horizontalpodautoscalers/status"], READ),
    rule(&["batch"], &["cronjobs", "cronjobs/status", "jobs", "jobs/status"], READ),
    rule(&["discovery.k8s.io"], &["endpointslices"], READ),
    rule(
        &["extensions"],
        &[
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "ingresses",
            "ingresses/status",
            "networkpolicies",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "replicationcontrollers/scale",
        ],
        READ,
    ),
    rule(&["networking.k8s.io"], &["ingresses", "ingresses/status", "networkpolicies"], READ),
    rule(&["policy"], &["poddisruptionbudgets", "poddisruptionbudgets/status"], READ),
    rule(
        CORE,
        &[
            "bindings",
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "namespaces/status",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "pods/log",
            "pods/status",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "replicationcontrollers/status",
            "resourcequotas",
            "resourcequotas/status",
            "serviceaccounts",
            "services",
            "services/status",
        ],
        READ,
    ),
];

/// What edit and admin add: the writes, and the reads that show secrets or lead into pods.
const EDIT: &[Rule] = &[
    rule(
        &["apps"],
        &[
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale",
        ],
        WRITE,
    ),
    rule(&["autoscaling"], &["horizontalpodautoscalers"], WRITE),
    rule(&["batch"], &["cronjobs", "jobs"], WRITE),
    rule(
        &["extensions"],
        &[
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "ingresses",
            "networkpolicies",
            "replicasets",
            "replicasets/scale",
            "replicationcontrollers/scale",
        ],
        WRITE,
    ),
    rule(&["networking.k8s.io"], &["ingresses", "networkpolicies"], WRITE),
    rule(&["policy"], &["poddisruptionbudgets"], WRITE),
    rule(
        CORE,
        &[
            "pods/attach",
            "pods/exec",
            "pods/portforward",
            "pods/proxy",
            "secrets",
            "services/proxy",
        ],
        READ,
    ),
    rule(CORE, &["serviceaccounts"], &["impersonate"]),
    rule(
        CORE,
        &[
            "configmaps",
            "events",
            "persistentvolumeclaims",
            "pods",
            "pods/attach",
            "pods/exec",
            "pods/portforward",
            "pods/proxy",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "secrets",
            "serviceaccounts",
            "services",
            "services/proxy",
        ],
        WRITE,
    ),
];

/// What admin adds to edit.
const ADMIN: &[Rule] = &[
    rule(&["authorization.k8s.io"], &["localsubjectaccessreviews"], &["create"]),
    rule(&["rbac.authorization.k8s.io"], &["rolebindings", "roles"], READ),
    rule(&["rbac.authorization.k8s.io"], &["rolebindings", "roles"], WRITE),
];

const CRDS: &[&str] = &["customresourcedefinitions"];
const APIEXTENSIONS: &[&str] = &["apiextensions.k8s.io"];

const ARGO_CD_CLUSTER: &[Rule] = &[
    rule(CORE, &["namespaces"], &["get", "list", "watch", "create"]),
    rule(APIEXTENSIONS, CRDS, &["create", "list", "watch"]),
    Rule {
        groups: APIEXTENSIONS,
        resources: CRDS,
        names: &[
            "applications.argoproj.io",
            "applicationsets.argoproj.io",
            "appprojects.argoproj.io",
        ],
        verbs: &["get", "patch", "update", "delete"],
    },
];

/// In the capability's namespace: Argo CD's own objects, its settings and registrations.
const ARGO_CD: &[Rule] = &[
    rule(&["argoproj.io"], ALL, ALL),
    rule(CORE, &["configmaps", "secrets", "events"], READ),
    rule(CORE, &["configmaps", "secrets", "events"], WRITE),
];

const KRO: &[Rule] = &[
    rule(&["kro.run", "*.kro.run"], ALL, ALL),
    rule(APIEXTENSIONS, &["customresourcedefinitions"], ALL),
    rule(CORE, &["events"], &["create", "patch"]),
];

const ACK: &[Rule] = &[
    rule(&["services.k8s.aws", "*.services.k8s.aws"], ALL, ALL),
    rule(APIEXTENSIONS, CRDS, &["get", "list", "watch", "create", "patch", "update"]),
    rule(CORE, &["namespaces", "configmaps"], READ),
    rule(CORE, &["events"], &["create", "patch"]),
];
