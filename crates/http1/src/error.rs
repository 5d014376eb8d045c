//! Why a message could not be read or written.

use std::io;

/// Why a message could not be read or written. Texts are fixed: they hold no byte of the peer.
/// After any of these the connection carries no further message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The peer's bytes break a rule of HTTP.
    #[error("{0}")]
    Malformed(&'static str),
    /// The peer speaks another protocol than HTTP.
    #[error("{0}")]
    OtherProtocol(&'static str),
    /// The head or the trailers exceed a limit.
    #[error("{0}")]
    TooLarge(&'static str),
    /// The request has a version other than HTTP/1.0 and HTTP/1.1.
    #[error("unsupported HTTP version")]
    Version,
    /// The request asks for a tunnel (CONNECT).
    #[error("CONNECT is not supported")]
    Tunnel,
    /// The peer ended its sending side before the message was whole.
    #[error("connection closed before the end of the message")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(io::ErrorKind),
    /// The message to be written is not valid HTTP: a fault of the caller, or of the source of the message.
    #[error("{0}")]
    Unwritable(&'static str),
}

impl Error {
    /// The status with which a server refuses such a request; `None`: no response can be sent.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Malformed(_) | Error::OtherProtocol(_) => Some(400),
            Error::TooLarge(_) => Some(431),
            Error::Version => Some(505),
            Error::Tunnel => Some(405),
            Error::Closed | Error::Io(_) | Error::Unwritable(_) => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Io(error.kind())
    }
}
