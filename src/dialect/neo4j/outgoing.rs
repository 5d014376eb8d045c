//! How a call goes out: the read fence, an injected bookmark, the endpoint's token taken out of a
//! transaction id. Bodies are edited as bytes at their top level, never re-encoded.

use super::body::{ACCESS_MODE, BOOKMARKS};
use super::bookmark::{MEMBERS, list_of};
use super::operations::{Api, OperationKind, RequestLine, line};
use super::transaction_id;
use crate::dialect::{Body, Call, Fence, Request, RequestEdits};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HeaderValue};
use json_reader::{set_member, top_level};

/// What changes on the way out; `bookmark`: the one that the response has to show at least.
pub fn outgoing(call: &Call, request: &Request<'_>, bookmark: Option<String>) -> RequestEdits {
    let Some(line) = line(request.method, request.target) else {
        return RequestEdits::default();
    };
    if line.kind != OperationKind::Auto {
        return session_out(request, &line);
    }
    let fenced = call.fence == Fence::Ours;
    let bookmark = bookmark.map(|bookmark| list_of(&bookmark));
    match line.api {
        Api::Query => body_out(request, fenced, bookmark.as_deref()),
        _ => header_out(request, fenced, bookmark.as_deref()),
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
    let mut out: Option<Vec<u8>> = None;
    for (key, value) in fields.into_iter().flatten() {
        out = set_member(out.as_deref().unwrap_or(body), key, value).or(out);
    }
    RequestEdits {
        body: out.map(Bytes::from),
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
