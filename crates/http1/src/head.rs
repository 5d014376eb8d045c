//! Heads and trailers from their bytes. `httparse` knows the grammar; what it forgives is refused
//! before (lines without CR) and after it (targets, authorities, framing).

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

/// A request's head, and what it says of the message.
pub(crate) struct RequestHead {
    pub head: RequestHeader,
    pub delimiter: Delimiter,
}

/// A response's head, and what it says of the message.
pub(crate) struct ResponseHead {
    pub head: ResponseHeader,
    pub delimiter: Delimiter,
}

/// Parses a head that ends with its empty line. Its target comes out in origin form, its Host agrees with it.
pub(crate) fn request(bytes: &Bytes, limits: &Limits) -> Result<RequestHead, Error> {
    let mut stack = [MaybeUninit::uninit(); ON_STACK];
    let mut heap = Vec::new();
    let space = space(&mut stack, &mut heap, limits.fields);
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
    for field in parsed.headers.iter() {
        let (name, value) = field_of(bytes, field)?;
        head.append_header(name, value).map_err(|_| BAD_FIELD)?;
    }
    settle_host(&mut head, &target)?;
    let delimiter = fields::delimiter(&head.headers, head.version)?;
    if let Delimiter::Length(length) = delimiter
        && fields::repeats_length(&head.headers)
    {
        let merged = head.insert_header(header::CONTENT_LENGTH, length);
        merged.map_err(|_| BAD_FIELD)?;
    }
    Ok(RequestHead { head, delimiter })
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
    built.map_err(|_| Error::Malformed("the request target holds what none may"))
}

/// One Host, and the target's authority where there is one.
fn settle_host(head: &mut RequestHeader, target: &Target<'_>) -> Result<(), Error> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match hosts.next() {
        Some(host) => Some(target::check_host(host.as_bytes())?),
        None => None,
    };
    if hosts.next().is_some() {
        return Err(Error::Malformed("more than one Host"));
    }
    match (host, target) {
        (None, _) if head.version != Version::HTTP_10 => {
            Err(Error::Malformed("a request of HTTP/1.1 without Host"))
        }
        (None, Target::Absolute(absolute)) => {
            let authority = absolute.authority.to_string();
            let set = head.insert_header(header::HOST, authority);
            set.map_err(|_| BAD_FIELD)
        }
        (Some(host), Target::Absolute(absolute)) if !absolute.agrees_with(host) => {
            Err(Error::Malformed("Host is not the authority of the target"))
        }
        _ => Ok(()),
    }
}

/// Parses the head of a response that ends with its empty line.
pub(crate) fn response(bytes: &Bytes, limits: &Limits) -> Result<ResponseHead, Error> {
    let mut stack = [MaybeUninit::uninit(); ON_STACK];
    let mut heap = Vec::new();
    let space = space(&mut stack, &mut heap, limits.fields);
    let mut parsed = httparse::Response::new(&mut []);
    let config = ParserConfig::default();
    let complete = config.parse_response_with_uninit_headers(&mut parsed, bytes, space);
    is_complete(complete, bytes)?;
    let (Some(code), Some(minor)) = (parsed.code, parsed.version) else {
        return Err(CUT);
    };
    let built = ResponseHeader::build(code, Some(parsed.headers.len() + 4));
    let mut head = built.map_err(|_| Error::Malformed("a status that is none"))?;
    head.set_version(version(minor));
    head.set_reason_phrase(parsed.reason)
        .map_err(|_| BAD_FIELD)?;
    for field in parsed.headers.iter() {
        let (name, value) = field_of(bytes, field)?;
        head.append_header(name, value).map_err(|_| BAD_FIELD)?;
    }
    let delimiter = fields::delimiter(&head.headers, head.version)?;
    if let Delimiter::Length(length) = delimiter
        && fields::repeats_length(&head.headers)
    {
        let merged = head.insert_header(header::CONTENT_LENGTH, length);
        merged.map_err(|_| BAD_FIELD)?;
    }
    Ok(ResponseHead { head, delimiter })
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

const CUT: Error = Error::Malformed("a head that is cut");
const BAD_LINE: Error = Error::Malformed("the first line is none of HTTP");
const BAD_FIELD: Error = Error::Malformed("a header field that is none");

/// Room for as many fields as there may be.
fn space<'s, 'b>(
    stack: &'s mut [MaybeUninit<Header<'b>>; ON_STACK],
    heap: &'s mut Vec<MaybeUninit<Header<'b>>>,
    fields: usize,
) -> &'s mut [MaybeUninit<Header<'b>>] {
    match stack.get_mut(..fields) {
        Some(space) => space,
        None => {
            heap.resize_with(fields, MaybeUninit::uninit);
            heap
        }
    }
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
        httparse::Error::TooManyHeaders => Error::TooLarge("more header fields than may be"),
        httparse::Error::Version if names_version(bytes) => Error::Version,
        httparse::Error::HeaderName => Error::Malformed("the name of a field is none"),
        httparse::Error::HeaderValue => Error::Malformed("the value of a field is none"),
        _ => BAD_LINE,
    }
}

/// Whether a request line ends with a version of HTTP, if not one of ours.
fn names_version(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or(bytes);
    let last = line.rsplit(|byte| *byte == b' ').next().unwrap_or(line);
    last.starts_with(b"HTTP/")
}
