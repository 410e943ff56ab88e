//! Choices read from a tape of numbers, so that whatever is made of them can be made again, and shrunk.

use proptest::collection;
use proptest::prelude::{Strategy, any};

/// A source of decisions. Once the tape has ended, every decision is the first, which is the simplest.
///
/// What proptest shrinks is the tape: a shorter tape, or smaller numbers on it, make a simpler statement.
#[derive(Clone, Debug)]
pub struct Choices {
    tape: Vec<u32>,
    at: usize,
}

impl Choices {
    /// Decisions by these numbers.
    #[must_use]
    pub const fn new(tape: Vec<u32>) -> Self {
        Self { tape, at: 0 }
    }

    /// Tapes of up to `longest` decisions.
    pub fn strategy(longest: usize) -> impl Strategy<Value = Self> {
        collection::vec(any::<u32>(), 0..=longest).prop_map(Self::new)
    }

    /// One of the numbers below `n`; 0 when the tape has ended.
    pub fn below(&mut self, n: usize) -> usize {
        let choice = self.tape.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        let scaled = (u64::from(choice) * u64::try_from(n).unwrap_or(u64::MAX)) >> 32;
        usize::try_from(scaled).unwrap_or_default()
    }

    /// True in `percent` of cases; false when the tape has ended.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent.min(100)
    }

    /// One of the options, the first when the tape has ended.
    ///
    /// # Panics
    /// Without options.
    pub fn pick<'a, T>(&mut self, options: &'a [T]) -> &'a T {
        &options[self.below(options.len())]
    }

    /// An option's number, as often as its weight says, the first when the tape has ended.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (option, weight) in weights.iter().enumerate() {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return option,
            }
        }
        0
    }
}
