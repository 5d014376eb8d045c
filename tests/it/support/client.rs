//! A client that sends exactly the bytes it is given.

use super::in_time;
use super::wire::{self, Buffer, ReadError};
use std::net::{IpAddr, SocketAddr};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: Buffer,
}

/// How the response framed its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    NoBody,
    Length,
    Chunked,
    Close,
}

/// A response as it arrived.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub line: String,
    /// Names in lower case, in their order.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub framing: Framing,
}

impl Response {
    pub fn field(&self, name: &str) -> Option<&str> {
        wire::field(&self.fields, name)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The `x-pointsman-cache` field; empty when there is none.
    pub fn cache(&self) -> &str {
        self.field("x-pointsman-cache").unwrap_or_default()
    }

    pub fn is_hit(&self) -> bool {
        self.cache().starts_with("hit")
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::connect_from([127, 0, 0, 1].into(), address).await
    }

    /// A connection from this address of the client's.
    pub async fn connect_from(client: IpAddr, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((client, 0).into()).expect("an address");
        let stream = socket.connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream,
            buffer: Buffer::default(),
        }
    }

    /// Writes bytes; false when the other side has closed.
    pub async fn try_send(&mut self, bytes: &[u8]) -> bool {
        in_time("sending", self.stream.write_all(bytes))
            .await
            .is_ok()
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(
            self.try_send(bytes.as_ref()).await,
            "the proxy closed while the client sent"
        );
    }

    /// Closes the sending side of the connection.
    pub async fn shutdown(&mut self) {
        self.stream.shutdown().await.expect("a shutdown");
    }

    /// Resets the connection.
    pub fn reset(self) {
        self.stream.set_zero_linger().expect("a socket option");
    }

    /// One request, framed by its length, and its response. Each of `fields` ends with `\r\n`.
    pub async fn request(
        &mut self,
        method: &str,
        target: &str,
        fields: &str,
        body: &[u8],
    ) -> Response {
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("content-length: {}\r\n", body.len()),
        };
        let head = format!("{method} {target} HTTP/1.1\r\nhost: test\r\n{length}{fields}\r\n");
        self.send(head).await;
        self.send(body).await;
        self.response_to(method).await
    }

    pub async fn response(&mut self) -> Response {
        self.response_to("GET").await
    }

    /// The next response that is not informational.
    pub async fn response_to(&mut self, method: &str) -> Response {
        match self.try_response(method).await {
            Ok(response) => response,
            Err(error) => panic!("incomplete response: {error:?}"),
        }
    }

    pub async fn try_response(&mut self, method: &str) -> Result<Response, ReadError> {
        loop {
            let response = in_time("a response", self.next(method)).await?;
            if response.status >= 200 {
                return Ok(response);
            }
        }
    }

    /// The next head, informational ones included; the body stays in the connection.
    pub async fn head(&mut self) -> Result<Response, ReadError> {
        let head = in_time("a head", self.buffer.head(&mut self.stream)).await?;
        let line = head.lines().next().unwrap_or_default().to_owned();
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        Ok(Response {
            status: status.ok_or_else(|| ReadError::Malformed(line.clone()))?,
            line,
            fields: wire::fields(&head),
            body: Vec::new(),
            framing: Framing::NoBody,
        })
    }

    async fn next(&mut self, method: &str) -> Result<Response, ReadError> {
        let response = self.head().await?;
        self.body(response, method).await
    }

    /// Reads the body of a response whose head was read.
    pub async fn body(
        &mut self,
        mut response: Response,
        method: &str,
    ) -> Result<Response, ReadError> {
        let bodiless = method == "HEAD" || matches!(response.status, 100..200 | 204 | 304);
        if bodiless {
            return Ok(response);
        }
        let length = response.field("content-length").map(str::to_owned);
        if response.field("transfer-encoding") == Some("chunked") {
            (response.body, _) = self.buffer.chunked(&mut self.stream).await?;
            response.framing = Framing::Chunked;
        } else if let Some(length) = length {
            let length = length
                .parse()
                .map_err(|_| ReadError::Malformed(length.clone()))?;
            response.body = self.buffer.exactly(&mut self.stream, length).await?;
            response.framing = Framing::Length;
        } else {
            response.body = self.buffer.until_closed(&mut self.stream).await?;
            response.framing = Framing::Close;
        }
        Ok(response)
    }

    /// The next bytes of a body whose head was read.
    pub async fn read(&mut self, length: usize) -> Vec<u8> {
        let bytes = self.buffer.exactly(&mut self.stream, length);
        in_time("some bytes", bytes).await.expect("some bytes")
    }

    /// Whether the other side closes the connection without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !in_time("the end", self.buffer.more(&mut self.stream)).await
    }
}
