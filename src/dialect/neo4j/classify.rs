//! Turns what the reader saw into an effect, with what is known of the server's procedures and
//! functions. A statement is a read only when every part of it is known to be one.

use super::knowledge::{Knowledge, ProcedureMode};
use crate::dialect::Effect;
use cypher_reader::{Command, QueryReport, Statement, StatementKind};

/// Procedures that pass the read fence and still do something, whatever their mode; lower case.
const SIDE_EFFECTS: &[&str] = &[
    "db.clearquerycaches",
    "db.prepareforreplanning",
    "db.resampleindex",
    "db.resampleoutdatedindexes",
    "db.stats.clear",
    "db.stats.collect",
    "db.stats.stop",
    "dbms.killconnection",
    "dbms.killconnections",
    "dbms.setconfigvalue",
    "tx.setmetadata",
];
/// Beginnings of names of further ones, of the Enterprise edition.
const SIDE_EFFECT_PREFIXES: &[&str] = &[
    "dbms.cluster.",
    "dbms.kill",
    "dbms.security.",
    "dbms.set",
    "dbms.quarantine",
    "dbms.unquarantine",
    "dbms.checkpoint",
    "db.checkpoint",
    "dbms.scheduler.",
    "dbms.upgrade",
];
/// Of these the read ones.
const HARMLESS: &[&str] = &["dbms.cluster.routing.getroutingtable", "dbms.upgradestatus"];
/// Beginnings of names of procedures whose responses no write of the database decides, or whose index
/// may lag behind it: never stored, whatever the operator lists; lower case.
const STATE_PREFIXES: &[&str] = &[
    "cdc.",
    "db.await",
    "db.cdc.",
    "db.index.fulltext.",
    "db.info",
    "db.listlocks",
    "db.ping",
    "db.stats.",
    "dbms.",
    "tx.",
];

/// What a statement does, and why it is thought so.
#[derive(Debug)]
pub struct Class {
    pub effect: Effect,
    pub reason: &'static str,
    /// Why its response is never stored.
    pub never: Option<&'static str>,
    /// What the reader saw, when it understood.
    pub report: Option<Box<QueryReport>>,
    /// It may change another database than that of the path, or who may see what.
    pub elsewhere: bool,
}

impl Class {
    /// Whether it is more than one transaction.
    pub fn commits_in_parts(&self) -> bool {
        let report = self.report.as_ref();
        report.is_some_and(|report| report.in_transactions)
    }

    /// Whether its changes may stay when its transaction is rolled back: a procedure can have transactions of its own.
    pub fn may_outlast_its_transaction(&self) -> bool {
        match (self.effect, &self.report) {
            (Effect::Read, _) => false,
            (_, Some(report)) => !report.procedures.is_empty(),
            // Commands, which call no procedure.
            (Effect::Admin | Effect::Schema, None) => false,
            (_, None) => true,
        }
    }

    fn plain(effect: Effect, reason: &'static str) -> Self {
        Class {
            effect,
            reason,
            never: None,
            report: None,
            elsewhere: effect == Effect::Admin,
        }
    }
}

/// Classifies a statement.
pub fn classify(statement: Statement, knowledge: &Knowledge, pure: &[String]) -> Class {
    let may_use = statement.may_use;
    if knowledge.writes.contains(statement.shape) {
        return Class {
            elsewhere: may_use,
            ..Class::plain(Effect::Write, "the database refused this shape as a write")
        };
    }
    match statement.kind {
        StatementKind::Explain => Class {
            never: Some("explain"),
            ..Class::plain(Effect::Read, "explain runs nothing")
        },
        StatementKind::Command(Command::Schema) => Class::plain(Effect::Schema, "schema command"),
        StatementKind::Command(Command::Admin) => Class::plain(Effect::Admin, "server command"),
        StatementKind::Unknown(reason) => Class {
            elsewhere: may_use,
            ..Class::plain(Effect::Unknown, reason)
        },
        StatementKind::Query(report) => query(report, knowledge, pure),
    }
}

