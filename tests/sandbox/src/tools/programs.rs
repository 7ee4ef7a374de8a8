//! The programs: versions, packages, and which others do as well.

use super::go::{Acceptable, Binary, Program};

pub(super) static ETCD: Program = Program {
    name: "etcd",
    module: "etcd",
    version: "3.7.3",
    binaries: &[Binary { name: "etcd", package: "go.etcd.io/etcd/server/v3" }],
    variables: &[],
    acceptable: Acceptable::From { ask: "--version", lowest: (3, 5, 0), below: (4, 0, 0) },
    minutes: "½",
};

pub(super) static KUBERNETES: Program = Program {
    name: "kubernetes",
    module: "kubernetes",
    version: "1.36.3",
    binaries: &[
        Binary { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver" },
        Binary {
            name: "kube-controller-manager",
            package: "k8s.io/kubernetes/cmd/kube-controller-manager",
        },
    ],
    variables: &[
        ("k8s.io/component-base/version.gitVersion", "v1.36.3"),
        ("k8s.io/component-base/version.gitMajor", "1"),
        ("k8s.io/component-base/version.gitMinor", "36"),
    ],
    // What EKS still supports, and with it write-ahead of any field the tests use.
    acceptable: Acceptable::From { ask: "--version", lowest: (1, 33, 0), below: (2, 0, 0) },
    minutes: "4",
};

pub(super) static KUBECTL: Program = Program {
    name: "kubectl",
    module: "kubernetes",
    version: "1.36.3",
    binaries: &[Binary { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl" }],
    variables: KUBERNETES.variables,
    acceptable: Acceptable::From { ask: "version --client", lowest: (1, 30, 0), below: (2, 0, 0) },
    minutes: "½",
};

pub(super) static OPENTOFU: Program = Program {
    name: "opentofu",
    module: "opentofu",
    version: "1.12.6",
    binaries: &[Binary { name: "tofu", package: "github.com/opentofu/opentofu/cmd/tofu" }],
    // Without it the version gets the suffix -dev, and with it other defaults.
    variables: &[("github.com/opentofu/opentofu/version.dev", "no")],
    acceptable: Acceptable::From { ask: "version", lowest: (1, 12, 0), below: (2, 0, 0) },
    minutes: "3",
};

pub(super) static TERRAFORM: Program = Program {
    name: "terraform",
    module: "terraform",
    version: "1.16.4",
    binaries: &[Binary { name: "terraform", package: "github.com/hashicorp/terraform" }],
    variables: &[
        ("github.com/hashicorp/terraform/version.dev", "no"),
        // Only for the option -allow-deferral; without it nothing is done in another way.
        ("main.experimentsAllowed", "yes"),
    ],
    // A released one has no deferral.
    acceptable: Acceptable::None,
    minutes: "4",
};

pub(super) static ARGOCD: Program = Program {
    name: "argocd",
    module: "argocd",
    version: "3.2.6",
    binaries: &[Binary { name: "argocd", package: "github.com/argoproj/argo-cd/v3/cmd" }],
    variables: &[("github.com/argoproj/argo-cd/v3/common.version", "3.2.6")],
    acceptable: Acceptable::None,
    minutes: "3",
};

pub(super) static KUSTOMIZE: Program = Program {
    name: "kustomize",
    module: "kustomize",
    version: "5.8.2",
    binaries: &[Binary { name: "kustomize", package: "sigs.k8s.io/kustomize/kustomize/v5" }],
    variables: &[("sigs.k8s.io/kustomize/api/provenance.version", "v5.8.2")],
    acceptable: Acceptable::From { ask: "version", lowest: (5, 0, 0), below: (6, 0, 0) },
    minutes: "½",
};

pub(super) static HELM: Program = Program {
    name: "helm",
    module: "helm",
    version: "3.20.2",
    binaries: &[Binary { name: "helm", package: "helm.sh/helm/v3/cmd/helm" }],
    variables: &[("helm.sh/helm/v3/internal/version.version", "v3.20.2")],
    acceptable: Acceptable::From { ask: "version --short", lowest: (3, 14, 0), below: (4, 0, 0) },
    minutes: "2",
};

pub(super) static TERRAGRUNT: Program = Program {
    name: "terragrunt",
    module: "terragrunt",
    version: "1.1.1",
    binaries: &[Binary { name: "terragrunt", package: "github.com/gruntwork-io/terragrunt" }],
    variables: &[("github.com/gruntwork-io/terragrunt/internal/version.Version", "v1.1.1")],
    acceptable: Acceptable::From { ask: "--version", lowest: (1, 0, 0), below: (2, 0, 0) },
    minutes: "2",
};

pub(super) static KRO: Program = Program {
    name: "kro",
    module: "kro",
    version: "0.9.4",
    binaries: &[Binary { name: "kro", package: "github.com/kubernetes-sigs/kro/cmd/controller" }],
    variables: &[],
    acceptable: Acceptable::None,
    minutes: "1½",
};

pub(super) static TFPLUGINDOCS: Program = Program {
    name: "tfplugindocs",
    module: "tfplugindocs",
    version: "0.25.0",
    binaries: &[Binary {
        name: "tfplugindocs",
        package: "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs",
    }],
    variables: &[(
        "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs/build.version",
        "0.25.0",
    )],
    // Another version writes other pages.
    acceptable: Acceptable::None,
    minutes: "½",
};
