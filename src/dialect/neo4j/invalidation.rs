//! What a call's response depends on and what the call invalidates: the rules of `tags`, applied to what is
//! known of the service. In doubt the whole service is invalidated.

use super::body::StatementRequest;
use super::classify::Class;
use super::operations::RequestLine;
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

    /// What the response of a read depends on.
    pub(super) fn read_tags(
        &self,
        line: &RequestLine,
        body: &StatementRequest<'_>,
        reports: &[&QueryReport],
    ) -> Vec<Tag> {
        let ends = body.graph_contents && reports.iter().any(|report| report.features.hops > 0);
        let complete = reports.len() == body.statements.len();
        tags::reads(
            &self.service,
            &line.database,
            reports,
            self.narrow() && complete && !ends,
        )
    }

    /// What an auto-commit call invalidates.
    pub(super) fn invalidated(
        &self,
        line: &RequestLine,
        effect: Effect,
        classes: &[Class],
    ) -> Vec<Tag> {
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

    /// What a write invalidates of which nothing is known but its database.
    pub(super) fn everything(&self, database: &str) -> Vec<Tag> {
        if database == SYSTEM || self.knowledge.may_have_aliases() {
            return self.everything_of_service(database);
        }
        tags::invalidates(&self.service, database, &[], false)
    }

    /// What a write invalidates that may reach another database, or change who may see what.
    pub(super) fn everything_of_service(&self, database: &str) -> Vec<Tag> {
        let mut tags = tags::invalidates(&self.service, database, &[], false);
        tags.push(self.service.clone());
        tags
    }
}

impl Class {
    /// What it adds to the tags that are invalidated.
    fn part(&self) -> Result<(), Option<&QueryReport>> {
        match self.effect {
            Effect::Read => Ok(()),
            _ => Err(self.report.as_deref()),
        }
    }
}
