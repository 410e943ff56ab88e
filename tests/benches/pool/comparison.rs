//! Times of several ways to do the same, as ratios to one of them.

use std::time::Duration;

/// How many parts of the measurement the spread of two equal arms is taken from.
const PARTS: usize = 10;

/// What is asked of an arm.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// At most so many times the reference's time.
    Slower(f64),
    /// At least so many times the reference's number of statements in the same time.
    Faster(f64),
}

/// Several arms; the first is the reference, and the second the same again.
pub(crate) struct Comparison {
    arms: Vec<Arm>,
}

struct Arm {
    name: &'static str,
    target: Option<Target>,
    times: Vec<Duration>,
    note: String,
}

impl Comparison {
    pub(crate) fn new(arms: impl IntoIterator<Item = (&'static str, Option<Target>)>) -> Self {
        let arm = |(name, target)| Arm { name, target, times: Vec::new(), note: String::new() };
        Self { arms: arms.into_iter().map(arm).collect() }
    }

    pub(crate) fn add(&mut self, arm: usize, time: Duration) {
        self.arms[arm].times.push(time);
    }

    /// What is printed of an arm beside its times.
    pub(crate) fn note(&mut self, arm: usize, note: String) {
        self.arms[arm].note = note;
    }

    /// Prints the medians, their ratios to the reference's, and whether the targets are met.
    ///
    /// Ratios are taken within each round, so that what else the machine does meanwhile concerns both sides; the median of
    /// them counts. A target is met within the spread of two equal arms: what half of the parts of their measurement keep to.
    pub(crate) fn print(self, title: &str, notes: &str) {
        let parts = self.parts();
        let spread = quantile(parts.iter().map(|part| (part - 1.0).abs()), 0.5);
        println!("{title}\n  {:>9}  ratio  {:<29}  {notes}", "median", "target");
        for (arm, of) in self.arms.iter().enumerate() {
            let time = quantile(of.times.iter().map(Duration::as_secs_f64), 0.5) * 1e6;
            let ratio = quantile(self.ratios(arm), 0.5);
            let target = of.target.map(|target| target.verdict(ratio, spread)).unwrap_or_default();
            println!("  {time:>6.0} µs  {ratio:>5.2}  {target:<29}  {}  {}", of.note, of.name);
        }
        let (lowest, highest) = (quantile(parts.iter().copied(), 0.0), quantile(parts.iter().copied(), 1.0));
        println!(
            "  two equal arms: within {spread:.3} in half of {} parts, {lowest:.2} to {highest:.2} in all\n",
            parts.len()
        );
    }

    /// The arm's times in those of the reference, in each round.
    fn ratios(&self, arm: usize) -> impl Iterator<Item = f64> {
        let pairs = self.arms[arm].times.iter().zip(&self.arms[0].times);
        pairs.map(|(time, reference)| time.as_secs_f64() / reference.as_secs_f64())
    }

    /// The ratios of two equal arms, each in a part of the measurement.
    fn parts(&self) -> Vec<f64> {
        let ratios: Vec<f64> = self.ratios(1).collect();
        ratios.chunks(ratios.len().div_ceil(PARTS).max(1)).map(|part| quantile(part.iter().copied(), 0.5)).collect()
    }
}

impl Target {
    fn verdict(self, ratio: f64, spread: f64) -> String {
        let (word, target, reached, is_met) = match self {
            Self::Slower(target) => ("at most", target, ratio, ratio <= target + spread),
            Self::Faster(target) => ("speed at least", target, 1.0 / ratio, 1.0 / ratio >= target - spread),
        };
        verdict(word, target, reached, is_met)
    }
}

/// The target and whether it is met.
pub(crate) fn verdict(word: &str, target: f64, reached: f64, is_met: bool) -> String {
    let verdict = if is_met { "met".to_owned() } else { format!("not met ({reached:.2})") };
    format!("{word} {target:.2}: {verdict}")
}

/// The value that this share of all is below; 0 of nothing.
pub(crate) fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let place = (values.len() as f64 * share) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}
