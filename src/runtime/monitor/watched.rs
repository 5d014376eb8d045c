//! One service as the monitor watches it: an alarm for the overload of each endpoint, and one for their imbalance.

use crate::clock::Moment;
use crate::config;
use crate::endpoint::{EventKind, EventLog, Subject};
use crate::shared::ServiceFindings;
use balancing::{Alarm, AlarmRule, Edge, Ladder};
use std::collections::HashMap;
use std::sync::Arc;

/// Clients that are refused try again: a larger demand is a guess.
const MOST_DEMAND: f64 = 10.0;
/// Overloads that a pass tells of a service at most; the others are told by the next passes.
const TOLD_AT_ONCE: usize = 20;

/// What is looked at of an endpoint.
#[derive(Debug, Clone)]
pub struct EndpointFigures {
    pub name: Arc<str>,
    /// Score A.
    pub load: f64,
    /// The share of its places that is taken, or score A where that is more.
    pub busy: f64,
    pub serves: bool,
}

/// What was counted of a service since it was configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that endpoints took.
    pub taken: u64,
    /// Requests that the queue refused.
    pub refused: u64,
}

impl Counts {
    /// The share of the requests since `before` that were refused.
    pub fn refused_share(self, before: Self) -> f64 {
        let refused = self.refused.saturating_sub(before.refused) as f64;
        let taken = self.taken.saturating_sub(before.taken) as f64;
        if refused > 0.0 {
            refused / (refused + taken)
        } else {
            0.0
        }
    }
}

/// What is remembered of a service.
#[derive(Debug, Default)]
pub struct Watched {
    /// Those that are on, or about to be.
    overloads: HashMap<Arc<str>, Alarm>,
    imbalance: Alarm,
    pub ladder: Ladder,
    /// When the ladder was last moved.
    pub moved: Moment,
    /// What had been counted at the last pass.
    pub counts: Option<Counts>,
}

impl Watched {
    /// Looks at the endpoints of the service, and tells what has changed.
    pub fn look(
        &mut self,
        service: &str,
        endpoints: &[EndpointFigures],
        rules: &config::Monitor,
        now: Moment,
        events: &EventLog,
    ) -> ServiceFindings {
        let overloaded = self.overloads(service, endpoints, rules, now, events);
        let (imbalance, busiest) = imbalance(endpoints);
        let rule = alarm_rule(rules, rules.imbalance, rules.imbalance / 2.0);
        let about = Subject::Service(service);
        match self.imbalance.look(imbalance, &rule, now) {
            Some(Edge::Begun) => {
                let why = format!("the load of {busiest} is {imbalance:.2} above the mean");
                events.record(about, EventKind::Imbalanced, why);
            }
            Some(Edge::Ended) => events.record(about, EventKind::ImbalanceEnded, ""),
            None => {}
        }
        ServiceFindings {
            overloaded,
            imbalance,
            is_imbalanced: self.imbalance.is_on(),
            ..ServiceFindings::default()
        }
    }

    /// The endpoints that are overloaded.
    fn overloads(
        &mut self,
        service: &str,
        endpoints: &[EndpointFigures],
        rules: &config::Monitor,
        now: Moment,
        events: &EventLog,
    ) -> Vec<String> {
        let rule = alarm_rule(rules, rules.overload, rules.target.min(rules.overload));
        let (mut before, mut told) = (std::mem::take(&mut self.overloads), 0);
        let mut overloaded = Vec::new();
        for one in endpoints {
            let mut alarm = before.remove(&one.name).unwrap_or_default();
            if told < TOLD_AT_ONCE
                && let Some(edge) = alarm.look(one.busy, &rule, now)
            {
                told += 1;
                tell(service, one, edge, events);
            }
            if alarm.is_on() {
                overloaded.push(one.name.to_string());
            }
            if alarm != Alarm::default() {
                self.overloads.insert(Arc::clone(&one.name), alarm);
            }
        }
        overloaded
    }
}

fn alarm_rule(rules: &config::Monitor, above: f64, until: f64) -> AlarmRule {
    AlarmRule {
        above,
        until,
        begins_after: rules.lasting,
        ends_after: rules.lasting,
    }
}

fn tell(service: &str, one: &EndpointFigures, edge: Edge, events: &EventLog) {
    let what = match edge {
        Edge::Begun => EventKind::Overloaded,
        Edge::Ended => EventKind::OverloadEnded,
    };
    let about = Subject::Endpoint(service, &one.name);
    events.record(about, what, format!("load {:.2}", one.busy));
}

