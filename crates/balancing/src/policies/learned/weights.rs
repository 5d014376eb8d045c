//! The weights of strategies by class of complexity, learned by multiplying: a vote that did better than usual raises the weight of
//! the strategies that gave it.

use super::VOTERS;
use super::votes::Voted;
use crate::atomic::AtomicF64;

/// Classes that learn apart; a higher one counts as the last.
pub const CLASSES: u8 = 4;
/// How fast weights move.
const RATE: f64 = 0.05;
/// The least share that a strategy keeps before all are brought to 1 in sum.
const FLOOR: f64 = 0.05;
/// The share that one request has in what is usual.
const GAIN: f64 = 0.05;

/// The weights by class. Two requests that end at the same moment may teach as one.
#[derive(Debug, Default)]
pub struct Weights([ClassWeights; CLASSES as usize]);

/// The weights for one class.
#[derive(Debug)]
struct ClassWeights {
    weights: [AtomicF64; VOTERS],
    /// What is usual: the time in seconds, 0 before the first; and the reward.
    time: AtomicF64,
    reward: AtomicF64,
}

impl Default for ClassWeights {
    fn default() -> Self {
        let equal = 1.0 / VOTERS as f64;
        Self {
            weights: std::array::from_fn(|_| AtomicF64::new(equal)),
            time: AtomicF64::default(),
            reward: AtomicF64::new(0.5),
        }
    }
}

impl Weights {
    /// The weights for a class; their sum is 1.
    pub fn of(&self, class: u8) -> [f64; VOTERS] {
        let class = self.class(class);
        class.map_or([0.0; VOTERS], ClassWeights::get)
    }

    /// A request that these voted for succeeded in so many seconds: the reward is 0.5 where that is usual, and towards 1 where it
    /// is faster.
    pub fn succeeded(&self, class: u8, voted: Voted, seconds: f64) {
        let Some(class) = self.class(class) else {
            return;
        };
        let usual = match class.time.get() {
            0.0 => seconds,
            usual => usual,
        };
        class.time.set(usual + GAIN * (seconds - usual));
        class.learn(voted, usual / (usual + seconds).max(f64::MIN_POSITIVE));
    }

    /// A request that these voted for failed.
    pub fn failed(&self, class: u8, voted: Voted) {
        if let Some(class) = self.class(class) {
            class.learn(voted, 0.0);
        }
    }

    /// All of it, for [`Weights::recall`].
    pub fn figures(&self) -> Vec<f64> {
        self.all().map(AtomicF64::get).collect()
    }

    /// Goes on from such figures, as far as they are trusted (0..=1). What cannot be weights is ignored.
    pub fn recall(&self, figures: &[f64], trust: f64) {
        let length = VOTERS + 2;
        let is_sound = |class: &[f64]| {
            let (weights, usual) = class.split_at(VOTERS.min(class.len()));
            let sum: f64 = weights.iter().sum();
            let is_whole = weights.iter().all(|one| *one > 0.0) && (sum - 1.0).abs() < 1e-6;
            is_whole && usual.iter().all(|one| (0.0..1e9).contains(one))
        };
        let fits = figures.len() == length * self.0.len();
        if fits && figures.chunks(length).all(is_sound) {
            let all = self.all().zip(figures);
            all.for_each(|(one, figure)| one.set(one.get() + trust * (figure - one.get())));
        }
    }

    fn all(&self) -> impl Iterator<Item = &AtomicF64> {
        self.0.iter().flat_map(ClassWeights::all)
    }

    fn class(&self, class: u8) -> Option<&ClassWeights> {
        self.0.get(usize::from(class.min(CLASSES - 1)))
    }
}

impl ClassWeights {
    fn all(&self) -> impl Iterator<Item = &AtomicF64> {
        self.weights.iter().chain([&self.time, &self.reward])
    }

    fn get(&self) -> [f64; VOTERS] {
        std::array::from_fn(|voter| self.weights.get(voter).map_or(0.0, AtomicF64::get))
    }

    fn learn(&self, voted: Voted, reward: f64) {
        let usual = self.reward.get();
        self.reward.set(usual + GAIN * (reward - usual));
        let factor = (RATE * (reward - usual)).exp();
        let mut weights = self.get();
        for (weight, voted) in weights.iter_mut().zip(voted) {
            *weight *= if voted { factor } else { 1.0 };
        }
        let sum: f64 = weights.iter().sum();
        let floored = weights.map(|weight| (weight / sum).max(FLOOR));
        let sum: f64 = floored.iter().sum();
        for (kept, weight) in self.weights.iter().zip(floored) {
            kept.set(weight / sum);
        }
    }
}
