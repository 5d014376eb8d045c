//! Patterns: nodes, relationships, paths. What a pattern means for tags depends on its role; the
//! rules are those of the tables "a READ may be narrow" and "a WRITE may be narrow".

use crate::cursor::{Cursor, Parsed};
use crate::expression::map;
use crate::features::UNBOUNDED_DEPTH;
use crate::labels::labels;
use crate::lexer::TokenKind;
use crate::matching::condition;
use crate::open_pattern::OpenPattern;
use crate::words::any_of;

/// What a pattern is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is looked for.
    Match,
    /// It is created.
    Create,
    /// It is looked for, and created when it is not there.
    Merge,
}

/// Patterns with commas between.
pub fn patterns(cursor: &mut Cursor<'_>, role: Role) -> Parsed {
    cursor.list(|cursor| pattern(cursor, role))
}

/// One pattern, perhaps with a path variable and a selector.
pub fn pattern(cursor: &mut Cursor<'_>, role: Role) -> Parsed {
    const SELECTORS: &[&str] = &["ANY", "ALL", "SHORTEST", "PATH", "PATHS", "GROUP", "GROUPS"];
    let mut part = OpenPattern::new(role);
    if cursor.is_name(0) && cursor.is_mark(1, "=") {
        part.path = true;
        let name = cursor.name()?;
        cursor.scope.forget(&name);
        cursor.step();
    }
    while cursor.word(0).is_some_and(|word| any_of(word, SELECTORS))
        || cursor.is_kind(0, TokenKind::Number)
    {
        part.many = true;
        cursor.report.broad = true;
        cursor.step();
    }
    if is_shortest(cursor) {
        return shortest(cursor, part);
    }
    element(cursor, &mut part)?;
    part.close(cursor);
    Some(())
}

/// Whether `shortestPath(` or `allShortestPaths(` begins here.
pub fn is_shortest(cursor: &Cursor<'_>) -> bool {
    const WORDS: &[&str] = &["SHORTESTPATH", "ALLSHORTESTPATHS"];
    cursor.is_mark(1, "(") && cursor.word(0).is_some_and(|word| any_of(word, WORDS))
}

fn shortest(cursor: &mut Cursor<'_>, mut part: OpenPattern) -> Parsed {
    cursor.step();
    cursor.need("(")?;
    part.many = true;
    cursor.report.broad = true;
    element(cursor, &mut part)?;
    part.close(cursor);
    cursor.need(")")
}

/// Whether the parenthesis here is a node with a relationship behind it.
pub fn is_ahead(cursor: &Cursor<'_>) -> bool {
    let Some(closing) = cursor.closing(0).filter(|_| cursor.is_mark(0, "(")) else {
        return false;
    };
    let mut after = closing + 1;
    let left = cursor.is_mark(after, "<");
    after += usize::from(left);
    if !cursor.is_mark(after, "-") {
        return false;
    }
    if cursor.is_mark(after + 1, "[") {
        let behind = cursor.closing(after + 1).map_or(0, |closing| closing + 1);
        return cursor.is_mark(behind, "-");
    }
    cursor.is_mark(after + 1, "-") && cursor.is_mark_of(after + 2, &["(", ">"])
}

/// Nodes and relationships in a row, and paths in parentheses.
fn element(cursor: &mut Cursor<'_>, part: &mut OpenPattern) -> Parsed {
    loop {
        let named = cursor.is_name(1) && cursor.is_mark(2, "=");
        if cursor.is_mark(0, "(") && (cursor.is_mark(1, "(") || named) {
            cursor.deeper(|cursor| quantified(cursor, part))?;
        } else {
            chain(cursor, part)?;
        }
        if !cursor.is_mark(0, "(") {
            return Some(());
        }
    }
}

/// A path in parentheses: its inner nodes are read one by one, so nothing about it is narrow.
fn quantified(cursor: &mut Cursor<'_>, part: &mut OpenPattern) -> Parsed {
    cursor.need("(")?;
    cursor.report.broad = true;
    cursor.report.wide = true;
    let outer = std::mem::take(&mut cursor.report.features.depth);
    pattern(cursor, part.role)?;
    let inner = std::mem::replace(&mut cursor.report.features.depth, outer);
    condition(cursor)?;
    cursor.need(")")?;
    let times = quantifier(cursor)?.unwrap_or(1);
    part.depth = part.depth.saturating_add(inner.saturating_mul(times));
    part.many = true;
    Some(())
}

