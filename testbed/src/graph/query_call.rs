//! Requests of the Query API, read as Neo4j reads them: the permitted fields, which of two
//! equal keys counts, and which media types select typed JSON.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, Response};
use serde_json::{Map, Value as Json};

use super::failure::Failure;
use super::responses::{TYPED, http_error, query_failure};
use super::session::StatementRequest;
use super::values::parameters;

/// The response to a request that cannot be parsed.
pub type ErrorResponse = Box<Response<Bytes>>;

/// Fields that a body may have; any other is a bad request.
const FIELDS: &[&str] = &[
    "statement",
    "parameters",
    "includeCounters",
    "accessMode",
    "maxExecutionTime",
    "bookmarks",
    "impersonatedUser",
    "txType",
];

/// A body, read.
pub struct Body {
    pub requested: Option<StatementRequest>,
    pub read_only: bool,
    pub bookmarks: Vec<String>,
}

/// The media types of a request, and its body.
pub struct Call {
    pub body: Body,
    pub typed: bool,
}

impl Call {
    /// Reads a request. Without `needed`, an empty body or one without a statement is fine.
    pub fn read(request: &Request<Bytes>, needed: bool) -> Result<Self, ErrorResponse> {
        let header = |name| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
        };
        let content_type = header(CONTENT_TYPE);
        let typed_body = content_type.starts_with(TYPED);
        let bare = request.body().is_empty() && !needed;
        if !bare && !typed_body && !content_type.starts_with("application/json") {
            return Err(Box::new(http_error(415)));
        }
        let typed = header(ACCEPT).contains(TYPED);
        let body = if bare {
            Body::empty()
        } else {
            Body::read(request.body(), typed_body, needed)?
        };
        Ok(Self { body, typed })
    }
}

impl Body {
    fn empty() -> Self {
        Self {
            requested: None,
            read_only: false,
            bookmarks: Vec::new(),
        }
    }

    /// Reads the first JSON document of a body; of duplicate keys the last counts.
    fn read(bytes: &Bytes, typed: bool, needed: bool) -> Result<Self, ErrorResponse> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bad = || Box::new(http_error(400));
        let mut documents =
            serde_json::Deserializer::from_slice(bytes).into_iter::<Map<String, Json>>();
        let map = documents.next().and_then(Result::ok).ok_or_else(bad)?;
        if map.keys().any(|key| !FIELDS.contains(&key.as_str())) {
            return Err(bad());
        }
        let read_only = match map.get("accessMode") {
            None | Some(Json::Null) => false,
            Some(Json::String(mode)) if mode.eq_ignore_ascii_case("READ") => true,
            Some(Json::String(mode)) if mode.eq_ignore_ascii_case("WRITE") => false,
            Some(_) => return Err(bad()),
        };
        let bookmarks = match map.get("bookmarks") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(bad)?,
            Some(_) => return Err(bad()),
        };
        Ok(Self {
            requested: requested(&map, typed, needed)?,
            read_only,
            bookmarks,
        })
    }
}

fn requested(
    map: &Map<String, Json>,
    typed: bool,
    needed: bool,
) -> Result<Option<StatementRequest>, ErrorResponse> {
    let statement = match map.get("statement") {
        Some(Json::String(statement)) if !statement.is_empty() => statement.clone(),
        None | Some(Json::Null | Json::String(_)) if needed => {
            let failure = Failure::invalid_request("statement cannot be null or empty");
            return Err(Box::new(query_failure(&failure, false)));
        }
        None | Some(Json::Null | Json::String(_)) => return Ok(None),
        Some(_) => return Err(Box::new(http_error(400))),
    };
    let parameters = match map.get("parameters") {
        None | Some(Json::Null) => Some(Default::default()),
        Some(Json::Object(map)) => parameters(map, typed),
        Some(_) => None,
    };
    let parameters = parameters.ok_or_else(|| Box::new(http_error(400)))?;
    let counters = map
        .get("includeCounters")
        .and_then(Json::as_bool)
        .unwrap_or(false);
    Ok(Some(StatementRequest {
        statement,
        parameters,
        counters,
    }))
}
