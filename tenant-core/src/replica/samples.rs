//! Where the primary was, when.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::position::{Branch, Position};

/// How long a position is remembered: a standby that is further behind counts as one that says nothing.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// Positions of the primary, each with a moment before it was asked for: what was committed until then lies before it.
#[derive(Debug, Default)]
pub(super) struct Samples {
    branch: Option<Branch>,
    /// Both rise.
    positions: VecDeque<(u64, Instant)>,
}

impl Samples {
    /// Notes that the primary was here when it was asked at a moment after `asked`.
    pub(super) fn note(&mut self, position: &Position, asked: Instant) {
        if self.branch.as_ref() != Some(&position.branch)
            || self.positions.back().is_some_and(|(last, _)| *last > position.bytes)
        {
            // After a promotion, what the former primary had written says nothing.
            *self = Self { branch: Some(position.branch.clone()), positions: VecDeque::new() };
        }
        match self.positions.back_mut() {
            Some((last, moment)) if *last == position.bytes => *moment = asked,
            _ => self.positions.push_back((position.bytes, asked)),
        }
        while self.positions.front().is_some_and(|(_, moment)| asked.saturating_duration_since(*moment) > REMEMBERED) {
            self.positions.pop_front();
        }
    }

    /// The latest moment whose commits a standby at this position has all replayed.
    pub(super) fn fresh_as_of(&self, standby: &Position) -> Option<Instant> {
        if !standby.is_standby || self.branch.as_ref() != Some(&standby.branch) {
            return None;
        }
        let replayed = self.positions.partition_point(|(bytes, _)| *bytes <= standby.bytes);
        self.positions.get(replayed.checked_sub(1)?).map(|(_, moment)| *moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(is_standby: bool, bytes: u64, timeline: u32) -> Position {
        let answer = match is_standby {
            true => format!("t {bytes} {timeline} 7412 8192"),
            false => format!("f {bytes} {timeline:08X} 7412 8192"),
        };
        Position::read(&answer).expect("an answer")
    }

    #[test]
    fn a_standby_is_as_fresh_as_the_last_position_that_it_has_passed() {
        let start = Instant::now();
        let second = |number| start + Duration::from_secs(number);
        let mut samples = Samples::default();
        for (number, bytes) in [(1, 100), (2, 200), (3, 200), (4, 300)] {
            samples.note(&at(false, bytes, 1), second(number));
        }
        for (bytes, expected) in
            [(99, None), (100, Some(1)), (199, Some(1)), (200, Some(3)), (300, Some(4)), (999, Some(4))]
        {
            assert_eq!(samples.fresh_as_of(&at(true, bytes, 1)), expected.map(second), "{bytes}");
        }
    }

    #[test]
    fn what_is_on_another_timeline_or_is_no_standby_is_never_fresh() {
        let mut samples = Samples::default();
        samples.note(&at(false, 100, 2), Instant::now());
        assert_eq!(samples.fresh_as_of(&at(true, 999, 1)), None);
        assert_eq!(samples.fresh_as_of(&at(false, 999, 2)), None);
        samples.note(&at(false, 500, 3), Instant::now());
        assert_eq!(samples.fresh_as_of(&at(true, 999, 2)), None, "the former primary's positions are forgotten");
        assert!(samples.fresh_as_of(&at(true, 500, 3)).is_some());
    }
}
