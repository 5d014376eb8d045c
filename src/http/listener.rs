//! Listening for clients: a socket is bound, connections are accepted and set up. What kind of socket a
//! client came by, and which wire it speaks, is known here and not above.

use super::connection::{Handler, Transport, serve};
use crate::listen::ListenAddress;
use socket2::SockRef;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::{Interest, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// How many unread bytes of a client are peeked at: about as many as the system buffers by default.
const MOST_UNREAD: usize = 8 << 20;

/// A bound socket. It belongs to the runtime on which it was bound.
pub struct Listener(TcpListener);

impl Listener {
    /// Binds an address; one whose old connections still linger may be taken up. `backlog`: connections that the system
    /// completes before they are accepted. `ours`: listeners of this process with which it may share the port until
    /// they are closed.
    ///
    /// # Errors
    /// The address is taken, not allowed, or none of this machine.
    pub fn bind(address: &ListenAddress, backlog: u32, ours: &[Arc<Self>]) -> io::Result<Self> {
        if ours.is_empty() {
            return Self::bind_shared(address, backlog, false);
        }
        // The system lets sockets share a port if all of them say so; other processes must not join in later.
        let share = |on| {
            ours.iter()
                .try_for_each(|one| SockRef::from(&one.0).set_reuse_port(on))
        };
        let bound = share(true).and_then(|()| Self::bind_shared(address, backlog, true));
        share(false)?;
        let bound = bound?;
        SockRef::from(&bound.0).set_reuse_port(false)?;
        Ok(bound)
    }

    fn bind_shared(address: &ListenAddress, backlog: u32, shared: bool) -> io::Result<Self> {
        let address = address.socket();
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(shared)?;
        socket.bind(address)?;
        socket.listen(backlog).map(Self)
    }

    /// Where it listens, with the port that the system chose.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<ListenAddress> {
        self.0.local_addr().map(ListenAddress::from)
    }

    /// The next connection. May be cancelled.
    ///
    /// # Errors
    /// Mostly a lack of file descriptors of ours.
    pub async fn accept(&self) -> io::Result<Accepted> {
        let (stream, client) = self.0.accept().await?;
        Ok(Accepted {
            stream,
            client: client.ip(),
        })
    }

    /// A connection that the system has completed already.
    ///
    /// # Errors
    /// There is none; otherwise as [`Self::accept`].
    pub fn accept_now(&self) -> io::Result<Accepted> {
        let (stream, _) = SockRef::from(&self.0).accept()?;
        stream.set_nonblocking(true)?;
        let stream = TcpStream::from_std(stream.into())?;
        let client = stream.peer_addr()?.ip();
        Ok(Accepted { stream, client })
    }
}

/// A connection of a client that was accepted.
pub struct Accepted {
    stream: TcpStream,
    /// The client's address.
    pub client: IpAddr,
}

impl Accepted {
    /// Serves the connection to its end. `send_buffer`: bytes of responses that the system takes for a client that does
    /// not read. When `stop` turns true, an idle connection is closed; a request that was begun is served. A wire with
    /// many requests at a time shares the handler among them.
    pub async fn serve<H: Handler>(
        self,
        handler: Arc<H>,
        send_buffer: usize,
        stop: &mut watch::Receiver<bool>,
    ) {
        // Where these cannot be set, the connection is served with the system's defaults.
        let _ = self.stream.set_nodelay(true);
        let _ = SockRef::from(&self.stream).set_send_buffer_size(send_buffer);
        serve(self.stream, &*handler, stop).await;
    }
}

impl Transport for TcpStream {
    fn reset_on_close(&self) {
        // A connection that is gone needs no reset.
        let _ = self.set_zero_linger();
    }

    fn unread_at_end(&self) -> Option<Vec<u8>> {
        let mut cx = Context::from_waker(Waker::noop());
        let readiness = pin!(self.ready(Interest::READABLE)).poll(&mut cx);
        match readiness {
            Poll::Ready(Ok(ready)) if ready.is_read_closed() => {}
            _ => return None,
        }
        let mut bytes = vec![0; MOST_UNREAD];
        let peeked = self.poll_peek(&mut cx, &mut ReadBuf::new(&mut bytes));
        let length = match peeked {
            Poll::Ready(Ok(MOST_UNREAD)) | Poll::Pending => return None,
            Poll::Ready(Ok(length)) => length,
            // Broken, and nothing is left.
            Poll::Ready(Err(_)) => 0,
        };
        bytes.truncate(length);
        Some(bytes)
    }
}
