//! A client that writes what it is told, byte for byte.

use super::soon;
use super::wire::{self, Broken, Buffer};
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: Buffer,
}

/// How the end of an answer's body was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    NoBody,
    Length,
    Chunked,
    Close,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub line: String,
    /// Names in lower case, in their order.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub end: End,
}

impl Answer {
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

    /// What the cache said.
    pub fn cache(&self) -> &str {
        self.field("x-pointsman-cache").unwrap_or_default()
    }

    pub fn is_hit(&self) -> bool {
        self.cache().starts_with("hit")
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream,
            buffer: Buffer::default(),
        }
    }

    /// Writes bytes; false when the other side has closed.
    pub async fn try_send(&mut self, bytes: &[u8]) -> bool {
        soon("sending", self.stream.write_all(bytes)).await.is_ok()
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(
            self.try_send(bytes.as_ref()).await,
            "the proxy closed while the client sent"
        );
    }

    /// Ends the client's side of the connection.
    pub async fn end(&mut self) {
        self.stream.shutdown().await.expect("a shutdown");
    }

    /// One request, framed by its length, and its answer. `fields` end with `\r\n` each.
    pub async fn ask(&mut self, method: &str, target: &str, fields: &str, body: &[u8]) -> Answer {
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("content-length: {}\r\n", body.len()),
        };
        let head = format!("{method} {target} HTTP/1.1\r\nhost: test\r\n{length}{fields}\r\n");
        self.send(head).await;
        self.send(body).await;
        self.answer_to(method).await
    }

    pub async fn answer(&mut self) -> Answer {
        self.answer_to("GET").await
    }

    /// The next answer that is not informational.
    pub async fn answer_to(&mut self, method: &str) -> Answer {
        match self.try_answer(method).await {
            Ok(answer) => answer,
            Err(broken) => panic!("no whole answer: {broken:?}"),
        }
    }

    pub async fn try_answer(&mut self, method: &str) -> Result<Answer, Broken> {
        loop {
            let answer = soon("an answer", self.next(method)).await?;
            if answer.status >= 200 {
                return Ok(answer);
            }
        }
    }

    /// The next head, informational ones included; the body stays in the connection.
    pub async fn head(&mut self) -> Result<Answer, Broken> {
        let head = soon("a head", self.buffer.head(&mut self.stream)).await?;
        let line = head.lines().next().unwrap_or_default().to_owned();
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        Ok(Answer {
            status: status.ok_or_else(|| Broken::Bad(line.clone()))?,
            line,
            fields: wire::fields(&head),
            body: Vec::new(),
            end: End::NoBody,
        })
    }

    async fn next(&mut self, method: &str) -> Result<Answer, Broken> {
        let answer = self.head().await?;
        self.body(answer, method).await
    }

    /// Reads the body of an answer whose head was read.
    pub async fn body(&mut self, mut answer: Answer, method: &str) -> Result<Answer, Broken> {
        let bodiless = method == "HEAD" || matches!(answer.status, 100..200 | 204 | 304);
        if bodiless {
            return Ok(answer);
        }
        let length = answer.field("content-length").map(str::to_owned);
        if answer.field("transfer-encoding") == Some("chunked") {
            (answer.body, _) = self.buffer.chunked(&mut self.stream).await?;
            answer.end = End::Chunked;
        } else if let Some(length) = length {
            let length = length.parse().map_err(|_| Broken::Bad(length.clone()))?;
            answer.body = self.buffer.exactly(&mut self.stream, length).await?;
            answer.end = End::Length;
        } else {
            answer.body = self.buffer.until_closed(&mut self.stream).await?;
            answer.end = End::Close;
        }
        Ok(answer)
    }

    /// The next bytes of a body whose head was read.
    pub async fn some(&mut self, length: usize) -> Vec<u8> {
        let bytes = self.buffer.exactly(&mut self.stream, length);
        soon("some bytes", bytes).await.expect("some bytes")
    }

    /// Whether the other side closes the connection without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !soon("the end", self.buffer.more(&mut self.stream)).await
    }
}
