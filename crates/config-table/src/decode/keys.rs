//! The keys of a section: unknown, doubled and missing ones are reported, the rest is read.

use super::{Reader, Value, one_of, quoted};
use crate::table::{Field, Section, Shape};
use crate::tree::{Body, Node, Step};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The keys of one section that were found in the tree.
pub struct Keys<'n> {
    section: &'static Section,
    found: HashMap<&'n str, &'n Node>,
    /// Stands for the section when a bare text does.
    short: Option<Node>,
}

/// Entries by name; a name that comes twice is reported, and its first value kept.
pub fn entries<'n>(
    entries: &'n [(String, Node)],
    reader: &mut Reader<'_>,
) -> HashMap<&'n str, &'n Node> {
    let mut found = HashMap::new();
    for (name, node) in entries {
        match found.entry(name.as_str()) {
            Entry::Vacant(vacant) => {
                vacant.insert(node);
            }
            Entry::Occupied(first) => report_twice(name, first.get(), node, reader),
        }
    }
    found
}

fn report_twice(name: &str, first: &Node, second: &Node, reader: &mut Reader<'_>) {
    let found = format!("{} for the second time", quoted(name));
    let expected = format!("each key once; the first stands at {}", first.named.short());
    reader.down(name.into(), |reader| {
        reader.refuse(&second.named, found, expected)
    });
}

impl<'n> Keys<'n> {
    /// Finds the keys of a section. A section without keys is a section of defaults.
    pub fn of(node: &'n Node, section: &'static Section, reader: &mut Reader<'_>) -> Option<Self> {
        let (found, short) = match (&node.body, section.short) {
            (Body::Map(map), _) => (entries(map, reader), None),
            (Body::Nothing, _) => (HashMap::new(), None),
            (Body::Text(_), Some(_)) => (HashMap::new(), Some(node.clone())),
            (body, _) => {
                let names: Vec<&str> = section.fields.iter().map(|field| field.key).collect();
                let expected = format!("keys: {}", names.join(", "));
                reader.refuse(node.value_place(), super::kind_of(body), expected);
                return None;
            }
        };
        let keys = Keys {
            section,
            found,
            short,
        };
        keys.report_unknown(reader);
        keys.report_missing(node, reader);
        Some(keys)
    }

    /// Reads one key; `None` when it is absent or wrong.
    pub fn take<T: Value>(&mut self, key: &str, reader: &mut Reader<'_>) -> Option<T> {
        let field = self.section.field(key)?;
        let node = match &self.short {
            Some(node) if self.section.short == Some(key) => node,
            _ => self.found.get(key)?,
        };
        reader.down(key.into(), |reader| {
            if field.rules.unused && !matches!(node.body, Body::Nothing) {
                reader.note(&node.named, "not used yet, it has no effect");
            }
            T::read(node, &field.rules, reader)
        })
    }

    fn report_unknown(&self, reader: &mut Reader<'_>) {
        let names: Vec<&str> = self.section.fields.iter().map(|field| field.key).collect();
        for (name, node) in &self.found {
            if !names.contains(name) {
                let step = Step::Key((*name).into());
                let expected = one_of(name, &names);
                reader.down(step, |reader| {
                    reader.refuse(&node.named, "an unknown key", expected)
                });
            }
        }
    }

    fn report_missing(&self, node: &Node, reader: &mut Reader<'_>) {
        let given = |field: &Field| match &self.short {
            Some(_) => self.section.short == Some(field.key),
            None => self.found.contains_key(field.key),
        };
        for field in self.section.fields {
            if field.rules.required && !given(field) {
                let mut expected = format!("this key: {}", first_sentence(field.about));
                if let Shape::Choice(choice) = field.shape {
                    expected += &format!(", one of {}", choice.list());
                }
                reader.down(field.key.into(), |reader| {
                    reader.refuse(&node.named, "nothing", expected)
                });
            }
        }
    }
}

fn first_sentence(about: &str) -> &str {
    let about = about.trim();
    about
        .split_once(". ")
        .map_or(about, |(first, _)| first)
        .trim_end_matches('.')
}
