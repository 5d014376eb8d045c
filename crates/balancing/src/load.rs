//! The load scores, as pure formulas. A part that is unknown drops out and the divisor falls, so that
//! what we cannot see neither helps nor hurts an endpoint.

use serde::Serialize;

/// Requests that wait at an endpoint, by its agent's report, at which it counts as loaded to the full.
const DEEP_QUEUE: f64 = 100.0;

/// What is known of an endpoint's load at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EndpointLoad {
    pub in_flight: u32,
    pub max_connections: u32,
    /// The estimated costs of the requests in flight, in units of the plan.
    pub cost: f64,
    /// The costs that it is meant to work on at once, in units of the plan.
    pub capacity: Option<f64>,
    /// Connections to the server that an agent reported, of all its clients.
    pub connections: Option<f64>,
    /// 0..=1.
    pub cpu: Option<f64>,
    /// 0..=1.
    pub memory: Option<f64>,
    pub queue: Option<f64>,
    /// Moving mean of the response times, seconds.
    pub mean_time: Option<f64>,
    /// Share of errors in the last minute, 0..=1.
    pub error_rate: Option<f64>,
}

/// The parts of the resource score, each 0..=1. Score A is the mean of the first three, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreParts {
    /// Requests in flight, or the reported connections, as a share of the limit.
    pub connections: f64,
    /// Mean of CPU and memory, as an agent reported them.
    pub machine: Option<f64>,
    /// The reported queue over 100.
    pub queue: Option<f64>,
    /// The mean response time over `planner.max_response_time`.
    pub time: f64,
}

impl EndpointLoad {
    /// Score A, 0..=1, higher is busier: the mean of the connections' share, of CPU and memory, and of queue / 100.
    pub fn score(&self) -> f64 {
        let parts = [Some(self.fill()), self.machine(), self.queue_share()];
        mean(parts.into_iter().flatten()).unwrap_or(0.0)
    }

    /// Score B, 0..=100, lower is better: 0.3 time, 0.3 connections, 0.2 errors, 0.2 machine.
    pub fn score_b(&self) -> f64 {
        let parts = [
            (self.mean_time.map(|s| (s * 100.0).min(100.0)), 0.3),
            (Some(self.fill() * 100.0), 0.3),
            (self.error_rate.map(|share| share * 100.0), 0.2),
            (self.machine().map(|share| share * 100.0), 0.2),
        ];
        let known = || parts.iter().filter_map(|(value, w)| value.map(|v| (v, *w)));
        let weight: f64 = known().map(|(_, weight)| weight).sum();
        known().map(|(value, weight)| value * weight).sum::<f64>() / weight
    }

    /// What the resource-aware strategy compares, lower is better: 0.6 load, 0.4 mean time over `slowest`.
    /// An endpoint without samples is taken to be as fast as `neutral`.
    pub fn resource_score(&self, neutral: f64, slowest: f64) -> f64 {
        self.score() * 0.6 + self.time_share(neutral, slowest) * 0.4
    }

    /// What the resource score is made of.
    pub fn parts(&self, neutral: f64, slowest: f64) -> ScoreParts {
        ScoreParts {
            connections: self.fill(),
            machine: self.machine(),
            queue: self.queue_share(),
            time: self.time_share(neutral, slowest),
        }
    }

    fn queue_share(&self) -> Option<f64> {
        self.queue.map(|queue| (queue / DEEP_QUEUE).min(1.0))
    }

    fn time_share(&self, neutral: f64, slowest: f64) -> f64 {
        (self.mean_time.unwrap_or(neutral) / slowest).min(1.0)
    }

    /// What the strategy `resource_based` compares, 0..=300, lower is better: the sum of CPU, memory and connections in
    /// percent; three times the mean of those that are known.
    pub fn resource_sum(&self) -> f64 {
        let parts = [Some(self.fill()), self.cpu, self.memory];
        mean(parts.into_iter().flatten()).unwrap_or(0.0) * 300.0
    }

    /// Whether a request of this cost is beyond its capacity. One may always be in flight, whatever it costs.
    pub fn exceeds_capacity(&self, cost: f64) -> bool {
        let is_beyond = |capacity| self.cost + cost > capacity;
        self.in_flight > 0 && self.capacity.is_some_and(is_beyond)
    }

    /// Whether more requests wait at it, by its agent's report, than it should be given more.
    pub fn has_deep_queue(&self) -> bool {
        self.queue.is_some_and(|waiting| waiting >= DEEP_QUEUE)
    }

