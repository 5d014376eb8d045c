//! Commands: what is not made of clauses. `SHOW` is read when it holds no word that changes
//! anything; the others are only distinguished by their first words, since all of them are passed on.

use crate::StatementKind;
use crate::cursor::Cursor;
use crate::lexer::{Token, TokenKind};
use crate::words::{ADMIN, CHANGING, SCHEMA, SERVER, any_of};

/// A command that is not a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Indexes and constraints.
    Schema,
    /// Users, databases, servers, running transactions.
    Admin,
}

/// Whether a `SHOW` command begins here, perhaps behind `USE name`.
pub fn is_show(cursor: &Cursor<'_>) -> bool {
    let used = usize::from(cursor.is_word(0, "USE") && cursor.is_name(1)) * 2;
    cursor.is_word(used, "SHOW")
}

/// A `SHOW` command: a read without any word that changes something.
pub fn show(mut cursor: Cursor<'_>) -> StatementKind {
    while let Some(token) = cursor.look(0) {
        if token.kind == TokenKind::Word && any_of(token.raw, CHANGING) {
            return StatementKind::Command(Command::Admin);
        }
        cursor.step();
    }
    cursor.report.show = true;
    cursor.report.broad = true;
    StatementKind::Query(Box::new(cursor.report))
}

/// The command that the first words announce, if they do.
pub fn guess(tokens: &[Token<'_>]) -> Option<Command> {
    let uses = tokens
        .first()
        .is_some_and(|token| token.raw.eq_ignore_ascii_case("USE"));
    let mut words = tokens
        .iter()
        .skip(if uses { 2 } else { 0 })
        .take_while(|token| token.kind == TokenKind::Word)
        .map(|token| token.raw)
        .filter(|word| !any_of(word, &["OR", "REPLACE"]));
    let first = words.next()?;
    if any_of(first, ADMIN) {
        return Some(Command::Admin);
    }
    if !any_of(first, &["CREATE", "DROP"]) {
        return None;
    }
    let second = words.next()?;
    match second {
        _ if any_of(second, SCHEMA) => Some(Command::Schema),
        _ if any_of(second, SERVER) => Some(Command::Admin),
        _ => None,
    }
}
