//! Label and type expressions: `:A`, `:A:B`, `:A&(B|!C)`, `IS A`, `:%`, `:$(..)`.

use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;

/// The names of a label expression.
#[derive(Debug, Default)]
pub struct Labels {
    pub names: Vec<String>,
    /// Something other than plain names joined by "and" or "or": `!`, `%`, `$(..)`.
    pub special: bool,
    /// Joined by "or" somewhere.
    pub either: bool,
}

impl Labels {
    /// Whether these are plain names, all of them static.
    pub fn are_static(&self) -> bool {
        !self.special && !self.names.is_empty()
    }
}

/// Whether a label expression begins here: `:`, or `IS` before what can only be a label.
pub fn begins(cursor: &Cursor<'_>) -> bool {
    let is = cursor.is_word(0, "IS");
    cursor.is_mark(0, ":")
        || is && (cursor.is_name(1) || cursor.is_mark_of(1, &["%", "!", "(", "$"]))
}

/// A label expression, if one begins here.
pub fn labels(cursor: &mut Cursor<'_>) -> Option<Option<Labels>> {
    if !begins(cursor) {
        return Some(None);
    }
    cursor.step();
    let mut labels = Labels::default();
    joined(cursor, &mut labels)?;
    Some(Some(labels))
}

fn joined(cursor: &mut Cursor<'_>, labels: &mut Labels) -> Parsed {
    term(cursor, labels)?;
    loop {
        if cursor.is_mark(0, "|") && !cursor.bar_ends {
            cursor.step();
            cursor.eat(":");
            labels.either = true;
        } else if !cursor.eat("&") && !cursor.eat(":") {
            return Some(());
        }
        term(cursor, labels)?;
    }
}

fn term(cursor: &mut Cursor<'_>, labels: &mut Labels) -> Parsed {
    while cursor.eat("!") {
        labels.special = true;
    }
    if cursor.eat("(") {
        cursor.with_bar(false, |cursor| {
            cursor.deeper(|cursor| joined(cursor, labels))
        })?;
        return cursor.need(")");
    }
    if cursor.eat("%") {
        labels.special = true;
        return Some(());
    }
    if cursor.eat("$") {
        labels.special = true;
        let _ = cursor.eat_word("ALL") || cursor.eat_word("ANY");
        cursor.need("(")?;
        cursor.with_bar(false, expression)?;
        return cursor.need(")");
    }
    labels.names.push(cursor.name()?.into_owned());
    Some(())
}
