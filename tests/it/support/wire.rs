//! HTTP/1.1 as bytes, as far as tests need it, written apart from the libraries that the proxy uses.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes that were read and not yet used.
#[derive(Default)]
pub struct Buffer(Vec<u8>);

/// Why a message was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// The connection ended before the first byte.
    Closed,
    /// The connection ended, cleanly or not, within the message; what had come of the body.
    Cut(Vec<u8>),
    /// The message is no HTTP.
    Bad(String),
}

impl Buffer {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads more; false at the end of the connection.
    pub async fn more(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> bool {
        matches!(stream.read_buf(&mut self.0).await, Ok(read) if read > 0)
    }

    /// Takes the head of a message, with its empty line.
    pub async fn head(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<String, Broken> {
        loop {
            if let Some(end) = find(&self.0, b"\r\n\r\n") {
                let head = self.0.drain(..end + 4).collect();
                return String::from_utf8(head)
                    .map_err(|_| Broken::Bad("the head is no text".into()));
            }
            if !self.more(stream).await {
                return Err(match self.0.is_empty() {
                    true => Broken::Closed,
                    false => Broken::Cut(self.0.clone()),
                });
            }
        }
    }

    /// Takes this many bytes.
    pub async fn exactly(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        length: usize,
    ) -> Result<Vec<u8>, Broken> {
        while self.0.len() < length {
            if !self.more(stream).await {
                return Err(Broken::Cut(std::mem::take(&mut self.0)));
            }
        }
        Ok(self.0.drain(..length).collect())
    }

    /// Takes all bytes until the connection ends. An end by a reset is a cut.
    pub async fn to_end(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Result<Vec<u8>, Broken> {
        loop {
            match stream.read_buf(&mut self.0).await {
                Ok(0) => return Ok(std::mem::take(&mut self.0)),
                Ok(_) => {}
                Err(_) => return Err(Broken::Cut(std::mem::take(&mut self.0))),
            }
        }
    }

    async fn line(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<String, Broken> {
        loop {
            if let Some(end) = find(&self.0, b"\r\n") {
                let line: Vec<u8> = self.0.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            if !self.more(stream).await {
                return Err(Broken::Cut(Vec::new()));
            }
        }
    }

    /// Takes a chunked body; gives its content and its trailers.
    pub async fn chunked(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Result<(Vec<u8>, Vec<String>), Broken> {
        let mut body = Vec::new();
        loop {
            let line = match self.line(stream).await {
                Err(Broken::Cut(_)) => return Err(Broken::Cut(body)),
                line => line?,
            };
            let size = line.split(';').next().unwrap_or_default();
            let Ok(size) = usize::from_str_radix(size.trim(), 16) else {
                return Err(Broken::Bad(format!("chunk size {line:?}")));
            };
            if size == 0 {
                return Ok((body, self.trailers(stream).await?));
            }
            match self.exactly(stream, size + 2).await {
                Ok(chunk) => body.extend_from_slice(&chunk[..size]),
                Err(Broken::Cut(part)) => {
                    body.extend_from_slice(&part);
                    return Err(Broken::Cut(body));
                }
                Err(other) => return Err(other),
            }
        }
    }

    async fn trailers(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Result<Vec<String>, Broken> {
        let mut trailers = Vec::new();
        loop {
            match self.line(stream).await? {
                line if line.is_empty() => return Ok(trailers),
                line => trailers.push(line),
            }
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The fields of a head, names in lower case.
pub fn fields(head: &str) -> Vec<(String, String)> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect()
}

/// The first field of a name.
pub fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

/// A body in chunks of this size, with the last one.
pub fn chunks(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size.max(1)) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}
