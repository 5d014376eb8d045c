//! Finds the row of the table for a method and a path. The table is split into segments once;
//! a request is compared only with the rows of its own method and length.

use super::operation::Operation;
use super::operations::{OPERATIONS, OTHERS};
use super::path::{MAX_SEGMENTS, Segments};
use http::Method;
use std::sync::LazyLock;

/// The methods of the table; the place in this list is the place in the index.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

/// The row of a request. Every request has one: what no row knows falls to the rows for all others.
pub fn find(method: &Method, segments: &Segments<'_>) -> Option<&'static Operation> {
    INDEX
        .known(method, segments)
        .or_else(|| INDEX.other(method, segments))
}

struct Pattern {
    operation: &'static Operation,
    parts: Vec<&'static str>,
}

struct Index {
    known: Vec<Vec<Pattern>>,
    others: Vec<Pattern>,
}

impl Index {
    fn new() -> Self {
        let mut known: Vec<Vec<Pattern>> = Vec::new();
        known.resize_with(METHODS.len() * (MAX_SEGMENTS + 1), Vec::new);
        for row in OPERATIONS.iter().map(Pattern::new) {
            let place = place(row.operation.method, row.parts.len());
            if let Some(rows) = place.and_then(|place| known.get_mut(place)) {
                rows.push(row);
            }
        }
        Self {
            known,
            others: OTHERS.iter().map(Pattern::new).collect(),
        }
    }

    fn known(&self, method: &Method, segments: &Segments<'_>) -> Option<&'static Operation> {
        let rows = self.known.get(place(method.as_str(), segments.count)?)?;
        rows.iter()
            .find(|row| row.matches(segments.kept()))
            .map(|row| row.operation)
    }

    fn other(&self, method: &Method, segments: &Segments<'_>) -> Option<&'static Operation> {
        self.others
            .iter()
            .filter(|row| row.operation.method == "*" || row.operation.method == method.as_str())
            .find(|row| row.covers(segments))
            .map(|row| row.operation)
    }
}

impl Pattern {
    fn new(operation: &'static Operation) -> Self {
        let parts = operation.pattern.split('/').filter(|part| !part.is_empty());
        Self {
            operation,
            parts: parts.collect(),
        }
    }

    /// Compares from the end: most rows differ in their last words.
    fn matches(&self, segments: &[&str]) -> bool {
        let pairs = self.parts.iter().zip(segments).rev();
        self.parts.len() == segments.len() && pairs.into_iter().all(|(part, word)| fits(part, word))
    }

    /// As `matches`, where a closing `*` stands for any rest, also none.
    fn covers(&self, segments: &Segments<'_>) -> bool {
        match self.parts.split_last() {
            Some((&"*", parts)) => {
                segments.kept().len() >= parts.len()
                    && parts
                        .iter()
                        .zip(segments.kept())
                        .all(|(part, word)| fits(part, word))
            }
            _ => segments.count == self.parts.len() && self.matches(segments.kept()),
        }
    }
}

fn place(method: &str, segments: usize) -> Option<usize> {
    let row = METHODS.iter().position(|known| *known == method)?;
    (segments <= MAX_SEGMENTS).then_some(row * (MAX_SEGMENTS + 1) + segments)
}

fn fits(part: &str, word: &str) -> bool {
    part.starts_with('{') || part == word
}
