//! Places for calls: at once where there is one and nobody waits, otherwise in the line of the proxy.

use super::{Event, Simulation};
use crate::balancer::{Place, Wanted};
use crate::line::Line;
use balancing::{Ask, Offer, Places, Wait};
use std::time::Duration;

/// How often a proxy looks at its replicas without a cause while requests wait, as in the path.
const TICK: Duration = Duration::from_millis(25);

/// One look of a proxy at its replicas, for those that wait.
struct Look<'a>(&'a mut Simulation);

impl Places<usize> for Look<'_> {
    type Answer = Option<Place>;

    fn offer(&mut self, call: &usize, ahead: f64) -> Offer<Option<Place>> {
        match self.0.pick(*call, ahead) {
            Ok(place) => Offer::Placed(Some(place)),
            Err(Some(Wait::ForBetter { work })) => Offer::WouldWait { work },
            Err(Some(Wait::ForRoom)) => Offer::NoRoom,
            Err(None) => Offer::Hopeless(None),
        }
    }

    fn answer(&mut self, call: usize, place: Option<Place>) {
        match place {
            Some(place) => self.0.begin(call, place),
            None => self.0.give_up(call),
        }
    }
}

impl Simulation {
    /// Finds a place for a call, or lets it wait.
    pub(super) fn place(&mut self, call: usize) {
        let index = self.calls[call].arrival.proxy;
        if self.proxies[index].line.is_empty() {
            match self.pick(call, 0.0) {
                Ok(place) => return self.begin(call, place),
                Err(None) => return self.give_up(call),
                Err(Some(_)) => {}
            }
        }
        let waiting = self.calls[call].waiting();
        let refused = self.proxies[index].line.push(call, waiting, self.now);
        refused.into_iter().for_each(|gone| self.give_up(gone));
        self.hand_out(index);
        self.watch(index);
    }

    /// Gives the places of the replicas to those that wait in a proxy, as far as its policy picks one.
    pub(super) fn hand_out(&mut self, index: usize) {
        if self.proxies[index].line.is_empty() {
            return;
        }
        let now = self.now;
        while let Some(expired) = self.proxies[index].line.take_expired(now) {
            self.give_up(expired);
        }
        // While it is away nothing else is put in line: what begins or is given up here does so later.
        let mut line = std::mem::replace(&mut self.proxies[index].line, Line::away());
        line.hand_out(&mut Look(self), now);
        self.proxies[index].line = line;
    }

    pub(super) fn tick(&mut self, index: usize) {
        self.proxies[index].is_watched = false;
        self.hand_out(index);
        self.watch(index);
    }

    fn watch(&mut self, index: usize) {
        let proxy = &mut self.proxies[index];
        if !proxy.line.is_empty() && !proxy.is_watched {
            proxy.is_watched = true;
            self.at(self.now + TICK, Event::Tick(index));
        }
    }

    fn pick(&mut self, call: usize, ahead: f64) -> Result<Place, Option<Wait>> {
        let call = &self.calls[call];
        let wanted = Wanted {
            replicas: &self.replicas,
            size: call.arrival.size,
            ask: Ask {
                ahead,
                ..call.ask(self.now)
            },
            tried: &call.tried,
        };
        let balancer = &mut self.proxies[call.arrival.proxy].balancer;
        balancer.pick(&wanted, self.now)
    }
}
