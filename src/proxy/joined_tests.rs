use super::{Joined, LIMIT};
use pingora_core::protocols::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// A connection, and its other side; what waits between them has room for so many bytes.
fn pair(room: usize) -> (Stream, DuplexStream) {
    let (near, far) = duplex(room);
    (Joined::stream(Box::new(near)), far)
}

async fn end(mut far: DuplexStream) -> Vec<u8> {
    let mut all = Vec::new();
    far.read_to_end(&mut all).await.unwrap();
    all
}

#[tokio::test]
async fn what_is_gathered_waits_for_the_next_write_and_keeps_its_order() {
    let (mut near, mut far) = pair(1 << 20);
    Joined::gather(&near, true);
    near.write_all(b"head ").await.unwrap();
    near.flush().await.unwrap();
    let mut none = [0; 1];
    let early = at_once(far.read(&mut none)).await;
    assert!(early.is_none(), "nothing is sent yet");
    Joined::gather(&near, false);
    near.write_all(b"body").await.unwrap();
    let mut both = [0; 9];
    far.read_exact(&mut both).await.unwrap();
    assert_eq!(&both, b"head body");
}

/// What is there at once.
async fn at_once<T>(wait: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = wait => Some(done),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn a_flush_sends_what_was_gathered_when_no_body_follows() {
    let (mut near, far) = pair(1 << 20);
    Joined::gather(&near, true);
    near.write_all(b"head").await.unwrap();
    Joined::gather(&near, false);
    near.flush().await.unwrap();
    drop(near);
    assert_eq!(end(far).await, b"head");
}

#[tokio::test]
async fn heads_and_bodies_of_any_length_arrive_whole_through_a_narrow_pipe() {
    for (head, body) in [
        (1, 1),
        (700, 3),
        (LIMIT, 100_000),
        (LIMIT + 1, 5),
        (50_000, 0),
    ] {
        let (mut near, far) = pair(97);
        let sending = tokio::spawn(async move {
            Joined::gather(&near, true);
            near.write_all(&vec![b'h'; head]).await.unwrap();
            Joined::gather(&near, false);
            let mut parts = bytes::Buf::chain(&b"<"[..], bytes::Bytes::from(vec![b'b'; body]));
            near.write_all_buf(&mut parts).await.unwrap();
            near.flush().await.unwrap();
        });
        let all = end(far).await;
        sending.await.unwrap();
        let expected = [vec![b'h'; head], b"<".to_vec(), vec![b'b'; body]].concat();
        assert!(all == expected, "{head} {body}: {} came", all.len());
    }
}

#[tokio::test]
async fn an_end_sends_what_was_gathered() {
    let (mut near, far) = pair(1 << 20);
    Joined::gather(&near, true);
    near.write_all(b"last words").await.unwrap();
    pingora_core::protocols::Shutdown::shutdown(&mut *near).await;
    assert_eq!(end(far).await, b"last words");
}
