//! A simulation with seeds: three endpoints that lag behind each other, writes that are done, queued, of
//! unknown outcome or never sent, and reads at random moments between. Whatever comes from the
//! cache holds every effect that any endpoint had when the request began.

use super::*;
use crate::clock::Moment;
use crate::random::Random;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const ENDPOINTS: usize = 3;
const TAGS: usize = 3;
const STEPS: usize = 30_000;
/// An effect reaches the endpoint that took the write, and the others, within this time: less than the quarantine.
const SPREAD_MS: usize = 4_900;

/// How many writes of each endpoint an endpoint knows, for each tag.
type State = [[u64; ENDPOINTS]; TAGS];

struct Effect {
    at: Moment,
    endpoint: usize,
    tag: usize,
    origin: usize,
    number: u64,
}

struct Reading {
    tags: [usize; 2],
    floor: State,
}

/// What a fetch got, and from which endpoint.
type Seen = (usize, State);

type Waiting = Pin<Box<dyn Future<Output = Waited>>>;

struct Sim {
    b: Bench,
    random: Random,
    states: [State; ENDPOINTS],
    numbers: State,
    effects: Vec<Effect>,
    writes: Vec<(OpenWrite, usize, usize)>,
    fills: Vec<(Fill, Reading, Option<Seen>)>,
    followers: Vec<(Waiting, Reading)>,
    served: u64,
    shared: u64,
}

fn endpoint(n: usize) -> String {
    format!("endpoint{n}")
}

fn merge(into: &mut u64, value: u64) {
    *into = (*into).max(value);
}

fn print(state: &State) -> String {
    let numbers = state.iter().flatten().map(u64::to_string);
    numbers.collect::<Vec<_>>().join(" ")
}

impl Sim {
    fn new(seed: u64) -> Self {
        Self {
            b: bench(),
            random: Random::seeded(seed),
            states: Default::default(),
            numbers: Default::default(),
            effects: Vec::new(),
            writes: Vec::new(),
            fills: Vec::new(),
            followers: Vec::new(),
            served: 0,
            shared: 0,
        }
    }

    /// All that any endpoint knows.
    fn known(&self) -> State {
        let mut all = State::default();
        for state in &self.states {
            for (sum, value) in all.iter_mut().flatten().zip(state.iter().flatten()) {
                merge(sum, *value);
            }
        }
        all
    }

    fn effect(&mut self, tag: usize, origin: usize, delay: usize) {
        self.numbers[tag][origin] += 1;
        let number = self.numbers[tag][origin];
        for endpoint in 0..ENDPOINTS {
            let spread = self.random.below(SPREAD_MS / 2);
            let spread = if endpoint == origin { 0 } else { spread };
            let wait = Duration::from_millis((delay + spread) as u64);
            let at = self.b.clock.now() + wait;
            self.effects.push(Effect {
                at,
                endpoint,
                tag,
                origin,
                number,
            });
        }
        self.apply();
    }

    fn apply(&mut self) {
        let now = self.b.clock.now();
        let states = &mut self.states;
        self.effects.retain(|effect| {
            let due = effect.at <= now;
            if due {
                merge(
                    &mut states[effect.endpoint][effect.tag][effect.origin],
                    effect.number,
                );
            }
            !due
        });
    }

    fn pass_time(&mut self) {
        let most = [20, 300, 4000][self.random.below(3)];
        let span = Duration::from_millis(self.random.below(most) as u64);
        self.b.clock.advance(span);
        self.apply();
    }

    fn begin_write(&mut self) {
        if self.writes.len() < 2 {
            let (tag, origin) = (self.random.below(TAGS), self.random.below(ENDPOINTS));
            let write = self.b.write(&[&tag.to_string()]);
            self.writes.push((write, tag, origin));
        }
    }

