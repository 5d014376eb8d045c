//! The values of a service and an endpoint that hold after defaults: addresses, names, strategy.

use super::{Balance, DialectName, Endpoint, Service, StrategyName, url};
use std::net::SocketAddr;

impl DialectName {
    /// The address of a service that names none.
    pub fn default_listen(self) -> SocketAddr {
        let port = match self {
            DialectName::Qdrant => 6433,
            DialectName::Neo4j => 7574,
            DialectName::Http => 8180,
        };
        SocketAddr::from(([127, 0, 0, 1], port))
    }
}

impl Service {
    /// The address that clients connect to.
    pub fn listen_address(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| self.dialect.default_listen())
    }

    /// The strategy: its own, or that of `balance`.
    pub fn strategy(&self, balance: &Balance) -> StrategyName {
        self.strategy.unwrap_or(balance.strategy)
    }
}

impl Endpoint {
    /// Host (without brackets) and port; `None` only for an endpoint that was never checked.
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        url::parts(&self.url).ok()
    }

    /// `host:port` as a Host field carries it, brackets kept.
    pub fn authority(&self) -> &str {
        let rest = self.url.strip_prefix("http://").unwrap_or(&self.url);
        rest.strip_suffix('/').unwrap_or(rest)
    }

    /// The name of an endpoint that names none: host-port, with other characters as `-`.
    pub fn default_name(&self) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        };
        let name: String = self
            .authority()
            .to_ascii_lowercase()
            .chars()
            .map(plain)
            .collect();
        name.trim_matches(['-', '_']).to_string()
    }
}
