//! The table behind the configuration: what each section holds, as plain data. The macros
//! `section!` and `choice!` fill it; the decoder, the overrides and the printed references read it.
//! Nothing here reads YAML or prints.

pub mod forms;
mod macros;
mod rules;

pub use forms::{Form, Refused};
pub use rules::{ANY, Rules, count, formed, percent, required, share, time, ttl, volume, within};

/// What a value is made of.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Keys of its own.
    Section(&'static Section),
    /// Free names, each with a value of this shape.
    Map(&'static Shape),
    /// Values of this shape, one after the other.
    List(&'static Shape),
    /// Such a value, or none.
    Optional(&'static Shape),
    /// One of these words.
    Choice(&'static Choice),
    /// One piece of text with a meaning.
    Scalar(&'static Kind),
}

impl Shape {
    /// The shape without the leave to be absent.
    pub fn solid(&self) -> &Shape {
        match self {
            Shape::Optional(inner) => inner,
            other => other,
        }
    }

    /// The section of this value, or of the values that it holds.
    pub fn section(&self) -> Option<&'static Section> {
        match self {
            Shape::Section(section) => Some(section),
            Shape::Map(inner) | Shape::List(inner) | Shape::Optional(inner) => inner.section(),
            Shape::Choice(_) | Shape::Scalar(_) => None,
        }
    }
}

/// A section: its keys in the order in which they are printed.
#[derive(Debug)]
pub struct Section {
    /// The name of the type.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The key for which a bare text may stand.
    pub short: Option<&'static str>,
    /// Its keys.
    pub fields: &'static [Field],
    /// A section with every default, as `Value::show` shows it.
    pub default: fn() -> crate::Json,
}

impl Section {
    /// The key of this name.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The default of a key, as `Value::show` shows it.
    pub fn default_of(&self, key: &str) -> crate::Json {
        (self.default)().get(key).cloned().unwrap_or_default()
    }
}

/// One key of a section.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// Its words of explanation.
    pub about: &'static str,
    /// What its value is made of.
    pub shape: &'static Shape,
    /// What its value must keep to.
    pub rules: Rules,
}

/// A list of words.
#[derive(Debug)]
pub struct Choice {
    /// The name of the type.
    pub name: &'static str,
    /// Each word with its explanation.
    pub words: &'static [(&'static str, &'static str)],
    /// What else may stand there, in words: a name that is given elsewhere. `None`: nothing else.
    pub others: Option<&'static str>,
}

impl Choice {
    /// The words in one line.
    pub fn list(&self) -> String {
        let words = self.words.iter().map(|(word, _)| *word);
        words.chain(self.others).collect::<Vec<_>>().join(", ")
    }
}

/// A kind of scalar: how it is called, and how it looks.
#[derive(Debug)]
pub struct Kind {
    /// Its name in the reference.
    pub name: &'static str,
    /// What an error says was expected.
    pub expected: &'static str,
    /// Its type in JSON.
    pub json: &'static str,
    /// A regular expression for the JSON schema, if it is text.
    pub pattern: Option<&'static str>,
}
