//! How a response of Neo4j reads: in JSON, Jolt or JSON Lines, with its errors, notifications and bookmarks. Rows are
//! skipped, never built.

use super::bookmark::{MEMBERS, only_bookmark};
use crate::dialect::Response;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use json_reader::{Json, TopLevel, member, parse, top_level};
use std::ops::Range;

/// Categories of notifications that say nothing which a stored response should not repeat.
const HARMLESS: &[&str] = &[
    "PERFORMANCE",
    "HINT",
    "DEPRECATION",
    "UNRECOGNIZED",
    "UNSUPPORTED",
];

/// The media type of Jolt in all its versions: one JSON object per line, errors and bookmarks in the last two.
const JOLT: &[u8] = b"application/vnd.neo4j.jolt";
/// The media type of typed JSON, before its version.
const TYPED_JSON: &[u8] = b"application/vnd.neo4j.query";
/// What may stand before a line of Jolt (`+json-seq`).
const RECORD_SEPARATOR: u8 = 0x1e;

/// How a response is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Jolt,
    /// An event per line; the last one is a summary or an error
    /// (<https://neo4j.com/docs/query-api/current/streaming>).
    JsonLines,
    /// With a content encoding, or of another media type: not read.
    Opaque,
}

/// The members of a response that matter.
const WANTED: [&str; 4] = ["errors", "notifications", MEMBERS[0], MEMBERS[1]];

/// A response, as far as its judgement needs it.
pub struct ParsedResponse<'a> {
    /// The object that holds bookmarks; all of a JSON response.
    body: &'a [u8],
    /// Where [`WANTED`] are in it.
    members: TopLevel<4>,
    form: Form,
    whole: bool,
    /// Code and text of the first error.
    pub error: Option<(String, String)>,
}

impl<'a> ParsedResponse<'a> {
    /// Looks at a response.
    pub fn look(response: &Response<'a>) -> Self {
        let body = response.body.bytes();
        let form = Form::of(response.headers);
        let object = match form {
            Form::Json => body,
            Form::Jolt => record(body, "info"),
            Form::JsonLines => last_event(body, "Summary").unwrap_or_default(),
            Form::Opaque => b"",
        };
        let members = top_level(object, WANTED);
        let errors = match form {
            Form::Jolt => {
                let failed = record(body, "error");
                part(failed, &member(failed, "errors"))
            }
            Form::JsonLines => last_event(body, "Error"),
            Form::Json | Form::Opaque => {
                let [errors, ..] = &members.values;
                part(object, errors)
            }
        };
        ParsedResponse {
            body: object,
            members,
            form,
            whole: response.body.is_whole(),
            error: errors.and_then(first_error),
        }
    }

    /// The single bookmark.
    pub fn bookmark(&self) -> Option<String> {
        let [_, _, of_query, of_transaction] = &self.members.values;
        only_bookmark(part(self.body, of_query).or(part(self.body, of_transaction))?)
    }

    /// Whether a whole response is not what the server writes.
    pub fn is_broken(&self) -> bool {
        match self.form {
            Form::Json => self.whole && !self.body.is_empty() && !self.members.is_complete,
            Form::Jolt => self.whole && !self.members.is_complete,
            Form::JsonLines | Form::Opaque => false,
        }
    }

    /// Whether errors would have been seen wherever they stand; an empty body holds none.
    pub fn is_read_to_its_end(&self) -> bool {
        let holds_none = self.form != Form::JsonLines && self.body.is_empty();
        self.whole && self.form != Form::Opaque && (self.members.is_complete || holds_none)
    }

    /// Whether a success may be stored.
    pub fn storable(&self) -> Result<(), &'static str> {
        if !self.whole {
            return Err("too_large");
        }
        if self.form != Form::Json {
            return Err("other_media_type");
        }
        if !self.members.is_complete {
            return Err("not_an_object");
        }
        match self.notifications_are_harmless() {
            true => Ok(()),
            false => Err("notifications"),
        }
    }

    fn notifications_are_harmless(&self) -> bool {
        let [_, notifications, ..] = &self.members.values;
        let Some(list) = part(self.body, notifications) else {
            return true;
        };
        let category = |item: &Json<'_>| {
            let category = item.get("category").and_then(Json::as_str);
            category.is_some_and(|category| HARMLESS.contains(&category))
        };
        parse(list).is_ok_and(|list| list.items().iter().all(category))
    }
}

impl Form {
    fn of(headers: &HeaderMap) -> Self {
        let value = |name: &HeaderName| headers.get(name).map(http::HeaderValue::as_bytes);
        let plain = |value: &[u8]| value.eq_ignore_ascii_case(b"identity");
        if !value(&CONTENT_ENCODING).is_none_or(plain) {
            return Form::Opaque;
        }
        let Some(media) = value(&CONTENT_TYPE) else {
            return Form::Json;
        };
        let essence = media.split(|byte| *byte == b';').next().unwrap_or_default();
        let essence = essence.trim_ascii().to_ascii_lowercase();
        let version = essence.strip_prefix(TYPED_JSON);
        match essence.as_slice() {
            b"application/json" => Form::Json,
            b"application/jsonl" => Form::JsonLines,
            _ if essence.starts_with(JOLT) => Form::Jolt,
            _ => match version {
                Some(version) if version.ends_with(b"+jsonl") => Form::JsonLines,
                Some(version) if !version.contains(&b'+') => Form::Json,
                _ => Form::Opaque,
            },
        }
    }
}

/// Whether a response with these fields is plain JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    Form::of(headers) == Form::Json
}

/// The object of a line of Jolt that has one member of this name; empty when there is none.
fn record<'a>(body: &'a [u8], name: &str) -> &'a [u8] {
    let found = body.split(|byte| *byte == b'\n').find_map(|line| {
        let line = line.strip_prefix(&[RECORD_SEPARATOR]).unwrap_or(line);
        let inside = line.strip_prefix(b"{\"")?.strip_prefix(name.as_bytes())?;
        let inside = inside.strip_prefix(b"\":")?;
        Some(inside.strip_suffix(b"}").unwrap_or(inside))
    });
    found.unwrap_or_default()
}

/// The body of the last event of JSON Lines, when it is one of this name.
fn last_event<'a>(body: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let line = body.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
    let [event, body] = top_level(line, ["$event", "_body"]).values;
    let event = part(line, &event)?.strip_prefix(b"\"")?;
    (event.strip_suffix(b"\"")? == name.as_bytes()).then(|| part(line, &body))?
}

/// The text of a member.
fn part<'a>(body: &'a [u8], range: &Option<Range<usize>>) -> Option<&'a [u8]> {
    body.get(range.clone()?)
}

/// Code and text of the first of a list of errors.
fn first_error(list: &[u8]) -> Option<(String, String)> {
    let Ok(list) = parse(list) else {
        return Some((String::from("unreadable"), String::new()));
    };
    let first = match &list {
        Json::Array(items) => items.first()?,
        Json::Null => return None,
        other => other,
    };
    let text = |key| first.get(key).and_then(Json::as_str).unwrap_or_default();
    Some((text("code").to_owned(), text("message").to_owned()))
}
