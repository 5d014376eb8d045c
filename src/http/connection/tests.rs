//! Connections of clients, over a pipe.

use super::*;
use crate::http::Data;
use bytes::Bytes;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

/// A pipe that notes that it was to be reset.
struct Pipe(DuplexStream, std::sync::Arc<AtomicBool>);

impl Transport for Pipe {
    fn reset_on_close(&self) {
        self.1.store(true, Ordering::Relaxed);
    }

    fn unread_at_end(&self) -> Option<Vec<u8>> {
        None
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.get_mut().0).poll_read(cx, into)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.get_mut().0).poll_write(cx, bytes)
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

/// Responds with the path; to `/cut` with half a response.
struct Paths;

async fn respond(
    status: u16,
    text: &str,
    whole: bool,
    downstream: &mut dyn Downstream,
) -> Result<(), DownstreamError> {
    while poll_fn(|cx| downstream.poll_part(cx)).await? != Part::End {}
    let head = ResponseHeader::build(status, None).unwrap();
    downstream.send_head(&head, BodyLength::Unknown)?;
    let data = Data::new(Bytes::copy_from_slice(text.as_bytes())).unwrap();
    poll_fn(|cx| downstream.poll_ready(cx)).await?;
    downstream.send_part(Part::Data(data))?;
    if whole {
        poll_fn(|cx| downstream.poll_ready(cx)).await?;
        downstream.send_part(Part::End)?;
    }
    poll_fn(|cx| downstream.poll_flush(cx)).await
}

#[async_trait]
impl Handler for Paths {
    fn limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            first: Duration::from_secs(5),
            idle: Duration::from_secs(50),
            head: Duration::from_secs(10),
            requests: 3,
            linger: Duration::from_secs(20),
            linger_silence: Duration::from_secs(2),
            head_bytes: 1000,
            head_fields: 10,
        }
    }

    async fn handle(&self, request: RequestHeader, downstream: &mut dyn Downstream) {
        let path = request.uri.path();
        let _ = respond(200, path, path != "/cut", downstream).await;
    }

    async fn refuse(&self, refusal: Refusal, downstream: &mut dyn Downstream) {
        let _ = respond(status(refusal.violation), refusal.reason, true, downstream).await;
    }
}

fn status(violation: Violation) -> u16 {
    match violation {
        Violation::Malformed | Violation::OtherProtocol => 400,
        Violation::Tunnel => 405,
        Violation::Late => 408,
        Violation::TooLarge => 431,
        Violation::Version => 505,
    }
}

struct Running {
    client: DuplexStream,
    stop: watch::Sender<bool>,
    reset: std::sync::Arc<AtomicBool>,
    began: Instant,
}

impl Running {
    fn start() -> Self {
        let (client, server) = duplex(100_000);
        let (stop, mut stopped) = watch::channel(false);
        let reset = std::sync::Arc::<AtomicBool>::default();
        let pipe = Pipe(server, std::sync::Arc::clone(&reset));
        tokio::spawn(async move { serve(pipe, &Paths, &mut stopped).await });
        Self {
            client,
            stop,
            reset,
            began: Instant::now(),
        }
    }

