//! Tags: what a stored response depends on, and what a write invalidates. A tag is a readable path,
//! `qdrant/<service>/<collection>` or `neo4j/<service>/<db>/label/<L>`; its epoch lives in the cache.

use serde::Serialize;
use std::fmt;

/// One thing that responses depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Tag(Box<str>);

impl Tag {
    /// The tag of a whole service: every stored response of the service depends on it.
    pub fn service(dialect: &str, service: &str) -> Self {
        Self(format!("{dialect}/{service}").into())
    }

    /// A tag below another one. Parts are escaped, so that no name can forge a deeper tag.
    pub fn below(&self, parts: &[&str]) -> Self {
        let mut path = String::from(&*self.0);
        for part in parts {
            path.push('/');
            part.chars().for_each(|c| match c {
                '/' => path.push_str("%2F"),
                '%' => path.push_str("%25"),
                c => path.push(c),
            });
        }
        Self(path.into())
    }

    /// The readable path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
