//! Overrides: what the environment and the flags put over the file, before anything is read.
//! Order: file, then `PERFORMANCE_...`, then `POINTSMAN_...`, then `--set`.

mod graft;
mod names;
pub mod performance;

use super::decode::{Note, Problem, one_of};
use super::table::Shape;
use super::tree::{Node, Place, Step};
use std::collections::BTreeMap;

/// The prefix of variables that reach the whole tree, two underscores between levels.
const PREFIX: &str = "POINTSMAN_";

/// Variables with our prefix that are no keys.
const OWN: &[&str] = &["POINTSMAN_CONFIG"];

/// One value to put in.
struct Override {
    place: Place,
    path: Vec<String>,
    text: String,
}

/// Puts environment and flags over a tree; what fails is reported by its variable or flag.
pub fn apply(
    root: &mut Node,
    shape: &Shape,
    env: &BTreeMap<String, String>,
    sets: &[(String, String)],
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Note>,
) {
    for group in [
        performance_variables(env, notes),
        variables(env),
        flags(sets),
    ] {
        put(root, shape, group, problems);
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

fn performance_variables(env: &BTreeMap<String, String>, notes: &mut Vec<Note>) -> Vec<Override> {
    let mut group = Vec::new();
    for (variable, text) in env {
        let Some(stem) = performance::stem(variable) else {
            continue;
        };
        let place = Place::Variable(variable.as_str().into());
        match performance::key(&stem) {
            Some((key, reading)) => group.push(Override {
                place,
                path: key.split('.').map(Into::into).collect(),
                text: performance::translate(text, reading),
            }),
            None => notes.push(Note {
                place,
                text: "no setting of this name, it has no effect".into(),
            }),
        }
    }
    group
}

fn variables(env: &BTreeMap<String, String>) -> Vec<Override> {
    let ours = env
        .iter()
        .filter(|(variable, _)| !OWN.contains(&variable.as_str()));
    let named = ours.filter_map(|(variable, text)| {
        let path = variable.strip_prefix(PREFIX)?;
        (!is_orchestrators(path)).then(|| Override {
            place: Place::Variable(variable.as_str().into()),
            path: path.split("__").map(Into::into).collect(),
            text: text.clone(),
        })
    });
    named.collect()
}

/// Kubernetes gives each pod the addresses of its services as variables (`NAME_SERVICE_HOST`,
/// `NAME_PORT_6433_TCP_ADDR`). A service called pointsman must not stop the proxy.
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
