//! Threads against one cache and one database: no read gets from the cache less than what the
//! database held when the request began.

use super::*;
use crate::random::Random;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

const THREADS: u64 = 4;
const ROUNDS: u64 = 30_000;
const THINGS: usize = 6;

struct World {
    bench: Bench,
    database: [AtomicU64; THINGS],
    from_cache: AtomicU64,
    start: Barrier,
}

fn thing(n: usize) -> String {
    format!("thing{n}")
}

fn dawdle(random: &mut Random) {
    for _ in 0..random.below(4) {
        std::thread::yield_now();
    }
}

impl World {
    fn write(&self, random: &mut Random) {
        let n = random.below(THINGS);
        let write = self.bench.write(&[&thing(n)]);
        dawdle(random);
        self.database[n].fetch_add(1, SeqCst);
        dawdle(random);
        write.settle(done("a"));
    }

    fn read_one(&self, n: usize) -> u64 {
        self.database[n].load(SeqCst)
    }

    fn check(&self, floor: [u64; 2], entry: &CacheEntry) {
        let got: Vec<u64> = text(entry).split(' ').map(|n| n.parse().unwrap()).collect();
        assert!(
            got[0] >= floor[0] && got[1] >= floor[1],
            "{got:?} < {floor:?}"
        );
        self.from_cache.fetch_add(1, SeqCst);
    }

    fn fetch(&self, random: &mut Random, pair: [usize; 2], fill: Fill) {
        dawdle(random);
        let values = pair.map(|n| self.read_one(n));
        dawdle(random);
        match random.below(20) {
            0 => drop(fill),
            1 => fill.abandon(),
            _ => {
                fill.finish(response(&format!("{} {}", values[0], values[1])));
            }
        }
    }

    async fn read(&self, random: &mut Random) {
        let pair = [random.below(THINGS), random.below(THINGS)];
        let names = pair.map(thing);
        let call = read(&names.join(" "), &[&names[0], &names[1]]);
        let floor = pair.map(|n| self.read_one(n));
        match self.bench.ask(&call) {
            Verdict::Hit(hit) => self.check(floor, &hit.entry),
            Verdict::Lead(fill) => self.fetch(random, pair, fill),
            Verdict::Follow(follower) => match follower.wait(secs(5)).await {
                Waited::Shared(entry) => self.check(floor, &entry),
                Waited::Lead(fill) => self.fetch(random, pair, fill),
                Waited::Alone(_) => {}
            },
            Verdict::Bypass(_) => {}
        }
    }

    fn run(&self, seed: u64) {
        let mut random = Random::seeded(seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        self.start.wait();
        for _ in 0..ROUNDS {
            match random.below(10) {
                0 => self.write(&mut random),
                _ => runtime.block_on(self.read(&mut random)),
            }
        }
    }
}

#[test]
fn no_reader_gets_less_than_the_database_held_when_it_began() {
    let world = World {
        bench: bench_with(|settings| settings.l1.size = config::Size(16 << 10)),
        database: Default::default(),
        from_cache: AtomicU64::new(0),
        start: Barrier::new(THREADS as usize),
    };
    std::thread::scope(|scope| {
        let threads = (0..THREADS).map(|seed| {
            scope.spawn({
                let world = &world;
                move || world.run(seed)
            })
        });
        // All must run before the first is waited for.
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
    let report = world.bench.cache.stats().total;
    assert!(world.from_cache.load(SeqCst) > ROUNDS / 10, "{report:?}");
    assert_eq!(world.bench.cache.stats().flights, 0);
    let gone = report.evictions + report.replaced + report.expired + report.invalidations;
    assert_eq!(report.stores, gone + report.entry_count);
    assert_eq!(world.bench.cache.sweep(), 0, "dead entries squat");
    world.bench.cache.clear(Selection::All);
    assert_eq!(world.bench.cache.store.footprint(), (0, 0));
}

#[test]
fn a_response_stored_in_the_moment_of_a_write_does_not_stay() {
    let b = bench();
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(SeqCst) {
                b.write(&["db"]).settle(Settled::NoEffect);
                std::thread::yield_now();
            }
        });
        for n in 0..20_000 {
            if let Verdict::Lead(fill) = b.ask(&read(&n.to_string(), &["db"])) {
                fill.finish(response("x"));
            }
        }
        over.store(true, SeqCst);
    });
    assert!(b.cache.stats().total.stores > 0);
    assert_eq!(b.cache.sweep(), 0, "dead entries squat");
}
