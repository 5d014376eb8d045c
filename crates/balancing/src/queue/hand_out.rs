//! One look at the endpoints: they are offered to those that wait, in order, as far as places go.

use super::{Passed, Queue};
use crate::Moment;

/// Needs without room, and requests that would rather wait, after which a look ends; the next one begins anew.
const SCAN: usize = 64;

/// What became of a request that was offered the endpoints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Offer<A> {
    /// It was given a place.
    Placed(A),
    /// An endpoint has room, and the policy would rather wait with this request of so much work, or the room is for others of
    /// its need.
    WouldWait { work: f64 },
    /// No endpoint has room for what it needs.
    NoRoom,
    /// To wait does not help it.
    Hopeless(A),
    /// Nobody waits for it any more.
    Gone,
}

/// Who has places to give.
pub trait Places<W> {
    /// What a request is told that waits no more.
    type Answer;

    /// Offers the endpoints to a request. `ahead`: the work of those before it that would rather wait.
    fn offer(&mut self, owner: &W, ahead: f64) -> Offer<Self::Answer>;

    /// The request waits no more.
    fn answer(&mut self, owner: W, answer: Self::Answer);
}

/// As [`Queue::hand_out`].
pub fn all<W, P: Places<W>>(queue: &mut Queue<W>, places: &mut P, now: Moment) {
    let mut passed = Passed::default();
    while passed.count() < SCAN
        && let Some(ticket) = queue.next(&passed, now)
        && let Some(owner) = queue.get(ticket)
    {
        let answered = match places.offer(owner, passed.work()) {
            Offer::Placed(answer) => queue.serve(ticket, now).zip(Some(answer)),
            Offer::Hopeless(answer) => queue.cancel(ticket, now).zip(Some(answer)),
            // Where not even one before which work has no end is given a place, no other of its need is.
            Offer::WouldWait { .. } if passed.work().is_infinite() => {
                passed.pass_need(ticket);
                None
            }
            Offer::WouldWait { work } => {
                passed.pass_one(ticket, work, queue);
                None
            }
            Offer::NoRoom => {
                passed.pass_need(ticket);
                None
            }
            Offer::Gone => {
                queue.cancel(ticket, now);
                None
            }
        };
        if let Some((owner, answer)) = answered {
            places.answer(owner, answer);
        }
    }
}
