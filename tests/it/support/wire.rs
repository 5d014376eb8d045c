//! HTTP/1.1 as bytes, as far as tests need it, independent of the libraries that the proxy uses.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes read and not yet consumed.
#[derive(Default)]
pub struct Buffer(Vec<u8>);

/// Why a message could not be read completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// The connection ended before the first byte.
    Closed,
    /// The connection ended within the message, cleanly or not; holds the part of the body that arrived.
    Truncated(Vec<u8>),
    /// The message is not HTTP.
    Malformed(String),
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
    pub async fn head(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Result<String, ReadError> {
        loop {
            if let Some(end) = find(&self.0, b"\r\n\r\n") {
                let head = self.0.drain(..end + 4).collect();
                return String::from_utf8(head)
                    .map_err(|_| ReadError::Malformed("the head is not text".into()));
            }
            if !self.more(stream).await {
                return Err(match self.0.is_empty() {
                    true => ReadError::Closed,
                    false => ReadError::Truncated(self.0.clone()),
                });
            }
        }
    }

    /// Takes this many bytes.
    pub async fn exactly(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        length: usize,
    ) -> Result<Vec<u8>, ReadError> {
        while self.0.len() < length {
            if !self.more(stream).await {
                return Err(ReadError::Truncated(std::mem::take(&mut self.0)));
            }
        }
        Ok(self.0.drain(..length).collect())
    }

    /// Takes all bytes until the connection ends. A reset counts as truncation.
    pub async fn until_closed(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Result<Vec<u8>, ReadError> {
        loop {
            match stream.read_buf(&mut self.0).await {
                Ok(0) => return Ok(std::mem::take(&mut self.0)),
                Ok(_) => {}
                Err(_) => return Err(ReadError::Truncated(std::mem::take(&mut self.0))),
            }
        }
    }

    async fn line(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<String, ReadError> {
        loop {
            if let Some(end) = find(&self.0, b"\r\n") {
                let line: Vec<u8> = self.0.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            if !self.more(stream).await {
                return Err(ReadError::Truncated(Vec::new()));
            }
        }
    }

    /// Takes a chunked body; returns its content and trailers.
    pub async fn chunked(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Result<(Vec<u8>, Vec<String>), ReadError> {
        let mut body = Vec::new();
        loop {
            let line = match self.line(stream).await {
                Err(ReadError::Truncated(_)) => return Err(ReadError::Truncated(body)),
                line => line?,
            };
            let size = line.split(';').next().unwrap_or_default();
            let Ok(size) = usize::from_str_radix(size.trim(), 16) else {
                return Err(ReadError::Malformed(format!("chunk size {line:?}")));
            };
            if size == 0 {
                return Ok((body, self.trailers(stream).await?));
            }
            match self.exactly(stream, size + 2).await {
                Ok(chunk) => body.extend_from_slice(&chunk[..size]),
                Err(ReadError::Truncated(part)) => {
                    body.extend_from_slice(&part);
                    return Err(ReadError::Truncated(body));
                }
                Err(other) => return Err(other),
            }
        }
    }

    async fn trailers(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Result<Vec<String>, ReadError> {
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

/// A body in chunks of this size, with the last chunk.
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
