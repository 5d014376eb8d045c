//! Plain HTTP: a service whose database is not understood. Everything passes, nothing is stored;
//! only what HTTP itself calls safe is taken for a read.

use super::registry::{Built, Learned, ServiceSettings};
use super::{
    Acknowledgement, Call, Dialect, Effect, ErrorResponse, Executed, Fault, Judgement, Placement,
    Probe, ProbeResult, Request, RequestEdits, Response, RetryAdvice, Storability, Tag,
};
use crate::rejection::Rejection;
use bytes::Bytes;
use http::Method;
use serde_json::json;
use std::sync::Arc;

const READ: &str = "http.read";
const WRITE: &str = "http.write";

#[cfg(test)]
mod tests;

/// The dialect of one plain service.
pub struct Http {
    service: Tag,
    probe_path: String,
    /// The first and last code of each range of good responses to a probe; none: all below 500.
    expected: Arc<[(u16, u16)]>,
}

impl Http {
    /// The dialect of a service; it is probed at `/`, and serves where it answers below 500.
    pub fn new(service: &str) -> Self {
        Self {
            service: Tag::service("http", service),
            probe_path: "/".into(),
            expected: Arc::default(),
        }
    }

    /// The dialect of a configured service.
    ///
    /// # Errors
    /// Never: it sends no credential.
    pub(super) fn build(settings: &ServiceSettings<'_>, _: Learned) -> Built {
        Ok(Arc::new(Self {
            probe_path: settings.probe_path.into(),
            expected: settings.expected.as_slice().into(),
            ..Self::new(settings.name)
        }))
    }

    /// The dialect of a service that is not configured.
    pub(super) fn offline(service: &str) -> Box<dyn Dialect> {
        Box::new(Self::new(service))
    }
}

/// The names of all calls.
pub fn operation_names() -> Vec<&'static str> {
    vec![READ, WRITE]
}

impl Dialect for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    /// A body says nothing about the outcome, so every response streams: server-sent events pass as they come.
    fn buffers_response(&self, _call: &Call) -> bool {
        false
    }

    fn understand(&self, request: &Request<'_>) -> Call {
        let unknown = Call {
            shape: shape(request),
            ..Call::unknown("plain HTTP is not understood")
        };
        match *request.method {
            Method::GET | Method::HEAD | Method::OPTIONS => Call {
                operation: READ,
                effect: Effect::Read,
                storability: Storability::Never("not_understood"),
                placement: Placement::Any,
                ..unknown
            },
            _ => Call {
                operation: WRITE,
                invalidates: vec![self.service.clone()],
                acknowledgement: Acknowledgement::Queued,
                ..unknown
            },
        }
    }

    fn outgoing(&self, _call: &Call, _request: &Request<'_>, _after_write: bool) -> RequestEdits {
        RequestEdits::default()
    }

    fn judge(&self, _call: &Call, response: &Response<'_>) -> Judgement {
        use {Executed::*, RetryAdvice::*};
        let (fault, execution, code, read_retry) = match response.status {
            200..400 => {
                return Judgement {
                    storable: Err("not_understood"),
                    ..Judgement::success()
                };
            }
            429 => (Fault::Overload, Nothing, "too_many_requests", No),
            401 | 403 => (Fault::Access, Nothing, "client_error", No),
            400..500 => (Fault::Client, Nothing, "client_error", No),
            502..=504 => (Fault::Endpoint, Unknown, "unavailable", Elsewhere),
            _ => (Fault::Endpoint, Unknown, "server_error", Once),
        };
        Judgement {
            read_retry,
            ..Judgement::failure(fault, execution, code)
        }
    }

    fn reads_response(&self, _call: &Call) -> bool {
        false
    }

    fn refused_as_write(&self, call: &Call, _request: &Request<'_>) -> Call {
        Call {
            operation: WRITE,
            effect: Effect::Unknown,
            invalidates: vec![self.service.clone()],
            ..call.clone()
        }
    }

    fn refusal(&self, rejection: &Rejection, _: Option<&Request<'_>>) -> ErrorResponse {
        let row = rejection.reason.row();
        let error = json!({"reason": row.label, "detail": rejection.detail});
        ErrorResponse {
            status: row.status,
            content_type: "application/json",
            body: json!({ "error": error }).to_string(),
            fields: Vec::new(),
        }
    }

    fn probes(&self) -> Vec<Probe> {
        let expected = Arc::clone(&self.expected);
        vec![Probe {
            name: "http",
            method: Method::GET,
            target: self.probe_path.clone(),
            headers: Vec::new(),
            body: Bytes::new(),
            asks_service: false,
            read: Arc::new(move |response| serves(response.status, &expected)),
        }]
    }
}

/// Any response but a server's own failure shows that it serves, unless it is said which do.
fn serves(status: u16, expected: &[(u16, u16)]) -> ProbeResult {
    let is_expected = expected
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&status));
    match is_expected || (expected.is_empty() && status < 500) {
        true => ProbeResult::Good,
        false => ProbeResult::Bad(format!("answered {status}")),
    }
}

/// Method and path, where a segment with a digit counts as an id.
fn shape(request: &Request<'_>) -> u64 {
    let path = request.target.split('?').next().unwrap_or_default();
    let mut hash = blake3::Hasher::new();
    hash.update(request.method.as_str().as_bytes());
    for segment in path.split('/').take(16) {
        let literal = segment.bytes().any(|byte| byte.is_ascii_digit());
        hash.update(b"/");
        hash.update(if literal { b"#" } else { segment.as_bytes() });
    }
    let digest = hash.finalize();
    let bytes = digest.as_bytes().iter().take(8);
    bytes.fold(0, |shape, byte| shape << 8 | u64::from(*byte))
}
