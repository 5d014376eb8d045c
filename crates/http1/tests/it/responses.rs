//! Which responses are read, which are refused, and which leave a connection that can be used again.

use crate::script::{Read, Script, drive, try_drive};
use http1::{BodyLength, Client, Error, Limits, Part};
use pingora_http::{RequestHeader, ResponseHeader};

/// What became of an exchange.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub informational: Vec<u16>,
    pub status: u16,
    pub body: Vec<u8>,
    pub trailers: Vec<String>,
    pub reusable: bool,
}

pub fn request(method: &str) -> RequestHeader {
    let mut head = RequestHeader::build(method, b"/", None).unwrap();
    head.insert_header("host", "a").unwrap();
    head
}

pub fn started(method: &str, script: Script) -> Client<Script> {
    let mut client = Client::new(script, Limits::default());
    client
        .send_head(&request(method), BodyLength::None)
        .unwrap();
    client.send_part(Part::End).unwrap();
    drive(|cx| client.poll_flush(cx)).unwrap();
    client
}

pub fn final_head(client: &mut Client<Script>) -> Result<(Vec<u16>, ResponseHeader), Error> {
    let mut informational = Vec::new();
    loop {
        let head = drive(|cx| client.poll_head(cx))?;
        match head.status.is_informational() {
            true => informational.push(head.status.as_u16()),
            false => return Ok((informational, head)),
        }
    }
}

pub fn exchange(method: &str, script: Script) -> Result<Outcome, Error> {
    let mut client = started(method, script);
    let (informational, head) = final_head(&mut client)?;
    let (mut body, mut trailers) = (Vec::new(), Vec::new());
    loop {
        match drive(|cx| client.poll_part(cx))? {
            Part::Data(data) => body.extend_from_slice(&data),
            Part::Trailers(fields) => trailers.extend(fields.keys().map(|name| name.to_string())),
            Part::End => break,
        }
    }
    Ok(Outcome {
        informational,
        status: head.status.as_u16(),
        body,
        trailers,
        reusable: client.into_reusable().is_some(),
    })
}

#[test]
fn each_response_has_the_body_that_its_fields_say() {
    for (method, response, body, reusable) in [
        ("GET", "200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", true),
        (
            "GET",
            "200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
            "ab",
            true,
        ),
        ("GET", "200 OK\r\nContent-Length: 2\r\n\r\nabc", "ab", false),
        ("GET", "200 OK\r\nContent-Length: 0\r\n\r\n", "", true),
        (
            "GET",
            "200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "",
            false,
        ),
        (
            "GET",
            "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            "ab",
            true,
        ),
        (
            "GET",
            "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
            "",
            false,
        ),
        ("HEAD", "200 OK\r\nContent-Length: 2\r\n\r\n", "", true),
        (
            "HEAD",
            "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "",
            true,
        ),
        ("HEAD", "200 OK\r\n\r\n", "", true),
        ("HEAD", "200 OK\r\nContent-Length: 2\r\n\r\nab", "", false),
        (
            "GET",
            "304 Not Modified\r\nContent-Length: 2\r\n\r\n",
            "",
            true,
        ),
        ("GET", "204 No Content\r\n\r\n", "", true),
        (
            "GET",
            "204 No Content\r\nContent-Length: 2\r\n\r\n",
            "",
            false,
        ),
        ("GET", "299 \r\nContent-Length: 0\r\n\r\n", "", true),
        ("GET", "200\r\nContent-Length: 0\r\n\r\n", "", true),
    ] {
        let bytes = format!("HTTP/1.1 {response}");
        let outcome = exchange(method, Script::open(&bytes)).unwrap();
        assert_eq!(outcome.body, body.as_bytes(), "{method} {response:?}");
        assert_eq!(outcome.reusable, reusable, "{method} {response:?}");
    }
}

