//! Clauses: a table of words and what follows each. A word in clause position that is not in
//! the table ends the sequence, and with it the statement is not understood.

use crate::calls;
use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;
use crate::lexer::TokenKind;
use crate::matching::matching;
use crate::returning::{limit, order_by, returning, with};
use crate::writes;

type Clause = (&'static str, fn(&mut Cursor<'_>) -> Parsed);

/// Every clause that is understood.
const CLAUSES: &[Clause] = &[
    ("MATCH", matching),
    ("OPTIONAL", optional),
    ("WITH", with),
    ("UNWIND", unwind),
    ("LET", assign),
    ("FILTER", filter),
    ("RETURN", returning),
    ("FINISH", |_| Some(())),
    ("CALL", calls::call),
    ("LOAD", load_csv),
    ("USE", use_graph),
    ("ORDER", order_by),
    ("SKIP", expression),
    ("OFFSET", expression),
    ("LIMIT", limit),
    ("CREATE", writes::create),
    ("INSERT", writes::create),
    ("MERGE", writes::merge),
    ("SET", writes::set),
    ("REMOVE", writes::remove),
    ("DELETE", writes::delete),
    ("DETACH", writes::detach),
    ("NODETACH", writes::detach),
    ("FOREACH", writes::foreach),
];

/// The clause that begins here.
pub fn clause(cursor: &Cursor<'_>) -> Option<fn(&mut Cursor<'_>) -> Parsed> {
    let word = cursor.word(0)?;
    CLAUSES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, read)| *read)
}

/// Whether the word begins a clause.
pub fn is_clause(word: &str) -> bool {
    CLAUSES
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(word))
}

/// One clause or more.
pub fn sequence(cursor: &mut Cursor<'_>) -> Parsed {
    let mut read = clause(cursor)?;
    loop {
        cursor.step();
        read(cursor)?;
        match clause(cursor) {
            Some(next) => read = next,
            None => return Some(()),
        }
    }
}

fn optional(cursor: &mut Cursor<'_>) -> Parsed {
    if cursor.eat_word("MATCH") {
        return matching(cursor);
    }
    cursor.need_word("CALL")?;
    calls::call(cursor)
}

fn unwind(cursor: &mut Cursor<'_>) -> Parsed {
    expression(cursor)?;
    cursor.need_word("AS")?;
    let name = cursor.name()?;
    cursor.scope.forget(&name);
    Some(())
}

/// `LET x = 1, y = x + 1` (Cypher 25).
fn assign(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.list(|cursor| {
        let name = cursor.name()?;
        cursor.need("=")?;
        cursor.scope.forget(&name);
        expression(cursor)
    })
}

/// `FILTER n.x = 1`, `FILTER WHERE n.x = 1` (Cypher 25).
fn filter(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.eat_word("WHERE");
    cursor.report.features.filters = true;
    expression(cursor)
}

fn load_csv(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.need_word("CSV")?;
    if cursor.eat_word("WITH") {
        cursor.need_word("HEADERS")?;
    }
    cursor.need_word("FROM")?;
    expression(cursor)?;
    cursor.need_word("AS")?;
    let name = cursor.name()?;
    cursor.scope.forget(&name);
    if cursor.eat_word("FIELDTERMINATOR") {
        cursor.eat_kind(TokenKind::Text)?;
    }
    cursor.report.load_csv = true;
    cursor.report.broad = true;
    Some(())
}

/// `USE name`, `USE composite.name`, `USE graph.byName(..)`.
fn use_graph(cursor: &mut Cursor<'_>) -> Parsed {
    if cursor.is_word(0, "GRAPH") && cursor.is_name(1) {
        cursor.step();
    }
    cursor.report.uses_graph = true;
    cursor.report.broad = true;
    cursor.report.wide = true;
    if cursor.is_mark(0, "(") {
        return expression(cursor);
    }
    cursor.name()?;
    while cursor.eat(".") {
        cursor.name()?;
    }
    if cursor.eat("(") {
        cursor.list(expression)?;
        return cursor.need(")");
    }
    Some(())
}
