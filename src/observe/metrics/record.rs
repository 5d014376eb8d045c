//! One observation -> metrics. Only names, static words and numbers are read; nothing that a client
//! chose becomes a label.

use super::families::Families;
use super::words;
use crate::dialect::Fault;
use crate::observe::HEDGE_CANCELLED;
use crate::observe::notes::{AttemptNote, ExpectedTime};
use crate::observe::observation::Observation;
use crate::plan::{Category, PlanOutcome};
use crate::rejection::RejectionReason;
use balancing::Distance;

/// Counts one request.
pub fn record(families: &Families, seen: &Observation) {
    request(families, seen);
    stages(families, seen);
    plan(families, seen);
    cache(families, seen);
    if seen.rejection.is_some_and(RejectionReason::lacks_endpoint) {
        families
            .assignments
            .with([&seen.service, "none"], |one| one.inc());
    }
}

fn request(families: &Families, seen: &Observation) {
    let (service, operation) = (&*seen.service, seen.operation());
    let labels = [
        service,
        operation,
        seen.effect().label(),
        words::status_class(seen.status),
    ];
    families.requests.with(labels, |one| one.inc());
    families.request_duration.with([service, operation], |one| {
        one.observe(seen.times.total.as_secs_f64())
    });
    for (direction, bytes) in [("in", seen.bytes_in), ("out", seen.bytes_out)] {
        families
            .client_bytes
            .with([service, direction], |one| one.inc_by(bytes));
    }
    if let Some(side) = seen.outcome.side() {
        families.aborted.with([service, side], |one| one.inc());
    }
    let strategy = &*seen.route.strategy;
    if !strategy.is_empty() {
        families.choices.with([service, strategy], |one| one.inc());
    }
    if seen.slow {
        families.slow.with([service], |one| one.inc());
    }
    if let Some(reason) = seen.rejection {
        families
            .rejections
            .with([service, reason.row().label], |one| one.inc());
    }
}

fn stages(families: &Families, seen: &Observation) {
    let times = &seen.times;
    let stages = [
        ("understand", times.understand),
        ("cache", times.cache),
        ("route", times.route),
    ];
    for (stage, span) in stages {
        let Some(span) = span else { continue };
        families.stage_duration.with([&seen.service, stage], |one| {
            one.observe(span.as_secs_f64())
        });
    }
    if let Some(span) = times.queue {
        families
            .queue_wait
            .with([&seen.service], |one| one.observe(span.as_secs_f64()));
    }
    if let Some(span) = times.first_byte {
        families
            .first_byte
            .with([&seen.service], |one| one.observe(span.as_secs_f64()));
    }
}

fn plan(families: &Families, seen: &Observation) {
    if let Some(span) = seen.times.plan {
        families
            .plan_duration
            .with([&seen.service], |one| one.observe(span.as_secs_f64()));
    }
    let Some(plan) = &seen.plan else { return };
    let labels = [plan.execution.label(), plan.complexity.label()];
    families.plans.with(labels, |one| one.inc());
    if let Some(resource) = plan.short_of {
        families
            .infeasible_plans
            .with([&seen.service, resource.label()], |one| one.inc());
    }
}

/// Counts by how much a plan's estimates were wrong.
pub fn plan_measured(families: &Families, service: &str, outcome: &PlanOutcome) {
    let time = outcome.estimated_time.filter(|time| !time.is_zero());
    let time = time.map(|time| outcome.actual_time.as_secs_f64() / time.as_secs_f64());
    let cost = outcome.actual_cost.zip(outcome.estimated_cost);
    let cost = cost.map(|(actual, estimated)| actual / estimated);
    let ratios = [
        (&families.estimate_ratio, time),
        (&families.cost_ratio, cost),
    ];
    for (family, ratio) in ratios {
        if let Some(ratio) = ratio.filter(|_| outcome.success) {
            family.with([service], |one| one.observe(ratio));
        }
    }
}

fn cache(families: &Families, seen: &Observation) {
    let Some(note) = &seen.cache else { return };
    let labels = [
        &*seen.service,
        note.category.map_or("none", Category::label),
        note.status.label(),
    ];
    families.cache_requests.with(labels, |one| one.inc());
    families
        .cache_reasons
        .with([&seen.service, note.reason], |one| one.inc());
}

/// Counts an attempt that is sent; `before`: the fault of the one before it, where this is a further one.
pub fn attempt_sent(
    families: &Families,
    service: &str,
    attempt: &AttemptNote,
    before: Option<Fault>,
) {
    let elsewhere = match attempt.distance {
        Distance::Near => None,
        Distance::OtherZone => Some("other_zone"),
        Distance::OtherRegion => Some("other_region"),
    };
    if let Some(to) = elsewhere {
        let labels = [service, to, attempt.spill];
        families.spill_over.with(labels, |one| one.inc());
    }
    families
        .assignments
        .with([service, "assigned"], |one| one.inc());
    if let Some(fault) = before {
        families
            .retries
            .with([service, fault.label()], |one| one.inc());
    }
}

/// Counts an attempt that has ended.
pub fn attempt_ended(families: &Families, service: &str, attempt: &AttemptNote) {
    let labels = [service, &*attempt.endpoint, attempt.fault.label()];
    families.attempts.with(labels, |one| one.inc());
    let seconds = attempt.elapsed.as_secs_f64();
    families
        .upstream_duration
        .with([service, &attempt.endpoint], |one| one.observe(seconds));
    if let Some((expected_by, ratio)) = service_time_ratio(attempt) {
        families
            .service_time_ratio
            .with([service, expected_by], |one| one.observe(ratio));
    }
}

/// Only a response that was waited for says how long one takes.
fn service_time_ratio(attempt: &AttemptNote) -> Option<(&'static str, f64)> {
    let (by, expected) = match attempt.expected? {
        ExpectedTime::Learned(time) => ("strategy", time),
        ExpectedTime::Planned(time) => ("plan", time),
    };
    let is_measured = attempt.fault == Fault::None && attempt.code != HEDGE_CANCELLED;
    let took = attempt.service_time.filter(|_| is_measured)?;
    (!expected.is_zero()).then(|| (by, took.as_secs_f64() / expected.as_secs_f64()))
}
