//! Qdrant's envelope (`result`, `status`, `time`, and `usage` for operations on points) and its errors,
//! with the status and the first words that the recordings show.

use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, VARY};
use http::{Response, StatusCode};
use qdrant_edge::OperationError;
use serde::Serialize;

/// The `Vary` field of Qdrant's responses.
const VARIES: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// How the errors of requests begin that could not be parsed.
const UNPARSED: &[&str] = &["Format error", "Deserialize error", "Validation error"];

/// An error response of Qdrant.
#[derive(Debug)]
pub struct ApiError {
    pub status: StatusCode,
    pub text: String,
}

/// What a handler returns.
pub type ApiResult = Result<Response<Bytes>, ApiError>;

impl ApiError {
    pub fn wrong_input(text: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text: format!("Wrong input: {text}"),
        }
    }

    pub fn not_found(text: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            text: format!("Not found: {text}"),
        }
    }

    pub fn collection_not_found(name: &str) -> Self {
        Self::not_found(format!("Collection `{name}` doesn't exist!"))
    }

    pub fn bad_json(error: &serde_json::Error) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text: format!("Format error in JSON body: {error}"),
        }
    }

    pub fn bad_query(text: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text: format!("Deserialize error: {text}"),
        }
    }

    /// Whether the request could not be parsed.
    pub fn is_unparsed(&self) -> bool {
        UNPARSED.iter().any(|start| self.text.starts_with(start))
    }

    pub fn conflict(text: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            text: format!("Wrong input: {text}"),
        }
    }

    pub fn internal(text: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            text: format!("Service internal error: {text}"),
        }
    }
}

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::PointIdError { missed_point_id } => {
                Self::not_found(format!("No point with id {missed_point_id} found"))
            }
            OperationError::ServiceError { description, .. } => Self::internal(description),
            OperationError::InconsistentStorage { .. }
            | OperationError::OutOfMemory { .. }
            | OperationError::Cancelled { .. }
            | OperationError::Timeout { .. } => Self::internal(error),
            other => Self::wrong_input(other),
        }
    }
}

#[derive(Serialize)]
struct Success<'a, T> {
    result: T,
    status: &'static str,
    time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Usage>,
}

#[derive(Serialize)]
struct Failed<'a> {
    status: FailedStatus<'a>,
    time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct FailedStatus<'a> {
    error: &'a str,
}

#[derive(Serialize, Default)]
struct Usage {
    hardware: Hardware,
    inference: Option<()>,
}

/// The embedded engine does not measure these: the shape is Qdrant's, the numbers are 0.
#[derive(Serialize, Default)]
struct Hardware {
    cpu: u64,
    payload_io_read: u64,
    payload_io_write: u64,
    payload_index_io_read: u64,
    payload_index_io_write: u64,
    vector_io_read: u64,
    vector_io_write: u64,
}

/// 200 with a result.
pub fn ok<T: Serialize>(started: Instant, result: T) -> ApiResult {
    json(
        StatusCode::OK,
        &Success {
            result,
            status: "ok",
            time: seconds(started),
            usage: None,
        },
    )
}

/// 200 with a result and `usage`, as for reads and applied writes of points.
pub fn ok_with_usage<T: Serialize>(started: Instant, result: T) -> ApiResult {
    let usage = Usage::default();
    json(
        StatusCode::OK,
        &Success {
            result,
            status: "ok",
            time: seconds(started),
            usage: Some(&usage),
        },
    )
}

/// 200 in plain text.
pub fn text(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    typed(&mut response, "text/plain; charset=utf-8");
    response
}

/// The response of an error; with `used` it has `usage`, as for parsed requests about points.
pub fn error_response(started: Instant, error: &ApiError, used: bool) -> Response<Bytes> {
    let status = FailedStatus { error: &error.text };
    let usage = used.then(Usage::default);
    json(
        error.status,
        &Failed {
            status,
            time: seconds(started),
            usage,
        },
    )
    .unwrap_or_else(|_| crate::server::empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Qdrant's response to an unknown route or method: 404 without a body.
pub fn unknown_route() -> Response<Bytes> {
    let mut response = crate::server::empty(StatusCode::NOT_FOUND);
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static(VARIES));
    response
}

/// A JSON body without the envelope.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> ApiResult {
    let body = serde_json::to_vec(body).map_err(ApiError::internal)?;
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    typed(&mut response, "application/json");
    Ok(response)
}

fn typed(response: &mut Response<Bytes>, content_type: &'static str) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(VARY, HeaderValue::from_static(VARIES));
}

fn seconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64()
}
