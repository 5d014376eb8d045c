//! What a trial counted, and the table that it prints.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

/// Findings of one kind that are described; more are only counted.
const DESCRIBED: u64 = 6;

/// Counters by name, in the order in which they were declared.
pub struct Figures {
    rows: &'static [&'static str],
    counts: Vec<AtomicU64>,
    micros: Mutex<Vec<u32>>,
    findings: Mutex<Vec<String>>,
}

impl Figures {
    /// All at zero.
    pub fn new(rows: &'static [&'static str]) -> Self {
        Self {
            rows,
            counts: rows.iter().map(|_| AtomicU64::new(0)).collect(),
            micros: Mutex::default(),
            findings: Mutex::default(),
        }
    }

    fn place(&self, row: &str) -> &AtomicU64 {
        let place = self.rows.iter().position(|name| *name == row);
        &self.counts[place.unwrap_or_else(|| panic!("no figure is named {row}"))]
    }

    /// Counts one.
    pub fn count(&self, row: &str) {
        self.add(row, 1);
    }

    /// Counts many.
    pub fn add(&self, row: &str, many: u64) {
        self.place(row).fetch_add(many, Relaxed);
    }

    /// A figure.
    pub fn get(&self, row: &str) -> u64 {
        self.place(row).load(Relaxed)
    }

    /// Counts one and says what it was.
    pub fn find(&self, row: &str, what: impl FnOnce() -> String) {
        if self.place(row).fetch_add(1, Relaxed) < DESCRIBED {
            self.findings.lock().push(format!("{row}: {}", what()));
        }
    }

    /// The first findings.
    pub fn findings(&self) -> Vec<String> {
        self.findings.lock().clone()
    }

    /// Notes how long a read took.
    pub fn took(&self, time: Duration) {
        let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        self.micros.lock().push(micros);
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for row in self.rows {
            let _ = writeln!(text, "  {row:<52} {:>12}", self.get(row));
        }
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
            let millis = f64::from(self.quantile(share)) / 1e3;
            let name = format!("time of a read, {name}, ms");
            let _ = writeln!(text, "  {name:<52} {millis:>12.2}");
        }
        text
    }

    fn quantile(&self, share: f64) -> u32 {
        let mut micros = self.micros.lock();
        micros.sort_unstable();
        let place = (micros.len() as f64 * share) as usize;
        micros
            .get(place.min(micros.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0)
    }
}
