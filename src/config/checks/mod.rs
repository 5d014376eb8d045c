//! Checks across values: what each key alone cannot see. A value that was refused before is left
//! out here, so that one mistake is reported once.

mod addresses;
mod endpoints;

use super::Config;
use super::decode::units::duration_text;
use super::decode::{Note, Problem};
use super::tree::{Node, Step, path_text};

/// Reports everything that does not fit together.
pub fn check(config: &Config, tree: &Node, problems: &mut Vec<Problem>, notes: &mut Vec<Note>) {
    let mut ground = Ground {
        tree,
        problems,
        notes,
    };
    ground.services(config);
    endpoints::check(config, &mut ground);
    addresses::check(config, &mut ground);
    ground.admin(config);
    ground.breaker(config);
}

/// The tree for places, and what was found so far.
struct Ground<'a> {
    tree: &'a Node,
    problems: &'a mut Vec<Problem>,
    notes: &'a mut Vec<Note>,
}

impl Ground<'_> {
    fn refuse(&mut self, path: Vec<Step>, found: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Problem {
            place: self.tree.place_of(&path).clone(),
            path,
            found: found.into(),
            expected: expected.into(),
        });
    }

    fn note(&mut self, path: &[Step], words: &str) {
        self.notes.push(Note {
            place: self.tree.place_of(path).clone(),
            text: format!("{}: {words}", path_text(path)),
        });
    }

    /// Whether nothing was reported at or below a path, nor of the whole.
    fn is_clean(&self, path: &[Step]) -> bool {
        let about = |problem: &Problem| problem.path.is_empty() || problem.path.starts_with(path);
        !self.problems.iter().any(about)
    }

    fn services(&mut self, config: &Config) {
        let path = path(&["services"]);
        if config.services.is_empty() && self.is_clean(&path) {
            let expected = "at least one, with a dialect and endpoints";
            self.refuse(path, "no service", expected);
        }
    }

    fn admin(&mut self, config: &Config) {
        let admin = &config.admin;
        let path = path(&["admin", "operate_token"]);
        if !admin.listen.ip().is_loopback() && admin.operate_token.is_none() && self.is_clean(&path)
        {
            let found = format!("no token, though admin.listen is {}", admin.listen);
            let expected = "a token, or a loopback address such as 127.0.0.1:9600";
            self.refuse(path, found, expected);
        }
    }

    fn breaker(&mut self, config: &Config) {
        let (low, high) = (config.breaker.open_for, config.breaker.open_at_most);
        if high < low && self.is_clean(&path(&["breaker"])) {
            let expected = format!("at least breaker.open_for, {}", duration_text(low));
            let path = path(&["breaker", "open_at_most"]);
            self.refuse(path, duration_text(high), expected);
        }
    }
}

/// A path of keys.
fn path(parts: &[&str]) -> Vec<Step> {
    parts.iter().map(|part| Step::from(*part)).collect()
}

/// The path of a key of an endpoint.
fn endpoint_path(service: &str, index: usize, key: &str) -> Vec<Step> {
    let mut path = path(&["services", service, "endpoints"]);
    path.extend([index.into(), key.into()]);
    path
}
