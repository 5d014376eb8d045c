use super::*;

#[test]
fn a_write_makes_responses_old_before_it_is_sent_and_after_its_response() {
    let b = bench();
    let call = read("q", &["db"]);
    b.store(&call, "old");
    let write = b.write(&["db"]);
    assert_eq!(b.bypass(&call), "open_write");
    write.settle(done("a"));
    assert_eq!(b.hit(&call), None);
    assert!(matches!(b.store(&call, "new"), FillOutcome::Stored { .. }));
    assert_eq!(b.hit(&call).as_deref(), Some("new"));
}

#[test]
fn a_write_on_another_tag_changes_nothing() {
    let b = bench();
    let call = read("q", &["db"]);
    b.store(&call, "x");
    b.wrote(&["elsewhere"], "a");
    assert_eq!(b.hit(&call).as_deref(), Some("x"));
}

#[test]
fn a_fetch_that_a_write_overtook_is_not_stored() {
    let b = bench();
    let call = read("q", &["db", "label"]);
    for outcome in [done("a"), Settled::NoEffect, queued("a"), Settled::Unknown] {
        let fill = b.lead(&call);
        b.write(&["label"]).settle(outcome);
        assert_eq!(refused(fill.finish(response("old"))), "epoch");
        b.clock.advance(secs(11));
    }
    assert_eq!(b.cache.stats().total.stores, 0);
}

#[test]
fn a_fetch_that_ends_while_a_write_is_open_is_not_stored() {
    let b = bench();
    let fill = b.lead(&read("q", &["db"]));
    let _write = b.write(&["db"]);
    assert_eq!(refused(fill.finish(response("old"))), "epoch");
}

#[test]
fn two_open_writes_close_one_by_one() {
    let b = bench();
    let (first, second) = (b.write(&["db"]), b.write(&["db"]));
    first.settle(done("a"));
    assert_eq!(b.bypass(&read("q", &["db"])), "open_write");
    second.settle(done("a"));
    assert!(matches!(b.ask(&read("q", &["db"])), Verdict::Lead(_)));
}

#[test]
fn a_queued_or_unknown_write_puts_its_tags_in_quarantine() {
    for outcome in [queued("a"), Settled::Unknown] {
        let b = bench();
        b.write(&["db"]).settle(outcome);
        b.clock.advance(secs(10) - Duration::from_nanos(1));
        assert_eq!(b.bypass(&read("q", &["db"])), "quarantine");
        assert!(matches!(b.ask(&read("q", &["other"])), Verdict::Lead(_)));
        b.clock.advance(Duration::from_nanos(1));
        assert!(matches!(
            b.store(&read("q", &["db"]), "x"),
            FillOutcome::Stored { .. }
        ));
    }
}

#[test]
fn a_write_that_is_dropped_is_of_unknown_outcome() {
    let b = bench();
    drop(b.write(&["db"]));
    assert_eq!(b.bypass(&read("q", &["db"])), "quarantine");
}

#[test]
fn a_write_that_was_not_sent_leaves_no_quarantine() {
    let b = bench();
    b.write(&["db"]).settle(Settled::NoEffect);
    assert!(matches!(b.ask(&read("q", &["db"])), Verdict::Lead(_)));
}

#[test]
fn a_later_good_write_does_not_end_an_earlier_quarantine() {
    let b = bench();
    b.write(&["db"]).settle(Settled::Unknown);
    b.wrote(&["db"], "a");
    assert_eq!(b.bypass(&read("q", &["db"])), "quarantine");
}

#[test]
fn only_reads_that_may_be_stored_enter() {
    let b = bench();
    let never = Call {
        storability: Storability::Never("random"),
        ..read("q", &["db"])
    };
    assert_eq!(b.bypass(&never), "no_store:random");
    assert_eq!(b.bypass(&Call::unknown("x")), "not_a_read");
    assert_eq!(b.bypass(&read("q", &[])), "no_tags");
    let keyless = Call {
        canonical: None,
        ..read("q", &["db"])
    };
    assert_eq!(b.bypass(&keyless), "no_key");
    let many: Vec<String> = (0..70).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(b.bypass(&read("q", &many)), "too_many_tags");
    let unplanned = LookupRequest {
        service: "graph",
        call: &read("q", &["db"]),
        plan: None,
    };
    let Verdict::Bypass(reason) = b.cache.look_up(&unplanned) else {
        panic!("no bypass")
    };
    assert_eq!(reason, words::NOT_PLANNED);
}

#[test]
fn a_failure_is_not_stored() {
    let b = bench();
    let failed = FetchedResponse {
        storable: Err("failed"),
        ..response("errors")
    };
    let kept = b.lead(&read("q", &["db"])).finish(failed);
    assert_eq!(refused(kept), "no_store:failed");
    assert_eq!(b.hit(&read("q", &["db"])), None);
}

#[test]
fn switched_off_it_neither_serves_nor_stores_but_writes_still_count() {
    let b = bench();
    let call = read("q", &["db"]);
    b.store(&call, "x");
    let fill = b.lead(&read("r", &["db"]));
    let off = config::Cache {
        enabled: false,
        ..config::Cache::default()
    };
    b.cache.reconfigure(&off);
    assert_eq!(b.bypass(&call), "off");
    assert_eq!(refused(fill.finish(response("y"))), "off");
    b.wrote(&["db"], "a");
    b.cache.reconfigure(&config::Cache::default());
    assert_eq!(b.hit(&call), None);
}

#[test]
fn a_refused_credential_loses_its_entries_and_its_fetches() {
    let b = bench();
    let (ann, bob) = (read_as("ann", "q", &["db"]), read_as("bob", "q", &["db"]));
    b.store(&ann, "for ann");
    b.store(&bob, "for bob");
    let fill = b.lead(&read_as("ann", "r", &["db"]));
    b.cache.revoke(credential(&ann));
    assert_eq!(b.hit(&ann), None);
    assert_eq!(refused(fill.finish(response("late"))), "revoked");
    assert_eq!(b.hit(&bob).as_deref(), Some("for bob"));
    assert_eq!(b.cache.stats().total.entry_count, 1);
    b.store(&ann, "again");
    assert_eq!(b.hit(&ann).as_deref(), Some("again"));
}

#[test]
fn a_write_increases_the_epoch_before_it_is_sent_and_again_whatever_its_outcome() {
    let b = bench();
    let slots = b.cache.epochs.slots_of(&[tag("db")]);
    let age = || {
        let dependencies = b.cache.epochs.begin(&slots, b.clock.now());
        dependencies.unwrap().epoch_sum()
    };
    for outcome in [done("a"), Settled::NoEffect, queued("a"), Settled::Unknown] {
        let before = age();
        b.write(&["db"]).settle(outcome);
        b.clock.advance(secs(10));
        assert_eq!(age(), before + 2);
    }
}
