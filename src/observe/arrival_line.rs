//! Arrivals as lines of text, one JSON object each: what a file of arrivals holds, so that a replay can read it after the
//! process has ended.

use super::arrivals::Arrival;
use crate::plan::Complexity;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead};

/// Lines of a file that are read at most.
const MOST: usize = 1_000_000;
/// Bytes of a line at most.
const LONGEST: u64 = 64 << 10;

/// A request that was sent to an endpoint. No parameters, no paths, no credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrivalLine {
    /// When it arrived, microseconds since 1970.
    pub at_us: u64,
    pub service: String,
    pub operation: String,
    /// The call without its literals, hashed.
    pub shape: u64,
    /// Its complexity, from 0.
    pub class: u8,
    /// Estimated cost units, more than 0.
    pub cost: f64,
    pub endpoint: String,
    /// Seconds that the endpoint took until its response was there or began to stream.
    pub service_time: f64,
    /// Whether it failed there, and not by the client's own doing.
    pub failed: bool,
    /// Whether any endpoint could have taken it.
    pub is_free: bool,
}

/// A file of arrivals that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalFileError {
    #[error("line {line}: {source}")]
    Unreadable { line: usize, source: io::Error },
    #[error(
        "line {line}, column {column}: expected an arrival as `observe.arrivals_file` writes it: {what}"
    )]
    Malformed {
        line: usize,
        column: usize,
        what: &'static str,
    },
    #[error("line {line}: more than {MOST} lines are not read; give a part of the file")]
    TooLong { line: usize },
}

impl ArrivalLine {
    /// The line of an arrival.
    pub fn of(arrival: &Arrival, at_us: u64) -> Self {
        Self {
            at_us,
            service: arrival.service.to_string(),
            operation: arrival.operation.to_owned(),
            shape: arrival.shape,
            class: arrival.class.class(),
            cost: arrival.cost,
            endpoint: arrival.server_id.to_string(),
            service_time: arrival.service_time,
            failed: arrival.fault.has_failed(),
            is_free: arrival.is_free,
        }
    }

    /// Why its figures make no arrival.
    fn fault(&self) -> Option<&'static str> {
        let is_class = usize::from(self.class) < Complexity::ALL.len();
        let is_cost = self.cost > 0.0 && self.cost <= 1e9;
        let is_time = (0.0..=1e6).contains(&self.service_time);
        [
            (is_class, "class is 0 to 3"),
            (is_cost, "cost is more than 0"),
            (is_time, "service_time is 0 or more"),
        ]
        .into_iter()
        .find_map(|(is_good, what)| (!is_good).then_some(what))
    }
}

/// Reads lines, in the order of arrival. A last line that was cut, as by the end of a process, is left out.
///
/// # Errors
/// The first line that is none.
pub fn read(mut from: impl BufRead) -> Result<Vec<ArrivalLine>, ArrivalFileError> {
    let mut all: Vec<ArrivalLine> = Vec::new();
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let read = io::Read::take(&mut from, LONGEST).read_until(b'\n', &mut text);
        read.map_err(|source| ArrivalFileError::Unreadable { line, source })?;
        let is_whole = text.last() == Some(&b'\n');
        if text.is_empty() || !is_whole && (text.len() as u64) < LONGEST {
            break;
        }
        if all.len() >= MOST {
            return Err(ArrivalFileError::TooLong { line });
        }
        all.push(parsed(&text, line)?);
    }
    all.sort_by_key(|one| one.at_us);
    Ok(all)
}

fn parsed(text: &[u8], line: usize) -> Result<ArrivalLine, ArrivalFileError> {
    let malformed = |column, what| ArrivalFileError::Malformed { line, column, what };
    let parsed: ArrivalLine = serde_json::from_slice(text)
        .map_err(|error| malformed(error.column(), "one JSON object with its ten fields"))?;
    match parsed.fault() {
        Some(what) => Err(malformed(1, what)),
        None => Ok(parsed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Effect, Fault};

    const LINE: &str = r#"{"at_us":7,"service":"db","operation":"points.query","shape":18446744073709551615,"class":1,"cost":2.5,"endpoint":"a","service_time":0.1,"failed":false,"is_free":true}"#;

    fn arrival(fault: Fault) -> Arrival {
        Arrival {
            timestamp: 0,
            arrived: crate::clock::Moment(0),
            service: "db".into(),
            operation: "points.query",
            effect: Effect::Read,
            shape: 1,
            class: Complexity::Simple,
            cost: 1.0,
            key: 1,
            server_id: "a".into(),
            service_time: 0.001,
            execution_time: 0.001,
            fault,
            success: fault == Fault::None,
            is_free: true,
        }
    }

    #[test]
    fn whatever_fails_but_by_the_clients_doing_is_written_as_failed_however_fast_it_came() {
        let failed = |fault| ArrivalLine::of(&arrival(fault), 0).failed;
        use Fault::{Access, Client, Database, Endpoint, Lag, None, Overload, Peer, Role};
        assert!(
            [Access, Database, Endpoint, Lag, Overload, Peer]
                .map(failed)
                .iter()
                .all(|failed| *failed)
        );
        assert!(![None, Client, Role].map(failed).contains(&true));
    }

    fn fault(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read_in_the_order_of_arrival_and_a_cut_end_is_left_out() {
        let earlier = LINE.replace(":7,", ":3,");
        let read = read(format!("{LINE}\n{earlier}\n{{\"at_us\":9").as_bytes()).unwrap();
        let times: Vec<u64> = read.iter().map(|one| one.at_us).collect();
        assert_eq!(times, [3, 7]);
        assert_eq!(serde_json::to_string(&read[1]).unwrap(), LINE);
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        assert!(fault(&format!("{LINE}\nnothing\n")).starts_with("line 2, column "));
        let free = LINE.replace("2.5", "0");
        assert!(fault(&format!("{free}\n")).ends_with("cost is more than 0"));
        let more = LINE.replace("\"class\":1", "\"class\":9");
        assert!(fault(&format!("{more}\n")).ends_with("class is 0 to 3"));
        let unknown = LINE.replace("\"class\"", "\"clazz\"");
        assert!(fault(&format!("{unknown}\n")).contains("ten fields"));
    }

    #[test]
    fn a_line_without_an_end_is_refused_and_not_held() {
        let endless = "x".repeat(1 << 20);
        assert!(fault(&endless).starts_with("line 1, column "));
    }
}
