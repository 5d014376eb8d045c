use super::fixtures::{Bench, plan, read};
use crate::config;
use crate::dialect::{Canonical, Fault, Placement, Target};
use crate::observe::attempts::RunningAttempt;
use crate::observe::notes::{AttemptNote, Candidate};
use crate::observe::notes::{MAX_ATTEMPTS, MAX_CANDIDATES};
use crate::observe::{
    Excluded, HEDGE_CANCELLED, HEDGE_TIMEOUT, Learn, Name, Observation, Outcome, safe,
};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

#[derive(Default)]
struct Pupil(Mutex<Vec<(Outcome, Duration)>>);

impl Learn for Pupil {
    fn learn(&self, seen: &Observation) {
        self.0.lock().push((seen.outcome, seen.times.total));
    }
}

#[test]
fn a_closed_request_is_told_to_learners_once_with_its_total_time() {
    let bench = Bench::new();
    let pupil = Arc::new(Pupil::default());
    bench.observer.add_learner(pupil.clone());
    let in_flight = bench.open();
    bench.clock.advance(Duration::from_millis(20));
    in_flight.close(Outcome::Complete);
    assert_eq!(
        *pupil.0.lock(),
        [(Outcome::Complete, Duration::from_millis(20))]
    );
}

#[test]
fn a_dropped_guard_is_recorded_as_abandoned_with_what_was_known() {
    let bench = Bench::new();
    let mut in_flight = bench.open();
    in_flight.understood(&read(Target::Collection("docs".into())));
    let id = in_flight.id().unwrap().to_string();
    drop(in_flight);
    let seen = bench.observer.explain(&id).unwrap();
    assert_eq!(seen.outcome, Outcome::Abandoned);
    assert_eq!(seen.operation(), "points.query");
    assert!(bench.observer.executions().is_empty());
    assert!(
        bench
            .observer
            .metrics_text()
            .contains(r#"pointsman_aborted_total{service="vectors",side="unknown"} 1"#)
    );
}

#[test]
fn explanations_are_bounded_and_the_oldest_go_first() {
    let bench = Bench::with(&config::Observe {
        history: 10,
        ..Default::default()
    });
    let ids: Vec<String> = (0..500)
        .map(|_| {
            let in_flight = bench.open();
            let id = in_flight.id().unwrap().to_string();
            in_flight.close(Outcome::Complete);
            id
        })
        .collect();
    assert_eq!(bench.observer.kept(), 10);
    assert!(bench.observer.explain(&ids[489]).is_none());
    assert!(
        ids[490..]
            .iter()
            .all(|id| bench.observer.explain(id).is_some())
    );
    bench.observer.apply(
        &config::Observe {
            history: 2,
            ..Default::default()
        },
        &Default::default(),
    );
    assert_eq!(bench.observer.kept(), 2);
    bench.observer.apply(
        &config::Observe {
            history: 0,
            ..Default::default()
        },
        &Default::default(),
    );
    bench.open().close(Outcome::Complete);
    assert_eq!(bench.observer.kept(), 0);
}

#[test]
fn a_request_is_explained_by_the_clients_own_id_too() {
    let bench = Bench::new();
    let method = http::Method::GET;
    let opening = bench.opening(&method, "/x");
    bench
        .observer
        .open(&crate::observe::Opening {
            request_id: Some("order-17"),
            ..opening
        })
        .close(Outcome::Complete);
    assert_eq!(bench.observer.explain("order-17").unwrap().path, "/x");
    assert!(bench.observer.explain("order-18").is_none());
}

#[test]
fn requests_in_flight_are_listed_with_plan_endpoint_and_lateness() {
    let bench = Bench::new();
    let mut in_flight = bench.open();
    in_flight.understood(&read(Target::Service));
    in_flight.planned(plan(Duration::from_secs(1)));
    let _attempt = bench.sent(&in_flight, "a");
    bench.clock.advance(Duration::from_millis(400));
    let rows = bench.observer.running(100);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].age_ms, rows[0].overdue, rows[0].priority),
        (400, false, Some(5))
    );
    assert_eq!(
        rows[0].estimated_completion,
        Some(rows[0].start_time + 1000)
    );
    assert_eq!(
        rows[0].assigned_instances.values().next(),
        Some(&Name::from("a"))
    );
    bench.clock.advance(Duration::from_millis(700));
    assert!(bench.observer.running(100)[0].overdue);
    assert!(
        bench
            .observer
            .metrics_text()
            .contains("pointsman_executions_overdue 1")
    );
    in_flight.close(Outcome::Complete);
    assert!(bench.observer.running(100).is_empty());
}

