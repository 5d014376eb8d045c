//! Inquiries: what the dialect wants to be told about its service (procedures, databases). Each is
//! put to one endpoint that serves, when its last answer is too old, was for an older state of
//! knowledge, or never came; a question without an answer is put to the next endpoint after a pause.

use super::ask::{Ask, ProbeReply, Question, Questions};
use super::condition::Condition;
use super::round::within;
use super::status::Status;
use crate::clock::Moment;
use crate::dialect::Inquiry;
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
        let all = round.questions.inquiries();
        self.due
            .retain(|name, _| all.iter().any(|i| i.name == *name));
        for inquiry in all.iter().filter(|inquiry| round.may(inquiry)) {
            if self.is_due(inquiry, now) {
                let answered = self.put(round, inquiry).await;
                let pause = if answered { inquiry.every } else { ASK_AGAIN };
                let due = Due {
                    at: now + pause,
                    generation: inquiry.generation,
                };
                self.due.insert(inquiry.name, due);
            }
        }
    }

    fn is_due(&self, inquiry: &Inquiry, now: Moment) -> bool {
        self.due
            .get(inquiry.name)
            .is_none_or(|due| due.at <= now || due.generation != inquiry.generation)
    }

    async fn put(&mut self, round: &Asking<'_>, inquiry: &Inquiry) -> bool {
        self.turn = self.turn.wrapping_add(1);
        let Some(whom) = pick(round.subjects, self.turn) else {
            return false;
        };
        let asked = round.ask.ask(whom, Question::from(inquiry));
        let Ok(reply) = within(round.timeout, asked).await else {
            return false;
        };
        round.take(inquiry, &reply)
    }
}

/// Whom and what to ask, and how.
pub struct Asking<'a> {
    pub ask: &'a dyn Ask,
    pub questions: &'a dyn Questions,
    pub subjects: &'a [Arc<Condition>],
    pub timeout: Duration,
    /// Set when a credential was refused; questions that carry one stop.
    pub locked: &'a AtomicBool,
}

impl Asking<'_> {
    fn may(&self, inquiry: &Inquiry) -> bool {
        !self.locked.load(Ordering::Relaxed) || !Question::from(inquiry).carries_credential()
    }

    fn take(&self, inquiry: &Inquiry, reply: &ProbeReply) -> bool {
        if REFUSED.contains(&reply.status) && Question::from(inquiry).carries_credential() {
            self.locked.store(true, Ordering::Relaxed);
            return false;
        }
        self.questions.learn(inquiry, &reply.answer());
        reply.status < 500
    }
}

/// The next endpoint in turn that serves.
fn pick(subjects: &[Arc<Condition>], turn: usize) -> Option<&Arc<Condition>> {
    let start = turn.checked_rem(subjects.len())?;
    let serves =
        |subject: &&Arc<Condition>| subject.is_resolved() && subject.status() <= Status::Degraded;
    subjects
        .iter()
        .cycle()
        .skip(start)
        .take(subjects.len())
        .find(serves)
}
