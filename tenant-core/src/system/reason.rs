//! Why somebody works across tenants.

use std::fmt;
use std::str::FromStr;

/// The most characters of a reason.
const LONGEST: usize = 500;

/// A reason in the words of whoever has it: 1 to 500 characters without blanks around them, none of them a control character.
///
/// It stands in the access log for as long as that is kept, and a tenant reads those that concern it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reason(Box<str>);

/// A text that can't be a [`Reason`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason has 1 to {LONGEST} characters, not counting blanks around them, and no control characters such as line breaks \
         (this one has {length}{}): say in a line what you are about to do, and for whom",
    .control.map(|c| format!(", and {c:?} among them")).unwrap_or_default())]
pub struct ParseReasonError {
    length: usize,
    control: Option<char>,
}

impl Reason {
    /// The reason's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reason {
    type Err = ParseReasonError;

    fn from_str(text: &str) -> Result<Self, ParseReasonError> {
        let text = text.trim();
        let length = text.chars().count();
        let control = text.chars().find(|c| c.is_control());
        if control.is_none() && (1..=LONGEST).contains(&length) {
            Ok(Self(text.into()))
        } else {
            Err(ParseReasonError { length, control })
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_in_one_line() {
        for text in ["", "  \t ", "\u{a0}", "a\nb", "a\0b", "a\u{85}b", &"x".repeat(501)] {
            assert!(text.parse::<Reason>().is_err(), "{text:?}");
        }
        for text in ["x", &"é".repeat(500), "ticket 4711: Grüße an 'Acme' \\ \"Söhne\""] {
            assert_eq!(text.parse::<Reason>().expect(text).as_str(), text);
        }
        assert_eq!(" for the court \n".parse::<Reason>().expect("trimmed").as_str(), "for the court");
    }

    #[test]
    fn what_is_wrong_is_told() {
        let said = "a\nb".parse::<Reason>().expect_err("a line break").to_string();
        assert!(said.contains("(this one has 3, and '\\n' among them)"), "{said}");
    }
}
