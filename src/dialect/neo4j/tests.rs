use super::*;
use crate::dialect::{
    Body, Effect, Executed, Fault, Fence, Placement, ProbeResult, RetryAdvice, Role, Storability,
    Target,
};
use bytes::Bytes;
use http::{HeaderMap, Method};

mod editing;
mod outward;
mod responses;
mod storability;
mod tagging;
mod understanding;

/// A request that can be kept.
pub struct Sent {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Sent {
    pub fn new(method: &str, target: &str, body: &str) -> Self {
        Self {
            method: method.parse().unwrap(),
            target: target.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.append(name, value.parse().unwrap());
        self
    }

    pub fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            target: &self.target,
            headers: &self.headers,
            body: Body::Whole(&self.body),
        }
    }
}

/// A request of the Query API.
pub fn query(statement: &str) -> Sent {
    let body = serde_json::json!({ "statement": statement }).to_string();
    Sent::new("POST", "/db/neo4j/query/v2", &body)
}

/// A request of the transactional API.
pub fn tx(statements: &[&str]) -> Sent {
    let list: Vec<_> = statements
        .iter()
        .map(|text| serde_json::json!({"statement": text}))
        .collect();
    let body = serde_json::json!({ "statements": list }).to_string();
    Sent::new("POST", "/db/neo4j/tx/commit", &body)
}

/// A dialect that knows the procedures, functions and databases of the recorded server.
pub fn informed(settings: Neo4jSettings) -> Neo4j {
    let neo4j = Neo4j::new(settings);
    for metadata_query in neo4j.metadata_queries() {
        let note = match metadata_query.name {
            "procedures" => "query: procedures and modes",
            "functions" => "query: functions",
            _ => "",
        };
        let recorded = Bytes::from(recorded(note).map_or_else(
            || String::from(r#"{"data":{"fields":["name","aliases"],"values":[["neo4j",[]],["system",[]]]}}"#),
            |record| record["response"]["body"].as_str().unwrap().to_owned(),
        ));
        let body = match metadata_query.name {
            "functions" => functions(&recorded),
            _ => recorded,
        };
        answer_metadata_query(&neo4j, &metadata_query, &body);
    }
    neo4j
}

/// The recorded list has a category between name and flag.
fn functions(recorded: &Bytes) -> Bytes {
    let mut json: serde_json::Value = serde_json::from_slice(recorded).unwrap();
    for row in json["data"]["values"].as_array_mut().unwrap() {
        row.as_array_mut().unwrap().remove(1);
    }
    json.to_string().into()
}

pub fn answer_metadata_query(neo4j: &Neo4j, metadata_query: &MetadataQuery, body: &Bytes) {
    let response = Response {
        status: 202,
        headers: &HeaderMap::new(),
        body: Body::Whole(body),
    };
    neo4j.learn(metadata_query, &response);
}

pub fn plain() -> Neo4j {
    informed(Neo4jSettings::new("graph"))
}

/// The recorded exchange with this note.
pub fn recorded(note: &str) -> Option<serde_json::Value> {
    include_str!("tests/recorded.ndjson")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|record| record["note"] == note)
}

/// Judges a body with a status.
pub fn judge(neo4j: &Neo4j, call: &Call, status: u16, body: &str) -> Judgement {
    judge_with(neo4j, call, (status, &HeaderMap::new()), body)
}

/// Judges a response with header fields.
pub fn judge_with(
    neo4j: &Neo4j,
    call: &Call,
    (status, headers): (u16, &HeaderMap),
    body: &str,
) -> Judgement {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let response = Response {
        status,
        headers,
        body: Body::Whole(&body),
    };
    neo4j.judge(call, &response)
}
