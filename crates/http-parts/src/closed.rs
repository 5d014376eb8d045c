//! How a peer's connection was found closed while nothing was expected of it.

/// How a peer's connection was found closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The peer ended its sending side. Whether it still reads cannot be told.
    Sending,
    /// The connection broke: nothing can be read or written.
    Both,
}
