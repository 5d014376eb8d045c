//! The scenarios, in one table. To add one is to add an entry.

use crate::draw::Size;
use crate::scenario::{Change, Clients, Group, Kind, Measure, Rate, Scenario, Sender, UNLIMITED};
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
    name: "",
    kind: Kind::Common,
    about: "",
    replicas: &[],
    size: Size::Exponential(10.0),
    writes: 0.0,
    rate: Rate::Load(0.7),
    seconds: 120.0,
    warm_up: 10.0,
    proxies: 1,
    changes: &[],
    clients: None,
    senders: &[],
    measure: Measure::TimesOracle,
    goal: None,
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
    changes: &[fails(3, 20.0, f64::INFINITY, Fault::Endpoint)],
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

/// Three replicas that all fail for a moment.
const OUTAGE: Scenario = Scenario {
    about: "3 replicas of 8 workers, exponential 20 ms; all fail in 1 ms for 1.3 s",
    replicas: &[group(3, 8, 1.0)],
    size: Size::Exponential(20.0),
    rate: Rate::Load(0.5),
    changes: &[
        fails(0, 30.0, 31.3, Fault::Endpoint),
        fails(1, 30.0, 31.3, Fault::Endpoint),
        fails(2, 30.0, 31.3, Fault::Endpoint),
    ],
    measure: Measure::SecondsToServe { from: 31.3 },
    goal: Some(2.0),
    kind: Kind::Finding,
    ..STEADY
};

const REFUSES_CREDENTIALS: Scenario = Scenario {
    about: "4 replicas of 4 workers, exponential 10 ms; one answers 401 in 1 ms from second 20",
    replicas: &[group(4, 4, 1.0)],
    rate: Rate::Load(0.5),
    seconds: 60.0,
    warm_up: 20.0,
    changes: &[fails(1, 20.0, f64::INFINITY, Fault::Access)],
    measure: Measure::Errors,
    goal: Some(0.5),
    kind: Kind::Finding,
    ..STEADY
};

const HERD: Scenario = Scenario {
    about: "4 equal replicas of 4 workers, log-normal 40 ms",
    replicas: &[group(4, 4, 1.0)],
    size: Size::LogNormal(40.0, 1.0),
    kind: Kind::Finding,
    ..STEADY
};

const BURST: Scenario = Scenario {
    about: "1 replica of 8 workers, exponential 10 ms; 600 requests at once",
    replicas: &[group(1, 8, 1.0)],
    rate: Rate::AtOnce(600),
    seconds: 20.0,
    warm_up: 0.0,
    measure: Measure::Errors,
    kind: Kind::Finding,
    ..STEADY
};

/// A database of which no number of requests is too many.
const ROOM: Scenario = Scenario {
    about: "1 replica of unlimited workers, exponential 100 ms, 20 at once on average",
    replicas: &[group(1, UNLIMITED, 1.0)],
    size: Size::Exponential(100.0),
    rate: Rate::PerSecond(200.0),
    seconds: 60.0,
    kind: Kind::Finding,
    ..STEADY
};

const CHECK: Scenario = Scenario {
    kind: Kind::Check,
    ..STEADY
};

/// Clients that wait for half a second.
const OVERLOAD: Scenario = Scenario {
    about: "6 replicas of 8 workers, exponential 20 ms; clients wait for 0.5 s",
    replicas: &[group(6, 8, 1.0)],
    size: Size::Exponential(20.0),
    seconds: 60.0,
    clients: Some(Clients {
        deadline: 0.5,
        say_so: true,
        retries: 0,
    }),
    measure: Measure::Goodput {
        from: 10.0,
        until: 60.0,
    },
    kind: Kind::Overload,
    goal: Some(97.0),
    ..STEADY
};

const RETRIED: Scenario = Scenario {
    about: "the same; clients try twice more",
    clients: Some(Clients {
        deadline: 0.5,
        say_so: true,
        retries: 2,
    }),
    ..OVERLOAD
};

const SPIKE: Scenario = Scenario {
    about: "the same at 0.8 of what the replicas can do, and at 3.0 for 10 s; clients try twice more",
    rate: Rate::Steps(&[(0.0, 0.8), (20.0, 3.0), (30.0, 0.8)]),
    measure: Measure::Goodput {
        from: 20.0,
        until: 30.0,
    },
    ..RETRIED
};

