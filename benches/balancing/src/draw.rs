//! Drawing numbers. Each purpose has a stream of its own, so that what a policy draws changes nothing of what it is given.

use balancing::Random;
use std::f64::consts::TAU;

/// What numbers are drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Arrivals,
    Speeds(usize),
    Proxy(usize),
}

impl Stream {
    /// The numbers of this stream for a seed.
    pub fn of(self, seed: u64) -> Random {
        let stream = match self {
            Stream::Arrivals => 0,
            Stream::Speeds(replica) => 1 + 2 * replica as u64,
            Stream::Proxy(proxy) => 2 + 2 * proxy as u64,
        };
        Random::seeded(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ stream)
    }
}

/// How long requests take on one worker of speed 1, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    Fixed(f64),
    /// By its mean.
    Exponential(f64),
    /// By its mean, and sigma of the logarithm.
    LogNormal(f64, f64),
    /// By its mean and standard deviation.
    Normal(f64, f64),
    /// Between `low` and `high`, with this shape.
    BoundedPareto {
        shape: f64,
        low: f64,
        high: f64,
    },
    /// One of several, each with its share. Each is a shape of its own.
    Mix(&'static [(f64, Size)]),
}

impl Size {
    /// The mean, milliseconds.
    pub fn mean(self) -> f64 {
        match self {
            Size::Fixed(mean)
            | Size::Exponential(mean)
            | Size::LogNormal(mean, _)
            | Size::Normal(mean, _) => mean,
            Size::BoundedPareto { shape, low, high } => {
                let scale = low.powf(shape) / (1.0 - (low / high).powf(shape));
                let rest = low.powf(1.0 - shape) - high.powf(1.0 - shape);
                scale * shape / (shape - 1.0) * rest
            }
            Size::Mix(parts) => parts.iter().map(|(share, size)| share * size.mean()).sum(),
        }
    }

    /// A size in milliseconds, and the part of the mix that it is of.
    pub fn draw(self, random: &mut Random) -> (f64, usize) {
        let size = match self {
            Size::Fixed(mean) => mean,
            Size::Exponential(mean) => exponential(mean, random),
            Size::LogNormal(mean, sigma) => {
                (mean.ln() - sigma * sigma / 2.0 + sigma * normal(random)).exp()
            }
            Size::Normal(mean, deviation) => (mean + deviation * normal(random)).max(0.0),
            Size::BoundedPareto { shape, low, high } => {
                let kept = 1.0 - random.fraction() * (1.0 - (low / high).powf(shape));
                low / kept.powf(1.0 / shape)
            }
            Size::Mix(parts) => return draw_part(parts, random),
        };
        (size, 0)
    }
}

fn draw_part(parts: &[(f64, Size)], random: &mut Random) -> (f64, usize) {
    let mut left = random.fraction();
    let is_this = |(share, _): &(f64, Size)| {
        left -= share;
        left < 0.0
    };
    let part = parts.iter().position(is_this).unwrap_or(parts.len() - 1);
    (parts[part].1.draw(random).0, part)
}

/// An exponential number with this mean.
pub fn exponential(mean: f64, random: &mut Random) -> f64 {
    -mean * (1.0 - random.fraction()).ln()
}

/// A standard normal number (Box and Muller).
pub fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * (1.0 - random.fraction()).ln()).sqrt();
    radius * (TAU * random.fraction()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_what_is_drawn_is_the_mean() {
        let mix: &[(f64, Size)] = &[(0.9, Size::Exponential(5.0)), (0.1, Size::Fixed(50.0))];
        let sizes = [
            Size::Fixed(3.0),
            Size::Exponential(10.0),
            Size::LogNormal(20.0, 1.0),
            Size::Normal(167.0, 5.0),
            Size::BoundedPareto {
                shape: 2.5,
                low: 1.0,
                high: 2000.0,
            },
            Size::Mix(mix),
        ];
        for size in sizes {
            let random = &mut Stream::Arrivals.of(1);
            let count = 400_000;
            let sum: f64 = (0..count).map(|_| size.draw(random).0).sum();
            let ratio = sum / f64::from(count) / size.mean();
            assert!((ratio - 1.0).abs() < 0.01, "{size:?}: {ratio}");
        }
    }
}
