use super::*;
use crate::random::Random;

#[test]
fn a_write_leaves_no_dead_bytes() {
    let b = bench();
    for n in 0..100 {
        b.store(&read(&n.to_string(), &["db", "a"]), "x");
    }
    b.store(&read("other", &["b"]), "x");
    let _write = b.write(&["a"]);
    let report = b.cache.report();
    assert_eq!(
        (report.total.entry_count, report.total.invalidations),
        (1, 100)
    );
    assert_eq!(b.cache.store.footprint().0, report.total.size_bytes);
    b.wrote(&["b"], "a");
    assert_eq!(b.cache.store.footprint(), (0, 0));
}

#[test]
fn a_write_on_very_many_entries_drops_them_step_by_step() {
    let b = bench();
    for n in 0..3000 {
        b.store(&read(&n.to_string(), &["db"]), "x");
    }
    b.wrote(&["db"], "a");
    let left = b.cache.report().total.entry_count;
    assert!((1..3000).contains(&left), "{left}");
    assert!((0..3000).all(|n| b.hit(&read(&n.to_string(), &["db"])).is_none()));
    b.cache.sweep();
    assert_eq!(b.cache.store.footprint(), (0, 0));
}

#[test]
fn dead_entries_make_room_as_new_ones_come() {
    let b = bench();
    for n in 0..3000 {
        b.store(&read(&n.to_string(), &["db"]), "x");
    }
    b.wrote(&["db"], "a");
    for n in 0..20 {
        b.store(&read(&n.to_string(), &["db"]), "y");
    }
    let report = b.cache.report();
    assert_eq!((report.total.entry_count, report.total.evictions), (20, 0));
    assert!((0..20).all(|n| b.hit(&read(&n.to_string(), &["db"])).is_some()));
}

#[test]
fn bytes_stay_below_the_limit_whatever_comes() {
    let limit = 256 << 10;
    let b = bench_with(|settings| settings.l1.size = config::Size(limit));
    let mut random = Random::seeded(7);
    for _ in 0..4000 {
        let call = read(
            &random.below(500).to_string(),
            &["db", ["a", "b", "c"][random.below(3)]],
        );
        if let Verdict::Lead(fill) = b.ask(&call) {
            fill.finish(answer(&"x".repeat(random.below(20_000))));
        }
        if random.below(200) == 0 {
            b.wrote(&["a"], "a");
        }
        assert!(b.cache.report().total.size_bytes <= limit);
    }
    let report = b.cache.report().total;
    assert!(report.evictions > 0 && report.hits > 0);
    assert_eq!(b.cache.store.footprint().0, report.size_bytes);
    let gone = report.evictions + report.replaced + report.expired + report.invalidations;
    assert_eq!(report.stores, gone + report.entry_count);
    assert_eq!(report.hits + report.misses + report.bypasses, 4000);
    b.cache.clear(Selection::All);
    assert_eq!(b.cache.store.footprint(), (0, 0));
}

#[test]
fn the_number_of_entries_is_bounded_where_it_is_set() {
    let b = bench_with(|settings| settings.max_size = Some(10));
    for n in 0..50 {
        b.store(&read(&n.to_string(), &["db"]), "x");
        assert!(b.cache.report().total.entry_count <= 10);
    }
    assert!(b.cache.report().total.entry_count >= 9);
    let one = bench_with(|settings| settings.max_size = Some(1));
    one.store(&read("1", &["db"]), "x");
    one.store(&read("2", &["db"]), "y");
    assert_eq!(one.cache.report().total.entry_count, 1);
}

#[test]
fn an_entry_larger_than_the_limit_is_refused() {
    let b = bench_with(|settings| {
        settings.l1.size = config::Size(64 << 10);
        settings.max_entry = config::Size::mib(1);
    });
    let kept = b.store(&read("q", &["db"]), &"x".repeat(70_000));
    assert_eq!(refused(kept), "too_large");
    assert_eq!(b.cache.report().refused_reasons["too_large"], 1);
    let kept = b.store(&read("q", &["db"]), &"x".repeat(40_000));
    assert!(matches!(kept, Kept::Stored { .. }));
}

