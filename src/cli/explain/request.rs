//! A request to be explained, from flags or from a line of JSON. Errors name the field that is
//! wrong and what was expected, never the value of a header or a body.

use super::ExplainArgs;
use super::lines::MAX_LINE;
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read;

/// A request that can be understood.
#[derive(Debug)]
pub(super) struct ExplainRequest {
    pub dialect: String,
    pub method: Method,
    /// Path and query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A line of standard input. Fields that are not known are ignored.
#[derive(Deserialize)]
struct JsonRequest<'a> {
    dialect: String,
    method: Option<String>,
    path: String,
    #[serde(default)]
    headers: Option<BTreeMap<String, Values>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    body_base64: Option<String>,
}

/// One value of a header field, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

impl ExplainRequest {
    /// Reads a line. A body that is a JSON value is taken byte for byte and, where no header says
    /// otherwise, as `application/json`; a string is the body's own text.
    pub(super) fn from_line(line: Vec<u8>) -> Result<Self, String> {
        let line: JsonRequest<'_> = serde_json::from_slice(&line).map_err(|error| {
            format!("not a request: {error}; expected a JSON object with dialect, path, and if wanted method, headers, body")
        })?;
        let mut headers = HeaderMap::new();
        for (name, values) in line.headers.iter().flatten() {
            for value in values.all() {
                add(&mut headers, name, value)?;
            }
        }
        let body = match (line.body, &line.body_base64) {
            (Some(_), Some(_)) => return Err("body, body_base64: expected one of them".to_owned()),
            (Some(value), None) => json_body(value, &mut headers)?,
            (None, Some(text)) => decoded(text, "body_base64")?,
            (None, None) => Bytes::new(),
        };
        Self::new(
            line.dialect,
            line.method.as_deref(),
            line.path,
            headers,
            body,
        )
    }

    /// Reads the flags.
    pub(super) fn from_flags(args: &ExplainArgs) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        for header in &args.headers {
            let (name, value) = header
                .split_once(':')
                .ok_or("--header: expected NAME: VALUE")?;
            add(&mut headers, name.trim(), value.trim())?;
        }
        let body = match (&args.body, &args.body_base64) {
            (Some(text), _) => flag_body(text)?,
            (None, Some(text)) => decoded(text, "--body-base64")?,
            (None, None) => Bytes::new(),
        };
        let (dialect, path) = (args.dialect.clone(), args.path.clone());
        Self::new(
            dialect.unwrap_or_default(),
            args.method.as_deref(),
            path.unwrap_or_default(),
            headers,
            body,
        )
    }

    fn new(
        dialect: String,
        method: Option<&str>,
        target: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Self, String> {
        let method = match method {
            Some(name) => Method::from_bytes(name.as_bytes())
                .map_err(|_| "method: not the name of a method")?,
            None if body.is_empty() => Method::GET,
            None => Method::POST,
        };
        if !target.starts_with('/') || target.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err("path: expected a path that begins with / and holds no blanks".to_owned());
        }
        Ok(Self {
            dialect,
            method,
            target,
            headers,
            body,
        })
    }
}

impl Values {
    fn all(&self) -> &[String] {
        match self {
            Values::One(value) => std::slice::from_ref(value),
            Values::Many(values) => values,
        }
    }
}

fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    let wrong = |what| format!("headers: \"{}\" has {what}", name.escape_debug());
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("no valid name"))?;
    let value = HeaderValue::from_str(value).map_err(|_| wrong("no valid value"))?;
    headers
        .try_append(key, value)
        .map_err(|_| "headers: too many".to_owned())?;
    Ok(())
}

fn json_body(value: &RawValue, headers: &mut HeaderMap) -> Result<Bytes, String> {
    let raw = value.get();
    if raw == "null" {
        return Ok(Bytes::new());
    }
    if raw.starts_with('"') {
        let text: String = serde_json::from_str(raw).map_err(|error| format!("body: {error}"))?;
        return Ok(text.into());
    }
    headers
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/json"));
    Ok(Bytes::copy_from_slice(raw.as_bytes()))
}

fn decoded(text: &str, field: &str) -> Result<Bytes, String> {
    BASE64_STANDARD
        .decode(text)
        .map(Bytes::from)
        .map_err(|error| format!("{field}: not base64: {error}"))
}

/// The text of the flag, or the file that it names.
fn flag_body(text: &str) -> Result<Bytes, String> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(Bytes::copy_from_slice(text.as_bytes()));
    };
    let wrong = |error| format!("--body: {path}: {error}");
    let file = std::fs::File::open(path).map_err(wrong)?;
    let mut body = Vec::new();
    file.take(MAX_LINE + 1)
        .read_to_end(&mut body)
        .map_err(wrong)?;
    if body.len() as u64 > MAX_LINE {
        return Err(format!("--body: {path}: longer than {MAX_LINE} bytes"));
    }
    Ok(body.into())
}
