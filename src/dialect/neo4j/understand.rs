//! From a request to a [`Call`]: the line of the table, then the statements, then where it may go,
//! what it invalidates, whether its response may be stored.

use super::body::{self, AccessMode, StatementRequest, TimeLimit};
use super::classify::{Class, classify, severity};
use super::operations::{Api, OperationKind, RequestLine, line, statement_name};
use super::path::{path_of, segments};
use super::{Neo4j, canonical, features, invalidation};
use crate::dialect::claims::Claims;
use crate::dialect::{
    Acknowledgement, Call, Effect, Fence, Placement, QueryType, Request, Storability, Target,
};
use cypher_reader::{QueryReport, read};
use http::Method;
use http::header::AUTHORIZATION;

/// Why a statement that commits in parts is never stored.
pub(super) const IN_TRANSACTIONS: &str = "in_transactions";

/// Where the server's own GET changes nothing; elsewhere an extension may answer.
const INERT: &[&str] = &["/db/", "/browser"];

impl Neo4j {
    /// Understands a request.
    pub(super) fn call(&self, request: &Request<'_>) -> Call {
        match line(request.method, request.target) {
            None => self.unknown(request),
            Some(line) => match line.kind {
                OperationKind::Discovery | OperationKind::Cluster => self.passive(&line),
                OperationKind::Auto => self.auto(request, &line),
                _ => self.session(request, &line),
            },
        }
    }

    /// Not in the table: a write to nobody knows what. Files of the browser are not even that.
    fn unknown(&self, request: &Request<'_>) -> Call {
        let path = path_of(request.target);
        let own = path == "/" || INERT.iter().any(|prefix| path.starts_with(prefix));
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

    fn passive(&self, line: &RequestLine) -> Call {
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

    /// A request that is a transaction of its own.
    fn auto(&self, request: &Request<'_>, line: &RequestLine) -> Call {
        let (body, classes, shape) = match body::read(request, line.api) {
            Ok(body) => {
                let (classes, shape) = self.classes(&body);
                (Ok(body), classes, shape)
            }
            Err(reason) => (Err(reason), Vec::new(), 0),
        };
        match body {
            Ok(body) => self.statement_call(request, line, &body, &classes, shape),
            Err(reason) => Call {
                target: target(&line.database),
                operation: statement_name(Effect::Unknown),
                invalidates: self.everything_of_service(&line.database),
                storability: Storability::Never("unread_body"),
                shape: shape_of(std::iter::empty(), line.name),
                ..Call::unknown(reason)
            },
        }
    }

    /// The classes of the statements, and the shape of them all.
    pub(super) fn classes(&self, body: &StatementRequest<'_>) -> (Vec<Class>, u64) {
        let statements: Vec<_> = body.statements.iter().map(|text| read(text)).collect();
        let shape = shape_of(statements.iter().map(|statement| statement.shape), "");
        let classify = |statement| classify(statement, &self.knowledge, &self.settings.pure);
        let mut classes: Vec<_> = statements.into_iter().map(classify).collect();
        if self.knowledge.is_learned_write(shape) {
            classes
                .iter_mut()
                .for_each(|class| class.effect = Effect::Write);
        }
        (classes, shape)
    }

    fn statement_call(
        &self,
        request: &Request<'_>,
        line: &RequestLine,
        body: &StatementRequest<'_>,
        classes: &[Class],
        shape: u64,
    ) -> Call {
        let worst = classes.iter().max_by_key(|class| severity(class.effect));
        let effect = worst.map_or(Effect::Read, |class| class.effect);
        let reports: Vec<&QueryReport> = classes
            .iter()
            .flat_map(|class| class.report.as_deref())
            .collect();
        let claims = Claims::of(request.headers.get_all(AUTHORIZATION));
        let mut call = Call {
            expires: claims.expires,
            knowledge: 0,
            operation: statement_name(effect),
            effect,
            target: target(&line.database),
            query_type: features::query_type(effect, &reports),
            features: features::features(&body.statements, &reports),
            reads: Vec::new(),
            invalidates: self.invalidated(line, effect, classes),
            storability: storability(line, body, effect, classes, claims.doubt),
            placement: self.placement(body, effect),
            acknowledgement: Acknowledgement::Applied,
            fence: fence(body, effect),
            time_limit: body.time_limit.duration(),
            // Neo4j 5.26 runs a statement of the Query API that is no part of a transaction past its limit.
            gives_up_in_time: line.api != Api::Query,
            shape,
            canonical: None,
            reason: worst.map_or("no statement", |class| class.reason),
        };
        if call.storability == Storability::Yes {
            call.reads = self.read_tags(line, body, &reports);
            call.canonical = Some(canonical::canonical(self, request, line, body));
        }
        call
    }

    /// A call that the database refused as a write. With `USE` it may write to another database, as may
    /// a statement that is too long to be read once more.
    pub(super) fn as_write(&self, call: &Call, request: &Request<'_>) -> Call {
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
                true => self.everything_of_service(&database),
                false => self.everything(&database),
            },
            storability: Storability::Never("not_a_read"),
            placement: Placement::Writer,
            fence: Fence::None,
            canonical: None,
            reason: "the database refused it as a write",
            ..call.clone()
        }
    }

    fn placement(&self, body: &StatementRequest<'_>, effect: Effect) -> Placement {
        let anywhere = !self.settings.cluster || body.bookmarks;
        match effect {
            Effect::Read if anywhere && body.access_mode != AccessMode::Write => Placement::Any,
            _ => Placement::Writer,
        }
    }
}

/// The target of a call.
pub(super) fn target(database: &str) -> Target {
    match database {
        "" => Target::Service,
        name => Target::Database(name.to_owned()),
    }
}

/// The fence of an auto-commit request.
fn fence(body: &StatementRequest<'_>, effect: Effect) -> Fence {
    match (body.access_mode, effect) {
        (AccessMode::Read, _) => Fence::Theirs,
        (AccessMode::None, Effect::Read) => Fence::Ours,
        _ => Fence::None,
    }
}

fn storability(
    line: &RequestLine,
    body: &StatementRequest<'_>,
    effect: Effect,
    classes: &[Class],
    doubt: Option<&'static str>,
) -> Storability {
    let never = classes.iter().find_map(|class| class.never);
    let reasons = [
        (classes.iter().any(Class::commits_in_parts), IN_TRANSACTIONS),
        (effect != Effect::Read, "not_a_read"),
        (line.database == invalidation::SYSTEM, "system_database"),
        (body.statements.is_empty(), "no_statement"),
        (body.bookmarks, "bookmarks"),
        (body.impersonates, "impersonated"),
        (
            matches!(body.access_mode, AccessMode::Write),
            "client_write_mode",
        ),
        (
            body.unknown_field
                || body.access_mode == AccessMode::Odd
                || body.time_limit == TimeLimit::Odd,
            "unknown_field",
        ),
    ];
    let holds = reasons.into_iter().find(|(holds, _)| *holds);
    match holds.map(|(_, reason)| reason).or(doubt).or(never) {
        Some(reason) => Storability::Never(reason),
        None => Storability::Yes,
    }
}

/// One shape for the shapes of all statements; of a request that was not read, one per name.
pub(super) fn shape_of(shapes: impl Iterator<Item = u64>, name: &str) -> u64 {
    let mut shapes = shapes.peekable();
    let Some(first) = shapes.next() else {
        let hash = blake3::hash(name.as_bytes());
        return cypher_reader::first_eight(hash.as_bytes());
    };
    shapes.fold(first, |sum, shape| sum.rotate_left(7) ^ shape)
}
