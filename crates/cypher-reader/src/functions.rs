//! Function calls, and when a temporal function reads the clock instead of its argument.

use crate::cursor::{Cursor, Parsed};
use crate::expression::{binder, binder_tail, expression};
use crate::lexer::TokenKind;
use crate::words::any_of;

/// Functions that read the clock unless an argument gives the time, with the keys of which a map needs one.
const CLOCKS: &[(&str, &[&str])] = &[
    ("date", &["year", "date", "datetime"]),
    (
        "datetime",
        &["year", "date", "datetime", "epochSeconds", "epochMillis"],
    ),
    (
        "localdatetime",
        &["year", "date", "datetime", "epochSeconds", "epochMillis"],
    ),
    ("localtime", &["hour", "time"]),
];

/// Functions that read nodes which a pattern need not have named.
const REACHING: &[&str] = &["nodes", "startnode", "endnode"];

/// A call whose name is `length` tokens long.
pub fn call(cursor: &mut Cursor<'_>, length: usize) -> Parsed {
    let mut name = cursor.name()?.into_owned();
    for _ in 0..length / 2 {
        cursor.need(".")?;
        name.push('.');
        name.push_str(&cursor.name()?);
    }
    let name = name.to_lowercase();
    cursor.need("(")?;
    note(cursor, &name);
    cursor.with_bar(true, arguments)?;
    cursor.need(")")
}

fn note(cursor: &mut Cursor<'_>, name: &str) {
    let clock = reads_clock(cursor, name);
    let report = &mut cursor.report;
    report.reads_clock |= clock;
    report.broad |= REACHING.contains(&name);
    if !report.function(name) {
        report.reads_clock = true;
    }
}

/// Whether the arguments that begin here leave the time to the clock.
fn reads_clock(cursor: &Cursor<'_>, name: &str) -> bool {
    if name.ends_with(".truncate") {
        return !has_second_argument(cursor);
    }
    CLOCKS
        .iter()
        .find(|(clock, _)| *clock == name)
        .is_some_and(|(_, keys)| !gives_time(cursor, keys))
}

/// A string, a property of a node or relationship, or a map with one of the keys. Anything else may
/// be a map without them.
fn gives_time(cursor: &Cursor<'_>, keys: &[&str]) -> bool {
    if cursor.is_kind(0, TokenKind::Text) {
        return cursor.is_mark(1, ")");
    }
    if cursor.is_mark(0, "{") {
        let key = |at: usize| {
            cursor.is_mark(at + 1, ":") && cursor.word(at).is_some_and(|word| keys.contains(&word))
        };
        let alone = cursor
            .closing(0)
            .is_some_and(|closing| cursor.is_mark(closing + 1, ")"));
        return alone && (key(1) || commas(cursor, 1).any(|comma| key(comma + 1)));
    }
    let stored = cursor
        .word(0)
        .is_some_and(|word| cursor.scope.get(word).is_some());
    stored && cursor.is_mark(1, ".") && cursor.is_name(2) && cursor.is_mark(3, ")")
}

/// Whether there is a comma at the level of the arguments that begin here.
fn has_second_argument(cursor: &Cursor<'_>) -> bool {
    commas(cursor, 0).next().is_some()
}

/// Where commas stand, from a place up to the end of the brackets around it; not in inner brackets.
fn commas(cursor: &Cursor<'_>, from: usize) -> impl Iterator<Item = usize> {
    let next = |at: &usize| match cursor.is_mark_of(*at, &["(", "[", "{"]) {
        true => cursor.closing(*at).map(|closing| closing + 1),
        false => Some(at + 1),
    };
    let inside =
        |at: &usize| cursor.look(*at).is_some() && !cursor.is_mark_of(*at, &[")", "]", "}"]);
    std::iter::successors(Some(from), next)
        .take_while(inside)
        .filter(|at| cursor.is_mark(*at, ","))
}

fn arguments(cursor: &mut Cursor<'_>) -> Parsed {
    const BEHIND: &[&str] = &[")", ",", ".", "="];
    if cursor.is_mark(0, ")") {
        return Some(());
    }
    if cursor.is_mark(0, "*") && cursor.is_mark(1, ")") {
        cursor.step();
        return Some(());
    }
    let all = cursor.is_word(0, "ALL") && !cursor.is_mark(1, "(");
    if (cursor.is_word(0, "DISTINCT") || all) && !cursor.is_mark_of(1, BEHIND) {
        cursor.step();
    }
    trimmed(cursor)?;
    let mark = cursor.scope.mark();
    cursor.list(|cursor| {
        binder(cursor);
        expression(cursor)?;
        binder_tail(cursor)
    })?;
    cursor.scope.rewind(mark);
    Some(())
}

/// `trim(BOTH 'x' FROM y)`: what comes before the last operand.
fn trimmed(cursor: &mut Cursor<'_>) -> Parsed {
    const SIDES: &[&str] = &["BOTH", "LEADING", "TRAILING"];
    let side = cursor.word(0).is_some_and(|word| any_of(word, SIDES));
    if side && !cursor.is_mark_of(1, &[")", ",", "."]) {
        cursor.step();
        if !cursor.is_word(0, "FROM") {
            expression(cursor)?;
        }
        return cursor.need_word("FROM");
    }
    let text = cursor.is_kind(0, TokenKind::Text) || cursor.is_name(0);
    if text && cursor.is_word(1, "FROM") {
        cursor.step();
        cursor.step();
    }
    Some(())
}