    async fn send(&mut self, bytes: &str) {
        self.client.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// Everything until the connection ends, and the seconds until then.
    async fn rest(&mut self) -> (String, u64) {
        let mut text = String::new();
        self.client.read_to_string(&mut text).await.unwrap();
        (text, self.began.elapsed().as_secs())
    }

    async fn until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            text.push(self.client.read_u8().await.unwrap());
        }
        String::from_utf8(text).unwrap()
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[tokio::test(start_paused = true)]
async fn requests_are_served_in_order_up_to_their_number() {
    let mut running = Running::start();
    running
        .send(&[get("/a"), get("/b"), get("/c"), get("/d")].concat())
        .await;
    let (text, _) = running.rest().await;
    let found = |path| text.find(&format!("2\r\n{path}\r\n"));
    assert!(found("/a").is_some() && found("/a") < found("/b") && found("/b") < found("/c"));
    assert_eq!(found("/d"), None);
    assert_eq!(text.matches("connection: keep-alive").count(), 2);
    assert_eq!(text.matches("connection: close").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_nothing_ends_at_its_own_limit() {
    let (text, seconds) = Running::start().rest().await;
    assert_eq!((text.as_str(), seconds), ("", 5));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_at_the_idle_limit() {
    let mut running = Running::start();
    running.send(&get("/a")).await;
    let (_, seconds) = running.rest().await;
    assert_eq!(seconds, 50);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_refused_at_its_limit_which_does_not_start_anew_with_each_byte() {
    let mut running = Running::start();
    for byte in ["G", "E", "T", " ", "/", "a"] {
        running.send(byte).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    let (text, seconds) = running.rest().await;
    assert_eq!(seconds, 10);
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(text.contains("connection: close"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_later_head_that_comes_to_no_end_is_refused_too() {
    let mut running = Running::start();
    running.send(&get("/a")).await;
    running.until("0\r\n\r\n").await;
    running.send("HEAD /b HTTP/1.1\r\nHo").await;
    let (text, seconds) = running.rest().await;
    assert_eq!(seconds, 10);
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(text.ends_with("\r\n\r\n"), "no body to HEAD: {text}");
}

#[tokio::test(start_paused = true)]
async fn empty_lines_alone_leave_a_connection_one_that_sent_nothing() {
    for lines in ["\r", "\r\n", "\r\n\r\n"] {
        let mut running = Running::start();
        running.send(lines).await;
        let (text, seconds) = running.rest().await;
        assert_eq!((text.as_str(), seconds), ("", 5), "{lines:?}");
    }
    let mut running = Running::start();
    running.send(&get("/a")).await;
    running.until("0\r\n\r\n").await;
    running.send("\r\n").await;
    assert_eq!(running.rest().await, (String::new(), 50));
    let mut running = Running::start();
    running.send("\r\n\r\n\r\n").await;
    let (text, seconds) = running.rest().await;
    assert!(text.starts_with("HTTP/1.1 400 ") && seconds == 0, "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_begin_a_request_is_refused_at_once() {
    for (bytes, says) in [
        (&b"\x16"[..], "this is TLS"),
        (b"\x16\x03\x01\x02\x00\x01\x00\n", "this is TLS"),
        (b"\x60\x60\xb0\x17\x00\x00\x01\x05", "this is Bolt"),
        (b"\r\n\x16\x03", "this is TLS"),
        (b"\0", "invalid start line"),
        (b"G\xc3\xa9T", "invalid start line"),
    ] {
        let mut running = Running::start();
        running.client.write_all(bytes).await.unwrap();
        let head = running.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{bytes:?}: {head}");
        let (text, _) = running.rest().await;
        assert!(text.contains(says), "{bytes:?}: {text}");
        assert_eq!(running.began.elapsed().as_secs(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_breaks_the_rules_is_refused_and_ends_the_connection() {
    for (head, status) in [
        ("GET ! HTTP/1.1\r\nHost: a\r\n\r\n".to_string(), "400"),
        (
            "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n".to_string(),
            "405",
        ),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n".to_string(), "400"),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n".to_string(), "505"),
        (format!("GET /{} HTTP/1.1\r\n", "a".repeat(2000)), "431"),
    ] {
        let mut running = Running::start();
        running.send(&head).await;
        running.send(&get("/never")).await;
        let (text, _) = running.rest().await;
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
        assert!(text.contains("connection: close") && !text.contains("/never"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_not_whole_is_cut_and_never_ended_cleanly() {
    let mut running = Running::start();
    running.send(&get("/cut")).await;
    let (text, _) = running.rest().await;
    assert!(text.ends_with("4\r\n/cut\r\n"), "{text}");
    assert!(!running.reset.load(Ordering::Relaxed));
    let mut running = Running::start();
    running.send("GET /cut HTTP/1.0\r\n\r\n").await;
    running.rest().await;
    assert!(running.reset.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_idle_connections_and_serves_requests_that_were_begun() {
    let mut running = Running::start();
    running.send(&get("/a")).await;
    running.until("0\r\n\r\n").await;
    running.stop.send(true).unwrap();
    assert_eq!(running.rest().await, (String::new(), 0));
    let mut running = Running::start();
    running.send("GET /a HTTP/1.1\r\nHo").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.stop.send(true).unwrap();
    running.send("st: a\r\n\r\n").await;
    assert!(running.rest().await.0.contains("2\r\n/a\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_still_sends_can_read_the_response_before_the_close() {
    let mut running = Running::start();
    running
        .send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
        .await;
    running.send(&"x".repeat(500)).await;
    let (text, _) = running.rest().await;
    assert!(text.starts_with("HTTP/1.1 400"));
    // The rest is taken and dropped until the client ends too.
    running.send(&"x".repeat(100)).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_all_before_it_reads_can_read_the_response() {
    let mut running = Running::start();
    running
        .send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
        .await;
    // More than the pipe holds: it is read as it comes.
    for _ in 0..200 {
        running.send(&"x".repeat(100_000)).await;
    }
    let (text, _) = running.rest().await;
    assert!(text.starts_with("HTTP/1.1 400"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_we_close_is_read_on_for_a_bounded_time() {
    for (every, lasts) in [(Duration::from_secs(1), 20), (Duration::from_secs(5), 2)] {
        let mut running = Running::start();
        running.send("GET ! HTTP/1.1\r\n\r\n").await;
        running.rest().await;
        while running.client.write_all(b"x").await.is_ok() {
            tokio::time::sleep(every).await;
        }
        let closed = running.began.elapsed().as_secs();
        assert!((lasts..=lasts + 5).contains(&closed), "{closed}");
    }
}

#[test]
fn the_task_of_a_connection_is_small() {
    let (_, server) = duplex(1);
    let (_, mut stopped) = watch::channel(false);
    let task = serve(Pipe(server, Default::default()), &Paths, &mut stopped);
    assert!(size_of_val(&task) <= 2048, "{}", size_of_val(&task));
}
