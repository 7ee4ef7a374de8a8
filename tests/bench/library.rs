//! Calls of the service in this process: what the wire and the plan engine cost.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use prost::Message as _;
use serde_json::{Value as Json, json};
use terraform_provider_gitops::framework::Value;
use terraform_provider_gitops::framework::schema::Schema;
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::codec::{Shape, decode, encode};
use terraform_provider_gitops::rpc::proto::{self, provider_server::Provider as Service};
use terraform_provider_gitops::rpc::{self, Server};
use tokio_util::sync::CancellationToken;
use tonic::Request;

use crate::table::{Figure, Row, Table, median};

const TYPE: &str = "gitops_application";

/// A mebibyte on the wire.
const BIG: usize = 1 << 20;

/// Schema, codec, plan.
pub(crate) async fn measure() -> anyhow::Result<Table> {
    let server = Server::<Provider>::new(registry(), CancellationToken::new());
    let registry = registry();
    let schema = registry.get(TYPE).context("the type of applications")?.schema();

    let schemas = schemas(&server).await?;
    let size = schemas.encoded_len();
    ensure!(!schemas.resource_schemas.is_empty(), "the provider has no schemas");
    let mut times = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        black_box(self::schemas(&server).await?.encode_to_vec());
        times.push(start.elapsed());
    }
    let mut rows = vec![
        Row::within(
            "schema RPC, built and encoded",
            Figure::Time(median(times)),
            Figure::Time(Duration::from_millis(10)),
            "",
        ),
        Row::within("its answer", Figure::Bytes(size as u64), Figure::Bytes(1_000_000), ""),
    ];
    rows.extend(codec(schema)?);
    rows.push(plan(&server, schema).await?);
    Ok(Table { title: "Calls, within the process".to_owned(), rows })
}

async fn schemas(
    server: &Server<Provider>,
) -> anyhow::Result<proto::get_provider_schema::Response> {
    let request = Request::new(proto::get_provider_schema::Request::default());
    Ok(server.get_provider_schema(request).await?.into_inner())
}

/// An application of so many sources that it is a mebibyte on the wire.
fn codec(schema: &Schema) -> anyhow::Result<[Row; 2]> {
    let shape = Shape::Object(&schema.attributes);
    let source = json!({
        "repo_url": "https://github.com/example/shop",
        "path": "chart",
        "target_revision": "main",
        "helm": { "parameters": [{ "name": "image.tag", "value": "1.2.3" }] },
    });
    let of = |sources: usize| {
        let mut application = application(0);
        application["source"] = Json::Null;
        application["sources"] = vec![source.clone(); sources].into();
        value(&application)
    };
    let each = encode(shape, &of(2))?.len() - encode(shape, &of(1))?.len();
    let big = of(BIG / each + 1);
    let bytes = encode(shape, &big)?;
    ensure!(bytes.len() >= BIG, "{} bytes are no mebibyte", bytes.len());
    let (mut decoding, mut encoding) = (Vec::new(), Vec::new());
    for _ in 0..51 {
        let start = Instant::now();
        let decoded = black_box(decode(shape, &bytes)?);
        decoding.push(start.elapsed());
        let start = Instant::now();
        let again = black_box(encode(shape, &decoded)?);
        encoding.push(start.elapsed());
        ensure!(again == bytes, "a value is encoded in two ways");
    }
    // No budget is set for these; they are here to see them grow.
    Ok([
        Row::free("decode a value of 1 MiB", Figure::Time(median(decoding))),
        Row::free("encode it", Figure::Time(median(encoding))),
    ])
}

/// One plan of a create, from the request's bytes to the answer's.
async fn plan(server: &Server<Provider>, schema: &Schema) -> anyhow::Result<Row> {
    let config = json!({
        "region": "eu-west-1",
        "argo_cd": "self_managed",
        "cluster": { "host": "https://127.0.0.1:1", "token": "none" },
    });
    let config = rpc::codec::encode(
        Shape::Object(
            &<Provider as terraform_provider_gitops::framework::Provider>::schema().attributes,
        ),
        &value(&config),
    )?;
    let request = proto::configure_provider::Request {
        config: Some(proto::DynamicValue { msgpack: config, json: Vec::new() }),
        ..Default::default()
    };
    let answer = server.configure_provider(Request::new(request)).await?.into_inner();
    ensure!(answer.diagnostics.is_empty(), "not configured: {:?}", answer.diagnostics);

    let shape = Shape::Object(&schema.attributes);
    let dynamic = |msgpack| Some(proto::DynamicValue { msgpack, json: Vec::new() });
    let bytes = encode(shape, &value(&application(1)))?;
    let request = proto::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: dynamic(vec![0xc0]),
        proposed_new_state: dynamic(bytes.clone()),
        config: dynamic(bytes),
        ..Default::default()
    }
    .encode_to_vec();
    let mut times = Vec::new();
    for _ in 0..201 {
        let start = Instant::now();
        let request = proto::plan_resource_change::Request::decode(request.as_slice())?;
        let answer = server.plan_resource_change(Request::new(request)).await?.into_inner();
        black_box(answer.encode_to_vec());
        times.push(start.elapsed());
        ensure!(answer.diagnostics.is_empty(), "no plan: {:?}", answer.diagnostics);
    }
    Ok(Row::free("plan RPC of an Application", Figure::Time(median(times))))
}

/// The attributes of one application, as users set them; `cluster.rs` has the same.
pub(crate) fn application(number: usize) -> Json {
    json!({
        "name": format!("app-{number}"),
        "namespace": "bench",
        "project": "default",
        "labels": { "team": "platform" },
        "source": {
            "repo_url": "https://github.com/example/shop",
            "path": "chart",
            "target_revision": "main",
            "helm": { "value_files": ["values.yaml", "values-production.yaml"] },
        },
        "destination": {
            "server": "https://kubernetes.default.svc",
            "namespace": format!("app-{number}"),
        },
        "sync_policy": {
            "automated": { "prune": true, "self_heal": true },
            "sync_options": ["CreateNamespace=true"],
        },
        // No controller would take a finalizer away again.
        "cascade": "orphan",
    })
}

/// JSON as a value; what is left out is null.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => Value::Number(it.as_i64().unwrap_or_default().into()),
        Json::String(it) => Value::String(it.clone()),
        Json::Array(elements) => Value::List(elements.iter().map(value).collect()),
        Json::Object(fields) => {
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), value(field))).collect())
        }
    }
}
