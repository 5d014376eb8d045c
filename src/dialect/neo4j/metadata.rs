//! Metadata queries: what the dialect asks of its service now and again, and what it takes from the
//! responses. A response that is no table teaches nothing.

use super::knowledge::{Knowledge, ProcedureMode};
use super::probes::{headers, read_only};
use crate::dialect::{Body, MetadataQuery, Response};
use http::Method;
use http::header::{HeaderName, HeaderValue};
use json_reader::{Json, parse};
use std::time::Duration;

/// How long the tables of procedures and functions are good for.
const TABLES: Duration = Duration::from_secs(300);
/// How long the list of databases is good for.
const DATABASES: Duration = Duration::from_secs(60);

/// Every server has this database, whatever the others are called, and it answers every SHOW.
const SYSTEM_QUERY: &str = "/db/system/query/v2";

/// Name, statement, and how often it is asked.
const QUERIES: [(&str, &str, Duration); 4] = [
    ("procedures", "SHOW PROCEDURES YIELD name, mode", TABLES),
    ("functions", "SHOW FUNCTIONS YIELD name, isBuiltIn", TABLES),
    ("aliases", "SHOW DATABASES YIELD name, aliases", DATABASES),
    ("home", "SHOW HOME DATABASE YIELD name", DATABASES),
];

/// The queries, at this generation of what is known.
pub fn queries(credential: &[(HeaderName, HeaderValue)], generation: u64) -> Vec<MetadataQuery> {
    let query = |(name, text, every)| MetadataQuery {
        name,
        method: Method::POST,
        target: SYSTEM_QUERY.to_owned(),
        headers: headers(credential, true),
        body: read_only(text),
        every,
        generation,
    };
    QUERIES.map(query).into()
}

/// Takes the response to a metadata query.
pub fn learn(knowledge: &Knowledge, query: &MetadataQuery, response: &Response<'_>) {
    let Body::Whole(body) = response.body else {
        return;
    };
    let is_current = query.generation == knowledge.generation();
    if !(200..300).contains(&response.status) || !is_current {
        return;
    }
    let Ok(json) = parse(body) else { return };
    if json.get("errors").is_some() {
        return;
    }
    let Some(Json::Array(rows)) = json.get("data").and_then(|data| data.get("values")) else {
        return;
    };
    match query.name {
        "procedures" => learn_procedures(knowledge, rows),
        "functions" => learn_functions(knowledge, rows),
        "aliases" => learn_aliases(knowledge, rows),
        "home" => learn_home(knowledge, rows),
        _ => {}
    }
}

fn learn_procedures(knowledge: &Knowledge, rows: &[Json<'_>]) {
    let modes = rows.iter().map(|row| match row.items() {
        [Json::String(name), Json::String(mode)] => Some((name.to_string(), mode_of(mode)?)),
        _ => None,
    });
    if let Some(modes) = modes.collect() {
        knowledge.learn_modes(modes);
    }
}

fn learn_functions(knowledge: &Knowledge, rows: &[Json<'_>]) {
    let foreign = rows.iter().filter_map(|row| match row.items() {
        [Json::String(_), Json::Bool(true)] => None,
        [Json::String(name), ..] => Some(name.to_lowercase()),
        _ => None,
    });
    knowledge.learn_functions(foreign.collect());
}

fn learn_home(knowledge: &Knowledge, rows: &[Json<'_>]) {
    if let [row] = rows
        && let [Json::String(name)] = row.items()
    {
        knowledge.learn_home(name);
    }
}

fn learn_aliases(knowledge: &Knowledge, rows: &[Json<'_>]) {
    let none = |row: &Json<'_>| matches!(row.items(), [_, Json::Array(names)] if names.is_empty());
    knowledge.learn_aliases(!rows.iter().all(none));
}

fn mode_of(mode: &str) -> Option<ProcedureMode> {
    match mode {
        "READ" => Some(ProcedureMode::Read),
        "WRITE" => Some(ProcedureMode::Write),
        "SCHEMA" => Some(ProcedureMode::Schema),
        "DBMS" => Some(ProcedureMode::Dbms),
        _ => None,
    }
}
