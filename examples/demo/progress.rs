//! What the demo does while it starts, with the time since it began.

use std::time::Instant;

pub struct Progress(Instant);

impl Progress {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Prints the step that begins now.
    pub fn step(&self, what: &str) {
        println!("{:5.1} s  {what}", self.0.elapsed().as_secs_f64());
    }
}
