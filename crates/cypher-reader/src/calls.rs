//! `CALL`: procedures and subqueries.

use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;
use crate::matching::condition;
use crate::statement::{OuterScope, braces};
use crate::words::any_of;

/// Behind CALL.
pub fn call(cursor: &mut Cursor<'_>) -> Parsed {
    if cursor.is_mark(0, "{") || cursor.is_mark(0, "(") {
        return subquery(cursor);
    }
    procedure(cursor)
}

fn procedure(cursor: &mut Cursor<'_>) -> Parsed {
    let mut name = cursor.name()?.into_owned();
    while cursor.eat(".") {
        name.push('.');
        name.push_str(&cursor.name()?);
    }
    cursor.report.broad = true;
    if !cursor.report.procedure(&name) {
        return None;
    }
    if cursor.eat("(") && !cursor.eat(")") {
        cursor.list(expression)?;
        cursor.need(")")?;
    }
    if !cursor.eat_word("YIELD") || cursor.eat("*") {
        return Some(());
    }
    cursor.list(yielded)?;
    condition(cursor)
}

fn yielded(cursor: &mut Cursor<'_>) -> Parsed {
    let mut name = cursor.name()?;
    if cursor.eat_word("AS") {
        name = cursor.name()?;
    }
    cursor.scope.forget(&name);
    Some(())
}

fn subquery(cursor: &mut Cursor<'_>) -> Parsed {
    let mark = cursor.scope.mark();
    if cursor.eat("(") {
        imported(cursor)?;
        braces(cursor, OuterScope::Visible)?;
    } else {
        braces(cursor, OuterScope::ByWith)?;
    }
    cursor.scope.rewind(mark);
    if cursor.is_word(0, "IN") {
        in_transactions(cursor)?;
    }
    Some(())
}

/// `*`, or names, up to the closing parenthesis: what of the scope the subquery sees.
fn imported(cursor: &mut Cursor<'_>) -> Parsed {
    if cursor.eat("*") {
        return cursor.need(")");
    }
    let mut names = Vec::new();
    if !cursor.is_mark(0, ")") {
        cursor.list(|cursor| {
            names.push(cursor.name()?.into_owned());
            Some(())
        })?;
    }
    cursor.scope.keep(&names);
    cursor.need(")")
}

/// `IN 3 CONCURRENT TRANSACTIONS OF 100 ROWS ON ERROR CONTINUE REPORT STATUS AS s`.
fn in_transactions(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.need_word("IN")?;
    if !cursor.is_word(0, "TRANSACTIONS") {
        if !cursor.is_word(0, "CONCURRENT") {
            expression(cursor)?;
        }
        cursor.need_word("CONCURRENT")?;
    }
    cursor.need_word("TRANSACTIONS")?;
    cursor.report.in_transactions = true;
    cursor.report.wide = true;
    loop {
        if cursor.eat_word("OF") {
            expression(cursor)?;
            one_of(cursor, &["ROW", "ROWS"])?;
        } else if cursor.eat_word("ON") {
            cursor.need_word("ERROR")?;
            on_error(cursor)?;
        } else if cursor.eat_word("REPORT") {
            cursor.need_word("STATUS")?;
            cursor.need_word("AS")?;
            cursor.name()?;
        } else {
            return Some(());
        }
    }
}

/// `CONTINUE`, or `RETRY FOR 3 SECONDS THEN CONTINUE` (Cypher 25).
fn on_error(cursor: &mut Cursor<'_>) -> Parsed {
    const OUTCOMES: &[&str] = &["CONTINUE", "BREAK", "FAIL"];
    if !cursor.eat_word("RETRY") {
        return one_of(cursor, OUTCOMES);
    }
    if cursor.eat_word("FOR") {
        expression(cursor)?;
        one_of(cursor, &["SEC", "SECOND", "SECONDS"])?;
    }
    match cursor.eat_word("THEN") {
        true => one_of(cursor, OUTCOMES),
        false => Some(()),
    }
}

fn one_of(cursor: &mut Cursor<'_>, words: &[&str]) -> Parsed {
    let found = cursor.word(0).is_some_and(|word| any_of(word, words));
    cursor.step();
    found.then_some(())
}
