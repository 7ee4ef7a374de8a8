//! Hundreds of Applications on a real API server: beside what OpenTofu takes for as many objects of
//! its own, what kubectl takes for the same ones, and what the bare requests take.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use gitops_sandbox::cache::Cache;
use gitops_sandbox::tools::CustomResources;
use gitops_sandbox::{Options, Part, Sandbox, kubernetes};
use kube::Api;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use serde_json::{Value as Json, json};

use crate::library::application;
use crate::machine::{memory, output};
use crate::table::{Figure, Row, Table};

/// As many requests at once as OpenTofu has operations.
const PARALLEL: usize = 10;

/// A table for each number of Applications, each of the fastest of some rounds.
pub(crate) async fn measure(
    provider: &Path,
    idle: &Path,
    sizes: &[usize],
    rounds: usize,
) -> anyhow::Result<Vec<Table>> {
    let options = Options {
        provider: Some(provider.to_owned()),
        without: [Part::Argocd, Part::Kargo, Part::Aws].into(),
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await?;
    let client = sandbox.kube()?;
    // The kinds alone: a controller would take its share of the cores.
    let definitions = CustomResources::ArgoCd.files(&Cache::of_user()?)?;
    kubernetes::install(&client, &definitions).await?;
    let bench = Bench::new(&sandbox, client, idle).await?;
    let mut tables = Vec::new();
    for &size in sizes {
        let mut best = bench.round(size).await?;
        for _ in 1..rounds {
            best = best.or_less(&bench.round(size).await?);
        }
        let versions = bench.versions();
        let title = format!("{size} Applications, best of {rounds} ({versions})");
        tables.push(Table { title, rows: best.rows(size) });
    }
    Ok(tables)
}

struct Bench<'a> {
    sandbox: &'a Sandbox,
    applications: Api<DynamicObject>,
    /// The settings of OpenTofu with which it finds the provider that does nothing.
    idle: PathBuf,
}

/// The four commands that a configuration goes through.
#[derive(Clone, Copy)]
struct Life {
    plan: Duration,
    apply: Duration,
    again: Duration,
    destroy: Duration,
    /// The most memory that a provider had at any time.
    memory: u64,
}

#[derive(Clone, Copy)]
struct Round {
    floor: Life,
    /// With the same schema, and nothing behind it.
    idle: Life,
    ours: Life,
    /// The same objects as `gitops_manifest`.
    manifests: Life,
    kubectl_apply: Duration,
    kubectl_get: Duration,
    bare_apply: Duration,
    bare_delete: Duration,
}

