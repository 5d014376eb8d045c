//! The kinds of scalars: how each is called, read and shown.

use super::units::{duration, duration_text, size, size_text};
use super::{Reader, Value};
use crate::Json;
use crate::table::forms::Refused;
use crate::table::{Kind, Rules, Shape};
use crate::tree::Node;
use crate::values::{Secret, Size};
use std::net::SocketAddr;
use std::time::Duration;

/// From here on an upper bound only guards against nonsense, and is not worth a word.
const MANY: f64 = 1e9;

const BOOL: Kind = Kind {
    name: "true or false",
    expected: "true or false",
    json: "boolean",
    pattern: None,
};
const WHOLE: Kind = Kind {
    name: "whole number",
    expected: "a whole number",
    json: "integer",
    pattern: None,
};
const NUMBER: Kind = Kind {
    name: "number",
    expected: "a number",
    json: "number",
    pattern: None,
};
const DURATION: Kind = Kind {
    name: "duration",
    expected: "a duration with units, such as 30s, 200ms, 5m or 1h30m",
    json: "string",
    pattern: Some("^([0-9]+(\\.[0-9]+)?(d|h|m|s|ms|us))+$"),
};
const SIZE: Kind = Kind {
    name: "size",
    expected: "a size with a unit, such as 512MiB, 64KB or 1000B",
    json: "string",
    pattern: Some("^[0-9]+(TiB|GiB|MiB|KiB|GB|MB|kB|KB|B)$"),
};
const ADDRESS: Kind = Kind {
    name: "address",
    expected: "an address to listen on, such as 127.0.0.1:6433, 0.0.0.0:6433 or [::1]:6433",
    json: "string",
    pattern: Some("^([0-9.]+|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}$"),
};
const SECRET: Kind = Kind {
    name: "secret",
    expected: "a secret: ${NAME}, ${file:/path}, or text",
    json: "string",
    pattern: Some("^.+$"),
};
const TEXT: Kind = Kind {
    name: "text",
    expected: "text",
    json: "string",
    pattern: None,
};

impl Value for bool {
    const SHAPE: Shape = Shape::Scalar(&BOOL);

    fn read(node: &Node, _: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        reader.parsed(node, BOOL.expected, |text| {
            text.parse().map_err(|_| Refused::default())
        })
    }

    fn show(&self) -> Json {
        (*self).into()
    }
}

impl Value for f64 {
    const SHAPE: Shape = Shape::Scalar(&NUMBER);

    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let parse = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        bounded(node, rules, reader, &NUMBER, parse, |number| *number)
    }

    fn show(&self) -> Json {
        (*self).into()
    }
}

macro_rules! whole {
    ($($type:ty),*) => {$(
        impl Value for $type {
            const SHAPE: Shape = Shape::Scalar(&WHOLE);

            fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
                bounded(node, rules, reader, &WHOLE, |text| text.parse().ok(), |number| *number as f64)
            }

            fn show(&self) -> Json {
                (*self).into()
            }
        }
    )*};
}
whole!(u32, u64);

impl Value for Duration {
    const SHAPE: Shape = Shape::Scalar(&DURATION);

    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.parsed(node, DURATION.expected, duration)?;
        in_bounds(node, rules, reader, &DURATION, length.as_secs_f64()).then_some(length)
    }

    fn show(&self) -> Json {
        duration_text(*self).into()
    }
}

impl Value for Size {
    const SHAPE: Shape = Shape::Scalar(&SIZE);

    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let bytes = reader.parsed(node, SIZE.expected, size)?;
        in_bounds(node, rules, reader, &SIZE, bytes.0 as f64).then_some(bytes)
    }

    fn show(&self) -> Json {
        size_text(*self).into()
    }
}

impl Value for SocketAddr {
    const SHAPE: Shape = Shape::Scalar(&ADDRESS);

    fn read(node: &Node, _: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        reader.parsed(node, ADDRESS.expected, |text| {
            text.parse().map_err(|_| Refused::default())
        })
    }

    fn show(&self) -> Json {
        self.to_string().into()
    }
}

impl Value for Secret {
    const SHAPE: Shape = Shape::Scalar(&SECRET);

    /// Any text that a header field can carry; it is never shown.
    fn read(node: &Node, _: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let refused = |found: &str| {
            Err(Refused {
                found: Some(found.into()),
                expected: None,
            })
        };
        reader.parsed(node, SECRET.expected, |text| match text {
            _ if text.trim().is_empty() => refused("an empty secret"),
            _ if text.contains(char::is_control) => refused("a secret with control characters"),
            _ => Ok(Secret(text.to_string())),
        })
    }

    fn show(&self) -> Json {
        "***".into()
    }
}

impl Value for String {
    const SHAPE: Shape = Shape::Scalar(&TEXT);

    fn read(node: &Node, rules: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let expected = rules.form.map_or(TEXT.expected, |form| form.expected);
        reader.parsed(node, expected, |text| {
            let fits = rules.form.map_or(Ok(()), |form| (form.test)(text));
            fits.map(|()| text.to_string())
        })
    }

    fn show(&self) -> Json {
        self.as_str().into()
    }
}

/// A number within the bounds of its key.
fn bounded<T>(
    node: &Node,
    rules: &Rules,
    reader: &mut Reader<'_>,
    kind: &Kind,
    parse: impl Fn(&str) -> Option<T>,
    number: impl Fn(&T) -> f64,
) -> Option<T> {
    let expected = match rules.bounds {
        Some(_) => format!("{}, {}", kind.expected, bounds_text(rules, kind)),
        None => kind.expected.to_string(),
    };
    reader.parsed(node, &expected, |text| {
        let value = parse(text).filter(|value| rules.admit(number(value)));
        value.ok_or_else(Refused::default)
    })
}

/// Reports a number outside the bounds of its key; whether it is inside.
fn in_bounds(
    node: &Node,
    rules: &Rules,
    reader: &mut Reader<'_>,
    kind: &Kind,
    number: f64,
) -> bool {
    let fits = rules.admit(number);
    if !fits {
        let scalar = reader.scalar(node, kind.expected);
        let shown = scalar.map(|scalar| scalar.shown).unwrap_or_default();
        reader.refuse(&node.place, shown, bounds_text(rules, kind));
    }
    fits
}

/// The bounds of a key in words: `0 to 1`, `1ms to 1d`, `1B to 1024GiB`.
pub fn bounds_text(rules: &Rules, kind: &Kind) -> String {
    let Some((low, high)) = rules.bounds else {
        return String::new();
    };
    let text = |number: f64| match kind.name {
        "duration" => duration_text(Duration::try_from_secs_f64(number).unwrap_or_default()),
        "size" => size_text(Size(number as u64)),
        _ => number.to_string(),
    };
    match high < MANY {
        true => format!("{} to {}", text(low), text(high)),
        false => format!("at least {}", text(low)),
    }
}
