use super::fixtures::{Bench, plan, read};
use crate::config;
use crate::dialect::{Fault, Target};
use crate::observe::metrics::FAMILIES;
use crate::observe::{
    CacheNote, CacheReading, CacheResult, DrainingReading, EndpointCounts, EndpointReading,
    HedgeCount, HedgeResult, Name, Outcome, Readings, ReloadResult, ServiceReading, ShadowReading,
};
use crate::plan::{Category, Complexity, PlanOutcome};
use crate::rejection::RejectionReason;
use std::collections::HashMap;
use std::time::Duration;

fn series(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#')).count()
}

fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.unwrap_or_else(|| panic!("{series} is missing in\n{text}"))
        .trim()
        .parse()
        .unwrap()
}

fn full_request(bench: &Bench) {
    let mut in_flight = bench.open();
    in_flight.understood(&read(Target::Collection("docs".into())));
    in_flight.planned(plan(Duration::from_millis(20)));
    in_flight.looked_up(CacheNote {
        status: CacheResult::Miss,
        reason: "not_stored",
        category: Some(Category::Vector),
        age: None,
        ttl: None,
    });
    in_flight.note(|seen| {
        seen.status = Some(200);
        seen.bytes_out = 10;
        seen.times.plan = Some(Duration::from_micros(4));
        seen.times.queue = Some(Duration::from_micros(4));
        seen.times.route = Some(Duration::from_micros(4));
        seen.times.first_byte = Some(Duration::from_millis(4));
        seen.route.strategy = "adaptive".into();
    });
    bench.attempt(&in_flight, "a", Fault::Overload);
    bench.attempt(&in_flight, "b", Fault::None);
    bench.clock.advance(Duration::from_millis(34));
    in_flight.close(Outcome::Complete);
}

fn plan_measured(bench: &Bench) {
    let outcome = |success| PlanOutcome {
        query_id: None,
        timestamp: 0,
        complexity: Complexity::Simple,
        estimated_time: Some(Duration::from_millis(20)),
        actual_time: Duration::from_millis(40),
        estimated_cost: Some(2.0),
        actual_cost: Some(1.0),
        success,
    };
    for success in [true, false] {
        let metrics = bench.observer.metrics();
        metrics.plan_measured("vectors", &outcome(success));
    }
}

fn slow_refusal(bench: &Bench) {
    let mut in_flight = bench.open();
    in_flight.note(|seen| seen.rejection = Some(RejectionReason::NoEndpoint));
    bench.clock.advance(Duration::from_secs(2));
    in_flight.close(Outcome::Refused);
}

fn read_figures(readings: &mut Readings) {
    readings.resident = Some(1 << 20);
    readings.endpoints.push(EndpointReading {
        service: Name::from("vectors"),
        endpoint: Name::from("a"),
        status: "degraded",
        breaker: "half_open",
        in_flight: 4,
        stalled: 1,
        load_a: 0.5,
        load_b: 20.0,
        probe_age: Some(Duration::from_secs(3)),
    });
    readings.rules.push(("one".into(), true));
    readings.ticks.push(("sampler", Duration::from_secs(1)));
    readings.services.push(ServiceReading {
        service: Name::from("vectors"),
        skew: Some(1.5),
        overloaded: Some(1),
        imbalance: Some(0.25),
        pressure: Some(0.5),
        rung: Some(1),
        shadow: Some(ShadowReading {
            agreed: 2,
            differed: 1,
            waited: 0,
        }),
        counts: EndpointCounts {
            capable: 3,
            with_capacity: 2,
            online: 1,
        },
        pending: 7,
    });
    readings.caches.push(CacheReading {
        level: "l1",
        entries: 5,
        evictions: 7,
        ..Default::default()
    });
}

fn everything() -> (Bench, String) {
    let bench = Bench::new();
    full_request(&bench);
    plan_measured(&bench);
    slow_refusal(&bench);
    drop(bench.open());
    let (service, endpoint) = (Name::from("vectors"), Name::from("a"));
    bench
        .observer
        .metrics()
        .probed(&service, &endpoint, "good", Duration::from_millis(1));
    bench.observer.metrics().reloaded(ReloadResult::Refused, 3);
    bench.observer.metrics().accept_failed();
    bench
        .observer
        .metrics()
        .connect_lacked(&service, "no_files");
    HedgeCount::sent(&bench.observer, &service).end(HedgeResult::Won);
    bench
        .observer
        .metrics()
        .changed(&service, &endpoint, "breaker", "open");
    bench.observer.add_source(Box::new(read_figures));
    let text = bench.observer.metrics_text();
    (bench, text)
}

