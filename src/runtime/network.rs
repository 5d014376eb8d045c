//! What goes over the network, from `/proc/net/dev`: the interfaces of this process's namespace without the loopback. How much
//! one can carry is what it says itself (`/sys/class/net/NAME/speed`); many virtual ones do not.

use crate::clock::Moment;
use std::time::Duration;

/// Interfaces that are looked at, in the system's order.
const MAX_INTERFACES: usize = 32;
/// Bytes per second of a megabit per second.
const MEGABIT: f64 = 1e6 / 8.0;

/// What goes over the network; `None`: not known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NetworkLoad {
    /// Of the busiest interface in its busier direction, 0..=1.
    pub usage: Option<f64>,
    /// Of all, in both directions.
    pub bytes_per_second: Option<f64>,
}

/// Reads one sample after the other; a rate is a difference between two.
#[derive(Default)]
pub struct Network {
    last: Option<(Moment, Vec<Interface>)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Interface {
    name: String,
    received: u64,
    sent: u64,
}

impl Network {
    /// A new sample; the first one tells no rates.
    pub fn load(&mut self, now: Moment) -> NetworkLoad {
        let Ok(text) = std::fs::read_to_string("/proc/net/dev") else {
            return NetworkLoad::default();
        };
        let interfaces = interfaces(&text);
        match self.last.replace((now, interfaces.clone())) {
            Some((then, before)) => rates(&before, &interfaces, now.since(then), speed),
            None => NetworkLoad::default(),
        }
    }
}

/// `name: received ... sent ...`, eight columns each, after two lines of heads.
fn interfaces(text: &str) -> Vec<Interface> {
    let rows = text.lines().skip(2).filter_map(|line| {
        let (name, columns) = line.split_once(':')?;
        let column = |at| columns.split_whitespace().nth(at)?.parse().ok();
        Some(Interface {
            name: name.trim().to_owned(),
            received: column(0)?,
            sent: column(8)?,
        })
    });
    let rows = rows.filter(|row| row.name != "lo");
    rows.take(MAX_INTERFACES).collect()
}

/// Bytes per second that an interface carries in each direction.
fn speed(name: &str) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/sys/class/net/{name}/speed")).ok()?;
    let megabits: f64 = text.trim().parse().ok()?;
    (megabits > 0.0).then_some(megabits * MEGABIT)
}

fn rates(
    before: &[Interface],
    now: &[Interface],
    elapsed: Duration,
    speed: fn(&str) -> Option<f64>,
) -> NetworkLoad {
    let seconds = elapsed.as_secs_f64();
    if seconds <= 0.0 {
        return NetworkLoad::default();
    }
    let (mut usage, mut sum) = (None, 0.0);
    for one in now {
        let Some(then) = before.iter().find(|other| other.name == one.name) else {
            continue;
        };
        let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        let (received, sent) = (rate(one.received, then.received), rate(one.sent, then.sent));
        sum += received + sent;
        if let Some(speed) = speed(&one.name) {
            let share = (received.max(sent) / speed).clamp(0.0, 1.0);
            usage = Some(share.max(usage.unwrap_or(0.0)));
        }
    }
    NetworkLoad {
        usage,
        bytes_per_second: Some(sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Inter-|   Receive  |  Transmit\n face |bytes packets |bytes packets\n";

    fn at(received: u64, sent: u64) -> Vec<Interface> {
        interfaces(&format!(
            "{HEAD}    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  eth0: {received} 1 0 0 0 0 0 0 {sent} 1 0 0 0 0 0 0\n"
        ))
    }

    fn known(_: &str) -> Option<f64> {
        Some(1000.0)
    }

    #[test]
    fn the_busier_direction_is_the_usage_and_both_are_the_rate() {
        let load = rates(&at(0, 0), &at(200, 1000), Duration::from_secs(2), known);
        assert_eq!(
            (load.usage, load.bytes_per_second),
            (Some(0.5), Some(600.0))
        );
    }

    #[test]
    fn an_interface_that_does_not_say_what_it_carries_has_no_usage() {
        let load = rates(&at(0, 0), &at(5, 5), Duration::from_secs(1), |_| None);
        assert_eq!((load.usage, load.bytes_per_second), (None, Some(10.0)));
    }

    #[test]
    fn counters_that_begin_anew_and_lines_of_another_form_are_no_traffic() {
        let load = rates(&at(9, 9), &at(0, 0), Duration::from_secs(1), known);
        assert_eq!(load.bytes_per_second, Some(0.0));
        assert_eq!(interfaces("a\nb\neth0 1 2\neth1: x\n"), []);
        let many: String = (0..100)
            .map(|n| format!("e{n}: 1 0 0 0 0 0 0 0 1\n"))
            .collect();
        assert_eq!(interfaces(&format!("{HEAD}{many}")).len(), MAX_INTERFACES);
    }
}
