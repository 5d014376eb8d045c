//! The procedures that Neo4j 5.26 Community brings along, with their modes, for explanations without a
//! server. A running proxy never asks this table: another version or a plug-in may differ, and doubt
//! is a write. What is not on it, such as a procedure of a plug-in or of the Enterprise edition, is
//! not known.

use super::knowledge::Mode;

/// Name and mode, sorted by name, as `SHOW PROCEDURES` lists them.
#[rustfmt::skip]
const PROCEDURES: &[(&str, Mode)] = &[
    ("db.awaitIndex", Mode::Read),
    ("db.awaitIndexes", Mode::Read),
    ("db.clearQueryCaches", Mode::Dbms),
    ("db.create.setNodeVectorProperty", Mode::Write),
    ("db.create.setRelationshipVectorProperty", Mode::Write),
    ("db.create.setVectorProperty", Mode::Write),
    ("db.createLabel", Mode::Write),
    ("db.createProperty", Mode::Write),
    ("db.createRelationshipType", Mode::Write),
    ("db.index.fulltext.awaitEventuallyConsistentIndexRefresh", Mode::Read),
    ("db.index.fulltext.listAvailableAnalyzers", Mode::Read),
    ("db.index.fulltext.queryNodes", Mode::Read),
    ("db.index.fulltext.queryRelationships", Mode::Read),
    ("db.index.vector.createNodeIndex", Mode::Schema),
    ("db.index.vector.queryNodes", Mode::Read),
    ("db.index.vector.queryRelationships", Mode::Read),
    ("db.info", Mode::Read),
    ("db.labels", Mode::Read),
    ("db.ping", Mode::Read),
    ("db.prepareForReplanning", Mode::Read),
    ("db.propertyKeys", Mode::Read),
    ("db.relationshipTypes", Mode::Read),
    ("db.resampleIndex", Mode::Read),
    ("db.resampleOutdatedIndexes", Mode::Read),
    ("db.schema.nodeTypeProperties", Mode::Read),
    ("db.schema.relTypeProperties", Mode::Read),
    ("db.schema.visualization", Mode::Read),
    ("db.stats.clear", Mode::Read),
    ("db.stats.collect", Mode::Read),
    ("db.stats.retrieve", Mode::Read),
    ("db.stats.retrieveAllAnonymized", Mode::Read),
    ("db.stats.status", Mode::Read),
    ("db.stats.stop", Mode::Read),
    ("dbms.cluster.routing.getRoutingTable", Mode::Dbms),
    ("dbms.components", Mode::Dbms),
    ("dbms.info", Mode::Dbms),
    ("dbms.killConnection", Mode::Dbms),
    ("dbms.killConnections", Mode::Dbms),
    ("dbms.listCapabilities", Mode::Dbms),
    ("dbms.listConfig", Mode::Dbms),
    ("dbms.listConnections", Mode::Dbms),
    ("dbms.queryJmx", Mode::Dbms),
    ("dbms.routing.getRoutingTable", Mode::Dbms),
    ("dbms.showCurrentUser", Mode::Dbms),
    ("dbms.upgrade", Mode::Write),
    ("dbms.upgradeStatus", Mode::Read),
    ("tx.getMetaData", Mode::Dbms),
    ("tx.setMetaData", Mode::Dbms),
];

/// The mode of a stock procedure; names are compared byte for byte, as the server does.
pub fn mode(procedure: &str) -> Option<Mode> {
    let at = PROCEDURES
        .binary_search_by_key(&procedure, |(name, _)| name)
        .ok()?;
    PROCEDURES.get(at).map(|(_, mode)| *mode)
}

/// The table: name and mode.
pub fn procedures() -> impl Iterator<Item = (&'static str, Mode)> {
    PROCEDURES.iter().copied()
}
