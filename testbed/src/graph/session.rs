//! One transaction: statements run in it one after the other. It reads without a lock, and takes
//! the engine's one write lock with its first write.

use std::collections::HashMap;
use std::sync::Arc;

use graphdblite::{Database, Value};
use serde_json::Value as Json;

use super::counters::{self, Counters};
use super::failure::{Failure, is_refused_write};
use super::plan;
use super::store::{Index, Store};
use super::tables::Rows;
use super::tokens::{Tokens, unescaped};

/// A statement as a client sent it.
pub struct StatementRequest {
    pub statement: String,
    pub parameters: HashMap<String, Value>,
    /// Whether the response includes counters.
    pub counters: bool,
}

/// The result of a statement.
#[derive(Default)]
pub struct Outcome {
    pub fields: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    pub plan: Option<Plan>,
    pub counters: Option<Counters>,
}

/// A plan, and whether the statement ran (PROFILE) or not (EXPLAIN).
pub struct Plan {
    pub profiled: bool,
    pub tree: Json,
}

/// An open transaction on a handle of its own.
pub struct Session {
    pub(super) store: Arc<Store>,
    handle: Option<Database>,
    pub(super) read_only: bool,
    writing: bool,
    /// Changes of indexes that count when the transaction commits.
    pub(super) indexes: Vec<(String, Option<Index>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Run,
    Explain,
    Profile,
}

impl Session {
    pub fn open(store: Arc<Store>, read_only: bool) -> Result<Self, Failure> {
        let handle = Some(store.handle()?);
        Ok(Self {
            store,
            handle,
            read_only,
            writing: false,
            indexes: Vec::new(),
        })
    }

    /// Runs a statement. After a failure the session is to be rolled back.
    pub fn run(&mut self, requested: &StatementRequest) -> Result<Outcome, Failure> {
        let text = unescaped(&requested.statement);
        let tokens = Tokens::of(&text);
        let (mode, start) = prefix(&tokens);
        let end = if tokens.upper(tokens.tokens.len().saturating_sub(1)) == ";" {
            1
        } else {
            0
        };
        let end = tokens.tokens.len().saturating_sub(end);
        let (Some(first), Some(last)) = (
            tokens.tokens.get(start),
            tokens.tokens.get(end.saturating_sub(1)),
        ) else {
            return Err(Failure::syntax(
                "Unexpected end of input: expected CYPHER, EXPLAIN, PROFILE or Query",
            ));
        };
        let body = text.get(first.start..last.end).unwrap_or_default();
        let tokens = Tokens::of(body);
        let missing: Vec<String> = tokens
            .parameters()
            .into_iter()
            .filter(|name| !requested.parameters.contains_key(name))
            .collect();
        if !missing.is_empty() && mode != Mode::Explain {
            return Err(Failure::missing_parameters(&missing));
        }
        match self.command(&tokens)? {
            Some((fields, rows)) => Ok(Outcome {
                fields,
                rows,
                ..Outcome::default()
            }),
            None => self.cypher(body, &tokens, mode, requested),
        }
    }

    /// Commits the changes.
    pub fn commit(mut self) -> Result<(), Failure> {
        if self.writing {
            self.handle()?.commit()?;
            self.writing = false;
            self.store.progress.advance();
        }
        for (name, index) in self.indexes.drain(..) {
            match index {
                Some(index) => self.store.add_index(name, index),
                None => self.store.drop_index(&name),
            }
        }
        Ok(())
    }

    fn handle(&mut self) -> Result<&mut Database, Failure> {
        let gone = || {
            Failure::new(
                "Neo.DatabaseError.General.UnknownError",
                "the session is closed",
            )
        };
        self.handle.as_mut().ok_or_else(gone)
    }

