//! What stands between a tenant's statement and the rows of all tenants.

use std::fmt;

use sea_orm::Statement;
use sqlx::PgConnection;

use super::answer::Answer;
use super::databases::{Databases, run};
use super::generated::Effect;
use super::state::State;

/// A choice of walls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// The rewritten statement, run by a superuser.
    Filter,
    /// The statement as it is, run by the application's role, bound to the tenant.
    Policies,
    /// The rewritten statement, run by the application's role, bound to the tenant.
    Both,
}

impl Wall {
    /// Each wall alone, and both.
    pub const ALL: [Self; 3] = [Self::Filter, Self::Policies, Self::Both];

    /// Whether statements are rewritten.
    #[must_use]
    pub const fn has_filter(self) -> bool {
        !matches!(self, Self::Policies)
    }

    pub(crate) fn connection(self, databases: &mut Databases, tenant: usize) -> &mut PgConnection {
        match self {
            Self::Filter => &mut databases.superuser,
            Self::Policies | Self::Both => &mut databases.bound[tenant],
        }
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Filter => "the filter alone",
            Self::Policies => "the policies alone",
            Self::Both => "both walls",
        })
    }
}

/// What a statement answers, and what it leaves when it changed rows; then its changes are undone.
pub(crate) async fn observe(
    connection: &mut PgConnection,
    statement: &Statement,
    effect: Effect,
) -> Result<(Answer, Option<State>), sqlx::Error> {
    if effect == Effect::Read {
        return Ok((Answer::of(connection, statement).await?, None));
    }
    run(connection, "BEGIN").await?;
    let answer = Answer::of(connection, statement).await?;
    let state = match answer {
        Answer::Rows(_) => {
            run(connection, "RESET SESSION AUTHORIZATION").await?;
            Some(State::read(connection).await?)
        }
        Answer::Failed { .. } => None,
    };
    // The role's session comes back with the rollback.
    run(connection, "ROLLBACK").await?;
    Ok((answer, state))
}
