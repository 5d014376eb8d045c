//! An origin that follows a script: it notes each request as it came, and does what the script says.

use super::wire::{self, Broken, Buffer};
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Of all requests to this origin, from 0.
    pub number: usize,
    /// The connection that it came on, from 0.
    pub connection: usize,
    pub line: String,
    /// Names in lower case, in their order.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<String>,
    /// The body did not come to its end.
    pub cut: bool,
}

impl Seen {
    pub fn field(&self, name: &str) -> Option<&str> {
        wire::field(&self.fields, name)
    }

    pub fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

/// One step of an answer.
pub enum Act {
    Send(Vec<u8>),
    /// This byte, so many times.
    Repeat(u8, usize),
    /// Tells the test that it came so far.
    Count(Arc<AtomicUsize>),
    /// Does nothing for a while.
    Rest(Duration),
    /// Waits for the test.
    Wait(Arc<Notify>),
    /// Closes the connection.
    Close,
    /// Closes it by a reset.
    Reset,
}

impl Act {
    /// An answer with a length.
    pub fn answer(status: u16, fields: &str, body: impl AsRef<[u8]>) -> Vec<Act> {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 {status} Word\r\ncontent-length: {}\r\n{fields}\r\n",
            body.len()
        );
        vec![Act::Send([head.as_bytes(), body].concat())]
    }

    /// An answer with a length, of JSON.
    pub fn json(status: u16, body: &str) -> Vec<Act> {
        Self::answer(status, "content-type: application/json\r\n", body)
    }

    /// These bytes.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Vec<Act> {
        vec![Act::Send(bytes.as_ref().to_vec())]
    }
}

type Early = dyn Fn(&Seen) -> Option<Vec<Act>> + Send + Sync;
type Script = dyn Fn(&Seen) -> Vec<Act> + Send + Sync;

struct Inner {
    /// Asked when the head has come; `None`: read the body first.
    early: Box<Early>,
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    closed: AtomicUsize,
}

/// A listener with a script. It closes when dropped.
pub struct Origin {
    address: SocketAddr,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Origin {
    /// Answers each whole request as the script says.
    pub async fn start(script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::start_early(|_| None, script).await
    }

    /// As `start`; `early` may answer when only the head has come.
    pub async fn start_early(
        early: impl Fn(&Seen) -> Option<Vec<Act>> + Send + Sync + 'static,
        script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Inner {
            early: Box::new(early),
            script: Box::new(script),
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&inner)));
        Self {
            address,
            inner,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// All requests so far, whole or cut.
    pub fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().clone()
    }

    /// The newest request.
    pub fn last(&self) -> Seen {
        self.seen().pop().expect("a request at the origin")
    }

    pub fn count(&self) -> usize {
        self.inner.seen.lock().len()
    }

    /// Connections that brought a client's request.
    pub fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    /// Those of them that ended.
    pub fn closed(&self) -> usize {
        self.inner.closed.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let inner = Arc::clone(&inner);
        connections.spawn(async move {
            let mut number = None;
            serve(stream, &mut number, &inner).await;
            inner
                .closed
                .fetch_add(usize::from(number.is_some()), Ordering::SeqCst);
        });
    }
}

const UNKNOWN: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves a connection. `number` is given to it with the first request of a client.
async fn serve(mut stream: TcpStream, number: &mut Option<usize>, inner: &Inner) {
    let mut buffer = Buffer::default();
    while let Ok(head) = buffer.head(&mut stream).await {
        if wire::field(&wire::fields(&head), "x-request-id").is_none() {
            // A question of the proxy's own (probe, inquiry), no client's request.
            let _ = stream.write_all(UNKNOWN.as_bytes()).await;
            return;
        }
        let number =
            *number.get_or_insert_with(|| inner.connections.fetch_add(1, Ordering::SeqCst));
        let mut seen = Seen {
            connection: number,
            line: head.lines().next().unwrap_or_default().to_owned(),
            fields: wire::fields(&head),
            ..Seen::default()
        };
        let acts = match (inner.early)(&seen) {
            Some(acts) => acts,
            None => {
                read_body(&mut buffer, &mut stream, &mut seen).await;
                if seen.cut {
                    note(inner, &mut seen);
                    return;
                }
                note(inner, &mut seen);
                (inner.script)(&seen)
            }
        };
        if !play(&mut stream, acts).await {
            return;
        }
    }
}

/// Puts the request on the list, with its number.
fn note(inner: &Inner, seen: &mut Seen) {
    let mut list = inner.seen.lock();
    seen.number = list.len();
    list.push(seen.clone());
}

async fn read_body(buffer: &mut Buffer, stream: &mut TcpStream, seen: &mut Seen) {
    let read = if seen.field("transfer-encoding") == Some("chunked") {
        buffer.chunked(stream).await
    } else {
        let length = seen
            .field("content-length")
            .and_then(|length| length.parse().ok());
        let body = buffer.exactly(stream, length.unwrap_or(0)).await;
        body.map(|body| (body, Vec::new()))
    };
    match read {
        Ok((body, trailers)) => (seen.body, seen.trailers) = (body, trailers),
        Err(Broken::Cut(part)) => (seen.body, seen.cut) = (part, true),
        Err(_) => seen.cut = true,
    }
}

/// False when the connection is over.
async fn play(stream: &mut TcpStream, acts: Vec<Act>) -> bool {
    for act in acts {
        match act {
            Act::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return false;
                }
            }
            Act::Repeat(byte, count) => {
                if stream.write_all(&vec![byte; count]).await.is_err() {
                    return false;
                }
            }
            Act::Count(counter) => {
                counter.fetch_add(1, Ordering::SeqCst);
            }
            Act::Rest(span) => tokio::time::sleep(span).await,
            Act::Wait(signal) => signal.notified().await,
            Act::Close => return false,
            Act::Reset => {
                let _ = stream.set_zero_linger();
                return false;
            }
        }
    }
    true
}
