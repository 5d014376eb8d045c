//! From a text to a value: parse, apply overrides, decode. What was found on the way is collected,
//! so that checks across keys add to the same list.

use crate::decode::{Note, Problem, Reader, Report, Value};
use crate::overrides::{Overrides, apply};
use crate::table::ANY;
use crate::tree::{Body, MAX_BYTES, Node, Parsed, Place, Step, parse, path_text};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// A value, and what was found while it was decoded. The value is only good when
/// `findings.problems` is empty: what could not be decoded has its default.
#[derive(Debug)]
pub struct Decoded<T> {
    /// The value.
    pub value: T,
    /// What was found.
    pub findings: Findings,
}

/// Problems and notes, and the tree that knows the places.
#[derive(Debug)]
pub struct Findings {
    tree: Node,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What is worth knowing.
    pub notes: Vec<Note>,
}

/// Decodes a text. Variables and flags (`sets`: key and value) override what it says.
///
/// # Errors
/// What is not YAML at all, or not one document. Everything else is in the findings.
pub fn decode<T: Value + Default>(
    text: &str,
    env: &BTreeMap<String, String>,
    sets: &[(String, String)],
    overrides: &Overrides,
) -> Result<Decoded<T>, Problem> {
    let Parsed { mut root, problems } = parse(text, None)?;
    let mut reader = Reader::new(env, problems);
    apply(overrides, &mut root, &T::SHAPE, sets, &mut reader);
    let value = T::read(&root, &ANY, &mut reader).unwrap_or_default();
    let findings = Findings {
        tree: root,
        problems: reader.problems,
        notes: reader.notes,
    };
    Ok(Decoded { value, findings })
}

impl Findings {
    /// Of a value that no text says.
    pub fn of_no_text() -> Self {
        Self {
            tree: Node::new(Place::Whole, Body::Nothing),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Reports a problem of the value at a path.
    pub fn refuse(
        &mut self,
        path: Vec<Step>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.problems.push(Problem {
            place: self.tree.place_of(&path).clone(),
            path,
            found: found.into(),
            expected: expected.into(),
        });
    }

    /// Notes something about the value at a path.
    pub fn note(&mut self, path: &[Step], words: &str) {
        self.notes.push(Note {
            place: self.tree.place_of(path).clone(),
            text: format!("{}: {words}", path_text(path)),
        });
    }

    /// Whether nothing was reported at or below a path, nor of the whole. A check of a value that
    /// was refused before would report one mistake twice.
    pub fn is_clean(&self, path: &[Step]) -> bool {
        let about = |problem: &Problem| problem.path.is_empty() || problem.path.starts_with(path);
        !self.problems.iter().any(about)
    }

    /// The notes in order, or a report of every problem.
    ///
    /// # Errors
    /// When there is at least one problem.
    pub fn finish(mut self, name: &str) -> Result<Vec<Note>, Report> {
        self.notes.sort();
        match self.problems.is_empty() {
            true => Ok(self.notes),
            false => Err(Report::new(name, self.problems)),
        }
    }
}

/// Reads a file of at most the length that `decode` takes.
///
/// # Errors
/// A file that cannot be read, is too long, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    // One byte more than allowed shows that it is too long.
    let limit = MAX_BYTES as u64 + 1;
    let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    if let Err(error) = read {
        let found = format!("a file that cannot be read ({error})");
        return Err(Problem::plain(Place::Whole, found, "a readable file"));
    }
    if bytes.len() > MAX_BYTES {
        let found = format!("more than {MAX_BYTES} bytes");
        return Err(Problem::plain(Place::Whole, found, "a shorter file"));
    }
    String::from_utf8(bytes).map_err(|error| not_utf8(&error))
}

fn not_utf8(error: &std::string::FromUtf8Error) -> Problem {
    let good = error
        .as_bytes()
        .get(..error.utf8_error().valid_up_to())
        .unwrap_or_default();
    let good = String::from_utf8_lossy(good);
    let column = good.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let line = good.matches('\n').count() + 1;
    Problem::plain(
        Place::File { line, column },
        "a byte that is not UTF-8",
        "UTF-8 text",
    )
}
