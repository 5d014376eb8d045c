//! Probes of an endpoint and metadata queries about the service. A probe never touches data; a refused
//! credential stops the credentialed ones, since three wrong tries lock the user for everyone.

use super::Neo4j;
use super::knowledge::ProcedureMode;
use crate::dialect::{Body, MetadataQuery, Probe, ProbeResult, Response, Role};
use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use json_reader::{Json, parse, top_level};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::time::Duration;

/// How long the tables of procedures and functions are good for.
const TABLES: Duration = Duration::from_secs(300);
/// How long the list of databases is good for.
const DATABASES: Duration = Duration::from_secs(60);

const PROCEDURES: &str = "SHOW PROCEDURES YIELD name, mode";
const FUNCTIONS: &str = "SHOW FUNCTIONS YIELD name, isBuiltIn";
const HOME_DATABASE: &str = "SHOW HOME DATABASE YIELD name";
/// The home database of a server whose configuration says nothing else.
const HOME: &str = "neo4j";
/// Every server has this database, whatever the others are called, and it answers every SHOW.
const SYSTEM_QUERY: &str = "/db/system/query/v2";
const ALIASES: &str = "SHOW DATABASES YIELD name, aliases";

impl Neo4j {
    pub(super) fn all_probes(&self) -> Vec<Probe> {
        let home = self.knowledge.home().unwrap_or_else(|| HOME.to_owned());
        let home = utf8_percent_encode(&home, NON_ALPHANUMERIC);
        let role = format!("/db/{home}/cluster/writable");
        vec![
            self.probe("discovery", Method::GET, "/".into(), Bytes::new(), alive),
            self.probe(
                "query",
                Method::POST,
                format!("/db/{home}/query/v2"),
                statement("RETURN 1"),
                query,
            ),
            self.probe("role", Method::GET, role, Bytes::new(), writable),
        ]
    }

    fn probe(
        &self,
        name: &'static str,
        method: Method,
        target: String,
        body: Bytes,
        read: fn(&Response<'_>) -> ProbeResult,
    ) -> Probe {
        let credentialed = name != "discovery";
        Probe {
            name,
            method,
            target,
            headers: self.headers(credentialed, !body.is_empty()),
            body,
            credentialed,
            read,
        }
    }

    fn headers(&self, credentialed: bool, body: bool) -> Vec<(HeaderName, HeaderValue)> {
        let json = HeaderValue::from_static("application/json");
        let mut headers = vec![(ACCEPT, json.clone())];
        if body {
            headers.push((CONTENT_TYPE, json));
        }
        if credentialed {
            headers.extend(self.settings.credentials.iter().cloned());
        }
        headers
    }

    pub(super) fn all_metadata_queries(&self) -> Vec<MetadataQuery> {
        [
            ("procedures", PROCEDURES, TABLES),
            ("functions", FUNCTIONS, TABLES),
            ("aliases", ALIASES, DATABASES),
            ("home", HOME_DATABASE, DATABASES),
        ]
        .map(|(name, text, every)| MetadataQuery {
            name,
            method: Method::POST,
            target: SYSTEM_QUERY.to_owned(),
            headers: self.headers(true, true),
            body: statement(text),
            every,
            generation: self.knowledge.generation(),
        })
        .into()
    }

    /// Takes the response to an metadata query; one that is no table teaches nothing.
    pub(super) fn learned(&self, metadata_query: &MetadataQuery, response: &Response<'_>) {
        let Body::Whole(body) = response.body else {
            return;
        };
        if !(200..300).contains(&response.status)
            || metadata_query.generation != self.knowledge.generation()
        {
            return;
        }
        let Ok(json) = parse(body) else { return };
        if json.get("errors").is_some() {
            return;
        }
        let Some(Json::Array(rows)) = json.get("data").and_then(|data| data.get("values")) else {
            return;
        };
        match metadata_query.name {
            "procedures" => self.learn_procedures(rows),
            "functions" => self.learn_functions(rows),
            "aliases" => self.learn_aliases(rows),
            "home" => self.learn_home(rows),
            _ => {}
        }
    }

    fn learn_procedures(&self, rows: &[Json<'_>]) {
        let modes = rows.iter().map(|row| match row.items() {
            [Json::String(name), Json::String(mode)] => Some((name.to_string(), mode_of(mode)?)),
            _ => None,
        });
        if let Some(modes) = modes.collect() {
            self.knowledge.learn_modes(modes);
        }
    }

    fn learn_functions(&self, rows: &[Json<'_>]) {
        let foreign = rows.iter().filter_map(|row| match row.items() {
            [Json::String(_), Json::Bool(true)] => None,
            [Json::String(name), ..] => Some(name.to_lowercase()),
            _ => None,
        });
        self.knowledge.learn_functions(foreign.collect());
    }

    fn learn_home(&self, rows: &[Json<'_>]) {
        if let [row] = rows
            && let [Json::String(name)] = row.items()
        {
            self.knowledge.learn_home(name);
        }
    }

    fn learn_aliases(&self, rows: &[Json<'_>]) {
        let none =
            |row: &Json<'_>| matches!(row.items(), [_, Json::Array(names)] if names.is_empty());
        self.knowledge.learn_aliases(!rows.iter().all(none));
    }
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

/// A body of the Query API with read access mode.
fn statement(text: &str) -> Bytes {
    serde_json::json!({"statement": text, "accessMode": "READ"})
        .to_string()
        .into()
}

fn alive(response: &Response<'_>) -> ProbeResult {
    match response.status {
        // A gateway may hide the front page: the server behind it serves all the same.
        200 | 401 | 403 | 405 => ProbeResult::Good,
        404 => ProbeResult::Unsupported,
        408 | 429 => ProbeResult::Busy,
        status => ProbeResult::Bad(format!("GET / answered {status}")),
    }
}

/// Code and text of the errors, as one text; only looked at for words.
fn errors<'a>(response: &Response<'a>) -> &'a str {
    let body: &[u8] = match response.body {
        Body::Whole(bytes) => bytes,
        Body::Prefix(bytes) => bytes,
    };
    let [range] = top_level(body, ["errors"]).values;
    let bytes = range.and_then(|range| body.get(range)).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn query(response: &Response<'_>) -> ProbeResult {
    let errors = errors(response);
    let has = |word: &str| errors.contains(word);
    match response.status {
        401 | 429 => ProbeResult::Locked,
        _ if has("Neo.ClientError.Security.Forbidden") => ProbeResult::Unsupported,
        _ if has("Neo.ClientError.Security.") => ProbeResult::Locked,
        _ if has("MaximumTransactionLimitReached") => ProbeResult::Busy,
        _ if has("NoThreadsAvailable") || has("ResourceExhaustion") => ProbeResult::Busy,
        400 if has("Neo.ClientError.Request.Invalid") => ProbeResult::Unsupported,
        200..300 if errors.is_empty() || errors == "[]" => ProbeResult::Good,
        // The home database has another name, which the next metadata query tells, or lives elsewhere.
        403..=405 => ProbeResult::Unsupported,
        status => ProbeResult::Bad(format!("RETURN 1 answered {status}")),
    }
}

fn writable(response: &Response<'_>) -> ProbeResult {
    match response.status {
        200 => ProbeResult::Role(Role::Writer),
        401 | 429 => ProbeResult::Locked,
        403 => ProbeResult::Unsupported,
        404 if errors(response).contains("Neo.ClientError.") => ProbeResult::Unsupported,
        404 => ProbeResult::Role(Role::Reader),
        status => ProbeResult::Bad(format!("the role answered {status}")),
    }
}
