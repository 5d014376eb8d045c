//! The API against a fake process: each route, each refusal, the listener's bounds.

mod fake;

mod listener;
mod refusals;
mod routed;

/// `POINTSMAN_WRITE_DOCS=1 cargo test` rewrites the page.
#[test]
fn the_reference_of_the_admin_api_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/admin.md");
    let page = super::fields::reference();
    if std::env::var_os("POINTSMAN_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert!(
        written == page,
        "docs/admin.md is stale: run this test with POINTSMAN_WRITE_DOCS=1"
    );
}

#[test]
fn every_route_but_the_metrics_has_its_fields_in_the_reference() {
    let text = |row: &&super::AdminRoute| row.fields.is_empty();
    let text: Vec<&str> = super::ROUTES
        .iter()
        .filter(text)
        .map(|row| row.path)
        .collect();
    assert_eq!(text, ["/metrics"]);
}
