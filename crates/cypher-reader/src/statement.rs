//! One statement from its first token to its last: prefixes, then a query or a command, then at
//! most one semicolon.

use crate::commands;
use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;
use crate::lexer::{Token, TokenKind};
use crate::scope::Mark;
use crate::{StatementKind, clauses};

/// Whether the branches of a query see the variables that are known where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OuterScope {
    Visible,
    Hidden,
    /// Through a leading `WITH` only (`CALL { WITH x ... }`).
    ByWith,
}

impl OuterScope {
    /// The branch that begins here sees what it may of the scope at the mark.
    fn enter(self, cursor: &mut Cursor<'_>, mark: Mark) {
        cursor.scope.rewind(mark);
        let visible = match self {
            Self::Visible => true,
            Self::Hidden => false,
            Self::ByWith => cursor.is_word(0, "WITH"),
        };
        if !visible {
            cursor.scope.keep(&[]);
        }
    }
}

/// Which prefixes stand before the statement.
#[derive(Default)]
struct Prefixes {
    explain: bool,
    profile: bool,
}

/// Reads the tokens of a text.
pub fn kind(tokens: &[Token<'_>]) -> StatementKind {
    if has_second_statement(tokens) {
        return StatementKind::Unknown("second_statement");
    }
    let Some(mut cursor) = Cursor::new(tokens, 0) else {
        return StatementKind::Unknown("brackets");
    };
    let Some(prefixes) = prefixes(&mut cursor) else {
        return StatementKind::Unknown("prefix");
    };
    match (prefixes.explain, prefixes.profile) {
        (true, true) => StatementKind::Unknown("prefix"),
        (true, false) if !cursor.at_end() => StatementKind::Explain,
        _ => body(cursor, tokens, prefixes.profile),
    }
}

fn body(mut cursor: Cursor<'_>, tokens: &[Token<'_>], profile: bool) -> StatementKind {
    let start = cursor.place();
    if commands::is_show(&cursor) {
        return commands::show(cursor);
    }
    cursor.report.profile = profile;
    if query(&mut cursor, OuterScope::Hidden).is_some() && ends(&mut cursor) {
        return StatementKind::Query(Box::new(cursor.report));
    }
    let rest = tokens.get(start..).unwrap_or_default();
    commands::guess(rest).map_or(
        StatementKind::Unknown("not_understood"),
        StatementKind::Command,
    )
}

/// At most one semicolon, then nothing.
pub fn ends(cursor: &mut Cursor<'_>) -> bool {
    cursor.eat(";");
    cursor.at_end()
}

fn has_second_statement(tokens: &[Token<'_>]) -> bool {
    let semicolon = |token: &Token<'_>| token.kind == TokenKind::Mark && token.raw == ";";
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
    cursor.eat_kind(TokenKind::Number);
    while cursor.word(0).is_some() && cursor.is_mark(1, "=") {
        cursor.step();
        cursor.step();
        cursor
            .eat_kind(TokenKind::Word)
            .or_else(|| cursor.eat_kind(TokenKind::Number))?;
    }
    Some(())
}

/// A query: parts joined by NEXT (Cypher 25), of which each sees what the one before gave.
pub fn query(cursor: &mut Cursor<'_>, outer: OuterScope) -> Parsed {
    let mark = cursor.scope.mark();
    part(cursor, outer, mark)?;
    while cursor.eat_word("NEXT") {
        not_narrow(cursor);
        part(cursor, OuterScope::Hidden, mark)?;
    }
    Some(())
}

/// A conditional query, or single ones joined by UNION.
fn part(cursor: &mut Cursor<'_>, outer: OuterScope, mark: Mark) -> Parsed {
    if cursor.is_word(0, "WHEN") {
        return conditional(cursor, outer, mark);
    }
    loop {
        single(cursor, outer, mark)?;
        if !cursor.eat_word("UNION") {
            return Some(());
        }
        let _ = cursor.eat_word("ALL") || cursor.eat_word("DISTINCT");
    }
}

/// `WHEN x THEN .. WHEN y THEN .. ELSE ..` (Cypher 25): each branch may run.
fn conditional(cursor: &mut Cursor<'_>, outer: OuterScope, mark: Mark) -> Parsed {
    not_narrow(cursor);
    while cursor.eat_word("WHEN") {
        outer.enter(cursor, mark);
        expression(cursor)?;
        cursor.need_word("THEN")?;
        single(cursor, outer, mark)?;
    }
    match cursor.eat_word("ELSE") {
        true => single(cursor, outer, mark),
        false => Some(()),
    }
}

/// Clauses, or a query in braces (Cypher 25).
fn single(cursor: &mut Cursor<'_>, outer: OuterScope, mark: Mark) -> Parsed {
    if cursor.is_mark(0, "{") {
        not_narrow(cursor);
        cursor.scope.rewind(mark);
        return braces(cursor, outer);
    }
    outer.enter(cursor, mark);
    clauses::sequence(cursor)
}

/// Variables are not followed through what Cypher 25 adds: no tag narrower than the database.
fn not_narrow(cursor: &mut Cursor<'_>) {
    cursor.report.broad = true;
    cursor.report.wide = true;
}

/// A query in braces, with its own scope; the outer one comes back behind it.
pub fn braces(cursor: &mut Cursor<'_>, outer: OuterScope) -> Parsed {
    cursor.need("{")?;
    let mark = cursor.scope.mark();
    cursor.with_bar(false, |cursor| cursor.deeper(|cursor| query(cursor, outer)))?;
    cursor.scope.rewind(mark);
    cursor.need("}")
}
