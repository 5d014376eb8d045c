//! Which collections and databases an endpoint was seen to hold, and which it says do not exist. A replica that comes back empty
//! answers "not found", and fast: that is a client's mistake unless peers serve the same name. A name takes a place in this
//! memory only once it was served, so names that exist nowhere cannot fill it. Choices read it without a lock.

use super::ejection::Ejection;
use crate::atomic::{AtomicMoment, Stamp};
use crate::{Ask, Moment};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Of so many targets it is known. A second one that would share a slot waits until nothing speaks against the first one there.
const TARGETS: usize = 64;
/// How long a peer may lag behind a collection that was created or deleted: what is shorter says nothing.
const LAG: Duration = Duration::from_secs(3);
/// What a peer served longer ago says nothing of now.
const FRESH: Duration = Duration::from_secs(60);
/// How long an endpoint comes last for a target after it denied it.
const COMES_LAST_FOR: Duration = Duration::from_secs(1);
/// How long a denial is remembered. For so long no write is the request that finds out whether the target is back.
const REMEMBERED: Duration = Duration::from_secs(600);

/// How an endpoint stands to what a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetStanding {
    /// Nothing speaks against it.
    Held,
    /// It denied it when it was last asked: there is no reason to prefer it.
    Doubtful,
    /// It denied it a moment ago: it comes last.
    Denied,
    /// It goes on denying what its peers serve: it is not asked for it while others are there.
    Missing,
}

/// The targets of one endpoint.
#[derive(Debug)]
pub struct EndpointTargets(Box<[Target]>);

impl Default for EndpointTargets {
    fn default() -> Self {
        Self((0..TARGETS).map(|_| Target::default()).collect())
    }
}

#[derive(Debug, Default)]
struct Target {
    key: AtomicU64,
    /// When the last request began that was served.
    served: Stamp,
    /// Since when it is denied; 0: it is not.
    denied_since: AtomicMoment,
    denied: Stamp,
    missing: Ejection,
}

/// What the peers of an endpoint say of a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeersTarget {
    /// When the last request began that one of them served, whose last word that is.
    pub served: Option<Moment>,
    /// One of them denies it.
    pub is_denied: bool,
}

/// An endpoint said that a target does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// It may well be so.
    Plausible,
    /// It denies it since then, and its peers go on serving it.
    Refuted(Moment),
}

impl EndpointTargets {
    /// How the endpoint stands for this request.
    pub fn standing(&self, ask: &Ask, now: Moment) -> TargetStanding {
        let depends = ask.needs_target || (ask.is_read && ask.asks_data);
        let Some(one) = self.known(ask.target).filter(|_| depends) else {
            return TargetStanding::Held;
        };
        let Some(age) = one.denied_for(now) else {
            return TargetStanding::Held;
        };
        match age {
            _ if one.missing.is_out(now) => TargetStanding::Missing,
            _ if age < COMES_LAST_FOR || !ask.is_read => TargetStanding::Denied,
            _ => TargetStanding::Doubtful,
        }
    }

    /// A request that began at this moment was served: the target is there.
    pub fn served(&self, target: u64, began: Moment, now: Moment) {
        let Some(one) = self.slot(target) else {
            return;
        };
        if one.key.load(Ordering::Relaxed) != target {
            if one.denied_for(now).is_some() {
                return;
            }
            one.begin(target, now);
        }
        one.served.mark(began);
        if one.denied.get().is_some_and(|denied| denied < began) {
            one.forgive(now);
        }
    }

    /// The endpoint says that the target does not exist.
    pub fn deny(&self, target: u64, peers: PeersTarget, now: Moment) -> Denial {
        let known = self.known(target);
        let Some(one) = known.or_else(|| self.admit(target, peers, now)) else {
            return Denial::Plausible;
        };
        if one.denied_for(now).is_none() {
            one.denied_since.set(now);
        }
        one.denied.mark(now);
        let since = one.denied_since.get();
        match peers.served {
            Some(served) if served > since + LAG => Denial::Refuted(since),
            _ => Denial::Plausible,
        }
    }

    /// A denial was refuted: the endpoint is not asked for the target for a pause, `base` the first time, and longer by up to
    /// `spread`, 0..1. Gives its end; `None` where one goes on.
    pub fn avoid(&self, target: u64, base: Duration, spread: f64, now: Moment) -> Option<Moment> {
        let one = self.known(target)?;
        let is_new = !one.missing.is_out(now);
        is_new.then(|| one.missing.eject(base, spread, now))
    }

    /// Whether another target is missing here as well.
    pub fn misses_others(&self, target: u64, now: Moment) -> bool {
        let mut others = self.0.iter().filter(|one| !one.is(target));
        others.any(|one| one.missing.is_out(now))
    }

    /// Nobody has the target: that this endpoint denies it, or served it once, says nothing.
    pub fn forget(&self, target: u64, now: Moment) {
        if let Some(one) = self.known(target) {
            one.begin(0, now);
        }
    }

    /// Adds what this endpoint says of a target.
    pub fn tell(&self, target: u64, told: &mut PeersTarget, now: Moment) {
        let Some(one) = self.known(target) else {
            return;
        };
        match one.denied_for(now) {
            Some(_) => told.is_denied = true,
            None => {
                let served = one.served.get().filter(|at| now.since(*at) < FRESH);
                told.served = told.served.max(served);
            }
        }
    }

    /// A place for a target that peers serve, where nothing is remembered that counts more.
    fn admit(&self, target: u64, peers: PeersTarget, now: Moment) -> Option<&Target> {
        let one = self.slot(target).filter(|_| peers.served.is_some())?;
        if one.denied_for(now).is_some() {
            return None;
        }
        one.begin(target, now);
        Some(one)
    }

    fn slot(&self, target: u64) -> Option<&Target> {
        let slot = self.0.get((target % TARGETS as u64) as usize);
        slot.filter(|_| target != 0)
    }

    fn known(&self, target: u64) -> Option<&Target> {
        self.slot(target).filter(|one| one.is(target))
    }
}

impl Target {
    fn is(&self, target: u64) -> bool {
        self.key.load(Ordering::Relaxed) == target
    }

    /// How long ago it was last denied, and not served since.
    fn denied_for(&self, now: Moment) -> Option<Duration> {
        let is_denied = self.denied_since.get() > Moment(0);
        let age = now.since(self.denied.get().filter(|_| is_denied)?);
        (age < REMEMBERED).then_some(age)
    }

    /// From now on it is about this target.
    fn begin(&self, target: u64, now: Moment) {
        self.key.store(target, Ordering::Relaxed);
        self.served.clear();
        self.forgive(now);
    }

    fn forgive(&self, now: Moment) {
        if self.denied_since.get() > Moment(0) {
            self.denied_since.set(Moment(0));
            self.missing.end(now);
        }
    }
}

#[cfg(test)]
mod tests;
