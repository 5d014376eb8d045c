//! Lists of words: which words begin a clause, a command, a type, and which are written in capitals
//! when the shape of a statement is taken.

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

/// Words of type names (`x IS :: LIST<INTEGER NOT NULL>`), without `WITH`, which may begin a clause.
pub const TYPES: &[&str] = &[
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

/// Whether a word belongs to the language, in any case of its letters.
pub fn is_keyword(word: &str) -> bool {
    let mut upper = [0; 16];
    let Some(upper) = upper.get_mut(..word.len()) else {
        return false;
    };
    upper.copy_from_slice(word.as_bytes());
    upper.make_ascii_uppercase();
    KEYWORDS
        .binary_search_by(|keyword| keyword.as_bytes().cmp(upper))
        .is_ok()
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
