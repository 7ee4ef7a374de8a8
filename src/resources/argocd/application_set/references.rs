//! What generators refer to.

use crate::framework::{Attr, Model};

/// A value of a Secret, beside the application set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SecretKey {
    /// Name of the Secret.
    #[attr(required)]
    pub secret_name: Attr<String>,
    /// Key of the value in it.
    #[attr(required)]
    pub key: Attr<String>,
}

/// A value of a `ConfigMap`, beside the application set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ConfigMapKey {
    /// Name of the `ConfigMap`.
    #[attr(required)]
    pub config_map_name: Attr<String>,
    /// Key of the value in it.
    #[attr(required)]
    pub key: Attr<String>,
}

/// A user and a password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct BasicAuth {
    /// Name of the user.
    #[attr(required)]
    pub username: Attr<String>,
    /// Where the password is.
    #[attr(required)]
    pub password_ref: Attr<SecretKey>,
}

/// A token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct BearerToken {
    /// Where the token is.
    #[attr(required)]
    pub token_ref: Attr<SecretKey>,
}
