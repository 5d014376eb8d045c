//! Inquiries: what the dialect wants to be told about its service (procedures, databases). Each is
//! put to one endpoint that serves, when its last answer is too old, was for an older state of
//! knowledge, or never came; a question without an answer is put to the next endpoint after a pause.

use super::question::{ProbeClient, ProbeReply, Question, Questions};
use super::round::within;
use crate::clock::Moment;
use crate::dialect::MetadataQuery;
use crate::endpoint::Condition;
use crate::endpoint::HealthStatus;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Pause after a question that got no answer.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// Statuses by which a server refuses a credential.
const REFUSED: [u16; 2] = [401, 403];

/// When each inquiry is due, by its name.
#[derive(Default)]
pub struct Inquiries {
    due: HashMap<&'static str, Due>,
    turn: usize,
}

#[derive(Clone, Copy)]
struct Due {
    at: Moment,
    generation: u64,
}

impl Inquiries {
    /// Puts the inquiries that are due at `now`, one after the other.
    pub async fn ask_due(&mut self, round: &Asking<'_>, now: Moment) {
        let all = round.questions.metadata_queries();
        self.due
            .retain(|name, _| all.iter().any(|i| i.name == *name));
        for metadata_query in all
            .iter()
            .filter(|metadata_query| round.may(metadata_query))
        {
            if self.is_due(metadata_query, now) {
                let answered = self.put(round, metadata_query).await;
                let pause = if answered {
                    metadata_query.every
                } else {
                    ASK_AGAIN
                };
                let due = Due {
                    at: now + pause,
                    generation: metadata_query.generation,
                };
                self.due.insert(metadata_query.name, due);
            }
        }
    }

    fn is_due(&self, metadata_query: &MetadataQuery, now: Moment) -> bool {
        self.due
            .get(metadata_query.name)
            .is_none_or(|due| due.at <= now || due.generation != metadata_query.generation)
    }

    async fn put(&mut self, round: &Asking<'_>, metadata_query: &MetadataQuery) -> bool {
        self.turn = self.turn.wrapping_add(1);
        let Some(whom) = pick(round.subjects, self.turn) else {
            return false;
        };
        let asked = round.ask.ask(whom, Question::from(metadata_query));
        let Ok(reply) = within(round.timeout, asked).await else {
            return false;
        };
        round.take(metadata_query, &reply)
    }
}

/// Whom and what to ask, and how.
pub struct Asking<'a> {
    pub ask: &'a dyn ProbeClient,
    pub questions: &'a dyn Questions,
    pub subjects: &'a [Arc<Condition>],
    pub timeout: Duration,
    /// Set when a credential was refused; questions that carry one stop.
    pub locked: &'a AtomicBool,
}

impl Asking<'_> {
    fn may(&self, metadata_query: &MetadataQuery) -> bool {
        !self.locked.load(Ordering::Relaxed) || !Question::from(metadata_query).carries_credential()
    }

    fn take(&self, metadata_query: &MetadataQuery, reply: &ProbeReply) -> bool {
        if REFUSED.contains(&reply.status) && Question::from(metadata_query).carries_credential() {
            self.locked.store(true, Ordering::Relaxed);
            return false;
        }
        self.questions.learn(metadata_query, &reply.answer());
        reply.status < 500
    }
}

/// The next endpoint in turn that serves.
fn pick(subjects: &[Arc<Condition>], turn: usize) -> Option<&Arc<Condition>> {
    let start = turn.checked_rem(subjects.len())?;
    let serves = |subject: &&Arc<Condition>| {
        subject.is_resolved() && subject.status() <= HealthStatus::Degraded
    };
    subjects
        .iter()
        .cycle()
        .skip(start)
        .take(subjects.len())
        .find(serves)
}
