//! The `SEARCH` of a MATCH (Cypher 25): an index decides which rows are found, so no tag says when the
//! rows change.

use crate::cursor::{Cursor, Parsed};
use crate::expression::expression;
use crate::matching::condition;

/// Behind SEARCH: `SEARCH n IN (VECTOR INDEX name FOR vector WHERE .. LIMIT 3) SCORE AS s` (Cypher 25).
pub fn search(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.report.index_search = true;
    cursor.report.broad = true;
    cursor.name()?;
    cursor.need_word("IN")?;
    cursor.need("(")?;
    cursor.need_word("VECTOR")?;
    cursor.need_word("INDEX")?;
    cursor.name()?;
    cursor.need_word("FOR")?;
    expression(cursor)?;
    condition(cursor)?;
    cursor.need_word("LIMIT")?;
    expression(cursor)?;
    cursor.need(")")?;
    if cursor.eat_word("SCORE") {
        cursor.need_word("AS")?;
        let name = cursor.name()?;
        cursor.scope.forget(&name);
    }
    condition(cursor)
}
