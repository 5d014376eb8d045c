//! However the bytes come, the same messages are read.

use crate::requests::body;
use crate::responses::{Outcome, exchange};
use crate::script::{Script, drive};
use bytes::Bytes;
use http1::{BodyLength, Data, Limits, Part, Server};
use pingora_http::ResponseHeader;
use proptest::collection::vec;
use proptest::prelude::*;

/// A body as it may stand on the wire.
#[derive(Debug, Clone)]
enum Framed {
    Length(Vec<u8>),
    Chunked {
        chunks: Vec<Vec<u8>>,
        extension: &'static str,
        trailers: usize,
    },
}

impl Framed {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Framed::Length(bytes) => bytes.clone(),
            Framed::Chunked { chunks, .. } => chunks.concat(),
        }
    }

    fn trailers(&self) -> usize {
        match self {
            Framed::Length(_) => 0,
            Framed::Chunked { trailers, .. } => *trailers,
        }
    }

    /// With the first line of its message.
    fn message(&self, line: &str) -> Vec<u8> {
        match self {
            Framed::Length(bytes) => {
                let head = format!(
                    "{line}\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
                    bytes.len()
                );
                [head.as_bytes(), bytes].concat()
            }
            Framed::Chunked {
                chunks,
                extension,
                trailers,
            } => {
                let head = format!("{line}\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
                let mut message = head.into_bytes();
                for chunk in chunks {
                    message.extend(format!("{:X}{extension}\r\n", chunk.len()).into_bytes());
                    message.extend(chunk);
                    message.extend(b"\r\n");
                }
                message.extend(format!("0{extension}\r\n").into_bytes());
                for number in 0..*trailers {
                    message.extend(format!("x-{number}: y\r\n").into_bytes());
                }
                message.extend(b"\r\n");
                message
            }
        }
    }
}

fn framed() -> impl Strategy<Value = Framed> {
    let extension = prop_oneof![
        Just(""),
        Just(";a"),
        Just(" ; a = \"b\\\"\""),
        Just(";a=b;c")
    ];
    let size = prop_oneof![1..40usize, 1..5000usize, Just(70_000usize)];
    let chunk = (size, any::<u8>()).prop_map(|(size, byte)| vec![byte; size]);
    prop_oneof![
        vec(any::<u8>(), 0..300).prop_map(Framed::Length),
        (0..200_000usize).prop_map(|size| Framed::Length(vec![b'x'; size])),
        (vec(chunk, 0..12), extension, 0..3usize).prop_map(|(chunks, extension, trailers)| {
            Framed::Chunked {
                chunks,
                extension,
                trailers,
            }
        }),
    ]
}

/// Lengths of reads; 0 is a pause.
fn lengths() -> impl Strategy<Value = Vec<usize>> {
    let length = prop_oneof![3 => 0..4usize, 2 => 0..200usize, 1 => 0..20_000usize];
    vec(length, 1..20).prop_filter("some byte must come", |all| all.iter().any(|one| *one > 0))
}

fn respond(server: &mut Server<Script>) {
    let head = ResponseHeader::build(200, None).unwrap();
    server.send_head(&head, BodyLength::Known(2)).unwrap();
    let data = Data::new(Bytes::from_static(b"ok")).unwrap();
    server.send_part(Part::Data(data)).unwrap();
    server.send_part(Part::End).unwrap();
    drive(|cx| server.poll_flush(cx)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn requests_arrive_as_they_were_sent_and_the_connection_ends_clean(
        messages in vec(framed(), 1..4),
        lengths in lengths(),
        takes in vec(0..100usize, 0..4),
        watched in any::<bool>(),
    ) {
        prop_assume!(takes.is_empty() || takes.iter().any(|take| *take > 0));
        let sent: Vec<_> = messages.iter().map(|one| one.message("POST /x HTTP/1.1")).collect();
        let mut script = Script::split(&sent.concat(), &lengths);
        script.takes = takes;
        let mut server = Server::new(script, Limits::default());
        for message in &messages {
            let head = drive(|cx| server.poll_head(cx)).unwrap();
            prop_assert!(head.is_some());
            if watched {
                // Watching for the client to leave loses nothing.
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                let _ = server.poll_closed(&mut cx);
            }
            let (bytes, trailers) = body(&mut server).unwrap();
            prop_assert!(bytes == message.bytes());
            prop_assert_eq!(trailers.len(), message.trailers());
            respond(&mut server);
            prop_assert!(server.is_reusable());
        }
        prop_assert!(drive(|cx| server.poll_head(cx)).unwrap().is_none());
    }

    #[test]
    fn responses_arrive_as_they_were_sent_and_the_connection_can_be_used_again(
        message in framed(),
        lengths in lengths(),
    ) {
        let mut script = Script::split(&message.message("HTTP/1.1 200 OK"), &lengths);
        script.stays_open = true;
        let outcome = exchange("GET", script).unwrap();
        prop_assert_eq!(outcome.trailers.len(), message.trailers());
        let expected = Outcome {
            informational: Vec::new(),
            status: 200,
            body: message.bytes(),
            trailers: outcome.trailers.clone(),
            reusable: true,
        };
        prop_assert!(outcome == expected);
    }

    #[test]
    fn a_message_that_is_cut_anywhere_is_never_whole(
        message in framed(),
        lengths in lengths(),
        at in any::<prop::sample::Index>(),
    ) {
        let whole = message.message("POST /x HTTP/1.1");
        let cut = &whole[..at.index(whole.len())];
        let mut server = Server::new(Script::split(cut, &lengths), Limits::default());
        let whole = match drive(|cx| server.poll_head(cx)) {
            Ok(Some(_)) => body(&mut server).is_ok(),
            Ok(None) => !cut.is_empty(),
            Err(_) => false,
        };
        prop_assert!(!whole);
        let whole = message.message("HTTP/1.1 200 OK");
        let cut = &whole[..at.index(whole.len())];
        prop_assert!(exchange("GET", Script::split(cut, &lengths)).is_err());
    }
}
