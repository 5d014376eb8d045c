//! Values of the engine as Neo4j prints them: plain and typed JSON of the Query API, `row`,
//! `meta` and `graph` of the transactional API; and parameters the other way.

use std::collections::HashMap;

use graphdblite::{Edge, Node, PathValue, Properties, Value};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};

/// Lists and maps within each other, at most.
const DEPTH: usize = 64;

/// Ids of a database. The engine's relationships have none: they are numbered when first shown.
pub struct Ids {
    uuid: String,
    edges: Mutex<HashMap<(u64, u64, String, u64), u64>>,
}

impl Ids {
    pub fn new(uuid: String) -> Self {
        Self {
            uuid,
            edges: Mutex::default(),
        }
    }

    fn node(&self, id: u64) -> String {
        format!("4:{}:{id}", self.uuid)
    }

    fn edge(&self, edge: &Edge) -> u64 {
        let mut edges = self.edges.lock();
        let next = edges.len() as u64;
        *edges
            .entry((edge.src.0, edge.dst.0, edge.label.clone(), edge.seq))
            .or_insert(next)
    }

    fn edge_element(&self, edge: &Edge) -> String {
        format!("5:{}:{}", self.uuid, self.edge(edge))
    }

    /// The Query API's plain JSON.
    pub fn plain(&self, value: &Value) -> Json {
        match value {
            Value::Node(node) => json!({
                "elementId": self.node(node.id.0),
                "labels": node.labels,
                "properties": self.properties(&node.properties, &|value| self.plain(value)),
            }),
            Value::Edge(edge) => json!({
                "elementId": self.edge_element(edge),
                "startNodeElementId": self.node(edge.src.0),
                "endNodeElementId": self.node(edge.dst.0),
                "type": edge.label,
                "properties": self.properties(&edge.properties, &|value| self.plain(value)),
            }),
            Value::Path(path) => self.steps(path, &|value| self.plain(value)),
            Value::List(items) => items.iter().map(|item| self.plain(item)).collect(),
            Value::Map(map) => map
                .iter()
                .map(|(key, item)| (key.clone(), self.plain(item)))
                .collect(),
            scalar => scalar_json(scalar),
        }
    }

    /// The Query API's typed JSON (`application/vnd.neo4j.query`).
    pub fn typed(&self, value: &Value) -> Json {
        let (kind, inner) = match value {
            Value::Null => ("Null", Json::Null),
            Value::Bool(truth) => ("Boolean", json!(truth)),
            Value::I64(number) => ("Integer", json!(number.to_string())),
            Value::F64(number) => ("Float", json!(float(*number))),
            Value::String(text) => ("String", json!(text)),
            Value::List(items) => ("List", items.iter().map(|item| self.typed(item)).collect()),
            Value::Map(map) => (
                "Map",
                map.iter()
                    .map(|(key, item)| (key.clone(), self.typed(item)))
                    .collect(),
            ),
            Value::Node(node) => (
                "Node",
                json!({
                    "_element_id": self.node(node.id.0),
                    "_labels": node.labels,
                    "_properties": self.properties(&node.properties, &|value| self.typed(value)),
                }),
            ),
            Value::Edge(edge) => (
                "Relationship",
                json!({
                    "_element_id": self.edge_element(edge),
                    "_start_node_element_id": self.node(edge.src.0),
                    "_end_node_element_id": self.node(edge.dst.0),
                    "_type": edge.label,
                    "_properties": self.properties(&edge.properties, &|value| self.typed(value)),
                }),
            ),
            Value::Path(path) => ("Path", self.steps(path, &|value| self.typed(value))),
            Value::Date(_) => ("Date", scalar_json(value)),
            Value::LocalTime(_) => ("LocalTime", scalar_json(value)),
            Value::Time(_) => ("Time", scalar_json(value)),
            Value::LocalDateTime(_) => ("LocalDateTime", scalar_json(value)),
            Value::DateTime(_) => ("OffsetDateTime", scalar_json(value)),
            Value::Duration(_) => ("Duration", scalar_json(value)),
        };
        json!({ "$type": kind, "_value": inner })
    }

    /// The transactional API's `row`: nodes and relationships are their properties.
    pub fn row(&self, value: &Value) -> Json {
        match value {
            Value::Node(node) => self.properties(&node.properties, &|value| self.row(value)),
            Value::Edge(edge) => self.properties(&edge.properties, &|value| self.row(value)),
            Value::Path(path) => self.steps(path, &|value| self.row(value)),
            Value::List(items) => items.iter().map(|item| self.row(item)).collect(),
            Value::Map(map) => map
                .iter()
                .map(|(key, item)| (key.clone(), self.row(item)))
                .collect(),
            scalar => scalar_json(scalar),
        }
    }

