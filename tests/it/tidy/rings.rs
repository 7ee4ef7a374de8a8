//! The rings of the code, and which may use which.

use super::reader::{Named, read};

/// A part of the code that has rules of its own.
#[derive(Debug)]
pub(super) struct Ring {
    /// The module that it is; the longest that fits a file counts.
    pub(super) at: &'static str,
    /// What it may use beside itself, each a module or item with all that is below it.
    pub(super) uses: &'static [&'static str],
    /// The families of packages that it may use.
    pub(super) libraries: &'static [&'static Family],
}

/// Packages that not everybody may use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) name: &'static str,
    /// Names, or beginnings of names that end in `_`.
    packages: &'static [&'static str],
}

static AWS: Family = Family { name: "AWS", packages: &["aws_"] };
static KUBERNETES: Family = Family { name: "Kubernetes", packages: &["kube", "k8s_openapi"] };
static PROTOBUF: Family = Family {
    name: "protobuf and gRPC",
    packages: &["prost", "prost_", "tonic", "tonic_", "rmp", "rmp_"],
};
static FAMILIES: [&Family; 3] = [&AWS, &KUBERNETES, &PROTOBUF];

/// Arrows point inwards: towards the framework, which uses nobody.
pub(super) static RINGS: &[Ring] = &[
    // What a provider is made of, on plain data.
    Ring { at: "framework", uses: &[], libraries: &[] },
    // The process. Of the framework it knows the one error and the clock, and no values.
    Ring { at: "plugin", uses: &["framework::error", "framework::clock"], libraries: &[&PROTOBUF] },
    // The wire. It serves whatever registry it is given.
    Ring { at: "rpc", uses: &["framework", "plugin::MAX_MESSAGE_SIZE"], libraries: &[&PROTOBUF] },
    // What is talked to. Clusters know nothing of AWS, nor AWS of clusters' APIs.
    Ring { at: "clients", uses: &["framework"], libraries: &[] },
    Ring { at: "clients::aws", uses: &["framework", "clients::arn"], libraries: &[&AWS] },
    Ring { at: "clients::kube", uses: &["framework"], libraries: &[&KUBERNETES] },
    // Where the clients come together. `cluster` has one model, on the provider and on resources.
    Ring {
        at: "provider",
        uses: &["framework", "clients", "resources::object::ClusterRef"],
        libraries: &[&AWS],
    },
    // The types. A family knows its own API.
    Ring { at: "resources", uses: &["framework", "clients::kube", "provider"], libraries: &[] },
    // What AWS's types have in common.
    Ring {
        at: "resources::tags",
        uses: &["framework", "clients::aws", "provider", "resources::Operation"],
        libraries: &[&AWS],
    },
    Ring {
        at: "resources::argocd",
        uses: &[
            "framework",
            "clients::kube",
            "clients::arn",
            "provider",
            "resources::findings",
            "resources::object",
            "resources::secret",
            "resources::Operation",
        ],
        libraries: &[],
    },
    Ring {
        at: "resources::kargo",
        uses: &[
            "framework",
            "clients::kube",
            "provider",
            "resources::findings",
            "resources::object",
            "resources::secret",
            "resources::Operation",
        ],
        libraries: &[],
    },
    Ring {
        at: "resources::eks",
        uses: &[
            "framework",
            "clients::aws",
            "clients::arn",
            "provider",
            "resources::iam",
            "resources::tags",
            "resources::Operation",
        ],
        libraries: &[&AWS],
    },
    Ring {
        at: "resources::ecr",
        uses: &[
            "framework",
            "clients::aws",
            "provider",
            "resources::iam::policy_document",
            "resources::tags",
            "resources::Operation",
        ],
        libraries: &[&AWS],
    },
    Ring {
        at: "resources::iam",
        uses: &[
            "framework",
            "clients::aws",
            "clients::arn",
            "provider",
            "resources::tags",
            "resources::Operation",
        ],
        libraries: &[&AWS],
    },
    Ring {
        at: "resources::kro",
        uses: &[
            "framework",
            "clients::kube",
            "provider",
            "resources::findings",
            "resources::object",
            "resources::Operation",
        ],
        libraries: &[],
    },
    // Any object of a cluster.
    Ring {
        at: "resources::manifest",
        uses: &[
            "framework",
            "clients::kube",
            "provider",
            "resources::object",
            "resources::Operation",
        ],
        libraries: &[],
    },
    // What is only read, of whatever API it is.
    Ring {
        at: "resources::data_sources",
        uses: &[
            "framework",
            "clients::aws",
            "clients::arn",
            "clients::kube",
            "provider",
            "resources::argocd",
            "resources::kargo",
            "resources::object",
            "resources::Operation",
        ],
        libraries: &[&AWS],
    },
    // What is done to objects when somebody asks for it.
    Ring {
        at: "resources::actions",
        uses: &[
            "framework",
            "clients::kube",
            "provider",
            "resources::argocd",
            "resources::kargo",
            "resources::object",
            "resources::Operation",
        ],
        libraries: &[],
    },
    // What lives for one run: what the provider or AWS makes.
    Ring {
        at: "resources::ephemeral",
        uses: &["framework", "clients::aws", "provider", "resources::Operation"],
        libraries: &[&AWS],
    },
    // Functions are pure: they know neither the provider nor anything that calls.
    Ring {
        at: "resources::functions",
        uses: &["framework", "clients::arn", "clients::aws::partition"],
        libraries: &[],
    },
    // The program puts the rings together.
    Ring { at: "main", uses: &["plugin", "rpc", "resources"], libraries: &[] },
];