    fn settle_write(&mut self) {
        if self.writes.is_empty() {
            return;
        }
        let place = self.random.below(self.writes.len());
        let (write, tag, origin) = self.writes.swap_remove(place);
        let name = endpoint(origin);
        let late = self.random.below(SPREAD_MS / 2);
        match self.random.below(8) {
            0 => {
                write.settle(queued(&name));
                self.effect(tag, origin, late);
            }
            1 => {
                drop(write);
                self.effect(tag, origin, late);
            }
            2 => write.settle(Settled::Unknown),
            3 => write.settle(Settled::NoEffect),
            _ => {
                self.effect(tag, origin, 0);
                write.settle(done(&name));
            }
        }
    }

    fn ask(&mut self) {
        let tags = [self.random.below(TAGS), self.random.below(TAGS)];
        let names = tags.map(|tag| tag.to_string());
        let call = read(&names.join(" "), &[&names[0], &names[1]]);
        let floor = self.known();
        let reading = Reading { tags, floor };
        match self.b.ask(&call) {
            Verdict::Hit(hit) => {
                self.served += 1;
                check(&reading, &hit.entry);
            }
            Verdict::Lead(fill) => self.fills.push((fill, reading, None)),
            Verdict::Follow(follower) => {
                let waiting = Box::pin(follower.wait(secs(3600)));
                self.followers.push((waiting, reading));
            }
            Verdict::Bypass(_) => {}
        }
    }

    /// The database answers a fetch: any endpoint, mostly the home.
    fn read_database(&mut self) {
        if self.fills.is_empty() {
            return;
        }
        let place = self.random.below(self.fills.len());
        let any = self.random.below(ENDPOINTS);
        let lawful = self.random.below(4) > 0;
        let (fill, _, seen) = &mut self.fills[place];
        let is_home = |n: &usize| {
            let home = fill.home().map(|home| home.endpoint);
            home == Some(EndpointId::of("s", &endpoint(*n)))
        };
        let home = (0..ENDPOINTS).find(is_home).filter(|_| lawful);
        let from = home.unwrap_or(any);
        if seen.is_none() {
            *seen = Some((from, self.states[from]));
        }
    }

    fn finish(&mut self) {
        if self.fills.is_empty() {
            return;
        }
        let place = self.random.below(self.fills.len());
        let (fill, _, seen) = self.fills.swap_remove(place);
        if let Some((from, state)) = seen {
            fill.finish(response_of(&endpoint(from), &print(&state)));
        }
    }

    fn wake(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        for (mut waiting, reading) in std::mem::take(&mut self.followers) {
            match waiting.as_mut().poll(&mut context) {
                Poll::Pending => self.followers.push((waiting, reading)),
                Poll::Ready(Waited::Lead(fill)) => self.fills.push((fill, reading, None)),
                Poll::Ready(Waited::Shared(entry)) => {
                    self.shared += 1;
                    check(&reading, &entry);
                }
                Poll::Ready(Waited::Alone(_)) => {}
            }
        }
    }

    fn step(&mut self) {
        match self.random.below(30) {
            0 => self.begin_write(),
            1..=2 => self.settle_write(),
            3..=4 => self.pass_time(),
            5..=9 => self.read_database(),
            10..=14 => self.finish(),
            15..=16 => self.wake(),
            _ => self.ask(),
        }
    }
}

fn check(reading: &Reading, entry: &CacheEntry) {
    let got: Vec<u64> = text(entry).split(' ').map(|n| n.parse().unwrap()).collect();
    for tag in reading.tags {
        let part = &got[tag * ENDPOINTS..(tag + 1) * ENDPOINTS];
        let fresh = part.iter().zip(&reading.floor[tag]);
        assert!(fresh.clone().all(|(got, floor)| got >= floor), "{fresh:?}");
    }
}

#[tokio::test]
async fn what_the_cache_serves_holds_every_effect_from_before_the_request() {
    let (mut served, mut shared) = (0, 0);
    for seed in 0..8 {
        let mut sim = Sim::new(seed);
        for _ in 0..STEPS {
            sim.step();
        }
        served += sim.served;
        shared += sim.shared;
    }
    assert!(served > 2_000, "too few hits: {served}");
    assert!(shared > 200, "too few shared: {shared}");
}
