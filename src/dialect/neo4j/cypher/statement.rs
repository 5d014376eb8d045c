//! One statement from its first token to its last: prefixes, then a query or a command, then at
//! most one semicolon.

use super::commands;
use super::cursor::{Cursor, Parsed};
use super::lexer::{Kind, Token};
use super::scope::Scope;
use super::{Reading, clauses};

/// Where the variables of a query come from.
pub enum Import {
    /// Every branch sees these (also none).
    Always(Scope),
    /// A branch sees these through a leading `WITH` only (`CALL { WITH x ... }`).
    ByWith(Scope),
}

/// Which prefixes stand before the statement.
#[derive(Default)]
struct Prefixes {
    explain: bool,
    profile: bool,
}

/// Reads the tokens of a text.
pub fn reading(tokens: &[Token<'_>]) -> Reading {
    if has_second_statement(tokens) {
        return Reading::Unknown("second_statement");
    }
    let Some(mut cursor) = Cursor::new(tokens, 0) else {
        return Reading::Unknown("brackets");
    };
    let Some(prefixes) = prefixes(&mut cursor) else {
        return Reading::Unknown("prefix");
    };
    match (prefixes.explain, prefixes.profile) {
        (true, true) => Reading::Unknown("prefix"),
        (true, false) if !cursor.at_end() => Reading::Explain,
        _ => body(cursor, tokens, prefixes.profile),
    }
}

fn body(mut cursor: Cursor<'_>, tokens: &[Token<'_>], profile: bool) -> Reading {
    let start = cursor.place();
    if commands::is_show(&cursor) {
        return commands::show(cursor);
    }
    cursor.report.profile = profile;
    if query(&mut cursor, Import::Always(Scope::default())).is_some() && ends(&mut cursor) {
        return Reading::Query(Box::new(cursor.report));
    }
    let rest = tokens.get(start..).unwrap_or_default();
    commands::guess(rest).map_or(Reading::Unknown("not_understood"), Reading::Command)
}

/// At most one semicolon, then nothing.
pub fn ends(cursor: &mut Cursor<'_>) -> bool {
    cursor.eat(";");
    cursor.at_end()
}

fn has_second_statement(tokens: &[Token<'_>]) -> bool {
    let semicolon = |token: &Token<'_>| token.kind == Kind::Mark && token.raw == ";";
    tokens
        .iter()
        .position(semicolon)
        .is_some_and(|at| at + 1 < tokens.len())
}

/// `CYPHER 5 runtime=slotted`, `EXPLAIN`, `PROFILE`, in any order.
fn prefixes(cursor: &mut Cursor<'_>) -> Option<Prefixes> {
    let mut prefixes = Prefixes::default();
    loop {
        if cursor.eat_word("EXPLAIN") {
            prefixes.explain = true;
        } else if cursor.eat_word("PROFILE") {
            prefixes.profile = true;
        } else if cursor.eat_word("CYPHER") {
            options(cursor)?;
        } else {
            return Some(prefixes);
        }
    }
}

fn options(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.eat_kind(Kind::Number);
    while cursor.word(0).is_some() && cursor.is_mark(1, "=") {
        cursor.step();
        cursor.step();
        cursor
            .eat_kind(Kind::Word)
            .or_else(|| cursor.eat_kind(Kind::Number))?;
    }
    Some(())
}

/// A query: clauses, and further ones joined by UNION.
pub fn query(cursor: &mut Cursor<'_>, import: Import) -> Parsed {
    loop {
        cursor.scope = match &import {
            Import::Always(scope) => scope.clone(),
            Import::ByWith(scope) if cursor.is_word(0, "WITH") => scope.clone(),
            Import::ByWith(_) => Scope::default(),
        };
        clauses::sequence(cursor)?;
        if !cursor.eat_word("UNION") {
            return Some(());
        }
        let _ = cursor.eat_word("ALL") || cursor.eat_word("DISTINCT");
    }
}

/// A query in braces, with its own scope; the outer one comes back behind it.
pub fn braces(cursor: &mut Cursor<'_>, import: Import) -> Parsed {
    cursor.need("{")?;
    let outer = cursor.scope.clone();
    cursor.with_bar(false, |cursor| {
        cursor.deeper(|cursor| query(cursor, import))
    })?;
    cursor.scope = outer;
    cursor.need("}")
}
