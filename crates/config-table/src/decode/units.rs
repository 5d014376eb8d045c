//! Durations and sizes: numbers with a unit. Without a unit there is no telling seconds from
//! milliseconds, so a plain number is refused.

use crate::table::forms::Refused;
use crate::values::Size;
use std::fmt::Write;
use std::time::Duration;

const TIMES: &[(&str, f64)] = &[
    ("d", 86_400.0),
    ("h", 3600.0),
    ("m", 60.0),
    ("s", 1.0),
    ("ms", 0.001),
    ("us", 0.000_001),
];

const SIZES: &[(&str, u64)] = &[
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("KB", 1000),
    ("B", 1),
];

/// `30s`, `200ms`, `1h30m`, `1.5s`.
pub fn duration(text: &str) -> Result<Duration, Refused> {
    if text.parse::<f64>().is_ok() {
        return Err(without_unit(text, &["s", "ms"]));
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, unit, after) = part(rest).ok_or_else(Refused::default)?;
        total = add(total, number, unit).ok_or_else(Refused::default)?;
        rest = after;
    }
    match text.is_empty() {
        true => Err(Refused::default()),
        false => Ok(total),
    }
}

fn add(total: Duration, number: &str, unit: &str) -> Option<Duration> {
    let (_, seconds) = TIMES.iter().find(|(name, _)| *name == unit)?;
    let number: f64 = number.parse().ok()?;
    total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)
}

/// `512MiB`, `64KB`, `100B`.
pub fn size(text: &str) -> Result<Size, Refused> {
    if text.parse::<u64>().is_ok() {
        return Err(without_unit(text, &["B", "MiB"]));
    }
    let bytes = part(text).and_then(|(number, unit, rest)| {
        let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit)?;
        let number: u64 = number.parse().ok()?;
        number.checked_mul(*bytes).filter(|_| rest.is_empty())
    });
    bytes.map(Size).ok_or_else(Refused::default)
}

fn without_unit(text: &str, units: &[&str]) -> Refused {
    let number: String = text.chars().take(20).collect();
    let either: Vec<String> = units.iter().map(|unit| format!("{number}{unit}")).collect();
    Refused {
        found: Some("a number without a unit".into()),
        expected: Some(format!("a unit: {}", either.join(" or "))),
    }
}

/// A number, a unit, and the rest.
fn part(text: &str) -> Option<(&str, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at_checked(digits)?;
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(letters)?;
    Some((number, unit, rest))
}

/// A duration as it would be written: `1h30m`.
pub fn duration_text(duration: Duration) -> String {
    let mut text = String::new();
    let mut rest = duration.as_nanos();
    for (unit, seconds) in TIMES {
        let length = Duration::from_secs_f64(*seconds).as_nanos().max(1);
        if rest >= length {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{unit}", rest / length);
            rest %= length;
        }
    }
    match text.is_empty() {
        true => "0s".into(),
        false => text,
    }
}

/// A size as it would be written: `512MiB`.
pub fn size_text(size: Size) -> String {
    let exact = SIZES
        .iter()
        .find(|(_, bytes)| size.0 >= *bytes && size.0.is_multiple_of(*bytes));
    let (unit, bytes) = exact.unwrap_or(&("B", 1));
    format!("{}{unit}", size.0 / bytes)
}
