//! The grammar of JSON, read forward over one text. Everything else in this crate is made of these
//! steps, so there is one idea of what a string, a number or a value is.

use crate::{JsonError, number};
use std::borrow::Cow;

/// A place in a text.
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes were read.
    pub fn place(&self) -> usize {
        self.at
    }

    /// What was read since a place.
    pub fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// The error of this place.
    pub fn error(&self) -> JsonError {
        JsonError::Syntax(self.at)
    }

    /// The next byte.
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Steps over white space.
    pub fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over the byte if it is next, and says whether it was.
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The byte must be next.
    pub fn need(&mut self, byte: u8) -> Result<(), JsonError> {
        match self.eat(byte) {
            true => Ok(()),
            false => Err(self.error()),
        }
    }

    /// The text must end here, but for white space.
    pub fn end(&mut self) -> Result<(), JsonError> {
        self.space();
        match self.at == self.text.len() {
            true => Ok(()),
            false => Err(self.error()),
        }
    }

    /// `true`, `false` or `null`.
    pub fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.error());
        }
        self.at += word.len();
        Ok(())
    }

    /// A number, as its text.
    pub fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.at += number::length(self.rest()).ok_or(self.error())?;
        Ok(self.since(start))
    }

    /// A flat array of at least one number, as its text, with the count of its numbers; `None`, and
    /// nothing is read, for any other array.
    pub fn numbers(&mut self) -> Option<(&'a str, usize)> {
        let (length, count) = number::array(self.rest())?;
        let start = self.at;
        self.at += length;
        Some((self.since(start), count))
    }

    /// A string without its quotes and escapes; copied only when it has escapes.
    pub fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let quote = self.at;
        self.need(b'"')?;
        let mut escaped = false;
        loop {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
            self.at += self.rest().iter().position(special).ok_or(self.error())?;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                _ => return Err(self.error()),
            }
        }
        self.at += 1;
        let quoted = self.since(quote);
        if escaped {
            let text = serde_json::from_str(quoted).map_err(|_| JsonError::Syntax(quote))?;
            return Ok(Cow::Owned(text));
        }
        let inner = quoted
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        inner.map(Cow::Borrowed).ok_or(JsonError::Syntax(quote))
    }

    /// A key with its colon.
    pub fn key(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.space();
        let key = self.string()?;
        self.space();
        self.need(b':')?;
        self.space();
        Ok(key)
    }

    /// Steps over one value of any kind, and gives its text. Its grammar is checked, nothing of it
    /// is kept; `depth` more levels are allowed. No recursion: memory is one byte for each level.
    pub fn skip(&mut self, depth: usize) -> Result<&'a str, JsonError> {
        self.space();
        let start = self.at;
        let mut open = Vec::new();
        loop {
            if self.opens_or_ends_value(&mut open, depth)? {
                continue;
            }
            loop {
                let Some(closing) = open.last().copied() else {
                    return Ok(self.since(start));
                };
                self.space();
                if self.eat(b',') {
                    self.begins_member(closing)?;
                    break;
                }
                self.need(closing)?;
                open.pop();
            }
        }
    }

    /// One scalar, or an opening bracket; whether a value must follow at once.
    fn opens_or_ends_value(&mut self, open: &mut Vec<u8>, depth: usize) -> Result<bool, JsonError> {
        self.space();
        let closing = match self.peek() {
            Some(b'{') => b'}',
            Some(b'[') => b']',
            _ => return self.scalar().map(|()| false),
        };
        if closing == b']' && self.numbers().is_some() {
            return Ok(false);
        }
        if open.len() >= depth {
            return Err(JsonError::TooDeep);
        }
        self.at += 1;
        self.space();
        if self.eat(closing) {
            return Ok(false);
        }
        open.push(closing);
        self.begins_member(closing)?;
        Ok(true)
    }

    /// What stands before a value in an object.
    fn begins_member(&mut self, closing: u8) -> Result<(), JsonError> {
        match closing {
            b'}' => self.key().map(drop),
            _ => Ok(()),
        }
    }

    fn scalar(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number().map(drop),
        }
    }
}
