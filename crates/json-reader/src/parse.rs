//! The one-pass reader.

use crate::{Json, MAX_DEPTH, number};
use std::borrow::Cow;

/// Why a document is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("not plain UTF-8")]
    NotUtf8,
    #[error("not JSON at byte {0}")]
    Syntax(usize),
    #[error("deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("a key stands twice in one object")]
    DuplicateKey,
}

/// Reads a whole document.
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(reader.fault())
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn fault(&self) -> JsonError {
        JsonError::Syntax(self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn token(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault())
    }

    fn slice(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => Ok(Json::Number(self.number()?)),
            _ => Err(self.fault()),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.fault());
        }
        self.at += word.len();
        Ok(value)
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.at += number::length(self.rest()).ok_or(self.fault())?;
        Ok(self.slice(start))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.token(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek().ok_or(self.fault())? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 2;
                }
                0..0x20 => return Err(self.fault()),
                _ => self.at += 1,
            }
        }
        let raw = self.slice(start);
        self.at += 1;
        if !escaped {
            return Ok(Cow::Borrowed(raw));
        }
        let quoted = self.text.get(start - 1..self.at).ok_or(self.fault())?;
        serde_json::from_str(quoted)
            .map(Cow::Owned)
            .map_err(|_| JsonError::Syntax(start))
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        self.token(b'{')?;
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.token(b':')?;
            members.push((key, self.value(depth + 1)?));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.token(b'}')?;
        if has_twins(&members) {
            Err(JsonError::DuplicateKey)
        } else {
            Ok(Json::Object(members))
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        if let Some(numbers) = self.numbers(depth) {
            return Ok(numbers);
        }
        self.token(b'[')?;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.token(b']')?;
        Ok(Json::Array(items))
    }

    /// A flat array of at least one number, as its raw bytes; `None`, and nothing is consumed, for any other array.
    fn numbers(&mut self, depth: usize) -> Option<Json<'a>> {
        let (length, count) = number::array(self.rest()).filter(|_| depth < MAX_DEPTH)?;
        let start = self.at;
        self.at += length;
        Some(Json::Numbers(self.slice(start), count))
    }
}

/// Whether a key stands twice. Small objects are compared pairwise, large ones are sorted.
fn has_twins(members: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    if members.len() <= 16 {
        return members
            .iter()
            .enumerate()
            .any(|(i, (key, _))| members.iter().take(i).any(|(other, _)| other == key));
    }
    let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair.first() == pair.last())
}