#[test]
fn the_list_of_executions_is_bounded_and_the_rest_is_still_recorded() {
    let bench = Bench::new();
    let limit = crate::observe::executions::MAX_EXECUTIONS;
    let open: Vec<_> = (0..limit + 5).map(|_| bench.open()).collect();
    assert_eq!(bench.observer.executions().len(), limit);
    assert_eq!(bench.observer.running(7).len(), 7);
    drop(open);
    assert_eq!(bench.observer.executions().len(), 0);
    let counted = format!(" {}", limit + 5);
    let text = bench.observer.metrics_text();
    let line = text
        .lines()
        .find(|line| line.starts_with("pointsman_requests_total"))
        .unwrap();
    assert!(line.ends_with(&counted), "{line}");
}

#[test]
fn a_slow_request_is_flagged_from_the_threshold_on_and_never_when_switched_off() {
    let bench = Bench::new();
    let run = |millis| {
        let in_flight = bench.open();
        let id = in_flight.id().unwrap().to_string();
        bench.clock.advance(Duration::from_millis(millis));
        in_flight.close(Outcome::Complete);
        bench.observer.explain(&id).unwrap().slow
    };
    assert!(!run(999));
    assert!(run(1000));
    let off = config::Queries {
        enabled: false,
        ..Default::default()
    };
    bench.observer.apply(&config::Observe::default(), &off);
    assert!(!run(5000));
}

#[test]
fn no_secret_enters_the_record() {
    const SECRET: &str = "pl4nted-s3cret";
    let bench = Bench::new();
    let targets = [
        format!("/collections/docs/points?api_key={SECRET}"),
        format!("/x#{SECRET}"),
        format!("http://user:{SECRET}@host/db/neo4j/query/v2?p={SECRET}"),
        format!("https://user:{SECRET}@host"),
        format!("http://user:{SECRET}@host?p=/{SECRET}"),
    ];
    for target in targets {
        let mut in_flight = bench.open_at(&target);
        let mut call = read(Target::Collection("docs".into()));
        call.canonical = Some(Canonical {
            head: SECRET.into(),
            body: SECRET.into(),
            credential: 1,
        });
        in_flight.understood(&call);
        in_flight.planned(plan(Duration::from_millis(1)));
        let id = in_flight.id().unwrap().to_string();
        let running = serde_json::to_string(&bench.observer.running(10)).unwrap();
        assert!(running.contains(&id) && !running.contains(SECRET));
        in_flight.close(Outcome::Complete);
        let seen = bench.observer.explain(&id).unwrap();
        let record = serde_json::to_string(&*seen).unwrap();
        assert!(!record.contains(SECRET), "{record}");
        assert!(!seen.headline().contains(SECRET));
        assert!(!format!("{seen:?}").contains(SECRET));
    }
    assert!(!bench.observer.metrics_text().contains(SECRET));
}

#[test]
fn what_strangers_chose_is_bounded_and_on_one_line() {
    let bench = Bench::new();
    let hostile = format!(
        "\u{1b}[2J\r\nlevel=INFO\u{9b}31m\u{202e}{}",
        "x".repeat(100_000)
    );
    let method = http::Method::from_bytes("M".repeat(5000).as_bytes()).unwrap();
    let mut in_flight = bench.observer.open(&bench.opening(&method, &hostile));
    let mut call = read(Target::Collection(hostile.clone()));
    call.placement = Placement::Pinned(hostile.clone());
    in_flight.understood(&call);
    in_flight.note(|seen| {
        let gone = Excluded {
            endpoint: Name::from("b"),
            reason: "open",
        };
        seen.route.excluded(std::iter::repeat_n(gone, 1000));
    });
    (0..1000).for_each(|_| bench.attempt(&in_flight, "a", Fault::Endpoint));
    let id = in_flight.id().unwrap().to_string();
    drop(in_flight);
    let seen = bench.observer.explain(&id).unwrap();
    assert_eq!(seen.route.attempts.len(), MAX_ATTEMPTS);
    assert_eq!(seen.route.excluded.len(), MAX_CANDIDATES);
    assert!(seen.method.len() <= safe::MAX_METHOD + 3);
    assert!(seen.path.len() <= safe::MAX_TEXT + 3);
    let record = serde_json::to_string(&*seen).unwrap();
    assert!(record.len() < 16_384, "{}", record.len());
    assert!(!record.chars().any(|c| c.is_control() || c == '\u{202e}'));
}

