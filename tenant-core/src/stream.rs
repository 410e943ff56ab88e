//! A statement's rows, one at a time.

use std::fmt;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, TryStreamExt};
use sea_orm::{DbErr, QueryResult};

use crate::bound::BoundConnection;
use crate::scope::ScopedStatement;
use crate::{error, statement};

/// What happens to the transaction after the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// It was begun for this statement alone, and ends with it.
    Commit,
    /// It goes on.
    GoOn,
}

/// The rows of a statement that runs for a tenant.
///
/// It holds its connection until the last row. Dropped earlier, the connection is closed, and the transaction that the
/// statement ran in is rolled back.
pub struct TenantStream<'a> {
    rows: Pin<Box<dyn Stream<Item = Result<QueryResult, DbErr>> + Send + 'a>>,
}

impl<'a> TenantStream<'a> {
    /// Runs `statement` on a bound connection.
    pub(crate) fn new(
        mut bound: impl DerefMut<Target = BoundConnection> + Send + 'a,
        statement: ScopedStatement,
        afterwards: Afterwards,
    ) -> Self {
        let rows = async_stream::try_stream! {
            let outcome = {
                let mut rows = statement::prepare(statement).fetch(bound.start()?);
                loop {
                    match rows.try_next().await {
                        Ok(Some(row)) => yield row.into(),
                        Ok(None) => break Ok(()),
                        Err(failure) => break Err(failure),
                    }
                }
            };
            bound.ended(outcome.as_ref().err());
            if afterwards == Afterwards::Commit {
                match outcome {
                    Ok(()) => bound.commit().await?,
                    // The statement's own error says more than a failed rollback, after which the connection is closed.
                    Err(_) => drop(bound.rollback().await),
                }
            }
            outcome.map_err(error::query)?;
        };
        Self { rows: Box::pin(rows) }
    }
}

impl Stream for TenantStream<'_> {
    type Item = Result<QueryResult, DbErr>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.as_mut().poll_next(context)
    }
}

impl fmt::Debug for TenantStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantStream").finish_non_exhaustive()
    }
}
