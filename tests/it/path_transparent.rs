//! What the path does not understand, or need not change, goes through as it came.

use crate::support::{Act, Client, End, Origin, Proxy, Setup, noise, wire};

async fn over(origin: &Origin) -> Proxy {
    Setup::new("qdrant", &[origin.url()]).start().await
}

/// An origin that answers `ok` to everything.
async fn plain() -> Origin {
    Origin::start(|_| Act::answer(200, "", "ok")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_request_and_its_answer_pass_byte_for_byte() {
    let origin = Origin::start(|_| {
        Act::answer(
            299,
            "X-Odd: \"a, b\" ;c=d\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nserver: origin\r\ncontent-type: application/x-odd\r\n",
            b"\x00\xff raw \r\n",
        )
    })
    .await;
    let proxy = over(&origin).await;
    let answer = proxy
        .ask(
            "FROB",
            "/no/such/path",
            "Content-Type: application/x-unknown\r\nX-Field: one\r\nX-Field: two\r\n",
            b"\xfe\x00 not json",
        )
        .await;
    let seen = origin.last();
    assert_eq!(seen.line, "FROB /no/such/path HTTP/1.1");
    assert_eq!(seen.body, b"\xfe\x00 not json");
    let given: Vec<_> = seen
        .fields
        .iter()
        .filter(|(name, _)| name == "x-field")
        .collect();
    assert_eq!(given.len(), 2);
    assert_eq!(seen.field("content-type"), Some("application/x-unknown"));
    assert_eq!(answer.status, 299);
    assert_eq!(answer.line, "HTTP/1.1 299 Word");
    assert_eq!(answer.body, b"\x00\xff raw \r\n");
    assert_eq!(answer.field("x-odd"), Some("\"a, b\" ;c=d"));
    assert_eq!(answer.field("server"), Some("origin"));
    let cookies: Vec<_> = answer
        .fields
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .collect();
    assert_eq!(cookies.len(), 2);
}
