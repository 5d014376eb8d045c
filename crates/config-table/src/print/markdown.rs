//! The reference page: every key with its value, default and meaning.

use super::words::{about, kind, value};
use crate::decode::Value;
use crate::overrides::{Aliases, Reading};
use crate::table::{Field, Section, Shape};
use std::fmt::Write;

/// The whole page: `head`, a table for each section, and the flat names of variables.
pub fn markdown<T: Value>(head: &str, aliases: Option<&Aliases>) -> String {
    let mut page = String::from(head);
    if let Shape::Section(section) = T::SHAPE {
        sections(section, "", &mut page);
    }
    if let Some(aliases) = aliases {
        names(aliases, &mut page);
    }
    page
}

/// A heading and a table for a section, then for each section in it.
fn sections(section: &Section, path: &str, page: &mut String) {
    // A root of sections only needs no table of its own.
    if !path.is_empty()
        || section
            .fields
            .iter()
            .any(|field| field.shape.section().is_none())
    {
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
    let title = match path {
        "" => "Keys".into(),
        _ => format!("`{path}`"),
    };
    let _ = writeln!(page, "\n## {title}\n\n{}\n", about(section.about));
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
        if let Some(others) = choice.others {
            let _ = writeln!(page, "- {others}");
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

fn names(aliases: &Aliases, page: &mut String) {
    let _ = writeln!(
        page,
        "\n## Names with `{}`\n\n| variable | key | a plain number counts |\n|---|---|---|",
        aliases.prefix
    );
    for alias in aliases.names {
        let seconds = match alias.reading {
            Reading::Seconds => "seconds",
            _ => "",
        };
        let _ = writeln!(
            page,
            "| `{}{}` | `{}` | {seconds} |",
            aliases.prefix,
            alias.name.to_uppercase(),
            alias.key
        );
    }
}
