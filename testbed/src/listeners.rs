//! The listeners of one database, by their position from 0.

use std::sync::Arc;

use crate::faults::Faults;
use crate::server::{Application, Listener};

/// Some listeners. Every method that takes a position panics where there is no such listener.
pub struct Listeners(Vec<Listener>);

impl Listeners {
    /// Opens a listener for each application, on these ports in order; one without a port gets a free one.
    pub(crate) fn bind<A: Application>(
        applications: &[Arc<A>],
        ports: &[u16],
    ) -> std::io::Result<Self> {
        let ports = ports.iter().copied().chain(std::iter::repeat(0));
        let open = |(application, port): (&Arc<A>, u16)| Listener::bind(port, application.clone());
        let opened: std::io::Result<Vec<Listener>> =
            applications.iter().zip(ports).map(open).collect();
        opened.map(Self)
    }

    /// A listener.
    pub fn listener(&self, listener: usize) -> &Listener {
        &self.0[listener]
    }

    /// All listeners.
    pub fn listeners(&self) -> &[Listener] {
        &self.0
    }

    /// The base URL of a listener, without a slash at the end.
    pub fn url(&self, listener: usize) -> String {
        self.listener(listener).url()
    }

    /// The faults of a listener.
    pub fn faults(&self, listener: usize) -> &Faults {
        self.listener(listener).faults()
    }

    /// Closes a listener and its connections; what it knows stays, such as open transactions.
    pub fn kill(&self, listener: usize) {
        self.listener(listener).kill();
    }

    /// Opens a killed listener again, on its port.
    ///
    /// # Errors
    /// If the port was taken meanwhile.
    pub fn restart(&self, listener: usize) -> std::io::Result<()> {
        self.listener(listener).restart()
    }
}
