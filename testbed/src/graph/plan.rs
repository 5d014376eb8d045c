//! EXPLAIN: the engine's indented lines as Neo4j's tree of operators.

use serde_json::{Map, Value as Json, json};

/// The engine's operators and Neo4j's words for them. Unlisted ones keep their name.
const OPERATORS: &[(&str, &str)] = &[
    ("Scan", "NodeByLabelScan"),
    ("IndexLookup", "NodeIndexSeek"),
    ("IdLookup", "NodeByIdSeek"),
    ("Expand", "Expand(All)"),
    ("CrossProduct", "CartesianProduct"),
    ("CorrelatedJoin", "Apply"),
    ("LeftOuterJoin", "Optional"),
    ("Project", "Projection"),
    ("Aggregate", "EagerAggregation"),
    ("SingleRow", "Argument"),
    ("EmptyRow", "EmptyResult"),
    ("Call", "ProcedureCall"),
    ("CreateNode", "Create"),
    ("CreateEdge", "Create"),
    ("MatchCreate", "Create"),
    ("MatchMerge", "Merge"),
    ("UNION", "Union"),
];

struct Line<'a> {
    depth: usize,
    text: &'a str,
    rows: f64,
    /// The engine's hints under this line: properties without an index.
    unindexed: Vec<&'a str>,
}

/// The tree under `ProduceResults`.
pub fn tree(text: &str, columns: &[String], profiled: Option<usize>) -> Json {
    let lines = lines(text);
    let mut at = 0;
    let mut id = 1;
    let mut children = Vec::new();
    while at < lines.len() {
        children.push(branch(&lines, &mut at, &mut id, profiled.is_some()));
    }
    if children.is_empty() {
        children.push(operator("EmptyResult", "", 1.0, 1, Vec::new()));
    }
    let rows = lines.first().map_or(1.0, |line| line.rows);
    let mut root = operator("ProduceResults", &columns.join(", "), rows, 0, children);
    for (key, value) in [
        ("planner-impl", "IDP"),
        ("planner-version", "5.26"),
        ("runtime-version", "5.26"),
        ("runtime", "SLOTTED"),
        ("runtime-impl", "SLOTTED"),
        ("planner", "COST"),
        ("version", "5"),
    ] {
        root["arguments"][key] = json!(value);
    }
    root["identifiers"] = json!(columns);
    if let Some(rows) = profiled {
        root["arguments"]["Rows"] = json!(rows);
        root["records"] = json!(rows);
        profile(&mut root);
    }
    root
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for line in text.lines() {
        let body = line.trim_start();
        let Some((shown, rows)) = body.rsplit_once(" (est. ") else {
            // A hint ends in `create_index("Label", "property")` and some words.
            if let (Some(last), Some(property)) = (lines.last_mut(), body.rsplit('"').nth(1)) {
                last.unindexed.push(property);
            }
            continue;
        };
        let rows = rows.trim_end_matches(" rows)").parse().unwrap_or(1.0);
        lines.push(Line {
            depth: (line.len() - body.len()) / 2,
            text: shown,
            rows,
            unindexed: Vec::new(),
        });
    }
    lines
}

fn branch(lines: &[Line<'_>], at: &mut usize, id: &mut usize, profiled: bool) -> Json {
    let Some(line) = lines.get(*at) else {
        return Json::Null;
    };
    let own = *id;
    *at += 1;
    *id += 1;
    let mut children = Vec::new();
    while lines.get(*at).is_some_and(|next| next.depth > line.depth) {
        children.push(branch(lines, at, id, profiled));
    }
    let (name, details) = described(line, lines.get(own));
    let mut operator = operator(&name, &details, line.rows, own, children);
    if profiled {
        profile(&mut operator);
    }
    operator
}

/// Neo4j's name and details for a line; `below` is the line under it.
fn described(line: &Line<'_>, below: Option<&Line<'_>>) -> (String, String) {
    let (name, rest) = line.text.split_once(' ').unwrap_or((line.text, ""));
    let listed = OPERATORS.iter().find(|(engine, _)| *engine == name);
    let neo4j = listed.map_or(name, |(_, neo4j)| neo4j);
    let (what, alias) = rest.split_once(" AS ").unwrap_or((rest, ""));
    match name {
        "Scan" if what == ":" => ("AllNodesScan".into(), alias.into()),
        "Scan" => (neo4j.into(), format!("{alias}{what}")),
        "IndexLookup" => {
            let (label, lookups) = what.split_once('.').unwrap_or((what, ""));
            let property = lookups
                .trim_start_matches('(')
                .split(' ')
                .next()
                .unwrap_or_default();
            let text =
                format!("RANGE INDEX {alias}{label}({property}) WHERE {property} = $autostring_0");
            (neo4j.into(), text)
        }
        "Filter" => {
            let alias = below
                .and_then(|below| below.text.rsplit_once(" AS "))
                .map_or("", |(_, alias)| alias);
            let tests = line
                .unindexed
                .iter()
                .map(|property| format!("{alias}.{property} = $autostring_0"));
            (neo4j.into(), tests.collect::<Vec<_>>().join(" AND "))
        }
        _ => (neo4j.into(), rest.into()),
    }
}

fn operator(name: &str, details: &str, rows: f64, id: usize, children: Vec<Json>) -> Json {
    let arguments = Map::from_iter([
        ("Details".to_owned(), json!(details)),
        ("EstimatedRows".to_owned(), json!(rows)),
        ("Id".to_owned(), json!(id)),
    ]);
    json!({
        "operatorType": format!("{name}@neo4j"), "arguments": arguments, "identifiers": [], "children": children,
    })
}

/// The fields of a profiled operator; the engine counts no hits.
fn profile(operator: &mut Json) {
    for (key, value) in [
        ("dbHits", json!(0)),
        ("hasPageCacheStats", json!(false)),
        ("pageCacheHits", json!(0)),
        ("pageCacheMisses", json!(0)),
        ("pageCacheHitRatio", json!(0.0)),
        ("time", json!(0)),
    ] {
        operator[key] = value;
    }
    if operator["records"].is_null() {
        operator["records"] = json!(0);
    }
    operator["arguments"]["DbHits"] = json!(0);
    if operator["arguments"]["Rows"].is_null() {
        operator["arguments"]["Rows"] = json!(0);
    }
}
