use super::*;

#[test]
fn a_response_lives_for_its_time_and_no_longer() {
    let b = bench();
    let call = read("q", &["db"]);
    let FillOutcome::Stored { ttl } = b.store(&call, "x") else {
        panic!("not stored")
    };
    assert!(ttl <= secs(100) && ttl >= secs(90), "{ttl:?}");
    b.clock.advance(ttl - Duration::from_nanos(1));
    assert!(b.hit(&call).is_some());
    b.clock.advance(Duration::from_nanos(1));
    let fill = b.lead(&call);
    assert_eq!(fill.why(), words::EXPIRED);
    let report = b.cache.stats();
    assert_eq!((report.total.expired, report.total.entry_count), (1, 0));
}

#[test]
fn set_with_sixty_seconds_is_there_and_with_one_is_gone_after_two() {
    let mut b = bench();
    b.plan.ttl = secs(60);
    b.store(&read("long", &["db"]), "x");
    b.plan.ttl = secs(1);
    b.store(&read("short", &["db"]), "y");
    b.clock.advance(secs(2));
    assert_eq!(b.hit(&read("long", &["db"])).as_deref(), Some("x"));
    assert_eq!(b.hit(&read("short", &["db"])), None);
}

fn ttl(b: &Bench, call: &Call, expires: Option<Duration>) -> Duration {
    let filled = FetchedResponse {
        expires,
        ..response("x")
    };
    match b.lead(call).finish(filled) {
        FillOutcome::Stored { ttl } => ttl,
        FillOutcome::NotStored(reason) => panic!("{reason}"),
    }
}

#[test]
fn time_to_live_is_capped_by_credential_token_and_kind() {
    let mut b = bench();
    b.plan.ttl = secs(7200);
    assert!(ttl(&b, &read("free", &["db"]), None) > secs(6400));
    assert!(ttl(&b, &read_as("ann", "1", &["db"]), None) <= secs(300));
    assert!(ttl(&b, &read_as("ann", "2", &["db"]), Some(secs(20))) <= secs(20));
    let short = Call {
        storability: Storability::Short,
        ..read("info", &["db"])
    };
    assert!(ttl(&b, &short, None) <= secs(5));
}

#[test]
fn nothing_is_stored_without_time_and_endless_time_does_no_harm() {
    let mut b = bench();
    b.plan.ttl = Duration::ZERO;
    assert_eq!(refused(b.store(&read("q", &["db"]), "x")), "no_time");
    b.plan.ttl = Duration::MAX;
    assert!(matches!(
        b.store(&read("q", &["db"]), "x"),
        FillOutcome::Stored { .. }
    ));
}

#[test]
fn age_and_time_left_stand_in_the_header() {
    let b = bench();
    let call = read("q", &["db"]);
    let FillOutcome::Stored { ttl } = b.store(&call, "x") else {
        panic!("not stored")
    };
    b.clock.advance(secs(12));
    let Verdict::Hit(hit) = b.ask(&call) else {
        panic!("no hit")
    };
    let left = (ttl - secs(12)).as_secs();
    let shown = CacheStatus::hit(&hit).to_string();
    assert_eq!(shown, format!("hit; age=12; ttl={left}"));
    let reason = CacheReason::no_store("random");
    let shown = CacheStatus::bypass(reason).to_string();
    assert_eq!(shown, "bypass; reason=no_store:random");
}

#[test]
fn the_sweeper_drops_what_is_expired() {
    let b = bench();
    b.store(&read("q", &["db"]), "x");
    assert_eq!(b.cache.sweep(), 0);
    b.clock.advance(secs(100));
    assert_eq!(b.cache.sweep(), 1);
    assert_eq!(b.cache.store.footprint(), (0, 0));
}
