//! A network path to a server: a relay on 127.0.0.1 that can hold bytes, delay them, close idle connections, refuse
//! connections or leave them without a reply.
//!
//! Bytes that are held are delivered when the path is whole again, as TCP retransmits them. A process that is stopped
//! (SIGSTOP) looks like `hold(Held::Both)`: the system still completes connections for it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Mutex, broadcast, watch};
use tokio::task::JoinHandle;

/// How long a lost segment is missing until it is sent again: the least that Linux waits.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// Connections that fill the queue of a socket with a backlog of one.
const FILLING: usize = 4;

/// Which bytes are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Held {
    #[default]
    Nothing,
    Both,
    Responses,
}

/// What the path does to bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Conditions {
    held: Held,
    delay: Duration,
    loss: f64,
    idle: Option<Duration>,
}

/// What stands at the port.
enum Port {
    Closed,
    Open(JoinHandle<()>),
    /// A socket whose queue is full, so that the system completes no connection.
    Silent(#[expect(dead_code, reason = "held open")] (TcpListener, Vec<TcpStream>)),
}

/// The path. Dropping it closes its port and its connections.
pub struct Link {
    address: SocketAddr,
    to: SocketAddr,
    conditions: watch::Sender<Conditions>,
    /// Ends all connections.
    end: broadcast::Sender<()>,
    port: Mutex<Port>,
}

impl Link {
    /// Binds a free port that leads to this address.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn to(to: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let link = Self {
            address: socket.local_addr()?,
            to,
            conditions: watch::Sender::default(),
            end: broadcast::Sender::new(1),
            port: Mutex::new(Port::Closed),
        };
        *link.port.lock().await = link.serve(socket);
        Ok(link)
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes the port and all connections, as of a process that is killed. When it returns, connecting is refused.
    pub async fn kill(&self) {
        self.close(&mut *self.port.lock().await).await;
        let _ = self.end.send(());
    }

    /// Opens the port and delivers what was held: the end of `kill`, `hold` and `isolate`.
    ///
    /// # Errors
    /// If the port was taken meanwhile.
    pub async fn restore(&self) -> io::Result<()> {
        let mut port = self.port.lock().await;
        if !matches!(*port, Port::Open(_)) {
            *port = Port::Closed;
            *port = self.serve(TcpListener::bind(self.address).await?);
        }
        self.hold(Held::Nothing);
        Ok(())
    }

    /// Holds bytes; connections are still completed.
    pub fn hold(&self, held: Held) {
        self.conditions.send_modify(|now| now.held = held);
    }

    /// Cuts the path: what is sent in either direction is held, and connecting gets no reply.
    ///
    /// # Errors
    /// If the port was taken meanwhile.
    pub async fn isolate(&self) -> io::Result<()> {
        self.hold(Held::Both);
        let mut port = self.port.lock().await;
        self.close(&mut port).await;
        *port = Port::Silent(fill(self.address).await?);
        Ok(())
    }

    /// Delays each piece in both directions; this share of them, 0..=1, is lost once and sent again.
    pub fn impair(&self, delay: Duration, loss: f64) {
        self.conditions
            .send_modify(|now| (now.delay, now.loss) = (delay, loss));
    }

    /// Closes connections on which nothing was sent for so long.
    pub fn close_idle(&self, after: Duration) {
        self.conditions.send_modify(|now| now.idle = Some(after));
    }

    async fn close(&self, port: &mut Port) {
        if let Port::Open(accepting) = std::mem::replace(port, Port::Closed) {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    fn serve(&self, socket: TcpListener) -> Port {
        let (to, conditions, end) = (self.to, self.conditions.subscribe(), self.end.clone());
        Port::Open(tokio::spawn(async move {
            while let Ok((client, _)) = socket.accept().await {
                let (conditions, mut end) = (conditions.clone(), end.subscribe());
                tokio::spawn(async move {
                    tokio::select! {
                        _ = end.recv() => {}
                        () = relay(client, to, conditions) => {}
                    }
                });
            }
        }))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Port::Open(accepting) = self.port.get_mut() {
            accepting.abort();
        }
    }
}

/// A socket that accepts nothing, and connections that fill its queue.
async fn fill(address: SocketAddr) -> io::Result<(TcpListener, Vec<TcpStream>)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let socket = socket.listen(1)?;
    let mut filling = Vec::new();
    for _ in 0..FILLING {
        let connecting = TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(20), connecting).await {
            Ok(connected) => filling.push(connected?),
            Err(_) => break,
        }
    }
    Ok((socket, filling))
}

/// Forwards until either side closes.
async fn relay(client: TcpStream, to: SocketAddr, conditions: watch::Receiver<Conditions>) {
    let Ok(server) = TcpStream::connect(to).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = forward(from_client, to_server, conditions.clone(), &[Held::Both]) => {}
        () = forward(from_server, to_client, conditions, &[Held::Both, Held::Responses]) => {}
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut conditions: watch::Receiver<Conditions>,
    held: &[Held],
) {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let idle = conditions.borrow().idle.unwrap_or(Duration::MAX);
        let Ok(Ok(length @ 1..)) = tokio::time::timeout(idle, from.read(&mut piece)).await else {
            return;
        };
        let whole = conditions.wait_for(|now| !held.contains(&now.held));
        let wait = whole.await.map(|now| wait_of(*now));
        let Ok(wait) = wait else { return };
        tokio::time::sleep(wait).await;
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

fn wait_of(now: Conditions) -> Duration {
    match rand::random::<f64>() < now.loss {
        true => now.delay + RETRANSMISSION,
        false => now.delay,
    }
}
