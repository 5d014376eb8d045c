//! Bytes that no honest peer sends: nothing panics, nothing hangs, nothing is made up.

use crate::responses::{final_head, started};
use crate::script::{Script, try_drive};
use http1::{Limits, Part, Server};
use proptest::collection::vec;
use proptest::prelude::*;

const REQUEST: &[u8] = b"POST http://a/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc\
    PUT /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nx: y\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n\
    HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nx: y\r\n\r\n";

/// A message with some bytes replaced, put in or taken out.
fn mutated(message: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"\0".to_vec()),
        Just(b"\n".to_vec()),
        Just(b" ".to_vec()),
        Just(b";".to_vec()),
        Just(b"0".to_vec()),
        Just(b"Transfer-Encoding: chunked\r\n".to_vec()),
        Just(b"Content-Length: 3\r\n".to_vec()),
        vec(any::<u8>(), 0..4),
    ];
    vec((any::<prop::sample::Index>(), 0..3usize, bytes), 0..4).prop_map(move |edits| {
        let mut message = message.to_vec();
        for (at, taken, bytes) in edits {
            let at = at.index(message.len() + 1);
            let end = (at + taken).min(message.len());
            message.splice(at..end, bytes);
        }
        message
    })
}

fn hostile(message: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => mutated(message), 1 => vec(any::<u8>(), 0..400)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn requests_are_read_or_refused_whatever_they_are(
        bytes in hostile(REQUEST),
        lengths in vec(1..60usize, 1..6),
    ) {
        let mut server = Server::new(Script::split(&bytes, &lengths), Limits::default());
        let mut given = 0;
        while let Ok(Some(_)) = try_drive(|cx| server.poll_head(cx)).unwrap() {
            loop {
                match try_drive(|cx| server.poll_part(cx)).unwrap() {
                    Ok(Part::Data(data)) => given += data.len(),
                    Ok(Part::Trailers(_)) => {}
                    Ok(Part::End) | Err(_) => break,
                }
            }
        }
        prop_assert!(given <= bytes.len());
    }

    #[test]
    fn responses_are_read_or_refused_whatever_they_are(
        bytes in hostile(RESPONSE),
        lengths in vec(1..60usize, 1..6),
    ) {
        let mut client = started("GET", Script::split(&bytes, &lengths));
        let mut given = 0;
        if final_head(&mut client).is_ok() {
            while let Ok(Part::Data(data)) = try_drive(|cx| client.poll_part(cx)).unwrap() {
                given += data.len();
            }
        }
        prop_assert!(given <= bytes.len());
        let _ = client.into_reusable();
    }

    #[test]
    fn how_the_bytes_come_changes_nothing(
        bytes in hostile(REQUEST),
        lengths in vec(1..60usize, 1..6),
    ) {
        let outcome = |script| {
            let mut server = Server::new(script, Limits::default());
            let mut seen = Vec::new();
            loop {
                match try_drive(|cx| server.poll_head(cx)).unwrap() {
                    Ok(Some(head)) => seen.push(format!("{} {:?}", head.method, head.raw_path())),
                    Ok(None) => return (seen, None),
                    Err(error) => return (seen, Some(error)),
                }
                let mut body = Vec::new();
                loop {
                    match try_drive(|cx| server.poll_part(cx)).unwrap() {
                        Ok(Part::Data(data)) => body.extend_from_slice(&data),
                        Ok(Part::Trailers(fields)) => seen.push(format!("{fields:?}")),
                        Ok(Part::End) => break,
                        Err(error) => return (seen, Some(error)),
                    }
                }
                seen.push(format!("{body:?}"));
            }
        };
        let (whole, end) = outcome(Script::of(&bytes));
        let (pieces, other_end) = outcome(Script::split(&bytes, &lengths));
        prop_assert_eq!(whole, pieces);
        prop_assert_eq!(end.is_some(), other_end.is_some());
    }
}
