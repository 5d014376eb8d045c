//! Request bodies, read as Neo4j reads them. What it might read otherwise (an encoding, a duplicate
//! key, a field that is not known here) is not read, or marked as such.

use super::operations::Api;
use crate::dialect::{Body, MAX_INLINE_BODY, Request};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use json_reader::{Json, JsonParser, member};
use std::borrow::Cow;
use std::time::Duration;

/// The access mode header of the transactional API.
pub const ACCESS_MODE: HeaderName = HeaderName::from_static("access-mode");
/// The time limit of the transactional API.
const MAX_EXECUTION_TIME: HeaderName = HeaderName::from_static("max-execution-time");
/// The bookmarks header of the transactional API.
pub const BOOKMARKS: HeaderName = HeaderName::from_static("bookmarks");

/// Fields of the Query API (5.26).
const QUERY_FIELDS: &[&str] = &[
    "statement",
    "parameters",
    "includeCounters",
    "accessMode",
    "maxExecutionTime",
    "bookmarks",
    "impersonatedUser",
    "txType",
];
/// Fields of one statement of the transactional API.
const STATEMENT_FIELDS: &[&str] = &[
    "statement",
    "parameters",
    "resultDataContents",
    "includeStats",
];

/// The longest statement that is read on the worker, in bytes: about 100 us.
const MAX_INLINE_STATEMENT: usize = 4 << 10;

/// Parameters decide nothing but the response, and may be most of a body.
const UNREAD: &[&str] = &["parameters"];

/// What the client says about the access mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessMode {
    None,
    Read,
    Write,
    /// Something that the server refuses, or reads in its own way.
    Odd,
}

/// A body, read.
#[derive(Debug)]
pub struct StatementRequest<'a> {
    pub json: Json<'a>,
    /// The texts of the statements; none in a keep-alive.
    pub statements: Vec<Cow<'a, str>>,
    pub access_mode: AccessMode,
    pub bookmarks: bool,
    pub impersonates: bool,
    /// A field that is not known: later releases may give it a meaning.
    pub unknown_field: bool,
    /// Nodes at the ends of relationships come with the response.
    pub graph_contents: bool,
    pub time_limit: TimeLimit,
}

/// The time that the client allows the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLimit {
    None,
    Within(Duration),
    /// Something that the server may refuse, or reads in its own way.
    Odd,
}

impl TimeLimit {
    /// The limit, if there is one.
    pub fn duration(self) -> Option<Duration> {
        match self {
            TimeLimit::Within(limit) => Some(limit),
            TimeLimit::None | TimeLimit::Odd => None,
        }
    }

    /// `maxExecutionTime` of the Query API: seconds, 32 bits. It also takes texts and fractions.
    fn of_query(json: &Json<'_>) -> Self {
        match json.get("maxExecutionTime") {
            None | Some(Json::Null) => TimeLimit::None,
            Some(value) => match value.as_u64() {
                Some(0) => TimeLimit::None,
                Some(seconds) if seconds <= i32::MAX.unsigned_abs().into() => {
                    TimeLimit::Within(Duration::from_secs(seconds))
                }
                _ => TimeLimit::Odd,
            },
        }
    }

    /// The field of the transactional API: milliseconds. What it cannot read it passes over.
    fn of_header(request: &Request<'_>) -> Self {
        let value = request.headers.get(MAX_EXECUTION_TIME);
        let millis = value.and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
        match millis {
            None | Some(0) => TimeLimit::None,
            Some(millis) => TimeLimit::Within(Duration::from_millis(millis.into())),
        }
    }
}

/// Reads the body of a request; the error names why it is not read.
pub fn read<'a>(request: &Request<'a>, api: Api) -> Result<StatementRequest<'a>, &'static str> {
    let Body::Whole(bytes) = request.body else {
        return Err("body_too_large");
    };
    if !is_plain(request) {
        return Err("encoded_body");
    }
    let json = JsonParser::default()
        .leave_unread(UNREAD)
        .parse(bytes)
        .map_err(|_| "unread_body")?;
    let statements = match api {
        Api::Query => query(request, json),
        _ => transactional(request, json),
    };
    statements.ok_or("unread_body")
}

