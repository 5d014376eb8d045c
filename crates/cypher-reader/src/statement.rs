//! One statement from its first token to its last: prefixes, then a query or a command, then at
//! most one semicolon.

use crate::commands;
use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;
use crate::lexer::{Token, TokenKind};
use crate::scope::Scope;
use crate::{StatementKind, clauses};

/// Where the variables of a query come from.
#[derive(Clone)]
pub enum OuterScope {
    /// Every branch sees these (also none).
    Always(Scope),
    /// A branch sees these through a leading `WITH` only (`CALL { WITH x ... }`).
    ByWith(Scope),
}

impl OuterScope {
    /// What the branch that begins here sees.
    fn scope(&self, cursor: &Cursor<'_>) -> Scope {
        match self {
            Self::Always(scope) => scope.clone(),
            Self::ByWith(scope) if cursor.is_word(0, "WITH") => scope.clone(),
            Self::ByWith(_) => Scope::default(),
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
    if query(&mut cursor, OuterScope::Always(Scope::default())).is_some() && ends(&mut cursor) {
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
pub fn query(cursor: &mut Cursor<'_>, import: OuterScope) -> Parsed {
    part(cursor, &import)?;
    while cursor.eat_word("NEXT") {
        not_narrow(cursor);
        part(cursor, &OuterScope::Always(Scope::default()))?;
    }
    Some(())
}

/// A conditional query, or single ones joined by UNION.
fn part(cursor: &mut Cursor<'_>, import: &OuterScope) -> Parsed {
    if cursor.is_word(0, "WHEN") {
        return conditional(cursor, import);
    }
    loop {
        single(cursor, import)?;
        if !cursor.eat_word("UNION") {
            return Some(());
        }
        let _ = cursor.eat_word("ALL") || cursor.eat_word("DISTINCT");
    }
}

/// `WHEN x THEN .. WHEN y THEN .. ELSE ..` (Cypher 25): each branch may run.
fn conditional(cursor: &mut Cursor<'_>, import: &OuterScope) -> Parsed {
    not_narrow(cursor);
    while cursor.eat_word("WHEN") {
        cursor.scope = import.scope(cursor);
        expression(cursor)?;
        cursor.need_word("THEN")?;
        single(cursor, import)?;
    }
    match cursor.eat_word("ELSE") {
        true => single(cursor, import),
        false => Some(()),
    }
}

/// Clauses, or a query in braces (Cypher 25).
fn single(cursor: &mut Cursor<'_>, import: &OuterScope) -> Parsed {
    if cursor.is_mark(0, "{") {
        not_narrow(cursor);
        return braces(cursor, import.clone());
    }
    cursor.scope = import.scope(cursor);
    clauses::sequence(cursor)
}

/// Variables are not followed through what Cypher 25 adds: no tag narrower than the database.
fn not_narrow(cursor: &mut Cursor<'_>) {
    cursor.report.broad = true;
    cursor.report.wide = true;
}

/// A query in braces, with its own scope; the outer one comes back behind it.
pub fn braces(cursor: &mut Cursor<'_>, import: OuterScope) -> Parsed {
    cursor.need("{")?;
    let outer = cursor.scope.clone();
    cursor.with_bar(false, |cursor| {
        cursor.deeper(|cursor| query(cursor, import))
    })?;
    cursor.scope = outer;
    cursor.need("}")
}