#[test]
fn every_family_of_the_table_is_fed_and_has_help_and_kind() {
    let (_bench, text) = everything();
    for row in FAMILIES {
        let name = format!("pointsman_{}", row.name);
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} is not fed"
        );
        assert!(
            text.contains(&format!("# TYPE {name} {}\n", row.kind)),
            "{name}"
        );
    }
    assert_eq!(text.matches("# TYPE ").count(), FAMILIES.len());
}

#[test]
fn a_request_is_counted_under_its_labels() {
    let (_bench, text) = everything();
    let expected = [
        (
            r#"pointsman_requests_total{effect="read",operation="points.query",service="vectors",status="2xx"}"#,
            1.0,
        ),
        (
            r#"pointsman_requests_total{effect="unknown",operation="unread",service="vectors",status="none"}"#,
            2.0,
        ),
        (
            r#"pointsman_attempts_total{endpoint="a",fault="overload",service="vectors"}"#,
            1.0,
        ),
        (
            r#"pointsman_attempts_total{endpoint="b",fault="none",service="vectors"}"#,
            1.0,
        ),
        (
            r#"pointsman_retries_total{reason="overload",service="vectors"}"#,
            1.0,
        ),
        (
            r#"pointsman_assignments_total{result="none",service="vectors"}"#,
            1.0,
        ),
        (
            r#"pointsman_rejections_total{reason="no_endpoint",service="vectors"}"#,
            1.0,
        ),
        (
            r#"pointsman_cache_requests_total{category="vector",result="miss",service="vectors"}"#,
            1.0,
        ),
        (
            r#"pointsman_plans_total{complexity="complex",strategy="vector_only"}"#,
            1.0,
        ),
        (
            r#"pointsman_infeasible_plans_total{resource="memory",service="vectors"}"#,
            1.0,
        ),
        (r#"pointsman_estimate_ratio_sum{service="vectors"}"#, 2.0),
        (r#"pointsman_cost_ratio_sum{service="vectors"}"#, 0.5),
        (
            r#"pointsman_service_time_ratio_sum{expected_by="strategy",service="vectors"}"#,
            1.5,
        ),
        (
            r#"pointsman_service_time_ratio_count{expected_by="strategy",service="vectors"}"#,
            1.0,
        ),
        (
            r#"pointsman_spill_over_total{cause="full",service="vectors",to="other_zone"}"#,
            2.0,
        ),
        (
            r#"pointsman_strategy_requests_total{service="vectors",strategy="adaptive"}"#,
            1.0,
        ),
        (r#"pointsman_slow_total{service="vectors"}"#, 1.0),
        (
            r#"pointsman_client_bytes_total{direction="out",service="vectors"}"#,
            10.0,
        ),
        (
            r#"pointsman_endpoint_status{endpoint="a",service="vectors",state="degraded"}"#,
            1.0,
        ),
        (
            r#"pointsman_endpoint_status{endpoint="a",service="vectors",state="healthy"}"#,
            0.0,
        ),
        (
            r#"pointsman_breaker_state{endpoint="a",service="vectors",state="half_open"}"#,
            1.0,
        ),
        (
            r#"pointsman_selectable_endpoints{count="with_capacity",service="vectors"}"#,
            2.0,
        ),
        (r#"pointsman_cache_evictions_total{level="l1"}"#, 7.0),
        (r#"pointsman_reloads_total{result="refused"}"#, 1.0),
        ("pointsman_config_last_good", 0.0),
        ("pointsman_config_generation", 3.0),
    ];
    for (series, expected) in expected {
        assert_eq!(value(&text, series), expected, "{series}");
    }
}

#[test]
fn the_text_parses_and_no_series_stands_twice() {
    let (bench, _) = everything();
    let text = bench.observer.metrics_text();
    let mut seen = HashMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(series.starts_with("pointsman_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(seen.insert(series.to_owned(), ()).is_none(), "{line}");
    }
}

#[test]
fn an_endpoint_that_is_gone_vanishes_from_the_next_scrape() {
    let bench = Bench::new();
    let once = std::sync::atomic::AtomicBool::new(true);
    bench
        .observer
        .add_source(Box::new(move |readings: &mut Readings| {
            if once.swap(false, std::sync::atomic::Ordering::SeqCst) {
                read_figures(readings);
            }
        }));
    assert!(
        bench
            .observer
            .metrics_text()
            .contains("pointsman_in_flight{")
    );
    assert!(
        !bench
            .observer
            .metrics_text()
            .contains("pointsman_in_flight{")
    );
}

#[test]
fn the_number_of_series_is_constant_under_a_hundred_thousand_strange_requests() {
    let bench = Bench::with(&config::Observe {
        history: 10,
        ..Default::default()
    });
    let strange = |number: usize| {
        let method = http::Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
        let target = format!("/p{number}?q={number}");
        let mut in_flight = bench.observer.open(&bench.opening(&method, &target));
        in_flight.understood(&read(Target::Collection(format!("c{number}"))));
        in_flight.note(|seen| {
            seen.status = Some(200);
            seen.request_id = Some(number.to_string());
        });
        in_flight.close(Outcome::Complete);
    };
    strange(0);
    let before = series(&bench.observer.metrics_text());
    (1..=100_000).for_each(strange);
    assert_eq!(series(&bench.observer.metrics_text()), before);
}

#[test]
fn a_family_past_its_limit_counts_the_rest_as_other() {
    let bench = Bench::new();
    let service = Name::from("vectors");
    for number in 0..3000 {
        let endpoint = Name::from(format!("e{number}").as_str());
        bench
            .observer
            .metrics()
            .probed(&service, &endpoint, "good", Duration::ZERO);
    }
    let text = bench.observer.metrics_text();
    let probes = text
        .lines()
        .filter(|line| line.starts_with("pointsman_probes_total{"))
        .count();
    assert_eq!(probes, 2001);
    let other = r#"pointsman_probes_total{endpoint="other",result="other",service="other"}"#;
    assert_eq!(value(&text, other), 1000.0);
}

#[test]
fn what_a_reload_took_away_makes_room_and_what_stays_counts_on() {
    let bench = Bench::new();
    let metrics = bench.observer.metrics();
    let (service, stays) = (Name::from("vectors"), Name::from("stays"));
    for number in 0..3000 {
        let gone = Name::from(format!("e{number}").as_str());
        for endpoint in [&gone, &stays] {
            metrics.probed(&service, endpoint, "good", Duration::ZERO);
        }
        metrics.retain(&|service, endpoint| {
            service == "vectors" && endpoint.is_none_or(|endpoint| endpoint == "stays")
        });
    }
    let text = bench.observer.metrics_text();
    let stays = r#"pointsman_probes_total{endpoint="stays",result="good",service="vectors"}"#;
    assert_eq!(value(&text, stays), 3000.0);
    assert_eq!(text.matches("pointsman_probes_total{").count(), 1, "{text}");
}

#[test]
fn a_name_that_drains_at_one_address_and_serves_at_another_has_the_state_of_the_one_that_serves() {
    let bench = Bench::new();
    bench.observer.add_source(Box::new(read_figures));
    bench
        .observer
        .add_source(Box::new(|readings: &mut Readings| {
            readings.draining.push(DrainingReading {
                service: Name::from("vectors"),
                endpoint: Name::from("a"),
                in_flight: 2,
            });
        }));
    let text = bench.observer.metrics_text();
    for (state, is) in [("degraded", 1.0), ("draining", 0.0)] {
        let series = format!(
            r#"pointsman_endpoint_status{{endpoint="a",service="vectors",state="{state}"}}"#
        );
        assert_eq!(value(&text, &series), is, "{series}");
    }
    let in_flight = r#"pointsman_in_flight{endpoint="a",service="vectors"}"#;
    assert_eq!(value(&text, in_flight), 6.0);
}

#[test]
fn switched_off_metrics_are_empty() {
    let bench = Bench::with(&config::Observe {
        metrics: false,
        ..Default::default()
    });
    full_request(&bench);
    plan_measured(&bench);
    assert_eq!(bench.observer.metrics_text(), "");
}
