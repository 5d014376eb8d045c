//! What an endpoint is for, by the tags of its configuration: `read`, `write`, `collection:NAME`, `database:NAME`, and words of
//! the operator's own. One without a tag of a kind takes all of that kind.

use crate::dialect::{CallFacts, Target};

/// The tags of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointTags {
    reads: bool,
    writes: bool,
    /// The collections and databases that it holds, hashed; empty: all.
    targets: Box<[u64]>,
    /// Words that no request asks for.
    others: u32,
}

impl EndpointTags {
    /// The tags of a configuration.
    pub fn of(words: &[String]) -> Self {
        let has = |word: &str| words.iter().any(|one| one == word);
        let is_role = |word: &&String| ["read", "write"].contains(&word.as_str());
        let targets: Box<[u64]> = words.iter().filter_map(|word| target(word)).collect();
        let others = words.len() - targets.len() - words.iter().filter(is_role).count();
        Self {
            reads: has("read"),
            writes: has("write"),
            targets,
            others: u32::try_from(others).unwrap_or(u32::MAX),
        }
    }

    /// Whether it takes such a call.
    pub fn take(&self, facts: &CallFacts) -> bool {
        let role = match facts.is_read {
            true => self.reads || !self.writes,
            false => self.writes || !self.reads,
        };
        let holds = facts.held == 0 || self.targets.is_empty();
        role && (holds || self.targets.contains(&facts.held))
    }

    /// How many of them such a call does not ask for.
    pub fn unused(&self, facts: &CallFacts) -> u32 {
        let role = if facts.is_read {
            self.writes
        } else {
            self.reads
        };
        let targets = self.targets.iter().filter(|one| **one != facts.held);
        let targets = u32::try_from(targets.count()).unwrap_or(u32::MAX);
        self.others
            .saturating_add(u32::from(role))
            .saturating_add(targets)
    }
}

fn target(word: &str) -> Option<u64> {
    let (kind, name) = word.split_once(':')?;
    let target = match kind {
        "collection" => Target::Collection(name.to_owned()),
        "database" => Target::Database(name.to_lowercase()),
        _ => return None,
    };
    Some(target.hashed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(words: &[&str]) -> EndpointTags {
        EndpointTags::of(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    fn call(is_read: bool, collection: &str) -> CallFacts {
        CallFacts {
            is_read,
            asks_data: true,
            target: 0,
            held: Target::Collection(collection.to_owned()).hashed(),
            is_change: false,
            needs_target: false,
        }
    }

    #[test]
    fn an_endpoint_without_tags_takes_all() {
        let none = tags(&[]);
        assert!(none.take(&call(true, "a")) && none.take(&call(false, "b")));
        assert_eq!(none.unused(&call(true, "a")), 0);
    }

    #[test]
    fn tags_of_a_kind_exclude_the_others_of_that_kind() {
        let reader = tags(&["read", "collection:a", "gpu"]);
        assert!(reader.take(&call(true, "a")));
        assert!(!reader.take(&call(false, "a")) && !reader.take(&call(true, "b")));
        let whole = CallFacts {
            held: 0,
            ..call(true, "")
        };
        assert!(reader.take(&whole), "the service as a whole");
    }

    #[test]
    fn tags_that_a_call_does_not_ask_for_are_counted() {
        let all = tags(&["read", "write", "collection:a", "collection:b", "gpu"]);
        assert_eq!(all.unused(&call(true, "a")), 3);
        assert_eq!(tags(&["read", "collection:a"]).unused(&call(true, "a")), 0);
    }
}
