//! The procedures that Neo4j 5.26 Community brings along, with their modes, for explanations without a
//! server. A running proxy never asks this table: another version or a plug-in may differ, and doubt
//! is a write. What is not on it, such as a procedure of a plug-in or of the Enterprise edition, is
//! not known.

use super::knowledge::ProcedureMode;

/// Name and mode, sorted by name, as `SHOW PROCEDURES` lists them.
#[rustfmt::skip]
const PROCEDURES: &[(&str, ProcedureMode)] = &[
    ("db.awaitIndex", ProcedureMode::Read),
    ("db.awaitIndexes", ProcedureMode::Read),
    ("db.clearQueryCaches", ProcedureMode::Dbms),
    ("db.create.setNodeVectorProperty", ProcedureMode::Write),
    ("db.create.setRelationshipVectorProperty", ProcedureMode::Write),
    ("db.create.setVectorProperty", ProcedureMode::Write),
    ("db.createLabel", ProcedureMode::Write),
    ("db.createProperty", ProcedureMode::Write),
    ("db.createRelationshipType", ProcedureMode::Write),
    ("db.index.fulltext.awaitEventuallyConsistentIndexRefresh", ProcedureMode::Read),
    ("db.index.fulltext.listAvailableAnalyzers", ProcedureMode::Read),
    ("db.index.fulltext.queryNodes", ProcedureMode::Read),
    ("db.index.fulltext.queryRelationships", ProcedureMode::Read),
    ("db.index.vector.createNodeIndex", ProcedureMode::Schema),
    ("db.index.vector.queryNodes", ProcedureMode::Read),
    ("db.index.vector.queryRelationships", ProcedureMode::Read),
    ("db.info", ProcedureMode::Read),
    ("db.labels", ProcedureMode::Read),
    ("db.ping", ProcedureMode::Read),
    ("db.prepareForReplanning", ProcedureMode::Read),
    ("db.propertyKeys", ProcedureMode::Read),
    ("db.relationshipTypes", ProcedureMode::Read),
    ("db.resampleIndex", ProcedureMode::Read),
    ("db.resampleOutdatedIndexes", ProcedureMode::Read),
    ("db.schema.nodeTypeProperties", ProcedureMode::Read),
    ("db.schema.relTypeProperties", ProcedureMode::Read),
    ("db.schema.visualization", ProcedureMode::Read),
    ("db.stats.clear", ProcedureMode::Read),
    ("db.stats.collect", ProcedureMode::Read),
    ("db.stats.retrieve", ProcedureMode::Read),
    ("db.stats.retrieveAllAnonymized", ProcedureMode::Read),
    ("db.stats.status", ProcedureMode::Read),
    ("db.stats.stop", ProcedureMode::Read),
    ("dbms.cluster.routing.getRoutingTable", ProcedureMode::Dbms),
    ("dbms.components", ProcedureMode::Dbms),
    ("dbms.info", ProcedureMode::Dbms),
    ("dbms.killConnection", ProcedureMode::Dbms),
    ("dbms.killConnections", ProcedureMode::Dbms),
    ("dbms.listCapabilities", ProcedureMode::Dbms),
    ("dbms.listConfig", ProcedureMode::Dbms),
    ("dbms.listConnections", ProcedureMode::Dbms),
    ("dbms.queryJmx", ProcedureMode::Dbms),
    ("dbms.routing.getRoutingTable", ProcedureMode::Dbms),
    ("dbms.showCurrentUser", ProcedureMode::Dbms),
    ("dbms.upgrade", ProcedureMode::Write),
    ("dbms.upgradeStatus", ProcedureMode::Read),
    ("tx.getMetaData", ProcedureMode::Dbms),
    ("tx.setMetaData", ProcedureMode::Dbms),
];

/// The mode of a built-in procedure; names are compared byte for byte, as the server does.
pub fn mode(procedure: &str) -> Option<ProcedureMode> {
    let at = PROCEDURES
        .binary_search_by_key(&procedure, |(name, _)| name)
        .ok()?;
    PROCEDURES.get(at).map(|(_, mode)| *mode)
}

/// The table: name and mode.
pub fn procedures() -> impl Iterator<Item = (&'static str, ProcedureMode)> {
    PROCEDURES.iter().copied()
}
