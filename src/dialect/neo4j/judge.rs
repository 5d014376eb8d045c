//! Judges responses: the code decides, not the HTTP status. A response with rows and `errors` is a
//! failure. Rows are skipped, never built.

use super::Neo4j;
use super::bookmark::{MEMBERS, is_of_system, only_bookmark};
use super::classify::PLUG_IN_READ;
use super::codes::row_of;
use super::understand::IN_TRANSACTIONS;
use crate::dialect::{
    Body, Call, Effect, Executed, Fault, Fence, Judgement, Response, RetryAdvice, Storability,
    Target,
};
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

/// How the transactional API answers a statement without text, and a format of results that it does not know.
const MALFORMED: &[&str] = &[
    "Cannot invoke \"String.hashCode()\"",
    "Invalid result data content specifier",
];

/// The media type of Jolt in all its versions: one JSON object per line, errors and bookmarks in the last two.
const JOLT: &[u8] = b"application/vnd.neo4j.jolt";
/// The media types of JSON, up to their parameters.
const JSON: [&[u8]; 2] = [b"application/json", b"application/vnd.neo4j.query"];
/// What may stand before a line of Jolt (`+json-seq`).
const RECORD_SEPARATOR: u8 = 0x1e;

/// How a response is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Jolt,
    /// With a content encoding, or of another media type: not read.
    Opaque,
}

/// The members of a response that matter.
const WANTED: [&str; 4] = ["errors", "notifications", MEMBERS[0], MEMBERS[1]];

/// A response, looked at.
struct ParsedResponse<'a> {
    /// The object that holds bookmarks; all of a JSON response.
    body: &'a [u8],
    /// Where [`WANTED`] are in it.
    members: TopLevel<4>,
    form: Form,
    whole: bool,
    /// Code and text of the first error.
    error: Option<(String, String)>,
}

impl Neo4j {
    /// Judges a response.
    pub(super) fn judge_response(&self, call: &Call, response: &Response<'_>) -> Judgement {
        let seen = ParsedResponse::look(response);
        let mut judgement = match &seen.error {
            Some((code, text)) => coded(call, code, text),
            None => by_status(call, response, &seen),
        };
        judgement.revoke =
            matches!(response.status, 401 | 403) || judgement.code == "ClientError.Security";
        if judgement.is_success() {
            judgement.bookmark = seen.bookmark();
            judgement.storable = seen.storable();
            if is_statement(call) && !call.effect.is_read() && !seen.is_read_to_its_end() {
                judgement.execution = Executed::Unknown;
                judgement.code = "unread";
            }
        }
        self.note(call, &judgement);
        judgement
    }

    /// What a response teaches.
    fn note(&self, call: &Call, judgement: &Judgement) {
        let Target::Database(database) = &call.target else {
            return;
        };
        let ends = call.operation == "tx.commit" && self.knowledge.sessions_reach_elsewhere();
        let server = call.effect == Effect::Admin && call.reason != PLUG_IN_READ;
        if server || ends {
            self.knowledge.server_changes();
        }
        if let Some(bookmark) = &judgement.bookmark {
            let other =
                is_of_system(bookmark) || call.storability == Storability::Never("use_graph");
            if !other {
                self.knowledge.remember(database, bookmark);
            }
        } else if judgement
            .code
            .starts_with("ClientError.Transaction.InvalidBookmark")
        {
            self.knowledge.drop_bookmark(database);
        }
    }
}

impl<'a> ParsedResponse<'a> {
    fn look(response: &Response<'a>) -> Self {
        let (body, whole): (&[u8], bool) = match response.body {
            Body::Whole(bytes) => (bytes, true),
            Body::Prefix(bytes) => (bytes, false),
        };
        let form = Form::of(response.headers);
        let object = match form {
            Form::Json => body,
            Form::Jolt => record(body, "info"),
            Form::Opaque => b"",
        };
        let members = top_level(object, WANTED);
        let errors = match form {
            Form::Jolt => {
                let failed = record(body, "error");
                part(failed, &member(failed, "errors"))
            }
            Form::Json | Form::Opaque => {
                let [errors, ..] = &members.values;
                part(object, errors)
            }
        };
        ParsedResponse {
            body: object,
            members,
            form,
            whole,
            error: errors.and_then(first_error),
        }
    }

    /// The single bookmark.
    fn bookmark(&self) -> Option<String> {
        let [_, _, of_query, of_transaction] = &self.members.values;
        only_bookmark(part(self.body, of_query).or(part(self.body, of_transaction))?)
    }

    /// Whether a whole response is not what the server writes.
    fn is_broken(&self) -> bool {
        match self.form {
            Form::Json => self.whole && !self.body.is_empty() && !self.members.is_complete,
            Form::Jolt => self.whole && !self.members.is_complete,
            Form::Opaque => false,
        }
    }

    /// Whether errors would have been seen wherever they stand; an empty body holds none.
    fn is_read_to_its_end(&self) -> bool {
        self.whole
            && self.form != Form::Opaque
            && (self.members.is_complete || self.body.is_empty())
    }

