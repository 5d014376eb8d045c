//! The JSON schema (draft 2020-12) of the whole tree, for editors and other tools. Any scalar may be
//! a reference (`${NAME}`), so each is its own kind or such a text.

use super::words::about;
use crate::decode::Value;
use crate::table::{ANY, Choice, Field, Kind, Rules, Section, Shape, forms};
use serde_json::{Map, Value as Json, json};

/// The schema of a table.
pub fn schema<T: Value>(title: &str) -> Json {
    let mut definitions = Map::new();
    let reference = json!({
        "description": "A reference: ${NAME} is an environment variable, ${file:/path} the content of a file.",
        "type": "string",
        "pattern": "\\$\\{[^}]+\\}",
    });
    definitions.insert("Reference".into(), reference);
    let root = shape(&T::SHAPE, &ANY, &mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "allOf": [root],
        "$defs": definitions,
    })
}

fn shape(shape_of: &Shape, rules: &Rules, definitions: &mut Map<String, Json>) -> Json {
    match shape_of {
        Shape::Section(section) => self::section(section, definitions),
        Shape::Map(inner) => json!({
            "type": "object",
            "propertyNames": { "pattern": rules.names.pattern },
            "additionalProperties": shape(inner, rules, definitions),
        }),
        Shape::List(inner) => json!({ "type": "array", "items": shape(inner, rules, definitions) }),
        Shape::Optional(inner) => {
            json!({ "anyOf": [{ "type": "null" }, shape(inner, rules, definitions)] })
        }
        Shape::Choice(choice) => or_reference(words(choice)),
        Shape::Scalar(kind) => or_reference(scalar(kind, rules)),
    }
}

/// A definition of its own, and the way to it.
fn section(section: &Section, definitions: &mut Map<String, Json>) -> Json {
    if !definitions.contains_key(section.name) {
        let mut keys = Map::new();
        for field in section.fields {
            keys.insert(
                field.key.into(),
                self::field(field, section.default_of(field.key), definitions),
            );
        }
        let required: Vec<&str> = section
            .fields
            .iter()
            .filter(|field| field.rules.required)
            .map(|field| field.key)
            .collect();
        let whole = json!({
            "description": about(section.about),
            "type": "object",
            "properties": keys,
            "required": required,
            "additionalProperties": false,
        });
        definitions.insert(section.name.into(), whole);
    }
    let way = json!({ "$ref": format!("#/$defs/{}", section.name) });
    match section.short.and_then(|key| section.field(key)) {
        Some(short) => json!({ "anyOf": [way, shape(short.shape, &short.rules, definitions)] }),
        None => way,
    }
}

fn field(field: &Field, default: Json, definitions: &mut Map<String, Json>) -> Json {
    let mut schema = shape(field.shape, &field.rules, definitions);
    put(&mut schema, "description", about(field.about));
    if !field.rules.required {
        put(&mut schema, "default", default);
    }
    schema
}

fn words(choice: &Choice) -> Json {
    let each = choice.words.iter();
    let each: Vec<Json> = each
        .map(|(word, words)| json!({ "const": word, "description": about(words) }))
        .collect();
    match choice.others {
        None => json!({ "oneOf": each }),
        Some(others) => {
            let other =
                json!({ "description": others, "type": "string", "pattern": forms::NAME.pattern });
            json!({ "anyOf": each.into_iter().chain([other]).collect::<Vec<_>>() })
        }
    }
}

fn scalar(kind: &Kind, rules: &Rules) -> Json {
    let mut schema = json!({ "type": kind.json });
    if let Some(pattern) = rules.form.map(|form| form.pattern).or(kind.pattern) {
        put(&mut schema, "pattern", pattern);
    }
    if let (Some((low, high)), "integer" | "number") = (rules.bounds, kind.json) {
        put(&mut schema, "minimum", number(low));
        put(&mut schema, "maximum", number(high));
    }
    schema
}

fn put(schema: &mut Json, key: &str, value: impl Into<Json>) {
    if let Some(keys) = schema.as_object_mut() {
        keys.insert(key.into(), value.into());
    }
}

/// Whole numbers without a point.
fn number(number: f64) -> Json {
    match number.fract() == 0.0 {
        true => json!(number as i64),
        false => json!(number),
    }
}

fn or_reference(schema: Json) -> Json {
    json!({ "anyOf": [schema, { "$ref": "#/$defs/Reference" }] })
}
