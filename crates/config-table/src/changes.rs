//! What differs between two values, and what of it only a restart can apply.

use crate::Json;
use crate::decode::Value;
use crate::table::Shape;
use std::collections::BTreeSet;

/// The keys that differ and need a restart, by path, sorted.
pub fn restart_only_changes<T: Value>(old: &T, new: &T) -> Vec<String> {
    let mut changes = Vec::new();
    collect(&T::SHAPE, &old.show(), &new.show(), "", &mut changes);
    changes.sort();
    changes
}

fn collect(shape: &Shape, old: &Json, new: &Json, path: &str, changes: &mut Vec<String>) {
    match shape.solid() {
        Shape::Section(section) => {
            for field in section.fields {
                let (old, new) = (at(old, field.key), at(new, field.key));
                let path = joined(path, field.key);
                match field.rules.restart && old != new {
                    true => changes.push(path),
                    false => collect(field.shape, old, new, &path, changes),
                }
            }
        }
        Shape::Map(inner) => {
            for name in names(old, new) {
                collect(
                    inner,
                    at(old, name),
                    at(new, name),
                    &joined(path, name),
                    changes,
                );
            }
        }
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
