//! A hit's body with the newest bookmark: a client that takes back an older one than it had would
//! lose sight of its own writes.

use super::Neo4j;
use super::bookmark::{MEMBERS, is_newer, only_bookmark};
use super::outgoing::{quoted_list, with_field};
use crate::dialect::{Call, Target};
use bytes::Bytes;

impl Neo4j {
    /// The body with the newest bookmark known; `None` when it has that one already.
    pub(super) fn refreshed(&self, call: &Call, body: &Bytes) -> Option<Bytes> {
        let Target::Database(database) = &call.target else {
            return None;
        };
        let newest = self.knowledge.bookmark(database)?;
        let found = json_reader::top_level(body, MEMBERS).values;
        let mut found = MEMBERS.into_iter().zip(found);
        let (key, stored) = found.find_map(|(key, range)| Some((key, body.get(range?)?)))?;
        if !is_newer(&newest, &only_bookmark(stored)?) {
            return None;
        }
        with_field(body, key, &quoted_list(&newest))
    }
}
