//! An observation in one line: the value of the response header `x-pointsman-explain`. ASCII, at
//! most 1 KiB, and made only of bytes that no header parser can misread.

use super::notes::{AttemptNote, CacheNote, Facts, RouteNote};
use super::observation::Observation;
use super::safe::push_header_word;
use crate::plan::Plan;
use std::fmt::Write;

/// Longest headline, in bytes.
pub const MAX_HEADLINE: usize = 1024;

/// Bytes of one name in a headline.
const MAX_WORD: usize = 96;

/// The compact form: `op=..; effect=..; target=..; plan=..; cache=..; route=..; attempts=..; id=..`.
pub fn headline(seen: &Observation) -> String {
    let mut line = String::with_capacity(256);
    let _ = write!(line, "id={}", seen.id);
    seen.call
        .iter()
        .for_each(|facts| push_facts(&mut line, facts));
    seen.plan.iter().for_each(|plan| push_plan(&mut line, plan));
    seen.cache
        .iter()
        .for_each(|note| push_cache(&mut line, note));
    push_route(&mut line, &seen.route);
    if let Some(reason) = seen.rejection {
        let _ = write!(line, "; refused={}", reason.row().label);
    }
    // All of it is ASCII, so that any place is a character's edge.
    line.truncate(MAX_HEADLINE);
    line
}

fn push_route(line: &mut String, route: &RouteNote) {
    if let Some(decisive) = route.attempts.decisive() {
        push_attempt(line, &decisive);
        let _ = write!(line, "; attempts={}", route.attempts.len());
    }
    if let Some(counts) = route.counts {
        let _ = write!(
            line,
            "; capable={}; with_capacity={}; online={}",
            counts.capable, counts.with_capacity, counts.online
        );
    }
}

fn push_facts(line: &mut String, facts: &Facts) {
    line.push_str("; op=");
    push_header_word(line, facts.operation, MAX_WORD);
    let _ = write!(line, "; effect={}; target=", facts.effect.label());
    push_header_word(line, &facts.target, MAX_WORD);
}

fn push_plan(line: &mut String, plan: &Plan) {
    let complexity = plan.complexity.label();
    let _ = write!(line, "; plan={complexity}/{:.2}", plan.score);
}

fn push_cache(line: &mut String, note: &CacheNote) {
    let _ = write!(line, "; cache={}(", note.status.label());
    push_header_word(line, note.reason, MAX_WORD);
    line.push(')');
}

fn push_attempt(line: &mut String, attempt: &AttemptNote) {
    line.push_str("; route=");
    push_header_word(line, &attempt.endpoint, MAX_WORD);
    line.push('(');
    push_header_word(line, attempt.reason, MAX_WORD);
    if let Some(score) = attempt.score {
        let _ = write!(line, " {score:.3}");
    }
    line.push(')');
}
