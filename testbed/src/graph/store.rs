//! One graph on one file: a pool of the engine's handles, the names of its indexes, its ids and
//! its newest transaction. A handle serves one statement or one transaction at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use graphdblite::{Config, Database, SyncMode, Value};
use parking_lot::{Condvar, Mutex};
use tempfile::TempDir;

use super::bookmarks::Progress;
use super::failure::Failure;
use super::tables::{Table, text};
use super::values::Ids;

/// Handles opened at the start: while a write transaction is open, no further one can be.
const READY: usize = 24;
/// The limit of idle handles.
const IDLE: usize = 64;

/// How long to wait for a handle to come back before another is opened.
const PAUSE: Duration = Duration::from_millis(50);

/// The data behind one or more listeners.
pub struct Store {
    pool: Mutex<Vec<Database>>,
    returned: Condvar,
    indexes: Mutex<BTreeMap<String, Index>>,
    names: AtomicU64,
    lock_wait_ms: u32,
    pub progress: Progress,
    pub ids: Ids,
    folder: TempDir,
}

/// A named index on nodes; the engine knows it by label and properties.
#[derive(Clone, PartialEq, Eq)]
pub struct Index {
    pub label: String,
    pub properties: Vec<String>,
    /// `RANGE`, `TEXT`, ...
    pub kind: String,
}

impl Store {
    /// An empty graph. A write waits `lock_wait_ms` for another open write transaction.
    pub fn create(lock_wait_ms: u32) -> std::io::Result<Self> {
        let progress = Progress::new();
        let store = Self {
            pool: Mutex::default(),
            returned: Condvar::new(),
            indexes: Mutex::default(),
            names: AtomicU64::new(0),
            lock_wait_ms,
            ids: Ids::new(progress.uuid()),
            progress,
            folder: tempfile::tempdir()?,
        };
        for _ in 0..READY {
            let handle = store
                .open()
                .map_err(|failure| std::io::Error::other(failure.message))?;
            store.give_back(handle);
        }
        Ok(store)
    }

    /// A handle without an open transaction.
    pub fn handle(&self) -> Result<Database, Failure> {
        let mut pool = self.pool.lock();
        if pool.is_empty() {
            self.returned.wait_for(&mut pool, PAUSE);
        }
        let idle = pool.pop();
        drop(pool);
        idle.map_or_else(|| self.open(), Ok)
    }

    fn open(&self) -> Result<Database, Failure> {
        let config = Config {
            busy_timeout_ms: self.lock_wait_ms,
            synchronous: SyncMode::Off,
            cache_size: -8_000,
            mmap_size: 0,
            ..Config::default()
        };
        Database::open_with_config(self.folder.path().join("graph.db"), config)
            .map_err(Failure::from)
    }

    /// Takes a handle back; one with an open transaction is closed.
    pub fn give_back(&self, handle: Database) {
        let mut pool = self.pool.lock();
        if pool.len() < IDLE && !handle.in_transaction() {
            pool.push(handle);
            self.returned.notify_one();
        }
    }

    /// A name for an index that was given none.
    pub fn index_name(&self) -> String {
        format!(
            "index_{:08x}",
            self.names.fetch_add(1, Ordering::Relaxed) + 1
        )
    }

    pub fn index(&self, name: &str) -> Option<Index> {
        self.indexes.lock().get(name).cloned()
    }

    /// Whether there is such an index under any name.
    pub fn has_index(&self, index: &Index) -> bool {
        self.indexes.lock().values().any(|known| known == index)
    }

    pub fn add_index(&self, name: String, index: Index) {
        self.indexes.lock().insert(name, index);
    }

    pub fn drop_index(&self, name: &str) {
        self.indexes.lock().remove(name);
    }

    /// SHOW INDEXES.
    pub fn show_indexes(&self) -> Table {
        let columns = vec![
            "id",
            "name",
            "state",
            "populationPercent",
            "type",
            "entityType",
            "labelsOrTypes",
            "properties",
            "indexProvider",
            "owningConstraint",
            "lastRead",
            "readCount",
        ];
        let lookup = |number: i64, name: &str, entity: &str| {
            let empty = (Value::Null, Value::Null);
            row(number, name, "LOOKUP", entity, empty, "token-lookup-1.0")
        };
        let mut rows = vec![
            lookup(1, "index_343aff4e", "NODE"),
            lookup(2, "index_f7700477", "RELATIONSHIP"),
        ];
        for (number, (name, index)) in (3..).zip(self.indexes.lock().iter()) {
            let properties = index
                .properties
                .iter()
                .map(|property| text(property))
                .collect();
            let on = (
                Value::List(vec![text(&index.label)]),
                Value::List(properties),
            );
            rows.push(row(number, name, &index.kind, "NODE", on, "range-1.0"));
        }
        Table::new(columns, 12, rows)
    }
}

fn row(
    id: i64,
    name: &str,
    kind: &str,
    entity: &str,
    on: (Value, Value),
    provider: &str,
) -> Vec<Value> {
    vec![
        Value::I64(id),
        text(name),
        text("ONLINE"),
        Value::F64(100.0),
        text(kind),
        text(entity),
        on.0,
        on.1,
        text(provider),
        Value::Null,
        Value::Null,
        Value::I64(0),
    ]
}
