//! WITH and RETURN: what is known behind them, and in which order rows come.

use crate::clauses::clause;
use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;
use crate::matching::condition;
use crate::scope::Binding;
use crate::words::any_of;
use std::borrow::Cow;

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

pub fn with(cursor: &mut Cursor<'_>) -> Parsed {
    items(cursor)?;
    ordering(cursor)?;
    condition(cursor)
}

pub fn returning(cursor: &mut Cursor<'_>) -> Parsed {
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

pub fn order_by(cursor: &mut Cursor<'_>) -> Parsed {
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

pub fn limit(cursor: &mut Cursor<'_>) -> Parsed {
    if let Some(limit) = cursor.look(0).and_then(|token| token.raw.parse().ok()) {
        cursor.report.features.limit = limit;
    }
    expression(cursor)
}
