//! The table of operations: method, path, name, effect. Adding one is adding a line; the
//! documentation is printed from it. Names of paths are compared byte for byte: what is written in
//! any other way is not known, and passed on as a write.

use super::path::segments;
use super::transaction_id;
use crate::dialect::Effect;
use http::Method;

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    Discovery,
    Cluster,
    /// A statement of its own.
    Auto,
    Begin,
    Run,
    Commit,
    Rollback,
}

/// Which of the two interfaces a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Neither.
    None,
    /// `query/v2`.
    Query,
    /// `tx`.
    Transactional,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Neo4jOperation {
    pub method: &'static str,
    /// Segments in braces stand for any name.
    pub pattern: &'static str,
    /// The name of the call. Of a statement it follows from the statement.
    pub name: &'static str,
    /// The effect in words, for documents.
    pub effect: &'static str,
    pub kind: OperationKind,
    pub api: Api,
}

const fn op(
    method: &'static str,
    pattern: &'static str,
    name: &'static str,
    effect: &'static str,
    kind: OperationKind,
    api: Api,
) -> Neo4jOperation {
    Neo4jOperation {
        method,
        pattern,
        name,
        effect,
        kind,
        api,
    }
}

/// The name of a statement's call, whose last word is its effect.
const CYPHER: &str = "cypher.*";
/// The name of a call of statements that do this.
pub const fn statement_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "cypher.read",
        Effect::Write => "cypher.write",
        Effect::Schema => "cypher.schema",
        Effect::Admin => "cypher.admin",
        Effect::Session | Effect::Unknown => "cypher.unknown",
    }
}

const STATEMENT: &str = "by the statement";

#[rustfmt::skip]
const OPERATIONS: &[Neo4jOperation] = &[
    op("GET",    "/",                              "discovery",         "read",    OperationKind::Discovery, Api::None),
    op("GET",    "/db/{db}/cluster/writable",      "cluster.writable",  "read",    OperationKind::Cluster,   Api::None),
    op("GET",    "/db/{db}/cluster/read-only",     "cluster.read_only", "read",    OperationKind::Cluster,   Api::None),
    op("GET",    "/db/{db}/cluster/available",     "cluster.available", "read",    OperationKind::Cluster,   Api::None),
    op("POST",   "/db/{db}/query/v2",              CYPHER,              STATEMENT, OperationKind::Auto,      Api::Query),
    op("POST",   "/db/{db}/query/v2/tx",           "tx.begin",          "session", OperationKind::Begin,     Api::Query),
    op("POST",   "/db/{db}/query/v2/tx/{id}",      "tx.run",            "session", OperationKind::Run,       Api::Query),
    op("DELETE", "/db/{db}/query/v2/tx/{id}",      "tx.rollback",       "session", OperationKind::Rollback,  Api::Query),
    op("POST",   "/db/{db}/query/v2/tx/{id}/commit", "tx.commit",       "session", OperationKind::Commit,    Api::Query),
    op("POST",   "/db/{db}/tx/commit",             CYPHER,              STATEMENT, OperationKind::Auto,      Api::Transactional),
    op("POST",   "/db/{db}/tx",                    "tx.begin",          "session", OperationKind::Begin,     Api::Transactional),
    op("POST",   "/db/{db}/tx/{id}",               "tx.run",            "session", OperationKind::Run,       Api::Transactional),
    op("DELETE", "/db/{db}/tx/{id}",               "tx.rollback",       "session", OperationKind::Rollback,  Api::Transactional),
    op("POST",   "/db/{db}/tx/{id}/commit",        "tx.commit",         "session", OperationKind::Commit,    Api::Transactional),
];

/// The table, for documents: method, path, name, effect.
pub fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    OPERATIONS.iter().map(|operation| {
        (
            operation.method,
            operation.pattern,
            operation.name,
            operation.effect,
        )
    })
}

/// The names of all calls; those of statements end with their effect.
pub fn operation_names() -> Vec<&'static str> {
    let table = OPERATIONS.iter().map(|operation| operation.name);
    let named = table.filter(|name| *name != CYPHER);
    let mut names: Vec<_> = named.chain(Effect::ALL.map(statement_name)).collect();
    names.dedup();
    names
}

/// A request line, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    pub name: &'static str,
    pub kind: OperationKind,
    pub api: Api,
    /// Decoded, lower case; empty for discovery.
    pub database: String,
    /// The transaction's id as the client knows it, byte for byte as it stands in the path.
    pub id: Option<String>,
}

/// Reads a request line; `None` when it is no line of the table.
pub fn line(method: &Method, target: &str) -> Option<RequestLine> {
    let path = segments(target)?;
    OPERATIONS
        .iter()
        .filter(|operation| operation.method == method.as_str())
        .find_map(|operation| matched(operation, &path))
}

fn matched(operation: &Neo4jOperation, path: &[(&str, String)]) -> Option<RequestLine> {
    let wanted = operation
        .pattern
        .split('/')
        .skip(1)
        .filter(|name| !name.is_empty());
    if wanted.clone().count() != path.len() {
        return None;
    }
    let mut line = RequestLine {
        name: operation.name,
        kind: operation.kind,
        api: operation.api,
        database: String::new(),
        id: None,
    };
    for (wanted, (raw, decoded)) in wanted.zip(path) {
        match wanted {
            "{db}" => line.database = decoded.to_lowercase(),
            "{id}" if transaction_id::is_id(raw) => line.id = Some((*raw).to_owned()),
            _ if wanted == *raw => {}
            _ => return None,
        }
    }
    Some(line)
}
