//! What clients may send, take and hold.

use super::given::Given;
use super::observe::*;
use crate::support::{Client, Origin, Proxy, Step, noise};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpStream;

/// Far more than the system buffers of two connections.
const LARGE: usize = 64 << 20;

/// A response of [`LARGE`] bytes; the counter says when all of it was taken from the origin.
async fn large(taken: &Arc<AtomicUsize>) -> Origin {
    let taken = Arc::clone(taken);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n");
    Origin::start(move |_| {
        let send = Step::Send(head.clone().into_bytes());
        vec![
            send,
            Step::Repeat(b'x', LARGE),
            Step::Count(Arc::clone(&taken)),
        ]
    })
    .await
}

/// A client that asks for a response and does not read it.
async fn reading_nothing(proxy: &Proxy) -> Client {
    let mut client = proxy.client().await;
    client
        .send(format!("GET / HTTP/1.1\r\nhost: test\r\n{ID}\r\n"))
        .await;
    client
}

/// Whether the connection ends.
async fn ends(given: &Given, mut client: Client) -> bool {
    given.happens(client.is_closed()).await == Some(true)
}

observations! {
    addresses(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let status = get(&proxy, "/").await.status;
        (proxy.address.ip(), proxy.server.admin().ip(), status, proxy.admin("/livez", "").await.status)
    }
    status_of_a_long_statement(given) {
        let origin = good().await;
        let proxy = given.over("neo4j", &[&origin]).section("path: {peek_limit: 100B}").start().await;
        let body = format!(r#"{{"statements":[{{"statement":"RETURN '{}'"}}]}}"#, "x".repeat(4000));
        proxy.post(COMMIT, &body).await.status
    }
    status_of_a_large_head(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let fields: String = (0..10).map(|n| format!("x-{n}: {}\r\n", "y".repeat(400))).collect();
        proxy.request("GET", "/", &fields, b"").await.status
    }
    silent_connection(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        ends(&given, proxy.client().await).await
    }
    half_a_head(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut client = proxy.client().await;
        client.send("GET / HTTP/1.1\r\n").await;
        given.happens(client.head()).await.is_some()
    }
    idle_connection(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut client = proxy.client().await;
        client.request("GET", "/", "", b"").await;
        ends(&given, client).await
    }
    second_client(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut first = proxy.client().await;
        first.request("GET", "/", "", b"").await;
        given.happens(get(&proxy, "/")).await.is_some()
    }
    /// Whether clients that nobody accepts are connected all the same.
    crowd_that_is_not_accepted(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).set("path.max_clients", "1").start().await;
        let crowd = async {
            let mut clients = Vec::new();
            for _ in 0..20 {
                clients.push(TcpStream::connect(proxy.address).await);
            }
            clients.iter().all(Result::is_ok)
        };
        given.happens(crowd).await
    }
    client_that_reads_nothing(given) {
        let origin = large(&Arc::default()).await;
        let mut setup = given.over("http", &[&origin]);
        for (key, value) in [("path.client_write_timeout", "50ms"), ("path.client_rate", "1GiB")] {
            if given.key != key {
                setup = setup.set(key, value);
            }
        }
        let proxy = setup.start().await;
        let _client = reading_nothing(&proxy).await;
        given.comes(async || is_recorded(&proxy).await).await
    }
    endpoint_of_a_client_that_reads_nothing(given) {
        let taken = Arc::default();
        let origin = large(&taken).await;
        let setup = given.over("http", &[&origin]);
        let setup = setup.set("path.held_bodies", "1GiB").set("path.client_share", "1");
        let proxy = setup.start().await;
        let _client = reading_nothing(&proxy).await;
        given.comes(async || taken.load(Ordering::SeqCst) == 1).await
    }
    /// The code of an upload that the endpoint never takes.
    upload_that_is_not_taken(given) {
        let never = Arc::default();
        let origin = Origin::start_with_early_response(
            move |_| Some(vec![Step::Wait(Arc::clone(&never))]),
            |_| Vec::new(),
        ).await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut client = proxy.client().await;
        client.send(format!("PUT / HTTP/1.1\r\nhost: test\r\ncontent-length: {LARGE}\r\n{ID}\r\n")).await;
        let body = noise(LARGE);
        let uploaded = async {
            client.try_send(&body).await;
            std::future::pending().await
        };
        let cut = given.comes(async || is_recorded(&proxy).await);
        tokio::select! {
            () = uploaded => false,
            cut = cut => cut,
        }
    }
}
