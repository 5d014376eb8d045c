//! Operands that begin with a name: CASE, a subquery, a function, a variable.

use crate::clauses;
use crate::cursor::{Cursor, Parsed};
use crate::expression::{expression, operator, postfix, projection};
use crate::functions::call;
use crate::lexer::TokenKind;
use crate::matching;
use crate::pattern::{self, Role, patterns};
use crate::statement::{OuterScope, braces};
use crate::words::any_of;

/// What begins with a name: CASE, a subquery, a function, a variable.
pub fn named(cursor: &mut Cursor<'_>) -> Parsed {
    const SUBQUERIES: &[&str] = &["EXISTS", "COUNT", "COLLECT"];
    let word = cursor.word(0);
    if cursor.is_word(0, "CASE") && case_begins(cursor) {
        return case(cursor);
    }
    if cursor.is_mark(1, "{") && word.is_some_and(|word| any_of(word, SUBQUERIES)) {
        cursor.step();
        return subquery(cursor);
    }
    if pattern::is_shortest(cursor) {
        return cursor.with_bar(false, |cursor| pattern::pattern(cursor, Role::Match));
    }
    if let Some(length) = function_ahead(cursor) {
        return call(cursor, length);
    }
    cursor.name()?;
    match cursor.is_mark(0, "{") {
        true => projection(cursor),
        false => Some(()),
    }
}

/// The number of tokens of a function's name, when one is called here.
fn function_ahead(cursor: &Cursor<'_>) -> Option<usize> {
    let mut length = 1;
    while cursor.is_mark(length, ".") && cursor.is_name(length + 1) {
        length += 2;
    }
    cursor.is_mark(length, "(").then_some(length)
}

/// `EXISTS { .. }`, `COUNT { .. }`, `COLLECT { .. }`: a query, or patterns with a condition.
fn subquery(cursor: &mut Cursor<'_>) -> Parsed {
    if is_query(cursor) {
        return braces(cursor, OuterScope::Visible);
    }
    let mark = cursor.scope.mark();
    cursor.need("{")?;
    cursor.with_bar(false, |cursor| {
        cursor.deeper(|cursor| {
            patterns(cursor, Role::Match)?;
            matching::condition(cursor)
        })
    })?;
    cursor.scope.rewind(mark);
    cursor.need("}")
}

/// Whether the braces here hold clauses rather than patterns.
fn is_query(cursor: &Cursor<'_>) -> bool {
    if cursor.is_mark(2, "=") {
        return false;
    }
    let conditional = cursor.is_word(1, "WHEN");
    let inner = cursor.is_mark(1, "{");
    conditional || inner || cursor.word(1).is_some_and(clauses::is_clause)
}

/// Whether this `CASE` is the keyword, not a variable of that name.
fn case_begins(cursor: &Cursor<'_>) -> bool {
    let word = cursor
        .look(1)
        .is_some_and(|token| token.kind != TokenKind::Mark);
    word || cursor.is_mark_of(1, &["(", "[", "$", "-", "+", "{"])
}

fn case(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.need_word("CASE")?;
    cursor.with_bar(false, |cursor| {
        if !cursor.is_word(0, "WHEN") {
            expression(cursor)?;
        }
        cursor.need_word("WHEN")?;
        loop {
            cursor.list(when)?;
            cursor.need_word("THEN")?;
            expression(cursor)?;
            if !cursor.eat_word("WHEN") {
                break;
            }
        }
        if cursor.eat_word("ELSE") {
            expression(cursor)?;
        }
        cursor.need_word("END")
    })
}

/// A condition of CASE; it may begin with an operator (`WHEN > 3`, `WHEN IS NULL`).
fn when(cursor: &mut Cursor<'_>) -> Parsed {
    if !cursor.is_mark_of(0, &["+", "-"]) && operator(cursor)? {
        return expression(cursor);
    }
    if cursor.is_word(0, "IS") || cursor.is_mark(0, "::") {
        return postfix(cursor).map(drop);
    }
    expression(cursor)
}
