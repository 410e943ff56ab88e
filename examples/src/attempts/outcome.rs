//! How an attempt ended.

use std::fmt;

use sea_orm::{DbErr, RuntimeErr};
use tenant_core::TenantError;

/// One attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What was to be achieved.
    pub goal: &'static str,
    /// How it was tried.
    pub means: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

impl Attempt {
    pub(super) const fn new(goal: &'static str, means: &'static str, outcome: Outcome) -> Self {
        Self { goal, means, outcome }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It did not reach the other organisation.
    Stopped {
        /// What stopped it.
        by: Barrier,
        /// What the one who tried was told.
        saying: String,
    },
    /// It reached the other organisation: isolation is broken.
    Crossed(String),
    /// It failed for a reason that has nothing to do with isolation, so it shows nothing.
    Unclear(String),
}

/// What stops an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// The statement that reached the server named the tenant.
    Filter,
    /// The statement was refused before it was sent.
    Refusal,
    /// The server's policies hid or refused the row.
    RowLevelSecurity,
    /// A constraint led by the tenant column.
    Constraint,
    /// The role's rights.
    Privileges,
    /// The filter and the policies.
    BothWalls,
}

impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Filter => "filter",
            Self::Refusal => "refused unsent",
            Self::RowLevelSecurity => "row-level security",
            Self::Constraint => "constraint",
            Self::Privileges => "privileges",
            Self::BothWalls => "both walls",
        })
    }
}

impl Outcome {
    pub(super) fn stopped(by: Barrier, saying: impl Into<String>) -> Self {
        Self::Stopped { by, saying: saying.into() }
    }

    /// Whether the attempt showed that isolation holds.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped { .. })
    }

    /// Judges an attempt that may reach at most `allowed` rows.
    pub(super) fn of_count(reached: Result<u64, DbErr>, allowed: u64, by: Barrier) -> Self {
        match reached {
            Ok(count) if count <= allowed => Self::stopped(by, format!("{count} rows of another organisation")),
            Ok(count) => Self::Crossed(format!("{count} rows of another organisation")),
            Err(failure) => Self::of_error(&failure),
        }
    }

    /// Judges an attempt that must fail.
    pub(super) fn of_refusal<T>(reached: Result<T, DbErr>) -> Self {
        match reached {
            Ok(_) => Self::Crossed("it was accepted".to_owned()),
            Err(failure) => Self::of_error(&failure),
        }
    }

    fn of_error(failure: &DbErr) -> Self {
        if let Some(refusal) = TenantError::of(failure) {
            return Self::stopped(Barrier::Refusal, refusal.to_string());
        }
        let (DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source))) = failure else {
            return Self::Unclear(failure.to_string());
        };
        let Some(database) = source.as_database_error() else { return Self::Unclear(failure.to_string()) };
        match database.code().as_deref() {
            // One SQLSTATE for what a policy and what a missing right refuses; the policies' own texts tell them apart.
            Some("42501")
                if ["must be owner", "permission denied"].iter().any(|start| database.message().starts_with(start)) =>
            {
                Self::stopped(Barrier::Privileges, database.message())
            }
            Some("42501") => Self::stopped(Barrier::RowLevelSecurity, database.message()),
            Some("23503") => Self::stopped(Barrier::Constraint, database.message()),
            _ => Self::Unclear(failure.to_string()),
        }
    }
}