    /// Whether a success may be stored.
    fn storable(&self) -> Result<(), &'static str> {
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
        let begins = |name: &[u8]| {
            let start = media.get(..name.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        match media {
            _ if begins(JOLT) => Form::Jolt,
            _ if JSON.iter().any(|name| begins(name)) => Form::Json,
            _ => Form::Opaque,
        }
    }
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

/// The judgement of an error with a code.
fn coded(call: &Call, code: &str, text: &str) -> Judgement {
    let row = row_of(code);
    let name = row.code.trim_end_matches('*').trim_end_matches('.');
    let mut judgement = Judgement {
        read_retry: row.read,
        write_retry: row.write,
        storable: Err("errors"),
        // What may be asked once more may lie in the statement: one that fails everywhere opens no breaker.
        needs_two_shapes: row.fault == Fault::Endpoint && row.read == RetryAdvice::Once,
        ..Judgement::failure(row.fault, row.execution, name)
    };
    by_text(&mut judgement, code, text);
    by_call(&mut judgement, call);
    judgement
}

/// Whether a response with these fields is plain JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    Form::of(headers) == Form::Json
}

/// Whether the server answers the call in JSON or Jolt. What is not in the table of operations, such as
/// the preflight of a browser, it may answer in any form.
pub(super) fn is_statement(call: &Call) -> bool {
    call.effect == Effect::Session || call.operation.starts_with("cypher.")
}

/// What only the text tells.
fn by_text(judgement: &mut Judgement, code: &str, text: &str) {
    if code.ends_with(".SyntaxError") && text.contains("Unknown function") {
        judgement.execution = Executed::Nothing;
        judgement.read_retry = RetryAdvice::Once;
    }
    if code.ends_with(".TransactionStartFailed") && text.contains("implicit transaction") {
        judgement.fault = Fault::Client;
        judgement.read_retry = RetryAdvice::No;
    }
    if MALFORMED.iter().any(|words| text.starts_with(words)) {
        judgement.execution = Executed::RolledBack;
        judgement.read_retry = RetryAdvice::No;
    }
    if code.ends_with(".Request.Invalid") && text.contains("Transaction with Id") {
        judgement.execution = Executed::RolledBack;
    }
    let committed = text.split_once("(Transactions committed: ");
    if committed.is_some_and(|(_, count)| !count.starts_with("0)")) {
        judgement.execution = Executed::Unknown;
    }
}

/// What only the call tells.
fn by_call(judgement: &mut Judgement, call: &Call) {
    if judgement.read_retry == RetryAdvice::AsWrite && call.fence != Fence::Ours {
        judgement.read_retry = RetryAdvice::No;
    }
    let database = judgement.code.starts_with("DatabaseError");
    if database && judgement.fault == Fault::Client && is_one_transaction(call, judgement.code) {
        judgement.execution = Executed::RolledBack;
    }
    if call.effect == Effect::Schema {
        judgement.read_retry = RetryAdvice::No;
    }
    if call.effect == Effect::Session && call.operation != "tx.begin" {
        judgement.read_retry = RetryAdvice::No;
        judgement.write_retry = RetryAdvice::No;
    }
    let failed = judgement.code.starts_with("ClientError.Procedure");
    if call.effect == Effect::Admin && failed && judgement.execution == Executed::RolledBack {
        judgement.execution = Executed::Unknown;
    }
}

/// Whether an error of this code says that nothing of the call was kept: it was one transaction, and the
/// code is not one that also stands for a commit that failed. A schema command changes no rows.
fn is_one_transaction(call: &Call, code: &str) -> bool {
    match call.effect {
        Effect::Schema => true,
        Effect::Write => {
            code == "DatabaseError.Statement"
                && call.storability != Storability::Never(IN_TRANSACTIONS)
        }
        _ => false,
    }
}

/// The judgement of a response without a code.
fn by_status(call: &Call, response: &Response<'_>, seen: &ParsedResponse<'_>) -> Judgement {
    match response.status {
        200..300 if is_statement(call) && seen.is_broken() => Judgement {
            read_retry: RetryAdvice::Elsewhere,
            ..Judgement::failure(Fault::Endpoint, Executed::Unknown, "unparsable")
        },
        200..300 => Judgement::success(),
        429 => Judgement::failure(Fault::Overload, Executed::Nothing, "http_429"),
        400..500 => Judgement::failure(Fault::Client, Executed::Nothing, "http_4xx"),
        502..=504 => Judgement {
            read_retry: RetryAdvice::Elsewhere,
            ..Judgement::failure(Fault::Endpoint, Executed::Unknown, "http_gateway")
        },
        500..600 => Judgement {
            read_retry: RetryAdvice::Once,
            ..Judgement::failure(Fault::Endpoint, Executed::Unknown, "http_5xx")
        },
        _ => Judgement::failure(Fault::Client, Executed::Unknown, "http_other"),
    }
}
