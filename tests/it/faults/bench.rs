//! The bench: pointsman with replicas behind it, each behind a network path of its own, and what all rows measure.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use testbed::faults::Faults;
use testbed::link::Link;
use testbed::server::Listener;

use super::database::{Replica, Speed, Store};
use super::load::{Dialect, Load, PATIENCE, Written};
use super::pointsman::{Pointsman, Program, Service};
use super::record::{Outcome, Record, Sample};
use super::report::Figure;

/// What a run needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    pub program: Program,
    pub seed: u64,
    /// Whether it is told how the requests of each load ended.
    pub outcomes: bool,
}

/// The replicas of most rows: together they do sixteen times the load.
pub const QUICK: Speed = Speed {
    workers: 8,
    service: Duration::from_millis(5),
};

/// The replicas of rows in which all must take their share: three of them do 300 requests a second.
pub const SLOW: Speed = Speed {
    workers: 4,
    service: Duration::from_millis(40),
};

/// Requests a second at which three of these are busy, and two of them can do it.
pub const BUSY: f64 = 150.0;

/// A replica, its server and the path to it.
pub struct Server {
    pub replica: Arc<Replica>,
    pub listener: Listener,
    pub link: Link,
}

impl Server {
    pub fn faults(&self) -> &Faults {
        self.listener.faults()
    }
}

/// The bench.
pub struct Bench {
    pub pointsman: Pointsman,
    pub servers: Vec<Server>,
    pub store: Arc<Store>,
    pub dialect: Dialect,
    seed: u64,
    outcomes: bool,
    written: Arc<Written>,
}

/// How a bench is built.
pub struct Setup {
    pub replicas: usize,
    pub speed: Speed,
    pub dialect: Dialect,
    pub open_files: Option<u32>,
    /// One more endpoint, whose name does not resolve.
    pub unresolvable: bool,
    /// Lines of the service that describe the database.
    pub more: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            replicas: 3,
            speed: QUICK,
            dialect: Dialect::Qdrant,
            open_files: None,
            unresolvable: false,
            more: "",
        }
    }
}

impl Setup {
    /// Three replicas of the slow kind.
    pub fn slow() -> Self {
        Self {
            speed: SLOW,
            ..Self::default()
        }
    }

    /// Three servers of a Neo4j cluster; the first one is the leader.
    pub fn neo4j() -> Self {
        Self {
            dialect: Dialect::Neo4j,
            more: "    cluster: true\n    probe: {user: pointsman, password: secret}\n",
            ..Self::default()
        }
    }

    pub async fn start(self, settings: &Settings) -> Bench {
        let store = Arc::new(Store::default());
        let mut servers = Vec::new();
        for number in 0..self.replicas {
            let replica = Replica::new(number, Arc::clone(&store), self.speed, settings.seed);
            let replica = Arc::new(replica);
            let listener = Listener::bind(0, replica.clone()).expect("a port");
            let link = Link::to(listener.address()).await.expect("a port");
            servers.push(Server {
                replica,
                listener,
                link,
            });
        }
        let urls = servers.iter().map(|server| server.link.url());
        let unresolvable = self
            .unresolvable
            .then(|| "http://db.invalid:6333".to_owned());
        let service = Service {
            dialect: match self.dialect {
                Dialect::Qdrant => "qdrant",
                Dialect::Neo4j => "neo4j",
            },
            endpoints: urls.chain(unresolvable).collect(),
            more: self.more,
            open_files: self.open_files,
        };
        Bench {
            pointsman: Pointsman::start(&settings.program, &service).await,
            servers,
            store,
            dialect: self.dialect,
            seed: settings.seed,
            outcomes: settings.outcomes,
            written: Arc::default(),
        }
    }
}

impl Bench {
    /// A load with one write in ten, in which one read in five is of what is written, for so many seconds.
    pub fn load(&self, rate: f64, seconds: f64) -> Load {
        Load {
            dialect: self.dialect,
            rate,
            writes: 0.1,
            time: Duration::from_secs_f64(seconds),
            limit: None,
            patience: PATIENCE,
            shared: 0.2,
            searches: false,
            seed: self.seed,
            written: Arc::clone(&self.written),
        }
    }

