//! What a configuration may leave behind: the objects in AWS and in the cluster that users create.
//!
//! Taken before and after, two inventories show what a destroy has missed. Not in it is what stays
//! on purpose: what a capability made for itself (the EKS API deletes capabilities with RETAIN) and
//! namespaces that Argo CD creates for applications.

use std::collections::BTreeSet;

use anyhow::Context as _;
use futures::future::try_join_all;
use http::Request;
use kube::Client;
use serde_json::Value;

use crate::Sandbox;

/// The API groups whose objects users create.
const GROUPS: [&str; 3] = ["argoproj.io", "kargo.akuity.io", "kro.run"];

/// Core objects that belong to them, by path and label.
const LABELLED: [(&str, &str, &str); 3] = [
    ("Secret", "secrets", "argocd.argoproj.io/secret-type"),
    ("Secret", "secrets", "kargo.akuity.io/cred-type"),
    ("Namespace", "namespaces", "kargo.akuity.io/project"),
];

/// One line for each object, as `Application argocd/guestbook` or `capability argocd`.
pub async fn take(sandbox: &Sandbox) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    if let Ok(eks) = sandbox.eks() {
        for (_, cluster) in eks.state_json()["clusters"].as_object().into_iter().flatten() {
            let capabilities = names(&cluster["capabilities"], "capabilityName");
            found.extend(capabilities.map(|name| format!("capability {name}")));
            let entries = names(&cluster["accessEntries"], "principalArn");
            found.extend(entries.map(|principal| format!("access entry {principal}")));
            let associations = names(&cluster["podIdentityAssociations"], "associationId");
            found.extend(associations.map(|id| format!("pod identity association {id}")));
        }
        let roles = sandbox.iam()?.role_names().await?;
        found.extend(roles.into_iter().map(|name| format!("IAM role {name}")));
    }
    let client = sandbox.kube()?;
    let groups = try_join_all(GROUPS.map(|group| kinds_of(&client, group))).await?;
    let labelled = LABELLED.map(|(kind, plural, label)| {
        (kind.to_owned(), format!("/api/v1/{plural}?labelSelector={label}"))
    });
    let kinds = groups.into_iter().flatten().chain(labelled);
    // All at once: the first list of a new kind is put off by the API server for a second.
    let lists = kinds.map(|(kind, path)| list(&client, kind, path));
    found.extend(try_join_all(lists).await?.into_iter().flatten());
    // Made by the capability itself.
    found.remove("AppProject argocd/default");
    Ok(found)
}

/// The kinds of a group with the paths of their lists; none if its definitions are not installed.
async fn kinds_of(client: &Client, group: &str) -> anyhow::Result<Vec<(String, String)>> {
    let Some(versions) = get(client, &format!("/apis/{group}")).await? else {
        return Ok(Vec::new());
    };
    let path = format!("/apis/{}", text(&versions["preferredVersion"]["groupVersion"])?);
    let resources = get(client, &path).await?.unwrap_or_default();
    let mut kinds = Vec::new();
    for resource in resources["resources"].as_array().into_iter().flatten() {
        let name = text(&resource["name"])?;
        // Others are parts of objects, as their status.
        if !name.contains('/') {
            kinds.push((text(&resource["kind"])?.to_owned(), format!("{path}/{name}")));
        }
    }
    Ok(kinds)
}

async fn list(client: &Client, kind: String, path: String) -> anyhow::Result<Vec<String>> {
    let answer = get(client, &path).await?.unwrap_or_default();
    let items = answer["items"].as_array().into_iter().flatten();
    let line = |item: &Value| {
        let metadata = &item["metadata"];
        let namespace = metadata["namespace"].as_str().map(|name| format!("{name}/"));
        let name = text(&metadata["name"])?;
        Ok(format!("{kind} {}{name}", namespace.unwrap_or_default()))
    };
    items.map(line).collect()
}

/// The document at a path; nothing if there is none.
async fn get(client: &Client, path: &str) -> anyhow::Result<Option<Value>> {
    match client.request(Request::get(path).body(Vec::new())?).await {
        Ok(document) => Ok(Some(document)),
        Err(kube::Error::Api(e)) if e.code == 404 => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read {path}")),
    }
}

fn names<'a>(list: &'a Value, field: &'a str) -> impl Iterator<Item = &'a str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(move |item| item[field].as_str())
}

fn text(value: &Value) -> anyhow::Result<&str> {
    value.as_str().with_context(|| format!("{value} is not a text"))
}
