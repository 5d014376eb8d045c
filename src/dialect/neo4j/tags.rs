//! Tags of a service: what responses depend on and what calls invalidate. Two tags per database: `any`,
//! invalidated by every write, and `wide`, by writes that are not proven narrow. In doubt the whole
//! service is invalidated.

use super::body::StatementRequest;
use super::classify::Class;
use super::knowledge::Knowledge;
use crate::dialect::{Effect, Tag};
use cypher_reader::QueryReport;
use std::collections::BTreeSet;

/// The database of users and privileges.
pub const SYSTEM: &str = "system";

/// The tag of the whole service.
pub fn service(name: &str) -> Tag {
    Tag::service("neo4j", name)
}

/// The tags of one service, as far as it is known.
#[derive(Clone, Copy)]
pub struct ServiceTags<'a> {
    pub service: &'a Tag,
    pub knowledge: &'a Knowledge,
}

impl ServiceTags<'_> {
    /// What the response of a read depends on.
    pub fn read(
        &self,
        database: &str,
        body: &StatementRequest<'_>,
        reports: &[&QueryReport],
    ) -> Vec<Tag> {
        let ends = body.graph_contents && reports.iter().any(|report| report.features.hops > 0);
        let complete = reports.len() == body.statements.len();
        let proven = |report: &&QueryReport| !report.broad && has_names(report);
        let narrow = self.may_be_narrow() && complete && !ends;
        let mut tags = vec![self.service.clone()];
        if narrow && !reports.is_empty() && reports.iter().all(proven) {
            tags.push(self.wide(database));
            for report in reports {
                self.names(database, &report.labels, &report.types, &mut tags);
            }
            tags.sort();
            tags.dedup();
        } else {
            tags.push(self.any(database));
        }
        tags
    }

    /// What an auto-commit call invalidates.
    pub fn invalidated(&self, database: &str, effect: Effect, classes: &[Class]) -> Vec<Tag> {
        if effect == Effect::Read {
            return Vec::new();
        }
        let elsewhere = classes.iter().any(|class| class.elsewhere);
        if elsewhere || self.reaches_beyond(database) {
            return self.whole_service(database);
        }
        let writes = classes.iter().filter(|class| class.effect != Effect::Read);
        let reports: Option<Vec<_>> = writes.map(narrow_write).collect();
        match reports {
            Some(reports) if effect == Effect::Write && self.may_be_narrow() => {
                self.narrow_writes(database, &reports)
            }
            _ => self.whole_database(database),
        }
    }

    fn narrow_writes(&self, database: &str, reports: &[&QueryReport]) -> Vec<Tag> {
        let mut tags = vec![self.any(database)];
        for report in reports {
            let (labels, types) = (&report.changed_labels, &report.changed_types);
            self.names(database, labels, types, &mut tags);
        }
        tags.sort();
        tags.dedup();
        tags
    }

    /// What a write invalidates of which nothing is known but its database.
    pub fn whole_database(&self, database: &str) -> Vec<Tag> {
        match self.reaches_beyond(database) {
            true => self.whole_service(database),
            false => vec![self.any(database), self.wide(database)],
        }
    }

    /// What a write invalidates that may reach another database, or change who may see what.
    pub fn whole_service(&self, database: &str) -> Vec<Tag> {
        vec![
            self.any(database),
            self.wide(database),
            self.service.clone(),
        ]
    }

    /// Whether a write to a database may change more than what is stored under its name.
    fn reaches_beyond(&self, database: &str) -> bool {
        database == SYSTEM || self.knowledge.may_have_aliases()
    }

    /// Whether tags may be narrower than the database.
    fn may_be_narrow(&self) -> bool {
        !self.knowledge.may_have_triggers()
    }

    /// Invalidated by every write to the database.
    fn any(&self, database: &str) -> Tag {
        self.service.below(&[database, "any"])
    }

    /// Invalidated by writes that are not proven narrow.
    fn wide(&self, database: &str) -> Tag {
        self.service.below(&[database, "wide"])
    }

    /// The tags of labels and types.
    fn names(
        &self,
        database: &str,
        labels: &BTreeSet<String>,
        types: &BTreeSet<String>,
        tags: &mut Vec<Tag>,
    ) {
        for (kind, names) in [("label", labels), ("type", types)] {
            let named = |name: &String| self.service.below(&[database, kind, name]);
            tags.extend(names.iter().map(named));
        }
    }
}

/// Whether a narrow read names anything that a write could invalidate. A read without patterns
/// (`RETURN 1`) depends on nothing, which is narrow as well.
fn has_names(report: &QueryReport) -> bool {
    report.features.nodes == 0 || !report.labels.is_empty() || !report.types.is_empty()
}

/// The report of a write that changes only what it names.
fn narrow_write(class: &Class) -> Option<&QueryReport> {
    let report = class.report.as_deref()?;
    let named = !report.changed_labels.is_empty() || !report.changed_types.is_empty();
    (!report.wide && named && report.procedures.is_empty()).then_some(report)
}
