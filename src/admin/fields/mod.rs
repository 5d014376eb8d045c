//! What each route responds, field by field: the reference page is printed from these tables, and a test
//! holds the responses of a running process against them.

use super::routes::ROUTES;
use std::fmt::Write;

/// One field of a response. `*` in its path stands for any name, `[]` for each item of a list.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub path: &'static str,
    pub kind: Kind,
    pub about: &'static str,
}

/// Fields, and the path that stands before each of theirs.
pub type Group = (&'static str, &'static [Field]);

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Bool,
    /// Null while it is not known.
    MaybeText,
    MaybeNumber,
    /// What is below it is described elsewhere.
    Any,
}

impl Kind {
    /// The word in the reference.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Bool => "true or false",
            Kind::MaybeText => "text or null",
            Kind::MaybeNumber => "number or null",
            Kind::Any => "value",
        }
    }
}

/// A table of fields: path, kind, meaning.
macro_rules! fields {
    ($($path:literal $kind:ident, $about:literal;)*) => {
        &[$(Field { path: $path, kind: Kind::$kind, about: $about },)*]
    };
}

pub mod cache;
pub mod endpoints;
pub mod events;
pub mod load;
pub mod process;
pub mod requests;

/// The reference page, `docs/admin.md`.
pub fn reference() -> String {
    let mut page = String::from(HEAD);
    for row in ROUTES {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(page, "| `{} {}` | {} |", row.method, row.path, row.about);
    }
    for row in ROUTES.iter().filter(|row| !row.fields.is_empty()) {
        let _ = writeln!(page, "\n## `{} {}`", row.method, row.path);
        page.push_str("\n| field | value | meaning |\n|---|---|---|\n");
        for (prefix, field) in row.each_field() {
            let (path, word) = (field.path, field.kind.word());
            let _ = writeln!(page, "| `{prefix}{path}` | {word} | {} |", field.about);
        }
    }
    page
}

const HEAD: &str = "\
# The admin API

Generated from the tables in `src/admin/routes.rs` and `src/admin/fields/`; a test fails when this page is stale.

Without a token in the configuration only callers on this machine are served. With `admin.operate_token` or
`admin.read_token` a request carries `Authorization: Bearer TOKEN`; those marked \"No token\" need none.

A response is JSON: `{\"success\": true, \"data\": ...}`, or `{\"success\": false, \"detail\": \"...\"}` with the status that says
what kind of failure it is (400, 401, 403, 404, 405, 409, 413, 500, 503, 504). `GET /metrics` is text for Prometheus, see `docs/metrics.md`.
Fields below stand under `data`; `*` is any name, `[]` each item of a list. A field that is not known yet is null, and
parts of a record that a request did not reach (`call`, `plan`, `cache`, `route.counts`) are null as a whole.
What the words of reasons and events mean: [reasons.md](reasons.md).

What is changed here lies over the configuration of the file and goes the way of a reload; `GET /api/config` shows what
serves. It ends with the process, and each change is an event. A reload that takes a changed file ends changes of the
mode, of features and of strategies (write them into the file to keep them); an instance that was added stays until the
file has one of its name or address, one that was removed stays away until the file lacks it.

| route | what it does |
|---|---|
";
