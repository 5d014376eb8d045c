//! Bodies and query parameters of callers: bounded, strict, and refused with words that say what was expected.

use super::control::Problem;
use super::envelope;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

/// Bytes of a request body.
pub const MAX_BODY: usize = 64 << 10;

/// Input that can say what it must look like.
pub trait Described: DeserializeOwned {
    /// For the caller whose input does not.
    const EXPECTED: &'static str;
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: Described, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let bytes = read(request.into_body()).await?;
        serde_json::from_slice(&bytes).map(Json).map_err(|error| {
            // The place and the expectation only: serde's own words may quote the input.
            Problem::invalid(format!(
                "the body at line {}, column {}: expected {}",
                error.line(),
                error.column(),
                T::EXPECTED
            ))
            .into_response()
        })
    }
}

async fn read(body: Body) -> Result<bytes::Bytes, Response> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(envelope::failure(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is longer than 64 KiB",
        )),
        Err(_) => Err(envelope::failure(
            StatusCode::BAD_REQUEST,
            "the body broke off",
        )),
    }
}

/// A request whose body, if it has one, means nothing; it is read and dropped within the limit.
pub struct NoBody;

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        read(request.into_body()).await.map(|_| NoBody)
    }
}

/// Parameters of the query; unknown ones are refused by the type.
pub struct QueryParameters<T>(pub T);

impl<T: Described, S: Sync> FromRequestParts<S> for QueryParameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(parameters)| QueryParameters(parameters))
            .map_err(|_| Problem::invalid(format!("the query: expected {}", T::EXPECTED)))
    }
}

/// Names in the path.
pub struct Names<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Names<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(names)| Names(names))
            .map_err(|_| Problem::invalid("the path: expected percent-encoded UTF-8"))
    }
}
