//! Statements that the server runs without the engine, or translates into the engine's syntax: SHOW,
//! procedures, and indexes in Neo4j's syntax.

use std::collections::HashMap;

use super::failure::Failure;
use super::session::Session;
use super::store::Index;
use super::tables::{self, Rows, Table};
use super::tokens::Tokens;

/// Data for procedures that list the contents.
const LISTINGS: &[(&str, &str, &str)] = &[
    (
        "db.labels",
        "label",
        "MATCH (n) UNWIND labels(n) AS x RETURN DISTINCT x",
    ),
    (
        "db.relationshipTypes",
        "relationshipType",
        "MATCH ()-[r]->() RETURN DISTINCT type(r) AS x",
    ),
    (
        "db.propertyKeys",
        "propertyKey",
        "MATCH (n) UNWIND keys(n) AS x RETURN DISTINCT x",
    ),
];

/// Procedures that the engine has itself.
const ENGINE_PROCEDURES: &[&str] = &["db.indexes", "db.counts", "fts.search"];

impl Session {
    /// Runs a statement that the engine does not know; `None` for one that it does.
    pub fn command(&mut self, tokens: &Tokens<'_>) -> Result<Option<Rows>, Failure> {
        let first = tokens.upper(0);
        match first.as_str() {
            "SHOW" => self.show(tokens).map(Some),
            "TERMINATE" => Ok(Some((Vec::new(), Vec::new()))),
            "CREATE" if tokens.has("INDEX") && tokens.has("FOR") && tokens.upper(1) != "(" => {
                self.create_index(tokens).map(Some)
            }
            "DROP" if tokens.upper(1) == "INDEX" && tokens.upper(2) != "ON" => {
                self.drop_index(tokens).map(Some)
            }
            "CALL" if !matches!(tokens.raw(1), "{" | "(") => self.call(tokens),
            _ => Ok(None),
        }
    }

    fn show(&self, tokens: &Tokens<'_>) -> Result<Rows, Failure> {
        let is = |kinds: &[&str]| (1..4).any(|at| kinds.contains(&tokens.upper(at).as_str()));
        let table = if is(&["PROCEDURE", "PROCEDURES"]) {
            tables::procedures()
        } else if is(&["FUNCTION", "FUNCTIONS"]) {
            tables::functions()
        } else if is(&["INDEX", "INDEXES"]) {
            self.store.show_indexes()
        } else if is(&["DATABASE", "DATABASES"]) {
            tables::databases()
        } else {
            return Err(Failure::syntax(format!(
                "Invalid input '{}': not served here",
                tokens.raw(1)
            )));
        };
        table.show(tokens)
    }

    fn call(&mut self, tokens: &Tokens<'_>) -> Result<Option<Rows>, Failure> {
        let mut name = tokens.name(1);
        let mut at = 2;
        while tokens.raw(at) == "." {
            name = format!("{name}.{}", tokens.name(at + 1));
            at += 2;
        }
        if ENGINE_PROCEDURES.contains(&name.as_str()) {
            return Ok(None);
        }
        let mode = tables::mode(&name).ok_or_else(|| Failure::no_procedure(&name))?;
        if self.read_only && matches!(mode, "WRITE" | "SCHEMA") {
            return Err(Failure::read_only());
        }
        match LISTINGS.iter().find(|(listed, ..)| *listed == name) {
            None => tables::call(&name).show(tokens).map(Some),
            Some((_, column, query)) => {
                let rows = self.execute(query, &HashMap::new())?.1;
                Table::new(vec![column], 1, rows).show(tokens).map(Some)
            }
        }
    }

    fn create_index(&mut self, tokens: &Tokens<'_>) -> Result<Rows, Failure> {
        if self.read_only {
            return Err(Failure::read_only());
        }
        let (name, index, lenient) = index_of(tokens)?;
        let name = name.unwrap_or_else(|| self.store.index_name());
        let known = self.store.has_index(&index) || self.store.index(&name).is_some();
        if known && !lenient {
            return Err(Failure::new(
                "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
                format!("An equivalent index already exists, '{name}'."),
            ));
        }
        if !known {
            let on = format!("ON :{}({})", index.label, index.properties.join(", "));
            self.execute(&format!("CREATE INDEX {on}"), &HashMap::new())?;
            self.indexes.push((name, Some(index)));
        }
        Ok((Vec::new(), Vec::new()))
    }

    fn drop_index(&mut self, tokens: &Tokens<'_>) -> Result<Rows, Failure> {
        if self.read_only {
            return Err(Failure::read_only());
        }
        let name = tokens.name(2);
        match self.store.index(&name) {
            Some(index) => {
                let on = format!("ON :{}({})", index.label, index.properties.join(", "));
                self.execute(&format!("DROP INDEX {on}"), &HashMap::new())?;
                self.indexes.push((name, None));
            }
            None if tokens.starts(3, &["IF", "EXISTS"]) => {}
            None => {
                let text = format!("Unable to drop index called `{name}`. There is no such index.");
                return Err(Failure::new(
                    "Neo.DatabaseError.Schema.IndexDropFailed",
                    text,
                ));
            }
        }
        Ok((Vec::new(), Vec::new()))
    }
}

/// Name, index and `IF NOT EXISTS` of `CREATE .. INDEX name IF NOT EXISTS FOR (n:L) ON (n.p)`.
fn index_of(tokens: &Tokens<'_>) -> Result<(Option<String>, Index, bool), Failure> {
    let place = |token: &str| (0..tokens.tokens.len()).find(|at| tokens.upper(*at) == token);
    let bad = || {
        Failure::syntax("Invalid input: expected CREATE INDEX name FOR (n:Label) ON (n.property)")
    };
    let (at, on) = (
        place("INDEX").ok_or_else(bad)?,
        place("ON").ok_or_else(bad)?,
    );
    let kind = if at == 1 {
        "RANGE".to_owned()
    } else {
        tokens.upper(1)
    };
    let name =
        (!matches!(tokens.upper(at + 1).as_str(), "IF" | "FOR")).then(|| tokens.name(at + 1));
    let lenient = (at..on).any(|at| tokens.starts(at, &["IF", "NOT", "EXISTS"]));
    let label = (at..on).find(|at| tokens.raw(*at) == ":").ok_or_else(bad)?;
    let dots = (on..tokens.tokens.len()).filter(|at| tokens.raw(*at) == ".");
    let properties: Vec<String> = dots.map(|at| tokens.name(at + 1)).collect();
    if properties.is_empty() {
        return Err(bad());
    }
    Ok((
        name,
        Index {
            label: tokens.name(label + 1),
            properties,
            kind,
        },
        lenient,
    ))
}
