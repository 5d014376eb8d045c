//! `docs/configuration.md`: how a configuration is written, and every key.

use super::words::{about, kind, value};
use crate::config::Config;
use crate::config::decode::Value;
use crate::config::overrides::performance;
use crate::config::table::{Field, Section, Shape};
use std::fmt::Write;

const HEAD: &str = include_str!("head.md");

/// The whole page.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    if let Shape::Section(section) = Config::SHAPE {
        sections(section, "", &mut page);
    }
    names(&mut page);
    page
}

/// A heading and a table for a section, then for each section in it.
fn sections(section: &Section, path: &str, page: &mut String) {
    if !path.is_empty() {
        heading(section, path, page);
        for field in section.fields {
            row(section, field, page);
        }
        section.fields.iter().for_each(|field| words(field, page));
    }
    for field in section.fields {
        if let Some(inner) = field.shape.section() {
            sections(inner, &below(path, field), page);
        }
    }
}

// Writing to a String cannot fail, here and below.
fn heading(section: &Section, path: &str, page: &mut String) {
    let _ = writeln!(page, "\n## `{path}`\n\n{}\n", about(section.about));
    if let Some(short) = section.short {
        let _ = writeln!(
            page,
            "A bare text stands for `{short}`, all else default.\n"
        );
    }
    page.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
}

fn row(section: &Section, field: &Field, page: &mut String) {
    let default = match field.shape {
        _ if field.rules.required => "required".into(),
        Shape::Section(_) => "below".into(),
        shape => match value(&section.default_of(field.key), shape).as_str() {
            "null" => "none".into(),
            text => format!("`{text}`"),
        },
    };
    let cells = [
        format!("`{}`", field.key),
        kind(field),
        default,
        about(field.about),
    ];
    let _ = writeln!(
        page,
        "| {} |",
        cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
    );
}

/// The meaning of each word of a choice.
fn words(field: &Field, page: &mut String) {
    if let Shape::Choice(choice) = field.shape.solid() {
        let _ = writeln!(page, "\nWords of `{}`:\n", field.key);
        for (word, meaning) in choice.words {
            let _ = writeln!(page, "- `{word}`: {}", about(meaning));
        }
    }
}

fn below(path: &str, field: &Field) -> String {
    let dot = if path.is_empty() { "" } else { "." };
    let tail = match field.shape {
        Shape::Map(_) => ".NAME",
        Shape::List(_) => "[0]",
        _ => "",
    };
    format!("{path}{dot}{}{tail}", field.key)
}

fn names(page: &mut String) {
    page.push_str("\n## Names with `PERFORMANCE_`\n\n| variable | key | a plain number counts |\n|---|---|---|\n");
    for (name, key, reading) in performance::NAMES {
        let seconds = match reading {
            performance::Reading::Seconds => "seconds",
            _ => "",
        };
        let _ = writeln!(
            page,
            "| `PERFORMANCE_{}` | `{key}` | {seconds} |",
            name.to_uppercase()
        );
    }
}
