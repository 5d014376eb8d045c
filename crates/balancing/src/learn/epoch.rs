//! What happened at an endpoint in a short time, by the number of requests in flight, and what that says of how many it works on
//! at once.

use super::levels::{LEVELS, level, requests};
use crate::Moment;

/// Responses that come after each other are not independent: their evidence counts half.
const DEPENDENCE: f64 = 2.0;
/// Standard deviations beyond which a residual counts as an outlier, and no further.
const OUTLIER: f64 = 3.0;

/// How much more the work between responses varies than where they come at random (1), past which they come in bursts: of eight
/// and more.
const BURSTS: f64 = 4.0;

/// The variance of residuals below which requests take about the same time each. Workers that happen to end together once do so again
/// and again then, and the levels that this leaves for a moment seem to be the fastest; but times tell much, also those of requests that
/// waited.
const STEADY: f64 = 0.1;

/// A sum for each level.
pub type Table = [f64; LEVELS];

/// The sums of one epoch, by level.
#[derive(Debug)]
pub struct Epoch {
    pub begun: Moment,
    pub responses: u32,
    /// Seconds that the level lasted.
    pub lasted: Table,
    /// Responses that came at the level.
    pub came: Table,
    /// Requests that began at the level, and the sum of their residuals.
    pub began: Table,
    residuals: Table,
    variance: f64,
    /// Sum of the work between responses and sum of its squares, as [`Epoch::respond`] is told it.
    work: (f64, f64),
    /// `lasted` as it was at the last response.
    at_response: Table,
}

/// How long a response took, as against what was expected of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Requests in flight when it began, itself among them.
    pub in_flight: u32,
    /// The logarithm of its time over the expected one.
    pub residual: f64,
    /// The variance of residuals.
    pub variance: f64,
    /// It waited for this very endpoint before it began: its time is not like the others'.
    pub has_waited: bool,
}

impl Epoch {
    /// One that begins.
    pub fn new(begun: Moment) -> Self {
        Self {
            begun,
            responses: 0,
            lasted: [0.0; LEVELS],
            came: [0.0; LEVELS],
            began: [0.0; LEVELS],
            residuals: [0.0; LEVELS],
            variance: 1.0,
            work: (0.0, 0.0),
            at_response: [0.0; LEVELS],
        }
    }

    /// A response came at this level, after so much work since the one before: seconds times the requests that were surely worked on.
    pub fn respond(&mut self, at: usize, work: f64) {
        add(&mut self.came, at, 1.0);
        self.work.0 += work;
        self.work.1 += work * work;
        self.responses += 1;
        self.at_response = self.lasted;
    }

    /// The time since the last response does not count.
    pub fn forget_silence(&mut self) {
        self.lasted = self.at_response;
    }

    /// Counts a response by the level at which its request began.
    pub fn take(&mut self, sample: &Sample) {
        self.variance = sample.variance.max(0.02);
        if sample.has_waited && self.variance >= STEADY {
            return;
        }
        let most = OUTLIER * self.variance.sqrt();
        let at = level(sample.in_flight);
        add(&mut self.began, at, 1.0);
        add(&mut self.residuals, at, sample.residual.clamp(-most, most));
    }

    /// Adds the responses that it saw of each level.
    pub fn show(&self, seen: &mut Table) {
        for (at, seen) in seen.iter_mut().enumerate() {
            *seen += get(&self.came, at) + get(&self.began, at);
        }
    }

    /// The level at which the endpoint was nearly all the time, levels counted in that are no further from it than this share.
    pub fn constant(&self, beside: f64) -> Option<usize> {
        let total: f64 = self.lasted.iter().sum();
        let lasted = || self.lasted.iter().enumerate();
        let (at, _) = lasted().max_by(|a, b| a.1.total_cmp(b.1))?;
        let is_beside = |level: &usize| (requests(*level) / requests(at) - 1.0).abs() <= beside;
        let near = lasted().filter(|(level, _)| is_beside(level));
        let near: f64 = near.map(|(_, lasted)| lasted).sum();
        (near > 0.8 * total).then_some(at)
    }

    /// Adds what this epoch says of each candidate.
    pub fn weigh(&self, log_likelihood: &mut Table) {
        let top = (1..LEVELS)
            .rev()
            .find(|at| get(&self.came, *at) + get(&self.began, *at) > 0.0);
        let top = top.unwrap_or(1);
        let comes_in_bursts = self.comes_in_bursts();
        for (candidate, sum) in log_likelihood.iter_mut().enumerate().skip(1) {
            let rate = match comes_in_bursts {
                true => 0.0,
                false => self.by_rate(candidate, top),
            };
            *sum += (rate + self.by_times(candidate, top)) / DEPENDENCE;
        }
    }

    /// Whether responses came together rather than one by one: requests that began together and take the same time end together,
    /// at levels that fall from response to response and last no time. Such a level tells nothing of the rate at it.
    fn comes_in_bursts(&self) -> bool {
        let (sum, squares) = self.work;
        let dispersion = f64::from(self.responses) * squares / (2.0 * sum * sum).max(1e-18);
        dispersion > BURSTS
    }

    /// Responses come in proportion to min(level, candidate): their log-likelihood given how many came.
    fn by_rate(&self, candidate: usize, top: usize) -> f64 {
        let (mut work, mut logs, mut came) = (0.0, 0.0, 0.0);
        for at in 1..=top {
            let busy = requests(at.min(candidate));
            work += get(&self.lasted, at) * busy;
            logs += get(&self.came, at) * busy.ln();
            came += get(&self.came, at);
        }
        logs - came * work.max(1e-12).ln()
    }

    /// Above the candidate a request takes level/candidate times as long: the normal log-likelihood of the residuals, with
    /// the mean of the epoch taken out.
    fn by_times(&self, candidate: usize, top: usize) -> f64 {
        let (mut count, mut sum) = (0.0, 0.0);
        let (mut shift, mut squares, mut products) = (0.0, 0.0, 0.0);
        for at in 1..=top {
            let (began, residual) = (get(&self.began, at), get(&self.residuals, at));
            count += began;
            sum += residual;
            if at > candidate {
                let longer = (requests(at) / requests(candidate)).ln();
                shift += began * longer;
                squares += began * longer * longer;
                products += residual * longer;
            }
        }
        let of_mean = ((sum - shift).powi(2) - sum * sum) / f64::max(count, 1.0);
        -(squares - 2.0 * products - of_mean) / (2.0 * self.variance)
    }
}

/// No sums.
pub fn zeros() -> Box<Table> {
    Box::new([0.0; LEVELS])
}

/// The sum of a level.
pub fn get(table: &Table, at: usize) -> f64 {
    table.get(at).copied().unwrap_or(0.0)
}

/// Adds to the sum of a level.
pub fn add(table: &mut Table, at: usize, what: f64) {
    if let Some(sum) = table.get_mut(at) {
        *sum += what;
    }
}
