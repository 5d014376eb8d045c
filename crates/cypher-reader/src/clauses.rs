//! Clauses: a table of words and what follows each. A word in clause position that is not in
//! the table ends the sequence, and with it the statement is not understood.

use crate::calls;
use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;
use crate::lexer::TokenKind;
use crate::pattern::{Role, patterns};
use crate::scope::Binding;
use crate::search;
use crate::words::any_of;
use crate::writes;
use std::borrow::Cow;

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
fn clause(cursor: &Cursor<'_>) -> Option<fn(&mut Cursor<'_>) -> Parsed> {
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

/// Behind MATCH: patterns, hints, a condition, a search.
pub fn matching(cursor: &mut Cursor<'_>) -> Parsed {
    match_mode(cursor);
    patterns(cursor, Role::Match)?;
    while cursor.eat_word("USING") {
        hint(cursor)?;
    }
    condition(cursor)?;
    match cursor.eat_word("SEARCH") {
        true => search::search(cursor),
        false => Some(()),
    }
}

fn match_mode(cursor: &mut Cursor<'_>) {
    const MODES: &[&str] = &["REPEATABLE", "DIFFERENT"];
    const OF: &[&str] = &["ELEMENT", "ELEMENTS", "RELATIONSHIP", "RELATIONSHIPS"];
    let mode = cursor.word(0).is_some_and(|word| any_of(word, MODES));
    if mode && cursor.word(1).is_some_and(|word| any_of(word, OF)) {
        cursor.step();
        cursor.step();
        cursor.eat_word("BINDINGS");
    }
}

/// `USING INDEX n:Label(property)`, `USING SCAN n:Label`, `USING JOIN ON n, m`.
fn hint(cursor: &mut Cursor<'_>) -> Parsed {
    if cursor.eat_word("JOIN") {
        cursor.need_word("ON")?;
        return cursor.list(|cursor| cursor.name().map(drop));
    }
    let scan = cursor.eat_word("SCAN");
    if !scan {
        if !cursor.is_word(0, "INDEX") {
            cursor.name()?;
        }
        cursor.need_word("INDEX")?;
        if cursor.is_word(0, "SEEK") && !cursor.is_mark(1, ":") {
            cursor.step();
        }
    }
    cursor.name()?;
    cursor.need(":")?;
    cursor.name()?;
    if scan {
        return Some(());
    }
    cursor.need("(")?;
    cursor.list(|cursor| cursor.name().map(drop))?;
    cursor.need(")")
}

/// An optional WHERE.
pub fn condition(cursor: &mut Cursor<'_>) -> Parsed {
    if !cursor.eat_word("WHERE") {
        return Some(());
    }
    cursor.report.features.filters = true;
    expression(cursor)
}

fn optional(cursor: &mut Cursor<'_>) -> Parsed {
    if cursor.eat_word("MATCH") {
        return matching(cursor);
    }
    cursor.need_word("CALL")?;
    calls::call(cursor)
}

/// The items of WITH and RETURN: behind them their names are known, and with `*` all the others too.
fn items(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.eat_word("DISTINCT");
    let all = cursor.eat("*");
    let mut named: Vec<(Cow<'_, str>, Option<Binding>)> = Vec::new();
    if !all || cursor.eat(",") {
        cursor.list(|cursor| {
            let (from, to) = item(cursor)?;
            let binding = from.and_then(|from| cursor.scope.get(from).cloned());
            named.extend(to.map(|to| (to, binding)));
            Some(())
        })?;
    }
    if !all {
        cursor.scope.keep(&[]);
    }
    for (name, binding) in named {
        cursor.scope.set(&name, binding);
    }
    Some(())
}

/// One item: the variable, when it is a plain one, and its name from here on.
fn item<'a>(cursor: &mut Cursor<'a>) -> Option<(Option<&'a str>, Option<Cow<'a, str>>)> {
    let start = cursor.place();
    let from = cursor.word(0);
    expression(cursor)?;
    let from = from.filter(|_| cursor.place() == start + 1);
    let to = match cursor.eat_word("AS") {
        true => Some(cursor.name()?),
        false => from.map(Cow::Borrowed),
    };
    Some((from, to))
}

fn with(cursor: &mut Cursor<'_>) -> Parsed {
    items(cursor)?;
    ordering(cursor)?;
    condition(cursor)
}

fn returning(cursor: &mut Cursor<'_>) -> Parsed {
    items(cursor)?;
    ordering(cursor)
}

/// ORDER BY, SKIP, OFFSET and LIMIT, as they come.
pub fn ordering(cursor: &mut Cursor<'_>) -> Parsed {
    const WORDS: &[&str] = &["ORDER", "SKIP", "OFFSET", "LIMIT"];
    while cursor.word(0).is_some_and(|word| any_of(word, WORDS)) {
        let read = clause(cursor)?;
        cursor.step();
        read(cursor)?;
    }
    Some(())
}

fn order_by(cursor: &mut Cursor<'_>) -> Parsed {
    const WAYS: &[&str] = &["ASC", "ASCENDING", "DESC", "DESCENDING"];
    cursor.need_word("BY")?;
    cursor.list(|cursor| {
        expression(cursor)?;
        if cursor.word(0).is_some_and(|word| any_of(word, WAYS)) {
            cursor.step();
        }
        Some(())
    })
}

fn limit(cursor: &mut Cursor<'_>) -> Parsed {
    if let Some(limit) = cursor.look(0).and_then(|token| token.raw.parse().ok()) {
        cursor.report.features.limit = limit;
    }
    expression(cursor)
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
