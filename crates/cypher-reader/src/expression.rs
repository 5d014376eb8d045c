//! Expressions, flat: operands with operators between. Precedence does not matter here; what
//! matters is that every token of an expression is consumed as part of it, and no clause is.

use crate::cursor::{Cursor, Parsed};
use crate::labels::labels;
use crate::lexer::TokenKind;
use crate::matching;
use crate::named::named;
use crate::pattern::{self, Role};
use crate::type_tests::{is_test, type_name};
use crate::words::any_of;

/// Marks between two operands.
const OPERATORS: &[&str] = &[
    "=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^", "||", "=~",
];
/// Words between two operands.
const OPERATOR_WORDS: &[&str] = &["AND", "OR", "XOR", "IN", "CONTAINS"];

/// One expression.
pub fn expression(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.deeper(|cursor| {
        loop {
            target(cursor)?;
            if !operator(cursor)? {
                return Some(());
            }
        }
    })
}

/// One operand with what is before and behind it: the left side of an assignment, too.
pub fn target(cursor: &mut Cursor<'_>) -> Parsed {
    while cursor.is_mark_of(0, &["+", "-"]) || cursor.is_word(0, "NOT") {
        cursor.step();
    }
    operand(cursor)?;
    while postfix(cursor)? {}
    Some(())
}

/// An operator that wants another operand; whether there was one.
pub fn operator(cursor: &mut Cursor<'_>) -> Option<bool> {
    let Some(token) = cursor.look(0) else {
        return Some(false);
    };
    let is_word = token.kind == TokenKind::Word;
    let follows_with = is_word && any_of(token.raw, &["STARTS", "ENDS"]);
    let found =
        follows_with || token.is_mark_of(OPERATORS) || is_word && any_of(token.raw, OPERATOR_WORDS);
    if found {
        cursor.step();
    }
    if follows_with {
        cursor.need_word("WITH")?;
    }
    Some(found)
}

/// A property, an index, a label test, a null, type or normal form test; whether there was one.
pub fn postfix(cursor: &mut Cursor<'_>) -> Option<bool> {
    if cursor.eat(".") {
        cursor.name()?;
    } else if cursor.is_mark(0, "[") {
        index(cursor)?;
    } else if cursor.eat("::") {
        type_name(cursor)?;
    } else if cursor.is_word(0, "IS") {
        is_test(cursor)?;
    } else if cursor.is_mark(0, ":") {
        labels(cursor)?;
    } else {
        return Some(false);
    }
    Some(true)
}

/// `[1]`, `[1..2]`, `[..2]`, `[1..]`.
fn index(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.need("[")?;
    cursor.with_bar(false, |cursor| {
        if !cursor.is_mark(0, "..") {
            expression(cursor)?;
        }
        if cursor.eat("..") && !cursor.is_mark(0, "]") {
            expression(cursor)?;
        }
        cursor.need("]")
    })
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed {
    let token = cursor.look(0)?;
    match (token.kind, token.raw) {
        (TokenKind::Number | TokenKind::Text, _) => {
            cursor.step();
            Some(())
        }
        (TokenKind::Mark, "$") => parameter(cursor),
        (TokenKind::Mark, "(") => parentheses(cursor),
        (TokenKind::Mark, "[") => list(cursor),
        (TokenKind::Mark, "{") => map(cursor),
        (TokenKind::Word | TokenKind::Quoted, _) => named(cursor),
        _ => None,
    }
}

fn parameter(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.need("$")?;
    match cursor.eat_kind(TokenKind::Number) {
        Some(_) => Some(()),
        None => cursor.name().map(drop),
    }
}

fn parentheses(cursor: &mut Cursor<'_>) -> Parsed {
    if pattern::is_ahead(cursor) {
        let mark = cursor.scope.mark();
        cursor.with_bar(false, |cursor| pattern::pattern(cursor, Role::Match))?;
        cursor.scope.rewind(mark);
        return Some(());
    }
    cursor.need("(")?;
    cursor.with_bar(false, expression)?;
    cursor.need(")")
}

/// A list, a list comprehension or a pattern comprehension.
fn list(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.need("[")?;
    if cursor.eat("]") {
        return Some(());
    }
    let mark = cursor.scope.mark();
    cursor.with_bar(true, |cursor| cursor.list(list_item))?;
    cursor.scope.rewind(mark);
    cursor.need("]")
}

fn list_item(cursor: &mut Cursor<'_>) -> Parsed {
    let path = cursor.is_name(0) && cursor.is_mark(1, "=") && cursor.is_mark(2, "(");
    if path || pattern::is_ahead(cursor) {
        cursor.with_bar(false, |cursor| pattern::pattern(cursor, Role::Match))?;
        while operator(cursor)? {
            target(cursor)?;
        }
    } else {
        binder(cursor);
        expression(cursor)?;
    }
    binder_tail(cursor)
}

/// What comes before `IN list` or `= start` may be a new variable, that hides an outer one.
pub fn binder(cursor: &mut Cursor<'_>) {
    if (cursor.is_word(1, "IN") || cursor.is_mark(1, "="))
        && let Some(name) = cursor.next_name()
    {
        cursor.scope.forget(&name);
    }
}

/// Behind `x IN list` or a pattern: an optional condition, an optional `| expression`.
pub fn binder_tail(cursor: &mut Cursor<'_>) -> Parsed {
    matching::condition(cursor)?;
    if cursor.eat("|") {
        expression(cursor)?;
    }
    Some(())
}

/// A map literal.
pub fn map(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.need("{")?;
    if cursor.eat("}") {
        return Some(());
    }
    cursor.with_bar(false, |cursor| {
        cursor.list(|cursor| {
            cursor.name()?;
            cursor.need(":")?;
            expression(cursor)
        })
    })?;
    cursor.need("}")
}

/// Behind a variable: `{.name, .*, key: value, other}`.
pub fn projection(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.need("{")?;
    if cursor.eat("}") {
        return Some(());
    }
    cursor.with_bar(false, |cursor| cursor.list(projected))?;
    cursor.need("}")
}

fn projected(cursor: &mut Cursor<'_>) -> Parsed {
    if cursor.eat(".") {
        return match cursor.eat("*") {
            true => Some(()),
            false => cursor.name().map(drop),
        };
    }
    cursor.name()?;
    match cursor.eat(":") {
        true => expression(cursor),
        false => Some(()),
    }
}
