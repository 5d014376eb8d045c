//! Which endpoint it is.

use crate::config::EndpointAddress;
use std::sync::Arc;

/// Which endpoint it is: the same name at another address is another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub service: Arc<str>,
    pub name: Arc<str>,
    pub address: EndpointAddress,
}
