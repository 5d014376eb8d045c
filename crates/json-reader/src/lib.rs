//! JSON, read once, strictly and within fixed bounds: for code that must look into the JSON of
//! others without trusting it.
//!
//! [`parse`] builds values of at most [`MAX_VALUES`] of them and [`MAX_DEPTH`] levels. Numbers are
//! not parsed, and arrays of numbers are kept as their text (the body of a vector search is mostly
//! its vector). Duplicate keys, lone surrogates and anything but plain UTF-8 are errors.
//! [`JsonParser::leave_unread`] steps over the members that do not matter, and [`top_level`] tells
//! where members of an object are without building anything. [`Scan`] follows a document that streams,
//! and [`canonical`] prints a form that is the same for equal documents. Time is linear in the bytes; memory is
//! bounded whatever the bytes are.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod canonical;
mod cursor;
mod number;
mod parse;
mod scan;
#[cfg(test)]
mod tests;
mod top_level;

pub use canonical::canonical;
pub use parse::{JsonParser, parse};
pub use scan::{Scan, Step};
pub use top_level::{TopLevel, member, set_member, top_level};

use std::borrow::Cow;

/// The deepest nesting that is read, as in Qdrant and serde_json.
pub const MAX_DEPTH: usize = 128;

/// The most values that [`parse`] builds: some megabytes, whatever the length of the text.
pub const MAX_VALUES: usize = 1 << 16;

/// Why a document is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("not plain UTF-8")]
    NotUtf8,
    #[error("not JSON at byte {0}")]
    Syntax(usize),
    #[error("deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("more values than are read")]
    TooManyValues,
    #[error("a key stands twice in one object")]
    DuplicateKey,
}

/// A value. Numbers and arrays of numbers are text of the document.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    /// A flat array of numbers only, brackets included, with the count of its numbers.
    Numbers(&'a str, usize),
    /// An array or object that was left unread, as its text. It is JSON; keys in it may stand twice.
    Unread(&'a str),
    Array(Vec<Json<'a>>),
    /// Members in the order of the document; keys are unique.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        self.members()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of an array; none for anything else, and none for an array of numbers.
    pub fn items(&self) -> &[Json<'a>] {
        match self {
            Json::Array(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A number that is a whole one and fits.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Json::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        *self == Json::Null
    }
}
