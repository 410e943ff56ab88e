//! Why a list of databases can't be used. Nothing of a URL is shown.

use std::fmt;

use super::variables::VariableFault;
use crate::database_url::{DatabaseUrlError, Place};

/// Why a list of databases can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetError {
    /// It has no line that names a database.
    Empty {
        /// What the list is called.
        list: String,
    },
    /// Some of its lines are wrong.
    Lines {
        /// What the list is called.
        list: String,
        /// All that are wrong, each with its number, from 1.
        faults: Vec<(usize, LineFault)>,
    },
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { list } => write!(f, "{list} names no database: each line is a name and a URL"),
            Self::Lines { list, faults } => {
                let lines: Vec<_> = faults.iter().map(|(line, fault)| format!("{list}:{line}: {fault}")).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for FleetError {}

/// What is wrong with a line of the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// The name is none.
    #[error(
        "the line doesn't begin with a name: a name is 1 to 63 of the characters A-Z a-z 0-9 . _ - and doesn't begin with -"
    )]
    Name,
    /// Nothing follows the name.
    #[error("`{name}` has no URL")]
    NoUrl {
        /// The name.
        name: String,
    },
    /// Something follows the URL.
    #[error("`{name}` has more than a URL: blanks in it are written as %20, and a remark begins with #")]
    Rest {
        /// The name.
        name: String,
    },
    /// A variable of the URL can't be replaced.
    #[error("the URL of `{name}`: {fault}")]
    Variable {
        /// The name.
        name: String,
        /// What is wrong.
        fault: VariableFault,
    },
    /// The URL can't be read.
    #[error("`{name}`: {fault}")]
    Url {
        /// The name.
        name: String,
        /// What is wrong.
        fault: DatabaseUrlError,
    },
    /// A line before has the name.
    #[error("the name `{name}` stands in line {line} already")]
    SameName {
        /// The name.
        name: String,
        /// The line before.
        line: usize,
    },
    /// A line before has the database.
    #[error("`{name}` is the same database as `{other}` in line {line}: {place}")]
    SamePlace {
        /// The name.
        name: String,
        /// The name of the line before.
        other: String,
        /// The line before.
        line: usize,
        /// The database.
        place: Place,
    },
}

/// Names that a list of databases doesn't have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{list} has no database {}: name those that are meant with --only", quoted(.unknown))]
pub struct SelectionError {
    pub(super) list: String,
    pub(super) unknown: Vec<String>,
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
