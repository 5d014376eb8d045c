//! Makes the dialect of a service, and lets it keep what it has learned over a reload.

use super::Service;
use crate::config::{self, DialectName};
use crate::dialect::Dialect;
use crate::dialect::http::Http;
use crate::dialect::neo4j::{self, Neo4j};
use crate::dialect::qdrant::{self, Qdrant, QdrantSettings};
use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use std::sync::Arc;

/// What a dialect has learned of its database.
#[derive(Clone, Default)]
pub enum Memory {
    #[default]
    None,
    Qdrant(Arc<qdrant::Names>),
    Neo4j(Arc<neo4j::Knowledge>),
}

/// A dialect, and a hold on what it learns.
pub struct Made {
    pub dialect: Arc<dyn Dialect>,
    pub memory: Memory,
}

/// The dialect of a service, which goes on with the `memory` of the one before it. `None`: its credential cannot be sent.
pub fn dialect(name: &str, settings: &config::Service, memory: Memory) -> Option<Made> {
    match settings.dialect {
        DialectName::Qdrant => qdrant(name, settings, memory),
        DialectName::Neo4j => neo4j(name, settings, memory),
        DialectName::Http => Some(Made {
            dialect: Arc::new(Http::new(name)),
            memory: Memory::None,
        }),
    }
}

/// Whether two configurations of a service stand for the same database: one dialect, and a server in common.
pub fn is_same_database(before: &Service, after: &config::Service) -> bool {
    let serves = |url: &str| before.settings.endpoints.iter().any(|one| one.url == url);
    before.settings.dialect == after.dialect && after.endpoints.iter().any(|one| serves(&one.url))
}

fn qdrant(name: &str, settings: &config::Service, memory: Memory) -> Option<Made> {
    let names = match memory {
        Memory::Qdrant(names) => names,
        _ => Arc::default(),
    };
    let plain = QdrantSettings {
        replicas: settings.endpoints.len(),
        ..QdrantSettings::default()
    };
    let settings = match &settings.probe.api_key {
        Some(key) => plain.with_api_key(&key.0).ok()?,
        None => plain,
    };
    Some(Made {
        dialect: Arc::new(Qdrant::with_names(name, settings, Arc::clone(&names))),
        memory: Memory::Qdrant(names),
    })
}

fn neo4j(name: &str, settings: &config::Service, memory: Memory) -> Option<Made> {
    let names = settings
        .endpoints
        .iter()
        .map(|endpoint| endpoint.name.clone());
    let settings = neo4j::Settings {
        cluster: settings.cluster,
        endpoints: names.collect(),
        pure: settings.pure.clone(),
        credentials: basic(&settings.probe)?,
        ..neo4j::Settings::new(name)
    };
    let dialect = match memory {
        Memory::Neo4j(knowledge) => Neo4j::with_knowledge(settings, knowledge),
        _ => Neo4j::new(settings),
    };
    Some(Made {
        memory: Memory::Neo4j(dialect.knowledge()),
        dialect: Arc::new(dialect),
    })
}

/// The header of basic authentication, when there is a user.
fn basic(probe: &config::ProbeCredential) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let Some(user) = &probe.user else {
        return Some(Vec::new());
    };
    let password = probe.password.as_ref().map_or("", |password| &password.0);
    let text = BASE64_STANDARD.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::from_str(&format!("Basic {text}")).ok()?;
    value.set_sensitive(true);
    Some(vec![(AUTHORIZATION, value)])
}

/// A dialect for requests that no service serves: all that can be known without a server. `None`: no such dialect.
pub fn unserved(dialect: &str, service: &str) -> Option<Box<dyn Dialect>> {
    let (name, _) = DialectName::ALL.iter().find(|(_, word)| *word == dialect)?;
    Some(match name {
        DialectName::Qdrant => Box::new(Qdrant::new(service, QdrantSettings::default())),
        DialectName::Neo4j => Box::new(Neo4j::new(neo4j::Settings::new(service))),
        DialectName::Http => Box::new(Http::new(service)),
    })
}
