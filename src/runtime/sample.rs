//! Samples the machine's load from `/proc`: the processors, by which plans estimate times, and the memory, which
//! the health route shows. What cannot be read stays unknown.

use crate::plan::SystemLoad;

/// Reads one sample after the other; processor time is a difference between two.
#[derive(Default)]
pub struct Machine {
    last: Option<Ticks>,
}

#[derive(Clone, Copy)]
struct Ticks {
    busy: u64,
    all: u64,
}

impl Machine {
    /// A new sample; the memory only when it is watched.
    pub fn load(&mut self, memory_watched: bool) -> SystemLoad {
        SystemLoad {
            cpu: self.cpu(),
            memory: memory_watched.then(memory).flatten(),
        }
    }

    fn cpu(&mut self) -> Option<f64> {
        let now = ticks(&std::fs::read_to_string("/proc/stat").ok()?)?;
        let before = self.last.replace(now)?;
        let all = now.all.checked_sub(before.all).filter(|all| *all > 0)?;
        Some((now.busy.saturating_sub(before.busy) as f64 / all as f64).clamp(0.0, 1.0))
    }
}

/// The first line of `/proc/stat`: user nice system idle iowait irq softirq steal ...
fn ticks(stat: &str) -> Option<Ticks> {
    let numbers: Vec<u64> = stat
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|word| word.parse().ok())
        .collect();
    let all = numbers.iter().sum();
    let idle: u64 = numbers.iter().skip(3).take(2).sum();
    Some(Ticks {
        busy: all - idle,
        all,
    })
}

/// Share of the machine's memory that is not available.
fn memory() -> Option<f64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let read = |key: &str| -> Option<f64> {
        let line = info.lines().find(|line| line.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let (total, free) = (read("MemTotal:")?, read("MemAvailable:")?);
    (total > 0.0).then(|| (1.0 - free / total).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_disks_counts_as_idle() {
        let read = ticks("cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 1 2 3\n").unwrap();
        assert_eq!((read.busy, read.all), (20, 100));
    }

    #[test]
    fn what_is_no_number_is_unknown_rather_than_zero() {
        assert!(ticks("").is_none());
    }
}
