//! What this process or machine lacks when a connection cannot be opened. Such a failure says nothing
//! about the endpoint, so it counts against none.

use std::error::Error;
use std::io;

/// A local resource that ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// File descriptors, of the process (`ulimit -n`) or of the system.
    Files,
    /// Local ports to this destination, or a local address from which it can be reached.
    Ports,
    /// Memory of the system for sockets.
    Memory,
}

impl Shortage {
    /// The shortage behind an error, wherever it stands among its sources.
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let own = error.downcast_ref::<io::Error>().and_then(Self::of);
        own.or_else(|| error.source().and_then(Self::behind))
    }

    fn of(error: &io::Error) -> Option<Self> {
        match error.raw_os_error()? {
            libc::EMFILE | libc::ENFILE => Some(Self::Files),
            libc::EADDRNOTAVAIL => Some(Self::Ports),
            libc::ENOBUFS | libc::ENOMEM => Some(Self::Memory),
            _ => None,
        }
    }

    /// The label in metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Files => "no_files",
            Self::Ports => "no_ports",
            Self::Memory => "no_memory",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_shortage_of_ours_is_found_behind_other_errors_and_told_from_what_an_endpoint_does() {
        for (code, shortage) in [
            (libc::EMFILE, Some(Shortage::Files)),
            (libc::ENFILE, Some(Shortage::Files)),
            (libc::EADDRNOTAVAIL, Some(Shortage::Ports)),
            (libc::ENOBUFS, Some(Shortage::Memory)),
            (libc::ENOMEM, Some(Shortage::Memory)),
            (libc::ECONNREFUSED, None),
            (libc::ECONNRESET, None),
            (libc::ETIMEDOUT, None),
            (libc::ENETUNREACH, None),
            (libc::EHOSTUNREACH, None),
        ] {
            let error = Outer(io::Error::from_raw_os_error(code));
            assert_eq!(Shortage::behind(&error), shortage, "{code}");
        }
    }
}
