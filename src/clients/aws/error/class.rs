//! What kind of error a code, a status and a message stand for.

use crate::framework::Error;

/// The kinds of errors that calls to AWS end in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::clients::aws) enum Class {
    Invalid,
    NotFound,
    AlreadyExists,
    Conflict,
    Throttled,
    Unauthenticated,
    Forbidden,
    Unavailable,
    /// For good, for a reason that is none of the others.
    #[default]
    Failed,
}

use Class::{
    AlreadyExists, Conflict, Failed, Forbidden, Invalid, NotFound, Throttled, Unauthenticated,
    Unavailable,
};

/// Codes that do not say by their name what they are, without the endings
/// `Exception` and `Error`, which differ between protocols.
const CODES: [(Class, &[&str]); 7] = [
    (NotFound, &["NoSuchEntity", "ResourceNotFound"]),
    (
        Conflict,
        &[
            "DeleteConflict",
            "ConcurrentModification",
            "EntityTemporarilyUnmodifiable",
            "UnmodifiableEntity",
            "RepositoryNotEmpty",
            "ResourcePropagationDelay",
        ],
    ),
    (
        Throttled,
        &[
            "Throttling",
            "Throttled",
            "RequestThrottled",
            "TooManyRequests",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "ProvisionedThroughputExceeded",
            "PriorRequestNotComplete",
            "SlowDown",
            "TransactionInProgress",
        ],
    ),
    (
        Unauthenticated,
        &[
            "ExpiredToken",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "InvalidClientTokenId",
            "UnrecognizedClient",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidSignature",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "AuthFailure",
            "InvalidIdentityToken",
            "IDPRejectedClaim",
        ],
    ),
    (
        Forbidden,
        &[
            "AccessDenied",
            "UnauthorizedOperation",
            "NotAuthorized",
            "OptInRequired",
            "RegionDisabled",
        ],
    ),
    (
        Unavailable,
        &[
            "Server",
            "InternalFailure",
            "InternalServer",
            "ServiceUnavailable",
            "ServiceFailure",
            "RequestTimeout",
            "IDPCommunication",
            "OpenIdIdpCommunication",
        ],
    ),
    // Quotas: some codes read like throttling, and waiting does not help.
    (Failed, &["LimitExceeded", "ResourceLimitExceeded", "TooManyTags"]),
];

impl Class {
    /// What the service's `code` means, with the status for codes that are not known.
    pub(super) fn of(code: &str, status: u16, message: &str) -> Self {
        let stem = code.strip_suffix("Exception").unwrap_or(code);
        let stem = stem.strip_suffix("Error").unwrap_or(stem);
        if stem == "ResourceInUse" {
            // EKS has one code for "this name is taken" and for "not now".
            let taken = ["already in use", "already exist"].iter().any(|it| message.contains(it));
            return if taken { AlreadyExists } else { Conflict };
        }
        if let Some((class, _)) = CODES.iter().find(|(_, codes)| codes.contains(&stem)) {
            return *class;
        }
        if stem.ends_with("AlreadyExists") {
            AlreadyExists
        } else if stem.ends_with("NotFound") {
            NotFound
        } else {
            match status {
                404 => NotFound,
                409 => Conflict,
                _ => Self::of_status(status),
            }
        }
    }

    /// What an answer without a code means. Nobody known said so, so it stands
    /// neither for an object that is absent nor for one that is in the way.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            400 | 422 => Invalid,
            401 => Unauthenticated,
            403 => Forbidden,
            429 => Throttled,
            // A good answer that cannot be read was cut off, or is not AWS's.
            200..300 | 500.. => Unavailable,
            _ => Failed,
        }
    }

    pub(super) fn error(self, message: String) -> Error {
        match self {
            Invalid => Error::invalid(message),
            NotFound => Error::not_found(message),
            AlreadyExists => Error::already_exists(message),
            Conflict => Error::conflict(message),
            Throttled => Error::throttled(message),
            Unauthenticated => Error::unauthenticated(message),
            Forbidden => Error::forbidden(message),
            Unavailable => Error::unavailable(message),
            Failed => Error::failed(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_the_same_with_and_without_their_endings() {
        let table: [(&str, u16, Class); 24] = [
            ("ResourceNotFoundException", 404, NotFound),
            ("NoSuchEntity", 404, NotFound),
            ("NoSuchEntityException", 404, NotFound),
            ("RepositoryNotFoundException", 400, NotFound),
            ("LifecyclePolicyNotFoundException", 400, NotFound),
            ("EntityAlreadyExists", 409, AlreadyExists),
            ("RepositoryAlreadyExistsException", 400, AlreadyExists),
            ("DeleteConflict", 409, Conflict),
            ("ConcurrentModification", 409, Conflict),
            ("Throttling", 400, Throttled),
            ("ThrottlingException", 429, Throttled),
            ("AccessDenied", 403, Forbidden),
            ("AccessDeniedException", 403, Forbidden),
            ("ExpiredToken", 403, Unauthenticated),
            ("ExpiredTokenException", 400, Unauthenticated),
            ("InvalidClientTokenId", 403, Unauthenticated),
            ("SignatureDoesNotMatch", 403, Unauthenticated),
            ("ServerException", 500, Unavailable),
            ("ServiceUnavailableException", 503, Unavailable),
            ("LimitExceededException", 400, Failed),
            ("ResourceLimitExceededException", 400, Failed),
            ("InvalidParameterException", 400, Invalid),
            ("MalformedPolicyDocument", 400, Invalid),
            ("ValidationError", 400, Invalid),
        ];
        for (code, status, class) in table {
            assert_eq!(Class::of(code, status, ""), class, "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_told_by_its_status() {
        let classes = [400, 403, 404, 409, 429, 500, 503, 418]
            .map(|status| Class::of("BrandNewException", status, ""));
        assert_eq!(
            classes,
            [Invalid, Forbidden, NotFound, Conflict, Throttled, Unavailable, Unavailable, Failed]
        );
    }

    #[test]
    fn a_bare_404_is_not_an_absent_object() {
        assert_eq!(Class::of_status(404), Failed);
        assert_eq!(Class::of_status(409), Failed);
    }

    #[test]
    fn resource_in_use_is_a_taken_name_or_a_busy_object() {
        let of = |message| Class::of("ResourceInUseException", 409, message);
        assert_eq!(
            of("The specified access entry resource is already in use on this cluster."),
            AlreadyExists
        );
        assert_eq!(of("Association already exists: a-1"), AlreadyExists);
        assert_eq!(of("Cluster has capabilities attached"), Conflict);
    }
}
