//! Scrapes and responses against what the tables of metrics and of the admin API say.

use crate::trial::client::JsonResponse;
use pointsman::admin::fields::{Field, Kind};
use pointsman::admin::{AdminRoute, ROUTES};
use pointsman::observe::metrics::FAMILIES;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every value that each series had.
#[derive(Default)]
pub struct Scrapes {
    /// By family: all states (series and values) that were seen.
    seen: BTreeMap<String, BTreeSet<String>>,
    unknown: BTreeSet<String>,
}

/// The family of a line, without the suffixes of histograms.
fn family(line: &str) -> Option<&'static str> {
    let name = line.split(['{', ' ']).next()?.strip_prefix("pointsman_")?;
    let suffixed = |row: &&pointsman::observe::metrics::Row| {
        name == row.name
            || row.kind == "histogram"
                && ["_bucket", "_sum", "_count"]
                    .iter()
                    .any(|end| name.strip_suffix(end) == Some(row.name))
    };
    FAMILIES.iter().find(suffixed).map(|row| row.name)
}

impl Scrapes {
    pub fn take(&mut self, text: &str) {
        let mut now: BTreeMap<&str, String> = FAMILIES
            .iter()
            .map(|row| (row.name, String::new()))
            .collect();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match family(line) {
                Some(name) => now.get_mut(name).unwrap().push_str(&format!("{line}\n")),
                None => drop(self.unknown.insert(line.into())),
            }
        }
        for (name, state) in now {
            self.seen.entry(name.into()).or_default().insert(state);
        }
    }

    pub fn moved(&self, name: &str) -> bool {
        self.seen.get(name).is_some_and(|states| states.len() > 1)
    }

    pub fn check(&self) {
        assert!(
            self.unknown.is_empty(),
            "not documented: {:?}",
            self.unknown
        );
        // It says always 1.
        let constant = "build_info";
        let still: Vec<&str> = FAMILIES
            .iter()
            .map(|row| row.name)
            .filter(|name| *name != constant && !self.moved(name))
            .collect();
        assert!(still.is_empty(), "documented and never moved: {still:?}");
        let build = &self.seen[constant];
        assert!(
            build.iter().all(|text| text.trim().ends_with("} 1")),
            "{build:?}"
        );
    }
}

/// Null on a machine whose network interfaces do not say what they carry.
const OF_THE_MACHINE: &[&str] = &["network_usage"];

/// What each route responded, by its method and the template of its path.
#[derive(Default)]
pub struct Responses(BTreeMap<(&'static str, &'static str), Vec<Value>>);

fn fits(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let same = |(one, other): (&&str, &&str)| one == other || one.starts_with('{');
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

impl Responses {
    pub fn take(&mut self, method: &str, path: &str, got: &JsonResponse) {
        if got.status != 200 || path == "/metrics" {
            return;
        }
        let known = |route: &&AdminRoute| route.method == method && fits(route.path, path);
        let route = ROUTES.iter().find(known);
        let route = route.unwrap_or_else(|| panic!("{method} {path} is not documented"));
        self.0
            .entry((route.method, route.path))
            .or_default()
            .push(got.body["data"].clone());
    }

    /// Every documented field was there with its kind, and nothing else was.
    pub fn check(&self) {
        let mut faults = BTreeSet::new();
        for route in ROUTES.iter().filter(|route| !route.fields.is_empty()) {
            let name = format!("{} {}", route.method, route.path);
            let Some(bodies) = self.0.get(&(route.method, route.path)) else {
                faults.insert(format!("{name}: never asked"));
                continue;
            };
            let fields = fields(route);
            let mut present = BTreeSet::new();
            for body in bodies {
                let mut leaves = Vec::new();
                walk(body, &mut Vec::new(), &fields, &mut leaves);
                for (path, value) in leaves {
                    match fields.iter().find(|(pattern, _)| matches(pattern, &path)) {
                        Some((pattern, field)) if of_kind(value, field.kind) => {
                            if !value.is_null() {
                                present.insert(pattern.clone());
                            }
                        }
                        Some((_, field)) => {
                            let word = field.kind.word();
                            faults.insert(format!("{name}: {path:?} is {value}, not {word}"));
                        }
                        None if value.is_null() || is_empty(value) => {}
                        None => {
                            faults.insert(format!("{name}: {path:?} is not documented"));
                        }
                    }
                }
            }
            let depends = |pattern: &Path| {
                let name = pattern.last();
                name.is_some_and(|name| OF_THE_MACHINE.contains(&name.as_str()))
            };
            for (pattern, _) in fields
                .iter()
                .filter(|(pattern, _)| !present.contains(pattern) && !depends(pattern))
            {
                faults.insert(format!("{name}: {pattern:?} was never there"));
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

pub type Path = Vec<String>;

pub fn fields(route: &AdminRoute) -> Vec<(Path, Field)> {
    let split = |text: String| -> Path {
        let text = text.replace("[]", ".[]");
        let parts = text.split('.').filter(|part| !part.is_empty());
        parts.map(Into::into).collect()
    };
    let full = |(prefix, field): (String, &Field)| (split(prefix + field.path), *field);
    route.each_field().map(full).collect()
}

pub fn matches(pattern: &[String], path: &[String]) -> bool {
    let same = |(one, other): (&String, &String)| one == other || one == "*" && other != "[]";
    pattern.len() == path.len() && pattern.iter().zip(path).all(same)
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(|map| map.is_empty())
}

/// Every value that is documented as it stands, and every single one below that is not.
fn walk<'v>(
    value: &'v Value,
    path: &mut Path,
    fields: &[(Path, Field)],
    leaves: &mut Vec<(Path, &'v Value)>,
) {
    let documented = fields.iter().any(|(pattern, _)| matches(pattern, path));
    let children: Vec<(String, &Value)> = match value {
        _ if documented => Vec::new(),
        Value::Array(items) => items.iter().map(|item| ("[]".to_string(), item)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        _ => Vec::new(),
    };
    if children.is_empty() {
        leaves.push((path.clone(), value));
    }
    for (step, child) in children {
        path.push(step);
        walk(child, path, fields, leaves);
        path.pop();
    }
}

fn of_kind(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Text => value.is_string(),
        Kind::Number => value.is_number(),
        Kind::Bool => value.is_boolean(),
        Kind::MaybeText => value.is_string() || value.is_null(),
        Kind::MaybeNumber => value.is_number() || value.is_null(),
        Kind::Any => true,
    }
}
