//! Cypher, as far as a proxy must read it: escapes decoded, tokens cut, clauses told apart. A
//! statement that is not understood to its last token is never called a read. Nothing here knows
//! of HTTP, of caches or of the server's procedures; it reports what it saw.

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
mod named;
mod part;
mod pattern;
mod report;
mod scope;
mod search;
mod shape;
mod statement;
#[cfg(test)]
mod tests;
mod words;
mod writes;

pub use commands::Command;
pub use features::Features;
pub use functions::is_pure_builtin;
pub use report::Report;
pub use shape::{first_eight, shape};

use decode::decode;
use lexer::tokens;

/// What a text is.
#[derive(Debug)]
pub enum Reading {
    /// Clauses, all of them understood.
    Query(Box<Report>),
    /// A command of the server or of the schema.
    Command(Command),
    /// Runs nothing: only the plan is asked for.
    Explain,
    /// Not understood.
    Unknown(&'static str),
}

/// One statement, read once.
#[derive(Debug)]
pub struct Statement {
    pub reading: Reading,
    /// Hash of the statement without its literals; 0 when its tokens cannot be told.
    pub shape: u64,
    /// A `USE` may be hidden in it, so that it may change another database.
    pub may_use: bool,
}

/// Reads one statement. Never fails: what is not understood is [`Reading::Unknown`].
pub fn read(text: &str) -> Statement {
    let may_use = text.contains('\\') || text.to_ascii_lowercase().contains("use");
    let unknown = |reason| Statement {
        reading: Reading::Unknown(reason),
        shape: 0,
        may_use,
    };
    let Some(decoded) = decode(text) else {
        return unknown("bad_escape");
    };
    match tokens(&decoded) {
        None => unknown("bad_token"),
        Some(tokens) => Statement {
            shape: shape(&tokens),
            reading: statement::reading(&tokens),
            may_use,
        },
    }
}
