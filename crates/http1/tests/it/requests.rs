//! Which requests are read, and which are refused.

use crate::script::{Script, drive, try_drive};
use http1::{BodyLength, Closed, Error, Limits, Part, Server};
use pingora_http::RequestHeader;

pub fn read(bytes: impl AsRef<[u8]>) -> Result<Option<(RequestHeader, Server<Script>)>, Error> {
    let mut server = Server::new(Script::of(bytes), Limits::default());
    let head = drive(|cx| server.poll_head(cx))?;
    Ok(head.map(|head| (head, server)))
}

type Trailers = Vec<(String, String)>;

/// The body and its trailers.
pub fn body(server: &mut Server<Script>) -> Result<(Vec<u8>, Trailers), Error> {
    let (mut bytes, mut trailers) = (Vec::new(), Vec::new());
    loop {
        match drive(|cx| server.poll_part(cx))? {
            Part::Data(data) => bytes.extend_from_slice(&data),
            Part::Trailers(fields) => {
                for (name, value) in &fields {
                    let value = value.to_str().unwrap().to_string();
                    trailers.push((name.to_string(), value));
                }
            }
            Part::End => return Ok((bytes, trailers)),
        }
    }
}

fn status(bytes: impl AsRef<[u8]>) -> Option<u16> {
    match read(bytes) {
        Ok(head) => {
            let (_, mut server) = head.expect("a head");
            body(&mut server).err().and_then(|error| error.status())
        }
        Err(error) => Some(error.status().expect("a status")),
    }
}

