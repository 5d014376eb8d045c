//! JSON as the dialects read it: one pass, no numbers parsed, arrays of numbers kept as their raw
//! bytes (the body of a query is mostly its vector). Duplicate keys, lone surrogates, a depth
//! beyond 128, trailing bytes and anything but plain UTF-8 are faults: such a body is passed on,
//! never trusted.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod number;
mod parse;
#[cfg(test)]
mod tests;

pub use parse::{JsonError, parse};

use std::borrow::Cow;

/// The deepest nesting that is read, as in Qdrant and serde_json.
pub const MAX_DEPTH: usize = 128;

/// A value. Numbers and arrays of numbers are raw bytes of the document.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    /// A flat array of numbers only, brackets included, with the count of its numbers.
    Numbers(&'a str, usize),
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
