//! What differs between two values, and what of it only a restart can apply.

use crate::Json;
use crate::decode::Value;
use crate::table::Shape;
use std::collections::BTreeSet;

/// The keys that differ and need a restart, by path, sorted.
pub fn restart_only_changes<T: Value>(old: &T, new: &T) -> Vec<String> {
    collected(old, new, Wanted::RestartOnly)
}

/// The keys that differ, by path, sorted. A list counts as one value. No values are given, so no secrets.
pub fn changed_keys<T: Value>(old: &T, new: &T) -> Vec<String> {
    collected(old, new, Wanted::All)
}

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    RestartOnly,
    All,
}

fn collected<T: Value>(old: &T, new: &T, wanted: Wanted) -> Vec<String> {
    let mut changes = Vec::new();
    collect(
        wanted,
        &T::SHAPE,
        (&old.show(), &new.show()),
        "",
        &mut changes,
    );
    changes.sort();
    changes
}

fn collect(
    wanted: Wanted,
    shape: &Shape,
    (old, new): (&Json, &Json),
    path: &str,
    changes: &mut Vec<String>,
) {
    match shape.solid() {
        Shape::Section(section) => {
            for field in section.fields {
                let values = (at(old, field.key), at(new, field.key));
                let path = joined(path, field.key);
                let is_one = wanted == Wanted::RestartOnly && field.rules.restart;
                match is_one && values.0 != values.1 {
                    true => changes.push(path),
                    false => collect(wanted, field.shape, values, &path, changes),
                }
            }
        }
        Shape::Map(inner) => {
            for name in names(old, new) {
                let values = (at(old, name), at(new, name));
                collect(wanted, inner, values, &joined(path, name), changes);
            }
        }
        _ if wanted == Wanted::All && old != new => changes.push(path.to_owned()),
        _ => {}
    }
}

fn names<'j>(old: &'j Json, new: &'j Json) -> BTreeSet<&'j String> {
    let keys = |json: &'j Json| json.as_object().into_iter().flat_map(|map| map.keys());
    keys(old).chain(keys(new)).collect()
}

/// The value of a key; null where there is none.
fn at<'j>(json: &'j Json, key: &str) -> &'j Json {
    json.get(key).unwrap_or(&Json::Null)
}

fn joined(path: &str, key: &str) -> String {
    match path {
        "" => key.into(),
        _ => format!("{path}.{key}"),
    }
}
