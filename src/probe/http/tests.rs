use super::*;
use crate::config::EndpointAddress;
use crate::endpoint::Identity;
use balancing::health::Peers;
use bytes::Bytes;
use http::Method;
use http::header::HeaderValue;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server for one connection: gives what it was sent, after sending `response`.
async fn server(response: Vec<u8>) -> (Arc<Condition>, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut heard = vec![0; 4096];
        let length = socket.read(&mut heard).await.unwrap();
        // The asker may hang up on an response that is too long.
        let _ = socket.write_all(&response).await;
        String::from_utf8_lossy(&heard[..length]).into_owned()
    });
    (at(port), heard)
}

fn at(port: u16) -> Arc<Condition> {
    let identity = Identity {
        service: "graph".into(),
        name: "a".into(),
        address: EndpointAddress {
            host: "127.0.0.1".into(),
            port,
        },
    };
    let condition = Condition::new(
        identity,
        Arc::<Peers>::default().join(0),
        Arc::default(),
        Arc::default(),
        Arc::default(),
    );
    Arc::new(condition)
}

async fn ask(whom: &Condition, within: Duration) -> Result<ProbeReply, ProbeError> {
    let headers = [("x-probe".parse().unwrap(), HeaderValue::from_static("1"))];
    let question = Question {
        method: &Method::POST,
        target: "/db/neo4j/query/v2?a=b",
        headers: &headers,
        body: &Bytes::from_static(b"{}"),
        limit: 64 << 10,
    };
    HttpProbeClient::new(within).ask(whom, question).await
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_question_goes_out_as_it_is_and_the_response_comes_back_whole() {
    let response = b"HTTP/1.1 202 Accepted\r\nx-a: b\r\ncontent-length: 4\r\n\r\ngood";
    let (whom, heard) = server(response.to_vec()).await;
    let reply = ask(&whom, LONG).await.unwrap();
    assert_eq!((reply.status, &reply.body[..]), (202, &b"good"[..]));
    assert_eq!(reply.headers["x-a"], "b");
    let heard = heard.await.unwrap().to_lowercase();
    assert!(heard.starts_with("post /db/neo4j/query/v2?a=b http/1.1\r\n"));
    assert!(heard.contains(&format!(
        "host: 127.0.0.1:{}\r\n",
        whom.identity().address.port
    )));
    assert!(heard.contains("x-probe: 1\r\n") && heard.ends_with("{}"));
}

#[tokio::test]
async fn a_response_beyond_the_limit_is_judged_by_its_beginning() {
    let mut response = b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n".to_vec();
    response.resize(response.len() + 300_000, b'x');
    let (whom, _heard) = server(response).await;
    let reply = ask(&whom, LONG).await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, 64 << 10));
    assert!(matches!(
        reply.response().body,
        crate::dialect::Body::Prefix(_)
    ));
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let whom = at(listener.local_addr().unwrap().port());
    let failed = ask(&whom, Duration::from_millis(30)).await;
    assert_eq!(failed.unwrap_err().to_string(), "no response within 0.03 s");
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let whom = at(listener.local_addr().unwrap().port());
    drop(listener);
    let failed = ask(&whom, LONG).await.unwrap_err().to_string();
    assert!(failed.to_lowercase().contains("refused"), "{failed}");
}