/// Whether the statements of a request may take longer than some 100 us to read. Parameters are only
/// stepped over, so of the Query API the statement alone counts.
pub fn takes_long(request: &Request<'_>) -> bool {
    let Body::Whole(bytes) = request.body else {
        return false;
    };
    match bytes.len() {
        0..=MAX_INLINE_STATEMENT => false,
        length if length > MAX_INLINE_BODY => true,
        length if !request.target.contains("/query/v2") => length > MAX_INLINE_STATEMENT,
        _ => member(bytes, "statement").is_none_or(|range| range.len() > MAX_INLINE_STATEMENT),
    }
}

/// Plain JSON in UTF-8, as far as the headers say.
fn is_plain(request: &Request<'_>) -> bool {
    let encoded = request.headers.get_all(CONTENT_ENCODING).iter();
    let plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    let mut media = request.headers.get_all(CONTENT_TYPE).iter();
    encoded.into_iter().all(plain) && media.all(|media| media.to_str().is_ok_and(names_utf8_alone))
}

/// Whether a media type names no charset but UTF-8, however often it names one.
fn names_utf8_alone(media: &str) -> bool {
    let media = media.to_ascii_lowercase();
    media.split("charset").skip(1).all(|rest| {
        let value = rest.trim_start().strip_prefix('=').map(str::trim_start);
        let value = value.map(|value| value.split([';', ',']).next().unwrap_or_default());
        value.is_some_and(|value| value.trim_end().trim_matches('"') == "utf-8")
    })
}

fn query<'a>(request: &Request<'_>, json: Json<'a>) -> Option<StatementRequest<'a>> {
    let Json::Object(_) = json else { return None };
    let present = |key: &str| json.get(key).is_some_and(|value| !value.is_null());
    let access_mode = match json.get("accessMode") {
        None | Some(Json::Null) => AccessMode::None,
        Some(Json::String(mode)) => access(mode),
        Some(_) => AccessMode::Odd,
    };
    Some(StatementRequest {
        statements: vec![statement(&json)?],
        access_mode,
        bookmarks: json.get("bookmarks").is_some_and(|list| !is_empty(list)),
        impersonates: present("impersonatedUser"),
        unknown_field: has_others(&json, QUERY_FIELDS) || request.headers.contains_key(BOOKMARKS),
        graph_contents: false,
        time_limit: TimeLimit::of_query(&json),
        json,
    })
}

fn is_empty(list: &Json<'_>) -> bool {
    list.is_null() || matches!(list, Json::Array(items) if items.is_empty())
}

fn transactional<'a>(request: &Request<'_>, json: Json<'a>) -> Option<StatementRequest<'a>> {
    let (first, list) = json.members().first()?;
    let Json::Array(items) = list else {
        return None;
    };
    if first != "statements" {
        return None;
    }
    let others = |item: &Json<'_>| has_others(item, STATEMENT_FIELDS);
    Some(StatementRequest {
        statements: items.iter().map(statement).collect::<Option<_>>()?,
        access_mode: header_access(request),
        bookmarks: request.headers.contains_key(BOOKMARKS),
        impersonates: false,
        unknown_field: json.members().len() > 1 || items.iter().any(others),
        graph_contents: items.iter().any(wants_graph),
        time_limit: TimeLimit::of_header(request),
        json,
    })
}

fn statement<'a>(item: &Json<'a>) -> Option<Cow<'a, str>> {
    match item.get("statement")? {
        Json::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn header_access(request: &Request<'_>) -> AccessMode {
    let mut values = request.headers.get_all(ACCESS_MODE).iter();
    match (values.next(), values.next()) {
        (None, _) => AccessMode::None,
        (Some(value), None) => value.to_str().map_or(AccessMode::Odd, access),
        _ => AccessMode::Odd,
    }
}

fn access(mode: &str) -> AccessMode {
    if mode.eq_ignore_ascii_case("READ") {
        AccessMode::Read
    } else if mode.eq_ignore_ascii_case("WRITE") {
        AccessMode::Write
    } else {
        AccessMode::Odd
    }
}

fn has_others(object: &Json<'_>, known: &[&str]) -> bool {
    let members = object.members();
    members
        .iter()
        .any(|(key, _)| !known.contains(&key.as_ref()))
}

fn wants_graph(item: &Json<'_>) -> bool {
    let row = |content: &Json<'_>| content.as_str() == Some("row");
    match item.get("resultDataContents") {
        None | Some(Json::Null) => false,
        Some(Json::Array(contents)) => !contents.iter().all(row),
        Some(_) => true,
    }
}
