//! Who may import whom. A module that reaches where it must not is a design that has slipped:
//! change the design and this table together, or the import.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use of the others. Its own parts and the shared words are always allowed.
const ALLOWED: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("random", &[]),
    ("retry", &["dialect", "http"]),
    ("rejection", &[]),
    ("config", &["dialect"]),
    ("http", &[]),
    ("dialect", &["clock", "rejection"]),
    ("plan", &["clock", "config", "dialect"]),
    ("cache", &["clock", "config", "dialect", "plan"]),
    ("endpoint", &["clock", "config", "dialect", "plan"]),
    (
        "probe",
        &["clock", "config", "dialect", "endpoint", "random"],
    ),
    (
        "balance",
        &[
            "clock",
            "config",
            "dialect",
            "endpoint",
            "plan",
            "random",
            "rejection",
        ],
    ),
    (
        "observe",
        &["clock", "config", "dialect", "plan", "random", "rejection"],
    ),
    ("admin", &["clock", "config", "observe"]),
    (
        "snapshot",
        &[
            "balance", "cache", "clock", "config", "dialect", "endpoint", "observe", "plan",
        ],
    ),
];

/// Crates that only these modules may name.
const CRATES: &[(&str, &[&str])] = &[
    ("pingora", &["http"]),
    ("axum", &["admin"]),
    ("hyper", &["admin", "probe"]),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
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
            let first = inside
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_string_lossy();
            let module = first.trim_end_matches(".rs").to_string();
            let text = fs::read_to_string(&file).unwrap();
            (module, file, without_tests(&text))
        })
        .collect()
}

/// Whether a file is compiled for tests only, by the names that test files have.
fn is_test(file: &Path) -> bool {
    let names = file.with_extension("");
    names.iter().any(|name| {
        name == "tests" || name == "testing" || name.to_string_lossy().ends_with("_tests")
    })
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

/// The modules that a text names by `crate::...`.
fn uses(text: &str) -> BTreeSet<String> {
    code(text)
        .flat_map(|line| {
            line.split("crate::")
                .skip(1)
                .map(str::to_string)
                .collect::<Vec<_>>()
        })
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn modules_import_only_what_their_place_in_the_path_allows() {
    let mut faults = Vec::new();
    for (module, file, text) in modules() {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for used in uses(&text) {
            if used != module && !used.is_empty() && !allowed.contains(&used.as_str()) {
                faults.push(format!("{} uses crate::{used}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_the_proxy_knows_pingora_and_only_the_admin_api_knows_axum() {
    let mut faults = Vec::new();
    for (module, file, text) in modules() {
        for (name, owners) in CRATES {
            let named = code(&text).any(|line| {
                line.contains(&format!("use {name}"))
                    || line.contains(&format!(" {name}_")) && line.contains("::")
                    || line.contains(&format!("{name}::"))
            });
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
