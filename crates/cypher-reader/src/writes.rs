//! Clauses that change data. They are read to their end so that a write can be proven narrow;
//! whatever is not in the table "a WRITE may be narrow" is wide.

use crate::clauses;
use crate::cursor::{Cursor, Parsed};
use crate::expression::{expression, target};
use crate::labels::labels;
use crate::pattern::{Role, pattern, patterns};
use crate::scope::Binding;
use std::rc::Rc;

/// Behind CREATE and INSERT.
pub fn create(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.report.writes = true;
    patterns(cursor, Role::Create)
}

/// Behind MERGE.
pub fn merge(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.report.writes = true;
    pattern(cursor, Role::Merge)?;
    while cursor.eat_word("ON") {
        let _ = cursor.eat_word("MATCH") || cursor.eat_word("CREATE");
        cursor.need_word("SET")?;
        set(cursor)?;
    }
    Some(())
}

/// Behind SET.
pub fn set(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.report.writes = true;
    cursor.list(|cursor| {
        changed(cursor)?;
        match cursor.eat("=") || cursor.eat("+=") {
            true => expression(cursor),
            false => Some(()),
        }
    })
}

/// Behind REMOVE.
pub fn remove(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.report.writes = true;
    cursor.list(changed)
}

/// What SET and REMOVE change: properties of a relationship are narrow, all else is wide.
fn changed(cursor: &mut Cursor<'_>) -> Parsed {
    let property = cursor.is_mark(1, ".") && !cursor.is_mark_of(3, &[":", ".", "["]);
    let whole = cursor.is_mark_of(1, &["=", "+="]);
    match relationship_here(cursor).filter(|_| property || whole) {
        Some(types) => cursor.report.changes_types(&types),
        None => cursor.report.wide = true,
    }
    if cursor.is_name(0) && cursor.is_mark_of(1, &[":"]) || cursor.is_word(1, "IS") {
        cursor.name()?;
        return labels(cursor).map(drop);
    }
    target(cursor)
}

/// The types of the relationship variable at this place.
fn relationship_here(cursor: &Cursor<'_>) -> Option<Rc<[String]>> {
    match cursor.scope.get(&cursor.next_name()?) {
        Some(Binding::Relationship(types)) => Some(Rc::clone(types)),
        _ => None,
    }
}

/// Behind DETACH and NODETACH.
pub fn detach(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.report.wide = true;
    cursor.need_word("DELETE")?;
    delete(cursor)
}

/// Behind DELETE: only a plain relationship variable is narrow.
pub fn delete(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.report.writes = true;
    cursor.list(|cursor| {
        let types = relationship_here(cursor);
        let start = cursor.place();
        expression(cursor)?;
        match types.filter(|_| cursor.place() == start + 1) {
            Some(types) => cursor.report.changes_types(&types),
            None => cursor.report.wide = true,
        }
        Some(())
    })
}

/// Behind FOREACH.
pub fn foreach(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.report.writes = true;
    cursor.report.wide = true;
    cursor.need("(")?;
    cursor.name()?;
    cursor.need_word("IN")?;
    cursor.with_bar(true, expression)?;
    cursor.need("|")?;
    cursor.with_bar(false, |cursor| cursor.deeper(clauses::sequence))?;
    cursor.need(")")
}
