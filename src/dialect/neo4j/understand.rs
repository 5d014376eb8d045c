//! From a request to a [`Call`]: the line of the table says which kind of request it is, and the
//! module of that kind the rest.

use super::body::{self, StatementRequest};
use super::classify::{Class, classify};
use super::knowledge::Knowledge;
use super::operations::{Api, OperationKind, RequestLine, line, statement_name};
use super::path::{path_of, segments};
use super::settings::Neo4jSettings;
use super::tags::ServiceTags;
use super::{auto_commit, session};
use crate::dialect::{
    Call, Effect, Fence, Placement, QueryType, Request, Storability, Tag, Target,
};
use cypher_reader::read;
use http::Method;

/// Where the server's own GET changes nothing; elsewhere an extension may answer.
const INERT: &[&str] = &["/db/", "/browser/"];

/// Understands the requests of one service.
pub struct Understander<'a> {
    pub settings: &'a Neo4jSettings,
    pub service: &'a Tag,
    pub knowledge: &'a Knowledge,
}

impl<'a> Understander<'a> {
    /// Understands a request.
    pub fn call(&self, request: &Request<'_>) -> Call {
        match line(request.method, request.target) {
            None => self.unknown(request),
            Some(line) => match line.kind {
                OperationKind::Discovery | OperationKind::Cluster => passive(&line),
                OperationKind::Auto => auto_commit::auto_commit(self, request, &line),
                _ => session::session(self, request, &line),
            },
        }
    }

    /// The tags of the service.
    pub fn tags(&self) -> ServiceTags<'a> {
        ServiceTags {
            service: self.service,
            knowledge: self.knowledge,
        }
    }

    /// Not in the table: a write to nobody knows what. Files of the browser are not even that.
    fn unknown(&self, request: &Request<'_>) -> Call {
        let path = path_of(request.target);
        let own =
            matches!(path, "/" | "/browser") || INERT.iter().any(|prefix| path.starts_with(prefix));
        // A path that can be read in two ways may lead to an extension.
        let own = own && segments(request.target).is_some();
        let inert = own && [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method);
        Call {
            invalidates: if inert {
                Vec::new()
            } else {
                vec![self.service.clone()]
            },
            ..Call::unknown("no operation of the table")
        }
    }

    /// The classes of the statements, and the shape of them all.
    pub fn classes(&self, body: &StatementRequest<'_>) -> (Vec<Class>, u64) {
        let statements: Vec<_> = body.statements.iter().map(|text| read(text)).collect();
        let shape = shape_of(statements.iter().map(|statement| statement.shape), "");
        let classify = |statement| classify(statement, self.knowledge, &self.settings.pure);
        let mut classes: Vec<_> = statements.into_iter().map(classify).collect();
        if self.knowledge.writes.contains(shape) {
            classes
                .iter_mut()
                .for_each(|class| class.effect = Effect::Write);
        }
        (classes, shape)
    }

    /// A call that the database refused as a write. With `USE` it may write to another database, as may
    /// a statement that is too long to be read once more.
    pub fn refused_as_write(&self, call: &Call, request: &Request<'_>) -> Call {
        let line = line(request.method, request.target);
        let (database, api) =
            line.map_or((String::new(), Api::None), |line| (line.database, line.api));
        let classes = match body::takes_long(request) {
            true => None,
            false => body::read(request, api)
                .ok()
                .map(|body| self.classes(&body).0),
        };
        let elsewhere = classes.is_none_or(|classes| classes.iter().any(|class| class.elsewhere));
        Call {
            operation: statement_name(Effect::Write),
            effect: Effect::Write,
            query_type: QueryType::Write,
            reads: Vec::new(),
            invalidates: match elsewhere {
                true => self.tags().whole_service(&database),
                false => self.tags().whole_database(&database),
            },
            storability: Storability::Never("not_a_read"),
            placement: Placement::Writer,
            fence: Fence::None,
            canonical: None,
            reason: "the database refused it as a write",
            ..call.clone()
        }
    }
}

/// Asks for the state of the server.
fn passive(line: &RequestLine) -> Call {
    let cluster = line.kind == OperationKind::Cluster;
    Call {
        operation: line.name,
        effect: Effect::Read,
        target: target(&line.database),
        query_type: QueryType::Health,
        placement: if cluster {
            Placement::Local
        } else {
            Placement::Any
        },
        storability: Storability::Never(if cluster { "health" } else { "discovery" }),
        ..Call::unknown("state of the server")
    }
}

/// The target of a call.
pub fn target(database: &str) -> Target {
    match database {
        "" => Target::Service,
        name => Target::Database(name.to_owned()),
    }
}

/// One shape for the shapes of all statements; of a request that was not read, one per name.
pub fn shape_of(shapes: impl Iterator<Item = u64>, name: &str) -> u64 {
    let mut shapes = shapes.peekable();
    let Some(first) = shapes.next() else {
        let hash = blake3::hash(name.as_bytes());
        return cypher_reader::first_eight(hash.as_bytes());
    };
    shapes.fold(first, |sum, shape| sum.rotate_left(7) ^ shape)
}
