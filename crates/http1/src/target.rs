//! The target of a request and its authority (RFC 9112, section 3.2; RFC 3986, section 3.2).

use crate::Error;
use http::Method;
use std::net::Ipv6Addr;

/// A target in one of the forms that a request may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// Path and query, or `*`.
    Origin(&'a str),
    Absolute(Absolute<'a>),
}

/// `http://authority/path?query`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Absolute<'a> {
    pub authority: &'a str,
    default_port: u16,
    /// May be empty, or a query alone.
    rest: &'a str,
}

const INVALID: Error = Error::Malformed("invalid request target");
const INVALID_HOST: Error = Error::Malformed("invalid authority");

/// Reads a target. What is in none of the forms is refused: two parties may guess differently what was meant.
pub(crate) fn parse<'a>(method: &Method, target: &'a str) -> Result<Target<'a>, Error> {
    if method == Method::CONNECT {
        return Err(Error::Tunnel);
    }
    // A fragment never goes to a server.
    if target.contains('#') {
        return Err(INVALID);
    }
    if target.starts_with('/') || (target == "*" && method == Method::OPTIONS) {
        return Ok(Target::Origin(target));
    }
    absolute(target).map(Target::Absolute)
}

fn absolute(target: &str) -> Result<Absolute<'_>, Error> {
    let (scheme, rest) = target.split_once("://").ok_or(INVALID)?;
    let default_port = match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => 80,
        _ if scheme.eq_ignore_ascii_case("https") => 443,
        _ => return Err(INVALID),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).ok_or(INVALID)?;
    if authority.is_empty() {
        return Err(INVALID);
    }
    split_port(authority)?;
    Ok(Absolute {
        authority,
        default_port,
        rest,
    })
}

impl Absolute<'_> {
    /// Whether a Host field names the same authority.
    pub fn agrees_with(&self, host: &str) -> bool {
        let parts = |authority| {
            let (name, port) = split_port(authority).ok()?;
            Some((name, port.unwrap_or(self.default_port)))
        };
        match (parts(self.authority), parts(host)) {
            (Some((name, port)), Some((other, other_port))) => {
                name.eq_ignore_ascii_case(other) && port == other_port
            }
            _ => false,
        }
    }

    /// The same target as an origin is asked for it.
    pub fn origin_form(&self, method: &Method) -> String {
        match self.rest {
            "" if method == Method::OPTIONS => "*".to_string(),
            rest if rest.starts_with('/') => rest.to_string(),
            rest => format!("/{rest}"),
        }
    }
}

/// Checks the value of a Host field; it may be empty.
pub(crate) fn check_host(value: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(value).map_err(|_| INVALID_HOST)?;
    if !text.is_empty() {
        split_port(text)?;
    }
    Ok(text)
}

/// The name and the port of an authority without user information.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), Error> {
    let (name, port) = match authority.strip_prefix('[') {
        Some(literal) => {
            let (address, port) = literal.split_once(']').ok_or(INVALID_HOST)?;
            address.parse::<Ipv6Addr>().map_err(|_| INVALID_HOST)?;
            match port.strip_prefix(':') {
                Some(port) => (address, port),
                None if port.is_empty() => (address, ""),
                None => return Err(INVALID_HOST),
            }
        }
        None => {
            let (name, port) = authority.split_once(':').unwrap_or((authority, ""));
            if !is_registered_name(name.as_bytes()) {
                return Err(INVALID_HOST);
            }
            (name, port)
        }
    };
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(INVALID_HOST);
    }
    match port {
        "" => Ok((name, None)),
        port => Ok((name, Some(port.parse().map_err(|_| INVALID_HOST)?))),
    }
}

/// `reg-name` of RFC 3986, which an IPv4 address is as well; not empty.
fn is_registered_name(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        let sound = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(u8::is_ascii_hexdigit);
                hex() && hex()
            }
            byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte),
        };
        if !sound {
            return false;
        }
    }
    !name.is_empty()
}
