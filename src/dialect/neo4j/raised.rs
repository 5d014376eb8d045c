//! What a call's answer depends on and what the call raises: the rules of `tags`, applied to what is
//! known of the service. In doubt the whole service is raised.

use super::body::Ask;
use super::classify::Class;
use super::operations::Line;
use super::{Neo4j, tags};
use crate::dialect::{Effect, Tag};
use cypher_reader::QueryReport;

/// The database of users and privileges.
pub const SYSTEM: &str = "system";

impl Neo4j {
    /// Whether tags may be narrower than the database.
    fn narrow(&self) -> bool {
        !self.knowledge.may_have_triggers()
    }

    /// What the answer of a read depends on.
    pub(super) fn read_tags(
        &self,
        line: &Line,
        ask: &Ask<'_>,
        reports: &[&QueryReport],
    ) -> Vec<Tag> {
        let ends = ask.graph_contents && reports.iter().any(|report| report.features.hops > 0);
        let complete = reports.len() == ask.statements.len();
        tags::reads(
            &self.service,
            &line.database,
            reports,
            self.narrow() && complete && !ends,
        )
    }

    /// What an auto-commit call raises.
    pub(super) fn raised(&self, line: &Line, effect: Effect, classes: &[Class]) -> Vec<Tag> {
        if effect == Effect::Read {
            return Vec::new();
        }
        let database = &line.database;
        let elsewhere = classes.iter().any(|class| class.elsewhere);
        if elsewhere || database == SYSTEM || self.knowledge.may_have_aliases() {
            return self.everything_of_service(database);
        }
        let write = effect == Effect::Write;
        let parts: Vec<_> = classes.iter().map(Class::part).collect();
        tags::invalidates(&self.service, database, &parts, write && self.narrow())
    }

    /// What a write raises of which nothing is known but its database.
    pub(super) fn everything(&self, database: &str) -> Vec<Tag> {
        if database == SYSTEM || self.knowledge.may_have_aliases() {
            return self.everything_of_service(database);
        }
        tags::invalidates(&self.service, database, &[], false)
    }

    /// What a write raises that may reach another database, or change who may see what.
    pub(super) fn everything_of_service(&self, database: &str) -> Vec<Tag> {
        let mut raised = tags::invalidates(&self.service, database, &[], false);
        raised.push(self.service.clone());
        raised
    }
}

impl Class {
    /// What it adds to the tags that are raised.
    fn part(&self) -> Result<(), Option<&QueryReport>> {
        match self.effect {
            Effect::Read => Ok(()),
            _ => Err(self.report.as_deref()),
        }
    }
}
