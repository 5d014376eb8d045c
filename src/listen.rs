//! Where a listener listens: one type from the configuration to the socket. Another kind of listener is
//! another form of this address, bound and accepted in `http::listener`; nothing between needs to know.

use config_table::Json;
use config_table::decode::{Reader, Value};
use config_table::table::{Rules, Shape};
use config_table::tree::Node;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The address of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress(SocketAddr);

impl ListenAddress {
    /// The socket that it stands for.
    pub fn socket(&self) -> SocketAddr {
        self.0
    }

    /// Whether the system chooses a free address each time it is bound.
    pub fn is_chosen_by_system(&self) -> bool {
        self.0.port() == 0
    }

    /// Whether both cannot be bound at the same time.
    pub fn clashes_with(&self, other: &Self) -> bool {
        let wide = self.0.ip().is_unspecified() || other.0.ip().is_unspecified();
        self.0.port() == other.0.port()
            && !self.is_chosen_by_system()
            && (wide || self.0.ip() == other.0.ip())
    }

    /// Whether every connection to `other` would come here if `other` were not bound.
    pub fn covers(&self, other: &Self) -> bool {
        let (wide, narrow) = (self.0.ip(), other.0.ip());
        self.clashes_with(other) && wide.is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4())
    }

    /// Whether a connection to this IP address and port ends here, as far as they alone tell.
    pub fn is_reached_at(&self, ip: IpAddr, port: u16) -> bool {
        let wide = self.0.ip().is_unspecified();
        let here = ip == self.0.ip() || wide && (ip.is_loopback() || ip.is_unspecified());
        here && port == self.0.port()
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(socket: SocketAddr) -> Self {
        Self(socket)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

impl Value for ListenAddress {
    const SHAPE: Shape = <SocketAddr as Value>::SHAPE;

    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        SocketAddr::read(node, rules, reader).map(Self)
    }

    fn show(&self) -> Json {
        self.0.show()
    }
}
