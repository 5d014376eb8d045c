//! Policies of a program's own, by name: what a configuration finds beside the policies of this crate.

use super::Strategy;
use crate::Policy;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Policies that may be registered.
const MAX_POLICIES: usize = 256;

type Make = Arc<dyn Fn(usize) -> Arc<dyn Policy> + Send + Sync>;

/// Policies by name, each made anew for a pool of so many endpoints.
///
/// ```
/// use balancing::policies::{LeastConnections, PolicyRegistry};
///
/// let policies = PolicyRegistry::default()
///     .with("fewest", |_endpoints| LeastConnections)
///     .unwrap();
/// assert!(policies.policy("fewest", 3).is_some());
/// assert!(policies.with("round_robin", |_| LeastConnections).is_err());
/// ```
#[derive(Clone, Default)]
pub struct PolicyRegistry(BTreeMap<Box<str>, Make>);

/// Why a policy is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterError {
    /// A name has 1 to 63 of the characters a-z, 0-9, - and _, and begins with a letter or a digit.
    NoName,
    /// A policy has this name already.
    Taken,
    /// There are as many as there may be.
    TooMany,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoName => {
                "a policy is named by 1 to 63 of the characters a-z, 0-9, - and _, of which the first is a letter or a digit"
            }
            Self::Taken => "a policy has this name already",
            Self::TooMany => "there are as many policies as there may be",
        })
    }
}

impl std::error::Error for RegisterError {}

impl PolicyRegistry {
    /// With one more policy; `make` is given the number of endpoints of the pool that it is for.
    ///
    /// # Errors
    /// What is no name, or has a policy already.
    pub fn with<P: Policy + 'static>(
        mut self,
        name: &str,
        make: impl Fn(usize) -> P + Send + Sync + 'static,
    ) -> Result<Self, RegisterError> {
        if !is_name(name) {
            return Err(RegisterError::NoName);
        }
        if Strategy::of(name).is_some() || self.has(name) {
            return Err(RegisterError::Taken);
        }
        if self.0.len() >= MAX_POLICIES {
            return Err(RegisterError::TooMany);
        }
        let make: Make = Arc::new(move |endpoints| Arc::new(make(endpoints)));
        self.0.insert(name.into(), make);
        Ok(self)
    }

    /// Whether there is such a policy.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// A fresh policy of this name.
    pub fn policy(&self, name: &str, endpoints: usize) -> Option<Arc<dyn Policy>> {
        self.0.get(name).map(|make| make(endpoints))
    }
}

impl fmt::Debug for PolicyRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    (1..=63).contains(&name.len()) && name.chars().all(inner) && !name.starts_with(['-', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::RoundRobin;

    fn register(all: PolicyRegistry, name: &str) -> Result<PolicyRegistry, RegisterError> {
        all.with(name, |_| RoundRobin::default())
    }

    #[test]
    fn a_policy_is_found_by_its_name_and_by_no_other() {
        let all = register(PolicyRegistry::default(), "own").unwrap();
        assert!(all.policy("own", 1).is_some() && all.policy("other", 1).is_none());
        assert_eq!(all.names().collect::<Vec<_>>(), ["own"]);
    }

    #[test]
    fn a_name_that_is_taken_or_none_is_refused() {
        let all = register(PolicyRegistry::default(), "own").unwrap();
        for (name, expected) in [
            ("own", RegisterError::Taken),
            ("adaptive", RegisterError::Taken),
            ("", RegisterError::NoName),
            ("Own", RegisterError::NoName),
            ("_own", RegisterError::NoName),
            ("a b", RegisterError::NoName),
        ] {
            assert_eq!(register(all.clone(), name).err(), Some(expected), "{name}");
        }
    }

    #[test]
    fn there_are_so_many_at_most() {
        let mut all = PolicyRegistry::default();
        for number in 0..MAX_POLICIES {
            all = register(all, &format!("p{number}")).unwrap();
        }
        assert_eq!(register(all, "more").err(), Some(RegisterError::TooMany));
    }
}
