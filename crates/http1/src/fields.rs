//! What fields say about a message: its length, its coding, and whether the connection persists.

use crate::Error;
use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, Version};

/// How the body of a message is delimited by its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delimiter {
    Length(u64),
    Chunked,
    /// The fields say nothing.
    Nothing,
}

/// Reads the fields of framing. Whatever two parties could read differently is refused.
pub(crate) fn delimiter(fields: &HeaderMap, version: Version) -> Result<Delimiter, Error> {
    let length = content_length(fields)?;
    let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(length.map_or(Delimiter::Nothing, Delimiter::Length));
    };
    if version == Version::HTTP_10 {
        return Err(Error::Malformed("Transfer-Encoding in an HTTP/1.0 message"));
    }
    if length.is_some() {
        return Err(Error::Malformed(
            "both Content-Length and Transfer-Encoding",
        ));
    }
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Err(Error::Malformed("unsupported Transfer-Encoding"));
    }
    Ok(Delimiter::Chunked)
}

/// The length that all values agree on; several equal ones count as one.
fn content_length(fields: &HeaderMap) -> Result<Option<u64>, Error> {
    let values = fields.get_all(header::CONTENT_LENGTH).iter();
    let mut agreed = None;
    for value in values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        let length =
            digits(value.trim_ascii()).ok_or(Error::Malformed("invalid Content-Length"))?;
        if agreed.is_some_and(|agreed| agreed != length) {
            return Err(Error::Malformed("conflicting Content-Length values"));
        }
        agreed = Some(length);
    }
    Ok(agreed)
}

fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Whether there is more than one value where one would do.
pub(crate) fn repeats_length(fields: &HeaderMap) -> bool {
    let mut values = fields.get_all(header::CONTENT_LENGTH).iter();
    let first = values.next();
    values.next().is_some() || first.is_some_and(|value| value.as_bytes().contains(&b','))
}

/// Whether the sender keeps the connection after this message.
pub(crate) fn keeps_alive(fields: &HeaderMap, version: Version) -> bool {
    let names = |option: &str| {
        let values = fields.get_all(header::CONNECTION).iter();
        values
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .any(|named| named.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    };
    !names("close") && (version != Version::HTTP_10 || names("keep-alive"))
}

/// Whether the sender waits for `100 Continue`.
pub(crate) fn expects_continue(fields: &HeaderMap, version: Version) -> bool {
    version == Version::HTTP_11
        && fields
            .get(header::EXPECT)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Whether a byte may stand in a token: a method, the name of a field.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Fields that the codec writes itself.
pub(crate) fn is_framing(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 4] = [
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"keep-alive",
    ];
    NAMES
        .iter()
        .any(|framing| framing.eq_ignore_ascii_case(name))
}

/// Fields that mean nothing, or something dangerous, after the body (RFC 9110, section 6.5.1): framing, routing,
/// control, credentials, and how content is read.
const NOT_IN_TRAILERS: [HeaderName; 28] = [
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::EXPECT,
    header::EXPIRES,
    header::HOST,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::LOCATION,
    header::MAX_FORWARDS,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::RETRY_AFTER,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::WWW_AUTHENTICATE,
];

/// Whether a field may stand after a body.
pub(crate) fn is_trailer(name: &HeaderName) -> bool {
    !NOT_IN_TRAILERS.contains(name) && name != "keep-alive" && name != "proxy-connection"
}

/// Whether a value can be written on one line.
pub(crate) fn is_writable(value: &HeaderValue) -> bool {
    memchr::memchr3(b'\r', b'\n', 0, value.as_bytes()).is_none()
}
