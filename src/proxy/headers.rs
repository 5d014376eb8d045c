//! Header fields on their way through: what belongs to one hop ends here (RFC 9110, section 7.6.1),
//! our own control fields are never passed on, and everything else goes on as it came.

use crate::http::{RequestHeader, ResponseHeader};
use http::HeaderMap;
use http::header::{self, HeaderName};

const PREFIX: &str = "x-pointsman-";
/// Asks for the explanation in a field of the response.
pub const EXPLAIN: HeaderName = HeaderName::from_static("x-pointsman-explain");
/// What the cache did.
pub const CACHE: HeaderName = HeaderName::from_static("x-pointsman-cache");
/// The id of a request, taken over from the client or made here.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Fields that a `Connection` field may not remove: an upstream trusts them.
const PROTECTED: [&str; 4] = [
    "host",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Fields that say who a client is.
const CREDENTIALS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    HeaderName::from_static("api-key"),
];

/// Why a request's fields are refused by the HTTP layer.
#[derive(Debug, PartialEq, Eq)]
pub struct BadFraming(pub &'static str);

/// The fields that `Connection` names, in lower case.
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect()
}

/// Fields with our own prefix, which no client and no endpoint may set.
fn ours(headers: &HeaderMap) -> Vec<HeaderName> {
    let names = headers.keys();
    names
        .filter(|name| name.as_str().starts_with(PREFIX))
        .cloned()
        .collect()
}

/// Takes the fields of this hop, and ours, out of a request.
pub fn strip_request(request: &mut RequestHeader) -> Result<(), BadFraming> {
    for name in nominated(&request.headers) {
        if PROTECTED.contains(&name.as_str()) {
            return Err(BadFraming("a protected field is named by Connection"));
        }
        request.remove_header(&name);
    }
    for name in &HOP_BY_HOP {
        request.remove_header(name);
    }
    request.remove_header("http2-settings");
    for name in ours(&request.headers) {
        request.remove_header(&name);
    }
    // A peeked request was told to go on by us, and its body follows at once.
    request.remove_header(&header::EXPECT);
    Ok(())
}

/// Takes the fields of the upstream hop, and ours, out of a response.
pub fn strip_response(response: &mut ResponseHeader) {
    let gone = nominated(&response.headers);
    for name in gone.iter().chain(&ours(&response.headers)) {
        response.remove_header(name);
    }
    for name in &HOP_BY_HOP {
        response.remove_header(name);
    }
}

/// Whether fields say who the client is.
pub fn carry_credential(headers: &HeaderMap) -> bool {
    CREDENTIALS.iter().any(|name| headers.contains_key(name))
}

/// Bytes of all fields as they stand on the wire, names and separators included.
pub fn size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(&'static str, &'static str)]) -> RequestHeader {
        let mut request = RequestHeader::build("POST", b"/", None).unwrap();
        for (name, value) in fields {
            request.append_header(*name, *value).unwrap();
        }
        request
    }

    #[test]
    fn fields_of_the_hop_and_fields_it_names_end_here() {
        let mut fields = request(&[
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("upgrade", "websocket"),
            ("te", "trailers"),
            ("x-pointsman-explain", "1"),
            ("api-key", "k"),
        ]);
        strip_request(&mut fields).unwrap();
        let names: Vec<_> = fields.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["api-key"]);
    }

    #[test]
    fn connection_may_not_remove_what_an_upstream_trusts() {
        let mut fields = request(&[("connection", "Host"), ("host", "a")]);
        assert!(strip_request(&mut fields).is_err());
    }
}
