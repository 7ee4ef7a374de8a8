//! Calls that are put off until the provider's configuration is known.

use super::proto;
use crate::framework::Diagnostics;

/// The word of a client on what it understands.
pub(super) type Client = Option<proto::ClientCapabilities>;

/// Whether a call is put off, and what there is to tell of it.
///
/// Only a client that allows it is told so: any other one takes it for a fault of the provider, or
/// does not look, and goes on with what is no result. It gets the errors, which say what to do.
pub(super) fn deferred(
    client: Client,
    found: Diagnostics,
) -> (Option<proto::Deferred>, Diagnostics) {
    if !client.is_some_and(|client| client.deferral_allowed) || !found.are_premature() {
        return (None, found);
    }
    // What is asked of resources and data sources is known by then, so it is the provider's.
    let reason = proto::deferred::Reason::ProviderConfigUnknown.into();
    (Some(proto::Deferred { reason }), found.without_errors())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{Error, Path};

    fn client(deferral_allowed: bool) -> proto::ClientCapabilities {
        proto::ClientCapabilities { deferral_allowed, ..Default::default() }
    }

    fn found(errors: &[Error]) -> Diagnostics {
        let mut found = Diagnostics::default();
        found.warn(Path::root(), "A warning", "to be kept");
        for error in errors {
            found.error(error);
        }
        found
    }

    #[test]
    fn only_a_client_that_allows_it_is_told_that_a_call_is_put_off() {
        let premature = || found(&[Error::premature("the region is known only after apply")]);
        let (put_off, told) = deferred(Some(client(true)), premature());
        let reason = put_off.map(|deferred| deferred.reason());
        assert_eq!(reason, Some(proto::deferred::Reason::ProviderConfigUnknown));
        assert!(!told.has_errors());
        assert_eq!(told.iter().count(), 1);
        for client in [None, Some(client(false))] {
            let (deferred, told) = deferred(client, premature());
            assert_eq!(deferred, None);
            assert!(told.has_errors());
        }
    }

    #[test]
    fn what_will_fail_at_any_time_fails_now() {
        let both = found(&[Error::premature("not known yet"), Error::forbidden("no")]);
        let (put_off, told) = deferred(Some(client(true)), both);
        assert_eq!(put_off, None);
        assert_eq!(told.iter().count(), 3);
        assert_eq!(deferred(Some(client(true)), found(&[])).0, None);
    }
}
