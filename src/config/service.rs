//! The values of a service and an endpoint that hold after defaults: addresses, names, strategy.

use super::{Balance, DialectName, Endpoint, EndpointAddress, Service, StrategyName};
use crate::listen::ListenAddress;
use config_table::decode::{Reader, Value};
use config_table::table::{Choice, Rules, Shape};
use config_table::tree::Node;
use std::net::SocketAddr;

impl Value for DialectName {
    const SHAPE: Shape = Shape::Choice(&Choice {
        name: "DialectName",
        words: DialectName::WORDS,
    });

    fn read(node: &Node, _: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        reader.choice(node, Self::ALL)
    }

    fn show(&self) -> config_table::Json {
        config_table::Json::from(self.word())
    }
}

impl Service {
    /// The address that clients connect to.
    pub fn listen_address(&self) -> ListenAddress {
        let port = self.dialect.row().listen_port;
        let default = || SocketAddr::from(([127, 0, 0, 1], port)).into();
        self.listen.clone().unwrap_or_else(default)
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
