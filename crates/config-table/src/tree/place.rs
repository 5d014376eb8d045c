//! Places: where a value came from. And paths: which value is meant.

use std::fmt::Write;
use std::sync::Arc;

/// Where a value came from. Sorted: the file by line and column, then variables, then flags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// In the file; both count from 1, columns in characters.
    File {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// An environment variable.
    Variable(Arc<str>),
    /// A `--set` flag, by its key.
    Flag(Arc<str>),
}

impl Place {
    /// As an error begins: `pointsman.yaml:3:5`, `POINTSMAN_CACHE__ENABLED` or `--set cache.enabled`.
    pub fn text(&self, file: &str) -> String {
        match self {
            Place::Whole => file.into(),
            Place::File { line, column } => format!("{file}:{line}:{column}"),
            Place::Variable(name) => name.to_string(),
            Place::Flag(key) => format!("--set {key}"),
        }
    }
}

impl Place {
    /// Within a sentence about the same file: `line 3, column 5`.
    pub fn short(&self) -> String {
        match self {
            Place::File { line, column } => format!("line {line}, column {column}"),
            other => other.text("the file"),
        }
    }
}

/// One step down the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A key.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Step::Key(key.into())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Step::Index(index)
    }
}

/// A path as errors and `--set` write it: `services.graph.endpoints[0].url`.
pub fn path_text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        // Writing to a String cannot fail.
        let _ = match step {
            Step::Key(key) if text.is_empty() => write!(text, "{key}"),
            Step::Key(key) => write!(text, ".{key}"),
            Step::Index(index) => write!(text, "[{index}]"),
        };
    }
    text
}
