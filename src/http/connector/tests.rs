//! Exchanges with an endpoint on loopback.

use super::*;
use pingora_core::connectors::l4::BindTo;
use std::future::poll_fn;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An endpoint that responds to the requests of each connection with these bytes in turn, then closes it.
async fn endpoint(responses: &'static [&'static str]) -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            tokio::spawn(async move {
                for response in responses {
                    if !head(&mut stream).await {
                        return;
                    }
                    stream.write_all(response.as_bytes()).await.unwrap();
                    if !response.starts_with("HTTP/1.1 200") {
                        return;
                    }
                }
                head(&mut stream).await;
            });
        }
    });
    address
}

/// Reads a request without a body.
async fn head(stream: &mut TcpStream) -> bool {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => text.push(byte),
            Err(_) => return false,
        }
    }
    true
}

fn to(address: SocketAddr, group: u64) -> Destination {
    Destination {
        address,
        group,
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(60),
    }
}

/// A request and its whole response; gives the connection back.
async fn exchange(connector: &Arc<Connector>, to: &Destination) -> Result<String, UpstreamError> {
    let mut upstream = connector.open(to).await?;
    let mut request = RequestHeader::build("GET", b"/", None).unwrap();
    request.insert_header("host", "a").unwrap();
    upstream.send_head(&request, BodyLength::None)?;
    upstream.send_part(Part::End)?;
    poll_fn(|cx| upstream.poll_flush(cx)).await?;
    poll_fn(|cx| upstream.poll_head(cx)).await?;
    let mut body = Vec::new();
    while let Part::Data(data) = poll_fn(|cx| upstream.poll_part(cx)).await? {
        body.extend_from_slice(&data);
    }
    upstream.release();
    Ok(String::from_utf8(body).unwrap())
}

const FIRST: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
const SECOND: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2";

#[tokio::test]
async fn a_connection_that_is_clean_carries_the_next_exchange() {
    let address = endpoint(&[FIRST, SECOND]).await;
    let connector = Arc::new(Connector::new(8));
    assert_eq!(exchange(&connector, &to(address, 1)).await.unwrap(), "1");
    assert_eq!(exchange(&connector, &to(address, 1)).await.unwrap(), "2");
    // Another group has connections of its own.
    assert_eq!(exchange(&connector, &to(address, 2)).await.unwrap(), "1");
}

#[tokio::test]
async fn a_connection_that_is_not_clean_carries_no_other() {
    for response in [
        &["HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1more"] as &'static [&'static str],
        &["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n1"],
    ] {
        let address = endpoint(response).await;
        let connector = Arc::new(Connector::new(8));
        for _ in 0..3 {
            assert_eq!(exchange(&connector, &to(address, 1)).await.unwrap(), "1");
        }
    }
}

#[tokio::test]
async fn only_a_reused_connection_that_closed_without_a_byte_was_stale() {
    let connector = Arc::new(Connector::new(8));
    for (second, stale, stage) in [
        // Closes when the second request is there.
        (&[FIRST] as &'static [&'static str], true, Stage::Sent),
        (&[FIRST, "nonsense\r\n\r\n"], false, Stage::Responding),
        (&[FIRST, "HTTP/1.1 2"], false, Stage::Responding),
    ] {
        let address = endpoint(second).await;
        exchange(&connector, &to(address, 1)).await.unwrap();
        let error = exchange(&connector, &to(address, 1)).await.unwrap_err();
        assert_eq!((error.stale, error.stage), (stale, stage), "{error:?}");
    }
    // A new connection is never stale.
    let address = endpoint(&[]).await;
    let error = exchange(&connector, &to(address, 1)).await.unwrap_err();
    assert_eq!((error.stale, error.stage), (false, Stage::Sent));
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let connector = Arc::new(Connector::new(8));
    let error = exchange(&connector, &to(address, 1)).await.unwrap_err();
    assert_eq!(error.stage, Stage::Unprocessed);
    assert_eq!(error.cause, Cause::Connect("connect_refused"));
}

/// The kernel gives a connection one of two local ports; both are soon taken.
#[tokio::test]
async fn a_lack_of_local_ports_is_ours_and_not_the_endpoints() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let connector = Connector::new(8);
    let mut peer = peer(&to(address, 1));
    let first = address.port().min(60_000);
    let mut bind_to = BindTo::default();
    bind_to.set_port_range(Some((first, first + 1))).unwrap();
    peer.options.bind_to = Some(bind_to);
    let mut streams = Vec::new();
    let error = loop {
        match connector.transport.new_stream(&peer).await {
            Ok(stream) => streams.push(stream),
            Err(error) => break not_connected(&error),
        }
        assert!(streams.len() <= 2, "the range of ports was not kept");
    };
    assert_eq!(error.stage, Stage::Unprocessed);
    assert_eq!(error.cause, Cause::Shortage(Shortage::Ports));
}

#[tokio::test]
async fn a_response_that_breaks_the_rules_is_told_from_one_that_is_cut() {
    let connector = Arc::new(Connector::new(8));
    const MALFORMED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n";
    let address = endpoint(&[MALFORMED]).await;
    let error = exchange(&connector, &to(address, 1)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Malformed(_)), "{error:?}");
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = socket.accept().await.unwrap();
        head(&mut stream).await;
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1";
        stream.write_all(cut).await.unwrap();
    });
    let error = exchange(&connector, &to(address, 1)).await.unwrap_err();
    assert_eq!(
        (error.cause, error.stage),
        (Cause::Closed, Stage::Responding)
    );
}
