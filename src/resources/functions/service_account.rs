//! Service accounts as arguments: `NAMESPACE:NAME`, in which `*` and `?` stand for any.

use crate::framework::checks::{dns_label, dns_subdomain};

/// Rule of a service account.
pub(super) fn check(text: &str) -> Result<(), String> {
    let malformed =
        || format!("{text:?} is not a service account, NAMESPACE:NAME, such as \"shop:api\"");
    let (namespace, name) = text.split_once(':').ok_or_else(malformed)?;
    // What a wildcard stands for is not looked at; what is left must fit.
    let plain = |part: &str| part.replace(['*', '?'], "x");
    dns_label(&plain(namespace)).map_err(|_| malformed())?;
    dns_subdomain(&plain(name)).map_err(|_| malformed())
}

/// The namespace and the name.
pub(super) fn split(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_has_a_namespace_and_a_name() {
        for good in ["shop:api", "shop:*", "*:api", "shop-?:a.b"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["api", "shop:", ":api", "Shop:api", "system:serviceaccount:shop:api", "a/b"] {
            assert!(check(bad).unwrap_err().contains("NAMESPACE:NAME"), "{bad}");
        }
        assert_eq!(split("shop:api"), ("shop", "api"));
    }
}
