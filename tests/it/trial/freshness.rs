//! The trial of freshness: readers and writers at once, each read checked against what had been
//! acknowledged when it began.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::aliases::Aliases;
use super::calls::{Hand, Look, Stock};
use super::client::{Client, Got, Lost};
use super::figures::Figures;
use super::graph::Nodes;
use super::place::{Place, cache};
use super::points::Points;
use super::register::{Floor, Shown, Wrong};
use super::weather::{self, Weather};

/// Clients at a time.
const WORKERS: u64 = 24;

/// What is counted.
const ROWS: &[&str] = &[
    "operations",
    "reads",
    "values checked",
    "hits",
    "of these shared with another client",
    "hits of points",
    "hits of aliases",
    "hits of nodes",
    "writes",
    "writes that do not wait",
    "writes of unknown outcome",
    "writes applied after the quarantine",
    "writes refused for the moment",
    "writes refused as wrong",
    "writes sent twice",
    "writes without an effect",
    "switches of an alias",
    "collections made anew",
    "explicit transactions",
    "transactions that waited too long for their commit",
    "transactions rolled back",
    "clients that left",
    "reads cut",
    "reads without a good answer in calm weather",
    "reads of replicas without a good answer in a storm",
    "reads of the one graph without one in a storm",
    "replicas killed and restarted",
    "old answers of a lagging replica itself",
    "old answers of the database itself",
    "hits in quarantine",
    "invented answers",
    "stale answers",
];

/// Figures that must be zero.
const PROMISED: &[&str] = &[
    "writes refused as wrong",
    "writes sent twice",
    "reads without a good answer in calm weather",
    "hits in quarantine",
    "invented answers",
    "stale answers",
];

/// Runs so many operations. The figures, and whether the promise held.
pub async fn run(operations: u64, seed: u64, progress: impl Fn(u64)) -> (Arc<Figures>, bool) {
    let place = Place::open(&cache("1h")).await;
    let figures = Arc::new(Figures::new(ROWS));
    let weather = Arc::new(Weather::default());
    let hand = Hand {
        client: Client::default(),
        place: Arc::clone(&place),
        figures: Arc::clone(&figures),
        weather: Arc::clone(&weather),
    };
    let stocks: Arc<[Box<dyn Stock>]> = Arc::new([
        Box::new(Points::default()),
        Box::new(Aliases::default()),
        Box::new(Nodes::default()),
    ]);
    for stock in stocks.iter() {
        stock.fill(&hand).await;
    }
    let sky = tokio::spawn(weather::make(
        Arc::clone(&place),
        Arc::clone(&weather),
        Arc::clone(&figures),
        operations,
        seed,
    ));
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let random = StdRng::seed_from_u64(seed ^ (worker + 1) << 32);
        workers.spawn(work(hand.clone(), Arc::clone(&stocks), operations, random));
    }
    while workers.try_join_next().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        progress(weather.done.load(SeqCst));
    }
    while let Some(done) = workers.join_next().await {
        done.expect("a worker that ends well");
    }
    weather.end();
    sky.await.expect("weather that ends well");
    let held = PROMISED.iter().all(|row| figures.get(row) == 0);
    (figures, held)
}

async fn work(hand: Hand, stocks: Arc<[Box<dyn Stock>]>, operations: u64, mut random: StdRng) {
    // Each worker has its own connections, as clients have.
    let hand = Hand {
        client: Client::default(),
        ..hand
    };
    while hand.weather.done.fetch_add(1, SeqCst) < operations {
        hand.figures.count("operations");
        let stock = &stocks[match random.random_range(0..10) {
            0..6 => 0,
            6..8 => 1,
            _ => 2,
        }];
        match random.random_ratio(1, 20) {
            true => stock.write(&hand, &mut random).await,
            false => read(&hand, &**stock, &mut random).await,
        }
    }
}

