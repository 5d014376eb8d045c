//! Who may import whom. A module that reaches where it must not is a design that has slipped:
//! change the design and this table together, or the import.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use of the others. Its own parts and the shared words are always allowed.
const ALLOWED: &[(&str, &str)] = &[
    ("clock", ""),
    ("random", ""),
    ("retry", "dialect http"),
    ("rejection", ""),
    ("endpoint_id", ""),
    ("request_id", ""),
    ("listen", ""),
    ("config", "dialect listen"),
    ("shortage", ""),
    ("http", "listen shortage"),
    ("dialect", "rejection"),
    ("offload", "dialect"),
    ("plan", "config dialect request_id"),
    ("cache", "clock config dialect endpoint_id plan"),
    ("endpoint", "clock config dialect endpoint_id plan"),
    ("probe", "clock config dialect endpoint random shortage"),
    (
        "balance",
        "clock config dialect endpoint plan random rejection",
    ),
    (
        "observe",
        "clock config dialect plan random rejection request_id",
    ),
    (
        "proxy/call",
        "balance cache clock config dialect endpoint endpoint_id http observe offload plan rejection retry shared shortage snapshot",
    ),
    ("admin", "config observe"),
    (
        "snapshot",
        "balance clock config dialect endpoint endpoint_id listen observe plan random",
    ),
    (
        "shared",
        "cache clock config dialect endpoint observe plan random snapshot",
    ),
    (
        "proxy",
        "balance cache config dialect endpoint http observe plan rejection shared snapshot",
    ),
    (
        "runtime",
        "admin balance cache clock config dialect endpoint http listen observe plan probe proxy random request_id shared snapshot",
    ),
    ("cli", "balance config dialect observe plan runtime"),
    ("lib", ""),
    ("main", ""),
];

/// Folders inside a module that have a place of their own in the table: they use nothing else of their module.
const INNER: &[&str] = &["proxy/call"];

/// Crates that only these modules may name.
const CRATES: &[(&str, &[&str])] = &[
    ("pingora", &["http"]),
    ("http1", &["http"]),
    ("http_parts", &["http"]),
    ("axum", &["admin"]),
    ("hyper", &["admin", "probe"]),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    files(dir, "rs", found);
}

/// The files of a folder whose names end in `.kind`.
fn files(dir: &Path, kind: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, kind, found);
        } else if path.extension().is_some_and(|ending| ending == kind) {
            found.push(path);
        }
    }
}

/// The module that a file belongs to, and its text without its tests.
fn modules() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files
        .into_iter()
        .filter(|file| !is_test(file.strip_prefix(&root).unwrap()))
        .map(|file| {
            let inside = file.strip_prefix(&root).unwrap();
            let module = module_of(inside);
            let text = fs::read_to_string(&file).unwrap();
            (module, file, without_tests(&text))
        })
        .collect()
}

fn module_of(inside: &Path) -> String {
    if let Some(inner) = INNER.iter().find(|inner| inside.starts_with(inner)) {
        return (*inner).to_string();
    }
    let first = inside.components().next().unwrap().as_os_str();
    first.to_string_lossy().trim_end_matches(".rs").to_string()
}

/// Whether a file is compiled for tests only, by the names that test files have.
fn is_test(file: &Path) -> bool {
    let names = file.with_extension("");
    names
        .iter()
        .any(|name| name == "tests" || name == "testing")
}

/// The text without the items under `#[cfg(test)]`: each ends at its `;` or its closing brace, which
/// rustfmt puts at the indent of the attribute.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(indent) = line.strip_suffix("#[cfg(test)]") else {
            kept.extend([line, "\n"]);
            continue;
        };
        let brace = format!("{indent}}}");
        let ends = |line: &&str| {
            **line == brace || line.ends_with(';') && !line[indent.len()..].starts_with(' ')
        };
        lines.by_ref().find(ends);
    }
    kept
}

#[test]
fn what_follows_a_test_module_is_read_too() {
    let text =
        "use a;\n#[cfg(test)]\nmod tests {\n    use b;\n}\n#[cfg(test)]\nmod testing;\nuse c;\n";
    assert_eq!(without_tests(text), "use a;\nuse c;\n");
}

fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// The modules that a text names by `crate::...`, alone or in braces.
fn uses(text: &str) -> BTreeSet<String> {
    let code: String = code(text).flat_map(|line| [line, "\n"]).collect();
    let paths = code.split("crate::").skip(1);
    paths
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => first_names(list),
            None => vec![name(rest)],
        })
        .collect()
}

fn name(path: &str) -> String {
    let is_part = |c: &char| c.is_alphanumeric() || *c == '_';
    path.trim_start().chars().take_while(is_part).collect()
}

