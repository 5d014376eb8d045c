//! Reads a configuration: text, environment and flags in, a checked configuration or every problem out.

use super::checks;
use super::decode::{Note, Problem, Reader, Report, Value};
use super::overrides;
use super::table::ANY;
use super::tree::{MAX_BYTES, Place, parse};
use super::{Config, Endpoint};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where a configuration comes from. It holds the whole environment, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// `--set` flags: key and value.
    pub sets: Vec<(String, String)>,
}

impl Source {
    /// A file, with the environment of this process. Variables that are not UTF-8 are left out.
    pub fn of_process(path: impl Into<PathBuf>, sets: Vec<(String, String)>) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            path: path.into(),
            env: std::env::vars_os().filter_map(text).collect(),
            sets,
        }
    }
}

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its values.
    pub config: Config,
    /// What is worth knowing, by place.
    pub notes: Vec<Note>,
    /// The name of the file, for the notes.
    pub name: String,
}

/// Reads the file of a source.
///
/// # Errors
/// Every problem: an unreadable file, what is not YAML, every wrong, unknown or missing key.
pub fn load(source: &Source) -> Result<Loaded, Report> {
    let name = source.path.display().to_string();
    let text = text_of(&source.path).map_err(|problem| Report::new(&name, vec![problem]))?;
    read(&text, &name, &source.env, &source.sets)
}

/// Reads a text, pure but for files named by `${file:...}`.
///
/// # Errors
/// As `load`.
pub fn read(
    text: &str,
    name: &str,
    env: &BTreeMap<String, String>,
    sets: &[(String, String)],
) -> Result<Loaded, Report> {
    let mut root = parse(text, None).map_err(|problem| Report::new(name, vec![problem]))?;
    let mut reader = Reader::new(env);
    overrides::apply(
        &mut root,
        &Config::SHAPE,
        env,
        sets,
        &mut reader.problems,
        &mut reader.notes,
    );
    let config = Config::read(&root, &ANY, &mut reader);
    let mut config = config.unwrap_or_default();
    config
        .services
        .values_mut()
        .flat_map(|service| &mut service.endpoints)
        .for_each(fill_name);
    let Reader {
        mut problems,
        mut notes,
        ..
    } = reader;
    checks::check(&config, &root, &mut problems, &mut notes);
    notes.sort();
    match problems.is_empty() {
        true => Ok(Loaded {
            config,
            notes,
            name: name.into(),
        }),
        false => Err(Report::new(name, problems)),
    }
}

fn fill_name(endpoint: &mut Endpoint) {
    if endpoint.name.is_empty() {
        endpoint.name = endpoint.default_name();
    }
}

fn text_of(path: &Path) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that the parser sees that it is too long.
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

impl Loaded {
    /// The notes as `check` prints them.
    pub fn note_lines(&self) -> impl Iterator<Item = String> {
        self.notes.iter().map(|note| note.line(&self.name))
    }
}
