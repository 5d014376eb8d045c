//! The words that every printed form shares: kinds, bounds, marks.

use crate::Json;
use crate::decode::bounds_text;
use crate::table::{Field, Kind, Section, Shape};

/// What a value looks like, in a few words.
pub fn kind(field: &Field) -> String {
    match (of_shape(field.shape), bounds(field)) {
        (text, bounds) if bounds.is_empty() => text,
        (text, bounds) => format!("{text}, {bounds}"),
    }
}

fn of_shape(shape: &Shape) -> String {
    match shape {
        Shape::Section(_) => "keys".into(),
        Shape::Map(inner) => format!("names, each with {}", of_shape(inner)),
        Shape::List(inner) => format!("list of {}", of_shape(inner)),
        Shape::Optional(inner) => format!("{}, or none", of_shape(inner)),
        Shape::Choice(choice) => choice.list(),
        Shape::Scalar(kind) => kind.name.into(),
    }
}

/// The bounds of a key, empty without.
pub fn bounds(field: &Field) -> String {
    let of_scalar = |kind| bounds_text(&field.rules, kind);
    scalar(field.shape).map(of_scalar).unwrap_or_default()
}

/// What a single value is, or each of those that have a name.
fn scalar(shape: &Shape) -> Option<&'static Kind> {
    match shape {
        Shape::Scalar(kind) => Some(kind),
        Shape::Optional(inner) | Shape::Map(inner) => scalar(inner),
        _ => None,
    }
}

/// The explanation without the blank after `///`, lines joined by one blank.
pub fn about(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A section in one line, its keys in the order of the table.
fn entry(json: &Json, section: &Section) -> String {
    let keys = section.fields.iter().filter_map(|field| {
        let value = value(json.get(field.key)?, field.shape);
        Some(format!("{}: {value}", field.key))
    });
    format!("{{{}}}", keys.collect::<Vec<_>>().join(", "))
}

/// A value as it would stand in the file.
pub fn value(json: &Json, shape: &Shape) -> String {
    match (json, shape.solid()) {
        (Json::String(text), Shape::Scalar(kind))
            if kind.name == "text" && !text.contains("://") =>
        {
            Json::from(text.as_str()).to_string()
        }
        (Json::String(text), _) => text.clone(),
        (Json::Array(items), Shape::List(inner)) => match inner.section() {
            Some(section) => {
                let items = items.iter().map(|item| entry(item, section));
                format!("[{}]", items.collect::<Vec<_>>().join(", "))
            }
            None => json.to_string(),
        },
        (other, _) => other.to_string(),
    }
}
