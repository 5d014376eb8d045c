//! Statements that the server answers without the engine, or puts into the engine's words: SHOW,
//! procedures, and indexes in Neo4j's syntax.

use std::collections::HashMap;

use super::failure::Failure;
use super::session::Session;
use super::store::Index;
use super::tables::{self, Shown, Table};
use super::words::Words;

/// Data for procedures that list what is there.
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
const OF_THE_ENGINE: &[&str] = &["db.indexes", "db.counts", "fts.search"];

impl Session {
    /// Answers what the engine does not know; None for a statement that is the engine's.
    pub fn command(&mut self, words: &Words<'_>) -> Result<Option<Shown>, Failure> {
        let first = words.upper(0);
        match first.as_str() {
            "SHOW" => self.show(words).map(Some),
            "TERMINATE" => Ok(Some((Vec::new(), Vec::new()))),
            "CREATE" if words.has("INDEX") && words.has("FOR") && words.upper(1) != "(" => {
                self.create_index(words).map(Some)
            }
            "DROP" if words.upper(1) == "INDEX" && words.upper(2) != "ON" => {
                self.drop_index(words).map(Some)
            }
            "CALL" if !matches!(words.raw(1), "{" | "(") => self.call(words),
            _ => Ok(None),
        }
    }

    fn show(&self, words: &Words<'_>) -> Result<Shown, Failure> {
        let is = |kinds: &[&str]| (1..4).any(|at| kinds.contains(&words.upper(at).as_str()));
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
                words.raw(1)
            )));
        };
        table.show(words)
    }

    fn call(&mut self, words: &Words<'_>) -> Result<Option<Shown>, Failure> {
        let mut name = words.name(1);
        let mut at = 2;
        while words.raw(at) == "." {
            name = format!("{name}.{}", words.name(at + 1));
            at += 2;
        }
        if OF_THE_ENGINE.contains(&name.as_str()) {
            return Ok(None);
        }
        let mode = tables::mode(&name).ok_or_else(|| Failure::no_procedure(&name))?;
        if self.read_only && matches!(mode, "WRITE" | "SCHEMA") {
            return Err(Failure::read_only());
        }
        match LISTINGS.iter().find(|(listed, ..)| *listed == name) {
            None => tables::call(&name).show(words).map(Some),
            Some((_, column, query)) => {
                let rows = self.execute(query, &HashMap::new())?.1;
                Table::new(vec![column], 1, rows).show(words).map(Some)
            }
        }
    }

    fn create_index(&mut self, words: &Words<'_>) -> Result<Shown, Failure> {
        if self.read_only {
            return Err(Failure::read_only());
        }
        let (name, index, lenient) = index_of(words)?;
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

    fn drop_index(&mut self, words: &Words<'_>) -> Result<Shown, Failure> {
        if self.read_only {
            return Err(Failure::read_only());
        }
        let name = words.name(2);
        match self.store.index(&name) {
            Some(index) => {
                let on = format!("ON :{}({})", index.label, index.properties.join(", "));
                self.execute(&format!("DROP INDEX {on}"), &HashMap::new())?;
                self.indexes.push((name, None));
            }
            None if words.starts(3, &["IF", "EXISTS"]) => {}
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
fn index_of(words: &Words<'_>) -> Result<(Option<String>, Index, bool), Failure> {
    let place = |word: &str| (0..words.words.len()).find(|at| words.upper(*at) == word);
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
        words.upper(1)
    };
    let name = (!matches!(words.upper(at + 1).as_str(), "IF" | "FOR")).then(|| words.name(at + 1));
    let lenient = (at..on).any(|at| words.starts(at, &["IF", "NOT", "EXISTS"]));
    let label = (at..on).find(|at| words.raw(*at) == ":").ok_or_else(bad)?;
    let dots = (on..words.words.len()).filter(|at| words.raw(*at) == ".");
    let properties: Vec<String> = dots.map(|at| words.name(at + 1)).collect();
    if properties.is_empty() {
        return Err(bad());
    }
    Ok((
        name,
        Index {
            label: words.name(label + 1),
            properties,
            kind,
        },
        lenient,
    ))
}
