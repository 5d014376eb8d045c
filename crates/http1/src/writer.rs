//! Writing heads and bodies. Framing is decided here, so that what a head says of its body is so.

use crate::outbox::Outbox;
use crate::{BodyLength, Error, Part, fields};
use http::header::{self, HeaderMap, HeaderValue};
use http::{StatusCode, Version};
use pingora_http::{HeaderNameVariant, RequestHeader, ResponseHeader};

/// How far the message that is being written has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// Its head is not written.
    Unbegun,
    /// A message without a body: nothing but the end may follow.
    NoBody,
    /// A response that never has a body, whatever it would have had: what follows is left out.
    Discard,
    /// This many bytes must follow.
    Length(u64),
    Chunked,
    /// The last chunk and trailers are written.
    ChunkedEnd,
    /// Closing will tell the end.
    UntilClose,
    Ended,
    /// Something was wrong: the connection cannot be used.
    Failed,
}

/// How a body is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announce {
    Length(u64),
    Chunked,
    Nothing,
}

const CRLF: &[u8] = b"\r\n";

/// Writes a request's head.
pub(crate) fn request_head(
    outbox: &mut Outbox,
    head: &RequestHeader,
    announce: Announce,
) -> Result<(), Error> {
    let target = head.raw_path();
    if target.is_empty() || target.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
        return Err(Error::Unwritable("invalid request target"));
    }
    if !head.headers.contains_key(header::HOST) {
        return Err(Error::Unwritable("request without Host"));
    }
    check_values(&head.headers)?;
    outbox.push_slice(head.method.as_str().as_bytes());
    outbox.push_slice(b" ");
    outbox.push_slice(target);
    outbox.push_slice(b" HTTP/1.1\r\n");
    // Fields cannot fail: they were checked.
    let _ = head.map(|name, value| {
        field(outbox, &name, value);
        Ok(())
    });
    write_announce(outbox, announce);
    outbox.push_slice(CRLF);
    Ok(())
}

/// Writes a response's head. `connection`: what is said of it, if anything.
pub(crate) fn response_head(
    outbox: &mut Outbox,
    head: &ResponseHeader,
    announce: Announce,
    connection: Option<&'static [u8]>,
) -> Result<(), Error> {
    let reason = head.get_reason_phrase().unwrap_or_default().as_bytes();
    let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    if !reason.iter().all(is_text) {
        return Err(Error::Unwritable("control byte in the reason phrase"));
    }
    check_values(&head.headers)?;
    outbox.push_slice(b"HTTP/1.1 ");
    outbox.push_slice(head.status.as_str().as_bytes());
    outbox.push_slice(b" ");
    outbox.push_slice(reason);
    outbox.push_slice(CRLF);
    // Fields cannot fail: they were checked.
    let _ = head.map(|name, value| {
        field(outbox, &name, value);
        Ok(())
    });
    write_announce(outbox, announce);
    let dated = head.status.is_informational() || head.headers.contains_key(header::DATE);
    if let Some(date) = (!dated).then(crate::date::now).flatten() {
        line(outbox, b"date", date.as_bytes());
    }
    if let Some(connection) = connection {
        line(outbox, b"connection", connection);
    }
    outbox.push_slice(CRLF);
    Ok(())
}

fn check_values(fields: &HeaderMap) -> Result<(), Error> {
    match fields.values().all(fields::is_writable) {
        true => Ok(()),
        false => Err(Error::Unwritable("line break in a field value")),
    }
}

fn field(outbox: &mut Outbox, name: &HeaderNameVariant<'_>, value: &HeaderValue) {
    let name = match name {
        HeaderNameVariant::Case(name) => name.as_slice(),
        HeaderNameVariant::Titled(name) => name.as_bytes(),
    };
    if !fields::is_framing(name) {
        line(outbox, name, value.as_bytes());
    }
}

fn line(outbox: &mut Outbox, name: &[u8], value: &[u8]) {
    outbox.push_slice(name);
    outbox.push_slice(b": ");
    outbox.push_slice(value);
    outbox.push_slice(CRLF);
}

