//! How a call goes out: the read fence, an injected bookmark, the endpoint's token taken out of a
//! transaction id. Bodies are changed by bytes at their top level, never printed anew.

use super::body::{ACCESS_MODE, BOOKMARKS};
use super::bookmark::MEMBERS;
use super::operations::{Api, OperationKind, RequestLine, line};
use super::{Neo4j, transaction_id};
use crate::dialect::{Body, Call, Effect, Fence, Request, RequestEdits};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HeaderValue};
use json_reader::top_level;

impl Neo4j {
    /// What changes on the way out.
    pub(super) fn out(
        &self,
        call: &Call,
        request: &Request<'_>,
        after_write: bool,
    ) -> RequestEdits {
        match line(request.method, request.target) {
            Some(line) if line.kind == OperationKind::Auto => {
                self.auto_out(call, request, &line, after_write)
            }
            Some(line) => session_out(request, &line),
            None => RequestEdits::default(),
        }
    }

    /// Whether the newest bookmark goes out with a call, so that its response shows every write so far.
    pub(super) fn adds_bookmark(&self, call: &Call, after_write: bool) -> bool {
        after_write && self.settings.cluster && call.effect == Effect::Read
    }

    fn auto_out(
        &self,
        call: &Call,
        request: &Request<'_>,
        line: &RequestLine,
        after_write: bool,
    ) -> RequestEdits {
        let fenced = call.fence == Fence::Ours;
        let adds_bookmark = self.adds_bookmark(call, after_write);
        let bookmark = adds_bookmark.then(|| self.knowledge.bookmark(&line.database));
        let bookmark = bookmark.flatten().map(|bookmark| quoted_list(&bookmark));
        match line.api {
            Api::Query => body_out(request, fenced, bookmark.as_deref()),
            _ => header_out(request, fenced, bookmark.as_deref()),
        }
    }
}

fn session_out(request: &Request<'_>, line: &RequestLine) -> RequestEdits {
    let id = line.id.as_deref();
    let has_response_ids = matches!(
        line.kind,
        OperationKind::Begin | OperationKind::Run | OperationKind::Commit
    );
    RequestEdits {
        target: id.and_then(|id| transaction_id::without_token(request.target, id)),
        remove: if has_response_ids {
            vec![ACCEPT_ENCODING]
        } else {
            Vec::new()
        },
        ..RequestEdits::default()
    }
}

/// The transactional API: headers, each of them replaced.
fn header_out(request: &Request<'_>, fenced: bool, bookmark: Option<&str>) -> RequestEdits {
    let mut set = Vec::new();
    if fenced {
        set.push((ACCESS_MODE, HeaderValue::from_static("READ")));
    }
    let bookmark = bookmark.filter(|_| !request.headers.contains_key(BOOKMARKS));
    set.extend(
        bookmark
            .and_then(|list| HeaderValue::from_str(list).ok())
            .map(|list| (BOOKMARKS, list)),
    );
    RequestEdits {
        set,
        ..RequestEdits::default()
    }
}

/// The Query API: fields of the body. Of two equal keys the last would win, so a field that is there is replaced.
fn body_out(request: &Request<'_>, fenced: bool, bookmark: Option<&str>) -> RequestEdits {
    let Body::Whole(body) = request.body else {
        return RequestEdits::default();
    };
    let fields = [
        fenced.then_some(("accessMode", "\"READ\"")),
        bookmark
            .filter(|_| is_free(body, MEMBERS[0]))
            .map(|list| (MEMBERS[0], list)),
    ];
    let mut out: Option<Bytes> = None;
    for (key, value) in fields.into_iter().flatten() {
        out = with_field(out.as_deref().unwrap_or(body), key, value).or(out);
    }
    RequestEdits {
        body: out,
        ..RequestEdits::default()
    }
}

/// Whether the field is missing, null or an empty list.
fn is_free(body: &[u8], key: &str) -> bool {
    let [Some(range)] = top_level(body, [key]).values else {
        return true;
    };
    let value = body.get(range).unwrap_or_default();
    let value: Vec<u8> = value
        .iter()
        .filter(|b| !b.is_ascii_whitespace())
        .copied()
        .collect();
    value == b"null" || value == b"[]"
}

/// The body with a field set; `None` when it is no object.
pub(super) fn with_field(body: &[u8], key: &str, value: &str) -> Option<Bytes> {
    let found = top_level(body, [key]);
    if !found.is_complete {
        return None;
    }
    let (range, text) = match found.values {
        [Some(range)] => (range, value.to_owned()),
        [None] => {
            let comma = if found.is_empty { "" } else { "," };
            (
                found.inside..found.inside,
                format!("\"{key}\":{value}{comma}"),
            )
        }
    };
    let (before, after) = (body.get(..range.start)?, body.get(range.end..)?);
    Some([before, text.as_bytes(), after].concat().into())
}

/// A JSON array of one string.
pub(super) fn quoted_list(text: &str) -> String {
    serde_json::json!([text]).to_string()
}