/// The first name of each path of a list whose opening brace was read.
fn first_names(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![name(list)];
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&list[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn imports_are_found_alone_in_braces_and_over_lines() {
    let text = "use crate::a::B;\nuse crate::{\n    c::{D, e::F},\n    g,\n};\n// crate::h\nlet _ = crate::i::j(crate::a::k);\n";
    let found: Vec<String> = uses(text).into_iter().collect();
    assert_eq!(found, ["a", "c", "g", "i"]);
}

#[test]
fn modules_import_only_what_their_place_in_the_path_allows() {
    let mut faults = Vec::new();
    for (module, file, text) in modules() {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{} is of no module in ALLOWED", file.display()));
            continue;
        };
        for used in uses(&text) {
            if used != module && !allowed.split(' ').any(|name| name == used) {
                faults.push(format!("{} uses crate::{used}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_a_module_may_use_it_uses() {
    let mut unused: BTreeSet<(String, String)> = BTreeSet::new();
    for (module, allowed) in ALLOWED {
        unused.extend(
            allowed
                .split_whitespace()
                .map(|used| (module.to_string(), used.to_string())),
        );
    }
    for (module, _, text) in modules() {
        for used in uses(&text) {
            unused.remove(&(module.clone(), used));
        }
    }
    assert!(unused.is_empty(), "{unused:#?}");
}

/// The sending of calls does not know clients' connections and the receiving of their requests.
#[test]
fn an_inner_folder_reaches_nothing_around_it() {
    let mut faults = Vec::new();
    for (module, file, text) in modules() {
        if !INNER.contains(&module.as_str()) {
            continue;
        }
        let outwards = match file.ends_with("mod.rs") {
            true => "super::",
            false => "super::super::",
        };
        if code(&text).any(|line| line.contains(outwards)) {
            faults.push(format!("{} names {outwards}", file.display()));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Whether a line has a path that begins with a crate of this name, or with one of its family (`pingora_core`).
fn names_crate(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let is_inside = |c: char| is_part(c) || c == ':' || c == '"';
        let rest = line[at + name.len()..].trim_start_matches(is_part);
        let is_path = rest.starts_with("::") || line[..at].ends_with("use ");
        is_path && !line[..at].ends_with(is_inside)
    })
}

#[test]
fn a_crate_is_found_where_a_path_begins_with_it() {
    assert!(names_crate("use http1::{Client, Error};", "http1"));
    assert!(names_crate("    pingora_core::connect();", "pingora"));
    assert!(names_crate("use axum;", "axum"));
    assert!(!names_crate("use hyper::server::conn::http1;", "http1"));
    assert!(!names_crate("    http1: u32,", "http1"));
    assert!(!names_crate("    \"http1\" => true,", "http1"));
}

#[test]
fn only_the_owners_of_a_crate_name_it() {
    let mut faults = Vec::new();
    for (module, file, text) in modules() {
        for (name, owners) in CRATES {
            let named = code(&text).any(|line| names_crate(line, name));
            if named && !owners.contains(&module.as_str()) {
                faults.push(format!("{} names {name}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_proxy_never_depends_on_the_testbed() {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let (before, _) = manifest.split_once("[dev-dependencies]").unwrap();
    let (_, dependencies) = before.split_once("\n[dependencies]").unwrap();
    assert!(!dependencies.contains("testbed"));
}

/// What looks like a row and is not one: layers of the network and of caches, and versions.
const NOT_ROWS: &[&str] = &["L1", "L2", "L4", "L7"];

/// Whether a word has the form of a row of a list that this repository does not have: two capitals, a
/// hyphen and a number, or one capital and one or two digits.
fn is_citation(word: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((list, row)) = word.split_once('-') {
        return list.len() == 2 && list.bytes().all(|b| b.is_ascii_uppercase()) && number(row);
    }
    let row = word.strip_prefix(|c: char| c.is_ascii_uppercase());
    row.is_some_and(|row| row.len() <= 2 && number(row)) && !NOT_ROWS.contains(&word)
}

fn citations(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| is_citation(word))
}

#[test]
fn a_citation_is_found_by_its_form() {
    let found = |line| citations(line).collect::<Vec<_>>();
    assert_eq!(
        found("in flight (AB-12), at P06 (B6); (XY-1..XY-3)").len(),
        5
    );
    assert!(found("RFC 9110, UTF-8, IPv4, HTTP/1.1, CVE-2020, x-ab-12, A-1, L1").is_empty());
}

#[test]
fn comments_and_docs_say_the_reason_and_cite_no_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut read = Vec::new();
    for folder in ["src", "crates", "tests", "benches", "examples", "testbed"] {
        sources(&root.join(folder), &mut read);
    }
    for folder in ["docs", "src", "crates"] {
        files(&root.join(folder), "md", &mut read);
    }
    read.retain(|file| !file.ends_with("layering.rs"));
    let mut faults = Vec::new();
    for file in read {
        let code = file.extension().is_some_and(|kind| kind == "rs");
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            let prose = if code {
                line.split_once("//").map_or("", |(_, comment)| comment)
            } else {
                line
            };
            faults.extend(
                citations(prose).map(|word| format!("{}:{number}: {word}", file.display())),
            );
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn no_page_holds_both_sides_of_a_merge() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    for folder in ["docs", "src", "crates"] {
        files(&root.join(folder), "md", &mut pages);
    }
    let is_marker = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    pages.retain(|page| fs::read_to_string(page).unwrap().lines().any(is_marker));
    assert!(pages.is_empty(), "{pages:#?}");
}

/// The name of the type that a line declares, when other modules may see it.
fn declared(line: &str) -> Option<&str> {
    line.trim_start()
        .starts_with("pub")
        .then(|| declared_type(line))?
}

/// The name of the type that a line declares.
fn declared_type(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = match line.strip_prefix("pub(") {
        Some(scope) => scope.split_once(')')?.1,
        None => line.strip_prefix("pub ").unwrap_or(line),
    };
    let (kind, rest) = rest.trim_start().split_once(' ')?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    ["struct", "enum", "trait", "type", "union"]
        .contains(&kind)
        .then(|| &rest[..end.unwrap_or(rest.len())])
}

/// The names of the types that `section!` and `choice!` declare, which are all public.
fn declared_by_macros(text: &str) -> Vec<String> {
    let blocks = text.split("\nsection! {").chain(text.split("\nchoice! {"));
    let is_name = |line: &&str| line.ends_with('{') && line.starts_with(char::is_uppercase);
    blocks
        .filter_map(|block| {
            let lines = block.lines().skip(1).map(str::trim);
            let first = lines.take_while(|line| !line.is_empty()).find(is_name)?;
            Some(name(first))
        })
        .collect()
}

#[test]
fn declarations_by_macros_are_read() {
    let text = "use a;\n\nsection! {\n    /// A section.\n    Queue (short \"url\") {\n        a: u32 = 1,\n    }\n}\n\nchoice! {\n    /// A word.\n    Word {\n    }\n}\n";
    let mut found = declared_by_macros(text);
    found.sort();
    assert_eq!(found, ["Queue", "Word"]);
}

#[test]
fn declarations_are_read_with_their_visibility() {
    assert_eq!(
        declared("    pub(super) struct Queue<T>(T);"),
        Some("Queue")
    );
    assert_eq!(declared("pub trait Strategy: Send {"), Some("Strategy"));
    assert_eq!(declared("pub type Cells = Vec<u8>;"), Some("Cells"));
    assert_eq!(declared("pub fn queue() {}"), None);
    assert_eq!(declared("struct Own;"), None);
}

/// Sections of the configuration that share a name with a type elsewhere, by design: `config::X` is the
/// configuration of `x::X`, and is written with its module.
const CONFIGURED: &[&str] = &[
    "Cache", "Endpoint", "Health", "Path", "Planner", "Service", "Upstream",
];

#[test]
fn one_public_type_name_has_one_owner() {
    let mut owners: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let mut sections = BTreeSet::new();
    for (module, file, text) in modules() {
        for name in code(&text).filter_map(declared) {
            let files = owners.entry(name.to_string()).or_default();
            files.push(file.clone());
        }
        if module == "config" {
            sections.extend(declared_by_macros(&text));
        }
    }
    let twice = sections.iter().filter(|name| owners.contains_key(*name));
    let twice: Vec<&str> = twice.map(String::as_str).collect();
    owners.retain(|_, files| files.len() > 1);
    assert!(owners.is_empty(), "{owners:#?}");
    assert_eq!(twice, CONFIGURED);
}

/// The types to which a text adds methods of their own, rather than those of a trait.
fn extended(text: &str) -> BTreeSet<String> {
    let heads = text.split("\nimpl").skip(1);
    heads
        .filter_map(|rest| {
            let head = rest.split('{').next()?;
            let mut depth = 0;
            let is_generic = |c: char| {
                depth += i32::from(c == '<') - i32::from(c == '>');
                depth > 0 || c == '>'
            };
            let of = head.trim_start_matches(is_generic).trim_start();
            let of = of.trim_start_matches("dyn ");
            (!head.contains(" for ")).then(|| name(of))
        })
        .collect()
}

#[test]
fn methods_of_a_type_are_told_from_those_of_a_trait() {
    let text = "\nimpl<T: Into<A>> Queue<T> {\n}\nimpl Debug for Word {\n}\nimpl<A, B> Convert<A>\n    for B\n{\n}\nimpl dyn Wire {\n}\n";
    let found: Vec<String> = extended(text).into_iter().collect();
    assert_eq!(found, ["Queue", "Wire"]);
}

#[test]
fn methods_stand_in_the_file_of_their_type() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut read = Vec::new();
    sources(&root.join("src"), &mut read);
    sources(&root.join("crates"), &mut read);
    read.retain(|file| !is_test(file.strip_prefix(root).unwrap()));
    let mut faults = Vec::new();
    for file in read {
        let text = without_tests(&fs::read_to_string(&file).unwrap());
        let mut own: BTreeSet<String> = declared_by_macros(&text).into_iter().collect();
        own.extend(code(&text).filter_map(declared_type).map(String::from));
        for name in extended(&text).difference(&own) {
            faults.push(format!("{}: impl {name}", file.display()));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