/// More comes than can be served to replicas of which nothing is known yet.
const COLD: Scenario = Scenario {
    about: "3 replicas of 4 workers of which nothing is known yet, exponential 40 ms; clients wait for 1 s; all of 10 s counts",
    replicas: &[group(3, 4, 1.0)],
    size: Size::Exponential(40.0),
    seconds: 10.0,
    warm_up: 0.0,
    clients: Some(Clients {
        deadline: 1.0,
        say_so: true,
        retries: 0,
    }),
    measure: Measure::Goodput {
        from: 0.0,
        until: 10.0,
    },
    ..OVERLOAD
};

/// Clients that leave after five seconds, and have not said so.
const IMPATIENT: Scenario = Scenario {
    about: "3 replicas of 4 workers, exponential 40 ms; clients leave after 5 s, of which the proxy knows nothing",
    seconds: 60.0,
    warm_up: 10.0,
    clients: Some(Clients {
        deadline: 5.0,
        say_so: false,
        retries: 0,
    }),
    measure: Measure::Goodput {
        from: 10.0,
        until: 60.0,
    },
    ..COLD
};

/// Requests per second grow with what the replicas can do.
const STEP: Scenario = Scenario {
    about: "6 replicas, exponential 20 ms, 0.9 loaded; 4 workers each, from second 30 on 8",
    replicas: &[group(6, 4, 1.0)],
    size: Size::Exponential(20.0),
    rate: Rate::Steps(&[(0.0, 0.9), (30.0, 1.8)]),
    seconds: 50.0,
    changes: &[Change::Workers {
        at: 30.0,
        workers: 8,
    }],
    kind: Kind::Goal,
    ..STEADY
};

/// All replicas fail, and nothing but the proxy tries again.
const ALL_FAIL: Scenario = Scenario {
    about: "3 replicas of 8 workers, exponential 20 ms; all fail in 1 ms from second 20",
    seconds: 40.0,
    warm_up: 20.0,
    changes: &[
        fails(0, 20.0, f64::INFINITY, Fault::Endpoint),
        fails(1, 20.0, f64::INFINITY, Fault::Endpoint),
        fails(2, 20.0, f64::INFINITY, Fault::Endpoint),
    ],
    measure: Measure::Errors,
    kind: Kind::Goal,
    ..OUTAGE
};