    fn cypher(
        &mut self,
        body: &str,
        tokens: &Tokens<'_>,
        mode: Mode,
        requested: &StatementRequest,
    ) -> Result<Outcome, Failure> {
        let columns = tokens.columns();
        let plan = match mode {
            Mode::Run => None,
            _ => Some(self.explain(body, &requested.parameters)?),
        };
        if let (Mode::Explain, Some(lines)) = (mode, &plan) {
            let fields = columns.unwrap_or_default();
            let tree = plan::tree(lines, &fields, None);
            return Ok(Outcome {
                fields,
                plan: Some(Plan {
                    profiled: false,
                    tree,
                }),
                ..Outcome::default()
            });
        }
        let before = if requested.counters {
            Some(counters::count_graph(self)?)
        } else {
            None
        };
        let (names, rows) = self.execute(body, &requested.parameters)?;
        let fields = match columns {
            Some(columns) if rows.is_empty() || columns.len() == names.len() => columns,
            _ => names,
        };
        // A statement without RETURN has no rows, whatever the engine returns.
        let rows = if fields.is_empty() { Vec::new() } else { rows };
        let plan = plan.map(|lines| Plan {
            profiled: true,
            tree: plan::tree(&lines, &fields, Some(rows.len())),
        });
        let counters = match before {
            Some(before) => Some(counters::count_graph(self)?.since(&before, tokens.has("SET"))),
            None => None,
        };
        Ok(Outcome {
            fields,
            rows,
            plan,
            counters,
        })
    }

    /// The engine's plan; nothing for the statements that it runs but does not explain.
    fn explain(
        &mut self,
        body: &str,
        parameters: &HashMap<String, Value>,
    ) -> Result<String, Failure> {
        let rows = match self.execute(&format!("EXPLAIN {body}"), parameters) {
            Ok((_, rows)) => rows,
            Err(failure) => match self.is_sound(body, parameters)? {
                true => return Ok(String::new()),
                false => return Err(failure),
            },
        };
        Ok(
            match rows
                .into_iter()
                .next()
                .and_then(|row| row.into_iter().next())
            {
                Some(Value::String(lines)) => lines,
                _ => String::new(),
            },
        )
    }

    /// Whether a statement is one that the engine would run, told without any effect.
    fn is_sound(&self, text: &str, parameters: &HashMap<String, Value>) -> Result<bool, Failure> {
        let mut handle = self.store.handle()?;
        handle.begin_read()?;
        let result = handle.execute_with_params(text, Some(parameters));
        if handle.in_transaction() {
            handle.rollback()?;
        }
        self.store.give_back(handle);
        Ok(match result {
            Ok(_) => true,
            Err(error) => is_refused_write(&error) || Failure::from(error).while_running,
        })
    }

    /// Runs on the engine: as a read, and if that is refused and writes are allowed, as a write.
    pub fn execute(
        &mut self,
        text: &str,
        parameters: &HashMap<String, Value>,
    ) -> Result<Rows, Failure> {
        if !self.writing {
            let handle = self.handle()?;
            handle.begin_read()?;
            let result = handle.execute_with_params(text, Some(parameters));
            if handle.in_transaction() {
                handle.rollback()?;
            }
            match result {
                Err(error) if is_refused_write(&error) && !self.read_only => {}
                result => return Ok(rows(result?)),
            }
            self.handle()?.begin_write()?;
            self.writing = true;
        }
        Ok(rows(
            self.handle()?.execute_with_params(text, Some(parameters))?,
        ))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(mut handle) = self.handle.take() {
            if handle.in_transaction() {
                let _ = handle.rollback();
            }
            self.store.give_back(handle);
        }
    }
}

fn rows(records: Vec<graphdblite::Record>) -> Rows {
    let names = records
        .first()
        .map(|record| record.keys().cloned().collect())
        .unwrap_or_default();
    (
        names,
        records
            .iter()
            .map(|record| record.values().cloned().collect())
            .collect(),
    )
}

/// `CYPHER 5 runtime=.. EXPLAIN PROFILE` in any order, and where the statement begins.
fn prefix(tokens: &Tokens<'_>) -> (Mode, usize) {
    let (mut mode, mut at) = (Mode::Run, 0);
    loop {
        match tokens.upper(at).as_str() {
            "CYPHER" => {
                at += 1;
                at += usize::from(tokens.upper(at) == "5");
                while tokens.raw(at + 1) == "=" {
                    at += 3;
                }
            }
            "EXPLAIN" => (mode, at) = (Mode::Explain, at + 1),
            "PROFILE" => {
                (mode, at) = (
                    if mode == Mode::Explain {
                        mode
                    } else {
                        Mode::Profile
                    },
                    at + 1,
                )
            }
            _ => return (mode, at),
        }
    }
}
