//! What a plan is checked for beyond its schema: the Argo CD that it is for.

use crate::framework::checks::Finding;
use crate::framework::{Attr, Change, Diagnostics, Model, Result};
use crate::provider::ArgoCd;
use crate::resources::{Operation, findings};

/// Checks a configuration against what its Argo CD supports; nothing is said
/// while it is not known which one that is.
pub(super) fn check<M: Model>(
    cx: &Operation,
    change: &Change,
    rules: impl FnOnce(&M, ArgoCd) -> Vec<Finding>,
) -> Result<()> {
    let own = Attr::<String>::from_value(change.config.get("argo_cd").clone())?;
    let Some(argo_cd) = cx.provider().argo_cd(&own) else { return Ok(()) };
    let mut diagnostics = Diagnostics::default();
    findings::report(rules(&M::from_value(change.config.clone())?, argo_cd), &mut diagnostics);
    cx.tell(diagnostics);
    Ok(())
}
