//! What the reader saw in a statement, in plain values: which clauses, procedures and functions,
//! what its rows depend on, what a write changes. Sets are bounded; past the
//! bound the report says "broad" or "wide".

use crate::features::QueryFeatures;
use crate::work;
use std::collections::BTreeSet;

/// The most names in one set.
const MAX_NAMES: usize = 64;
/// The longest name that is kept, in bytes.
const MAX_NAME_LENGTH: usize = 256;

/// A bounded set of names.
pub type NameSet = BTreeSet<String>;

/// What a statement holds.
#[derive(Debug, Clone, Default)]
pub struct QueryReport {
    pub profile: bool,
    pub show: bool,
    pub load_csv: bool,
    /// `USE`: the graph is not the one of the path.
    pub uses_graph: bool,
    pub in_transactions: bool,
    /// `SEARCH`: an index decides which rows are found.
    pub index_search: bool,
    /// A clause that changes data.
    pub writes: bool,
    /// A function that reads the clock, whatever the lists say.
    pub reads_clock: bool,
    /// Fully qualified names, as written.
    pub procedures: NameSet,
    /// Fully qualified names, lower case.
    pub functions: NameSet,
    /// The rows depend on more than `labels` and `types`.
    pub broad: bool,
    /// An unlabelled node is part of the rows only by way of its relationship.
    pub bare_nodes: bool,
    pub labels: NameSet,
    pub types: NameSet,
    /// The write changes more than `changed_labels` and `changed_types`.
    pub wide: bool,
    pub changed_labels: NameSet,
    pub changed_types: NameSet,
    pub features: QueryFeatures,
}

impl QueryReport {
    /// Notes a procedure; whether there was room.
    pub fn procedure(&mut self, name: &str) -> bool {
        add(&mut self.procedures, name)
    }

    /// Notes a function; whether there was room.
    pub fn function(&mut self, name: &str) -> bool {
        add(&mut self.functions, name)
    }

    /// The rows depend on these labels.
    pub fn reads_labels(&mut self, names: &[String]) {
        self.broad |= !add_all(&mut self.labels, names);
    }

    /// The rows depend on these types.
    pub fn reads_types(&mut self, names: &[String]) {
        self.broad |= !add_all(&mut self.types, names);
    }

    /// The write changes nodes of these labels, and no others.
    pub fn changes_labels(&mut self, names: &[String]) {
        self.wide |= names.is_empty() || !add_all(&mut self.changed_labels, names);
    }

    /// The write changes relationships of these types, and no others.
    pub fn changes_types(&mut self, names: &[String]) {
        self.wide |= names.is_empty() || !add_all(&mut self.changed_types, names);
    }
}

/// Whether the name is in the set now.
fn add(set: &mut NameSet, name: &str) -> bool {
    work::count(1);
    if name.len() > MAX_NAME_LENGTH {
        return false;
    }
    let known = set.contains(name);
    let room = set.len() < MAX_NAMES;
    if room && !known {
        set.insert(name.to_owned());
    }
    known || room
}

fn add_all(set: &mut NameSet, names: &[String]) -> bool {
    names.iter().all(|name| add(set, name))
}
