use super::*;
use crate::config;
use crate::config::EndpointAddress;
use crate::dialect::{MetadataQuery, Probe, ProbeResult, Response, Role};
use crate::endpoint::{HealthStatus, Identity, OperatorStatus, ProbeOutcome};
use crate::probe::{ProbeError, ProbeReply, Question};
use async_trait::async_trait;
use balancing::health::Peers;
use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use parking_lot::Mutex as Lock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Servers by endpoint name and target: a status, silence (0), or a shortage of ours (1). What is not listed gives 200.
#[derive(Default)]
struct Fake {
    statuses: Lock<HashMap<(&'static str, &'static str), u16>>,
    asked: Lock<Vec<(String, String)>>,
    heard: Option<mpsc::UnboundedSender<()>>,
}

impl Fake {
    fn set(&self, name: &'static str, target: &'static str, status: u16) {
        self.statuses.lock().insert((name, target), status);
    }

    fn asked(&self, target: &str) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock());
        let of_target = asked.into_iter().filter(|(_, asked)| asked == target);
        let mut names: Vec<_> = of_target.map(|(name, _)| name).collect();
        names.sort();
        names
    }
}

#[async_trait]
impl ProbeClient for Fake {
    async fn ask(&self, whom: &Condition, what: Question<'_>) -> Result<ProbeReply, ProbeError> {
        let name = whom.identity().name.to_string();
        let statuses = self.statuses.lock().clone();
        let status = statuses
            .iter()
            .find(|((n, t), _)| *n == name && *t == what.target);
        self.asked.lock().push((name, what.target.to_owned()));
        self.heard.as_ref().map(|heard| heard.send(()));
        match status.map_or(200, |(_, status)| *status) {
            0 => Err(ProbeError::NoResponse("silence".into())),
            1 => Err(ProbeError::OurShortage("no more files".into())),
            status => Ok(ProbeReply {
                status,
                ..ProbeReply::default()
            }),
        }
    }
}

struct Script {
    probes: Vec<Probe>,
    learned: Lock<Vec<u16>>,
    generation: AtomicU64,
    /// How often the metadata queries were looked at: once a turn.
    turns: AtomicU64,
    credential: Lock<&'static str>,
    every: Lock<Duration>,
}

impl Questions for Script {
    fn probes(&self) -> Vec<Probe> {
        self.probes.clone()
    }

    fn metadata_queries(&self) -> Vec<MetadataQuery> {
        self.turns.fetch_add(1, Ordering::Relaxed);
        vec![MetadataQuery {
            name: "procedures",
            method: Method::POST,
            target: "/procedures".into(),
            headers: vec![(
                AUTHORIZATION,
                HeaderValue::from_static(*self.credential.lock()),
            )],
            body: Bytes::new(),
            every: *self.every.lock(),
            generation: self.generation.load(Ordering::Relaxed),
        }]
    }

    fn learn(&self, _: &MetadataQuery, response: &Response<'_>) {
        self.learned.lock().push(response.status);
    }
}

fn read(response: &Response<'_>) -> ProbeResult {
    match response.status {
        200 => ProbeResult::Good,
        201 => ProbeResult::Role(Role::Writer),
        202 => ProbeResult::Role(Role::Reader),
        401 => ProbeResult::Locked,
        404 => ProbeResult::Unsupported,
        429 => ProbeResult::Busy,
        500 => panic!("a reader of responses that breaks"),
        _ => ProbeResult::Bad("status".into()),
    }
}

fn probe(target: &str) -> Probe {
    Probe {
        name: "probe",
        method: Method::GET,
        target: target.into(),
        headers: match target {
            "/live" => Vec::new(),
            _ => vec![(AUTHORIZATION, HeaderValue::from_static("Basic cHJvYmU6"))],
        },
        body: Bytes::new(),
        asks_service: target != "/live",
        read: Arc::new(read),
    }
}

struct Bench {
    fake: Arc<Fake>,
    script: Arc<Script>,
    endpoints: Vec<Arc<Condition>>,
    clock: Clock,
    counted: Arc<Counted>,
    prober: Prober,
}

/// Moves a manual clock with tokio's, which a test pauses.
async fn follow_paused_time(clock: Clock) {
    loop {
        let step = Duration::from_millis(5);
        tokio::time::sleep(step).await;
        clock.advance(step);
    }
}

