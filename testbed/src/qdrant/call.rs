//! One request to a Qdrant listener as its handlers read it: decoded path, query and body.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::answers::Refusal;

/// The request. The body is read as JSON whatever its Content-Type says, as Qdrant does.
pub struct Call {
    pub started: Instant,
    pub body: Bytes,
    query: Result<BTreeMap<String, String>, Refusal>,
}

impl Call {
    pub fn new(request: &Request<Bytes>) -> Self {
        Self {
            started: Instant::now(),
            body: request.body().clone(),
            query: query(request.uri().query().unwrap_or_default()),
        }
    }

    /// The body as `T`. Duplicate keys and broken JSON are refused, unknown keys are not.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| Refusal::bad_json(&error))
    }

    /// A flag of the query, false when absent. Only `true` and `false` are read.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let query = self.query.as_ref();
        match query.map_err(again)?.get(name).map(String::as_str) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::bad_query(
                "provided string was not `true` or `false`",
            )),
        }
    }

    /// Refuses what no handler would read, a key given twice.
    pub fn check_query(&self) -> Result<(), Refusal> {
        self.query.as_ref().map(|_| ()).map_err(again)
    }
}

fn again(refusal: &Refusal) -> Refusal {
    Refusal {
        status: refusal.status,
        text: refusal.text.clone(),
    }
}

fn query(text: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut query = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decoded(key);
        if query.insert(key.clone(), decoded(value)).is_some() {
            return Err(Refusal::bad_query(format!("duplicate field `{key}`")));
        }
    }
    Ok(query)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
