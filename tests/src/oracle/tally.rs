//! How many statements there were, and how many of them showed anything.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

/// Counts of the statements of each family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(pub BTreeMap<&'static str, Counts>);

/// Counts of statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub statements: usize,
    /// Those that the tenant's own database ran without an error.
    pub valid: usize,
    /// Those that the filter let through.
    pub accepted: usize,
    /// Those that returned rows.
    pub with_rows: usize,
    /// Those that left other rows than they found.
    pub changing: usize,
    /// Those that took too long somewhere, and were not compared.
    pub too_slow: usize,
    /// Answers that were compared with the tenant's own database's.
    pub comparisons: usize,
    /// Those that failed behind the policies alone, because nothing had rewritten them.
    pub needing_filter: usize,
}

impl Tally {
    /// The counts of the families whose name begins so.
    #[must_use]
    pub fn of(&self, prefix: &str) -> Counts {
        let mut sum = Counts::default();
        for (_, counts) in self.0.iter().filter(|(family, _)| family.starts_with(prefix)) {
            sum += *counts;
        }
        sum
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.statements += other.statements;
        self.valid += other.valid;
        self.accepted += other.accepted;
        self.with_rows += other.with_rows;
        self.changing += other.changing;
        self.too_slow += other.too_slow;
        self.comparisons += other.comparisons;
        self.needing_filter += other.needing_filter;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (family, counts) in other.0 {
            *self.0.entry(family).or_default() += counts;
        }
    }
}

impl Counts {
    /// How many in a hundred statements this many are.
    #[must_use]
    pub fn percent(&self, of: usize) -> usize {
        of * 100 / self.statements.max(1)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} statements: {} % valid, {} % accepted, {} with rows, {} changing rows, {} too slow, {} comparisons, \
             {} need the filter",
            self.statements,
            self.percent(self.valid),
            self.percent(self.accepted),
            self.with_rows,
            self.changing,
            self.too_slow,
            self.comparisons,
            self.needing_filter
        )
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (family, counts) in &self.0 {
            writeln!(f, "{family:>16}: {counts}")?;
        }
        write!(f, "{:>16}: {}", "all", self.of(""))
    }
}
