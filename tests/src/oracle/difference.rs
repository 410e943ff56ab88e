//! A statement that does for a tenant what it would not do alone.

use std::fmt;

use super::answer::Answer;
use super::generated::Generated;
use super::wall::Wall;

/// What was found, with all that is needed to see it again.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What stood between the statement and the rows.
    pub wall: Wall,
    /// The number of the tenant that ran it.
    pub tenant: usize,
    /// What is different.
    pub what: What,
    /// The statement as it was made.
    pub generated: Generated,
    /// The text that was sent.
    pub sent: String,
    /// What the tenant's own database answered.
    pub expected: Answer,
    /// What was answered.
    pub answer: Answer,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The rows, their number, or the error.
    Answer,
    /// The tenant's own rows afterwards, in these tables.
    OwnRows(Vec<String>),
    /// Other tenants' rows afterwards, or shared ones, in these tables.
    ForeignRows(Vec<String>),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("the answer is another"),
            Self::OwnRows(tables) => write!(f, "the tenant's own rows are left otherwise: {}", tables.join("; ")),
            Self::ForeignRows(tables) => write!(f, "other tenants' rows were changed: {}", tables.join("; ")),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wall, tenant, what, generated, sent, expected, answer } = self;
        writeln!(f, "behind {wall}, for tenant {tenant}: {what}")?;
        writeln!(f, "the statement ({}): {generated}", generated.family)?;
        writeln!(f, "what was sent: {sent}")?;
        writeln!(f, "alone: {expected}")?;
        write!(f, "here: {answer}")
    }
}
