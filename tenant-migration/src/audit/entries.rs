//! Entries by their numbers.

use std::fmt;
use std::str::FromStr;

use super::error::AuditError;

/// Ranges of entries, both ends in them: `3,7-9`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries(Vec<(i64, i64)>);

impl Entries {
    pub(super) const fn new(ranges: Vec<(i64, i64)>) -> Self {
        Self(ranges)
    }

    pub(super) fn ends(&self) -> (Vec<i64>, Vec<i64>) {
        self.0.iter().copied().unzip()
    }

    /// Also those.
    pub(super) fn add(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Sorted and joined, so that [`Self::contains`] can search.
    pub(super) fn sorted(mut self) -> Self {
        self.0.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::with_capacity(self.0.len());
        for (from, to) in self.0 {
            match joined.last_mut() {
                Some((_, last)) if from <= last.saturating_add(1) => *last = to.max(*last),
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }

    /// Whether it has an entry; of what is [sorted](Self::sorted).
    pub(super) fn contains(&self, entry: i64) -> bool {
        let after = self.0.partition_point(|(from, _)| *from <= entry);
        after.checked_sub(1).is_some_and(|index| self.0[index].1 >= entry)
    }
}

impl fmt::Display for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (from, to)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            if from == to { write!(f, "{comma}{from}")? } else { write!(f, "{comma}{from}-{to}")? }
        }
        Ok(())
    }
}

impl FromStr for Entries {
    type Err = AuditError;

    fn from_str(text: &str) -> Result<Self, AuditError> {
        let number = |text: &str| text.trim().parse::<i64>();
        let range = |part: &str| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            Some((number(from).ok()?, number(to).ok()?)).filter(|(from, to)| *from >= 0 && from <= to)
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Self).ok_or_else(|| AuditError::Entries { text: text.chars().take(64).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_back_what_they_print() {
        for text in ["3", "3,7-9", "0-9223372036854775807"] {
            assert_eq!(text.parse::<Entries>().expect(text).to_string(), text);
        }
        for text in ["", "a", "-3", "9-7", "3,", "3-", "1-2-3"] {
            assert!(text.parse::<Entries>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_entry_is_in_a_range_or_not() {
        let mut entries: Entries = "7-9,3".parse().expect("ranges");
        entries.add("10,20-30,25-26".parse().expect("ranges"));
        let entries = entries.sorted();
        assert_eq!(entries.to_string(), "3,7-10,20-30");
        let inside: Vec<i64> = (0..40).filter(|entry| entries.contains(*entry)).collect();
        assert_eq!(inside, [vec![3, 7, 8, 9, 10], (20..=30).collect()].concat());
        assert!(!Entries::default().contains(0));
    }
}
