//! The gate before every route: where from (Host, Origin), who (token, role), how long (a time
//! limit); and after it: the header fields of every response, the envelope, the audit line.

use super::access::{AdminRole, Denied};
use super::control::Control;
use super::envelope;
use super::origin::{self, Foreign};
use crate::observe::safe;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Time for one request, from its header to its response.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Both ends of the connection that a request came on; the server adds it to each request.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The caller.
    pub remote: SocketAddr,
    /// The listener's address that was called.
    pub local: SocketAddr,
}

/// Passes a request on or refuses it, and finishes every response.
pub async fn pass(
    State(control): State<Arc<dyn Control>>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let path = safe::path(request.uri().path());
    let peer = request.extensions().get::<Peer>().copied();
    let mut response = match admit(&*control, &request, peer) {
        Err(Refused::Foreign(reason)) => foreign(reason),
        Err(Refused::Denied(reason)) => denied(reason),
        Ok(()) => within_time(next.run(request)).await,
    };
    audit(&method, &path, peer, response.status());
    response = enveloped(response);
    envelope::secure(response.headers_mut());
    response
}

/// Why a request does not pass.
enum Refused {
    Foreign(Foreign),
    Denied(Denied),
}

fn admit(control: &dyn Control, request: &Request, peer: Option<Peer>) -> Result<(), Refused> {
    // Without the ends of its connection the caller is unknown: refuse.
    let Some(peer) = peer else {
        return Err(Refused::Denied(Denied::Remote));
    };
    let (headers, method) = (request.headers(), request.method());
    let credentials = control.credentials();
    origin::check_host(headers, request.uri(), peer.local, credentials.any())
        .and_then(|()| origin::check_origin(method, headers))
        .map_err(Refused::Foreign)?;
    let needed = AdminRole::needed(method, request.uri().path());
    credentials
        .allow(needed, peer.remote.ip(), headers)
        .map_err(Refused::Denied)
}

fn foreign(reason: Foreign) -> Response {
    let detail = match reason {
        Foreign::Host => {
            "the Host is not a name of this listener; use its address, localhost, or set a token"
        }
        Foreign::Origin => "changes are not taken from pages of another origin",
    };
    envelope::failure(StatusCode::FORBIDDEN, detail)
}

fn denied(reason: Denied) -> Response {
    let (status, detail) = match reason {
        Denied::Unknown => (
            StatusCode::UNAUTHORIZED,
            "a valid token is needed: Authorization: Bearer <token>",
        ),
        Denied::Role => (StatusCode::FORBIDDEN, "this token may only read"),
        Denied::Remote => (
            StatusCode::FORBIDDEN,
            "no token is configured: only callers on this machine are served",
        ),
        Denied::NoOperator => (
            StatusCode::FORBIDDEN,
            "changes need admin.operate_token, which is not configured",
        ),
    };
    let mut response = envelope::failure(status, detail);
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

async fn within_time(work: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(TIME_LIMIT, work).await {
        Ok(response) => response,
        Err(_) => envelope::failure(StatusCode::GATEWAY_TIMEOUT, "no response within 30 s"),
    }
}

/// Errors that axum made itself get the envelope too.
fn enveloped(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_json = response.headers().get(header::CONTENT_TYPE)
        == Some(&HeaderValue::from_static("application/json"));
    if is_json || !is_error {
        return response;
    }
    envelope::failure(status, status.canonical_reason().unwrap_or("refused"))
}

/// One line for each change, and for each try that was refused.
fn audit(method: &Method, path: &str, peer: Option<Peer>, status: StatusCode) {
    let peer = peer.map(|peer| tracing::field::display(peer.remote));
    let (method, status) = (safe::method(method), status.as_u16());
    if !matches!(&*method, "GET" | "HEAD") {
        tracing::info!(target: "pointsman::audit", peer, method = &*method, path, status, "change");
    } else if status == 401 || status == 403 {
        tracing::warn!(target: "pointsman::audit", peer, method = &*method, path, status, "refused");
    }
}
