//! What `IS` asks of an operand, and the names of types.

use crate::cursor::{Cursor, Parsed};
use crate::labels::{self, labels};
use crate::lexer::TokenKind;
use crate::words::any_of;

/// Words of type names (`x IS :: LIST<INTEGER NOT NULL>`), without `WITH`, which may begin a clause.
const TYPES: &[&str] = &[
    "ANY",
    "ARRAY",
    "BOOL",
    "BOOLEAN",
    "DATE",
    "DATETIME",
    "DURATION",
    "EDGE",
    "FLOAT",
    "FLOAT32",
    "FLOAT64",
    "INT",
    "INT16",
    "INT32",
    "INT64",
    "INT8",
    "INTEGER",
    "INTEGER16",
    "INTEGER32",
    "INTEGER64",
    "INTEGER8",
    "LIST",
    "LOCAL",
    "MAP",
    "NODE",
    "NOT",
    "NOTHING",
    "NULL",
    "PATH",
    "PATHS",
    "POINT",
    "PROPERTY",
    "RELATIONSHIP",
    "SIGNED",
    "STRING",
    "TIME",
    "TIMESTAMP",
    "TIMEZONE",
    "VALUE",
    "VARCHAR",
    "VECTOR",
    "VERTEX",
    "WITHOUT",
    "ZONE",
    "ZONED",
];

/// Behind an operand: `IS NULL`, `IS NOT TYPED INTEGER`, `IS NFC NORMALIZED`, `IS Label`.
pub fn is_test(cursor: &mut Cursor<'_>) -> Parsed {
    const FORMS: &[&str] = &["NFC", "NFD", "NFKC", "NFKD"];
    let not = usize::from(cursor.is_word(1, "NOT"));
    let form = usize::from(cursor.word(1 + not).is_some_and(|word| any_of(word, FORMS)));
    if cursor.is_word(1 + not, "NULL") {
        (0..2 + not).for_each(|_| cursor.step());
    } else if cursor.is_word(1 + not + form, "NORMALIZED") {
        (0..2 + not + form).for_each(|_| cursor.step());
    } else if cursor.is_word(1 + not, "TYPED") || cursor.is_mark(1 + not, "::") {
        (0..2 + not).for_each(|_| cursor.step());
        type_name(cursor)?;
    } else if labels::begins(cursor) {
        labels(cursor)?;
    } else {
        return None;
    }
    Some(())
}

/// A type; `WITH` belongs to it only between `TIME` and `TIMEZONE`.
pub fn type_name(cursor: &mut Cursor<'_>) -> Parsed {
    let mut length = 0;
    let mut last = "";
    loop {
        let timed = any_of(last, &["TIME", "TIMESTAMP"]) && cursor.is_word(0, "WITH");
        let zoned = cursor.is_word(1, "TIMEZONE") || cursor.is_word(1, "TIME");
        match cursor.word(0) {
            Some(word) if any_of(word, TYPES) || timed && zoned => last = word,
            _ if cursor.is_mark_of(0, &["<", ">", "!"]) && length > 0 => last = "",
            _ if length > 0 && dimension(cursor) => (0..2).for_each(|_| cursor.step()),
            _ if cursor.is_mark(0, "|") && !cursor.bar_ends && length > 0 => last = "",
            _ => return (length > 0).then_some(()),
        }
        cursor.step();
        length += 1;
    }
}

/// `(3)`, the dimension of a vector type.
fn dimension(cursor: &Cursor<'_>) -> bool {
    cursor.is_mark(0, "(") && cursor.is_kind(1, TokenKind::Number) && cursor.is_mark(2, ")")
}
