//! A figure that is watched: it is told once that the figure is too high, and once that this is over. Two thresholds and a
//! time for each keep a figure that wavers from being told again and again.

use crate::Moment;
use std::time::Duration;

/// When an alarm begins and ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlarmRule {
    /// It begins when the figure has been above this for `begins_after`.
    pub above: f64,
    /// It ends when the figure has been no higher than this for `ends_after`.
    pub until: f64,
    pub begins_after: Duration,
    pub ends_after: Duration,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Begun,
    Ended,
}

/// Whether a figure is too high.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alarm {
    is_on: bool,
    /// Since when the figure has said the contrary.
    contrary: Option<Moment>,
}

impl Alarm {
    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Looks at the figure.
    pub fn look(&mut self, figure: f64, rule: &AlarmRule, now: Moment) -> Option<Edge> {
        let (is_contrary, after) = match self.is_on {
            false => (figure > rule.above, rule.begins_after),
            true => (figure <= rule.until, rule.ends_after),
        };
        if !is_contrary {
            self.contrary = None;
            return None;
        }
        let since = *self.contrary.get_or_insert(now);
        if now - since < after {
            return None;
        }
        self.contrary = None;
        self.is_on = !self.is_on;
        Some(match self.is_on {
            true => Edge::Begun,
            false => Edge::Ended,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: AlarmRule = AlarmRule {
        above: 0.8,
        until: 0.6,
        begins_after: Duration::from_secs(3),
        ends_after: Duration::from_secs(5),
    };

    /// One look in each second; the edges with their seconds.
    fn edges(figures: &[f64]) -> Vec<(u64, Edge)> {
        let mut alarm = Alarm::default();
        let looks = (0..).zip(figures);
        let edge = |(second, figure): (u64, &f64)| {
            let now = Moment::default() + Duration::from_secs(second);
            Some((second, alarm.look(*figure, &RULE, now)?))
        };
        looks.filter_map(edge).collect()
    }

    #[test]
    fn a_figure_that_stays_high_is_told_once_and_once_when_it_is_low_again() {
        let figures = [[0.9; 20], [0.1; 20], [0.1; 20]].concat();
        assert_eq!(edges(&figures), [(3, Edge::Begun), (25, Edge::Ended)]);
    }

    #[test]
    fn what_does_not_last_is_not_told() {
        assert!(edges(&[0.9, 0.9, 0.9, 0.8, 0.9, 0.9, 0.9, 0.1]).is_empty());
    }

    #[test]
    fn between_the_thresholds_nothing_changes() {
        let figures = [[0.9; 5], [0.7; 5], [0.9; 5], [0.7; 5]].concat();
        assert_eq!(edges(&figures), [(3, Edge::Begun)]);
    }

    #[test]
    fn a_figure_that_is_no_number_begins_nothing() {
        assert!(edges(&[f64::NAN; 10]).is_empty());
    }
}