fn with(fields: &str) -> String {
    format!("POST /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

#[test]
fn a_head_keeps_its_path_and_the_case_of_its_names() {
    let (head, _) = read("GET /a%2Fb/../c?x=%20 HTTP/1.1\r\nHOST: a\r\nX-a: 1\r\nx-A:2\r\n\r\n")
        .unwrap()
        .unwrap();
    assert_eq!(head.raw_path(), b"/a%2Fb/../c?x=%20");
    let mut wire = Vec::new();
    head.header_to_h1_wire(&mut wire);
    assert_eq!(
        String::from_utf8(wire).unwrap(),
        "HOST: a\r\nX-a: 1\r\nx-A: 2\r\n"
    );
}

#[test]
fn heads_that_break_the_grammar_are_refused() {
    for head in [
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx: \x7f\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx\0: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx y: a\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / x/HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/2\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(status(head), Some(400), "{head:?}");
    }
}

#[test]
fn a_version_that_is_not_known_is_refused_as_such() {
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9.9"] {
        let head = format!("GET / {version}\r\nHost: a\r\n\r\n");
        assert_eq!(status(head), Some(505), "{version}");
    }
}

/// They are refused before a line is whole: none may ever come.
#[test]
fn what_begins_no_method_is_refused_at_once() {
    let error = |bytes: &[u8]| {
        let mut server = Server::new(Script::open(bytes), Limits::default());
        try_drive(|cx| server.poll_head(cx)).map(|head| head.expect_err("no head"))
    };
    for bytes in [
        &b"\x16"[..],
        b"\x16\x03\x01\n",
        b"\x60\x60\xb0\x17",
        b"\r\n\x16",
    ] {
        assert!(
            matches!(error(bytes), Some(Error::OtherProtocol(_))),
            "{bytes:?}"
        );
    }
    for bytes in [&b"\0"[..], b" ", b"G\x80", b"GET\r", b"\r\r"] {
        assert!(
            matches!(error(bytes), Some(Error::Malformed(_))),
            "{bytes:?}"
        );
    }
    for bytes in [&b"\x60\x60"[..], b"G", b"GET ", b"\r\n\r\n", b"PUT /\x80"] {
        assert_eq!(error(bytes), None, "{bytes:?}");
    }
}

/// What is left of a body, split between what was read and what was not.
#[test]
fn whether_a_body_can_still_be_whole_is_told_by_what_is_unread() {
    const CHUNKS: &[u8] = b"3;x\r\nabc\r\n0\r\na: b\r\n\r\n";
    let cases = [
        (with("Content-Length: 4\r\n"), &b"abcd"[..]),
        (with("Transfer-Encoding: chunked\r\n"), CHUNKS),
    ];
    for (head, body) in cases {
        for read in 0..=body.len() {
            let (there, unread) = body.split_at(read);
            let bytes = [head.as_bytes(), there].concat();
            let mut server = Server::new(Script::open(bytes), Limits::default());
            drive(|cx| server.poll_head(cx)).unwrap().unwrap();
            assert!(server.is_body_whole_with(unread));
            assert!(server.is_body_whole_with(&[unread, b"GET /"].concat()));
            for cut in 0..unread.len() {
                assert!(!server.is_body_whole_with(&unread[..cut]));
            }
        }
    }
}

#[test]
fn a_few_empty_lines_before_a_request_are_passed_over() {
    let head = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(status(head), None);
}

#[test]
fn a_target_in_none_of_the_forms_is_refused_and_never_rewritten() {
    for line in [
        "GET !",
        "GET evil:443",
        "DELETE collections/foo",
        "GET *",
        "GET ?a",
        "GET /a#b",
        "GET a//b",
        "GET http://",
        "GET http:///x",
        "GET ftp://a/x",
        "GET http:/a",
        "GET http://u@a/x",
        "OPTIONS **",
    ] {
        let head = format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(status(&head), Some(400), "{line}");
    }
}

#[test]
fn targets_come_out_in_origin_form() {
    for (line, path) in [
        ("GET /x?y", "/x?y"),
        ("GET http://a/x?y", "/x?y"),
        ("GET HTTP://A:80/x", "/x"),
        ("GET http://a", "/"),
        ("GET http://a?y", "/?y"),
        ("OPTIONS http://a", "*"),
        ("OPTIONS *", "*"),
        ("GET //x//y", "//x//y"),
    ] {
        let head = format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n");
        let (head, _) = read(&head).unwrap().unwrap();
        assert_eq!(head.raw_path(), path.as_bytes(), "{line}");
    }
}

#[test]
fn the_authority_of_a_target_and_host_must_agree() {
    for (target, host, sound) in [
        ("http://a/", "a", true),
        ("http://a/", "A:80", true),
        ("https://a/", "a:443", true),
        ("http://[::1]:1/", "[::1]:1", true),
        ("http://a/", "b", false),
        ("http://a/", "a:81", false),
        ("http://a/", "", false),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(status(&head).is_none(), sound, "{head:?}");
    }
}

#[test]
fn a_request_of_http_1_0_without_host_keeps_the_authority_of_its_target() {
    let (head, _) = read("GET http://b:8/x HTTP/1.0\r\n\r\n").unwrap().unwrap();
    assert_eq!(head.headers["host"], "b:8");
    assert_eq!(head.raw_path(), b"/x");
    let (head, _) = read("GET /x HTTP/1.0\r\n\r\n").unwrap().unwrap();
    assert!(!head.headers.contains_key("host"));
}

#[test]
fn a_host_is_one_and_sound() {
    for (fields, sound) in [
        ("Host: a", true),
        ("Host: a.b-c_d:1", true),
        ("Host: 127.0.0.1:6333", true),
        ("Host: [::1]:6333", true),
        ("Host: a%20", true),
        ("Host: a:", true),
        ("Host:", true),
        ("X: a", false),
        ("Host: a\r\nHost: a", false),
        ("Host: a, b", false),
        ("Host: a b", false),
        ("Host: a/b", false),
        ("Host: u@a", false),
        ("Host: a:b", false),
        ("Host: a:99999", false),
        ("Host: a:1:2", false),
        ("Host: [::1", false),
        ("Host: [x]", false),
        ("Host: ::1", false),
        ("Host: a%2", false),
        ("Host: \"a\"", false),
        ("Host: a\\b", false),
        ("Host: :80", false),
    ] {
        let head = format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n");
        // A list is a reg-name with a comma, but not with a blank.
        assert_eq!(status(&head).is_none(), sound, "{fields}");
    }
}

#[test]
fn a_tunnel_is_refused() {
    assert_eq!(
        status("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        Some(405)
    );
}

#[test]
fn framing_that_two_parties_could_read_differently_is_refused() {
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
        "Content-Length:\r\n",
        "Content-Length: +3\r\n",
        "Content-Length: -3\r\n",
        "Content-Length: 0x3\r\n",
        "Content-Length: 3 3\r\n",
        "Content-Length: 3,\r\n",
        "Content-Length: 3, 4\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 3\r\nContent-Length:\r\n",
    ] {
        assert_eq!(status(with(fields)), Some(400), "{fields:?}");
    }
    let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(status(old), Some(400));
}

#[test]
fn equal_lengths_become_one() {
    for fields in [
        "Content-Length: 3, 3\r\n",
        "Content-Length: 3\r\ncontent-length: 3\r\n",
        "Content-Length: 3 ,003\r\n",
    ] {
        let (head, mut server) = read(with(fields) + "abc").unwrap().unwrap();
        let lengths: Vec<_> = head.headers.get_all("content-length").iter().collect();
        assert_eq!(lengths, ["3"]);
        assert_eq!(server.body_length(), BodyLength::Known(3));
        assert_eq!(body(&mut server).unwrap().0, b"abc");
    }
}

#[test]
fn a_head_over_the_limit_is_refused_as_such() {
    let limits = Limits {
        head: 1000,
        fields: 10,
        ..Limits::default()
    };
    let status = |head: String| {
        let mut server = Server::new(Script::open(head), limits);
        drive(|cx| server.poll_head(cx)).unwrap_err().status()
    };
    assert_eq!(
        status(with(&format!("x: {}\r\n", "y".repeat(1000)))),
        Some(431)
    );
    assert_eq!(status(format!("GET /{}", "y".repeat(1001))), Some(431));
    assert_eq!(status(with(&"x: y\r\n".repeat(10))), Some(431));
}

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

#[test]
fn chunks_are_read_as_the_grammar_says() {
    for (chunks, expected) in [
        ("0\r\n\r\n", ""),
        ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("03\r\nabc\r\n00\r\n\r\n", "abc"),
        ("3;a\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3 ; a = \"b;\\\"\"\r\nabc\r\n0;x=y\r\n\r\n", "abc"),
        ("3;a=b;c=\"d\\\" e\"\r\nabc\r\n0\r\n\r\n", "abc"),
        (
            "1\r\na\r\n2\r\nbc\r\nA\r\n0123456789\r\n0\r\n\r\n",
            "abc0123456789",
        ),
    ] {
        let (_, mut server) = read(with(CHUNKED) + chunks).unwrap().unwrap();
        let (bytes, _) = body(&mut server).unwrap();
        assert_eq!(bytes, expected.as_bytes(), "{chunks:?}");
    }
}

#[test]
fn chunks_that_break_the_grammar_are_refused() {
    for chunks in [
        "\r\n\r\n",
        " \r\n\r\n",
        ";\r\n\r\n",
        ";a\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "3\t\r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "g\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\rabc\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3;\r\nabc\r\n0\r\n\r\n",
        "3;=b\r\nabc\r\n0\r\n\r\n",
        "3;a=\r\nabc\r\n0\r\n\r\n",
        "3;a b\r\nabc\r\n0\r\n\r\n",
        "3;a=\"b\r\nabc\r\n0\r\n\r\n",
        "3;a\0\r\nabc\r\n0\r\n\r\n",
        "3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n",
        "3;\na\r\nabc\r\n0\r\n\r\n",
        "1000000000000000\r\n",
        "ffffffffffffffffffff\r\n",
        "0\r\nx : y\r\n\r\n",
        "0\r\nx\r\n\r\n",
        "0\r\nx: y\n\r\n",
        "0\r\nx: \0\r\n\r\n",
        "0\r\n x: y\r\n\r\n",
        "0\r\nx: y\r\n z\r\n\r\n",
    ] {
        assert_eq!(status(with(CHUNKED) + chunks), Some(400), "{chunks:?}");
    }
}

#[test]
fn extensions_and_trailers_are_bounded() {
    let long = format!("3;{}\r\nabc\r\n0\r\n\r\n", "a".repeat(300));
    assert_eq!(status(with(CHUNKED) + &long), Some(431));
    let open = format!("3;{}", "a".repeat(300));
    assert_eq!(status(with(CHUNKED) + &open), Some(431));
    let many = format!("1;{}\r\na\r\n", "a".repeat(200)).repeat(100);
    assert_eq!(status(with(CHUNKED) + &many), Some(431));
    let trailers = format!("0\r\nx: {}\r\n\r\n", "a".repeat(9000));
    assert_eq!(status(with(CHUNKED) + &trailers), Some(431));
    let fields = format!("0\r\n{}\r\n", "x: y\r\n".repeat(65));
    assert_eq!(status(with(CHUNKED) + &fields), Some(431));
}

#[test]
fn trailers_arrive_but_for_those_that_may_not_stand_there() {
    let chunks = "1\r\na\r\n0\r\nX-Sum: 1\r\nContent-Length: 5\r\nhost: b\r\nx-sum: 2\r\n\r\n";
    let (_, mut server) = read(with(CHUNKED) + chunks).unwrap().unwrap();
    let (bytes, trailers) = body(&mut server).unwrap();
    assert_eq!(bytes, b"a");
    let pair = |value: &str| ("x-sum".to_string(), value.to_string());
    assert_eq!(trailers, [pair("1"), pair("2")]);
}

#[test]
fn a_body_that_is_cut_is_never_whole() {
    for message in [
        with("Content-Length: 3\r\n") + "ab",
        with(CHUNKED) + "3\r\nab",
        with(CHUNKED) + "3\r\nabc\r\n",
        with(CHUNKED) + "3\r\nabc\r\n0\r\n",
        with(CHUNKED) + "3\r\nabc\r\n0\r\nx: y\r\n",
    ] {
        let (_, mut server) = read(&message).unwrap().unwrap();
        assert_eq!(body(&mut server), Err(Error::Closed), "{message:?}");
        assert_eq!(body(&mut server), Err(Error::Closed), "{message:?}");
    }
    assert_eq!(read("GET / HT").err(), Some(Error::Closed));
    assert!(read("").unwrap().is_none());
}

#[test]
fn many_small_chunks_are_few_parts() {
    let chunks = "1\r\na\r\n".repeat(1000) + "0\r\n\r\n";
    let (_, mut server) = read(with(CHUNKED) + &chunks).unwrap().unwrap();
    let mut parts = 0;
    while let Part::Data(_) = drive(|cx| server.poll_part(cx)).unwrap() {
        parts += 1;
    }
    assert!(parts <= 4, "{parts}");
}

#[test]
fn a_client_that_left_is_noticed_while_it_is_waited_for() {
    let mut server = Server::new(
        Script::of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Limits::default(),
    );
    drive(|cx| server.poll_head(cx)).unwrap().unwrap();
    assert_eq!(drive(|cx| server.poll_closed(cx)), Closed::Sending);
}

#[test]
fn what_a_client_sends_ahead_is_kept_within_the_limit() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut server = Server::new(Script::of(head.repeat(10_000)), Limits::default());
    drive(|cx| server.poll_head(cx)).unwrap().unwrap();
    assert_eq!(try_drive(|cx| server.poll_closed(cx)), None);
}

#[test]
fn only_a_body_that_is_awaited_is_awaited() {
    let expect = "Content-Length: 1\r\nExpect: 100-Continue\r\n";
    let (_, server) = read(with(expect)).unwrap().unwrap();
    assert!(server.expects_continue());
    let (_, server) = read(with(expect) + "a").unwrap().unwrap();
    assert!(!server.expects_continue());
    let (_, server) = read("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        .unwrap()
        .unwrap();
    assert!(!server.expects_continue());
}
