//! The scenarios, in one table. To add one is to add an entry.

use crate::draw::Size;
use crate::scenario::{Change, Group, Measure, Rate, Scenario, UNLIMITED};
use balancing::Fault;

const fn group(count: usize, workers: u32, speed: f64) -> Group {
    Group {
        count,
        workers,
        speed,
    }
}

/// A scenario of two minutes with one proxy in which nothing happens.
const STEADY: Scenario = Scenario {
    id: "",
    about: "",
    replicas: &[],
    size: Size::Exponential(10.0),
    rate: Rate::Load(0.7),
    seconds: 120.0,
    warm_up: 10.0,
    proxies: 1,
    changes: &[],
    measure: Measure::TimesOracle,
};

const EQUAL: Scenario = Scenario {
    about: "10 equal replicas of 4 workers, exponential 10 ms",
    replicas: &[group(10, 4, 1.0)],
    ..STEADY
};

const UNEVEN: Scenario = Scenario {
    about: "9 replicas of 4 workers at 1x, 2x, 4x speed, log-normal 20 ms",
    replicas: &[group(3, 4, 1.0), group(3, 4, 2.0), group(3, 4, 4.0)],
    size: Size::LogNormal(20.0, 1.0),
    ..STEADY
};

const STALL: Scenario = Scenario {
    about: "11 replicas of unlimited workers, 167 ms; one takes 2 s for 30 s",
    replicas: &[group(11, UNLIMITED, 1.0)],
    size: Size::Normal(167.0, 5.0),
    rate: Rate::PerSecond(1000.0),
    seconds: 60.0,
    warm_up: 0.0,
    changes: &[Change::Slowed {
        replica: 0,
        from: 15.0,
        until: 45.0,
        share: 0.167 / 2.0,
    }],
    measure: Measure::WithinASecond,
    ..STEADY
};

const PAUSES: Scenario = Scenario {
    about: "6 replicas of 8 workers, exponential 20 ms; each pauses for 400 ms now and then",
    replicas: &[group(6, 8, 1.0)],
    size: Size::Exponential(20.0),
    rate: Rate::Load(0.6),
    changes: &[Change::Pauses {
        length: 0.4,
        between: 8.0,
    }],
    ..STEADY
};

const FAST_FAILURE: Scenario = Scenario {
    about: "10 equal replicas of 4 workers, exponential 10 ms; one fails in 1 ms from second 20",
    replicas: &[group(10, 4, 1.0)],
    rate: Rate::Load(0.6),
    changes: &[Change::Failing {
        replica: 3,
        from: 20.0,
        until: f64::INFINITY,
        after: 0.001,
        fault: Fault::Endpoint,
    }],
    measure: Measure::Errors,
    ..STEADY
};

const DATABASE: Scenario = Scenario {
    about: "6 replicas of 8 workers; 90 % exponential 5 ms, 9 % 50 ms, 1 % 500 ms",
    replicas: &[group(6, 8, 1.0)],
    size: Size::Mix(&[
        (0.90, Size::Exponential(5.0)),
        (0.09, Size::Exponential(50.0)),
        (0.01, Size::Exponential(500.0)),
    ]),
    seconds: 240.0,
    ..STEADY
};

const WAVERING: Scenario = Scenario {
    about: "20 replicas of 4 workers, log-normal 20 ms; each at 0.3x for 5 s, then at 1x for 15 s, on average",
    replicas: &[group(20, 4, 1.0)],
    size: Size::LogNormal(20.0, 1.0),
    changes: &[Change::Wavers {
        share: 0.3,
        slow: 5.0,
        fast: 15.0,
    }],
    ..STEADY
};

const SHARED: Scenario = Scenario {
    about: "10 replicas of 4 workers at 1x and 2x speed behind several proxies, exponential 10 ms",
    replicas: &[group(5, 4, 1.0), group(5, 4, 2.0)],
    rate: Rate::Load(0.8),
    ..STEADY
};

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    at("S1.5", 0.5, EQUAL),
    at("S1.7", 0.7, EQUAL),
    at("S1.9", 0.9, EQUAL),
    at("S2.5", 0.5, UNEVEN),
    at("S2.7", 0.7, UNEVEN),
    at("S2.9", 0.9, UNEVEN),
    Scenario { id: "S3", ..STALL },
    Scenario { id: "S4", ..PAUSES },
    Scenario {
        id: "S5",
        ..FAST_FAILURE
    },
    at("S6.6", 0.6, DATABASE),
    at("S6.8", 0.8, DATABASE),
    Scenario {
        id: "S6.pareto",
        about: "6 replicas of 8 workers, bounded Pareto 1 to 2000 ms",
        size: Size::BoundedPareto {
            shape: 1.3,
            low: 1.0,
            high: 2000.0,
        },
        rate: Rate::Load(0.7),
        ..DATABASE
    },
    at("S7.7", 0.7, WAVERING),
    at("S7.9", 0.9, WAVERING),
    behind("S8.1", 1),
    behind("S8.8", 8),
    behind("S8.32", 32),
    Scenario {
        id: "S9",
        about: "10 equal replicas of 4 workers, exponential 10 ms; one joins cold at second 30, one leaves at 80",
        changes: &[
            Change::Joins {
                replica: 9,
                at: 30.0,
                share: 0.25,
                ramp: 30.0,
            },
            Change::Leaves {
                replica: 0,
                at: 80.0,
            },
        ],
        ..EQUAL
    },
];

const fn at(id: &'static str, load: f64, scenario: Scenario) -> Scenario {
    Scenario {
        id,
        rate: Rate::Load(load),
        ..scenario
    }
}

const fn behind(id: &'static str, proxies: usize) -> Scenario {
    Scenario {
        id,
        proxies,
        ..SHARED
    }
}

/// The scenario of this name.
pub fn named(id: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_make_the_published_rates() {
        let rates = [
            ("S1.5", 2000.0),
            ("S1.9", 3600.0),
            ("S2.7", 2940.0),
            ("S4", 1440.0),
            ("S7.7", 2310.0),
            ("S7.9", 2970.0),
            ("S8.8", 4800.0),
        ];
        for (id, rate) in rates {
            assert!(
                (named(id).unwrap().per_second() - rate).abs() < 1e-6,
                "{id}"
            );
        }
    }

    #[test]
    fn no_two_scenarios_share_a_name() {
        let mut ids: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), SCENARIOS.len());
    }
}
