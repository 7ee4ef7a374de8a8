//! Capabilities that are not complete: what a run that was killed has left in the making.

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{Capability, CapabilityStatus};

use super::Name;
use super::calls::wait_ready;
use crate::framework::{Change, Path, Result, Value};
use crate::resources::Operation;

/// Remembered of a capability that was found in the making, or that was not made.
const UNFINISHED: &str = "unfinished";

/// Notes at a refresh whether a capability is complete: a run that was killed
/// may have left one in the making, which the state takes for an older one of
/// the same name.
pub(super) fn note(cx: &Operation, found: &Capability) {
    match &found.status {
        Some(status @ (CapabilityStatus::Creating | CapabilityStatus::CreateFailed)) => {
            cx.remember(UNFINISHED, status.as_str());
        }
        _ => cx.forget(UNFINISHED),
    }
}

/// Plans what becomes of a capability that is not complete: one in the making is
/// waited for, by an update that makes `known_later` known; one that was not
/// made never will be, and is replaced.
pub(super) fn plan(cx: &Operation, change: &mut Change, known_later: &[&str]) {
    match cx.recall::<String>(UNFINISHED).as_deref() {
        Some("CREATING") => {
            for attribute in known_later {
                change.planned.set(attribute, Value::Unknown);
            }
        }
        Some("CREATE_FAILED") => {
            change.planned.set("arn", Value::Unknown);
            change.replace.push(Path::attribute("arn"));
        }
        _ => {}
    }
}

/// Waits, before an update, for a capability that was found in the making.
pub(super) async fn finish(cx: &Operation, eks: &Client, name: &Name) -> Result<()> {
    if cx.recall::<String>(UNFINISHED).is_some() {
        wait_ready(cx, eks, name).await?;
        cx.forget(UNFINISHED);
    }
    Ok(())
}
