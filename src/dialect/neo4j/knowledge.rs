//! What is known of a service: modes of procedures, functions that are not built in, whether names
//! of databases are aliases, statements that the database refused as writes, newest bookmarks. It
//! outlives a reload: hand it to the next instance. Every table has a bound.

use super::bookmark::is_of_system;
use super::builtin_procedures;
use super::classify::PLUG_IN_READ;
use super::learned_writes::LearnedWrites;
use super::newest_bookmarks::NewestBookmarks;
use crate::dialect::{Call, Effect, Judgement, Storability, Target};
use cypher_reader::is_pure_builtin;
use parking_lot::RwLock;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The longest name of a database that is kept, in bytes; the server allows 63 characters.
const MAX_NAME: usize = 252;

/// What a procedure may do, as `SHOW PROCEDURES` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcedureMode {
    Read,
    Write,
    Schema,
    Dbms,
}

/// Namespaces of the server's own procedures.
const BUILT_IN: &[&str] = &["db.", "dbms.", "tx.", "cdc."];

#[derive(Default)]
struct Facts {
    modes: Option<HashMap<String, ProcedureMode>>,
    /// Lower case.
    foreign_functions: HashSet<String>,
    /// Whether a database may have a second name; unknown counts as yes.
    aliases: Option<bool>,
    /// The database of requests that name none; probes sent it.
    home: Option<String>,
}

/// What is known of one service.
#[derive(Default)]
pub struct Knowledge {
    facts: RwLock<Facts>,
    pub(super) writes: LearnedWrites,
    pub(super) bookmarks: NewestBookmarks,
    generation: AtomicU64,
    sessions_reach_elsewhere: AtomicBool,
    /// The table of built-in procedures counts while the server's own is not known.
    builtin: bool,
}

impl Knowledge {
    /// What can be known without a server: the procedures of a Neo4j 5.26 without plug-ins, until a server's own
    /// list is learned. For explanations only; on the path doubt is a write.
    pub fn with_builtin_procedures() -> Self {
        Self {
            builtin: true,
            ..Self::default()
        }
    }

    /// The mode of a procedure; `None` when it is not known, or nothing is loaded.
    pub fn mode(&self, procedure: &str) -> Option<ProcedureMode> {
        match &self.facts.read().modes {
            Some(modes) => modes.get(procedure).copied(),
            None if self.builtin => builtin_procedures::mode(procedure),
            None => None,
        }
    }

    /// Whether modes are those of the built-in procedures rather than the server's own.
    pub fn uses_builtin_procedures(&self) -> bool {
        self.builtin && !self.is_loaded()
    }

    /// Whether the modes of procedures are loaded.
    pub fn is_loaded(&self) -> bool {
        self.facts.read().modes.is_some()
    }

    /// Takes the table of procedures.
    pub fn learn_modes(&self, modes: HashMap<String, ProcedureMode>) {
        self.facts.write().modes = Some(modes);
    }

    /// Takes the names of the functions that are not built in.
    pub fn learn_functions(&self, foreign: HashSet<String>) {
        self.facts.write().foreign_functions = foreign;
    }

    /// Notes the home database.
    pub fn learn_home(&self, name: &str) {
        if name.len() <= MAX_NAME {
            self.facts.write().home = Some(name.to_owned());
        }
    }

    /// The home database, once it is known.
    pub fn home(&self) -> Option<String> {
        self.facts.read().home.clone()
    }

    /// Notes whether databases may have second names.
    pub fn learn_aliases(&self, exist: bool) {
        self.facts.write().aliases = Some(exist);
    }

    /// Whether a database may be known by two names.
    pub fn may_have_aliases(&self) -> bool {
        self.facts.read().aliases.unwrap_or(true)
    }

    /// Something was sent that may change what the server is: names of databases are unknown again.
    pub fn server_changes(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.facts.write().aliases = None;
    }

    /// An explicit transaction was seen that may change another database, or the server.
    pub fn session_reaches_elsewhere(&self) {
        self.sessions_reach_elsewhere.store(true, Ordering::Release);
    }

    /// Whether any such transaction was ever seen: any commit may then be its end.
    pub fn sessions_reach_elsewhere(&self) -> bool {
        self.sessions_reach_elsewhere.load(Ordering::Acquire)
    }

    /// Counts the changes of the server; a response to an older question is dropped.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether a write may have effects beyond its statement: plug-ins may hook into transactions.
    pub fn may_have_triggers(&self) -> bool {
        let own = |name: &String| Self::is_own(name);
        let facts = self.facts.read();
        facts
            .modes
            .as_ref()
            .is_none_or(|modes| !modes.keys().all(own))
    }

    /// Whether a procedure is the server's own, by its namespace.
    pub fn is_own(procedure: &str) -> bool {
        BUILT_IN.iter().any(|prefix| procedure.starts_with(prefix))
    }

    /// Whether a function (lower case) is built in and pure.
    pub fn is_pure(&self, function: &str) -> bool {
        is_pure_builtin(function) && !self.facts.read().foreign_functions.contains(function)
    }

    /// Takes what the response to a call teaches.
    pub fn note(&self, call: &Call, judgement: &Judgement) {
        let Target::Database(database) = &call.target else {
            return;
        };
        let ends = call.operation == "tx.commit" && self.sessions_reach_elsewhere();
        let server = call.effect == Effect::Admin && call.reason != PLUG_IN_READ;
        if server || ends {
            self.server_changes();
        }
        if let Some(bookmark) = &judgement.bookmark {
            let other =
                is_of_system(bookmark) || call.storability == Storability::Never("use_graph");
            if !other {
                self.bookmarks.remember(database, bookmark);
            }
        } else if judgement
            .code
            .starts_with("ClientError.Transaction.InvalidBookmark")
        {
            self.bookmarks.forget(database);
        }
    }
}
