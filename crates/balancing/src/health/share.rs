//! Whether one share of failures is higher than another beyond chance. Bounds by Wilson's score interval, so that few
//! requests suffice where the shares are far apart, and many do not make a small difference count.

/// Square of the normal quantile of both bounds: 2.5. Two shares whose bounds are this far apart differ by chance about
/// once in five thousand comparisons.
const Z2: f64 = 6.25;

/// A chance that is none.
const HARDLY: f64 = 1e-6;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    pub some: u64,
    pub all: u64,
}

impl Share {
    /// Whether this share is higher than the other by more than `margin`, beyond chance.
    pub fn exceeds(self, other: Share, margin: f64) -> bool {
        let (lower, _) = self.bounds();
        let (_, upper) = other.bounds();
        lower > upper + margin
    }

    /// Whether so many failures in a row happen less than once in a million requests where this is the share of failures.
    pub fn hardly_gives(self, in_a_row: u32) -> bool {
        let (_, upper) = self.bounds();
        let exponent = i32::try_from(in_a_row).unwrap_or(i32::MAX);
        upper.powi(exponent) < HARDLY
    }

    /// What it may really be, 0..=1 each.
    fn bounds(self) -> (f64, f64) {
        if self.all == 0 {
            return (0.0, 1.0);
        }
        let n = self.all as f64;
        let p = self.some as f64 / n;
        let middle = p + Z2 / (2.0 * n);
        let spread = (Z2 * (p * (1.0 - p) / n + Z2 / (4.0 * n * n))).sqrt();
        let scale = 1.0 + Z2 / n;
        ((middle - spread) / scale, (middle + spread) / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exceeds(own: (u64, u64), other: (u64, u64)) -> bool {
        let share = |(some, all)| Share { some, all };
        share(own).exceeds(share(other), 0.0)
    }

    #[test]
    fn five_of_five_are_more_than_none_of_eight_and_not_more_than_none_of_three() {
        assert!(exceeds((5, 5), (0, 8)));
        assert!(!exceeds((5, 5), (0, 3)));
        assert!(!exceeds((5, 5), (0, 0)));
    }

    #[test]
    fn five_in_a_row_say_something_where_peers_do_not_fail_and_nothing_where_a_third_of_all_does() {
        let share = |some, all| Share { some, all };
        assert!(share(0, 100).hardly_gives(5));
        assert!(!share(0, 20).hardly_gives(5), "too few to tell");
        assert!(share(0, 20).hardly_gives(10));
        assert!(!share(300, 1000).hardly_gives(10));
        assert!(!share(0, 0).hardly_gives(u32::MAX));
    }

    #[test]
    fn like_shares_do_not_exceed_each_other_however_many_there_are() {
        for n in [10, 1000, 100_000] {
            assert!(!exceeds((n * 3 / 10, n), (n * 3 / 10, n)));
        }
        assert!(exceeds((300, 1000), (100, 1000)));
        assert!(!exceeds((3, 10), (1, 10)));
    }
}
