//! Tags of a service: what responses depend on and what writes invalidate. Two counters per database:
//! `any`, invalidated by every write, and `wide`, invalidated by writes that are not proven narrow.

use crate::dialect::Tag;
use cypher_reader::QueryReport;

/// The tag of the whole service.
pub fn service(name: &str) -> Tag {
    Tag::service("neo4j", name)
}

/// Invalidated by every write to the database.
pub fn any(service: &Tag, database: &str) -> Tag {
    service.below(&[database, "any"])
}

/// Invalidated by writes that are not proven narrow.
pub fn wide(service: &Tag, database: &str) -> Tag {
    service.below(&[database, "wide"])
}

/// The tags of labels and types.
fn names<'a>(
    service: &'a Tag,
    database: &'a str,
    report: &'a QueryReport,
    written: bool,
) -> impl Iterator<Item = Tag> + 'a {
    let (labels, types) = match written {
        true => (&report.changed_labels, &report.changed_types),
        false => (&report.labels, &report.types),
    };
    let labels = labels.iter().map(move |name| ("label", name));
    let types = types.iter().map(move |name| ("type", name));
    labels
        .chain(types)
        .map(move |(kind, name)| service.below(&[database, kind, name]))
}

/// What the response of reads depends on. `narrow`: whether narrow tags may be used at all.
pub fn reads(service: &Tag, database: &str, reports: &[&QueryReport], narrow: bool) -> Vec<Tag> {
    let proven = |report: &&QueryReport| !report.broad && has_names(report);
    let mut tags = vec![service.clone()];
    if narrow && !reports.is_empty() && reports.iter().all(proven) {
        tags.push(wide(service, database));
        tags.extend(
            reports
                .iter()
                .flat_map(|report| names(service, database, report, false)),
        );
        tags.sort();
        tags.dedup();
    } else {
        tags.push(any(service, database));
    }
    tags
}

/// What writes invalidate. Each part is `Ok` for a statement that reads, and `Err` for one that does
/// not, with what was seen of it.
pub fn invalidates(
    service: &Tag,
    database: &str,
    parts: &[Result<(), Option<&QueryReport>>],
    narrow: bool,
) -> Vec<Tag> {
    let wide_one = |part: &Result<(), Option<&QueryReport>>| match part {
        Ok(()) => false,
        Err(report) => !report.is_some_and(is_narrow_write),
    };
    let mut tags = vec![any(service, database)];
    if !narrow || parts.iter().any(wide_one) {
        tags.push(wide(service, database));
        return tags;
    }
    let reports = parts.iter().filter_map(|part| part.err().flatten());
    tags.extend(reports.flat_map(|report| names(service, database, report, true)));
    tags.sort();
    tags.dedup();
    tags
}

/// Whether a narrow read names anything that a write could invalidate. A read without patterns
/// (`RETURN 1`) depends on nothing, which is narrow as well.
fn has_names(report: &QueryReport) -> bool {
    report.features.nodes == 0 || !report.labels.is_empty() || !report.types.is_empty()
}

fn is_narrow_write(report: &QueryReport) -> bool {
    let named = !report.changed_labels.is_empty() || !report.changed_types.is_empty();
    !report.wide && named && report.procedures.is_empty()
}
