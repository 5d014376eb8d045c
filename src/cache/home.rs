//! The home of what a request asks for or writes, as balancing prefers it.

use crate::endpoint_id::EndpointId;
use balancing::Home;

/// The endpoint that acknowledged the last write of some tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteHome {
    pub endpoint: EndpointId,
    /// Whether others may lag behind it.
    pub stands: Home,
}