const SMALL: Sender = sender(0.15, 1, 5);
const TOP: Sender = sender(0.5, 1, 8);

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    at("S1.5", "equal, half loaded", 0.5, EQUAL),
    aims_at(1.02, at("S1.7", "equal", 0.7, EQUAL)),
    aims_at(1.03, at("S1.9", "equal, busy", 0.9, EQUAL)),
    aims_at(1.20, at("S2.5", "uneven, half loaded", 0.5, UNEVEN)),
    aims_at(1.35, at("S2.7", "uneven", 0.7, UNEVEN)),
    aims_at(1.50, at("S2.9", "uneven, busy", 0.9, UNEVEN)),
    aims_at(99.97, named_so("S3", "stall", STALL)),
    aims_at(1.06, named_so("S4", "pauses", PAUSES)),
    aims_at(0.02, named_so("S5", "fast failure", FAST_FAILURE)),
    at("S6.6", "database mix", 0.6, DATABASE),
    aims_at(1.02, at("S6.8", "database mix, busy", 0.8, DATABASE)),
    Scenario {
        id: "S6.pareto",
        name: "heavy tail",
        about: "6 replicas of 8 workers, bounded Pareto 1 to 2000 ms",
        size: Size::BoundedPareto {
            shape: 1.3,
            low: 1.0,
            high: 2000.0,
        },
        rate: Rate::Load(0.7),
        ..DATABASE
    },
    aims_at(1.15, at("S7.7", "wavering", 0.7, WAVERING)),
    aims_at(1.05, at("S7.9", "wavering, busy", 0.9, WAVERING)),
    aims_at(1.25, behind("S8.1", "uneven, one proxy", 1)),
    aims_at(1.25, behind("S8.8", "uneven, 8 proxies", 8)),
    aims_at(1.30, behind("S8.32", "uneven, 32 proxies", 32)),
    Scenario {
        id: "S9",
        name: "join and leave",
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
    named_so("outage", "total outage", OUTAGE),
    named_so("failing.access", "refused credentials", REFUSES_CREDENTIALS),
    Scenario {
        id: "failing.peer",
        name: "names a peer",
        about: "the same; it answers a 500 that names a peer",
        changes: &[fails(1, 20.0, f64::INFINITY, Fault::Peer)],
        ..REFUSES_CREDENTIALS
    },
    Scenario {
        id: "failing.database",
        name: "one database fails",
        about: "the same; it answers that its database is not available",
        changes: &[fails(1, 20.0, f64::INFINITY, Fault::Database)],
        ..REFUSES_CREDENTIALS
    },
    at("herd", "four equal", 0.62, HERD),
    Scenario {
        about: "the same, exponential 40 ms; one request in ten writes",
        size: Size::Exponential(40.0),
        writes: 0.1,
        ..at("herd.written", "four equal, written", 0.62, HERD)
    },
    Scenario {
        about: "3 replicas of 4 workers, exponential 40 ms; 0.3 % of the requests write",
        replicas: &[group(3, 4, 1.0)],
        size: Size::Exponential(40.0),
        writes: 0.003,
        ..at("herd.searched", "three equal, searched", 0.62, HERD)
    },
    named_so("burst", "600 at once", BURST),
    named_so("room", "room to spare", ROOM),
    Scenario {
        id: "room.fixed",
        name: "room, all alike",
        about: "the same; each request takes 100 ms",
        size: Size::Fixed(100.0),
        ..ROOM
    },
    Scenario {
        id: "room.three",
        name: "room at three",
        about: "3 replicas of unlimited workers, log-normal 100 ms, 40 at once on average",
        replicas: &[group(3, UNLIMITED, 1.0)],
        size: Size::LogNormal(100.0, 1.0),
        rate: Rate::PerSecond(400.0),
        ..ROOM
    },
    Scenario {
        id: "room.long",
        name: "long statements",
        about: "1 replica of unlimited workers; 99 % take 5 ms, 1 % 15 s",
        size: Size::Mix(&[
            (0.99, Size::Exponential(5.0)),
            (0.01, Size::Fixed(15_000.0)),
        ]),
        rate: Rate::PerSecond(50.0),
        measure: Measure::Errors,
        ..ROOM
    },
    Scenario {
        id: "check.fixed",
        name: "all alike",
        about: "10 equal replicas of 4 workers, each request 10 ms",
        replicas: &[group(10, 4, 1.0)],
        size: Size::Fixed(10.0),
        rate: Rate::Load(0.9),
        ..CHECK
    },
    Scenario {
        id: "check.bimodal",
        name: "two sizes",
        about: "6 replicas of 8 workers at 1x and 2x; 95 % take 5 ms, 5 % 200 ms",
        replicas: &[group(3, 8, 1.0), group(3, 8, 2.0)],
        size: Size::Mix(&[(0.95, Size::Fixed(5.0)), (0.05, Size::Fixed(200.0))]),
        rate: Rate::Load(0.75),
        ..CHECK
    },
    Scenario {
        id: "check.workers",
        name: "uneven workers",
        about: "6 replicas of 2, 4 and 16 workers, exponential 10 ms",
        replicas: &[group(2, 2, 1.0), group(2, 4, 1.0), group(2, 16, 1.0)],
        rate: Rate::Load(0.8),
        ..CHECK
    },
    Scenario {
        id: "check.tail",
        name: "heavy tail, uneven",
        about: "6 replicas of 4 workers at 1x and 3x, bounded Pareto 2 to 3000 ms",
        replicas: &[group(3, 4, 1.0), group(3, 4, 3.0)],
        size: Size::BoundedPareto {
            shape: 1.2,
            low: 2.0,
            high: 3000.0,
        },
        rate: Rate::Load(0.65),
        ..CHECK
    },
    Scenario {
        id: "check.three",
        name: "three, one slower",
        about: "3 replicas of 8 workers at 1x, 1x, 0.6x, log-normal 30 ms",
        replicas: &[group(2, 8, 1.0), group(1, 8, 0.6)],
        size: Size::LogNormal(30.0, 1.2),
        ..CHECK
    },
    Scenario {
        id: "check.day",
        name: "three, a day",
        about: "3 replicas of 8 workers, database mix; one is slow for 20 s, one fails in 1 ms for 10 s, one leaves",
        replicas: &[group(3, 8, 1.0)],
        size: DATABASE.size,
        rate: Rate::Load(0.45),
        changes: &[
            Change::Slowed {
                replica: 1,
                from: 30.0,
                until: 50.0,
                share: 0.3,
            },
            fails(0, 70.0, 80.0, Fault::Endpoint),
            Change::Leaves {
                replica: 2,
                at: 100.0,
            },
        ],
        ..CHECK
    },
    at("overload.0.75", "load 0.75", 0.75, OVERLOAD),
    at("overload.0.93", "load 0.93", 0.93, OVERLOAD),
    at("overload.1.03", "load 1.03", 1.03, OVERLOAD),
    at("overload.1.14", "load 1.14", 1.14, OVERLOAD),
    at("overload.1.41", "load 1.41", 1.41, OVERLOAD),
    at("overload.1.74", "load 1.74", 1.74, OVERLOAD),
    at("overload.retried.1.03", "load 1.03, retried", 1.03, RETRIED),
    at("overload.retried.1.41", "load 1.41, retried", 1.41, RETRIED),
    at("overload.retried.1.74", "load 1.74, retried", 1.74, RETRIED),
    named_so("overload.spike", "spike", SPIKE),
    at("overload.cold.1.03", "load 1.03 at once", 1.03, COLD),
    at("overload.cold.1.41", "load 1.41 at once", 1.41, COLD),
    at("overload.cold.1.74", "load 1.74 at once", 1.74, COLD),
    at("overload.impatient", "impatient clients", 2.0, IMPATIENT),
    named_so("goal.step", "twice the workers", STEP),
    named_so("goal.all_fail", "all fail", ALL_FAIL),
    sent_by("goal.small", "a small tenant alone", 0.15, &[SMALL]),
    sent_by(
        "goal.tenants",
        "a small tenant beside ten times as much",
        1.65,
        &[SMALL, sender(1.5, 2, 5)],
    ),
    sent_by(
        "goal.backlogged",
        "two tenants that both want more",
        4.0,
        &[sender(1.0, 1, 5), sender(3.0, 2, 5)],
    ),
    sent_by("goal.top", "the top priority alone", 0.5, &[TOP]),
    sent_by(
        "goal.priorities",
        "three priorities",
        1.5,
        &[TOP, sender(0.6, 1, 5), sender(0.4, 1, 3)],
    ),
];

