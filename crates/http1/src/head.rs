//! Parses heads and trailers. `httparse` implements the grammar; what it tolerates is rejected before it (lines without CR)
//! and after it (targets, authorities, framing).

use crate::fields::{self, Delimiter};
use crate::target::{self, Target};
use crate::{Error, Limits};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version};
use httparse::{Header, ParserConfig, Status};
use pingora_http::{RequestHeader, ResponseHeader};
use std::mem::MaybeUninit;

/// Fields that are parsed without an allocation.
const ON_STACK: usize = 128;

/// A head, and how it says that its body is delimited.
pub(crate) struct Parsed<H> {
    pub head: H,
    pub delimiter: Delimiter,
}

/// What requests and responses have in common while their heads are made.
trait Head {
    fn append(&mut self, name: Bytes, value: HeaderValue) -> Result<(), Error>;
    fn set_length(&mut self, length: u64) -> Result<(), Error>;
    fn fields(&self) -> (&HeaderMap, Version);
}

macro_rules! heads {
    ($($head:ty),*) => {$(
        impl Head for $head {
            fn append(&mut self, name: Bytes, value: HeaderValue) -> Result<(), Error> {
                let appended = self.append_header(name, value);
                appended.map(|_| ()).map_err(|_| BAD_FIELD)
            }

            fn set_length(&mut self, length: u64) -> Result<(), Error> {
                let set = self.insert_header(header::CONTENT_LENGTH, length);
                set.map_err(|_| BAD_FIELD)
            }

            fn fields(&self) -> (&HeaderMap, Version) {
                (&self.headers, self.version)
            }
        }
    )*};
}

heads!(RequestHeader, ResponseHeader);

/// Parses a head that ends with its empty line. Its target comes out in origin form, its Host agrees with it.
pub(crate) fn request(bytes: &Bytes, limits: &Limits) -> Result<Parsed<RequestHeader>, Error> {
    with_space(limits.fields, |space| {
        let mut parsed = httparse::Request::new(&mut []);
        let config = ParserConfig::default();
        let complete = config.parse_request_with_uninit_headers(&mut parsed, bytes, space);
        is_complete(complete, bytes)?;
        let (Some(method), Some(path), Some(minor)) = (parsed.method, parsed.path, parsed.version)
        else {
            return Err(CUT);
        };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| BAD_LINE)?;
        let target = target::parse(&method, path)?;
        let mut head = build_request(&method, &target, parsed.headers.len())?;
        head.set_version(version(minor));
        append(&mut head, bytes, parsed.headers)?;
        settle_host(&mut head, &target)?;
        delimited(head)
    })
}

fn build_request(
    method: &Method,
    target: &Target<'_>,
    fields: usize,
) -> Result<RequestHeader, Error> {
    let origin;
    let path = match target {
        Target::Origin(path) => path,
        Target::Absolute(absolute) => {
            origin = absolute.origin_form(method);
            origin.as_str()
        }
    };
    let built = RequestHeader::build(method.clone(), path.as_bytes(), Some(fields + 1));
    built.map_err(|_| Error::Malformed("invalid request target"))
}

/// One Host, and the target's authority where there is one.
fn settle_host(head: &mut RequestHeader, target: &Target<'_>) -> Result<(), Error> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match hosts.next() {
        Some(host) => Some(target::check_host(host.as_bytes())?),
        None => None,
    };
    if hosts.next().is_some() {
        return Err(Error::Malformed("more than one Host field"));
    }
    match (host, target) {
        (None, _) if head.version != Version::HTTP_10 => {
            Err(Error::Malformed("HTTP/1.1 request without Host"))
        }
        (None, Target::Absolute(absolute)) => {
            let authority = absolute.authority.to_string();
            let set = head.insert_header(header::HOST, authority);
            set.map_err(|_| BAD_FIELD)
        }
        (Some(host), Target::Absolute(absolute)) if !absolute.agrees_with(host) => Err(
            Error::Malformed("Host differs from the authority of the target"),
        ),
        _ => Ok(()),
    }
}

