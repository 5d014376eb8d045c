//! Makes the dialect of a service, and lets it keep what it has learned over a reload.

use super::Service;
use crate::config::{self, DialectName};
use crate::dialect::Dialect;
use crate::dialect::http::Http;
use crate::dialect::neo4j::{self, Knowledge, Neo4j};
use crate::dialect::qdrant::{Names, Qdrant, QdrantSettings};
use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use std::sync::Arc;

/// What a dialect has learned, to be handed to the next one.
#[derive(Clone)]
pub enum Learned {
    Qdrant(Arc<Names>),
    Neo4j(Arc<Knowledge>),
    Nothing,
}

/// The dialect of a service; the one `before` where nothing that it depends on has changed, otherwise a
/// new one that knows what that one knew. `None`: its credential cannot be sent.
pub fn dialect(
    name: &str,
    settings: &config::Service,
    before: Option<&Service>,
) -> Option<(Arc<dyn Dialect>, Learned)> {
    if let Some(before) = before.filter(|before| is_same(&before.settings, settings)) {
        return Some((Arc::clone(&before.dialect), before.learned.clone()));
    }
    let learned = before.map_or(Learned::Nothing, |before| before.learned.clone());
    Some(match settings.dialect {
        DialectName::Qdrant => qdrant(name, settings, learned)?,
        DialectName::Neo4j => neo4j(name, settings, learned)?,
        DialectName::Http => (Arc::new(Http::new(name)), Learned::Nothing),
    })
}

/// Whether a service still stands for the same servers: at least one of them is the same. What was
/// learned and stored of others is of no use.
pub fn is_successor(before: &config::Service, after: &config::Service) -> bool {
    let had = |url: &str| before.endpoints.iter().any(|endpoint| endpoint.url == url);
    before.dialect == after.dialect && after.endpoints.iter().any(|endpoint| had(&endpoint.url))
}

/// Whether a dialect made for the one would be the same as one made for the other.
fn is_same(before: &config::Service, after: &config::Service) -> bool {
    let servers = |service: &config::Service| {
        let server = |endpoint: &config::Endpoint| (endpoint.name.clone(), endpoint.url.clone());
        service.endpoints.iter().map(server).collect::<Vec<_>>()
    };
    before.dialect == after.dialect
        && before.probe == after.probe
        && before.cluster == after.cluster
        && before.pure == after.pure
        && servers(before) == servers(after)
}

fn qdrant(
    name: &str,
    settings: &config::Service,
    learned: Learned,
) -> Option<(Arc<dyn Dialect>, Learned)> {
    let plain = QdrantSettings {
        replicas: settings.endpoints.len(),
        ..QdrantSettings::default()
    };
    let settings = match &settings.probe.api_key {
        Some(key) => plain.with_api_key(&key.0).ok()?,
        None => plain,
    };
    let names = match learned {
        Learned::Qdrant(names) => names,
        _ => Arc::default(),
    };
    let dialect = Qdrant::with_names(name, settings, Arc::clone(&names));
    Some((Arc::new(dialect), Learned::Qdrant(names)))
}

fn neo4j(
    name: &str,
    settings: &config::Service,
    learned: Learned,
) -> Option<(Arc<dyn Dialect>, Learned)> {
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
    let knowledge = match learned {
        Learned::Neo4j(knowledge) => knowledge,
        _ => Arc::default(),
    };
    let dialect = Neo4j::with_knowledge(settings, Arc::clone(&knowledge));
    Some((Arc::new(dialect), Learned::Neo4j(knowledge)))
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
    let name = DialectName::ALL
        .iter()
        .find(|(_, word)| *word == dialect)?
        .0;
    Some(match name {
        DialectName::Qdrant => Box::new(Qdrant::new(service, QdrantSettings::default())),
        DialectName::Neo4j => Box::new(Neo4j::with_knowledge(
            neo4j::Settings::new(service),
            Arc::new(Knowledge::of_stock()),
        )),
        DialectName::Http => Box::new(Http::new(service)),
    })
}