#[test]
fn overwriting_replaces_the_size() {
    let b = bench();
    let call = read("q", &["db"]);
    b.store(&call, &"x".repeat(5000));
    let large = b.cache.report().total.size_bytes;
    b.clock.advance(secs(100));
    b.store(&call, "x");
    let report = b.cache.report().total;
    assert_eq!(report.size_bytes, large - 4999);
    assert_eq!(report.entry_count, 1);
}

#[test]
fn a_change_of_size_keeps_what_fits() {
    let b = bench();
    for n in 0..100 {
        b.store(&read(&n.to_string(), &["db"]), &"x".repeat(1000));
    }
    let mut settings = config::Cache::default();
    settings.l1.size = config::Size::mib(1024);
    b.cache.reconfigure(&settings);
    assert_eq!(b.cache.report().total.entry_count, 100);
    settings.l1.size = config::Size(100 << 10);
    b.cache.reconfigure(&settings);
    let report = b.cache.report();
    assert!((20..100).contains(&report.total.entry_count));
    assert!(report.total.size_bytes <= report.capacity_bytes);
    settings.max_size = Some(5);
    b.cache.reconfigure(&settings);
    assert_eq!(b.cache.report().total.entry_count, 5);
}

#[test]
fn clearing_takes_all_a_category_a_tag_or_a_service() {
    let mut b = bench();
    let fill = |b: &mut Bench| {
        b.cache.clear(Selection::All);
        b.plan.category = Category::Query;
        b.store(&read("1", &["db"]), "x");
        b.store(&read("2", &["label"]), "x");
        b.plan.category = Category::Vector;
        b.store(&read("3", &["db"]), "x");
        b.service = "other";
        b.store(&read("4", &["else"]), "x");
        b.service = "graph";
    };
    let (db, none) = (tag("db"), tag("none"));
    for (selection, count) in [
        (Selection::All, 4),
        (Selection::Category(Category::Vector), 2),
        (Selection::Tag(&db), 2),
        (Selection::Tag(&none), 0),
        (Selection::Service("other"), 1),
        (Selection::Service("none"), 0),
    ] {
        fill(&mut b);
        assert_eq!(b.cache.clear(selection), count, "{selection:?}");
        assert_eq!(b.cache.report().total.entry_count, 4 - count as u64);
    }
}

#[test]
fn what_is_fetched_while_the_cache_is_cleared_is_not_stored() {
    let b = bench();
    let call = read("q", &["db"]);
    for (selection, word) in [
        (Selection::All, "cleared"),
        (Selection::Tag(&tag("db")), "epoch"),
    ] {
        let fill = b.lead(&call);
        b.cache.clear(selection);
        assert_eq!(refused(fill.finish(answer("x"))), word);
    }
}

#[test]
fn the_report_adds_up() {
    let b = bench();
    let call = read("q", &["db"]);
    b.store(&call, "x");
    b.cache.clear(Selection::All);
    b.store(&call, "x");
    b.hit(&call).unwrap();
    b.bypass(&Call::unknown("x"));
    let report = b.cache.report();
    let all = serde_json::to_value(&report).unwrap();
    for (name, value) in [
        ("hits", 1.0),
        ("hit_count", 1.0),
        ("misses", 2.0),
        ("miss_count", 2.0),
        ("bypasses", 1.0),
        ("total_requests", 4.0),
        ("entry_count", 1.0),
        ("total_entries", 1.0),
    ] {
        assert_eq!(all[name].as_f64(), Some(value), "{name}");
        assert_eq!(all["l1"][name].as_f64(), Some(value), "{name}");
    }
    assert!((report.total.hit_rate - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(report.categories["query"].hits, 1);
    assert_eq!(report.bypass_reasons["not_a_read"], 1);
    assert_eq!(bench().cache.report().total.hit_rate, 0.0);
}

#[test]
fn a_slice_of_a_large_buffer_does_not_keep_the_buffer() {
    let b = bench();
    let buffer = Bytes::from(vec![b'x'; 1 << 20]);
    let call = read("q", &["db"]);
    b.lead(&call).finish(Filled {
        body: buffer.slice(..10),
        ..answer("")
    });
    assert!(buffer.is_unique());
    assert!(b.hit(&call).is_some());
}

#[test]
fn passes_of_credentials_that_nothing_uses_are_forgotten() {
    let b = bench();
    for n in 0..10_000 {
        drop(b.ask(&read_as(&n.to_string(), "q", &["db"])));
    }
    assert!(b.cache.passes.len() <= 128);
}
