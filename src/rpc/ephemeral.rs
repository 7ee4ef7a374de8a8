//! The calls about ephemeral resources.

use std::time::SystemTime;

use super::deferral::deferred;
use super::diagnostics::{checked, diagnostics, located};
use super::{proto, wire};
use crate::framework::ephemeral::Lessor;
use crate::framework::{Diagnostics, Error, Private, Registry, Result, Session};

fn find<'a, P: Send + Sync + 'static>(
    registry: &'a Registry<P>,
    type_name: &str,
) -> Result<&'a Lessor<P>> {
    registry
        .get_ephemeral(type_name)
        .ok_or_else(|| Error::bug(format!("the provider has no ephemeral resource {type_name:?}")))
}

pub(super) fn validate<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::validate_ephemeral_resource_config::Request,
) -> Result<Diagnostics> {
    checked(find(registry, &request.type_name)?, request.config.as_ref())
}

pub(super) async fn open<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: proto::open_ephemeral_resource::Request,
) -> Result<proto::open_ephemeral_resource::Response> {
    let lessor = find(registry, &request.type_name)?;
    let config = wire::read(lessor.schema(), request.config.as_ref())?;
    let lease = lessor.open(session, &config).await;
    let (deferred, said) = deferred(request.client_capabilities, lease.diagnostics);
    Ok(proto::open_ephemeral_resource::Response {
        result: wire::write_option(lessor.schema(), lease.result.as_ref())?,
        renew_at: lease.renew_at.map(timestamp),
        private: Some(lease.private.to_bytes()),
        diagnostics: diagnostics(located(&lessor.schema().attributes, said)),
        deferred,
    })
}

pub(super) async fn renew<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: proto::renew_ephemeral_resource::Request,
) -> Result<proto::renew_ephemeral_resource::Response> {
    let lessor = find(registry, &request.type_name)?;
    let lease = lessor.renew(session, private(request.private.as_deref())?).await;
    Ok(proto::renew_ephemeral_resource::Response {
        renew_at: lease.renew_at.map(timestamp),
        private: Some(lease.private.to_bytes()),
        diagnostics: diagnostics(located(&lessor.schema().attributes, lease.diagnostics)),
    })
}

pub(super) async fn close<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: proto::close_ephemeral_resource::Request,
) -> Result<Diagnostics> {
    let lessor = find(registry, &request.type_name)?;
    let found = lessor.close(session, private(request.private.as_deref())?).await;
    Ok(located(&lessor.schema().attributes, found))
}

/// What an earlier call has left to be recalled.
fn private(bytes: Option<&[u8]>) -> Result<Private> {
    Private::from_bytes(bytes.unwrap_or_default())
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    time.into()
}
