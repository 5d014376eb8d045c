//! Where a request comes from, in a browser's sense. A page of another site must not reach this API
//! through the operator's browser: not by a name that it points here (DNS rebinding), and not by a
//! form or script that posts here (CSRF).

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use std::net::{IpAddr, SocketAddr};

/// Why a request is refused before its token is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// The `Host` is not a name of this listener.
    Host,
    /// The `Origin` is not this listener.
    Origin,
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks the `Host`. With a token any name will do, as a rebinding page has no token.
pub fn check_host(
    headers: &HeaderMap,
    uri: &Uri,
    local: SocketAddr,
    token_needed: bool,
) -> Result<(), Foreign> {
    let Some(host) = host(headers) else {
        return Err(Foreign::Host);
    };
    let named = [Some(&host), uri.authority()];
    let known = named
        .into_iter()
        .flatten()
        .all(|name| is_ours(name.host(), local));
    if token_needed || known {
        Ok(())
    } else {
        Err(Foreign::Host)
    }
}

/// Checks that a change comes from no page, or from a page of this very host.
pub fn check_origin(method: &Method, headers: &HeaderMap) -> Result<(), Foreign> {
    if method.is_safe() {
        return Ok(());
    }
    let same_site = headers
        .get_all(FETCH_SITE)
        .iter()
        .all(|site| site == "same-origin" || site == "none");
    let ours = host(headers);
    let same_origin = headers
        .get_all(header::ORIGIN)
        .iter()
        .all(|origin| authority_of(origin.as_bytes()).is_some_and(|theirs| Some(theirs) == ours));
    if same_site && same_origin {
        Ok(())
    } else {
        Err(Foreign::Origin)
    }
}

/// The one `Host` field, without user information.
fn host(headers: &HeaderMap) -> Option<Authority> {
    let mut values = headers.get_all(header::HOST).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let authority = Authority::try_from(value.as_bytes()).ok()?;
    (!authority.as_str().contains('@')).then_some(authority)
}

fn authority_of(origin: &[u8]) -> Option<Authority> {
    let rest = origin
        .strip_prefix(b"http://")
        .or_else(|| origin.strip_prefix(b"https://"))?;
    Authority::try_from(rest).ok()
}

/// Loopback names and the listener's own address.
fn is_ours(host: &str, local: SocketAddr) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback() || ip.to_canonical() == local.ip().to_canonical(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}