/// How much comes, over what the endpoints that serve can do: 1 is just as much. `refused`: the share of the requests that was given no
/// place.
pub fn demand(endpoints: &[EndpointFigures], refused: f64) -> Option<f64> {
    let serving = || endpoints.iter().filter(|one| one.serves);
    let busy = serving().map(|one| one.busy).sum::<f64>() / serving().count() as f64;
    let comes = busy / (1.0 - refused.clamp(0.0, 1.0)).max(1.0 / MOST_DEMAND);
    comes.is_finite().then_some(comes)
}

/// How far the load of the busiest endpoint is above the mean of those that serve, and which it is.
fn imbalance(endpoints: &[EndpointFigures]) -> (f64, &str) {
    let serving = || endpoints.iter().filter(|one| one.serves);
    let mean = serving().map(|one| one.load).sum::<f64>() / serving().count() as f64;
    let busiest = serving().max_by(|one, other| one.load.total_cmp(&other.load));
    busiest.map_or((0.0, ""), |one| (one.load - mean, &*one.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn endpoints(loads: &[f64]) -> Vec<EndpointFigures> {
        let each = loads.iter().enumerate();
        each.map(|(at, load)| EndpointFigures {
            name: format!("e{at}").into(),
            load: *load,
            busy: *load,
            serves: true,
        })
        .collect()
    }

    /// A pass in each second over these loads; the events.
    fn events(passes: impl IntoIterator<Item = Vec<f64>>) -> Vec<(Option<String>, &'static str)> {
        let (mut watched, events) = (Watched::default(), EventLog::default());
        let rules = config::Monitor::default();
        for (second, loads) in (0..).zip(passes) {
            let now = Moment::default() + Duration::from_secs(second);
            watched.look("db", &endpoints(&loads), &rules, now, &events);
        }
        let told = events.after(0).into_iter();
        told.map(|event| (event.endpoint, event.what.label()))
            .collect()
    }

    fn lasting(loads: &[f64]) -> impl Iterator<Item = Vec<f64>> {
        std::iter::repeat_n(loads.to_vec(), 60)
    }

    #[test]
    fn an_overload_is_told_once_when_it_begins_and_once_when_it_ends() {
        let passes = lasting(&[0.9, 0.85])
            .chain(lasting(&[0.7, 0.85]))
            .chain(lasting(&[0.1, 0.1]));
        let name = |at: usize| Some(format!("e{at}"));
        let expected = [
            (name(0), "overloaded"),
            (name(1), "overloaded"),
            (name(0), "overload_ended"),
            (name(1), "overload_ended"),
        ];
        assert_eq!(events(passes), expected);
    }

    #[test]
    fn one_busy_endpoint_beside_idle_ones_is_an_imbalance_and_many_busy_ones_are_none() {
        let told = events(lasting(&[0.7, 0.1, 0.1]).chain(lasting(&[0.7, 0.6, 0.6])));
        assert_eq!(told, [(None, "imbalanced"), (None, "imbalance_ended")]);
    }

    #[test]
    fn an_endpoint_that_is_out_is_no_imbalance() {
        let mut watched = Watched::default();
        let mut figures = endpoints(&[0.7, 0.0, 0.0]);
        figures
            .iter_mut()
            .skip(1)
            .for_each(|one| one.serves = false);
        let (rules, events) = (config::Monitor::default(), EventLog::default());
        let found = watched.look("db", &figures, &rules, Moment::default(), &events);
        assert_eq!(found.imbalance, 0.0);
    }

    #[test]
    fn the_demand_counts_what_is_refused_beside_what_is_served() {
        let all = endpoints(&[1.0, 1.0, 0.7]);
        let close = |found: Option<f64>, expected: f64| {
            found.is_some_and(|one| (one - expected).abs() < 1e-9)
        };
        assert!(close(demand(&all, 0.0), 0.9));
        assert!(close(demand(&all[..2], 0.5), 2.0));
        assert!(close(demand(&all[..2], 1.0), MOST_DEMAND));
        assert_eq!(demand(&[], 0.5), None);
    }

    #[test]
    fn a_thousand_overloads_at_once_leave_the_log_room_for_others() {
        let told = events(std::iter::repeat_n(vec![1.0; 1000], 7));
        assert_eq!(told.len(), 2 * TOLD_AT_ONCE);
        let all = events(std::iter::repeat_n(vec![1.0; 100], 20));
        assert_eq!(all.len(), 100);
    }

    #[test]
    fn an_endpoint_that_leaves_takes_its_alarm_with_it() {
        let passes = lasting(&[0.9, 0.9]).chain(lasting(&[0.9]));
        let told = events(passes.chain(std::iter::repeat_n(vec![0.9, 0.9], 2)));
        assert_eq!(told.len(), 2);
    }
}
