//! Installing custom resource definitions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures::future::try_join_all;
use http::{Request, StatusCode, header};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client};

const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Until the API server serves a new kind; a second is usual.
const ESTABLISH_TIMEOUT: Duration = Duration::from_mins(1);

/// Creates the definitions (YAML texts by file name) and waits until the API server serves their
/// kinds.
///
/// Those that exist are left as they are. They are sent as they are, too: the API server reads
/// YAML.
pub async fn install(client: &Client, files: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let names = try_join_all(files.iter().map(|(file, text)| create(client, file, text))).await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let start = Instant::now();
    for name in names {
        while !is_established(&definitions.get(&name).await?) {
            if start.elapsed() > ESTABLISH_TIMEOUT {
                bail!("{name} was not established within {ESTABLISH_TIMEOUT:?}");
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
    Ok(())
}

async fn create(client: &Client, file: &str, text: &str) -> anyhow::Result<String> {
    let name = name_in(text).with_context(|| format!("{file} has no metadata.name"))?;
    let request = Request::post(PATH)
        .header(header::CONTENT_TYPE, "application/yaml")
        .body(text.as_bytes().to_vec())?;
    match client.request_text(request).await {
        Ok(_) => {}
        Err(kube::Error::Api(e)) if e.code == StatusCode::CONFLICT.as_u16() => {}
        Err(e) => return Err(e).with_context(|| format!("cannot install {file}")),
    }
    Ok(name.to_owned())
}

/// The object's name in a generated definition file: the one line `  name: …` at the first indent.
fn name_in(text: &str) -> Option<&str> {
    let mut metadata = text.lines().skip_while(|line| *line != "metadata:").skip(1);
    let name = metadata
        .by_ref()
        .take_while(|line| line.starts_with(' '))
        .find_map(|line| line.strip_prefix("  name: "));
    name.map(str::trim)
}

fn is_established(definition: &CustomResourceDefinition) -> bool {
    let status = definition.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions
        .iter()
        .any(|condition| condition.type_ == "Established" && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_that_of_the_object_and_not_of_its_kinds() {
        let text = "kind: CustomResourceDefinition\nmetadata:\n  annotations:\n    \
                    name: no\n  name: stages.kargo.akuity.io\nspec:\n  name: neither\n";
        assert_eq!(name_in(text), Some("stages.kargo.akuity.io"));
        assert_eq!(name_in("kind: X\nmetadata:\n  labels: {}\nspec:\n  name: no\n"), None);
    }
}
