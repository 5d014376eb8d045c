//! `docs/reasons.md` is printed from the words that a process can say, so that no word is undocumented.

use glossary::Term;
use pointsman::balance::{Exclusion, RouteReason};
use pointsman::cache::words;
use pointsman::endpoint::EventKind;
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "\
# Reasons

Printed from the words in the code; a test fails when this page is stale. An empty last column: nothing is to be done.
Why pointsman itself refuses a request stands in [refusals.md](refusals.md).
";

const CACHE: &str = "\
Where they stand: the field `x-pointsman-cache` of a response (`miss; reason=absent`), `cache.reason` of an explanation,
`pointsman_cache_reasons_total`, and the reasons in `GET /api/performance/cache/stats`.
";

const ROUTE: &str = "\
Where they stand: `route.attempts[].reason` of an explanation.
";

const EXCLUDED: &str = "\
Where they stand: `route.excluded[].reason` of an explanation when no endpoint could be chosen, the text of that refusal,
and `excluded` in `GET /api/coordination/scores`.
";

const EVENTS: &str = "\
Where they stand: `what` in `GET /api/coordination/events`, and in the log. `pointsman_changes_total` counts those of endpoints.
";

/// What follows `no_store:`.
const DETAILS: &[(&str, &str)] = &[
    ("not_a_read", "It is not a read."),
    (
        "unread_body",
        "The body was not read whole (`path.peek_limit`, `path.held_bodies`), is encoded, or could not be read as JSON.",
    ),
    ("not_understood", "The dialect `http` understands nothing."),
    (
        "unknown_operation",
        "A path that Qdrant's table of operations lacks.",
    ),
    (
        "server_state, node_local, health, discovery",
        "It tells of one server or of the moment.",
    ),
    (
        "random, impure_function",
        "The response may differ each time. `services.NAME.pure` names functions and procedures that are safe.",
    ),
    (
        "procedure, index_search, load_csv",
        "What is read is not named by the statement. For procedures see `services.NAME.pure`.",
    ),
    ("inference", "A model outside the database takes part."),
    (
        "unusual_form, many_lookups, unknown_field",
        "A form or a field that is not understood well enough.",
    ),
    (
        "consistency, route_affinity",
        "The client asks for certain replicas.",
    ),
    (
        "unread_token, value_exists",
        "What a credential permits cannot be read from it, or depends on the data.",
    ),
    (
        "bookmarks, impersonated, client_write_mode, explicit_transaction",
        "The client asks for its own view of the database.",
    ),
    (
        "system_database, use_graph, no_statement, show, explain, profile, in_transactions",
        "A Neo4j statement of a kind whose response does not follow from one database's data.",
    ),
    (
        "failed, errors, not_ok, partial, other_media_type, not_an_object, notifications, too_large",
        "The response is no plain success, or cannot be judged.",
    ),
    (
        "streamed, not_held_whole, delimited_by_close, has_trailers",
        "The response was not held whole (`path.hold_limit`), or is of a form that a stored copy could not keep.",
    ),
];

fn table(page: &mut String, title: &str, about: &str, terms: &[Term]) {
    let _ = write!(
        page,
        "\n## {title}\n\n{about}\n| word | meaning | what an operator may do |\n|---|---|---|\n"
    );
    for Term {
        word,
        meaning,
        advice,
    } in terms
    {
        let meaning = meaning.trim();
        let _ = writeln!(page, "| `{word}` | {meaning} | {advice} |");
    }
}

fn page() -> String {
    let mut page = String::from(HEAD);
    table(&mut page, "The cache", CACHE, words::GLOSSARY);
    page.push_str("\nBehind `no_store:` (explanations and metrics show this word alone):\n\n| word | why |\n|---|---|\n");
    for (words, why) in DETAILS {
        let words: Vec<String> = words.split(", ").map(|word| format!("`{word}`")).collect();
        let _ = writeln!(page, "| {} | {why} |", words.join(", "));
    }
    table(
        &mut page,
        "Why an endpoint was chosen",
        ROUTE,
        RouteReason::GLOSSARY,
    );
    table(
        &mut page,
        "Why an endpoint was not chosen",
        EXCLUDED,
        Exclusion::GLOSSARY,
    );
    table(&mut page, "Events", EVENTS, EventKind::GLOSSARY);
    page
}

/// `POINTSMAN_WRITE_DOCS=1 cargo test` rewrites the page.
#[test]
fn the_page_of_reasons_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reasons.md");
    if std::env::var_os("POINTSMAN_WRITE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert!(
        written == page(),
        "docs/reasons.md is stale: run this test with POINTSMAN_WRITE_DOCS=1"
    );
}

#[test]
fn the_page_of_reasons_has_every_word_that_a_dialect_forbids_storing_with() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect");
    let mut folders = vec![root];
    let mut missing = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let never = text.split("Never(\"").skip(1);
            let words = never.filter_map(|rest| rest.split('"').next());
            let known = |word: &&str| {
                DETAILS
                    .iter()
                    .any(|(words, _)| words.split(", ").any(|one| one == *word))
            };
            missing.extend(words.filter(|word| !known(word)).map(str::to_owned));
        }
    }
    assert!(missing.is_empty(), "not in DETAILS: {missing:?}");
}
