//! The values of a service and an endpoint that hold after defaults: addresses, names, strategy.

use super::{Balance, DialectName, Endpoint, EndpointAddress, Service, StrategyName};
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
    /// Where it is; `None` only for an endpoint that was never checked.
    pub fn address(&self) -> Option<EndpointAddress> {
        EndpointAddress::parse(&self.url).ok()
    }

    /// Its configured name, or the default one of its address.
    pub fn name_at(&self, address: &EndpointAddress) -> String {
        match self.name.is_empty() {
            true => address.default_name(),
            false => self.name.clone(),
        }
    }
}
