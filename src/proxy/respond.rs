//! Prepares responses for the client: adds our own fields, removes those of the endpoint's hop, applies the dialect's
//! edits.

use super::call::next_piece;
use super::client::{Client, ClientError};
use super::headers::{self, CACHE, EXPLAIN, REQUEST_ID};
use crate::dialect::{Dialect, ErrorResponse, Request, ResponseEditor};
use crate::http::{BodyLength, Part, ResponseHeader};
use crate::rejection::Rejection;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};

/// What pointsman adds to every response.
#[derive(Debug)]
pub struct Marks {
    pub request_id: HeaderValue,
    pub cache: Option<String>,
    pub explain: Option<String>,
}

impl Marks {
    /// Makes the head of a response ready for the client.
    pub fn put(&self, head: &mut ResponseHeader) -> Result<(), ClientError> {
        headers::strip_response(head);
        let put = |head: &mut ResponseHeader, name, value: HeaderValue| {
            let put = head.insert_header(name, value);
            put.map_err(|_| ClientError::Unwritable)
        };
        put(head, REQUEST_ID, self.request_id.clone())?;
        if let Some(cache) = &self.cache {
            put(head, CACHE, value(cache))?;
        }
        if let Some(explain) = &self.explain {
            put(head, EXPLAIN, value(explain))?;
        }
        Ok(())
    }
}

/// Our own texts hold visible ASCII only; anything else is left out rather than refused.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// How a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All of it was handed to the client's connection.
    Complete,
    /// The client's connection broke.
    ClientGone,
    /// The endpoint's response was cut: the client's connection is broken off, never ended cleanly.
    Cut,
    /// The client held the response up, and others that do so as well needed the room: its connection is broken off.
    Evicted,
}

/// A response that is complete in memory.
pub struct WholeResponse {
    pub head: ResponseHeader,
    /// How long its body is, or would be.
    pub length: BodyLength,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
}

impl WholeResponse {
    /// A response of this status, these fields and this body.
    pub fn new(status: StatusCode, fields: &HeaderMap, body: Bytes) -> Option<Self> {
        let mut head = ResponseHeader::build(status, Some(fields.len() + 4)).ok()?;
        for (name, value) in fields {
            head.append_header(name.clone(), value.clone()).ok()?;
        }
        Some(Self {
            head,
            length: BodyLength::Known(body.len() as u64),
            body,
            trailers: None,
        })
    }

    /// A refusal of ours, in the dialect's own shape.
    pub fn refusal(
        dialect: &dyn Dialect,
        rejection: &Rejection,
        request: Option<&Request<'_>>,
    ) -> Option<Self> {
        let ErrorResponse {
            status,
            content_type,
            body,
            fields,
        } = dialect.refusal(rejection, request);
        let mut fields: HeaderMap = fields.into_iter().collect();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(span) = rejection.retry_after {
            let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
            fields.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        let status = StatusCode::from_u16(status).ok()?;
        Self::new(status, &fields, body.into())
    }

    /// The same response with the dialect's edits, made a piece at a time: a long body would hold up the worker.
    pub async fn edited(mut self, editor: Option<Box<dyn ResponseEditor>>) -> Self {
        let Some(mut editor) = editor else {
            return self;
        };
        // Fields that cannot be written stay as the endpoint sent them.
        let _ = edit_head(&mut self.head, &mut *editor);
        let mut body = Vec::with_capacity(self.body.len());
        while let Some(piece) = next_piece(&mut self.body) {
            body.extend_from_slice(&editor.chunk(piece.into_bytes(), false));
            tokio::task::yield_now().await;
        }
        body.extend_from_slice(&editor.chunk(Bytes::new(), true));
        self.body = body.into();
        self
    }

    /// Writes it.
    pub async fn write(self, client: &mut Client<'_>, marks: &Marks) -> Ending {
        match self.written(client, marks).await {
            Ok(()) => Ending::Complete,
            Err(_) => Ending::ClientGone,
        }
    }

    async fn written(mut self, client: &mut Client<'_>, marks: &Marks) -> Result<(), ClientError> {
        marks.put(&mut self.head)?;
        let is_bodiless = client.is_bodiless(self.head.status);
        let length = match self.trailers {
            _ if is_bodiless => self.length,
            Some(_) if client.takes_trailers() => BodyLength::Unknown,
            _ => BodyLength::Known(self.body.len() as u64),
        };
        client.send_head(&self.head, length)?;
        if !is_bodiless {
            client.send(self.body).await?;
        }
        if let Some(trailers) = self.trailers {
            client.send_part(Part::Trailers(trailers))?;
        }
        client.send_part(Part::End)?;
        client.flush().await
    }
}

/// Lets a dialect edit the fields of a head.
pub fn edit_head(head: &mut ResponseHeader, editor: &mut dyn ResponseEditor) -> Option<()> {
    let mut fields = head.headers.clone();
    editor.headers(&mut fields);
    replace(head, &fields)
}

/// Puts edited fields in place of the old ones.
fn replace(head: &mut ResponseHeader, fields: &HeaderMap) -> Option<()> {
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
            head.append_header(name.clone(), value.clone()).ok()?;
        }
    }
    Some(())
}