impl<'a> Bench<'a> {
    async fn new(sandbox: &'a Sandbox, client: kube::Client, idle: &Path) -> anyhow::Result<Self> {
        let namespaces = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
        let namespaces: Api<DynamicObject> = Api::all_with(client.clone(), &namespaces);
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "bench" },
        });
        namespaces.patch("bench", &PatchParams::apply("bench"), &Patch::Apply(namespace)).await?;
        let kind = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application");
        let kind = ApiResource::from_gvk(&kind);
        let beside = idle.parent().and_then(Path::to_str).context("a folder in UTF-8")?;
        let settings = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  dev_overrides {{\n    \
             \"eks-gitops/idle\" = {beside:?}\n  }}\n  direct {{}}\n}}\n"
        );
        let idle = sandbox.folder().join("idle.tfrc");
        fs::write(&idle, settings)?;
        let applications = Api::namespaced_with(client, "bench", &kind);
        Ok(Self { sandbox, applications, idle })
    }

    async fn round(&self, size: usize) -> anyhow::Result<Round> {
        eprintln!("measuring {size} Applications");
        let floor = self.life("floor", size, &floor(size))?;
        let kubeconfig = &self.sandbox.control_plane().admin().file;
        let ours = ours(kubeconfig, size);
        let mut idle = ours.clone();
        idle["terraform"]["required_providers"]["gitops"]["source"] = "eks-gitops/idle".into();
        let idle = self.life("idle", size, &idle)?;
        let ours = self.life("ours", size, &ours)?;
        let manifests = self.life("manifests", size, &manifests(kubeconfig, size))?;
        let (kubectl_apply, kubectl_get) = self.kubectl(size)?;
        self.bare_delete(size).await?;
        let bare_apply = self.bare_apply(size).await?;
        let bare_delete = self.bare_delete(size).await?;
        Ok(Round {
            floor,
            idle,
            ours,
            manifests,
            kubectl_apply,
            kubectl_get,
            bare_apply,
            bare_delete,
        })
    }

    fn life(&self, name: &str, size: usize, configuration: &Json) -> anyhow::Result<Life> {
        let folder = self.sandbox.folder().join("bench").join(format!("{name}-{size}"));
        if !folder.is_dir() {
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("main.tf.json"), configuration.to_string())?;
            // What is overridden needs no installation, and would not be found.
            if name != "idle" {
                self.tofu(&folder, &["init"], 0)?;
            }
        }
        let (plan, at_plan) = self.tofu(&folder, &["plan", "-detailed-exitcode"], 2)?;
        let (apply, at_apply) = self.tofu(&folder, &["apply", "-auto-approve"], 0)?;
        let (again, at_again) = self.tofu(&folder, &["plan", "-detailed-exitcode"], 0)?;
        let (destroy, at_destroy) = self.tofu(&folder, &["destroy", "-auto-approve"], 0)?;
        let memory = [at_plan, at_apply, at_again, at_destroy].into_iter().max();
        Ok(Life { plan, apply, again, destroy, memory: memory.unwrap_or_default() })
    }

    /// Runs OpenTofu: the time, and the most memory of a provider that it has started.
    fn tofu(
        &self,
        folder: &Path,
        arguments: &[&str],
        expected: i32,
    ) -> anyhow::Result<(Duration, u64)> {
        let log = folder.join("log");
        let mut tofu = Command::new(self.tool("tofu")?);
        tofu.args(arguments).args(["-no-color"]).current_dir(folder).env("TF_INPUT", "0");
        tofu.envs(self.sandbox.env().iter().map(|(name, value)| (name, value)));
        if folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("idle")) {
            tofu.env("TF_CLI_CONFIG_FILE", &self.idle);
        }
        let written = fs::File::create(&log)?;
        tofu.stdin(Stdio::null()).stdout(written.try_clone()?).stderr(written);
        let start = Instant::now();
        let mut tofu = tofu.spawn()?;
        let mut most = 0;
        let status = loop {
            for child in children(tofu.id()).into_iter().filter(|child| is_provider(*child)) {
                most = most.max(memory(child, "VmHWM").unwrap_or_default());
            }
            if let Some(status) = tofu.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = start.elapsed();
        if status.code() != Some(expected) {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let end = said.char_indices().rev().nth(4000).map_or(0, |(at, _)| at);
            anyhow::bail!("tofu {} ended with {status}:\n{}", arguments.join(" "), &said[end..]);
        }
        Ok((took, most))
    }

    fn kubectl(&self, size: usize) -> anyhow::Result<(Duration, Duration)> {
        let list: Vec<_> = (0..size).map(object).collect();
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": list });
        let file = self.sandbox.folder().join("applications.json");
        fs::write(&file, list.to_string())?;
        let run = |arguments: &[&str]| -> anyhow::Result<Duration> {
            let mut kubectl = Command::new(self.tool("kubectl")?);
            kubectl.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
            kubectl.envs(self.sandbox.env().iter().map(|(name, value)| (name, value)));
            let start = Instant::now();
            let status = kubectl.status()?;
            ensure!(status.success(), "kubectl {} ended with {status}", arguments.join(" "));
            Ok(start.elapsed())
        };
        let file = file.to_str().context("a folder whose name is UTF-8")?;
        let apply = run(&["apply", "--server-side", "--filename", file])?;
        let get = run(&["get", "applications", "--namespace=bench", "--output=json"])?;
        Ok((apply, get))
    }

    async fn bare_apply(&self, size: usize) -> anyhow::Result<Duration> {
        let params = PatchParams::apply("bench").force();
        let start = Instant::now();
        let requests = stream::iter(0..size).map(|number| {
            let (object, params) = (Patch::Apply(object(number)), &params);
            async move {
                let name = format!("app-{number}");
                self.applications.patch(&name, params, &object).await.map(drop)
            }
        });
        requests.buffer_unordered(PARALLEL).try_collect::<()>().await?;
        Ok(start.elapsed())
    }

    async fn bare_delete(&self, size: usize) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let requests = stream::iter(0..size).map(|number| async move {
            let name = format!("app-{number}");
            self.applications.delete(&name, &DeleteParams::default()).await.map(drop)
        });
        requests.buffer_unordered(PARALLEL).try_collect::<()>().await?;
        Ok(start.elapsed())
    }

    fn versions(&self) -> String {
        let first = |program: &str, argument: &str| {
            let path = self.sandbox.tool(program).map(PathBuf::from).unwrap_or_default();
            let mut command = Command::new(path);
            command.envs(self.sandbox.env().iter().map(|(name, value)| (name, value)));
            let said = output(command.arg(argument));
            // Warnings may come first.
            let line = said.lines().find(|line| line.contains(" v1."));
            line.unwrap_or("an unknown version").to_owned()
        };
        format!("{}, {}", first("tofu", "version"), first("kube-apiserver", "--version"))
    }

    fn tool(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.sandbox.tool(name).with_context(|| format!("the sandbox has no {name}"))?;
        Ok(path.to_owned())
    }
}

