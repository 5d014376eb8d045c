//! The alias table of one service: which names stand for which collections, and whether that is
//! known at all. Reading it takes no lock. While it is unknown, a write invalidates the whole service.
//!
//! A change of names makes the table unknown until the response to a metadata query that began after the
//! response to the change has come: each step of a change starts a new generation, and the response to an
//! metadata query of an older one is dropped.

use arc_swap::{ArcSwap, Guard};
use json_reader::{Json, JsonParser};
use std::collections::HashMap;
use std::sync::Arc;

/// The most aliases that are kept; with more the table stays unknown.
pub const MAX_ALIASES: usize = 100_000;
/// The most values that are read of a response: those of a table with `MAX_ALIASES` aliases.
const MAX_TABLE_VALUES: usize = 4 * MAX_ALIASES;

/// How many responses are dropped while a change of names is still unanswered: it may take effect
/// after any of them. A change whose response never came is given up after as many.
const PATIENCE: u32 = 30;

/// An alias table as Qdrant tells it.
pub type Table = HashMap<Box<str>, Box<str>>;

/// What is known at one moment.
#[derive(Debug, Clone, Default)]
pub struct AliasKnowledge {
    /// Invalidated by every change of what is known.
    pub generation: u64,
    table: Option<Arc<Table>>,
    /// Changes of names that were sent and not yet answered.
    pending: u32,
    patience: u32,
}

impl AliasKnowledge {
    /// Whether names can be resolved.
    pub fn is_known(&self) -> bool {
        self.table.is_some()
    }

    /// The collection that an alias stands for.
    pub fn target(&self, name: &str) -> Option<&str> {
        self.table.as_ref()?.get(name).map(AsRef::as_ref)
    }

    fn unknown(&self, pending: u32, patience: u32) -> Self {
        Self {
            generation: self.generation + 1,
            table: None,
            pending,
            patience,
        }
    }

    fn begun(&self) -> Self {
        self.unknown(self.pending.saturating_add(1), PATIENCE)
    }

    fn answered(&self) -> Self {
        let pending = self.pending.saturating_sub(1);
        self.unknown(pending, if pending == 0 { 0 } else { self.patience })
    }

    fn learned(&self, generation: u64, table: &Option<Arc<Table>>) -> Self {
        if generation != self.generation {
            return self.clone();
        }
        if self.patience > 0 {
            return Self {
                patience: self.patience - 1,
                ..self.clone()
            };
        }
        let changed = self.table != *table;
        Self {
            generation: self.generation + u64::from(changed),
            table: table.clone(),
            pending: 0,
            patience: 0,
        }
    }
}

/// The table of one service, shared by all requests.
#[derive(Debug, Default)]
pub struct AliasTable(ArcSwap<AliasKnowledge>);

impl AliasTable {
    /// What is known now.
    pub fn now(&self) -> Guard<Arc<AliasKnowledge>> {
        self.0.load()
    }

    /// A change of names is about to be sent.
    pub fn change_begun(&self) {
        self.0.rcu(|known| known.begun());
    }

    /// A change of names was answered, whatever the response.
    pub fn change_answered(&self) {
        self.0.rcu(|known| known.answered());
    }

    /// Takes the response to an metadata query of a generation; `None` when it could not be read.
    pub fn learn(&self, generation: u64, table: Option<Table>) {
        let table = table.map(Arc::new);
        self.0.rcu(|known| known.learned(generation, &table));
    }
}

/// Reads the response to `GET /aliases`; `None` when it is not what Qdrant answers, or too long.
pub fn read_table(body: &[u8]) -> Option<Table> {
    let document = JsonParser::default()
        .max_values(MAX_TABLE_VALUES)
        .parse(body)
        .ok()?;
    let aliases = match document.get("result")?.get("aliases")? {
        Json::Array(aliases) if aliases.len() <= MAX_ALIASES => aliases,
        _ => return None,
    };
    let text = |alias: &Json<'_>, key| Some(alias.get(key)?.as_str()?.into());
    aliases
        .iter()
        .map(|alias| Some((text(alias, "alias_name")?, text(alias, "collection_name")?)))
        .collect()
}
