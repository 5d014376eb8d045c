use crate::observe::metrics::{FAMILIES, reference};

/// `POINTSMAN_WRITE_DOCS=1 cargo test` rewrites the page.
#[test]
fn the_reference_of_metrics_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    if std::env::var_os("POINTSMAN_WRITE_DOCS").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap();
    assert!(
        page == reference(),
        "docs/metrics.md is stale: run this test with POINTSMAN_WRITE_DOCS=1"
    );
}

#[test]
fn families_are_named_as_prometheus_wants_it() {
    for row in FAMILIES {
        assert_eq!(
            row.name.ends_with("_total"),
            row.kind == "counter",
            "{}",
            row.name
        );
        assert_eq!(
            row.buckets.is_empty(),
            row.kind != "histogram",
            "{}",
            row.name
        );
        assert!(
            row.buckets.windows(2).all(|pair| pair[0] < pair[1]),
            "{}",
            row.name
        );
        assert!(
            row.help.ends_with('.') && row.help.len() > 5,
            "{}",
            row.name
        );
    }
}
