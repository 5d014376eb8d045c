//! Requests that are refused before they are one: broken framing, heads beyond the limit of the HTTP
//! layer, methods that would make a tunnel. What is refused here reaches no dialect and no endpoint.

use super::respond::Ending;
use crate::dialect::Dialect;
use crate::rejection::{Rejection, RejectionReason};
use bytes::Bytes;
use http::{Method, Version, header};
use pingora_core::protocols::http::ServerSession;
use pingora_error::{Error, ErrorType};
use pingora_http::ResponseHeader;
use std::time::Duration;

/// How long the few bytes of a refusal may take; a client that takes none reads nothing any more.
const PATIENCE: Duration = Duration::from_secs(2);

/// The status with which a request is refused whose head could be read; `None`: it is sound.
pub fn refused(session: &ServerSession) -> Option<u16> {
    let head = session.req_header();
    if head.method == Method::CONNECT {
        return Some(405);
    }
    if head.version == Version::HTTP_11 && !head.headers.contains_key(header::HOST) {
        return Some(400);
    }
    let codings = head.headers.get_all(header::TRANSFER_ENCODING);
    let mut codings = codings.iter();
    let coding = codings.next()?;
    // The field is of the hop and ends here, so no other coding may be left in the body.
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Some(400);
    }
    // The HTTP layer takes the length out where both stand; what another server would make of it is unknown.
    names_length(&session.to_h1_raw()).then_some(400)
}

/// Whether a head as it came has a Content-Length.
fn names_length(raw: &[u8]) -> bool {
    const NAME: &[u8] = b"content-length";
    raw.split(|byte| *byte == b'\n').skip(1).any(|line| {
        line.get(..NAME.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(NAME))
    })
}

/// Refuses a request of which the head was read.
pub async fn refuse(session: &mut ServerSession, status: u16) -> Ending {
    session.set_keepalive(None);
    match tokio::time::timeout(PATIENCE, session.respond_error(status)).await {
        Ok(Ok(())) => Ending::Complete,
        Ok(Err(_)) | Err(_) => Ending::ClientGone,
    }
}

/// Answers a head that could not be read, if the client can still read an answer.
pub async fn refuse_head(
    session: &mut ServerSession,
    error: &Error,
    dialect: Option<&dyn Dialect>,
) {
    if !matches!(error.etype, ErrorType::InvalidHTTPHeader) {
        return;
    }
    let answer = async {
        match dialect.filter(|_| too_large(error)) {
            Some(dialect) => respond_too_large(session, dialect).await,
            None => session.respond_error(400).await,
        }
    };
    // Whether it could be written or not, the connection ends.
    let _ = tokio::time::timeout(PATIENCE, answer).await;
}

/// Whether the HTTP layer gave up on a head for its size or its number of fields. It says so only in words.
fn too_large(error: &Error) -> bool {
    let text = error.to_string().to_ascii_lowercase();
    let starts = |what: &str| text.contains(what);
    match &error.cause {
        Some(cause) => cause.to_string() == "too many headers",
        None => starts("request header larger than"),
    }
}

async fn respond_too_large(
    session: &mut ServerSession,
    dialect: &dyn Dialect,
) -> pingora_error::Result<()> {
    let reason = RejectionReason::HeadersTooLarge;
    let refusal = dialect.refusal(
        &Rejection::new(
            reason,
            "the header fields are more or larger than can be read",
        ),
        None,
    );
    let body = Bytes::from(refusal.body);
    let mut head = ResponseHeader::build(reason.row().status, Some(4))?;
    head.insert_header(header::CONTENT_TYPE, refusal.content_type)?;
    head.insert_header(header::CONTENT_LENGTH, body.len())?;
    for (name, value) in refusal.fields {
        head.insert_header(name, value)?;
    }
    session.write_error_response(head, body).await
}

#[cfg(test)]
mod tests {
    use super::names_length;

    #[test]
    fn a_length_is_found_wherever_it_stands_among_the_fields() {
        assert!(names_length(
            b"GET / HTTP/1.1\r\nhost: a\r\nContent-LENGTH : 3\r\n\r\n"
        ));
        assert!(!names_length(
            b"GET /content-length HTTP/1.1\r\nx-content-length: 3\r\n\r\n"
        ));
    }
}
