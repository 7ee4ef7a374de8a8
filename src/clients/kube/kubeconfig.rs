//! Kubeconfig files, each of them named by the user.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kube::Config;
use kube::config::{ExecConfig, KubeConfigOptions, Kubeconfig as File};
use secrecy::ExposeSecret;

use super::authorize::Authorization;
use super::link::{self, Link};
use super::plugin::Plugin;
use super::target::{Exec, Kubeconfig};
use super::token::{ConfiguredToken, TokenFile};
use crate::framework::{Error, Result, Secret};

/// Reads the files and says how to dial the chosen context.
pub(super) async fn link(chosen: &Kubeconfig, home: Option<&Path>) -> Result<Link> {
    let file = read(&chosen.paths, home)?;
    let (cluster, user) = names(&file, chosen)?;
    let proxy = file
        .clusters
        .iter()
        .find(|named| named.name == cluster)
        .and_then(|named| named.cluster.as_ref()?.proxy_url.as_deref())
        .filter(|proxy| !proxy.is_empty())
        .map(|proxy| {
            proxy.parse().map_err(|error| {
                Error::invalid(format!("the proxy-url of cluster {cluster:?} is no URL: {error}"))
            })
        })
        .transpose()?;
    let options = KubeConfigOptions {
        context: chosen.context.clone(),
        cluster: chosen.cluster.clone(),
        user: chosen.user.clone(),
    };
    let mut config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| {
        Error::invalid(format!("{}: {error}", chosen.paths.join(", "))).caused_by(error)
    })?;
    if config.cluster_url.scheme_str() != Some("https") {
        return Err(Error::invalid(format!(
            "the server of cluster {cluster:?} is {}: expected https://<host>",
            config.cluster_url
        )));
    }
    let authorization = authorization(&mut config, user.as_deref()).await?;
    Ok(Link { config, authorization, proxy })
}

/// All files as one, the first to name a thing winning (as `kubectl` merges them).
fn read(paths: &[String], home: Option<&Path>) -> Result<File> {
    let mut whole: Option<File> = None;
    for path in paths {
        let place = expand(path, home)?;
        let wrong = |error| {
            Error::invalid(format!("the kubeconfig {path} cannot be used: {error}"))
                .caused_by(error)
                .at("config_path")
        };
        let file = File::read_from(&place).map_err(wrong)?;
        whole = Some(match whole {
            Some(whole) => whole.merge(file).map_err(wrong)?,
            None => file,
        });
    }
    whole.ok_or_else(|| Error::bug("a kubeconfig target without a path"))
}

fn expand(path: &str, home: Option<&Path>) -> Result<PathBuf> {
    let Some(rest) = path.strip_prefix("~/") else { return Ok(path.into()) };
    home.map(|home| home.join(rest)).ok_or_else(|| {
        Error::invalid(format!("{path:?} needs a home directory: HOME is not set"))
            .at("config_path")
    })
}

/// The cluster and the user of the context, with overrides; an unknown name is
/// answered with those that there are.
fn names(file: &File, chosen: &Kubeconfig) -> Result<(String, Option<String>)> {
    let paths = chosen.paths.join(", ");
    let unknown = |what: &str, name: &str, known: Vec<&str>, attribute: &str| {
        Error::invalid(format!(
            "{what} {name:?} is not in {paths}: expected one of {}",
            known.join(", ")
        ))
        .at(attribute)
    };
    let context = chosen.context.as_ref().or(file.current_context.as_ref()).ok_or_else(|| {
        Error::invalid(format!("{paths} has no current context: expected config_context"))
            .at("config_context")
    })?;
    let named = file.contexts.iter().find(|named| &named.name == context);
    let Some(context) = named.and_then(|named| named.context.as_ref()) else {
        let known = file.contexts.iter().map(|named| named.name.as_str()).collect();
        return Err(unknown("context", context, known, "config_context"));
    };
    let cluster = chosen.cluster.as_ref().unwrap_or(&context.cluster);
    if !file.clusters.iter().any(|named| &named.name == cluster) {
        let known = file.clusters.iter().map(|named| named.name.as_str()).collect();
        return Err(unknown("cluster", cluster, known, "config_context_cluster"));
    }
    let user = chosen.user.as_ref().or(context.user.as_ref());
    if let Some(user) = user.filter(|user| !file.auth_infos.iter().any(|n| &n.name == *user)) {
        let known = file.auth_infos.iter().map(|named| named.name.as_str()).collect();
        return Err(unknown("user", user, known, "config_context_auth_info"));
    }
    Ok((cluster.clone(), user.cloned()))
}

/// Takes the login out of the configuration, which then holds only certificates
/// and impersonation.
async fn authorization(config: &mut Config, user: Option<&str>) -> Result<Authorization> {
    let login = &mut config.auth_info;
    if let Some(provider) = login.auth_provider.take() {
        return Err(Error::invalid(format!(
            "user {user:?} logs in with the auth-provider {:?}, which is not supported",
            provider.name
        ))
        .advise(
            "Use a kubeconfig whose user has a token, a client certificate or an exec plugin.",
        ));
    }
    // The order of client-go: a name and password, a token, a token file, a plugin.
    if let (Some(name), Some(password)) = (login.username.take(), login.password.take()) {
        return Authorization::basic(&name, password.expose_secret());
    }
    if let Some(token) = login.token.take() {
        let token = Secret::from(token.expose_secret());
        return Ok(Authorization::bearer(Arc::new(ConfiguredToken(token))));
    }
    if let Some(path) = login.token_file.take() {
        return Ok(Authorization::bearer(Arc::new(TokenFile::new(path))));
    }
    match login.exec.take() {
        Some(exec) => link::plugin(config, plugin(exec)?).await,
        None => Ok(Authorization::None),
    }
}

fn plugin(exec: ExecConfig) -> Result<Plugin> {
    let pair = |mut variable: std::collections::HashMap<String, String>| {
        Some((variable.remove("name")?, variable.remove("value")?))
    };
    let env: BTreeMap<_, _> = exec.env.unwrap_or_default().into_iter().filter_map(pair).collect();
    let cluster = exec.cluster.map(serde_json::to_value).transpose();
    let cluster = cluster.map_err(|error| {
        Error::bug(format!("the cluster for a credential plugin is not JSON: {error}"))
    })?;
    let missing =
        |field: &str| Error::invalid(format!("the exec plugin of the kubeconfig has no {field}"));
    let run = Exec {
        api_version: exec.api_version.ok_or_else(|| missing("apiVersion"))?,
        command: exec.command.ok_or_else(|| missing("command"))?,
        args: exec.args.unwrap_or_default(),
        env,
    };
    Ok(Plugin::new(run, cluster, exec.install_hint))
}

#[cfg(test)]
mod tests;