    /// Requests in flight, or the connections that were reported if they are more, as a share of the
    /// limit, 0..=1.
    pub fn fill(&self) -> f64 {
        let connections = f64::from(self.in_flight).max(self.connections.unwrap_or(0.0));
        (connections / f64::from(self.max_connections.max(1))).min(1.0)
    }

    /// The share of the limit of requests in flight that is free, 0..=1.
    pub fn free(&self) -> f64 {
        let used = f64::from(self.in_flight) / f64::from(self.max_connections.max(1));
        (1.0 - used).max(0.0)
    }

    fn machine(&self) -> Option<f64> {
        mean([self.cpu, self.memory].into_iter().flatten())
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, n), value| (sum + value, n + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: EndpointLoad = EndpointLoad {
        in_flight: 50,
        max_connections: 100,
        cost: 0.0,
        capacity: None,
        connections: None,
        cpu: Some(0.6),
        memory: Some(0.4),
        queue: Some(20.0),
        mean_time: None,
        error_rate: None,
    };

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn half_full_with_a_short_queue_scores_four_tenths() {
        assert!(close(HALF.score(), 0.4));
    }

    #[test]
    fn reported_connections_count_when_they_are_more_than_ours() {
        let of = |connections| EndpointLoad {
            connections: Some(connections),
            ..HALF
        };
        assert!(close(of(10.0).score(), HALF.score()));
        assert!(of(80.0).score() > HALF.score());
        assert!(of(1e9).score() <= 1.0);
    }

    #[test]
    fn unknown_parts_drop_out_of_score_a() {
        let blind = EndpointLoad {
            cpu: None,
            memory: None,
            queue: None,
            ..HALF
        };
        assert!(close(blind.score(), 0.5));
        let cpu_only = EndpointLoad {
            memory: None,
            queue: None,
            ..HALF
        };
        assert!(close(cpu_only.score(), 0.55));
    }

    #[test]
    fn score_b_weighs_time_connections_errors_and_machine() {
        let seen = EndpointLoad {
            mean_time: Some(0.2),
            error_rate: Some(0.1),
            ..HALF
        };
        assert!(close(
            seen.score_b(),
            20.0 * 0.3 + 50.0 * 0.3 + 10.0 * 0.2 + 50.0 * 0.2
        ));
        let blind = EndpointLoad {
            in_flight: 50,
            max_connections: 100,
            ..EndpointLoad::default()
        };
        assert!(close(blind.score_b(), 50.0));
    }

    #[test]
    fn the_resource_sum_is_in_percent_and_unknown_parts_weigh_as_the_others() {
        assert!(close(HALF.resource_sum(), 60.0 + 40.0 + 50.0));
        let blind = EndpointLoad {
            cpu: None,
            memory: None,
            ..HALF
        };
        assert!(close(blind.resource_sum(), 150.0));
    }

    #[test]
    fn costs_beyond_the_capacity_do_not_fit_beside_others() {
        let load = EndpointLoad {
            cost: 6.0,
            capacity: Some(10.0),
            ..HALF
        };
        assert!(!load.exceeds_capacity(4.0) && load.exceeds_capacity(4.1));
        let idle = EndpointLoad {
            in_flight: 0,
            cost: 0.0,
            ..load
        };
        assert!(!idle.exceeds_capacity(1000.0));
        assert!(!HALF.exceeds_capacity(1000.0), "no capacity is configured");
    }

    #[test]
    fn the_parts_make_up_the_score() {
        let load = EndpointLoad {
            mean_time: Some(2.5),
            ..HALF
        };
        let parts = load.parts(0.0, 5.0);
        assert_eq!((parts.connections, parts.time), (0.5, 0.5));
        assert_eq!((parts.machine, parts.queue), (Some(0.5), Some(0.2)));
        let mean = (parts.connections + 0.5 + 0.2) / 3.0;
        assert!(close(
            mean * 0.6 + parts.time * 0.4,
            load.resource_score(0.0, 5.0)
        ));
        assert_eq!(EndpointLoad::default().parts(0.0, 5.0).machine, None);
    }

    #[test]
    fn the_resource_score_takes_an_unknown_time_as_neutral() {
        let known = EndpointLoad {
            mean_time: Some(2.5),
            ..HALF
        };
        assert!(close(known.resource_score(0.0, 5.0), 0.4 * 0.6 + 0.5 * 0.4));
        assert!(close(
            HALF.resource_score(2.5, 5.0),
            known.resource_score(0.0, 5.0)
        ));
        let slow = EndpointLoad {
            mean_time: Some(60.0),
            ..HALF
        };
        assert!(close(slow.resource_score(0.0, 5.0), 0.4 * 0.6 + 0.4));
    }
}
