//! A statement's rows, one at a time.

use std::fmt;
use std::ops::DerefMut;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_util::{Stream, TryStreamExt};
use sea_orm::{DbErr, QueryResult};

use crate::audit::{Reading, Recorder};
use crate::bound::BoundConnection;
use crate::statement::Outgoing;
use crate::{TenantError, error, statement};

/// What happens to the connection after the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// It was taken for this statement alone, and is given back. `writes` says whether the end of its transaction is waited for.
    GiveBack { writes: bool },
    /// Its transaction goes on.
    GoOn,
}

/// Who has the connection that a statement's rows come from.
#[async_trait]
pub(crate) trait Binder: Send {
    type Bound: DerefMut<Target = BoundConnection> + Send;

    /// Whether it binds another one where the tenant lives, when the first refused it because it is being moved.
    fn may_bind_again(&self) -> bool {
        false
    }

    /// A connection, and who logs what is read there; `refused` is why the one before gave nothing.
    async fn bind(&mut self, refused: Option<DbErr>) -> Result<(Self::Bound, Option<Arc<Recorder>>), DbErr>;
}

/// One that was bound before.
pub(crate) struct Given<B>(Option<(B, Option<Arc<Recorder>>)>);

impl<B> Given<B> {
    pub(crate) const fn new(bound: B, recorder: Option<Arc<Recorder>>) -> Self {
        Self(Some((bound, recorder)))
    }
}

#[async_trait]
impl<B: DerefMut<Target = BoundConnection> + Send> Binder for Given<B> {
    type Bound = B;

    async fn bind(&mut self, refused: Option<DbErr>) -> Result<(B, Option<Arc<Recorder>>), DbErr> {
        let ended = || TenantError::TransactionEnded.into();
        self.0.take().ok_or_else(|| refused.unwrap_or_else(ended))
    }
}

/// The rows of a statement.
///
/// It holds its connection until the last row. Dropped earlier, the connection is closed: a transaction that the statement
/// ran in is rolled back, and without one a statement that writes may have taken effect or not.
pub struct TenantStream<'a> {
    rows: Pin<Box<dyn Stream<Item = Result<QueryResult, DbErr>> + Send + 'a>>,
}

impl<'a> TenantStream<'a> {
    /// Runs `statement`, when the first row is asked for, on the connection that is bound for it by then.
    pub(crate) fn new(
        mut binder: impl Binder + 'a,
        statement: impl Into<Outgoing>,
        afterwards: Afterwards,
        mut reading: Option<Reading>,
    ) -> Self {
        let mut statement = Some(statement.into());
        if let Some(reading) = &mut reading {
            reading.not_yet();
        }
        let rows = async_stream::try_stream! {
            let mut refused = None;
            let (mut bound, mut outcome) = loop {
                let (mut bound, recorder) = binder.bind(refused.take()).await?;
                let patience = bound.patience();
                let outgoing = if binder.may_bind_again() { statement.clone() } else { statement.take() };
                let query = statement::prepare(&mut bound, outgoing.ok_or(TenantError::TransactionEnded)?);
                if let Some(reading) = &mut reading {
                    reading.runs_at(recorder.as_ref());
                    reading.sent();
                }
                let mut is_seen = false;
                let outcome = {
                    let mut rows = query.fetch(bound.start()?);
                    loop {
                        match error::within(patience, rows.try_next()).await {
                            Ok(Some(row)) => {
                                is_seen = true;
                                if let Some(reading) = &mut reading {
                                    reading.row();
                                }
                                yield row.into();
                            }
                            Ok(None) => break Ok(()),
                            Err(failure) => break Err(failure),
                        }
                    }
                };
                let outcome = match outcome {
                    Ok(()) => {
                        bound.ended(None);
                        Ok(())
                    }
                    Err(failure) => Err(error::query(bound.failed(failure))),
                };
                match outcome {
                    // The tenant is being moved, and nothing was done: it is done where it lives then.
                    Err(failure) if !is_seen && binder.may_bind_again() && TenantError::is_of_the_fence(&failure) => {
                        if let Some(reading) = &mut reading {
                            reading.not_yet();
                        }
                        refused = Some(failure);
                    }
                    outcome => break (bound, outcome),
                }
            };
            if let Some(reading) = &mut reading {
                let rows = reading.rows();
                let logged = reading.ended(&mut bound, outcome.as_ref().map(|()| rows)).await;
                outcome = outcome.and(logged.map_err(DbErr::from));
            }
            if let Afterwards::GiveBack { writes } = afterwards {
                let ended = bound.conclude(outcome.is_ok(), writes).await;
                outcome = outcome.and(ended);
            }
            drop(bound);
            outcome?;
            if let Some(reading) = reading {
                reading.finish().await?;
            }
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
