//! Tree -> values. The reader walks the tree along the table and collects every problem with its
//! place; it never stops at the first, and never shows a secret.

mod containers;
mod keys;
mod problem;
mod references;
mod scalars;
pub mod units;

pub use keys::Keys;
pub use problem::{Note, Problem, Report, quoted};
pub use references::is_reference;
pub use scalars::bounds_text;

use crate::Json;
use crate::table::{Refused, Rules, Shape};
use crate::tree::{Body, Node, Place, Step, path_text};
use std::collections::BTreeMap;

/// A value of the configuration.
pub trait Value: Sized {
    /// Its line in the table.
    const SHAPE: Shape;

    /// Reads it; `None` when a problem was reported.
    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self>;

    /// It as the configuration would write it, secrets as `***`.
    fn show(&self) -> Json;
}

/// What a walk over the tree carries: the way to the node, and all that was found on it.
pub struct Reader<'a> {
    pub(crate) env: &'a BTreeMap<String, String>,
    path: Vec<Step>,
    /// Every problem so far.
    pub problems: Vec<Problem>,
    /// Every note so far.
    pub notes: Vec<Note>,
}

/// A scalar: its value, and what may be shown of it.
pub struct Scalar {
    /// The value, references replaced.
    pub value: String,
    /// What an error shows: the text as written, so that a value from elsewhere stays unseen.
    pub shown: String,
}

impl<'a> Reader<'a> {
    /// A reader that takes `${NAME}` from these variables, and adds to these problems.
    pub fn new(env: &'a BTreeMap<String, String>, problems: Vec<Problem>) -> Self {
        Self {
            env,
            path: Vec::new(),
            problems,
            notes: Vec::new(),
        }
    }

    /// Reports a problem of the key at hand.
    pub fn refuse(&mut self, place: &Place, found: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Problem {
            place: place.clone(),
            path: self.path.clone(),
            found: found.into(),
            expected: expected.into(),
        });
    }

    /// Notes something about the key at hand that is no problem.
    pub(crate) fn note(&mut self, place: &Place, text: &str) {
        self.notes.push(Note {
            place: place.clone(),
            text: format!("{}: {text}", path_text(&self.path)),
        });
    }

    /// Does something one step down.
    pub fn down<T>(&mut self, step: Step, act: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let done = act(self);
        self.path.pop();
        done
    }

    /// The scalar at a node, with its references replaced.
    pub fn scalar(&mut self, node: &Node, expected: &str) -> Option<Scalar> {
        let Body::Text(text) = &node.body else {
            self.refuse(node.value_place(), kind_of(&node.body), expected);
            return None;
        };
        match references::replace(text, self.env) {
            Ok(value) => Some(Scalar {
                value,
                shown: quoted(text),
            }),
            Err((found, expected)) => {
                self.refuse(&node.place, found, expected);
                None
            }
        }
    }

    /// A scalar that `parse` understands, or a problem with what it expected.
    pub fn parsed<T>(
        &mut self,
        node: &Node,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, Refused>,
    ) -> Option<T> {
        let scalar = self.scalar(node, expected)?;
        match parse(&scalar.value) {
            Ok(value) => Some(value),
            Err(refused) => {
                let found = refused.found.unwrap_or(scalar.shown);
                self.refuse(
                    &node.place,
                    found,
                    refused.expected.as_deref().unwrap_or(expected),
                );
                None
            }
        }
    }

    /// One of these words.
    pub fn choice<T: Copy>(&mut self, node: &Node, words: &[(T, &'static str)]) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
        self.parsed(node, &one_of("", &names), |text| {
            let known = words.iter().find(|(_, word)| *word == text);
            known.map(|(choice, _)| *choice).ok_or_else(|| Refused {
                found: None,
                expected: Some(one_of(text, &names)),
            })
        })
    }
}

/// `one of a, b, c`, and the nearest to what was written.
pub fn one_of(written: &str, names: &[&str]) -> String {
    let list = match names {
        [] => return "no key here".into(),
        [only] => format!("`{only}`"),
        _ => format!("one of {}", names.join(", ")),
    };
    match nearest(written, names) {
        Some(name) if names.len() > 1 => format!("{list}; perhaps `{name}`"),
        _ => list,
    }
}

/// The name that was probably meant.
pub fn nearest<'a>(written: &str, names: &[&'a str]) -> Option<&'a str> {
    let written: String = written
        .chars()
        .take(64)
        .flat_map(char::to_lowercase)
        .collect();
    let distance = |name: &str| strsim::damerau_levenshtein(&written, name);
    let best = names.iter().min_by_key(|name| distance(name))?;
    let near = distance(best) <= (best.len() / 3).max(1);
    let begun = written.len() >= 3 && (best.contains(&written) || written.contains(best));
    (near || begun).then_some(*best)
}

/// What stands there, without its content.
fn kind_of(body: &Body) -> &'static str {
    match body {
        Body::Nothing => "nothing",
        Body::Text(_) => "a single value",
        Body::List(_) => "a list",
        Body::Map(_) => "keys of its own",
    }
}
