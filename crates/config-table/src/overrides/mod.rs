//! Overrides: what the environment and the flags put over the file, before anything is decoded.
//! Order: file, then aliases, then variables with the prefix, then flags.

mod aliases;
mod graft;
mod names;

pub use aliases::{Alias, Aliases, Reading};

use crate::decode::{Note, Problem, Reader, one_of};
use crate::table::Shape;
use crate::tree::{Node, Place, Step};
use std::collections::BTreeMap;

/// Which variables reach the table.
#[derive(Debug, Clone, Copy)]
pub struct Overrides {
    /// The prefix of variables that reach the whole tree, two underscores between levels.
    pub prefix: &'static str,
    /// Variables with the prefix that are no keys.
    pub reserved: &'static [&'static str],
    /// Flat names for some keys.
    pub aliases: Option<&'static Aliases>,
}

/// One value to put in.
struct Override {
    place: Place,
    path: Vec<String>,
    text: String,
}

/// Puts environment and flags over a tree; what fails is reported by its variable or flag.
pub(crate) fn apply(
    overrides: &Overrides,
    root: &mut Node,
    shape: &Shape,
    sets: &[(String, String)],
    reader: &mut Reader<'_>,
) {
    let env = reader.env;
    let aliased = overrides
        .aliases
        .map(|aliases| aliased(aliases, env, &mut reader.notes));
    let groups = [
        aliased.unwrap_or_default(),
        variables(overrides, env),
        flags(sets),
    ];
    for group in groups {
        put(root, shape, group, &mut reader.problems);
    }
}

/// Wider values first, list items in order, so that the outcome does not hang on the order of names.
fn put(root: &mut Node, shape: &Shape, group: Vec<Override>, problems: &mut Vec<Problem>) {
    let mut found: Vec<(Vec<Step>, Override)> = Vec::new();
    for wanted in group {
        match names::resolve(root, shape, &wanted.path) {
            Ok(path) => found.push((path, wanted)),
            Err(unknown) => problems.push(unknown_key(&wanted, &unknown)),
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, wanted) in found {
        if let Err(problem) = graft::graft(root, shape, &path, &wanted.place, &wanted.text) {
            problems.push(problem);
        }
    }
}

fn unknown_key(wanted: &Override, unknown: &names::Unknown) -> Problem {
    let steps: Vec<Step> = wanted
        .path
        .iter()
        .map(|part| part.to_lowercase().as_str().into())
        .collect();
    Problem {
        place: wanted.place.clone(),
        path: steps,
        found: "an unknown key".into(),
        expected: match unknown {
            names::Unknown::Among(part, keys) => one_of(part, keys),
            names::Unknown::Index => "the number of an item, from 0".into(),
        },
    }
}

fn aliased(
    aliases: &Aliases,
    env: &BTreeMap<String, String>,
    notes: &mut Vec<Note>,
) -> Vec<Override> {
    let mut group = Vec::new();
    for (variable, text) in env {
        let Some(stem) = aliases.stem(variable) else {
            continue;
        };
        let place = Place::Variable(variable.as_str().into());
        match aliases.named(&stem) {
            Some(alias) => group.push(Override {
                place,
                path: alias.key.split('.').map(Into::into).collect(),
                text: alias.reading.translate(text),
            }),
            None => notes.push(Note {
                place,
                text: "no setting of this name, it has no effect".into(),
            }),
        }
    }
    group
}

fn variables(overrides: &Overrides, env: &BTreeMap<String, String>) -> Vec<Override> {
    let named = env.iter().filter_map(|(variable, text)| {
        let path = variable.strip_prefix(overrides.prefix)?;
        let reserved = overrides.reserved.contains(&variable.as_str());
        (!reserved && !is_orchestrators(path)).then(|| Override {
            place: Place::Variable(variable.as_str().into()),
            path: path.split("__").map(Into::into).collect(),
            text: text.clone(),
        })
    });
    named.collect()
}

/// Kubernetes gives each pod the addresses of its services as variables (`NAME_SERVICE_HOST`,
/// `NAME_PORT_6433_TCP_ADDR`). A service with the name of our prefix must not be an error.
fn is_orchestrators(path: &str) -> bool {
    let path = format!("_{path}");
    let parts = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT_"];
    !path.contains("__")
        && (parts.iter().any(|part| path.contains(part)) || path.ends_with("_PORT"))
}

fn flags(sets: &[(String, String)]) -> Vec<Override> {
    let flag = |(key, text): &(String, String)| Override {
        place: Place::Flag(key.as_str().into()),
        path: key
            .replace('[', ".")
            .replace(']', "")
            .split('.')
            .map(Into::into)
            .collect(),
        text: text.clone(),
    };
    sets.iter().map(flag).collect()
}
