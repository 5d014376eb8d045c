//! Builds values, within a fixed number of them.

use crate::cursor::Cursor;
use crate::{Json, JsonError, MAX_DEPTH, MAX_VALUES};
use std::borrow::Cow;
use std::collections::HashSet;

/// Reads a whole document with the usual bounds.
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, JsonError> {
    JsonParser::default().parse(bytes)
}

/// How a document is read.
///
/// ```
/// use json_reader::{Json, JsonParser};
///
/// let parser = JsonParser::default().leave_unread(&["rows"]);
/// let json = parser.parse(br#"{"table": "a", "rows": [[1, "x"], [2, "y"]]}"#)?;
/// assert_eq!(json.get("rows"), Some(&Json::Unread(r#"[[1, "x"], [2, "y"]]"#)));
/// # Ok::<(), json_reader::JsonError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct JsonParser {
    max_values: usize,
    unread: &'static [&'static str],
}

impl Default for JsonParser {
    /// At most [`MAX_VALUES`] values, all of them read.
    fn default() -> Self {
        Self {
            max_values: MAX_VALUES,
            unread: &[],
        }
    }
}

impl JsonParser {
    /// Reads up to this many values.
    pub fn max_values(self, max_values: usize) -> Self {
        Self { max_values, ..self }
    }

    /// Arrays and objects under these keys are checked and kept as their text, at any level.
    pub fn leave_unread(self, unread: &'static [&'static str]) -> Self {
        Self { unread, ..self }
    }

    /// Reads a whole document.
    pub fn parse(self, bytes: &[u8]) -> Result<Json<'_>, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
        let mut builder = Builder {
            cursor: Cursor::new(text),
            left: self.max_values,
            unread: self.unread,
        };
        let value = builder.value(0)?;
        builder.cursor.end()?;
        Ok(value)
    }
}

/// A document while it is read.
struct Builder<'a> {
    cursor: Cursor<'a>,
    /// How many values may still be built.
    left: usize,
    unread: &'static [&'static str],
}

impl<'a> Builder<'a> {
    fn value(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.left = self.left.checked_sub(1).ok_or(JsonError::TooManyValues)?;
        let cursor = &mut self.cursor;
        cursor.space();
        match cursor.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => cursor.string().map(Json::String),
            Some(b't') => cursor.word("true").map(|()| Json::Bool(true)),
            Some(b'f') => cursor.word("false").map(|()| Json::Bool(false)),
            Some(b'n') => cursor.word("null").map(|()| Json::Null),
            _ => cursor.number().map(Json::Number),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        self.cursor.need(b'{')?;
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        self.cursor.space();
        if self.cursor.eat(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            let key = self.cursor.key()?;
            let value = self.member(&key, depth + 1)?;
            members.push((key, value));
            self.cursor.space();
            if !self.cursor.eat(b',') {
                break;
            }
        }
        self.cursor.need(b'}')?;
        match has_twins(&members) {
            true => Err(JsonError::DuplicateKey),
            false => Ok(Json::Object(members)),
        }
    }

    fn member(&mut self, key: &str, depth: usize) -> Result<Json<'a>, JsonError> {
        let bracket = matches!(self.cursor.peek(), Some(b'{' | b'['));
        if bracket && self.unread.contains(&key) {
            let levels = MAX_DEPTH.saturating_sub(depth);
            return self.cursor.skip(levels).map(Json::Unread);
        }
        self.value(depth)
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        if depth < MAX_DEPTH
            && let Some((text, count)) = self.cursor.numbers()
        {
            return Ok(Json::Numbers(text, count));
        }
        self.cursor.need(b'[')?;
        let mut items = Vec::new();
        self.cursor.space();
        if self.cursor.eat(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.cursor.space();
            if !self.cursor.eat(b',') {
                break;
            }
        }
        self.cursor.need(b']')?;
        Ok(Json::Array(items))
    }
}

/// Whether a key stands twice. Small objects are compared pairwise, large ones by a set.
fn has_twins(members: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    if members.len() <= 16 {
        return members
            .iter()
            .enumerate()
            .any(|(i, (key, _))| members.iter().take(i).any(|(other, _)| other == key));
    }
    let mut seen = HashSet::with_capacity(members.len());
    !members.iter().all(|(key, _)| seen.insert(key.as_ref()))
}
