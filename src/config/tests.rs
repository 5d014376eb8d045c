//! What holds for every key of the table.

use super::Config;
use config_table::{Field, Section, Shape, Value};

fn sections() -> Vec<&'static Section> {
    fn add(section: &'static Section, all: &mut Vec<&'static Section>) {
        all.push(section);
        for inner in section
            .fields
            .iter()
            .filter_map(|field| field.shape.section())
        {
            add(inner, all);
        }
    }
    let mut all = Vec::new();
    add(Config::SHAPE.section().unwrap(), &mut all);
    all
}

fn fields() -> Vec<(String, &'static Field)> {
    let name = |section: &Section, field: &Field| format!("{}.{}", section.name, field.key);
    let each = |section: &'static Section| {
        section
            .fields
            .iter()
            .map(move |field| (name(section, field), field))
    };
    sections().into_iter().flat_map(each).collect()
}

#[test]
fn what_is_not_used_yet_says_so() {
    for (name, field) in fields() {
        assert_eq!(
            field.rules.unused,
            field.about.contains("Not used yet."),
            "{name}"
        );
    }
}

#[test]
fn what_needs_a_restart_says_so() {
    for section in sections() {
        for field in section.fields {
            let says = field.about.contains("A change needs a restart.");
            assert_eq!(field.rules.restart, says, "{}.{}", section.name, field.key);
        }
    }
}

#[test]
fn every_key_is_explained() {
    for (name, field) in fields() {
        assert!(
            field.about.trim().ends_with('.'),
            "{name}: {:?}",
            field.about
        );
    }
}

#[test]
fn every_number_has_bounds_and_a_default_within_them() {
    for (name, field) in fields() {
        let shape = match field.shape.solid() {
            Shape::Map(inner) => inner,
            shape => shape,
        };
        let numeric = matches!(shape, Shape::Scalar(kind)
            if ["whole number", "number", "duration", "size"].contains(&kind.name));
        assert_eq!(numeric, field.rules.bounds.is_some(), "{name}");
    }
    // The defaults are read back from `config/full.yaml`, which refuses what lies outside.
}