fn chain(cursor: &mut Cursor<'_>, part: &mut OpenPattern) -> Parsed {
    let alone = !is_ahead(cursor);
    node(cursor, part, alone)?;
    while cursor.is_mark_of(0, &["-", "<"]) {
        relationship(cursor, part)?;
        if let Some(times) = quantifier(cursor)? {
            part.depth = part.depth.saturating_add(times.saturating_sub(1));
            part.many = true;
        }
        node(cursor, part, false)?;
    }
    Some(())
}

/// `{2}`, `{1,3}`, `+`, `*`: the upper bound.
fn quantifier(cursor: &mut Cursor<'_>) -> Option<Option<u32>> {
    if cursor.eat("+") || cursor.eat("*") {
        return Some(Some(UNBOUNDED_DEPTH));
    }
    if !cursor.eat("{") {
        return Some(None);
    }
    let mut upper = bound(cursor);
    if cursor.eat(",") {
        upper = bound(cursor);
    }
    cursor.need("}")?;
    Some(upper.or(Some(UNBOUNDED_DEPTH)))
}

/// A number that bounds a length, if there is one here.
fn bound(cursor: &mut Cursor<'_>) -> Option<u32> {
    cursor.eat_kind(TokenKind::Number)?.parse().ok()
}

/// The variable of a node or relationship; `WHERE` and `IS` may stand in its place.
fn variable(cursor: &mut Cursor<'_>) -> Option<String> {
    const BEHIND: &[&str] = &[")", "]", ":", "{", "$", "*"];
    let keyword = cursor.is_word(0, "WHERE") || cursor.is_word(0, "IS");
    if keyword && !cursor.is_mark_of(1, BEHIND) {
        return None;
    }
    cursor.name().map(|name| name.into_owned())
}

/// Properties; whether there were any.
fn properties(cursor: &mut Cursor<'_>) -> Option<bool> {
    if cursor.is_mark(0, "{") {
        map(cursor)?;
        return Some(true);
    }
    if !cursor.eat("$") {
        return Some(false);
    }
    if cursor.eat_kind(TokenKind::Number).is_none() {
        cursor.name()?;
    }
    Some(true)
}

fn node(cursor: &mut Cursor<'_>, part: &mut OpenPattern, alone: bool) -> Parsed {
    cursor.need("(")?;
    let name = variable(cursor);
    let labels = cursor.with_bar(false, labels)?;
    let mut filtered = properties(cursor)?;
    filtered |= cursor.is_word(0, "WHERE");
    cursor.report.features.filters |= filtered;
    condition(cursor)?;
    cursor.need(")")?;
    part.nodes += 1;
    part.node(cursor, name, labels, !alone && !filtered);
    Some(())
}

fn relationship(cursor: &mut Cursor<'_>, part: &mut OpenPattern) -> Parsed {
    cursor.eat("<");
    cursor.need("-")?;
    part.hops += 1;
    if cursor.eat("[") {
        let name = variable(cursor);
        let types = cursor.with_bar(false, labels)?;
        let depth = length(cursor)?;
        cursor.report.features.filters |= properties(cursor)? || cursor.is_word(0, "WHERE");
        condition(cursor)?;
        cursor.need("]")?;
        part.depth = part.depth.saturating_add(depth.unwrap_or(1));
        part.many |= depth.is_some();
        part.relationship(cursor, name, types);
    } else {
        part.depth = part.depth.saturating_add(1);
        part.relationship(cursor, None, None);
    }
    cursor.need("-")?;
    cursor.eat(">");
    Some(())
}

/// `*`, `*2`, `*1..3`: the upper bound.
fn length(cursor: &mut Cursor<'_>) -> Option<Option<u32>> {
    if !cursor.eat("*") {
        return Some(None);
    }
    let mut upper = bound(cursor);
    if cursor.eat("..") {
        upper = bound(cursor);
    }
    Some(upper.or(Some(UNBOUNDED_DEPTH)))
}
