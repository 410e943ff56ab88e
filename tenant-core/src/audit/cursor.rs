//! Where a page of the access log ends.

use std::fmt;
use std::str::FromStr;

use sea_orm::prelude::DateTimeUtc;

/// The place after which the next page begins. Its text is opaque: it is given out and taken back, as in a page's address.
///
/// It names no tenant and opens nothing: a cursor of another tenant's log is only a moment in one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessCursor {
    pub(super) at: DateTimeUtc,
    pub(super) entry: i64,
}

/// A text that is no [`AccessCursor`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor of the access log, which has 32 hexadecimal digits: begin with the first page")]
pub struct ParseCursorError;

impl fmt::Display for AccessCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.at.timestamp_micros(), self.entry)
    }
}

impl FromStr for AccessCursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ParseCursorError);
        }
        let number = |digits: &str| u64::from_str_radix(digits, 16).map(u64::cast_signed).map_err(|_| ParseCursorError);
        let at = DateTimeUtc::from_timestamp_micros(number(&text[..16])?).ok_or(ParseCursorError)?;
        Ok(Self { at, entry: number(&text[16..])? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for (micros, entry) in [(0, 0), (1_800_000_000_123_456, 7), (-1, i64::MAX)] {
            let cursor = AccessCursor { at: DateTimeUtc::from_timestamp_micros(micros).expect("in range"), entry };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let too_late = format!("{:016x}{:016x}", i64::MAX, 0);
        for text in ["", "7", &"g".repeat(32), &"é".repeat(16), &"0".repeat(33), &too_late] {
            assert_eq!(text.parse::<AccessCursor>(), Err(ParseCursorError), "{text}");
        }
    }
}
