//! One request to a node as its handlers read it: the decoded query and the body.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::responses::ApiError;

/// The request. The body is read as JSON whatever its Content-Type says, as Qdrant does.
pub struct Call {
    pub started: Instant,
    pub body: Bytes,
    query: Result<BTreeMap<String, String>, ApiError>,
}

impl Call {
    pub fn new(request: &Request<Bytes>) -> Self {
        Self {
            started: Instant::now(),
            body: request.body().clone(),
            query: query(request.uri().query().unwrap_or_default()),
        }
    }

    /// The body as `T`. Duplicate keys and malformed JSON are errors, unknown keys are not.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| ApiError::bad_json(&error))
    }

    /// A flag of the query, false when absent. Only `true` and `false` are read.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        let query = self.query.as_ref();
        match query.map_err(again)?.get(name).map(String::as_str) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiError::bad_query(
                "provided string was not `true` or `false`",
            )),
        }
    }

    /// Fails for a query with a duplicate key, which no handler reads.
    pub fn check_query(&self) -> Result<(), ApiError> {
        self.query.as_ref().map(|_| ()).map_err(again)
    }
}

fn again(error: &ApiError) -> ApiError {
    ApiError {
        status: error.status,
        text: error.text.clone(),
    }
}

fn query(text: &str) -> Result<BTreeMap<String, String>, ApiError> {
    let mut query = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decoded(key);
        if query.insert(key.clone(), decoded(value)).is_some() {
            return Err(ApiError::bad_query(format!("duplicate field `{key}`")));
        }
    }
    Ok(query)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
