//! Metadata queries: what the dialect wants to know about its service (procedures, databases). Each is
//! sent to one endpoint that serves, when its last response is too old, was for an older state of
//! knowledge, or never came; without a response it is sent to the next endpoint after a pause.

use super::question::{ProbeClient, ProbeReply, Question, Questions};
use super::round::within;
use crate::clock::Moment;
use crate::dialect::MetadataQuery;
use crate::endpoint::{Condition, HealthStatus};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Pause after a query that got no response.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// A pause that is shorter is doubled, up to so long, each time that a server refuses the query.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// Statuses by which a server refuses a credential, or further tries with it. 403 is none: the server knows who asks
/// and does not let them ask this, which says nothing about the other questions.
const REFUSED: [u16; 2] = [401, 429];

/// When each query is due, by its name.
#[derive(Default)]
pub struct MetadataSchedule {
    due: HashMap<&'static str, Due>,
    turn: usize,
}

#[derive(Clone, Copy)]
struct Due {
    at: Moment,
    generation: u64,
    /// How often in a row it was refused.
    refusals: u32,
}

/// What a query came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Learned,
    /// A server does not answer it: without a credential, or at all.
    Refused,
    None,
}

impl MetadataSchedule {
    /// Sends the queries that are due, one after the other.
    pub async fn ask_due(&mut self, round: &MetadataRound<'_>) {
        let all = round.questions.metadata_queries();
        self.due
            .retain(|name, _| all.iter().any(|query| query.name == *name));
        for query in &all {
            if self.is_due(query, round.now) {
                let answer = self.ask(round, query).await;
                self.plan(query, answer, round.now);
            }
        }
    }

    fn plan(&mut self, query: &MetadataQuery, answer: Answer, now: Moment) {
        let before = self.due.get(query.name).map_or(0, |due| due.refusals);
        let refusals = match answer {
            Answer::Learned => 0,
            Answer::Refused => before.saturating_add(1),
            Answer::None => before,
        };
        let longer = query.every.saturating_mul(2_u32.saturating_pow(refusals));
        let pause = match answer {
            Answer::Learned => query.every,
            Answer::Refused => longer.min(REFUSED_PAUSE.max(query.every)),
            Answer::None => ASK_AGAIN,
        };
        let due = Due {
            at: now + pause,
            generation: query.generation,
            refusals,
        };
        self.due.insert(query.name, due);
    }

    fn is_due(&self, query: &MetadataQuery, now: Moment) -> bool {
        let due = self.due.get(query.name);
        due.is_none_or(|due| due.at <= now || due.generation != query.generation)
    }

    async fn ask(&mut self, round: &MetadataRound<'_>, query: &MetadataQuery) -> Answer {
        self.turn = self.turn.wrapping_add(1);
        let question = Question::from(query);
        let Some(whom) = round.pick(self.turn, question.carries_credential()) else {
            return Answer::None;
        };
        match within(round.timeout, round.client.ask(whom, question)).await {
            Ok(reply) => round.take(query, whom, &reply),
            Err(_) => Answer::None,
        }
    }
}

/// Whom and what to ask, and how.
pub struct MetadataRound<'a> {
    pub client: &'a dyn ProbeClient,
    pub questions: &'a dyn Questions,
    pub endpoints: &'a [Arc<Condition>],
    pub timeout: Duration,
    pub now: Moment,
}

impl MetadataRound<'_> {
    /// The next endpoint in turn that serves and, where one is needed, takes our credential.
    fn pick(&self, turn: usize, credentialed: bool) -> Option<&Arc<Condition>> {
        let start = turn.checked_rem(self.endpoints.len())?;
        let serves = |endpoint: &&Arc<Condition>| {
            endpoint.server().is_resolved()
                && endpoint.status() <= HealthStatus::Degraded
                && (!credentialed || endpoint.server().credential().is_usable(self.now))
        };
        let in_turn = self.endpoints.iter().cycle().skip(start);
        in_turn.take(self.endpoints.len()).find(serves)
    }

    /// Gives the response to the dialect.
    fn take(&self, query: &MetadataQuery, whom: &Condition, reply: &ProbeReply) -> Answer {
        if Question::from(query).carries_credential() {
            if REFUSED.contains(&reply.status) {
                whom.server().credential_refused(self.now);
                return Answer::None;
            }
            if (200..300).contains(&reply.status) {
                whom.server().credential_accepted();
            }
        }
        self.questions.learn(query, &reply.response());
        match reply.status {
            ..400 => Answer::Learned,
            400..500 => Answer::Refused,
            _ => Answer::None,
        }
    }
}