    /// The transactional API's `meta`: null where there is no node or relationship.
    pub fn meta(&self, value: &Value) -> Json {
        match value {
            Value::Node(node) => json!({
                "id": node.id.0, "elementId": self.node(node.id.0), "type": "node", "deleted": false,
            }),
            Value::Edge(edge) => json!({
                "id": self.edge(edge), "elementId": self.edge_element(edge),
                "type": "relationship", "deleted": false,
            }),
            Value::Path(path) => self.steps(path, &|value| self.meta(value)),
            Value::List(items) => {
                let metas: Vec<Json> = items.iter().map(|item| self.meta(item)).collect();
                if metas.iter().all(Json::is_null) {
                    Json::Null
                } else {
                    Json::Array(metas)
                }
            }
            _ => Json::Null,
        }
    }

    /// The transactional API's `graph` of one row.
    pub fn graph(&self, values: &[Value]) -> Json {
        let (mut nodes, mut edges) = (Vec::new(), Vec::new());
        values
            .iter()
            .for_each(|value| gather(value, &mut nodes, &mut edges));
        let nodes: Vec<Json> = nodes.iter().map(|node| json!({
            "id": node.id.0.to_string(), "elementId": self.node(node.id.0), "labels": node.labels,
            "properties": self.properties(&node.properties, &|value| self.row(value)),
        })).collect();
        let edges: Vec<Json> = edges.iter().map(|edge| json!({
            "id": self.edge(edge).to_string(), "elementId": self.edge_element(edge), "type": edge.label,
            "startNode": edge.src.0.to_string(), "startNodeElementId": self.node(edge.src.0),
            "endNode": edge.dst.0.to_string(), "endNodeElementId": self.node(edge.dst.0),
            "properties": self.properties(&edge.properties, &|value| self.row(value)),
        })).collect();
        json!({ "nodes": nodes, "relationships": edges })
    }

    fn properties(&self, properties: &Properties, print: &dyn Fn(&Value) -> Json) -> Json {
        properties
            .iter()
            .map(|(key, value)| (key.clone(), print(value)))
            .collect::<Map<_, _>>()
            .into()
    }

    fn steps(&self, path: &PathValue, print: &dyn Fn(&Value) -> Json) -> Json {
        let mut steps = Vec::new();
        let mut edges = path.edges.iter();
        for node in &path.nodes {
            steps.push(print(&Value::Node(node.clone())));
            steps.extend(edges.next().map(|edge| print(&Value::Edge(edge.clone()))));
        }
        Json::Array(steps)
    }
}

fn gather<'a>(value: &'a Value, nodes: &mut Vec<&'a Node>, edges: &mut Vec<&'a Edge>) {
    let mut node = |node: &'a Node| {
        if !nodes.iter().any(|known| known.id == node.id) {
            nodes.push(node);
        }
    };
    match value {
        Value::Node(found) => node(found),
        Value::Edge(found) => edges.push(found),
        Value::Path(path) => {
            path.nodes.iter().for_each(node);
            edges.extend(&path.edges);
        }
        Value::List(items) => items.iter().for_each(|item| gather(item, nodes, edges)),
        _ => {}
    }
}

fn scalar_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::I64(number) => json!(number),
        Value::F64(number) if number.is_finite() => json!(number),
        Value::F64(number) => json!(float(*number)),
        Value::String(text) => json!(text),
        temporal => json!(temporal.to_string()),
    }
}

fn float(number: f64) -> String {
    match number {
        number if number.is_nan() => "NaN".into(),
        number if number.is_infinite() => if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .into(),
        number if number == number.trunc() && number.abs() < 1e15 => format!("{number:.1}"),
        number => number.to_string(),
    }
}

/// Parameters as the engine takes them. With `typed`, `{"$type":..,"_value":..}` is read as what it says.
pub fn parameters(map: &Map<String, Json>, typed: bool) -> Option<HashMap<String, Value>> {
    map.iter()
        .map(|(key, json)| Some((key.clone(), value(json, typed, DEPTH)?)))
        .collect()
}

fn value(json: &Json, typed: bool, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::I64(number),
            None => Value::F64(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::List(
            items
                .iter()
                .map(|item| value(item, typed, depth))
                .collect::<Option<_>>()?,
        ),
        Json::Object(map) if typed && map.contains_key("$type") => typed_value(map, depth)?,
        Json::Object(map) => Value::Map(
            map.iter()
                .map(|(key, item)| Some((key.clone(), value(item, typed, depth)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

fn typed_value(map: &Map<String, Json>, depth: usize) -> Option<Value> {
    let inner = map.get("_value")?;
    let text = || inner.as_str();
    Some(match map.get("$type")?.as_str()? {
        "Integer" => Value::I64(text()?.parse().ok()?),
        "Float" => Value::F64(text()?.parse().ok()?),
        "Null" => Value::Null,
        "Boolean" | "String" | "List" | "Map" => value(inner, true, depth)?,
        _ => return None,
    })
}
