//! Requests that are a transaction of their own: where they may go, what they invalidate, whether their
//! responses may be stored. The worst of the statements decides.

use super::body::{self, AccessMode, StatementRequest, TimeLimit};
use super::classify::{Class, severity};
use super::operations::{Api, RequestLine, statement_name};
use super::understand::{Understander, shape_of, target};
use super::{canonical, features, tags};
use crate::dialect::claims::Claims;
use crate::dialect::{Acknowledgement, Call, Effect, Fence, Placement, Request, Storability};
use cypher_reader::QueryReport;
use http::header::AUTHORIZATION;

/// Why a statement that commits in parts is never stored.
pub const IN_TRANSACTIONS: &str = "in_transactions";

/// The call of an auto-commit request.
pub fn auto_commit(
    understander: &Understander<'_>,
    request: &Request<'_>,
    line: &RequestLine,
) -> Call {
    match body::read(request, line.api) {
        Ok(body) => statements(understander, request, line, &body),
        Err(reason) => Call {
            target: target(&line.database),
            operation: statement_name(Effect::Unknown),
            invalidates: understander.tags().whole_service(&line.database),
            storability: Storability::Never("unread_body"),
            shape: shape_of(std::iter::empty(), line.name),
            ..Call::unknown(reason)
        },
    }
}

fn statements(
    understander: &Understander<'_>,
    request: &Request<'_>,
    line: &RequestLine,
    body: &StatementRequest<'_>,
) -> Call {
    let (classes, shape) = understander.classes(body);
    let worst = classes.iter().max_by_key(|class| severity(class.effect));
    let effect = worst.map_or(Effect::Read, |class| class.effect);
    let reports = classes.iter().flat_map(|class| class.report.as_deref());
    let reports: Vec<&QueryReport> = reports.collect();
    let tags = understander.tags();
    let claims = Claims::of(request.headers.get_all(AUTHORIZATION));
    let mut call = Call {
        expires: claims.expires,
        knowledge: 0,
        operation: statement_name(effect),
        effect,
        held: None,
        target: target(&line.database),
        query_type: features::query_type(effect, &reports),
        features: features::features(&body.statements, &reports),
        reads: Vec::new(),
        invalidates: tags.invalidated(&line.database, effect, &classes),
        storability: storability(line, body, effect, &classes, claims.doubt),
        placement: placement(understander.settings.cluster, body, effect),
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
        call.reads = tags.read(&line.database, body, &reports);
        let canonical = canonical::canonical(understander.settings, request, line, body);
        call.canonical = Some(canonical);
    }
    call
}

fn placement(cluster: bool, body: &StatementRequest<'_>, effect: Effect) -> Placement {
    let anywhere = !cluster || body.bookmarks;
    match effect {
        Effect::Read if anywhere && body.access_mode != AccessMode::Write => Placement::Any,
        _ => Placement::Writer,
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
        (line.database == tags::SYSTEM, "system_database"),
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
