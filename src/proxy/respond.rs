//! Writing answers to the client: held ones, stored ones, refusals, and those that still stream.

use super::broken::Broken;
use super::headers::{self, CACHE, EXPLAIN, REQUEST_ID};
use super::joined::Joined;
use super::pace::{Pace, TooSlow};
use super::upstream::Wire;
use crate::dialect::{Dialect, ResponseEditor, StreamJudge};
use crate::rejection::Rejection;
use crate::shared::Share;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Version};
use pingora_core::protocols::http::ServerSession;
use pingora_http::ResponseHeader;

/// What pointsman adds to every answer.
#[derive(Debug)]
pub struct Marks {
    pub request_id: HeaderValue,
    pub cache: Option<String>,
    pub explain: Option<String>,
}

impl Marks {
    fn put(&self, head: &mut ResponseHeader) -> pingora_error::Result<()> {
        head.insert_header(REQUEST_ID, self.request_id.clone())?;
        if let Some(cache) = &self.cache {
            head.insert_header(CACHE, value(cache))?;
        }
        if let Some(explain) = &self.explain {
            head.insert_header(EXPLAIN, value(explain))?;
        }
        Ok(())
    }
}

/// Our own texts hold visible ASCII only; anything else is left out rather than refused.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// How an answer's body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All of it was handed to the client's connection.
    Complete,
    /// The client's connection broke.
    ClientGone,
    /// The upstream's answer was cut: the client's connection is broken off, never ended cleanly.
    Cut,
}

/// A client, as an answer is written to it.
pub struct Client<'a> {
    pub session: &'a mut ServerSession,
    pub marks: Marks,
    pub pace: Pace,
}

/// An answer that is passed on while it comes: what is held first, then the rest of the wire.
pub struct Streaming<'a> {
    pub head: ResponseHeader,
    pub held: Bytes,
    /// The part of what is held in the bound of all bodies; given back once that is written.
    pub share: Option<Share>,
    pub wire: &'a mut Wire,
    pub editor: Option<Box<dyn ResponseEditor>>,
    /// Sees the body as the endpoint sent it.
    pub judge: Option<&'a mut dyn StreamJudge>,
}

impl Client<'_> {
    /// Writes a whole answer.
    pub async fn whole(mut self, mut head: ResponseHeader, body: Bytes) -> Ending {
        headers::strip_answer(&mut head);
        self.pace.moved(body.len());
        let written = write_whole(self.session, head, body, &self.marks);
        match self.pace.wait(written).await {
            Ok(Ok(())) => Ending::Complete,
            Ok(Err(_)) | Err(TooSlow) => Ending::ClientGone,
        }
    }

    /// Writes a stored answer.
    pub async fn stored(self, status: u16, fields: &HeaderMap, body: Bytes) -> Ending {
        match build(status, fields) {
            Ok(head) => self.whole(head, body).await,
            Err(_) => Ending::ClientGone,
        }
    }

    /// Writes a refusal of ours, in the dialect's own shape.
    pub async fn refusal(self, dialect: &dyn Dialect, rejection: &Rejection) -> Ending {
        let head = self.session.req_header();
        let refusal = dialect.refusal(
            rejection,
            Some(&crate::dialect::Request {
                method: &head.method,
                target: head.uri.path(),
                headers: &head.headers,
                body: crate::dialect::Body::Prefix(b""),
            }),
        );
        let mut fields: HeaderMap = refusal.fields.into_iter().collect();
        fields.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(refusal.content_type),
        );
        if let Some(span) = rejection.retry_after {
            let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
            fields.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        let status = rejection.reason.row().status;
        self.stored(status, &fields, refusal.body.into()).await
    }

    /// Passes an answer on.
    pub async fn streaming(mut self, answer: Streaming<'_>) -> Ending {
        let Streaming {
            head,
            held,
            mut share,
            wire,
            mut editor,
            mut judge,
        } = answer;
        let begun = begin(
            self.session,
            head,
            &mut editor,
            !held.is_empty(),
            &self.marks,
        );
        if !matches!(self.pace.wait(begun).await, Ok(Ok(()))) {
            return Ending::ClientGone;
        }
        let mut part = Some(held);
        while let Some(bytes) = part {
            if let Some(judge) = &mut judge {
                judge.chunk(&bytes);
            }
            let bytes = edit(&mut editor, bytes, false);
            if !self.write(bytes, false).await {
                return Ending::ClientGone;
            }
            drop(share.take());
            part = match self.next(wire).await {
                Some(Ok(part)) => part,
                Some(Err(_)) => return Ending::Cut,
                None => return Ending::ClientGone,
            };
        }
        let last = edit(&mut editor, Bytes::new(), true);
        match self.write(last, true).await {
            true => Ending::Complete,
            false => Ending::ClientGone,
        }
    }

    /// Writes a part; `false`: the client left, or is too slow.
    async fn write(&mut self, bytes: Bytes, end: bool) -> bool {
        self.pace.moved(bytes.len());
        let written = self.session.write_response_body(bytes, end);
        matches!(self.pace.wait(written).await, Ok(Ok(_)))
    }

    /// The next part of the answer; `None`: the client left. One that still sends its request is not watched. Whether
    /// one that ended only its own side has left, the session was told (`set_abort_on_close`).
    async fn next(&mut self, wire: &mut Wire) -> Option<Result<Option<Bytes>, Broken>> {
        if !self.session.is_body_done() {
            return Some(wire.chunk().await);
        }
        tokio::select! {
            biased;
            part = wire.chunk() => Some(part),
            _ = self.session.read_body_or_idle(true) => None,
        }
    }
}