const fn sent_by(
    id: &'static str,
    name: &'static str,
    load: f64,
    senders: &'static [Sender],
) -> Scenario {
    Scenario {
        senders,
        kind: Kind::Goal,
        ..at(id, name, load, OVERLOAD)
    }
}

const fn sender(load: f64, tenant: u64, priority: u8) -> Sender {
    Sender {
        load,
        tenant,
        priority,
    }
}

const fn at(id: &'static str, name: &'static str, load: f64, scenario: Scenario) -> Scenario {
    Scenario {
        rate: Rate::Load(load),
        ..named_so(id, name, scenario)
    }
}

const fn behind(id: &'static str, name: &'static str, proxies: usize) -> Scenario {
    Scenario {
        proxies,
        ..named_so(id, name, SHARED)
    }
}

const fn named_so(id: &'static str, name: &'static str, scenario: Scenario) -> Scenario {
    Scenario {
        id,
        name,
        ..scenario
    }
}

const fn aims_at(goal: f64, scenario: Scenario) -> Scenario {
    Scenario {
        goal: Some(goal),
        ..scenario
    }
}

/// A replica that answers with this fault in a millisecond.
const fn fails(replica: usize, from: f64, until: f64, fault: Fault) -> Change {
    Change::Failing {
        replica,
        from,
        until,
        after: 0.001,
        fault,
    }
}

/// The scenario of this name.
pub fn named(id: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.id == id)
}

/// All of these, for figures that are made of them.
///
/// # Panics
/// Where there is none of a name: nothing is to be judged by fewer than were meant.
pub fn all_named(ids: &[&str]) -> Vec<&'static Scenario> {
    let known = |id: &&str| named(id).unwrap_or_else(|| panic!("no scenario {id}"));
    ids.iter().map(known).collect()
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
