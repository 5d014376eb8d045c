//! A client and a server of this crate on one small pipe: what one writes, the other reads.

use bytes::Bytes;
use http::HeaderMap;
use http1::{BodyLength, Client, Data, Error, Limits, Part, Server};
use pingora_http::{RequestHeader, ResponseHeader};
use proptest::collection::vec;
use proptest::prelude::*;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use tokio::io::{DuplexStream, duplex};

/// Parts on their way out.
struct Sending {
    parts: std::vec::IntoIter<Part>,
    done: bool,
}

impl Sending {
    fn new(parts: Vec<Part>) -> Self {
        Self {
            parts: parts.into_iter(),
            done: false,
        }
    }
}

type Io = DuplexStream;

/// Sends each part back as it comes: reading and writing at the same time, in one task.
fn poll_echo(
    server: &mut Server<Io>,
    ended: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    while !*ended {
        ready!(server.poll_ready(cx))?;
        match server.poll_part(cx)? {
            Poll::Ready(part) => {
                *ended = part == Part::End;
                server.send_part(part)?;
            }
            Poll::Pending => {
                ready!(server.poll_flush(cx))?;
                return Poll::Pending;
            }
        }
    }
    server.poll_flush(cx)
}

/// Responds to each request with its own body: after it was read, but the last one while it is.
async fn echo(io: Io, requests: usize) {
    let mut server = Server::new(io, Limits::default());
    for left in (0..requests).rev() {
        let head = poll_fn(|cx| server.poll_head(cx)).await.unwrap();
        assert!(head.is_some());
        let length = server.body_length();
        let head = ResponseHeader::build(200, None).unwrap();
        let mut parts = Vec::new();
        while left > 0 && parts.last() != Some(&Part::End) {
            parts.push(poll_fn(|cx| server.poll_part(cx)).await.unwrap());
        }
        server.send_head(&head, length).unwrap();
        let mut ended = left > 0;
        for part in parts {
            poll_fn(|cx| server.poll_ready(cx)).await.unwrap();
            server.send_part(part).unwrap();
        }
        poll_fn(|cx| poll_echo(&mut server, &mut ended, cx))
            .await
            .unwrap();
        assert!(server.is_response_complete());
        assert!(left == 0 || server.is_reusable());
    }
}

fn poll_send(client: &mut Client<Io>, sending: &mut Sending, cx: &mut Context<'_>) -> Poll<()> {
    while !sending.done {
        ready!(client.poll_ready(cx)).unwrap();
        match sending.parts.next() {
            Some(part) => client.send_part(part).unwrap(),
            None => sending.done = true,
        }
    }
    client.poll_flush(cx).map(|flushed| flushed.unwrap())
}

/// One exchange: the parts that came back, and the connection if it can be used again.
async fn exchange(io: Io, length: BodyLength, parts: Vec<Part>) -> (Vec<u8>, usize, Option<Io>) {
    let mut client = Client::new(io, Limits::default());
    let mut head = RequestHeader::build("PUT", b"/", None).unwrap();
    head.insert_header("host", "a").unwrap();
    client.send_head(&head, length).unwrap();
    let mut sending = Sending::new(parts);
    let (mut got_head, mut bytes, mut trailers) = (false, Vec::new(), 0);
    poll_fn(|cx| {
        let _ = poll_send(&mut client, &mut sending, cx);
        loop {
            if !got_head {
                ready!(client.poll_head(cx)).unwrap();
                got_head = true;
            }
            match ready!(client.poll_part(cx)).unwrap() {
                Part::Data(data) => bytes.extend_from_slice(&data),
                Part::Trailers(fields) => trailers += fields.len(),
                Part::End => return Poll::Ready(()),
            }
        }
    })
    .await;
    poll_fn(|cx| poll_send(&mut client, &mut sending, cx)).await;
    (bytes, trailers, client.into_reusable())
}

fn data() -> impl Strategy<Value = Vec<Bytes>> {
    let size = prop_oneof![4 => 1..100usize, 2 => 1..9000usize, 1 => Just(300_000usize)];
    vec((size, any::<u8>()), 0..8).prop_map(|parts| {
        let bytes = parts
            .into_iter()
            .map(|(size, byte)| vec![byte; size].into());
        bytes.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_comes_back_on_a_connection_that_stays_clean(
        bodies in vec((data(), any::<bool>(), 0..3usize), 1..4),
        pipe in prop_oneof![1..50usize, Just(4096usize), Just(1usize << 20)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move {
            let (near, far) = duplex(pipe.max(16));
            let server = tokio::spawn(echo(far, bodies.len()));
            let mut io = Some(near);
            for (body, known, trailers) in bodies {
                let whole: Vec<u8> = body.concat();
                let length = match known {
                    true => BodyLength::Known(whole.len() as u64),
                    false => BodyLength::Unknown,
                };
                let mut parts: Vec<_> = body.into_iter().map(|bytes| Part::Data(Data::new(bytes).unwrap())).collect();
                let trailers = if known { 0 } else { trailers };
                if trailers > 0 {
                    let mut fields = HeaderMap::new();
                    for number in 0..trailers {
                        fields.append("x-t", number.into());
                    }
                    parts.push(Part::Trailers(fields));
                }
                parts.push(Part::End);
                let (bytes, came, again) = exchange(io.take().expect("a clean connection"), length, parts).await;
                assert!(bytes == whole);
                assert_eq!(came, trailers);
                io = again;
            }
            drop(io);
            server.await.unwrap();
        });
    }
}