/// Whether it is one already: between fork and exec a child is a copy of its parent.
fn is_provider(process: u32) -> bool {
    let program = fs::read_link(format!("/proc/{process}/exe")).unwrap_or_default();
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.starts_with("terraform-provider-")
}

/// The processes that a process has started.
fn children(process: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let lists =
        tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let lists: Vec<_> = lists.collect();
    lists.iter().flat_map(|list| list.split_whitespace()).flat_map(str::parse).collect()
}

/// The Applications as resources of this provider, for a cluster that a kubeconfig leads to.
fn ours(kubeconfig: &Path, size: usize) -> Json {
    let mut resource = numbered();
    resource["count"] = size.into();
    json!({
        "terraform": { "required_providers": { "gitops": { "source": "eks-gitops/gitops" } } },
        "provider": { "gitops": {
            "argo_cd": "self_managed",
            "cluster": { "config_path": kubeconfig },
        }},
        "resource": { "gitops_application": { "bench": resource } },
    })
}

/// The same objects as manifests.
fn manifests(kubeconfig: &Path, size: usize) -> Json {
    let mut manifest = object(0);
    manifest["metadata"]["name"] = "app-${count.index}".into();
    manifest["spec"]["destination"]["namespace"] = "app-${count.index}".into();
    let mut configuration = ours(kubeconfig, size);
    configuration["resource"] =
        json!({ "gitops_manifest": { "bench": { "count": size, "manifest": manifest } } });
    configuration
}

/// Objects of the same shape that nobody is asked about.
fn floor(size: usize) -> Json {
    let resource = json!({ "count": size, "input": numbered() });
    json!({ "resource": { "terraform_data": { "bench": resource } } })
}

/// An application whose number is the one of its instance.
fn numbered() -> Json {
    let mut application = application(0);
    application["name"] = "app-${count.index}".into();
    application["destination"]["namespace"] = "app-${count.index}".into();
    application
}