/// The results that the observer was told.
#[derive(Default)]
struct Counted(Lock<Vec<(String, &'static str)>>);

impl ProbeObserver for Counted {
    fn probed(&self, endpoint: &Identity, result: &'static str, _: Duration) {
        self.0.lock().push((endpoint.name.to_string(), result));
    }
}

fn bench(fake: Fake) -> Bench {
    bench_with(fake, config::Health::default())
}

fn bench_with(fake: Fake, health: config::Health) -> Bench {
    bench_of(fake, health, vec![probe("/live"), probe("/role")])
}

fn bench_of(fake: Fake, health: config::Health, probes: Vec<Probe>) -> Bench {
    let probe_trigger = Arc::<ProbeTrigger>::default();
    let endpoint = |name: &str| {
        let identity = Identity {
            service: "graph".into(),
            name: name.into(),
            address: EndpointAddress {
                host: "127.0.0.1".into(),
                port: 1,
            },
        };
        Arc::new(Condition::new(
            identity,
            Arc::<Peers>::default().join(0),
            Arc::default(),
            probe_trigger.clone(),
            Arc::default(),
        ))
    };
    let endpoints = vec![endpoint("a"), endpoint("b")];
    let script = Arc::new(Script {
        probes,
        learned: Lock::default(),
        generation: AtomicU64::new(0),
        turns: AtomicU64::new(0),
        credential: Lock::new("x"),
        every: Lock::new(Duration::from_secs(600)),
    });
    let (fake, clock) = (Arc::new(fake), Clock::manual());
    let counted = Arc::<Counted>::default();
    let with = ProbeParts {
        client: fake.clone(),
        observer: counted.clone(),
        rules: Arc::new(HealthRules {
            health,
            ..HealthRules::of(&config::Config::default())
        }),
        clock: clock.clone(),
        fingerprint_key: RandomState::new(),
    };
    let prober = Prober::new(endpoints.clone(), probe_trigger, script.clone(), with);
    Bench {
        fake,
        script,
        endpoints,
        clock,
        counted,
        prober,
    }
}

#[tokio::test]
async fn a_silent_endpoint_is_unhealthy_after_five_rounds_and_back_after_one() {
    let bench = bench(Fake::default());
    bench.fake.set("b", "/live", 0);
    for _ in 0..5 {
        assert_eq!(bench.endpoints[1].status(), HealthStatus::Healthy);
        bench.prober.round().await;
    }
    assert_eq!(bench.endpoints[0].status(), HealthStatus::Healthy);
    assert_eq!(bench.endpoints[1].status(), HealthStatus::Unhealthy);
    bench.fake.set("b", "/live", 200);
    bench.prober.round().await;
    assert_eq!(bench.endpoints[1].status(), HealthStatus::Healthy);
}

#[tokio::test]
async fn probes_go_in_order_until_one_fails() {
    let bench = bench(Fake::default());
    bench.fake.set("a", "/live", 503);
    bench.prober.round().await;
    assert_eq!(bench.fake.asked("/role"), ["b"]);
}

#[tokio::test]
async fn roles_are_set_from_what_probes_find() {
    let bench = bench(Fake::default());
    bench.fake.set("a", "/role", 201);
    bench.fake.set("b", "/role", 202);
    bench.prober.round().await;
    let roles: Vec<_> = bench
        .endpoints
        .iter()
        .map(|s| s.server().role(bench.clock.now()))
        .collect();
    assert_eq!(roles, [Some(Role::Writer), Some(Role::Reader)]);
}

#[tokio::test]
async fn an_endpoint_in_maintenance_is_not_probed() {
    let bench = bench(Fake::default());
    bench.endpoints[0].set_operator_status(OperatorStatus::Maintenance, bench.clock.now());
    bench.prober.round().await;
    assert_eq!(bench.fake.asked("/live"), ["b"]);
}

#[tokio::test]
async fn a_refused_credential_pauses_what_needs_it_at_that_endpoint_only() {
    let bench = bench(Fake::default());
    bench.fake.set("a", "/role", 401);
    bench.prober.round().await;
    bench.fake.asked("");
    bench.prober.round().await;
    bench.prober.query_metadata().await;
    let asked = bench.fake.asked.lock().clone();
    let of_a: Vec<_> = asked.iter().filter(|(name, _)| name == "a").collect();
    assert!(
        of_a.iter().all(|(_, target)| target == "/live"),
        "{asked:?}"
    );
    assert_eq!(asked.iter().filter(|(name, _)| name == "b").count(), 3);
    assert_eq!(bench.endpoints[0].status(), HealthStatus::Healthy);
    assert!(bench.endpoints[0].server().credential().is_refused());
}

/// A 401 to a probe without a credential was called a refused credential.
#[tokio::test]
async fn where_no_credential_is_configured_a_refusal_says_so() {
    let mut bare = probe("/role");
    bare.headers.clear();
    let health = config::Health::default();
    let bench = bench_of(Fake::default(), health, vec![probe("/live"), bare]);
    bench.fake.set("a", "/role", 401);
    bench.prober.round().await;
    let a = &bench.endpoints[0];
    assert!(!a.server().credential().is_refused());
    assert!(!a.server().credential().is_usable(bench.clock.now()));
    assert_eq!(a.status(), HealthStatus::Healthy, "it lives");
}

/// An endpoint that was back after a second was out until the next round, half a minute later.
#[tokio::test(start_paused = true)]
async fn an_endpoint_in_trouble_is_probed_again_soon_and_less_often_with_time() {
    let bench = bench_with(Fake::default(), config::Health::default());
    bench.fake.set("a", "/live", 0);
    let _moving = RunningTask::spawn(follow_paused_time(bench.clock.clone()));
    let _running = bench.prober.start(Random::seeded(1));
    let mut rounds = Vec::new();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        rounds.push(bench.fake.asked("/live").len() / 2);
    }
    assert!(rounds[0] >= 6 && rounds[2] <= 3, "{rounds:?} in 10 s each");
}

#[tokio::test]
async fn a_credential_that_is_taken_again_is_used_without_a_reload() {
    let bench = bench(Fake::default());
    bench.fake.set("a", "/role", 401);
    bench.prober.round().await;
    bench.fake.set("a", "/role", 201);
    bench.clock.advance(Duration::from_secs(15));
    bench.prober.round().await;
    assert_eq!(
        bench.endpoints[0].server().role(bench.clock.now()),
        Some(Role::Writer)
    );
    assert!(!bench.endpoints[0].server().credential().is_refused());
    bench.fake.asked("");
    bench.prober.round().await;
    assert_eq!(bench.fake.asked("/role"), ["a", "b"]);
}

/// Each reload sent it again: three tries lock a user of Neo4j.
#[tokio::test]
async fn a_reload_sends_a_refused_credential_again_only_if_it_is_another_one() {
    let bench = bench(Fake::default());
    bench.fake.set("a", "/role", 401);
    bench.prober.round().await;
    let reloaded = || {
        Prober::new(
            bench.endpoints.clone(),
            Arc::default(),
            bench.script.clone(),
            bench.prober.with.clone(),
        )
    };
    bench.fake.asked("");
    for _ in 0..3 {
        reloaded().round().await;
    }
    assert_eq!(bench.fake.asked("/role"), ["b"; 3]);
    *bench.script.credential.lock() = "y";
    reloaded().round().await;
    assert_eq!(bench.fake.asked("/role"), ["a", "b"]);
}

/// Each round took the credential for good, and the next metadata query for refused.
#[tokio::test]
async fn a_metadata_query_that_is_forbidden_says_nothing_of_the_credential() {
    let bench = bench(Fake::default());
    for name in ["a", "b"] {
        bench.fake.set(name, "/procedures", 403);
    }
    for _ in 0..5 {
        bench.prober.round().await;
        bench.prober.query_metadata().await;
        for endpoint in &bench.endpoints {
            assert!(!endpoint.server().credential().is_refused());
        }
        bench.clock.advance(Duration::from_secs(30));
    }
    let asked = bench.fake.asked.lock().clone();
    let of = |target| asked.iter().filter(|(_, asked)| asked == target).count();
    assert_eq!((of("/role"), of("/procedures")), (10, 1));
}

#[tokio::test]
async fn a_metadata_query_that_is_refused_is_asked_again_after_a_pause() {
    let bench = bench(Fake::default());
    for name in ["a", "b"] {
        bench.fake.set(name, "/procedures", 429);
    }
    for _ in 0..4 {
        bench.prober.query_metadata().await;
        bench.clock.advance(Duration::from_secs(2));
    }
    assert_eq!(bench.fake.asked("/procedures"), ["a", "b"], "once each");
    bench.fake.set("a", "/procedures", 200);
    bench.fake.set("b", "/procedures", 200);
    bench.clock.advance(Duration::from_secs(15));
    bench.prober.query_metadata().await;
    assert_eq!(*bench.script.learned.lock(), [200]);
}

#[tokio::test]
async fn a_lack_of_ours_says_nothing_about_an_endpoint_and_is_counted_as_ours() {
    let bench = bench(Fake::default());
    bench.fake.set("a", "/live", 1);
    bench.fake.set("a", "/role", 1);
    for _ in 0..6 {
        bench.prober.round().await;
    }
    assert_eq!(bench.endpoints[0].status(), HealthStatus::Healthy);
    assert_eq!(bench.endpoints[0].health().last_failure(), None);
    let counted = bench.counted.0.lock();
    let of = |name: &str, result: &str| {
        counted
            .iter()
            .filter(|(n, r)| n == name && *r == result)
            .count()
    };
    assert_eq!((of("a", "local_error"), of("b", "good")), (12, 12));
}

#[tokio::test]
async fn what_a_server_does_not_know_says_nothing_against_it() {
    let bench = bench(Fake::default());
    for target in ["/live", "/role"] {
        bench.fake.set("a", target, 404);
    }
    for _ in 0..20 {
        bench.prober.round().await;
    }
    assert_eq!(bench.endpoints[0].status(), HealthStatus::Healthy);
    assert!(bench.endpoints[0].last_check().is_some());
}

#[tokio::test]
async fn a_busy_endpoint_is_alive_and_comes_last() {
    let bench = bench(Fake::default());
    bench.fake.set("a", "/role", 429);
    for _ in 0..6 {
        bench.prober.round().await;
    }
    assert_eq!(bench.endpoints[0].status(), HealthStatus::Healthy);
    assert!(bench.endpoints[0].health().is_overloaded(bench.clock.now()));
}

#[tokio::test]
async fn a_probe_that_breaks_off_spares_the_others_and_is_told() {
    let bench = bench(Fake::default());
    bench.fake.set("a", "/live", 500);
    bench.prober.round().await;
    assert_eq!(bench.fake.asked("/role"), ["b"]);
    assert!(bench.endpoints[1].last_check().is_some());
}

#[tokio::test]
async fn a_metadata_query_is_sent_once_until_it_is_old_or_for_another_generation() {
    let bench = bench(Fake::default());
    bench.prober.query_metadata().await;
    bench.prober.query_metadata().await;
    assert_eq!(bench.fake.asked("/procedures").len(), 1);
    bench.clock.advance(Duration::from_secs(600));
    bench.prober.query_metadata().await;
    assert_eq!(bench.fake.asked("/procedures").len(), 1);
    bench.script.generation.store(1, Ordering::Relaxed);
    bench.prober.query_metadata().await;
    assert_eq!(bench.fake.asked("/procedures").len(), 1);
    assert_eq!(*bench.script.learned.lock(), [200, 200, 200]);
}

/// A server that asks for a key was asked without one each second for ever.
#[tokio::test]
async fn a_metadata_query_that_servers_refuse_is_asked_ever_more_rarely() {
    let bench = bench(Fake::default());
    *bench.script.every.lock() = Duration::from_secs(1);
    for name in ["a", "b"] {
        bench.fake.set(name, "/procedures", 403);
    }
    let mut asked = 0;
    for _ in 0..600 {
        bench.clock.advance(Duration::from_secs(1));
        bench.prober.query_metadata().await;
        asked += bench.fake.asked("/procedures").len();
    }
    assert!((10..=20).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_metadata_query_without_a_response_goes_to_the_next_endpoint_after_a_pause() {
    let bench = bench(Fake::default());
    bench.fake.set("b", "/procedures", 0);
    bench.prober.query_metadata().await;
    assert_eq!(bench.fake.asked("/procedures"), ["b"]);
    bench.prober.query_metadata().await;
    assert!(bench.fake.asked("/procedures").is_empty());
    bench.clock.advance(Duration::from_secs(2));
    bench.prober.query_metadata().await;
    assert_eq!(bench.fake.asked("/procedures"), ["a"]);
    assert_eq!(*bench.script.learned.lock(), [200]);
}

#[tokio::test]
async fn after_a_start_everything_is_probed_at_once() {
    let (sender, mut heard) = mpsc::unbounded_channel();
    let bench = bench(Fake {
        heard: Some(sender),
        ..Fake::default()
    });
    let running = bench.prober.start(Random::seeded(1));
    // Two endpoints with two probes each, and one metadata query.
    for _ in 0..5 {
        heard.recv().await.unwrap();
    }
    drop((running, bench.fake));
    while heard.recv().await.is_some() {}
}

#[tokio::test]
async fn a_round_that_is_asked_for_comes_before_the_interval_is_over() {
    let (sender, mut heard) = mpsc::unbounded_channel();
    let bench = bench(Fake {
        heard: Some(sender),
        ..Fake::default()
    });
    for endpoint in &bench.endpoints {
        endpoint.probed(
            ProbeOutcome::Good,
            "",
            &HealthRules::default(),
            bench.clock.now(),
        );
    }
    let probe_trigger = bench.endpoints[0].probe_trigger().clone();
    probe_trigger.fire();
    let _running = bench.prober.start(Random::seeded(1));
    for _ in 0..5 {
        heard.recv().await.unwrap();
    }
}

/// The loop slept a second between two rounds, whatever the interval.
#[tokio::test(start_paused = true)]
async fn an_interval_below_a_second_is_kept() {
    let health = config::Health {
        interval: Duration::from_millis(100),
        ..config::Health::default()
    };
    let bench = bench_with(Fake::default(), health);
    let _moving = RunningTask::spawn(follow_paused_time(bench.clock.clone()));
    let _running = bench.prober.start(Random::seeded(1));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let rounds = bench.fake.asked("/live").len() / 2;
    assert!((25..=35).contains(&rounds), "{rounds} rounds in 3 s");
}

#[tokio::test]
async fn an_endpoint_whose_probes_tell_no_more_than_that_it_responds_comes_back() {
    let bench = bench(Fake::default());
    let endpoint = bench.endpoints[0].clone();
    bench.fake.set("a", "/live", 0);
    for _ in 0..20 {
        bench.prober.round().await;
    }
    assert_eq!(endpoint.status(), HealthStatus::Unhealthy);
    bench.fake.set("a", "/live", 404);
    bench.fake.set("a", "/role", 401);
    for _ in 0..20 {
        bench.prober.round().await;
    }
    assert_eq!(endpoint.status(), HealthStatus::Healthy);
}

#[tokio::test(start_paused = true)]
async fn when_probes_are_turned_off_what_they_found_is_forgotten() {
    let health = config::Health {
        enabled: false,
        ..config::Health::default()
    };
    let bench = bench_with(Fake::default(), health);
    let endpoint = bench.endpoints[0].clone();
    for _ in 0..20 {
        let probing = HealthRules::of(&config::Config::default());
        endpoint.probed(ProbeOutcome::Silent, "silence", &probing, bench.clock.now());
    }
    assert_eq!(endpoint.status(), HealthStatus::Unhealthy);
    let _running = bench.prober.start(Random::seeded(1));
    tokio::task::yield_now().await;
    assert_eq!(endpoint.status(), HealthStatus::Healthy);
}

/// A round that was due and never came made the loop turn every millisecond.
#[tokio::test(start_paused = true)]
async fn without_probes_the_loop_rests() {
    let health = config::Health {
        enabled: false,
        ..config::Health::default()
    };
    let bench = bench_with(Fake::default(), health);
    let _moving = RunningTask::spawn(follow_paused_time(bench.clock.clone()));
    let _running = bench.prober.start(Random::seeded(1));
    tokio::time::sleep(Duration::from_secs(100)).await;
    let turns = bench.script.turns.load(Ordering::Relaxed);
    assert!((90..=120).contains(&turns), "{turns} turns in 100 s");
    assert!(bench.fake.asked("/live").is_empty());
}
