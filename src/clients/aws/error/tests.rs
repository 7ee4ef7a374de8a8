use std::io;

use aws_sdk_eks::operation::describe_access_entry::DescribeAccessEntryError;
use aws_sdk_iam::operation::create_role::CreateRoleError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

use super::*;

fn raw(status: u16) -> HttpResponse {
    let status = StatusCode::try_from(status).unwrap();
    let mut raw = HttpResponse::new(status, SdkBody::empty());
    raw.headers_mut().insert("x-amzn-requestid", "7f3a");
    raw.add_extension(Answered::for_tests("eks.eu-west-1.amazonaws.com", "the keys"));
    raw
}

/// An error that the model of the operation does not list.
fn unmodelled(status: u16, code: &str, message: &str) -> Error {
    let meta = ErrorMetadata::builder().code(code).message(message).build();
    let error = SdkError::service_error(DescribeAccessEntryError::generic(meta), raw(status));
    Err::<(), _>(error).operation("DescribeAccessEntry").unwrap_err()
}

#[test]
fn an_error_that_no_model_lists_is_told_by_its_code() {
    let error = unmodelled(429, "ThrottlingException", "Rate exceeded");
    assert!(error.is_transient());
    assert_eq!(error.api_code(), Some("ThrottlingException"));
    let error = unmodelled(403, "AccessDeniedException", "no");
    assert!(error.is_forbidden());
    let error = unmodelled(404, "ResourceNotFoundException", "gone.");
    assert!(error.is_not_found());
    assert_eq!(error.message(), "gone");
}

#[test]
fn the_diagnostic_names_operation_code_request_and_host() {
    let error = unmodelled(503, "ServiceUnavailableException", "Service is unavailable");
    assert_eq!(error.summary(), "Calling DescribeAccessEntry");
    assert_eq!(
        error.detail(),
        "Service is unavailable (from eks.eu-west-1.amazonaws.com).\n\
         (code ServiceUnavailableException, request id 7f3a)"
    );
}

#[test]
fn an_error_without_a_message_still_says_something() {
    let meta = ErrorMetadata::builder().code("DeleteConflict").build();
    let error = SdkError::service_error(CreateRoleError::generic(meta), raw(409));
    let error = Err::<(), _>(error).operation("DeleteRole").unwrap_err();
    assert!(error.is_conflict());
    assert_eq!(error.message(), "the API answered DeleteConflict without a message");
}

#[test]
fn a_request_that_was_not_sent_says_why() {
    let error: SdkError<CreateRoleError, HttpResponse> =
        SdkError::construction_failure("FIPS and custom endpoint are not supported");
    let error = Err::<(), _>(error).operation("CreateRole").unwrap_err();
    assert!(error.is_invalid());
    assert_eq!(
        error.message(),
        "the call cannot be made: failed to construct request: \
         FIPS and custom endpoint are not supported"
    );
}

#[test]
fn failed_credentials_are_the_error_and_not_the_call_that_needed_them() {
    let report = Report::new(Class::Unauthenticated, "no credentials").advise("Log in.");
    let failure = Failure::from(report);
    let error: SdkError<CreateRoleError, HttpResponse> =
        SdkError::dispatch_failure(ConnectorError::other(Box::new(failure), None));
    let error = Err::<(), _>(error).operation("CreateRole").unwrap_err();
    assert!(error.is_unauthenticated());
    assert_eq!(error.message(), "no credentials");
    assert!(error.detail().ends_with("Log in."));
}

#[test]
fn causes_are_said_once_and_without_the_headings_of_the_sdk() {
    #[derive(Debug)]
    struct Wrapped(io::Error);
    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "tcp connect error: {}", self.0)
        }
    }
    impl StdError for Wrapped {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }
    let wrapped = Wrapped(io::Error::other("connection refused"));
    let error = ConnectorError::io(Box::new(wrapped));
    assert_eq!(causes(&error), "tcp connect error: connection refused");
    assert_eq!(causes(&io::Error::other("timeout")), "timeout");
}
