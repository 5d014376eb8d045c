//! The address of an endpoint: `http://HOST:PORT` and nothing more. What people write instead
//! (Bolt, gRPC, TLS) is refused with what to write. This is the only parser of endpoint URLs.

use config_table::Refused;
use std::fmt;
use std::sync::Arc;

/// Host and port of an endpoint. Printed as `host:port`, as a Host field carries it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointAddress {
    /// Host name or literal address, lower case, without brackets.
    pub host: Arc<str>,
    pub port: u16,
}

impl EndpointAddress {
    /// The address in a URL.
    ///
    /// # Errors
    /// What was found instead of a plain `http://HOST:PORT`, and what to write.
    pub fn parse(url: &str) -> Result<Self, Refused> {
        let (host, port) = parts(url)?;
        Ok(Self {
            host: host.to_ascii_lowercase().into(),
            port,
        })
    }

    /// The name of an endpoint that the configuration gives none: host-port, with other characters as `-`.
    pub fn default_name(&self) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name: String = self
            .to_string()
            .chars()
            .map(|c| if is_plain(c) { c } else { '-' })
            .collect();
        name.trim_matches(['-', '_']).to_string()
    }
}

impl fmt::Display for EndpointAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Scheme and what to write in its place.
const OTHER_SCHEMES: &[(&str, &str)] = &[
    ("bolt", NEO4J),
    ("neo4j", NEO4J),
    ("grpc", QDRANT),
    (
        "https",
        "http://; TLS towards endpoints is not supported yet",
    ),
];
const NEO4J: &str = "the HTTP address of the server, usually http://HOST:7474";
const QDRANT: &str = "the HTTP address of the server, usually http://HOST:6333";

/// Host (without brackets) and port of a URL.
fn parts(url: &str) -> Result<(&str, u16), Refused> {
    if url.contains('@') {
        return Err(because(
            "user information in a URL (not shown)",
            "http://HOST:PORT; credentials of probes stand in `probe`",
        ));
    }
    let (scheme, rest) = url.split_once("://").ok_or_else(Refused::default)?;
    if scheme != "http" {
        return Err(other_scheme(scheme));
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    match rest.contains(['/', '?', '#']) {
        true => Err(because(
            "a URL with a path",
            "http://HOST:PORT alone; the path comes from the client",
        )),
        false => host_and_port(rest),
    }
}

fn host_and_port(authority: &str) -> Result<(&str, u16), Refused> {
    let (host, port) = split(authority).ok_or_else(|| {
        because(
            "a URL without a port",
            "http://HOST:PORT, usually 6333 (Qdrant) or 7474 (Neo4j)",
        )
    })?;
    let number = port
        .parse::<u16>()
        .ok()
        .filter(|number| *number > 0 && is_digits(port));
    let number = number.ok_or_else(|| because("a port that is no number", "a port, 1 to 65535"))?;
    match is_host(host) {
        true => Ok((host.trim_matches(['[', ']']), number)),
        false => Err(because(
            "a host that is no name or address",
            "http://HOST:PORT",
        )),
    }
}

/// Splits at the colon before the port; none within the brackets of an IPv6 address counts.
fn split(authority: &str) -> Option<(&str, &str)> {
    let (host, port) = authority.rsplit_once(':')?;
    (!port.contains(']')).then_some((host, port))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(host: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.len() <= 253 && host.chars().all(inner),
    }
}

fn other_scheme(scheme: &str) -> Refused {
    let plain = scheme.split('+').next().unwrap_or(scheme);
    match OTHER_SCHEMES
        .iter()
        .find(|(name, _)| plain.eq_ignore_ascii_case(name))
    {
        Some((name, expected)) => {
            let article = if name.starts_with('h') { "an" } else { "a" };
            because(&format!("{article} {name}:// address"), expected)
        }
        None => Refused::default(),
    }
}

fn because(found: &str, expected: &str) -> Refused {
    Refused {
        found: Some(found.into()),
        expected: Some(expected.into()),
    }
}
