//! MATCH: its mode, patterns, hints, condition and search.

use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;
use crate::pattern::{Role, patterns};
use crate::search;
use crate::words::any_of;

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
