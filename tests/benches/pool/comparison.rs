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

    /// Prints the medians, their ratios to the reference's, and whether the targets are met: within the spread of two equal arms.
    pub(crate) fn print(self, title: &str, notes: &str) {
        let reference = median(&self.arms[0].times);
        let parts = parts(&self.arms[0].times, &self.arms[1].times);
        let (lowest, highest) = parts.iter().fold((1.0, 1.0), |(low, high): (f64, f64), part| (low.min(*part), high.max(*part)));
        let spread = (1.0 - lowest).max(highest - 1.0);
        println!("{title}\n  {:>9}  ratio  {:<22}  {notes}", "median", "target");
        for arm in &self.arms {
            let time = median(&arm.times);
            let ratio = time / reference;
            let target = arm.target.map(|target| target.verdict(ratio, spread)).unwrap_or_default();
            println!("  {:>6.0} µs  {ratio:>5.2}  {target:<22}  {}  {}", time * 1e6, arm.note, arm.name);
        }
        println!("  two equal arms: {lowest:.2} to {highest:.2} in {} parts of the measurement\n", parts.len());
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

/// The ratios of the medians, in each part of the measurement.
fn parts(reference: &[Duration], again: &[Duration]) -> Vec<f64> {
    let length = reference.len().div_ceil(PARTS).max(1);
    let pairs = reference.chunks(length).zip(again.chunks(length));
    pairs.map(|(reference, again)| median(again) / median(reference)).collect()
}

/// In seconds.
fn median(times: &[Duration]) -> f64 {
    quantile(times, 0.5)
}

/// In seconds; 0 of nothing.
pub(crate) fn quantile(times: &[Duration], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    let place = (times.len() as f64 * share) as usize;
    times.get(place.min(times.len().saturating_sub(1))).map_or(0.0, Duration::as_secs_f64)
}
