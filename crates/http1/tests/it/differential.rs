//! Another parser beside ours: what we accept, hyper reads as the same request; what hyper refuses, we refuse. Only a
//! list of equal lengths is left out: we make one of it, as RFC 9110 allows, and hyper refuses it.

use crate::requests::{body, read};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

type Seen = Option<(String, String, Vec<u8>)>;

/// The first request as hyper reads it; `None`: it refuses.
async fn by_hyper(bytes: Vec<u8>) -> Seen {
    let (mut near, far) = duplex(1 << 20);
    near.write_all(&bytes).await.unwrap();
    near.shutdown().await.unwrap();
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let note = Arc::clone(&seen);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let note = Arc::clone(&note);
        async move {
            let method = request.method().to_string();
            let path = request.uri().path().to_string();
            let body = request.into_body().collect().await?.to_bytes();
            let mut note = note.lock().unwrap();
            note.get_or_insert((method, path, body.to_vec()));
            Ok::<_, hyper::Error>(hyper::Response::new(Empty::<bytes::Bytes>::new()))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(far), service);
    let _ = connection.await;
    let _ = near.read_to_end(&mut Vec::new()).await;
    seen.lock().unwrap().take()
}

fn by_us(bytes: &[u8]) -> Seen {
    let (head, mut server) = read(bytes).ok()??;
    let (bytes, _) = body(&mut server).ok()?;
    Some((head.method.to_string(), head.uri.path().to_string(), bytes))
}

/// Requests from pieces that are sound, doubtful or wrong.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        "POST /x HTTP/1.1",
        "POST /x HTTP/1.0",
        "POST http://a/x HTTP/1.1",
        "GET /x HTTP/1.1",
        "POST  /x HTTP/1.1",
    ]);
    let field = prop::sample::select(vec![
        "Content-Length: 3",
        "Content-Length: 5",
        "Content-Length: +3",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip",
        "X: y",
        "X : y",
        " X: y",
        "Connection: close",
    ]);
    let body = prop::sample::select(vec![
        "abc",
        "abcde",
        "3\r\nabc\r\n0\r\n\r\n",
        "3;a=b\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "\r\n\r\n",
        "0\r\nx: y\r\n\r\n",
        "3\r\nabc\r\n0\r\n",
    ]);
    (line, vec(field, 0..4), body).prop_map(|(line, fields, body)| {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        format!("{line}\r\nHost: a\r\n{fields}\r\n{body}").into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_we_accept_is_what_hyper_reads(bytes in request()) {
        if let Some(ours) = by_us(&bytes) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let theirs = runtime.block_on(by_hyper(bytes));
            prop_assert_eq!(Some(ours), theirs);
        }
    }
}
