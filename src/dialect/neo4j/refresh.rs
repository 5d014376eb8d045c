//! A hit's body with the newest bookmark: a client that takes back an older one than it had would
//! lose sight of its own writes.

use super::Neo4j;
use super::bookmark::{MEMBERS, is_newer, of_response};
use super::outgoing::{quoted_list, with_field};
use crate::dialect::{Call, Target};
use bytes::Bytes;

impl Neo4j {
    /// The body with the newest bookmark known; `None` when it has that one already.
    pub(super) fn refreshed(&self, call: &Call, body: &Bytes) -> Option<Bytes> {
        let Target::Database(database) = &call.target else {
            return None;
        };
        let stored = of_response(body)?;
        let newest = self.knowledge.bookmark(database)?;
        if !is_newer(&newest, &stored) {
            return None;
        }
        let found = json_reader::top_level(body, MEMBERS).values;
        let (key, _) = MEMBERS
            .into_iter()
            .zip(found)
            .find(|(_, value)| value.is_some())?;
        with_field(body, key, &quoted_list(&newest))
    }
}
