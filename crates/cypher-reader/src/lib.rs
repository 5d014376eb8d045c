//! What a Cypher statement does, without a database: escapes decoded, tokens cut, clauses told apart
//! apart. A statement that is not understood to its last token is never called a read. Nothing here
//! knows of HTTP, of caches or of a server's procedures; it reports what it saw.
//!
//! Every token is read once, forward; scopes are undone rather than copied. So time is linear in the
//! text and memory bounded, whatever the text is.
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

mod calls;
mod clauses;
mod commands;
mod cursor;
mod decode;
mod expression;
mod features;
mod functions;
mod labels;
mod lexer;
mod matching;
mod named;
mod open_pattern;
mod pattern;
mod pure_functions;
mod report;
mod returning;
mod scope;
mod search;
mod shape;
mod statement;
#[cfg(test)]
mod tests;
mod type_tests;
mod words;
mod work;
mod writes;

pub use commands::Command;
pub use features::QueryFeatures;
pub use pure_functions::is_pure_builtin;
pub use report::QueryReport;
pub use shape::{first_eight, shape};

use decode::decode;
use lexer::tokens;

/// The longest statement that is read, in bytes.
pub const MAX_STATEMENT: usize = 1 << 20;

/// What a statement is.
#[derive(Debug)]
pub enum StatementKind {
    /// Clauses, all of them understood.
    Query(Box<QueryReport>),
    /// A command of the server or of the schema.
    Command(Command),
    /// Runs nothing: only the plan is wanted.
    Explain,
    /// Not understood.
    Unknown(&'static str),
}

/// One statement, read once.
#[derive(Debug)]
pub struct Statement {
    pub kind: StatementKind,
    /// Hash of the statement without its literals; 0 when its tokens cannot be read.
    pub shape: u64,
    /// A `USE` may be hidden in it, so that it may change another database.
    pub may_use: bool,
}

/// Reads one statement. Never fails: what is not understood is [`StatementKind::Unknown`].
pub fn read(text: &str) -> Statement {
    let may_use = text.contains('\\') || holds_use(text);
    let unknown = |reason| Statement {
        kind: StatementKind::Unknown(reason),
        shape: 0,
        may_use,
    };
    if text.len() > MAX_STATEMENT {
        return unknown("statement_too_long");
    }
    let Some(decoded) = decode(text) else {
        return unknown("bad_escape");
    };
    match tokens(&decoded) {
        None => unknown("bad_token"),
        Some(tokens) => Statement {
            shape: shape(&tokens),
            kind: statement::kind(&tokens),
            may_use,
        },
    }
}

/// Whether the text holds `USE` in any case of its letters.
fn holds_use(text: &str) -> bool {
    let mut triples = text.as_bytes().windows(3);
    triples.any(|triple| triple.eq_ignore_ascii_case(b"use"))
}
