//! A time as the log counts it.

use std::fmt;

use sea_orm::prelude::DateTimeUtc;
use serde::{Deserialize, Serialize};

/// Microseconds since 1970, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Moment(i64);

impl Moment {
    /// So many microseconds after the beginning of 1970.
    #[must_use]
    pub const fn from_microseconds(microseconds: i64) -> Self {
        Self(microseconds)
    }

    /// How many microseconds after the beginning of 1970 it is.
    #[must_use]
    pub const fn microseconds(self) -> i64 {
        self.0
    }

    /// For the database; `None` further off than any database's times.
    pub(super) fn timestamp(self) -> Option<DateTimeUtc> {
        DateTimeUtc::from_timestamp_micros(self.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timestamp() {
            Some(time) => write!(f, "{}", time.format("%Y-%m-%d %H:%M:%S%.6f UTC")),
            None => write!(f, "{} µs since 1970", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_as_a_time_of_utc() {
        let shown = |microseconds| Moment::from_microseconds(microseconds).to_string();
        assert_eq!(shown(1_700_000_000_000_001), "2023-11-14 22:13:20.000001 UTC");
        assert_eq!(shown(i64::MAX), "9223372036854775807 µs since 1970");
    }
}
