//! How long a decision takes, by strategy and number of endpoints: `cargo bench -p balancing-sim --bench decisions`.
//! A decision is what the path does: the views are written anew, the screen says how each stands, the selector and the
//! policy pick, and the policy is told of the beginning and the end of the request. That none of it allocates is held by
//! `crates/balancing/tests/allocations.rs`.

use balancing::policies::Strategy;
use balancing::{Ask, Completion, EndpointView, Fault, Moment, Random, Selector, Start};
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// Sizes of pools.
const ENDPOINTS: [usize; 4] = [3, 20, 300, 1000];
/// Decisions of a batch for each endpoint that a small pool lacks, and batches.
const WORK: usize = 5_000;
const BATCHES: usize = 100;
/// Requests that a thread tells of in a round.
const TOLD: u64 = 200_000;

/// A pool of equal endpoints, each with some requests in flight.
struct Pool {
    selector: Selector,
    live: Vec<EndpointView>,
    views: Vec<EndpointView>,
    random: Random,
    now: u64,
}

impl Pool {
    fn new(strategy: Strategy, endpoints: usize) -> Self {
        let view = |id: usize| {
            let mut view = EndpointView {
                id: id as u64,
                last_chosen: Some(Moment(0)),
                window_mean: Some(0.01),
                recent_mean: Some(0.01),
                ..EndpointView::IDLE
            };
            view.load.in_flight = (id % 3) as u32;
            view.load.mean_time = Some(0.01 + (id % 5) as f64 / 1000.0);
            view
        };
        Self {
            selector: Selector::new(strategy.policy(endpoints)),
            live: (0..endpoints).map(view).collect(),
            views: Vec::with_capacity(endpoints),
            random: Random::seeded(1),
            now: 0,
        }
    }

    /// Decides for the next request; gives the time of the choice, and that of the lessons.
    fn decide(&mut self) -> (Duration, Duration) {
        self.now += 50_000;
        let now = Moment(self.now);
        let ask = Ask::read(self.now % 7, (self.now % 4) as u8, 1.0, now);
        let began = Instant::now();
        self.views.clear();
        self.views.extend_from_slice(&self.live);
        let pick = self
            .selector
            .select(&mut self.views, &ask, now, &mut self.random);
        let chosen = began.elapsed();
        let Some(pick) = black_box(pick) else {
            return (chosen, Duration::ZERO);
        };
        self.live[pick.index].last_chosen = Some(now);
        let start = Start {
            endpoint: pick.index,
            in_flight: self.live[pick.index].load.in_flight + 1,
            ask,
            now,
        };
        let service_time = Duration::from_micros(9_000 + self.now % 2_000);
        let completion = Completion {
            start,
            now: now + service_time,
            service_time,
            fault: Some(Fault::None),
            outpaced: false,
        };
        let began = Instant::now();
        self.selector.policy.on_start(&start);
        self.selector.policy.on_finish(&completion);
        (chosen, began.elapsed())
    }
}

/// The means of the quickest batch of decisions, nanoseconds: of the choice and of the lessons. What else the machine does only
/// ever adds to a batch.
fn measured(strategy: Strategy, endpoints: usize) -> (f64, f64) {
    let mut pool = Pool::new(strategy, endpoints);
    let decisions = WORK / endpoints + 100;
    let mut batch = || {
        let sum = (0..decisions).fold((Duration::ZERO, Duration::ZERO), |sum, _| {
            let (chosen, told) = pool.decide();
            (sum.0 + chosen, sum.1 + told)
        });
        let mean = |sum: Duration| sum.as_nanos() as f64 / decisions as f64;
        (mean(sum.0), mean(sum.1))
    };
    batch();
    let least = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.min(b.1));
    (0..BATCHES)
        .map(|_| batch())
        .fold((f64::MAX, f64::MAX), least)
}

/// What it takes a thread to tell a policy of 20 endpoints of the beginning and the end of a request, nanoseconds, while so many
/// threads do: the quickest of some rounds.
fn told_by(strategy: Strategy, threads: u64) -> f64 {
    let policy = strategy.policy(20);
    let tell = |thread: u64| {
        for n in 0..TOLD {
            let now = Moment((n + 1) * 50_000 + thread);
            let start = Start {
                endpoint: ((n + thread * 10) % 20) as usize,
                in_flight: 1 + thread as u32,
                ask: Ask::read(n % 7, 0, 1.0, now),
                now,
            };
            let service_time = Duration::from_micros(9_000 + n % 2_000);
            policy.on_start(&start);
            policy.on_finish(&Completion {
                start,
                now: now + service_time,
                service_time,
                fault: Some(Fault::None),
                outpaced: false,
            });
        }
    };
    let round = |_| {
        let began = Instant::now();
        thread::scope(|scope| {
            for thread in 0..threads {
                let tell = &tell;
                scope.spawn(move || tell(thread));
            }
        });
        began.elapsed().as_nanos() as f64 / TOLD as f64
    };
    (0..5).map(round).fold(f64::MAX, f64::min)
}

fn main() {
    println!("ns of telling `adaptive`, by threads that do so at once");
    for threads in [1, 2] {
        println!("{threads}: {:.0}", told_by(Strategy::Adaptive, threads));
    }
    println!(
        "\nns of a choice, by endpoints; and of telling the policy of its beginning and end, of 20"
    );
    println!("| strategy | 3 | 20 | 300 | 1000 | told |");
    println!("|---|---|---|---|---|---|");
    for strategy in Strategy::ALL {
        let times = ENDPOINTS.map(|endpoints| measured(*strategy, endpoints));
        let cells: Vec<String> = times
            .iter()
            .map(|(chosen, _)| format!("{chosen:.0}"))
            .collect();
        let told = times[1].1;
        println!(
            "| {} | {} | {told:.0} |",
            strategy.word(),
            cells.join(" | ")
        );
    }
}
