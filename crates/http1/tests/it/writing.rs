//! What is written, and what is refused to be.

use crate::requests::read;
use crate::responses::request;
use crate::script::{Script, drive};
use bytes::Bytes;
use http::HeaderMap;
use http1::{BodyLength, Client, Data, Error, Limits, Part, Server};
use pingora_http::{RequestHeader, ResponseHeader};
use std::task::Poll;

fn data(bytes: impl Into<Bytes>) -> Part {
    Part::Data(Data::new(bytes).unwrap())
}

fn ok() -> ResponseHeader {
    let mut head = ResponseHeader::build(200, None).unwrap();
    head.insert_header("date", "D").unwrap();
    head
}

fn trailers() -> Part {
    let mut fields = HeaderMap::new();
    fields.insert("x-sum", "1".parse().unwrap());
    fields.insert("content-length", "1".parse().unwrap());
    Part::Trailers(fields)
}

/// What a server writes to a request, and whether it can take another.
fn response(
    line: &str,
    head: &ResponseHeader,
    length: BodyLength,
    parts: Vec<Part>,
) -> Result<(String, bool), Error> {
    let (_, mut server) = read(format!("{line}\r\nHost: a\r\n\r\n")).unwrap().unwrap();
    server.send_head(head, length)?;
    for part in parts {
        server.send_part(part)?;
    }
    drive(|cx| server.poll_flush(cx)).unwrap();
    let written = String::from_utf8(server.get_ref().written.clone()).unwrap();
    Ok((written, server.is_reusable()))
}

const NEW: &str = "GET / HTTP/1.1";
const OLD: &str = "GET / HTTP/1.0";

#[test]
fn the_framing_of_a_response_follows_its_length_and_the_clients_version() {
    use BodyLength::{Known, None, Unknown};
    let a = || vec![data("a"), Part::End];
    let end = || vec![Part::End];
    for (line, length, parts, fields, body, reusable) in [
        (
            NEW,
            Known(1),
            a(),
            "content-length: 1\r\nconnection: keep-alive",
            "a",
            true,
        ),
        (
            NEW,
            Unknown,
            a(),
            "transfer-encoding: chunked\r\nconnection: keep-alive",
            "1\r\na\r\n0\r\n\r\n",
            true,
        ),
        (
            NEW,
            Unknown,
            vec![data("a"), trailers(), Part::End],
            "transfer-encoding: chunked\r\nconnection: keep-alive",
            "1\r\na\r\n0\r\nx-sum: 1\r\n\r\n",
            true,
        ),
        (
            NEW,
            Known(1),
            vec![data("a"), trailers(), Part::End],
            "content-length: 1\r\nconnection: keep-alive",
            "a",
            true,
        ),
        (
            NEW,
            None,
            end(),
            "content-length: 0\r\nconnection: keep-alive",
            "",
            true,
        ),
        (
            OLD,
            Known(1),
            a(),
            "content-length: 1\r\nconnection: close",
            "a",
            false,
        ),
        (
            OLD,
            Unknown,
            vec![data("a"), trailers(), Part::End],
            "connection: close",
            "a",
            false,
        ),
        (
            "HEAD / HTTP/1.1",
            Known(9),
            a(),
            "content-length: 9\r\nconnection: keep-alive",
            "",
            true,
        ),
        (
            "HEAD / HTTP/1.1",
            Unknown,
            a(),
            "connection: keep-alive",
            "",
            true,
        ),
        (
            "GET / HTTP/1.1\r\nConnection: x, CLOSE",
            Known(1),
            a(),
            "content-length: 1\r\nconnection: close",
            "a",
            false,
        ),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive",
            Known(1),
            a(),
            "content-length: 1\r\nconnection: keep-alive",
            "a",
            true,
        ),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive",
            Unknown,
            a(),
            "connection: close",
            "a",
            false,
        ),
    ] {
        let written = response(line, &ok(), length, parts).unwrap();
        let expected = format!("HTTP/1.1 200 OK\r\ndate: D\r\n{fields}\r\n\r\n{body}");
        assert_eq!(written, (expected, reusable), "{line}");
    }
}

#[test]
fn responses_without_a_body_have_none() {
    for (status, length, fields) in [
        (204, BodyLength::Known(0), ""),
        (204, BodyLength::Unknown, ""),
        (304, BodyLength::Known(7), "content-length: 7\r\n"),
        (304, BodyLength::None, ""),
    ] {
        let mut head = ok();
        head.set_status(status).unwrap();
        let parts = vec![data("abc"), Part::End];
        let (written, reusable) = response(NEW, &head, length, parts).unwrap();
        let end = format!("{fields}connection: keep-alive\r\n\r\n");
        assert!(written.ends_with(&end), "{written}");
        assert_eq!(written.contains("content-length"), !fields.is_empty());
        assert!(reusable);
    }
}

#[test]
fn fields_of_framing_come_from_the_codec_alone() {
    let mut head = ok();
    for (name, value) in [
        ("content-length", "99"),
        ("transfer-encoding", "gzip"),
        ("connection", "x"),
        ("keep-alive", "1"),
        ("x-y", "kept"),
    ] {
        head.insert_header(name, value).unwrap();
    }
    let (written, _) = response(NEW, &head, BodyLength::Known(0), vec![Part::End]).unwrap();
    assert!(!written.contains("99") && !written.contains("gzip") && written.contains("x-y: kept"));
    assert!(!written.to_lowercase().contains("keep-alive: 1"));
}

#[test]
fn a_date_is_added_where_there_is_none() {
    let head = ResponseHeader::build(200, None).unwrap();
    let (written, _) = response(NEW, &head, BodyLength::None, vec![Part::End]).unwrap();
    let date = written.lines().find_map(|line| line.strip_prefix("date: "));
    httpdate::parse_http_date(date.unwrap()).unwrap();
}

