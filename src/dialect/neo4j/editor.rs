//! Puts the endpoint's token into the responses of explicit transactions: the `Location` header, the
//! `commit` URL (top-level, in Jolt below `info`), and `transaction.id`. A lexer over chunks of any size: what looks alike
//! inside rows is not touched, and at most one short string is held back.

use super::transaction_id::{SEPARATOR, with_token};
use crate::dialect::ResponseEditor;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{HeaderValue, LOCATION};

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
    depth: u32,
    /// The top-level object under the cursor.
    inside: Inside,
    /// A key comes next, where keys count.
    wants_key: bool,
    /// The last key at the level that counts.
    key: Vec<u8>,
    text: Option<Text>,
    escaped: bool,
    held: Vec<u8>,
}

impl TokenEditor {
    /// An editor that adds this token.
    pub fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            depth: 0,
            inside: Inside::Other,
            wants_key: false,
            key: Vec::new(),
            text: None,
            escaped: false,
            held: Vec::new(),
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.text {
            Some(text) => self.in_text(text, byte, out),
            None => {
                out.push(byte);
                self.outside(byte);
            }
        }
    }

    fn in_text(&mut self, text: Text, byte: u8, out: &mut Vec<u8>) {
        let ends = byte == b'"' && !self.escaped;
        self.escaped = byte == b'\\' && !self.escaped;
        match text {
            Text::Url if !ends => return self.hold(byte, out),
            Text::Url => self.release(out),
            Text::Id if ends => {
                out.push(SEPARATOR as u8);
                out.extend_from_slice(self.token.as_bytes());
            }
            Text::Key if !ends && self.key.len() < MAX_KEY => self.key.push(byte),
            _ => {}
        }
        out.push(byte);
        if ends {
            self.text = None;
        }
    }

    fn hold(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.push(byte);
        if self.held.len() > MAX_HELD {
            out.append(&mut self.held);
            self.text = Some(Text::Plain);
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

    /// Whether keys at this place count.
    fn counts(&self) -> bool {
        self.depth == 1 || self.depth == 2 && self.inside != Inside::Other
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => {
                self.enter(byte);
                self.depth = self.depth.saturating_add(1);
                self.wants_key = byte == b'{' && self.counts();
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth <= 1 {
                    self.inside = Inside::Other;
                }
            }
            b',' if self.counts() => self.wants_key = true,
            b':' if self.counts() => self.wants_key = false,
            b'"' => self.text = Some(self.opens()),
            _ => {}
        }
    }

    /// An object or list begins behind the last key.
    fn enter(&mut self, bracket: u8) {
        if self.depth == 1 && bracket == b'{' {
            self.inside = match self.key.as_slice() {
                b"transaction" => Inside::Transaction,
                b"info" => Inside::Info,
                _ => Inside::Other,
            };
        }
    }

    fn opens(&mut self) -> Text {
        if !self.counts() {
            return Text::Plain;
        }
        if self.wants_key {
            self.key.clear();
            return Text::Key;
        }
        match (self.depth, self.inside, self.key.as_slice()) {
            (1, _, b"commit") | (2, Inside::Info, b"commit") => Text::Url,
            (2, Inside::Transaction, b"id") => Text::Id,
            _ => Text::Plain,
        }
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
