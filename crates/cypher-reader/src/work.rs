//! Counts the steps of a reading, so that tests can hold them against the length of the text. Outside
//! tests nothing is counted.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Something was looked at, moved or copied this many times.
#[cfg(test)]
pub fn count(steps: usize) {
    STEPS.with(|sum| sum.set(sum.get() + steps));
}

/// Something was looked at, moved or copied this many times.
#[cfg(not(test))]
pub fn count(_steps: usize) {}

/// The steps of this thread since it was last read.
#[cfg(test)]
pub fn take() -> usize {
    STEPS.with(|sum| sum.replace(0))
}