async fn write_whole(
    session: &mut ServerSession,
    mut head: ResponseHeader,
    body: Bytes,
    marks: &Marks,
) -> pingora_error::Result<()> {
    marks.put(&mut head)?;
    if has_body(session, head.status) {
        head.insert_header(header::CONTENT_LENGTH, body.len())?;
    }
    let empty = body.is_empty() || !has_body(session, head.status);
    gather(session, !empty);
    session.write_response_header(Box::new(head)).await?;
    gather(session, false);
    if !empty {
        session.write_response_body(body, true).await?;
    }
    Ok(())
}

/// Holds the head back until the body is there, or no longer.
fn gather(session: &ServerSession, on: bool) {
    if let ServerSession::H1(session) = session {
        Joined::gather(session.stream(), on);
    }
}

fn has_body(session: &ServerSession, status: StatusCode) -> bool {
    session.req_header().method != Method::HEAD
        && status != StatusCode::NO_CONTENT
        && status != StatusCode::NOT_MODIFIED
}

fn build(status: u16, fields: &HeaderMap) -> pingora_error::Result<ResponseHeader> {
    let mut head = ResponseHeader::build(status, Some(fields.len() + 4))?;
    for (name, value) in fields {
        head.append_header(name.clone(), value.clone())?;
    }
    Ok(head)
}

fn edit(editor: &mut Option<Box<dyn ResponseEditor>>, bytes: Bytes, end: bool) -> Bytes {
    match editor {
        Some(editor) => editor.chunk(bytes, end),
        None => bytes,
    }
}

/// Writes the head of an answer that streams. One that `waits` goes out together with the part that follows.
async fn begin(
    session: &mut ServerSession,
    mut head: ResponseHeader,
    editor: &mut Option<Box<dyn ResponseEditor>>,
    waits: bool,
    marks: &Marks,
) -> pingora_error::Result<()> {
    headers::strip_answer(&mut head);
    if let Some(editor) = editor {
        head.remove_header(&header::CONTENT_LENGTH);
        edit_head(&mut head, &mut **editor)?;
    }
    if !head.headers.contains_key(header::CONTENT_LENGTH) && has_body(session, head.status) {
        match session.req_header().version {
            Version::HTTP_11 => head.insert_header(header::TRANSFER_ENCODING, "chunked")?,
            // An older client is told the end by closing.
            _ => session.set_keepalive(None),
        }
    }
    marks.put(&mut head)?;
    gather(session, waits);
    let written = session.write_response_header(Box::new(head)).await;
    gather(session, false);
    written
}

/// A held answer as the client sees it.
pub fn edited(
    mut head: ResponseHeader,
    body: Bytes,
    editor: Option<Box<dyn ResponseEditor>>,
) -> (ResponseHeader, Bytes) {
    let Some(mut editor) = editor else {
        return (head, body);
    };
    // Fields that cannot be written stay as the endpoint sent them.
    let _ = edit_head(&mut head, &mut *editor);
    (head, editor.chunk(body, true))
}

fn edit_head(
    head: &mut ResponseHeader,
    editor: &mut dyn ResponseEditor,
) -> pingora_error::Result<()> {
    let mut fields = head.headers.clone();
    editor.headers(&mut fields);
    replace(head, &fields)
}

/// Puts edited fields in place of the old ones.
fn replace(head: &mut ResponseHeader, fields: &HeaderMap) -> pingora_error::Result<()> {
    let gone: Vec<_> = head
        .headers
        .keys()
        .filter(|name| !fields.contains_key(*name))
        .cloned()
        .collect();
    for name in &gone {
        head.remove_header(name);
    }
    for name in fields.keys() {
        let values = fields.get_all(name);
        if head.headers.get_all(name) == values {
            continue;
        }
        head.remove_header(name);
        for value in values {
            head.append_header(name.clone(), value.clone())?;
        }
    }
    Ok(())
}