/// A file below `src`, such as `rpc/codec.rs`.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

impl<'a> File<'a> {
    /// The module that it holds; `main` for the program, nothing for the root of the library.
    pub(super) fn module(self) -> Vec<&'a str> {
        let path = self.path.strip_suffix(".rs").unwrap_or(self.path);
        if path == "lib" { Vec::new() } else { path.split('/').collect() }
    }

    /// Whether all of it is for tests.
    pub(super) fn is_test(self) -> bool {
        self.module().iter().any(|name| matches!(*name, "tests" | "testing"))
    }
}

/// Every arrow of a file that none of `rings` allows, in words.
pub(super) fn forbidden(rings: &[Ring], file: File<'_>) -> Vec<String> {
    let module = file.module();
    if module.is_empty() {
        return Vec::new();
    }
    let holds = |ring: &&Ring| begins(&module, ring.at);
    let Some(ring) = rings.iter().filter(holds).max_by_key(|ring| ring.at.len()) else {
        return vec![format!("src/{}: no ring is declared for it", file.path)];
    };
    // The program is beside the library, and names it.
    let root = if ring.at == "main" { vec![] } else { module };
    let source = match read(file.text, &root) {
        Ok(source) => source,
        Err(error) => return vec![format!("src/{}: {error}", file.path)],
    };
    let mut found = Vec::new();
    for mention in source.mentions {
        let refused = match &mention.path {
            Named::Ours(path) => ring.refuses(path),
            Named::Foreign(path) if path[0] == "terraform_provider_gitops" => {
                ring.refuses(&path[1..])
            }
            // Tests bring their own libraries, and import by globs that cannot be followed.
            Named::Foreign(_) if mention.test || file.is_test() => None,
            Named::Foreign(path) => ring.refuses_library(&path[0]),
        };
        let Some(refused) = refused else { continue };
        found.push(format!(
            "src/{}:{}: {} must not use {refused}",
            file.path, mention.line, ring.at
        ));
    }
    found.dedup();
    found
}

impl Ring {
    fn refuses(&self, path: &[String]) -> Option<String> {
        let mut allowed = self.uses.iter().chain([&self.at]);
        // The root alone, as in `use crate::{a, b}`, is nothing in particular.
        let fits = path.is_empty() || allowed.any(|allowed| begins(path, allowed));
        (!fits).then(|| path.join("::"))
    }

    fn refuses_library(&self, package: &str) -> Option<String> {
        let of = |family: &&&Family| {
            family
                .packages
                .iter()
                .any(|name| *name == package || (name.ends_with('_') && package.starts_with(name)))
        };
        let family = FAMILIES.iter().find(of)?;
        (!self.libraries.contains(family))
            .then(|| format!("{package}, which is for {}", family.name))
    }
}

/// Whether a path begins with all segments of a module's.
fn begins(path: &[impl AsRef<str>], module: &str) -> bool {
    let mut path = path.iter();
    module.split("::").all(|name| path.next().is_some_and(|segment| segment.as_ref() == name))
}
