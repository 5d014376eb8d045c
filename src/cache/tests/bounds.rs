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
    let report = b.cache.stats();
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
    let left = b.cache.stats().total.entry_count;
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
    let report = b.cache.stats();
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
            fill.finish(response(&"x".repeat(random.below(20_000))));
        }
        if random.below(200) == 0 {
            b.wrote(&["a"], "a");
        }
        assert!(b.cache.stats().total.size_bytes <= limit);
    }
    let report = b.cache.stats().total;
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
        assert!(b.cache.stats().total.entry_count <= 10);
    }
    assert!(b.cache.stats().total.entry_count >= 9);
    let one = bench_with(|settings| settings.max_size = Some(1));
    one.store(&read("1", &["db"]), "x");
    one.store(&read("2", &["db"]), "y");
    assert_eq!(one.cache.stats().total.entry_count, 1);
}

#[test]
fn an_entry_larger_than_the_limit_is_refused() {
    let b = bench_with(|settings| {
        settings.l1.size = config::Size(64 << 10);
        settings.max_entry = config::Size::mib(1);
    });
    let kept = b.store(&read("q", &["db"]), &"x".repeat(70_000));
    assert_eq!(refused(kept), "too_large");
    assert_eq!(b.cache.stats().refused_reasons["too_large"], 1);
    let kept = b.store(&read("q", &["db"]), &"x".repeat(40_000));
    assert!(matches!(kept, FillOutcome::Stored { .. }));
}

#[test]
fn overwriting_replaces_the_size() {
    let b = bench();
    let call = read("q", &["db"]);
    b.store(&call, &"x".repeat(5000));
    let large = b.cache.stats().total.size_bytes;
    b.clock.advance(secs(100));
    b.store(&call, "x");
    let report = b.cache.stats().total;
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
    assert_eq!(b.cache.stats().total.entry_count, 100);
    settings.l1.size = config::Size(100 << 10);
    b.cache.reconfigure(&settings);
    let report = b.cache.stats();
    assert!((20..100).contains(&report.total.entry_count));
    assert!(report.total.size_bytes <= report.capacity_bytes);
    settings.max_size = Some(5);
    b.cache.reconfigure(&settings);
    assert_eq!(b.cache.stats().total.entry_count, 5);
}

#[test]
fn clearing_takes_all_or_a_category() {
    let mut b = bench();
    for (selection, count) in [
        (Selection::All, 3),
        (Selection::Category(Category::Vector), 1),
        (Selection::Category(Category::Path), 0),
    ] {
        b.cache.clear(Selection::All);
        b.plan.category = Category::Query;
        b.store(&read("1", &["db"]), "x");
        b.store(&read("2", &["label"]), "x");
        b.plan.category = Category::Vector;
        b.store(&read("3", &["db"]), "x");
        assert_eq!(b.cache.clear(selection), count, "{selection:?}");
        assert_eq!(b.cache.stats().total.entry_count, 3 - count as u64);
    }
}

#[test]
fn what_is_fetched_while_the_cache_is_cleared_is_not_stored() {
    let b = bench();
    let fill = b.lead(&read("q", &["db"]));
    b.cache.clear(Selection::All);
    assert_eq!(refused(fill.finish(response("x"))), "cleared");
}

#[test]
fn the_figures_add_up() {
    let b = bench();
    let call = read("q", &["db"]);
    b.store(&call, "x");
    b.cache.clear(Selection::All);
    b.store(&call, "x");
    b.hit(&call).unwrap();
    b.bypass(&Call::unknown("x"));
    let report = b.cache.stats();
    let all = serde_json::to_value(&report).unwrap();
    for (name, alias, value) in [
        ("hits", "hit_count", 1.0),
        ("misses", "miss_count", 2.0),
        ("evictions", "eviction_count", 0.0),
        ("bypasses", "bypasses", 1.0),
        ("total_requests", "total_requests", 4.0),
        ("entry_count", "total_entries", 1.0),
        (
            "size_bytes",
            "total_size_bytes",
            report.total.size_bytes as f64,
        ),
        ("size_bytes", "cache_size", report.total.size_bytes as f64),
    ] {
        assert_eq!(all[name].as_f64(), Some(value), "{name}");
        assert_eq!(all[alias].as_f64(), Some(value), "{alias}");
        assert_eq!(all["l1"][name].as_f64(), Some(value), "{name}");
    }
    assert!((report.total.hit_rate - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(report.categories["query"].hits, 1);
    assert_eq!(report.bypass_reasons["not_a_read"], 1);
    assert_eq!(bench().cache.stats().total.hit_rate, 0.0);
}

#[test]
fn every_category_has_figures_of_its_own() {
    let mut b = bench();
    for (n, category) in Category::ALL.into_iter().enumerate() {
        b.plan.category = category;
        b.store(&read(&n.to_string(), &["db"]), "x");
        let stats = b.cache.stats();
        assert_eq!(stats.categories[category.label()].stores, 1);
        assert_eq!(stats.total.stores, n as u64 + 1);
    }
}

#[test]
fn a_slice_of_a_large_buffer_does_not_keep_the_buffer() {
    let b = bench();
    let buffer = Bytes::from(vec![b'x'; 1 << 20]);
    let call = read("q", &["db"]);
    b.lead(&call).finish(FetchedResponse {
        body: buffer.slice(..10),
        ..response("")
    });
    assert!(buffer.is_unique());
    assert!(b.hit(&call).is_some());
}

#[test]
fn credentials_that_nothing_uses_are_forgotten() {
    let b = bench();
    for n in 0..10_000 {
        drop(b.ask(&read_as(&n.to_string(), "q", &["db"])));
    }
    assert!(b.cache.credentials.len() <= 128);
}
