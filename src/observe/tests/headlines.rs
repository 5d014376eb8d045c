use super::fixtures::{Bench, plan, read};
use crate::dialect::{Fault, Target};
use crate::observe::{CacheNote, CacheResult, EndpointCounts, Observation};
use crate::rejection::RejectionReason;
use http::HeaderValue;
use proptest::prelude::*;
use std::time::Duration;

fn headline(target: Target, endpoints: &[&str], change: impl FnOnce(&mut Observation)) -> String {
    let bench = Bench::new();
    let mut in_flight = bench.open();
    in_flight.understood(&read(target));
    in_flight.planned(plan(Duration::from_millis(5)));
    in_flight.looked_up(CacheNote {
        status: CacheResult::Miss,
        reason: "not_stored",
        category: None,
        age: None,
        ttl: None,
    });
    for endpoint in endpoints {
        bench.attempt(&in_flight, endpoint, Fault::None);
    }
    in_flight.note(change);
    in_flight.seen().unwrap().headline()
}

#[test]
fn the_headline_says_what_was_decided() {
    let target = Target::Collection("docs".into());
    let line = headline(target, &["a", "b"], |_| {});
    let (id, rest) = line.split_once("; ").unwrap();
    assert_eq!(id.len(), "id=".len() + 12);
    assert_eq!(
        rest,
        "op=points.query; effect=read; target=collection/docs; plan=complex/0.42; \
         cache=miss(not_stored); route=b(fewest_in_flight 0.250); attempts=2"
    );
}

#[test]
fn a_refusal_says_why_and_what_was_selectable() {
    let line = headline(Target::Service, &[], |seen| {
        seen.rejection = Some(RejectionReason::NoEndpoint);
        seen.route.counts = Some(EndpointCounts {
            capable: 3,
            with_capacity: 1,
            online: 0,
        });
    });
    assert!(
        line.ends_with("capable=3; with_capacity=1; online=0; refused=no_endpoint"),
        "{line}"
    );
}

proptest! {
    #[test]
    fn a_headline_is_a_safe_header_whatever_the_names(name in ".{0,400}", endpoint in "\\PC{0,2000}") {
        let target = Target::Database(format!("{name}\r\nset-cookie: a=b\u{0}"));
        let line = headline(target, &[&endpoint], |_| {});
        prop_assert!(line.len() <= 1024);
        prop_assert!(line.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
        prop_assert!(HeaderValue::from_str(&line).is_ok());
        let words = line.split("; ").map(|part| part.split_once('=').unwrap().0);
        let expected = ["id", "op", "effect", "target", "plan", "cache", "route", "attempts"];
        prop_assert!(words.eq(expected), "{}", line);
    }
}
