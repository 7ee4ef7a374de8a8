//! Data sources: what configurations read and others manage.

pub mod application;
pub mod applications;
pub mod ecr_images;
pub mod eks_capabilities;
pub mod eks_capability;
pub mod eks_cluster;
pub mod kargo;
pub mod kargo_freight;
pub mod kargo_stage;
pub mod kargo_warehouse;
pub mod manifest;
pub mod pod_identity_associations;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::framework::Attr;

/// A time of an answer, as `2026-11-21T15:04:05Z`.
fn time(time: Option<DateTime>) -> Attr<String> {
    // One that is out of the range of dates is not shown; the API has none.
    time.and_then(|time| time.fmt(Format::DateTime).ok()).into()
}
