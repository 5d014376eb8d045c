//! Requests of explicit transactions: where they are pinned, and what they invalidate. Nothing of a
//! transaction is kept here; its id carries its endpoint.

use super::body::{self, AccessMode, StatementRequest};
use super::classify::Class;
use super::operations::{OperationKind, RequestLine};
use super::understand::{Understander, shape_of, target};
use super::{features, transaction_id};
use crate::dialect::{Body, Call, Effect, Placement, QueryType, Request, Storability, Tag};

/// The call of a request of an explicit transaction.
pub fn session(understander: &Understander<'_>, request: &Request<'_>, line: &RequestLine) -> Call {
    let body = body::read(request, line.api).ok();
    let (classes, shape) = match &body {
        Some(body) => understander.classes(body),
        None => (Vec::new(), shape_of(std::iter::empty(), line.name)),
    };
    let unread = body.is_none() && !is_keep_alive(request);
    if unread || classes.iter().any(|class| class.elsewhere) {
        understander.knowledge.session_reaches_elsewhere();
    }
    let lasts = unread || classes.iter().any(Class::may_outlast_its_transaction);
    let texts = body.as_ref().map_or(&[][..], |body| &body.statements);
    Call {
        operation: line.name,
        effect: Effect::Session,
        target: target(&line.database),
        query_type: QueryType::Transaction,
        features: features::features(texts, &[]),
        invalidates: invalidated(understander, line, lasts),
        placement: placement(understander, body.as_ref(), line),
        storability: Storability::Never("explicit_transaction"),
        shape,
        ..Call::unknown("explicit transaction")
    }
}

/// A commit invalidates everything, since nothing is known any more of its statements, and so does what
/// lasts whatever becomes of the transaction.
fn invalidated(understander: &Understander<'_>, line: &RequestLine, lasts: bool) -> Vec<Tag> {
    if line.kind != OperationKind::Commit && !lasts {
        return Vec::new();
    }
    match understander.knowledge.sessions_reach_elsewhere() {
        true => understander.tags().whole_service(&line.database),
        false => understander.tags().whole_database(&line.database),
    }
}

fn placement(
    understander: &Understander<'_>,
    body: Option<&StatementRequest<'_>>,
    line: &RequestLine,
) -> Placement {
    let settings = understander.settings;
    let Some(id) = &line.id else {
        let reads = body.is_some_and(|body| body.access_mode == AccessMode::Read);
        return match reads && !settings.cluster {
            true => Placement::Any,
            false => Placement::Writer,
        };
    };
    let alone = match settings.endpoints.as_slice() {
        [token] => token.clone(),
        _ => String::new(),
    };
    Placement::Pinned(transaction_id::split(id).map_or(alone, |(_, token)| token.to_owned()))
}

/// Whether the body is empty, or an object without a statement.
fn is_keep_alive(request: &Request<'_>) -> bool {
    let Body::Whole(body) = request.body else {
        return false;
    };
    let found = json_reader::top_level(body, ["statement", "statements"]);
    let statement = found.values.iter().any(Option::is_some);
    body.is_empty() || found.is_complete && !statement
}
