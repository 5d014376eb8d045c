use super::fake::Desk;
use crate::admin::{Limits, router, serve};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

struct Running {
    at: SocketAddr,
    task: JoinHandle<()>,
}

async fn start(limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let task = tokio::spawn(serve(listener, router(Desk::open().fake), limits));
    Running { at, task }
}

/// Sends bytes and reads until the listener closes.
async fn talk(at: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset after a refusal is an end too.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

const LIVE: &[u8] = b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

fn short() -> Limits {
    Limits {
        header_time: Duration::from_millis(50),
        ..Limits::default()
    }
}

#[tokio::test]
async fn the_listener_responds_over_a_socket() {
    let running = start(Limits::default()).await;
    let response = talk(running.at, LIVE).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains(r#""data":{"live":true}"#), "{response}");
}

#[tokio::test]
async fn two_hosts_are_refused() {
    let running = start(Limits::default()).await;
    let response = talk(
        running.at,
        b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(response.starts_with("HTTP/1.1 403"), "{response}");
}

#[tokio::test]
async fn a_header_that_never_ends_is_cut_off() {
    let running = start(short()).await;
    let response = talk(running.at, b"GET /livez HTTP/1.1\r\nhost: loc").await;
    assert!(!response.contains("200 OK"), "{response}");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let running = start(short()).await;
    let response = talk(
        running.at,
        b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n",
    )
    .await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(talk(running.at, b"").await, "");
}

#[tokio::test]
async fn a_huge_header_is_refused() {
    let running = start(Limits::default()).await;
    let mut request = b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx: ".to_vec();
    request.resize(request.len() + (64 << 10), b'x');
    request.extend_from_slice(b"\r\n\r\n");
    let response = talk(running.at, &request).await;
    assert!(!response.contains("200 OK"), "{response}");
}

#[tokio::test]
async fn connections_past_the_limit_wait_for_their_turn() {
    let running = start(Limits {
        connections: 1,
        ..Limits::default()
    })
    .await;
    let mut first = TcpStream::connect(running.at).await.unwrap();
    first
        .write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut begin = [0; 12];
    first.read_exact(&mut begin).await.unwrap();
    let mut second = TcpStream::connect(running.at).await.unwrap();
    second.write_all(LIVE).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(100), second.read_u8()).await;
    assert!(waiting.is_err());
    drop(first);
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn connections_end_with_the_listener() {
    let running = start(Limits::default()).await;
    let mut idle = TcpStream::connect(running.at).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut begin = [0; 12];
    idle.read_exact(&mut begin).await.unwrap();
    running.task.abort();
    rest(&mut idle).await;
    assert!(running.task.await.unwrap_err().is_cancelled());
    assert!(TcpStream::connect(running.at).await.is_err());
}