fn write_announce(outbox: &mut Outbox, announce: Announce) {
    match announce {
        Announce::Nothing => {}
        Announce::Chunked => line(outbox, b"transfer-encoding", b"chunked"),
        Announce::Length(length) => {
            line(outbox, b"content-length", length.to_string().as_bytes());
        }
    }
}

impl Writer {
    /// A request's body: what announces it, and how it is written.
    pub fn of_request(body: BodyLength) -> (Announce, Self) {
        match body {
            BodyLength::None => (Announce::Nothing, Writer::NoBody),
            BodyLength::Known(length) => (Announce::Length(length), Writer::Length(length)),
            BodyLength::Unknown => (Announce::Chunked, Writer::Chunked),
        }
    }

    /// A response's body, to a request of this version and method.
    pub fn of_response(
        body: BodyLength,
        status: StatusCode,
        is_head: bool,
        version: Version,
    ) -> (Announce, Self) {
        let never = status.is_informational() || status == StatusCode::NO_CONTENT;
        if never {
            return (Announce::Nothing, Writer::Discard);
        }
        if is_head || status == StatusCode::NOT_MODIFIED {
            let announce = match body {
                BodyLength::Known(length) => Announce::Length(length),
                BodyLength::None | BodyLength::Unknown => Announce::Nothing,
            };
            return (announce, Writer::Discard);
        }
        match body {
            BodyLength::None => (Announce::Length(0), Writer::Length(0)),
            BodyLength::Unknown if version == Version::HTTP_10 => {
                (Announce::Nothing, Writer::UntilClose)
            }
            body => Self::of_request(body),
        }
    }

    /// Queues a part of the body. What does not fit its head is an error, and the message can no longer be ended.
    pub fn push(&mut self, outbox: &mut Outbox, part: Part) -> Result<(), Error> {
        let next = self.next(outbox, part);
        *self = next.unwrap_or(Writer::Failed);
        next.map(|_| ())
    }

    fn next(self, outbox: &mut Outbox, part: Part) -> Result<Self, Error> {
        match (self, part) {
            (Writer::Length(left), Part::Data(data)) => {
                let left = left.checked_sub(data.len() as u64);
                let left = left.ok_or(Error::Unwritable("body longer than announced"))?;
                outbox.push(data.into_bytes());
                Ok(Writer::Length(left))
            }
            (
                Writer::Length(0) | Writer::NoBody | Writer::Discard | Writer::UntilClose,
                Part::End,
            ) => Ok(Writer::Ended),
            (Writer::Length(_), Part::End) => Err(Error::Unwritable("body shorter than announced")),
            (Writer::Chunked, Part::Data(data)) => {
                outbox.push_slice(format!("{:x}\r\n", data.len()).as_bytes());
                outbox.push(data.into_bytes());
                outbox.push_slice(CRLF);
                Ok(Writer::Chunked)
            }
            (Writer::Chunked, Part::Trailers(trailers)) => {
                check_values(&trailers)?;
                outbox.push_slice(b"0\r\n");
                for (name, value) in trailers.iter().filter(|(name, _)| fields::is_trailer(name)) {
                    line(outbox, name.as_str().as_bytes(), value.as_bytes());
                }
                Ok(Writer::ChunkedEnd)
            }
            (Writer::Chunked, Part::End) => {
                outbox.push_slice(b"0\r\n\r\n");
                Ok(Writer::Ended)
            }
            (Writer::ChunkedEnd, Part::End) => {
                outbox.push_slice(CRLF);
                Ok(Writer::Ended)
            }
            (Writer::Discard, Part::Data(_) | Part::Trailers(_)) => Ok(Writer::Discard),
            (Writer::UntilClose, Part::Data(data)) => {
                outbox.push(data.into_bytes());
                Ok(Writer::UntilClose)
            }
            // Where there are no chunks there is no place for trailers.
            (
                unchunked @ (Writer::Length(_) | Writer::NoBody | Writer::UntilClose),
                Part::Trailers(_),
            ) => Ok(unchunked),
            (Writer::Unbegun, _) => Err(Error::Unwritable("body before its head")),
            _ => Err(Error::Unwritable("body part after the end of the body")),
        }
    }
}
