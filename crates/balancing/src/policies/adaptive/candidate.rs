//! An endpoint as a choice sees it. Times are in units of the mean time of a request, work in units of the mean request.

use super::known::Known;
use crate::policy::FAR_SLOWER;
use crate::view::EndpointView;
use std::cmp::Ordering;

/// An endpoint with what is known of it.
#[derive(Clone, Copy)]
pub struct Candidate {
    working: f64,
    share: f64,
    pub known: Known,
    pub has_room: bool,
    /// It has no room, but one more may be tried.
    pub may_be_tried: bool,
}

impl Candidate {
    /// An endpoint that stands so.
    pub fn new(view: &EndpointView, known: Known) -> Self {
        let may_connect = view.load.in_flight < view.load.max_connections;
        let has_room = may_connect && known.limit.is_none_or(|limit| known.working < limit);
        Self {
            working: f64::from(known.working),
            share: view.share(),
            known,
            has_room,
            may_be_tried: may_connect && !has_room && known.are_all_late,
        }
    }

    /// How long the mean request takes here.
    pub fn slowness(&self) -> f64 {
        self.known.slowness
    }

    /// Work done here in the mean time, while all places are taken.
    pub fn speed(&self) -> f64 {
        self.known.speed()
    }

    /// How long a request of this much work takes here.
    pub fn time(&self, work: f64) -> f64 {
        self.known.time(work, self.working + 1.0)
    }

    /// Whether it is far slower than one where the mean request takes so long: it works more slowly, or it has a backlog and its
    /// oldest request has waited as long, as a burst that is about to be worked off is no reason.
    pub fn is_far_slower(&self, best: f64) -> bool {
        let backlog = self.time(1.0).min(self.known.waited);
        self.slowness().max(backlog) > FAR_SLOWER * best
    }

    /// Whether it would take a request now, and is known to respond.
    pub fn is_free(&self) -> bool {
        self.has_room && !self.known.is_stalled
    }

    /// Where a request of this much work should rather be: where no responses are overdue, then where it is done first.
    pub fn compare(&self, other: &Self, work: f64) -> Ordering {
        let by_time = self.time(work).total_cmp(&other.time(work));
        let by_stall = self.known.is_stalled.cmp(&other.known.is_stalled);
        by_stall.then(by_time)
    }

    /// Whether it has room and is about as good as the best one.
    pub fn is_near(&self, best: &Self, work: f64, near: f64) -> bool {
        self.has_room
            && self.known.is_stalled == best.known.is_stalled
            && self.time(work) <= best.time(work) * (1.0 + near)
    }

    /// How busy it is, for its weight.
    pub fn busy(&self) -> f64 {
        self.working / (self.known.places * self.share)
    }
}