fn query(report: Box<QueryReport>, knowledge: &Knowledge, pure: &[String]) -> Class {
    let called = report
        .procedures
        .iter()
        .map(|name| procedure(name, knowledge, pure));
    let worst = called.max_by_key(|(effect, reason)| (severity(*effect), *reason != PLUG_IN_READ));
    let (effect, reason) = match worst {
        _ if report.writes => (Effect::Write, "a clause that changes data"),
        Some(procedure) => procedure,
        None => (Effect::Read, "only clauses that read"),
    };
    Class {
        never: never(&report, knowledge, pure),
        elsewhere: report.uses_graph || effect == Effect::Admin && reason != PLUG_IN_READ,
        effect,
        reason,
        report: Some(report),
    }
}

/// The order in which effects win when several come together.
pub fn severity(effect: Effect) -> u8 {
    match effect {
        Effect::Read => 0,
        Effect::Session => 1,
        Effect::Admin => 2,
        Effect::Schema => 3,
        Effect::Write => 4,
        Effect::Unknown => 5,
    }
}

/// Of a plug-in's procedure that declares itself a read: it may still send, write a file or build a
/// projection, so it is not repeated, shared or stored.
pub const PLUG_IN_READ: &str =
    "a procedure of a plug-in, which may have side effects; `pure` names those that have none";

fn procedure(name: &str, knowledge: &Knowledge, pure: &[String]) -> (Effect, &'static str) {
    let lower = name.to_lowercase();
    let prefixed = SIDE_EFFECT_PREFIXES
        .iter()
        .any(|prefix| lower.starts_with(prefix));
    if SIDE_EFFECTS.contains(&lower.as_str()) || prefixed && !HARMLESS.contains(&lower.as_str()) {
        return (Effect::Admin, "a procedure with side effects");
    }
    let Some(mode) = knowledge.mode(name) else {
        return (Effect::Write, "a procedure whose mode is not known");
    };
    match mode {
        ProcedureMode::Dbms if !Knowledge::is_own(name) => {
            (Effect::Admin, "a plug-in procedure of the server")
        }
        ProcedureMode::Read if !Knowledge::is_own(name) && !is_listed(name, pure) => {
            (Effect::Admin, PLUG_IN_READ)
        }
        _ if knowledge.uses_builtin_procedures() => assumed(mode),
        ProcedureMode::Read | ProcedureMode::Dbms => (Effect::Read, "a procedure that reads"),
        ProcedureMode::Write => (Effect::Write, "a procedure that writes"),
        ProcedureMode::Schema => (Effect::Schema, "a procedure that changes the schema"),
    }
}

/// The same by the table of built-in procedures; the reason says so.
fn assumed(mode: ProcedureMode) -> (Effect, &'static str) {
    match mode {
        ProcedureMode::Read | ProcedureMode::Dbms => (
            Effect::Read,
            "a procedure that reads, as in Neo4j 5.26; a running proxy goes by its server's own list",
        ),
        ProcedureMode::Write => (
            Effect::Write,
            "a procedure that writes, as in Neo4j 5.26; a running proxy goes by its server's own list",
        ),
        ProcedureMode::Schema => (
            Effect::Schema,
            "a procedure that changes the schema, as in Neo4j 5.26; a running proxy goes by its server's own list",
        ),
    }
}

/// Whether the operator says that it only reads.
fn is_listed(name: &str, pure: &[String]) -> bool {
    pure.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a procedure answers for the server rather than for its data.
fn is_state(name: &str) -> bool {
    let lower = name.to_lowercase();
    STATE_PREFIXES
        .iter()
        .any(|prefix| lower.starts_with(prefix))
}

/// Why the response of this query is never stored.
fn never(report: &QueryReport, knowledge: &Knowledge, pure: &[String]) -> Option<&'static str> {
    let listed = |name: &String| is_listed(name, pure);
    let impure = |name: &String| !knowledge.is_pure(name) && !listed(name);
    let reasons = [
        (report.show, "show"),
        (report.profile, "profile"),
        (report.load_csv, "load_csv"),
        (report.uses_graph, "use_graph"),
        (report.in_transactions, "in_transactions"),
        (report.index_search, "index_search"),
        (
            report.procedures.iter().any(|name| is_state(name)),
            "server_state",
        ),
        (!report.procedures.iter().all(listed), "procedure"),
        (
            report.reads_clock || report.functions.iter().any(impure),
            "impure_function",
        ),
    ];
    reasons
        .into_iter()
        .find(|(holds, _)| *holds)
        .map(|(_, reason)| reason)
}