async fn read(hand: &Hand, stock: &dyn Stock, random: &mut StdRng) {
    let look = stock.look(&hand.place, random);
    let lagged = hand.weather.lags();
    let floors: Vec<Floor> = look
        .asked
        .iter()
        .map(|(_, id)| stock.registers()[*id].floor())
        .collect();
    let stormed = hand.weather.storms();
    let began = Instant::now();
    let got = hand
        .client
        .ask(&look.call, hand.weather.patience(random))
        .await;
    let ended = Instant::now();
    hand.figures.count("reads");
    let stormed = stormed || hand.weather.storms();
    match got {
        Ok(got) => {
            hand.figures.took(ended - began);
            if got.is_hit() {
                count_hit(hand, stock, &got);
                if stock.was_quiet(&look, began, ended) {
                    hand.figures.find("hits in quarantine", || {
                        format!("{:?}: {}", look.call, got.cache)
                    });
                }
            }
            match look.shown(&got) {
                Some(shown) => {
                    let seen = Seen {
                        look: &look,
                        got: &got,
                        floors: &floors,
                        lagged,
                        ended,
                    };
                    check(hand, stock, &seen, shown).await;
                }
                None => bad(
                    hand,
                    stock,
                    &look,
                    &format!("{} {}", got.status, got.body),
                    stormed,
                ),
            }
        }
        Err(Lost::Left) => hand.figures.count("clients that left"),
        Err(Lost::Cut(why)) if stormed => {
            let _ = why;
            hand.figures.count("reads cut");
        }
        Err(Lost::Cut(why) | Lost::None(why)) => bad(hand, stock, &look, &why, stormed),
    }
}

fn count_hit(hand: &Hand, stock: &dyn Stock, got: &Got) {
    hand.figures.count("hits");
    hand.figures.count(match stock.name() {
        "points" => "hits of points",
        "aliases" => "hits of aliases",
        _ => "hits of nodes",
    });
    if got.is_shared() {
        hand.figures.count("of these shared with another client");
    }
}

fn bad(hand: &Hand, stock: &dyn Stock, look: &Look, what: &str, stormed: bool) {
    // A collection that is being made anew is not there for a moment.
    if what.starts_with("404") && stock.name() == "aliases" {
        return;
    }
    match stormed {
        true if stock.name() == "nodes" => {
            hand.figures
                .count("reads of the one graph without one in a storm");
        }
        true => hand
            .figures
            .count("reads of replicas without a good answer in a storm"),
        false => hand
            .figures
            .find("reads without a good answer in calm weather", || {
                format!("{:?}: {what}", look.call)
            }),
    }
}

/// A read that was answered.
struct Seen<'a> {
    look: &'a Look,
    got: &'a Got,
    floors: &'a [Floor],
    /// Whether a replica lagged when it began.
    lagged: bool,
    ended: Instant,
}

async fn check(hand: &Hand, stock: &dyn Stock, seen: &Seen<'_>, shown: Vec<(usize, Shown)>) {
    let (look, got) = (seen.look, seen.got);
    hand.figures.add("values checked", shown.len() as u64);
    // Replicas apart from each other show a write that is under way one after the other. The cache does not.
    let apart = !got.is_hit() && hand.weather.has_parted() && stock.name() != "nodes";
    for ((id, shown), floor) in shown.into_iter().zip(seen.floors) {
        if stock.name() == "aliases" && shown == Shown::Nothing {
            continue;
        }
        let floor = match apart {
            true => floor.acknowledged,
            false => floor.seen,
        };
        let register = &stock.registers()[id];
        let Err(wrong) = register.judge(floor, shown, seen.ended) else {
            continue;
        };
        if wrong == Wrong::Stale && !got.is_hit() && (seen.lagged || hand.weather.lags()) {
            hand.figures
                .count("old answers of a lagging replica itself");
            continue;
        }
        let truth = hand.truth(stock, look).await;
        let same = truth
            .iter()
            .any(|(other, now)| *other == id && *now == shown);
        if wrong == Wrong::Stale && same {
            hand.figures.find("old answers of the database itself", || {
                format!("{:?} shows {shown:?}, expected {floor} or newer", look.call)
            });
            continue;
        }
        let row = match wrong {
            Wrong::Stale => "stale answers",
            Wrong::Invented => "invented answers",
        };
        hand.figures.find(row, || {
            format!(
                "operation {}: {} {id}: {:?}: shows {shown:?}, expected {floor} or newer; cache: {}; the database: {truth:?}; {register:?}",
                hand.weather.done.load(SeqCst),
                stock.name(),
                look.call,
                got.cache
            )
        });
    }
}