#[test]
fn a_body_that_closing_ends_is_told_apart() {
    let mut client = started("GET", Script::of("HTTP/1.1 200 OK\r\n\r\nabc"));
    final_head(&mut client).unwrap();
    assert!(client.is_delimited_by_close());
    let outcome = exchange("GET", Script::of("HTTP/1.1 200 OK\r\n\r\nabc")).unwrap();
    assert_eq!((&outcome.body[..], outcome.reusable), (&b"abc"[..], false));
}

#[test]
fn an_older_server_keeps_its_connection_only_if_it_says_so() {
    let of = |fields: &str| format!("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n{fields}\r\n");
    let reusable = |fields| exchange("GET", Script::open(of(fields))).unwrap().reusable;
    assert!(!reusable(""));
    assert!(reusable("Connection: Keep-Alive\r\n"));
}

#[test]
fn responses_that_break_the_rules_are_errors() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n",
        "HTTP/1.1 20 x\r\n\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ] {
        let error = exchange("GET", Script::open(response)).unwrap_err();
        let refused = matches!(error, Error::Malformed(_));
        assert!(refused, "{response:?}: {error}");
    }
}

#[test]
fn a_response_that_is_cut_is_an_error_each_time() {
    for response in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    ] {
        let error = exchange("GET", Script::of(response)).unwrap_err();
        assert_eq!(error, Error::Closed, "{response:?}");
    }
}

#[test]
fn whether_a_byte_of_a_response_came_is_known() {
    let mut client = started("GET", Script::of(""));
    assert_eq!(drive(|cx| client.poll_head(cx)).unwrap_err(), Error::Closed);
    assert!(!client.is_response_begun());
    let mut script = Script::of("");
    script.reads = [Read::Reset].into();
    let mut client = started("GET", script);
    let error = drive(|cx| client.poll_head(cx)).unwrap_err();
    assert!(matches!(error, Error::Io(_)) && !client.is_response_begun());
    let mut client = started("GET", Script::of("H"));
    assert_eq!(drive(|cx| client.poll_head(cx)).unwrap_err(), Error::Closed);
    assert!(client.is_response_begun());
}

#[test]
fn informational_responses_come_first_and_are_bounded() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let outcome = exchange("GET", Script::open(format!("{early}{last}"))).unwrap();
    assert_eq!(outcome.informational, [103, 100]);
    assert!(outcome.reusable);
    let error = exchange("GET", Script::open(early.repeat(17))).unwrap_err();
    assert!(matches!(error, Error::TooLarge(_)));
}

#[test]
fn an_early_response_leaves_no_connection_for_another_request() {
    let script = Script::open("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    let mut client = Client::new(script, Limits::default());
    client
        .send_head(&request("PUT"), BodyLength::Known(5))
        .unwrap();
    drive(|cx| client.poll_flush(cx)).unwrap();
    final_head(&mut client).unwrap();
    assert_eq!(drive(|cx| client.poll_part(cx)), Ok(Part::End));
    assert!(client.into_reusable().is_none());
}

#[test]
fn the_connection_is_not_reused_after_the_server_ended_it() {
    let script = Script::of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    let outcome = exchange("GET", script).unwrap();
    // The end was not read with the response; the pool sees it.
    assert!(outcome.reusable);
    let mut script = Script::of("HTTP/1.1 200 OK\r\n");
    script.reads.push_back(Read::NotYet);
    assert_eq!(exchange("GET", script).unwrap_err(), Error::Closed);
}

/// It was waited for until the reader's time was up: nothing in another protocol ends a head.
#[test]
fn a_response_that_is_not_http_is_refused_at_once() {
    for bytes in ["SSH-2.0-x", "\0\0\x06\x04", "H\r", "http/1.1 2", "HTTP/2"] {
        let mut client = started("GET", Script::open(bytes));
        let head = try_drive(|cx| client.poll_head(cx));
        assert!(
            matches!(head, Some(Err(Error::Malformed(_)))),
            "{bytes:?}: {head:?}"
        );
    }
    for bytes in ["H", "HTTP/1.", "HTTP/1.1 200"] {
        let mut client = started("GET", Script::open(bytes));
        assert!(try_drive(|cx| client.poll_head(cx)).is_none(), "{bytes:?}");
    }
}
