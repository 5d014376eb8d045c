//! The body of a request, parsed if it may be trusted: whole, not encoded, plain JSON, an object.
//! Qdrant reads JSON whatever the Content-Type says, so that field is not read.

use crate::dialect::{Body, Request};
use http::header::CONTENT_ENCODING;
use json_reader::{Json, JsonError};

/// Why a body was not read, in words for people. The reason for not storing is always `unread_body`.
pub type Unread = &'static str;

/// Parses the body of a request.
pub fn read<'a>(request: &Request<'a>) -> Result<Json<'a>, Unread> {
    let Body::Whole(body) = request.body else {
        return Err("the body is longer than the peek limit");
    };
    if request.headers.contains_key(CONTENT_ENCODING) {
        return Err("the body is encoded");
    }
    match json_reader::parse(body) {
        Ok(document @ Json::Object(_)) => Ok(document),
        Ok(_) => Err("the body is no JSON object"),
        Err(JsonError::DuplicateKey) => Err("a key is given twice in the body"),
        Err(JsonError::TooManyValues) => Err("the body has too many values"),
        Err(JsonError::TooDeep) => Err("the body is nested too deep"),
        Err(_) => Err("the body is no plain JSON"),
    }
}
