//! What fields and figures must be, and the list of those that were looked at, so that none is left out.

use super::check;
use pointsman::admin::ROUTES;
use pointsman::observe::metrics::FAMILIES;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// What a field must be.
pub enum Must {
    /// Exactly this; of a number, to a billionth.
    Be(Value),
    /// A number in this range: what depends on time or on the machine.
    Lie(f64, f64),
    /// A text that contains this.
    Say(&'static str),
}

pub fn be(value: impl Into<Value>) -> Must {
    Must::Be(value.into())
}

/// Whether two numbers are the same but for rounding.
pub fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0)
}

impl Must {
    fn holds(&self, found: &Value) -> bool {
        match self {
            Must::Be(expected) => match (found.as_f64(), expected.as_f64()) {
                (Some(one), Some(other)) => close(one, other),
                _ => found == expected,
            },
            Must::Lie(least, most) => found
                .as_f64()
                .is_some_and(|found| (*least..=*most).contains(&found)),
            Must::Say(part) => found.as_str().is_some_and(|found| found.contains(part)),
        }
    }

    fn words(&self) -> String {
        match self {
            Must::Be(value) => value.to_string(),
            Must::Lie(least, most) => format!("{least} to {most}"),
            Must::Say(part) => format!("a text with {part:?}"),
        }
    }
}

/// Everything that is not as it must be, so that one run tells it all; and what was looked at.
#[derive(Default)]
pub struct Differences {
    found: Vec<String>,
    families: BTreeSet<String>,
    fields: BTreeSet<(String, Vec<String>)>,
}

impl Differences {
    pub fn same<T: PartialEq + Debug>(&mut self, what: &str, found: T, expected: T) {
        if found != expected {
            self.found
                .push(format!("{what}: {found:?}, expected {expected:?}"));
        }
    }

    /// A figure of a family of metrics, which has now been looked at.
    pub fn family(&mut self, name: &str, labels: &[&str], found: f64, expected: Must) {
        let base = name.strip_suffix("_count").or(name.strip_suffix("_sum"));
        let base = base.unwrap_or(name);
        self.families.insert(base.to_owned());
        if !expected.holds(&found.into()) {
            let expected = expected.words();
            self.found
                .push(format!("{name} {labels:?}: {found}, expected {expected}"));
        }
    }

    /// Fields of a route's response, which have now been looked at. `at` stands before the path of each.
    pub fn fields<'r>(
        &mut self,
        route: &str,
        body: &Value,
        at: &str,
        rows: impl IntoIterator<Item = (&'r str, Must)>,
    ) {
        for (field, expected) in rows {
            let path = steps(&format!("{at}{field}"));
            let mut values = Vec::new();
            find(body, &path, &mut values);
            if values.is_empty() {
                self.found.push(format!("{route} {at}{field} is not there"));
            }
            for value in values.iter().filter(|value| !expected.holds(value)) {
                let expected = expected.words();
                self.found
                    .push(format!("{route} {at}{field}: {value}, expected {expected}"));
            }
            let number = |step: &String| step.parse::<usize>().is_ok();
            let path = path.into_iter();
            let path = path.map(|step| if number(&step) { "[]".into() } else { step });
            self.fields.insert((route.to_owned(), path.collect()));
        }
    }

    /// Fields of a list that are those of another route, which is looked at: the values are the same.
    pub fn copies(&mut self, route: &str, at: &str, found: &Value, original: &Value) {
        self.same(&format!("{route} {at}"), found, original);
        for (pattern, _) in ROUTES
            .iter()
            .filter(|row| format!("{} {}", row.method, row.path) == route)
            .flat_map(check::fields)
            .filter(|(pattern, _)| pattern.starts_with(&steps(at)))
        {
            self.fields.insert((route.to_owned(), pattern));
        }
    }

    /// Everything was as it must be, and everything that is documented was looked at.
    pub fn check(mut self) {
        for row in FAMILIES {
            if !self.families.contains(row.name) {
                self.found.push(format!("{} was not looked at", row.name));
            }
        }
        for route in ROUTES {
            let name = format!("{} {}", route.method, route.path);
            for (pattern, _) in check::fields(route) {
                let is = |(of, path): &(String, Vec<String>)| {
                    *of == name && check::matches(&pattern, path)
                };
                if !self.fields.iter().any(is) {
                    self.found
                        .push(format!("{name} {} was not looked at", pattern.join(".")));
                }
            }
        }
        assert!(self.found.is_empty(), "{:#?}", self.found);
    }
}

fn steps(path: &str) -> Vec<String> {
    let path = path.replace("[]", ".[]");
    let steps = path.split('.').filter(|step| !step.is_empty());
    steps.map(Into::into).collect()
}

/// Every value that a path names: `*` is any name, `[]` any item of a list.
fn find<'v>(value: &'v Value, path: &[String], found: &mut Vec<&'v Value>) {
    let Some((step, rest)) = path.split_first() else {
        found.push(value);
        return;
    };
    match (value, step.as_str()) {
        (Value::Array(items), "[]") => items.iter().for_each(|item| find(item, rest, found)),
        (Value::Object(map), "*") => map.values().for_each(|item| find(item, rest, found)),
        (Value::Array(items), number) => {
            let item = number.parse().ok().and_then(|at: usize| items.get(at));
            item.into_iter().for_each(|item| find(item, rest, found));
        }
        (Value::Object(map), name) => {
            let item = map.get(name).into_iter();
            item.for_each(|item| find(item, rest, found));
        }
        _ => {}
    }
}
