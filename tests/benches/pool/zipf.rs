//! Zipf's distribution: the tenant of rank n sends 1/n of what the first one sends.

/// Draws ranks from 0 on.
#[derive(Clone)]
pub(crate) struct Zipf {
    /// For each rank the share of it and all before it.
    shares: Vec<f64>,
}

impl Zipf {
    pub(crate) fn new(ranks: u32) -> Self {
        let weights: Vec<f64> = (1..=ranks).map(|rank| 1.0 / f64::from(rank)).collect();
        let total: f64 = weights.iter().sum();
        let sum = |sum: &mut f64, weight: f64| {
            *sum += weight / total;
            Some(*sum)
        };
        Self { shares: weights.into_iter().scan(0.0, sum).collect() }
    }

    pub(crate) fn draw(&self) -> usize {
        let drawn = fastrand::f64();
        self.shares.partition_point(|share| *share < drawn).min(self.shares.len() - 1)
    }

    /// How much the most frequent ones have together.
    pub(crate) fn share_of_first(&self, ranks: usize) -> f64 {
        self.shares[ranks - 1]
    }
}