    /// The replica that took most in the last second: what befalls it is felt most.
    pub fn busiest(&self) -> &Server {
        let now = Instant::now();
        let from = now - Duration::from_secs(1);
        let busiest = self
            .servers
            .iter()
            .max_by_key(|one| one.replica.taken(from, now));
        busiest.expect("a replica")
    }

    /// Runs a load and what happens meanwhile; returns what that returns, such as the replica it befell.
    pub async fn run<T>(&self, load: Load, events: impl Future<Output = T>) -> (Record, T) {
        let (record, returned) = tokio::join!(load.run(&self.pointsman.url), events);
        if self.outcomes {
            eprintln!("{:?}", record.outcomes());
            eprintln!("taken, second by second: {:?}", self.taken(&record));
        }
        (record, returned)
    }

    /// What must hold in every row.
    pub fn invariants(&self, record: &Record) -> Vec<Figure> {
        vec![promises(self.broken(&[record]))]
    }

    /// How often what must hold did not, in these loads.
    pub fn broken(&self, records: &[&Record]) -> f64 {
        let lost = |one: &Sample| {
            let executed = one.write.map(|write| self.store.has_executed(write));
            one.is_good() && executed == Some(false)
        };
        let bad =
            |one: &&Sample| matches!(one.outcome, Outcome::Wrong | Outcome::Stale) || lost(one);
        let all = records.iter().flat_map(|record| record.samples());
        all.filter(bad).count() as f64 + self.store.repeated() as f64
    }

    /// Good responses of these loads in a window of the first one, as a share of what the replicas could do in it. A good one
    /// came in the window, within this time of when it was due: what is answered after the load has ended does not count.
    pub fn goodput(&self, records: &[&Record], window: Range<f64>, time: Duration) -> f64 {
        let (from, to) = (
            records[0].moment(window.start),
            records[0].moment(window.end),
        );
        let replicas = self.servers.iter().map(|server| &server.replica);
        let capacity: f64 = replicas.map(|replica| replica.capacity(from, to)).sum();
        let good = records.iter().map(|record| record.good(from..to, time));
        good.sum::<f64>() / capacity / (window.end - window.start)
    }

    /// Requests that each replica took, second by second.
    fn taken(&self, record: &Record) -> Vec<Vec<usize>> {
        let seconds = record.samples().map(|one| one.due.as_secs()).max();
        let within = |second: u64| {
            let (from, to) = (
                record.moment(second as f64),
                record.moment(second as f64 + 1.0),
            );
            let taken = |server: &Server| server.replica.taken(from, to);
            self.servers.iter().map(taken).collect()
        };
        (0..=seconds.unwrap_or_default()).map(within).collect()
    }

    /// Percent of the requests of a window that a replica took.
    pub fn share(&self, record: &Record, replica: usize, window: Range<f64>) -> f64 {
        let (from, to) = (record.moment(window.start), record.moment(window.end));
        let taken = |server: &Server| server.replica.taken(from, to) as f64;
        let all: f64 = self.servers.iter().map(taken).sum();
        100.0 * taken(&self.servers[replica]) / all.max(1.0)
    }

    /// Seconds after `from` until each replica takes at least half of an even share, half a second at a time; the end of the
    /// window if that never happens.
    pub fn all_serve_after(&self, record: &Record, window: Range<f64>) -> f64 {
        let even = 100.0 / self.servers.len() as f64;
        let mut at = window.start;
        while at + 0.5 <= window.end {
            let share = |replica| self.share(record, replica, at..at + 0.5);
            if (0..self.servers.len()).all(|replica| share(replica) >= even / 2.0) {
                break;
            }
            at += 0.5;
        }
        at - window.start
    }
}

/// What must never happen, and how often it did.
pub fn promises(broken: f64) -> Figure {
    Figure::none(
        "wrong or stale answers, repeated writes, acknowledged writes that are lost",
        broken,
    )
}

/// Waits so many seconds.
pub async fn pause(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