#[test]
fn a_body_of_another_length_is_refused_and_ends_the_connection() {
    for parts in [
        vec![Part::End],
        vec![data("a"), Part::End],
        vec![data("abc")],
        vec![data("ab"), data("c")],
        vec![data("ab"), Part::End, Part::End],
    ] {
        let refused = response(NEW, &ok(), BodyLength::Known(2), parts);
        assert!(matches!(refused, Err(Error::Unwritable(_))));
    }
    let (_, mut server) = read("GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().unwrap();
    server.send_head(&ok(), BodyLength::Known(2)).unwrap();
    server.send_part(data("abc")).unwrap_err();
    server.send_part(Part::End).unwrap_err();
    drive(|cx| server.poll_flush(cx)).unwrap();
    assert!(!server.is_reusable() && !server.is_response_complete());
}

#[test]
fn what_is_no_line_of_a_head_is_not_written() {
    let mut head = ok();
    head.set_reason_phrase(Some("a\r\nb: c")).unwrap();
    assert!(response(NEW, &head, BodyLength::None, vec![]).is_err());
    let mut client = Client::new(Script::open(""), Limits::default());
    let mut target = request("GET");
    target.set_raw_path(b"a b\r\nx: y").unwrap();
    assert!(client.send_head(&target, BodyLength::None).is_err());
    let hostless = RequestHeader::build("GET", b"/", None).unwrap();
    assert!(client.send_head(&hostless, BodyLength::None).is_err());
    client.send_head(&request("GET"), BodyLength::None).unwrap();
}

#[test]
fn informational_responses_go_to_clients_that_know_them() {
    let mut hints = ResponseHeader::build(103, None).unwrap();
    hints.insert_header("link", "x").unwrap();
    for (line, sent) in [(NEW, true), (OLD, false)] {
        let (_, mut server) = read(format!("{line}\r\nHost: a\r\n\r\n")).unwrap().unwrap();
        server.send_informational(&hints).unwrap();
        server.send_head(&ok(), BodyLength::None).unwrap();
        server.send_part(Part::End).unwrap();
        drive(|cx| server.poll_flush(cx)).unwrap();
        let written = String::from_utf8(server.get_ref().written.clone()).unwrap();
        let first = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n";
        assert_eq!(written.starts_with(first), sent, "{written}");
    }
    let (_, mut server) = read("GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().unwrap();
    let switching = ResponseHeader::build(101, None).unwrap();
    assert!(server.send_informational(&switching).is_err());
    assert!(server.send_informational(&ok()).is_err());
}

#[test]
fn an_early_response_to_an_unread_body_ends_the_connection() {
    let unread = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let (_, mut server) = read(unread).unwrap().unwrap();
    server.send_head(&ok(), BodyLength::None).unwrap();
    server.send_part(Part::End).unwrap();
    drive(|cx| server.poll_flush(cx)).unwrap();
    let written = String::from_utf8(server.get_ref().written.clone()).unwrap();
    assert!(written.contains("connection: close") && !server.is_reusable());
    assert!(drive(|cx| server.poll_head(cx)).unwrap().is_none());
}

#[test]
fn a_refused_head_gets_a_response_and_nothing_after_it_is_read() {
    let bytes = "HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut server = Server::new(Script::open(bytes), Limits::default());
    drive(|cx| server.poll_head(cx)).unwrap_err();
    server.send_head(&ok(), BodyLength::Known(1)).unwrap();
    server.send_part(data("a")).unwrap();
    server.send_part(Part::End).unwrap();
    drive(|cx| server.poll_flush(cx)).unwrap();
    let written = String::from_utf8(server.get_ref().written.clone()).unwrap();
    assert!(written.ends_with("connection: close\r\n\r\n"), "{written}");
    assert!(drive(|cx| server.poll_head(cx)).unwrap().is_none());
}

#[test]
fn a_head_and_the_body_after_it_leave_in_one_write() {
    for size in [10, 100_000] {
        let (_, mut server) = read("GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().unwrap();
        server.send_head(&ok(), BodyLength::Unknown).unwrap();
        server.send_part(data(vec![b'x'; size])).unwrap();
        server.send_part(Part::End).unwrap();
        drive(|cx| server.poll_flush(cx)).unwrap();
        assert_eq!(server.get_ref().writes, 1, "{size}");
    }
}

#[test]
fn what_waits_to_be_written_is_bounded() {
    let mut script = Script::of("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    script.takes = vec![0];
    let mut server = Server::new(script, Limits::default());
    drive(|cx| server.poll_head(cx)).unwrap().unwrap();
    server.send_head(&ok(), BodyLength::Unknown).unwrap();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut queued = 0;
    while server.poll_ready(&mut cx).is_ready() {
        server.send_part(data(vec![b'x'; 10_000])).unwrap();
        queued += 1;
    }
    assert!(queued <= 7, "{queued}");
}

#[test]
fn what_a_client_still_sends_is_dropped_until_it_ends_too() {
    let mut script = Script::of("x".repeat(100_000));
    script.stays_open = true;
    let mut server = Server::new(script, Limits::default());
    drive(|cx| server.poll_end(cx)).unwrap();
    assert!(server.get_ref().shut);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut reads = 0;
    while let Poll::Ready(more) = server.poll_discard(&mut cx) {
        assert!(more.unwrap());
        reads += 1;
    }
    assert!(reads > 1 && server.get_ref().reads.is_empty());
    let mut server = Server::new(Script::of("x"), Limits::default());
    assert!(drive(|cx| server.poll_discard(cx)).unwrap());
    assert!(!drive(|cx| server.poll_discard(cx)).unwrap());
}
