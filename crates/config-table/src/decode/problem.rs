//! Problems and notes: what an operator reads. Every word that came from outside is shown with its
//! control characters escaped and its length bounded.

use crate::tree::{Place, Step, path_text};
use std::fmt;

const SHOWN: usize = 60;

/// One thing that is wrong: where, which key, what was found, what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// Which key is meant; empty for the whole.
    pub path: Vec<Step>,
    /// What was found, in words, never a secret.
    pub found: String,
    /// What was expected, in words.
    pub expected: String,
}

impl Problem {
    /// A problem of the whole text, without a key.
    pub fn plain(place: Place, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            place,
            path: Vec::new(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    fn line(&self, file: &str) -> String {
        let place = self.place.text(file);
        let key = match self.path.is_empty() {
            true => String::new(),
            false => format!("{}: ", printable(&path_text(&self.path), 4 * SHOWN)),
        };
        format!(
            "{}: {key}{}; expected {}",
            printable(&place, 1000),
            self.found,
            self.expected
        )
    }
}

/// All that is wrong with a configuration, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The name of the file.
    pub name: String,
    /// At least one problem.
    pub problems: Vec<Problem>,
}

impl Report {
    /// A report, sorted by place.
    pub fn new(name: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| (&a.place, &a.path).cmp(&(&b.place, &b.path)));
        problems.dedup();
        Self {
            name: name.into(),
            problems,
        }
    }
}

impl fmt::Display for Report {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{}", problem.line(&self.name))?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// Something worth knowing that does not stop anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where it stands.
    pub place: Place,
    /// Which key, and what about it.
    pub text: String,
}

impl Note {
    /// As `check` prints it.
    pub fn line(&self, file: &str) -> String {
        let place = printable(&self.place.text(file), 1000);
        format!("{place}: note: {}", self.text)
    }
}

/// Text from outside, between backquotes.
pub fn quoted(text: &str) -> String {
    format!("`{}`", printable(text, SHOWN))
}

/// Text with control characters escaped, cut after `limit` characters.
fn printable(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for c in text.chars().take(limit) {
        match c.is_control() || is_direction(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    if text.chars().nth(limit).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Characters that turn the direction of a line, or break it, in a terminal.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