/// The chosen endpoint was cut off where it stood behind the thirty-second of its pool.
#[test]
fn the_record_of_a_choice_among_many_endpoints_has_the_chosen_one() {
    let bench = Bench::new();
    let seen = bench.open();
    let candidate = |number: usize| Candidate {
        endpoint: Name::from(&*format!("e{number}")),
        score: None,
        in_flight: 0,
        excluded: None,
    };
    let note = AttemptNote {
        scores: (0..100).map(candidate).collect(),
        ..AttemptNote::sent(Name::from("e77"), "lowest_score", bench.clock.now())
    };
    let running = RunningAttempt::begin(&bench.observer, &seen.ticket(), &bench.service, note);
    running.end(Fault::None, "ok");
    let attempts = seen.ticket().attempts().list();
    let kept = &attempts[0].scores;
    assert_eq!(kept.len(), MAX_CANDIDATES);
    assert!(kept.iter().any(|one| &*one.endpoint == "e77"));
}

/// They overlap, and the first or the second may be the one that counts.
#[test]
fn of_two_attempts_beside_each_other_the_time_counts_once_and_the_one_that_was_not_overtaken_decides()
 {
    let last = |ends: [(&str, Fault, &'static str); 2]| {
        let bench = Bench::new();
        let seen = bench.open();
        let attempts = seen.ticket().attempts().clone();
        let running = ["a", "b"].map(|endpoint| {
            let running = bench.sent(&seen, endpoint);
            bench.clock.advance(Duration::from_millis(10));
            running
        });
        let [a, b] = running;
        let mut running = [Some(a), Some(b)];
        for (endpoint, fault, code) in ends {
            let place = usize::from(endpoint == "b");
            let attempt = running[place].take().unwrap();
            attempt.end(fault, code);
            bench.clock.advance(Duration::from_millis(10));
        }
        let time = attempts.elapsed(bench.clock.now());
        let decisive = attempts.decisive().unwrap();
        (decisive.endpoint.to_string(), time.as_millis())
    };
    let cancelled = HEDGE_CANCELLED;
    let won = [("b", Fault::None, "ok"), ("a", Fault::None, cancelled)];
    assert_eq!(last(won), ("b".into(), 30));
    let lost = [("a", Fault::None, "ok"), ("b", Fault::None, cancelled)];
    assert_eq!(last(lost), ("a".into(), 30));
    let failed = [("b", Fault::Endpoint, "closed"), ("a", Fault::None, "ok")];
    assert_eq!(last(failed), ("a".into(), 30));
    let hung = [
        ("b", Fault::None, "ok"),
        ("a", Fault::Endpoint, HEDGE_TIMEOUT),
    ];
    assert_eq!(last(hung), ("b".into(), 30));
}

/// Four thousand refusals of the queue left the success rate of assignments at 100 %.
#[test]
fn a_request_that_the_queue_refused_counts_as_one_for_which_there_was_no_endpoint() {
    use crate::rejection::RejectionReason::*;
    let bench = Bench::new();
    for reason in [
        NoEndpoint,
        QueueFull,
        WaitTooLong,
        QueueTimeout,
        TenantShare,
        BadRequest,
    ] {
        let mut in_flight = bench.open();
        in_flight.note(|seen| seen.rejection = Some(reason));
        in_flight.close(Outcome::Refused);
    }
    let in_flight = bench.open();
    bench.attempt(&in_flight, "a", Fault::None);
    in_flight.close(Outcome::Complete);
    let figures = bench.observer.assignments().figures();
    assert_eq!((figures.total, figures.failed), (6, 5));
    let counted = r#"pointsman_assignments_total{result="none",service="vectors"} 5"#;
    assert!(bench.observer.metrics_text().contains(counted));
}
