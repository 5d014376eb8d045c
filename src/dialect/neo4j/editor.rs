//! Puts the endpoint's token into the responses of explicit transactions: the `Location` header, the
//! `commit` URL (top-level, in Jolt below `info`), and `transaction.id`. What looks alike inside rows is
//! not touched, and at most one short string is held back.

use super::transaction_id::{SEPARATOR, with_token};
use crate::dialect::ResponseEditor;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{HeaderValue, LOCATION};
use json_reader::{Scan, Step};

/// The longest URL that is held back, in bytes; a longer one passes unchanged.
const MAX_HELD: usize = 4096;
/// The longest key that is compared.
const MAX_KEY: usize = 16;

/// What the string under the cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Plain,
    Key,
    /// `commit`: held until its end.
    Url,
    /// `transaction.id`: the token goes before its closing quote.
    Id,
}

/// Where keys count besides the top level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Other,
    /// `transaction`.
    Transaction,
    /// `info`, the last record of Jolt.
    Info,
}

/// The editor of one response.
pub struct TokenEditor {
    token: String,
    scan: Scan,
    /// The top-level object under the cursor.
    inside: Inside,
    /// The last key at a level that counts.
    key: Vec<u8>,
    text: Text,
    held: Vec<u8>,
}

impl TokenEditor {
    /// An editor that adds this token.
    pub fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            scan: Scan::default(),
            inside: Inside::Other,
            key: Vec::new(),
            text: Text::Plain,
            held: Vec::new(),
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.scan.step(byte) {
            Step::StringStart => self.begin_string(),
            Step::StringByte if self.text == Text::Url => return self.hold(byte, out),
            Step::StringByte if self.text == Text::Key && self.key.len() < MAX_KEY => {
                self.key.push(byte);
            }
            Step::StringEnd => self.end_string(out),
            Step::Open if self.scan.depth() == 2 => self.enter(byte),
            Step::Close if self.scan.depth() <= 1 => self.inside = Inside::Other,
            _ => {}
        }
        out.push(byte);
    }

    fn hold(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.push(byte);
        if self.held.len() > MAX_HELD {
            out.append(&mut self.held);
            self.text = Text::Plain;
        }
    }

    fn begin_string(&mut self) {
        let depth = self.scan.depth();
        let counts = depth == 1 || depth == 2 && self.inside != Inside::Other;
        self.text = match (depth, self.inside, self.key.as_slice()) {
            _ if !counts => Text::Plain,
            _ if self.scan.is_key() => {
                self.key.clear();
                Text::Key
            }
            (1, _, b"commit") | (2, Inside::Info, b"commit") => Text::Url,
            (2, Inside::Transaction, b"id") => Text::Id,
            _ => Text::Plain,
        };
    }

    fn end_string(&mut self, out: &mut Vec<u8>) {
        match self.text {
            Text::Url => self.release(out),
            Text::Id => {
                out.push(SEPARATOR as u8);
                out.extend_from_slice(self.token.as_bytes());
            }
            Text::Plain | Text::Key => {}
        }
    }

    fn release(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        let url = std::str::from_utf8(&held).ok();
        match url.and_then(|url| with_token(url, &self.token)) {
            Some(url) => out.extend_from_slice(url.as_bytes()),
            None => out.extend_from_slice(&held),
        }
    }

    /// A value of the top level begins behind the last key.
    fn enter(&mut self, bracket: u8) {
        self.inside = match self.key.as_slice() {
            b"transaction" if bracket == b'{' => Inside::Transaction,
            b"info" if bracket == b'{' => Inside::Info,
            _ => Inside::Other,
        };
    }
}

impl ResponseEditor for TokenEditor {
    fn headers(&mut self, headers: &mut HeaderMap) {
        let url = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let url = url.and_then(|url| with_token(url, &self.token));
        if let Some(value) = url.and_then(|url| HeaderValue::from_str(&url).ok()) {
            headers.insert(LOCATION, value);
        }
    }

    fn chunk(&mut self, chunk: Bytes, end: bool) -> Bytes {
        let mut out = Vec::with_capacity(chunk.len() + 64);
        for byte in &chunk {
            self.byte(*byte, &mut out);
        }
        if end {
            out.append(&mut self.held);
        }
        out.into()
    }
}
