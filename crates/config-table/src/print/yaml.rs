//! A file with every key, its explanation above it.

use super::words::{about, bounds, value};
use crate::decode::Value;
use crate::table::{Field, Section, Shape};
use serde_json::Value as Json;

const WIDTH: usize = 100;

/// The whole file: `head` as comments above, then every key of `sample`.
pub fn yaml<T: Value>(head: &str, sample: &T) -> String {
    let mut page = Page { text: head.into() };
    if let Shape::Section(section) = T::SHAPE {
        page.section(section, &sample.show(), 0, true);
    }
    page.text
}

struct Page {
    text: String,
}

impl Page {
    fn section(&mut self, section: &Section, json: &Json, depth: usize, explained: bool) {
        for field in section.fields {
            let json = json.get(field.key).unwrap_or(&Json::Null);
            if !explained && *json == section.default_of(field.key) {
                continue;
            }
            if depth == 0 {
                self.text.push('\n');
            }
            if explained {
                self.comment(&words(field), depth);
            }
            self.field(field, json, depth, explained);
        }
    }

    fn field(&mut self, field: &Field, json: &Json, depth: usize, explained: bool) {
        match (field.shape, json) {
            (Shape::Section(section), _) => {
                self.line(depth, &format!("{}:", field.key));
                self.section(section, json, depth + 1, explained);
            }
            (Shape::Map(inner), Json::Object(entries)) => {
                self.line(depth, &format!("{}:", field.key));
                self.entries(inner, entries, depth + 1, explained);
            }
            (Shape::List(inner), Json::Array(items)) if !items.is_empty() => {
                self.line(depth, &format!("{}:", field.key));
                self.items(inner, items, depth + 1, explained);
            }
            (shape, json) => self.line(depth, &format!("{}: {}", field.key, value(json, shape))),
        }
    }

    /// The first entry explains every key, the others show what differs from the defaults.
    fn entries(
        &mut self,
        shape: &Shape,
        entries: &serde_json::Map<String, Json>,
        depth: usize,
        explained: bool,
    ) {
        for (index, (name, json)) in entries.iter().enumerate() {
            let Some(section) = shape.section() else {
                self.line(depth, &format!("{name}: {}", value(json, shape)));
                continue;
            };
            self.line(depth, &format!("{name}:"));
            self.section(section, json, depth + 1, explained && index == 0);
        }
    }

    fn items(&mut self, shape: &Shape, items: &[Json], depth: usize, explained: bool) {
        for json in items {
            match shape.section() {
                Some(section) => {
                    self.line(depth, "-");
                    self.section(section, json, depth + 1, explained);
                }
                None => self.line(depth, &format!("- {}", value(json, shape))),
            }
        }
    }

    fn comment(&mut self, text: &str, depth: usize) {
        let mut line = String::from("#");
        for word in text.split_whitespace() {
            if 2 * depth + line.len() + 1 + word.len() > WIDTH {
                self.line(depth, &line);
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(depth, &line);
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(text);
        self.text.push('\n');
    }
}

fn words(field: &Field) -> String {
    let about = about(field.about);
    match (field.shape.solid(), bounds(field)) {
        (Shape::Choice(choice), _) => format!("{about} One of {}.", choice.list()),
        (_, bounds) if bounds.is_empty() => about,
        (_, bounds) => format!("{about} Range: {bounds}."),
    }
}
