//! The calls about data sources.

use super::deferral::deferred;
use super::diagnostics::{checked, diagnostics, located};
use super::{proto, wire};
use crate::framework::data_source::Source;
use crate::framework::{Diagnostics, Error, Registry, Result, Session};

fn find<'a, P: Send + Sync + 'static>(
    registry: &'a Registry<P>,
    type_name: &str,
) -> Result<&'a Source<P>> {
    registry
        .get_data_source(type_name)
        .ok_or_else(|| Error::bug(format!("the provider has no data source {type_name:?}")))
}

pub(super) fn validate<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::validate_data_resource_config::Request,
) -> Result<Diagnostics> {
    checked(find(registry, &request.type_name)?, request.config.as_ref())
}

pub(super) async fn read<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: proto::read_data_source::Request,
) -> Result<proto::read_data_source::Response> {
    let source = find(registry, &request.type_name)?;
    let config = wire::read(source.schema(), request.config.as_ref())?;
    let outcome = source.read(session, &config).await;
    let (deferred, said) = deferred(request.client_capabilities, outcome.diagnostics);
    Ok(proto::read_data_source::Response {
        state: wire::write_option(source.schema(), outcome.state.as_ref())?,
        diagnostics: diagnostics(located(&source.schema().attributes, said)),
        deferred,
    })
}
