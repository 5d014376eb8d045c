//! Values that hold values: perhaps one, many in order, many by name.

use super::{Reader, Value, keys, kind_of, quoted};
use crate::Json;
use crate::table::{Rules, Shape};
use crate::tree::{Body, Node, Step};
use std::collections::BTreeMap;

impl<T: Value> Value for Option<T> {
    const SHAPE: Shape = Shape::Optional(&T::SHAPE);

    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        match node.body {
            Body::Nothing => Some(None),
            _ => T::read(node, rules, reader).map(Some),
        }
    }

    fn show(&self) -> Json {
        self.as_ref().map_or(Json::Null, Value::show)
    }
}

impl<T: Value> Value for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let items = match &node.body {
            Body::List(items) => items.as_slice(),
            Body::Nothing => &[],
            body => {
                reader.refuse(
                    node.value_place(),
                    kind_of(body),
                    "a list: lines that begin with `- `",
                );
                return None;
            }
        };
        let read =
            |(index, item)| reader.down(Step::Index(index), |reader| T::read(item, rules, reader));
        Some(items.iter().enumerate().filter_map(read).collect())
    }

    fn show(&self) -> Json {
        self.iter().map(Value::show).collect()
    }
}

impl<T: Value> Value for BTreeMap<String, T> {
    const SHAPE: Shape = Shape::Map(&T::SHAPE);

    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = match &node.body {
            Body::Map(entries) => entries.as_slice(),
            Body::Nothing => &[],
            body => {
                reader.refuse(
                    node.value_place(),
                    kind_of(body),
                    "names, each with keys of its own",
                );
                return None;
            }
        };
        let mut values = BTreeMap::new();
        for (name, node) in keys::entries(entries, reader) {
            reader.down(name.into(), |reader| {
                check_name(name, node, rules, reader);
                values.extend(T::read(node, rules, reader).map(|value| (name.to_string(), value)));
            });
        }
        Some(values)
    }

    fn show(&self) -> Json {
        let entries = self
            .iter()
            .map(|(name, value)| (name.clone(), value.show()));
        Json::Object(entries.collect())
    }
}

fn check_name(name: &str, node: &Node, rules: &Rules, reader: &mut Reader<'_>) {
    if (rules.names.test)(name).is_err() {
        let found = format!("the name {}", quoted(name));
        reader.refuse(&node.named, found, rules.names.expected);
    }
}
