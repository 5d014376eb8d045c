//! The dialects, one row each: what a service of it is called and listens on by default, how its
//! dialect is made, and what its operator is warned of. A new dialect is a folder and a row here.

use super::Dialect;
use super::http::Http;
use super::neo4j::Neo4j;
use super::qdrant::Qdrant;
use ::http::header::InvalidHeaderValue;
use std::any::Any;
use std::sync::Arc;

/// What a dialect learned of its service, to be handed to the next instance of the same dialect.
pub type Learned = Option<Arc<dyn Any + Send + Sync>>;

/// A ready dialect; the error: its probe credential cannot stand in a header field.
pub type Built = Result<Arc<dyn Dialect>, InvalidHeaderValue>;

/// What the configuration says of a service, as far as a dialect needs it. All that a dialect is made of:
/// where it is equal after a reload, the dialect stays.
#[derive(PartialEq, Eq)]
pub struct ServiceSettings<'a> {
    pub name: &'a str,
    /// The [`endpoint_token`](super::endpoint_token) of each endpoint.
    pub endpoints: Vec<String>,
    /// The endpoints share one database.
    pub cluster: bool,
    /// Plug-in procedures and functions that only read.
    pub pure: &'a [String],
    /// The path of a probe of plain HTTP, and the first and last code of each range of its good responses; none: all below 500.
    pub probe_path: &'a str,
    pub expected: Vec<(u16, u16)>,
    pub api_key: Option<&'a str>,
    pub user: Option<&'a str>,
    pub password: Option<&'a str>,
}

/// One row.
pub struct DialectRow {
    /// The word in the configuration.
    pub word: &'static str,
    /// What it is for, in the reference of the configuration.
    pub about: &'static str,
    /// The loopback port of a service that names no address.
    pub listen_port: u16,
    /// Ports of an endpoint that are probably not meant, and why.
    pub unlikely_ports: &'static [(u16, &'static str)],
    /// The names that its calls may have, as records and metrics show them.
    pub operations: fn() -> Vec<&'static str>,
    /// Makes the dialect of a service, which goes on with what an earlier instance learned.
    pub build: fn(&ServiceSettings<'_>, Learned) -> Built,
    /// The dialect of a service by name, with all that can be known without a server.
    pub offline: fn(&str) -> Box<dyn Dialect>,
}

macro_rules! dialects {
    ($($variant:ident { word: $word:literal, about: $about:literal, $($field:ident: $value:expr,)* })*) => {
        /// A dialect by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DialectName { $(#[doc = $about] $variant,)* }

        impl DialectName {
            /// Every dialect with its word in the configuration.
            pub const ALL: &'static [(DialectName, &'static str)] =
                &[$((DialectName::$variant, $word),)*];

            /// Every word with what it stands for.
            pub const WORDS: &'static [(&'static str, &'static str)] = &[$(($word, $about),)*];

            /// The row.
            pub const fn row(self) -> &'static DialectRow {
                match self {
                    $(DialectName::$variant => &DialectRow {
                        word: $word,
                        about: $about,
                        $($field: $value,)*
                    },)*
                }
            }
        }
    };
}

dialects! {
    Qdrant {
        word: "qdrant",
        about: "Qdrant's REST interface. A service listens on 127.0.0.1:6433 by default.",
        listen_port: 6433,
        unlikely_ports: &[(6334, "6334 is Qdrant's gRPC port by default; its REST port is 6333")],
        operations: super::qdrant::operation_names,
        build: Qdrant::build,
        offline: Qdrant::offline,
    }
    Neo4j {
        word: "neo4j",
        about: "Neo4j's Query API and transactional HTTP API. A service listens on 127.0.0.1:7574 by default.",
        listen_port: 7574,
        unlikely_ports: &[
            (7687, "7687 is Neo4j's Bolt port by default; its HTTP port is 7474"),
            (7473, "7473 is Neo4j's HTTPS port by default; its HTTP port is 7474"),
        ],
        operations: super::neo4j::operation_names,
        build: Neo4j::build,
        offline: Neo4j::offline,
    }
    Http {
        word: "http",
        about: "Anything else: balanced and watched, never cached. A service listens on 127.0.0.1:8180 by default.",
        listen_port: 8180,
        unlikely_ports: &[],
        operations: super::http::operation_names,
        build: Http::build,
        offline: Http::offline,
    }
}

impl DialectName {
    /// The dialect of a word.
    pub fn of(word: &str) -> Option<Self> {
        let row = Self::ALL.iter().find(|(_, known)| *known == word)?;
        Some(row.0)
    }

    /// The word in the configuration.
    pub const fn word(self) -> &'static str {
        self.row().word
    }
}

/// The dialect of a service by its word, with all that can be known without a server; `None`: no such dialect.
pub fn offline(word: &str, service: &str) -> Option<Box<dyn Dialect>> {
    DialectName::of(word).map(|name| (name.row().offline)(service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_its_own_word_and_listens_on_its_own_port() {
        let rows = || DialectName::ALL.iter().map(|(name, _)| (*name, name.row()));
        for (name, row) in rows() {
            let dialect = offline(row.word, "s").unwrap();
            assert_eq!(dialect.name(), row.word);
            assert_eq!(DialectName::of(row.word), Some(name));
            assert!(
                row.about.contains(&row.listen_port.to_string()),
                "{}",
                row.word
            );
            let same = |(_, other): &(_, &DialectRow)| other.listen_port == row.listen_port;
            assert_eq!(rows().filter(same).count(), 1);
        }
        assert!(offline("bolt", "s").is_none());
    }
}
