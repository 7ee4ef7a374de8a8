//! The API's errors: type, HTTP status and the rest-json shape they travel in.

use axum::response::{IntoResponse, Json, Response};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The error types that the emulator can answer with.
///
/// Statuses are those of the service model (botocore's `eks/2017-11-01`); the last four are not in
/// it and stand for what the AWS front end answers before the service is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // The names are the API's own; repeating them as sentences says nothing.
pub enum ErrorKind {
    AccessDeniedException,
    BadRequestException,
    InvalidParameterException,
    InvalidRequestException,
    NotFoundException,
    ResourceInUseException,
    ResourceLimitExceededException,
    ResourceNotFoundException,
    ResourcePropagationDelayException,
    ServerException,
    ServiceUnavailableException,
    ThrottlingException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
    SerializationException,
    UnknownOperationException,
}

impl ErrorKind {
    /// The type's name as it appears in `x-amzn-ErrorType` and `__type`.
    pub fn code(self) -> &'static str {
        match self {
            Self::AccessDeniedException => "AccessDeniedException",
            Self::BadRequestException => "BadRequestException",
            Self::InvalidParameterException => "InvalidParameterException",
            Self::InvalidRequestException => "InvalidRequestException",
            Self::NotFoundException => "NotFoundException",
            Self::ResourceInUseException => "ResourceInUseException",
            Self::ResourceLimitExceededException => "ResourceLimitExceededException",
            Self::ResourceNotFoundException => "ResourceNotFoundException",
            Self::ResourcePropagationDelayException => "ResourcePropagationDelayException",
            Self::ServerException => "ServerException",
            Self::ServiceUnavailableException => "ServiceUnavailableException",
            Self::ThrottlingException => "ThrottlingException",
            Self::InvalidSignatureException => "InvalidSignatureException",
            Self::MissingAuthenticationTokenException => "MissingAuthenticationTokenException",
            Self::SerializationException => "SerializationException",
            Self::UnknownOperationException => "UnknownOperationException",
        }
    }

    /// The HTTP status that goes with the type.
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequestException
            | Self::InvalidParameterException
            | Self::InvalidRequestException
            | Self::ResourceLimitExceededException
            | Self::SerializationException => StatusCode::BAD_REQUEST,
            Self::AccessDeniedException
            | Self::InvalidSignatureException
            | Self::MissingAuthenticationTokenException => StatusCode::FORBIDDEN,
            Self::NotFoundException
            | Self::ResourceNotFoundException
            | Self::UnknownOperationException => StatusCode::NOT_FOUND,
            Self::ResourceInUseException => StatusCode::CONFLICT,
            Self::ResourcePropagationDelayException => StatusCode::PRECONDITION_REQUIRED,
            Self::ThrottlingException => StatusCode::TOO_MANY_REQUESTS,
            Self::ServerException => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceUnavailableException => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// An error on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidParameterException, message)
    }

    pub(crate) fn in_use(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ResourceInUseException, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ResourceNotFoundException, message)
    }

    /// The same text under another type, for the operations whose model lacks the usual one.
    pub(crate) fn with_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = self.kind.code();
        let body = Json(json!({ "__type": code, "message": self.message }));
        let mut response = (self.kind.status(), body).into_response();
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
        response
    }
}
