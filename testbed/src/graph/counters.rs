//! What a statement changed, found by counting before and after: the engine has no counters.
//! A property that was set to another value is not noticed.

use std::collections::HashMap;

use graphdblite::Value;
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::session::Session;

/// How many nodes, relationships, labels and properties there are.
#[derive(Clone, Copy)]
pub struct GraphCounts {
    nodes: i64,
    relationships: i64,
    labels: i64,
    properties: i64,
}

/// The differences.
pub struct Counters {
    changed: bool,
    change: GraphCounts,
}

/// Counts, within the session's transaction.
pub fn count_graph(session: &mut Session) -> Result<GraphCounts, Failure> {
    let mut count = |query: &str| -> Result<Vec<i64>, Failure> {
        let rows = session.execute(query, &HashMap::new())?.1;
        let number = |value: &Value| {
            if let Value::I64(number) = value {
                *number
            } else {
                0
            }
        };
        Ok(rows
            .first()
            .map(|row| row.iter().map(number).collect())
            .unwrap_or_default())
    };
    let nodes = count(
        "MATCH (n) RETURN count(n) AS a, sum(size(labels(n))) AS b, sum(size(keys(n))) AS c",
    )?;
    let edges = count("MATCH ()-[r]->() RETURN count(r) AS a, sum(size(keys(r))) AS b")?;
    let at = |row: &[i64], column: usize| row.get(column).copied().unwrap_or(0);
    Ok(GraphCounts {
        nodes: at(&nodes, 0),
        relationships: at(&edges, 0),
        labels: at(&nodes, 1),
        properties: at(&nodes, 2) + at(&edges, 1),
    })
}

impl GraphCounts {
    /// The change since `before`; `sets` when the statement has a SET.
    pub fn since(&self, before: &Self, sets: bool) -> Counters {
        let change = Self {
            nodes: self.nodes - before.nodes,
            relationships: self.relationships - before.relationships,
            labels: self.labels - before.labels,
            properties: self.properties - before.properties,
        };
        let parts = [
            change.nodes,
            change.relationships,
            change.labels,
            change.properties,
        ];
        Counters {
            changed: sets || parts.iter().any(|part| *part != 0),
            change,
        }
    }
}

impl Counters {
    /// The Query API's `counters`.
    pub fn of_query(&self) -> Json {
        let [a, b, c, d, e, f, g] = self.parts();
        json!({
            "containsUpdates": self.changed, "nodesCreated": a, "nodesDeleted": b, "propertiesSet": c,
            "relationshipsCreated": d, "relationshipsDeleted": e, "labelsAdded": f, "labelsRemoved": g,
            "indexesAdded": 0, "indexesRemoved": 0, "constraintsAdded": 0, "constraintsRemoved": 0,
            "containsSystemUpdates": false, "systemUpdates": 0,
        })
    }

    /// The transactional API's `stats`.
    pub fn of_tx(&self) -> Json {
        let [a, b, c, d, e, f, g] = self.parts();
        json!({
            "contains_updates": self.changed, "nodes_created": a, "nodes_deleted": b, "properties_set": c,
            "relationships_created": d, "relationship_deleted": e, "labels_added": f, "labels_removed": g,
            "indexes_added": 0, "indexes_removed": 0, "constraints_added": 0, "constraints_removed": 0,
            "contains_system_updates": false, "system_updates": 0,
        })
    }

    fn parts(&self) -> [i64; 7] {
        let (up, down) = (|part: i64| part.max(0), |part: i64| (-part).max(0));
        let change = &self.change;
        [
            up(change.nodes),
            down(change.nodes),
            up(change.properties),
            up(change.relationships),
            down(change.relationships),
            up(change.labels),
            down(change.labels),
        ]
    }
}
