//! Reads a configuration: text, environment and flags in, a checked configuration or every problem out.

use super::overrides::OVERRIDES;
use super::{Config, Endpoint, checks};
use balancing::policies::PolicyRegistry;
use config_table::{Decoded, Findings, Json, Note, Place, Problem, Report, Value, read_text};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where a configuration comes from. It holds the whole environment, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// `--set` flags: key and value.
    pub sets: Vec<(String, String)>,
    /// Policies that the program registers, which a strategy may name.
    pub policies: PolicyRegistry,
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
            policies: PolicyRegistry::default(),
        }
    }

    /// With policies of the program's own, which a strategy may name.
    pub fn with_policies(self, policies: PolicyRegistry) -> Self {
        Self { policies, ..self }
    }

    fn read(&self, text: &str, name: &str) -> Result<Loaded, Report> {
        let decoded = config_table::decode::<Config>(text, &self.env, &self.sets, &OVERRIDES);
        let Decoded {
            value: mut config,
            mut findings,
        } = decoded.map_err(|problem| Report::new(name, vec![problem]))?;
        config
            .services
            .values_mut()
            .flat_map(|service| &mut service.endpoints)
            .for_each(fill_name);
        checks::check(&config, &self.policies, &mut findings);
        Ok(Loaded {
            config,
            notes: findings.finish(name)?,
            name: name.into(),
            policies: self.policies.clone(),
        })
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
    /// Policies that the program registers.
    pub policies: PolicyRegistry,
}

/// Reads the file of a source.
///
/// # Errors
/// Every problem: an unreadable file, what is not YAML, every wrong, unknown or missing key.
pub fn load(source: &Source) -> Result<Loaded, Report> {
    let name = source.path.display().to_string();
    let text = read_text(&source.path).map_err(|problem| Report::new(&name, vec![problem]))?;
    source.read(&text, &name)
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
    let source = Source {
        env: env.clone(),
        sets: sets.to_vec(),
        ..Source::default()
    };
    source.read(text, name)
}

/// Checks a configuration that no file says, such as one that an operator changed, as far as what a change may name goes:
/// strategies, and the tags that they ask for.
///
/// # Errors
/// What does not fit together.
pub fn check_strategies(config: &Config, policies: &PolicyRegistry) -> Result<(), Report> {
    let mut findings = Findings::of_no_text();
    checks::strategies::check(config, policies, &mut findings);
    findings.finish("the change").map(drop)
}

/// Reads one endpoint in the form that the configuration has. References to variables and files are not taken: the
/// text comes from outside.
///
/// # Errors
/// Every wrong, unknown or missing key.
pub fn endpoint(text: &str) -> Result<Endpoint, Report> {
    const NAME: &str = "endpoint";
    if text.contains("${") {
        let problem = Problem::plain(Place::Whole, "a reference (`${`)", "plain values");
        return Err(Report::new(NAME, vec![problem]));
    }
    let decoded = config_table::decode::<Endpoint>(text, &BTreeMap::new(), &[], &OVERRIDES);
    let decoded = decoded.map_err(|problem| Report::new(NAME, vec![problem]))?;
    decoded.findings.finish(NAME)?;
    let mut endpoint = decoded.value;
    fill_name(&mut endpoint);
    Ok(endpoint)
}

/// A configuration as JSON, secrets as `***`: fit to be shown to all who may read settings.
pub fn masked(config: &Config) -> Json {
    config.show()
}

fn fill_name(endpoint: &mut Endpoint) {
    if let Some(address) = endpoint.address() {
        endpoint.name = endpoint.name_at(&address);
    }
}

impl Loaded {
    /// The notes as `check` prints them.
    pub fn note_lines(&self) -> impl Iterator<Item = String> {
        self.notes.iter().map(|note| note.line(&self.name))
    }
}
