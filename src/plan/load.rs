//! The load of the machine, sampled elsewhere: a plan's time goes by the processors; the health route reads the memory.

/// How busy the machine is. Shares are 0..=1; what cannot be observed is `None` and changes no formula.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SystemLoad {
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
}