/// Parses the head of a response that ends with its empty line.
pub(crate) fn response(bytes: &Bytes, limits: &Limits) -> Result<Parsed<ResponseHeader>, Error> {
    with_space(limits.fields, |space| {
        let mut parsed = httparse::Response::new(&mut []);
        let config = ParserConfig::default();
        let complete = config.parse_response_with_uninit_headers(&mut parsed, bytes, space);
        is_complete(complete, bytes)?;
        let (Some(code), Some(minor)) = (parsed.code, parsed.version) else {
            return Err(CUT);
        };
        let built = ResponseHeader::build(code, Some(parsed.headers.len() + 4));
        let mut head = built.map_err(|_| Error::Malformed("invalid status code"))?;
        head.set_version(version(minor));
        head.set_reason_phrase(parsed.reason)
            .map_err(|_| BAD_FIELD)?;
        append(&mut head, bytes, parsed.headers)?;
        delimited(head)
    })
}

/// Takes the fields over as they stand in the head.
fn append(head: &mut impl Head, bytes: &Bytes, fields: &[Header<'_>]) -> Result<(), Error> {
    for field in fields {
        let (name, value) = field_of(bytes, field)?;
        head.append(name, value)?;
    }
    Ok(())
}

/// What the fields say of the body. A length that stands there more than once is written once.
fn delimited<H: Head>(mut head: H) -> Result<Parsed<H>, Error> {
    let (fields, version) = head.fields();
    let delimiter = fields::delimiter(fields, version)?;
    if let Delimiter::Length(length) = delimiter
        && fields::repeats_length(fields)
    {
        head.set_length(length)?;
    }
    Ok(Parsed { head, delimiter })
}

/// Parses the fields after a body, up to their empty line. Those that may not stand there are left out.
pub(crate) fn trailers(bytes: &Bytes, limits: &Limits) -> Result<HeaderMap, Error> {
    let mut space = vec![httparse::EMPTY_HEADER; limits.trailer_fields];
    let parsed = match httparse::parse_headers(bytes, &mut space) {
        Ok(Status::Complete((_, parsed))) => parsed,
        Ok(Status::Partial) => return Err(CUT),
        Err(error) => return Err(fault(error, bytes)),
    };
    let mut fields = HeaderMap::with_capacity(parsed.len());
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| BAD_FIELD)?;
        let (_, value) = field_of(bytes, field)?;
        if fields::is_trailer(&name) {
            let added = fields.try_append(name, value);
            added.map_err(|_| BAD_FIELD)?;
        }
    }
    Ok(fields)
}

const CUT: Error = Error::Malformed("incomplete head");
const BAD_LINE: Error = Error::Malformed("invalid start line");
const BAD_FIELD: Error = Error::Malformed("invalid header field");

/// Parses with room for this many fields: on the stack if they fit there.
fn with_space<'b, T>(fields: usize, parse: impl FnOnce(&mut [MaybeUninit<Header<'b>>]) -> T) -> T {
    let mut stack = [MaybeUninit::uninit(); ON_STACK];
    if let Some(space) = stack.get_mut(..fields) {
        return parse(space);
    }
    let mut heap = Vec::new();
    heap.resize_with(fields, MaybeUninit::uninit);
    parse(&mut heap)
}

/// Name and value of a field as they stand in the head, without copying it.
fn field_of(bytes: &Bytes, field: &Header<'_>) -> Result<(Bytes, HeaderValue), Error> {
    let name = bytes.slice_ref(field.name.as_bytes());
    let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value));
    Ok((name, value.map_err(|_| BAD_FIELD)?))
}

fn version(minor: u8) -> Version {
    match minor {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    }
}

fn is_complete(parsed: httparse::Result<usize>, bytes: &[u8]) -> Result<(), Error> {
    match parsed {
        Ok(Status::Complete(length)) if length == bytes.len() => Ok(()),
        Ok(_) => Err(CUT),
        Err(error) => Err(fault(error, bytes)),
    }
}

fn fault(error: httparse::Error, bytes: &[u8]) -> Error {
    match error {
        httparse::Error::TooManyHeaders => Error::TooLarge("too many header fields"),
        httparse::Error::Version if names_version(bytes) => Error::Version,
        httparse::Error::HeaderName => Error::Malformed("invalid field name"),
        httparse::Error::HeaderValue => Error::Malformed("invalid field value"),
        _ => BAD_LINE,
    }
}

/// Whether a request line has its three words and ends with a version of HTTP, if not one of ours.
fn names_version(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or(bytes);
    let mut words = line.split(|byte| *byte == b' ');
    let is_version = match words.nth(2).and_then(|word| word.strip_prefix(b"HTTP/")) {
        Some([major, b'.', minor]) => major.is_ascii_digit() && minor.is_ascii_digit(),
        _ => false,
    };
    is_version && words.next().is_none()
}