/// The same as an object of Kubernetes.
fn object(number: usize) -> Json {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": format!("app-{number}"),
            "namespace": "bench",
            "labels": { "team": "platform" },
        },
        "spec": {
            "project": "default",
            "source": {
                "repoURL": "https://github.com/example/shop",
                "path": "chart",
                "targetRevision": "main",
                "helm": { "valueFiles": ["values.yaml", "values-production.yaml"] },
            },
            "destination": {
                "server": "https://kubernetes.default.svc",
                "namespace": format!("app-{number}"),
            },
            "syncPolicy": {
                "automated": { "prune": true, "selfHeal": true },
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    })
}

impl Life {
    fn or_less(self, other: &Self) -> Self {
        Self {
            plan: self.plan.min(other.plan),
            apply: self.apply.min(other.apply),
            again: self.again.min(other.again),
            destroy: self.destroy.min(other.destroy),
            // Of memory it is the most that counts.
            memory: self.memory.max(other.memory),
        }
    }
}

impl Round {
    /// The least of each time: what disturbs a run only ever adds.
    fn or_less(self, other: &Self) -> Self {
        Self {
            floor: self.floor.or_less(&other.floor),
            idle: self.idle.or_less(&other.idle),
            ours: self.ours.or_less(&other.ours),
            manifests: self.manifests.or_less(&other.manifests),
            kubectl_apply: self.kubectl_apply.min(other.kubectl_apply),
            kubectl_get: self.kubectl_get.min(other.kubectl_get),
            bare_apply: self.bare_apply.min(other.bare_apply),
            bare_delete: self.bare_delete.min(other.bare_delete),
        }
    }

    fn rows(&self, size: usize) -> Vec<Row> {
        let Self { floor, idle, kubectl_apply, kubectl_get, bare_apply, bare_delete, .. } = *self;
        let time = Figure::Time;
        let mut rows = self.within("", &self.ours, size);
        rows.extend(self.within("`gitops_manifest`: ", &self.manifests, size));
        rows.extend([
            Row::free("floor (`terraform_data`): plan that creates", time(floor.plan)),
            Row::free("floor: apply", time(floor.apply)),
            Row::free("floor: plan again", time(floor.again)),
            Row::free("floor: destroy", time(floor.destroy)),
            Row::free("the same schema, idle: plan that creates", time(idle.plan)),
            Row::free("idle: apply", time(idle.apply)),
            Row::free("idle: plan again", time(idle.again)),
            Row::free("idle: destroy", time(idle.destroy)),
            Row::free("`kubectl apply --server-side`", time(kubectl_apply)),
            Row::free("`kubectl get`", time(kubectl_get)),
            Row::free("bare server-side applies, ten at a time", time(bare_apply)),
            Row::free("bare deletes, ten at a time", time(bare_delete)),
        ]);
        rows
    }

    /// What the budget is for, of one way to have the objects.
    fn within(&self, of: &str, life: &Life, size: usize) -> Vec<Row> {
        let Self { floor, kubectl_get, bare_apply, bare_delete, .. } = *self;
        let time = Figure::Time;
        let memory = Figure::Bytes(life.memory);
        let name = |name: &str| format!("{of}{name}");
        vec![
            Row::within(
                name("plan that creates"),
                time(life.plan),
                time(floor.plan.mul_f64(1.5)),
                "1.5 × floor",
            ),
            Row::within(
                name("apply"),
                time(life.apply),
                time((floor.apply + bare_apply).mul_f64(1.3)),
                "1.3 × (floor + bare requests)",
            ),
            Row::within(
                name("plan again, with the refresh"),
                time(life.again),
                time(floor.again.mul_f64(1.5) + kubectl_get),
                "1.5 × floor + `kubectl get`",
            ),
            Row::within(
                name("destroy"),
                time(life.destroy),
                time((floor.destroy + bare_delete).mul_f64(1.3)),
                "1.3 × (floor + bare requests)",
            ),
            // The budget is for 1,000 resources; fewer have no excuse for more.
            if size <= 1000 {
                Row::within(name("most resident memory"), memory, Figure::Bytes(40 << 20), "")
            } else {
                Row::free(name("most resident memory"), memory)
            },
        ]
    }
}
