//! An origin that follows a script: it records each request as it arrives and takes the steps of the script.

use super::wire::{self, Buffer, ReadError};
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct ReceivedRequest {
    /// Position among all requests to this origin, from 0.
    pub number: usize,
    /// The connection it arrived on, from 0.
    pub connection: usize,
    pub line: String,
    /// Names in lower case, in their order.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<String>,
    /// The connection ended before the body did.
    pub truncated: bool,
}

impl ReceivedRequest {
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

/// One step of a script.
pub enum Step {
    Send(Vec<u8>),
    /// Sends this byte this many times.
    Repeat(u8, usize),
    /// Increments a counter of the test.
    Count(Arc<AtomicUsize>),
    /// Pauses.
    Sleep(Duration),
    /// Waits for a signal of the test.
    Wait(Arc<Notify>),
    /// Waits until the other side closes the connection.
    AwaitClose,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

impl Step {
    /// A response with a content length.
    pub fn response(status: u16, fields: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 {status} Word\r\ncontent-length: {}\r\n{fields}\r\n",
            body.len()
        );
        vec![Step::Send([head.as_bytes(), body].concat())]
    }

    /// A JSON response with a content length.
    pub fn json(status: u16, body: &str) -> Vec<Step> {
        Self::response(status, "content-type: application/json\r\n", body)
    }

    /// These bytes.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Vec<Step> {
        vec![Step::Send(bytes.as_ref().to_vec())]
    }
}

type OnHead = dyn Fn(&ReceivedRequest) -> Option<Vec<Step>> + Send + Sync;
type Script = dyn Fn(&ReceivedRequest) -> Vec<Step> + Send + Sync;

struct Inner {
    /// Called with the head; `None`: read the body first.
    on_head: Box<OnHead>,
    on_probe: Box<Script>,
    script: Box<Script>,
    received: Mutex<Vec<ReceivedRequest>>,
    probes: Mutex<Vec<ReceivedRequest>>,
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
    /// Runs the script for each complete request.
    pub async fn start(
        script: impl Fn(&ReceivedRequest) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::start_with_early_response(|_| None, script).await
    }

    /// As `start`; `on_head` may respond before the body is read.
    pub async fn start_with_early_response(
        on_head: impl Fn(&ReceivedRequest) -> Option<Vec<Step>> + Send + Sync + 'static,
        script: impl Fn(&ReceivedRequest) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::scripted(on_head, |_| Step::raw(UNKNOWN), script).await
    }

    /// As `start`; `on_probe` runs for each probe and metadata query. Its connection closes then.
    pub async fn start_with_probes(
        on_probe: impl Fn(&ReceivedRequest) -> Vec<Step> + Send + Sync + 'static,
        script: impl Fn(&ReceivedRequest) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::scripted(|_| None, on_probe, script).await
    }

    async fn scripted(
        on_head: impl Fn(&ReceivedRequest) -> Option<Vec<Step>> + Send + Sync + 'static,
        on_probe: impl Fn(&ReceivedRequest) -> Vec<Step> + Send + Sync + 'static,
        script: impl Fn(&ReceivedRequest) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Inner {
            on_head: Box::new(on_head),
            on_probe: Box::new(on_probe),
            script: Box::new(script),
            received: Mutex::default(),
            probes: Mutex::default(),
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

    /// All requests so far, complete or truncated.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.inner.received.lock().clone()
    }

    /// All requests of the proxy itself: probes and metadata queries.
    pub fn probes(&self) -> Vec<ReceivedRequest> {
        self.inner.probes.lock().clone()
    }

    /// The newest request.
    pub fn last(&self) -> ReceivedRequest {
        self.received().pop().expect("a request at the origin")
    }

    pub fn count(&self) -> usize {
        self.inner.received.lock().len()
    }

    /// Connections that carried at least one client request.
    pub fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    /// The number of them that have closed.
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

/// Serves a connection. It is numbered with its first client request.
async fn serve(mut stream: TcpStream, number: &mut Option<usize>, inner: &Inner) {
    let mut buffer = Buffer::default();
    while let Ok(head) = buffer.head(&mut stream).await {
        let mut request = ReceivedRequest {
            line: head.lines().next().unwrap_or_default().to_owned(),
            fields: wire::fields(&head),
            ..ReceivedRequest::default()
        };
        if request.field("x-request-id").is_none() {
            // The proxy's own request (a probe or a metadata query), not a client's.
            read_body(&mut buffer, &mut stream, &mut request).await;
            inner.probes.lock().push(request.clone());
            run(&mut stream, (inner.on_probe)(&request)).await;
            return;
        }
        request.connection =
            *number.get_or_insert_with(|| inner.connections.fetch_add(1, Ordering::SeqCst));
        let steps = match (inner.on_head)(&request) {
            Some(steps) => steps,
            None => {
                read_body(&mut buffer, &mut stream, &mut request).await;
                record(inner, &mut request);
                if request.truncated {
                    return;
                }
                (inner.script)(&request)
            }
        };
        if !run(&mut stream, steps).await {
            return;
        }
    }
}

/// Records the request with its number.
fn record(inner: &Inner, request: &mut ReceivedRequest) {
    let mut list = inner.received.lock();
    request.number = list.len();
    list.push(request.clone());
}

async fn read_body(buffer: &mut Buffer, stream: &mut TcpStream, request: &mut ReceivedRequest) {
    let read = if request.field("transfer-encoding") == Some("chunked") {
        buffer.chunked(stream).await
    } else {
        let length = request
            .field("content-length")
            .and_then(|length| length.parse().ok());
        let body = buffer.exactly(stream, length.unwrap_or(0)).await;
        body.map(|body| (body, Vec::new()))
    };
    match read {
        Ok((body, trailers)) => (request.body, request.trailers) = (body, trailers),
        Err(ReadError::Truncated(part)) => (request.body, request.truncated) = (part, true),
        Err(_) => request.truncated = true,
    }
}

/// False when the connection has ended.
async fn run(stream: &mut TcpStream, steps: Vec<Step>) -> bool {
    for step in steps {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return false;
                }
            }
            Step::Repeat(byte, count) => {
                if stream.write_all(&vec![byte; count]).await.is_err() {
                    return false;
                }
            }
            Step::Count(counter) => {
                counter.fetch_add(1, Ordering::SeqCst);
            }
            Step::Sleep(span) => tokio::time::sleep(span).await,
            Step::Wait(signal) => signal.notified().await,
            Step::AwaitClose => {
                let _ = stream.read(&mut [0]).await;
                return false;
            }
            Step::Close => return false,
            Step::Reset => {
                let _ = stream.set_zero_linger();
                return false;
            }
        }
    }
    true
}
