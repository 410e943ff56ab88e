//! Which tenant a request is for: a few have most of the traffic.

use crate::support::Dice;

/// Zipf's law with exponent 1: the tenant of number n, from 0, has 1 / (n + 1) of the first one's requests.
#[derive(Clone, Debug)]
pub(crate) struct Zipf {
    /// The sums of the weights up to each.
    up_to: Vec<f64>,
}

impl Zipf {
    pub(crate) fn new(tenants: usize) -> Self {
        let weights = (1..=tenants).map(|n| 1.0 / n as f64);
        let up_to = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self { up_to: up_to.collect() }
    }

    pub(crate) fn pick(&self, dice: &mut Dice) -> usize {
        let all = self.up_to.last().copied().unwrap_or_default();
        let at = dice.fraction() * all;
        self.up_to.partition_point(|sum| *sum <= at).min(self.up_to.len() - 1)
    }
}
