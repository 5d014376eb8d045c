//! Lists of words: which words begin a command, which change something, and which are written in capitals
//! when the shape of a statement is taken.

use std::sync::LazyLock;

/// Words that belong to the language wherever they stand unquoted, sorted; only shapes depend on this list.
const KEYWORDS: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "AS",
    "ASC",
    "ASCENDING",
    "BY",
    "CALL",
    "CASE",
    "COLLECT",
    "CONTAINS",
    "COUNT",
    "CREATE",
    "CSV",
    "CYPHER",
    "DELETE",
    "DESC",
    "DESCENDING",
    "DETACH",
    "DISTINCT",
    "ELSE",
    "END",
    "ENDS",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FINISH",
    "FOREACH",
    "FROM",
    "HEADERS",
    "IN",
    "INDEX",
    "INSERT",
    "IS",
    "LIMIT",
    "LOAD",
    "MATCH",
    "MERGE",
    "NODETACH",
    "NONE",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OPTIONAL",
    "OR",
    "ORDER",
    "PROFILE",
    "REDUCE",
    "REMOVE",
    "RETURN",
    "ROWS",
    "SET",
    "SHORTESTPATH",
    "SHOW",
    "SINGLE",
    "SKIP",
    "STARTS",
    "THEN",
    "TRANSACTIONS",
    "TRUE",
    "UNION",
    "UNWIND",
    "USE",
    "USING",
    "WHEN",
    "WHERE",
    "WITH",
    "XOR",
    "YIELD",
];

/// Words that change something wherever they are a keyword. A `SHOW` command that holds one is not taken for a read.
pub const CHANGING: &[&str] = &[
    "ALTER",
    "CREATE",
    "DEALLOCATE",
    "DELETE",
    "DENY",
    "DETACH",
    "DROP",
    "DRYRUN",
    "ENABLE",
    "FOREACH",
    "GRANT",
    "INSERT",
    "MERGE",
    "NODETACH",
    "REALLOCATE",
    "REMOVE",
    "RENAME",
    "REVOKE",
    "SET",
    "START",
    "STOP",
    "TERMINATE",
    "CALL",
];

/// Words behind `CREATE` or `DROP` that make it a command of the schema.
pub const SCHEMA: &[&str] = &[
    "INDEX",
    "CONSTRAINT",
    "RANGE",
    "TEXT",
    "POINT",
    "LOOKUP",
    "FULLTEXT",
    "VECTOR",
    "BTREE",
];

/// Words behind `CREATE` or `DROP` that make it a command of the server.
pub const SERVER: &[&str] = &[
    "DATABASE",
    "COMPOSITE",
    "USER",
    "ROLE",
    "IMMUTABLE",
    "ALIAS",
    "SERVER",
    "AUTH",
];

/// Words that begin a command of the server.
pub const ADMIN: &[&str] = &[
    "ALTER",
    "DEALLOCATE",
    "DENY",
    "DRYRUN",
    "ENABLE",
    "GRANT",
    "REALLOCATE",
    "RENAME",
    "REVOKE",
    "START",
    "STOP",
    "TERMINATE",
];

/// The keywords as numbers, in the same order.
static PACKED: LazyLock<Vec<u128>> = LazyLock::new(|| KEYWORDS.iter().filter_map(packed).collect());

/// A word in capitals as a number that sorts as the word does; `None` when it is longer than any keyword.
fn packed(word: impl AsRef<str>) -> Option<u128> {
    let word = word.as_ref().as_bytes();
    let mut upper = [0; 16];
    upper.get_mut(..word.len())?.copy_from_slice(word);
    upper.make_ascii_uppercase();
    Some(u128::from_be_bytes(upper))
}

/// Whether a word belongs to the language, in any case of its letters.
pub fn is_keyword(word: &str) -> bool {
    word.len() > 1 && packed(word).is_some_and(|word| PACKED.binary_search(&word).is_ok())
}

/// Whether a word is in a list, in any case of its letters.
pub fn any_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_found_in_any_case() {
        for word in KEYWORDS {
            assert!(
                is_keyword(word) && is_keyword(&word.to_lowercase()),
                "{word}"
            );
        }
        for word in ["", "MATCHES", "RETUR", "A_NAME_THAT_IS_LONGER_THAN_ANY"] {
            assert!(!is_keyword(word), "{word}");
        }
    }
}
