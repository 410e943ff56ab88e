//! A statement's rows, one at a time.

use std::fmt;
use std::ops::DerefMut;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Stream, TryStreamExt};
use sea_orm::{DbErr, QueryResult};

use crate::audit::{Reading, Recorder};
use crate::bound::BoundConnection;
use crate::statement::Outgoing;
use crate::{error, statement};

/// What happens to the connection after the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// It was taken for this statement alone, and is given back. `writes` says whether the end of its transaction is waited for.
    GiveBack { writes: bool },
    /// Its transaction goes on.
    GoOn,
}

/// The rows of a statement.
///
/// It holds its connection until the last row. Dropped earlier, the connection is closed: a transaction that the statement
/// ran in is rolled back, and without one a statement that writes may have taken effect or not.
pub struct TenantStream<'a> {
    rows: Pin<Box<dyn Stream<Item = Result<QueryResult, DbErr>> + Send + 'a>>,
}

impl<'a> TenantStream<'a> {
    /// Runs `statement`, when the first row is asked for, on the connection that is bound for it by then, beside which is who logs
    /// what is read there.
    pub(crate) fn new<B: DerefMut<Target = BoundConnection> + Send + 'a>(
        bound: impl Future<Output = Result<(B, Option<Arc<Recorder>>), DbErr>> + Send + 'a,
        statement: impl Into<Outgoing>,
        afterwards: Afterwards,
        mut reading: Option<Reading>,
    ) -> Self {
        let statement = statement.into();
        if let Some(reading) = &mut reading {
            reading.not_yet();
        }
        let rows = async_stream::try_stream! {
            let (mut bound, recorder) = bound.await?;
            let patience = bound.patience();
            let query = statement::prepare(&mut bound, statement);
            if let Some(reading) = &mut reading {
                reading.runs_at(recorder.as_ref());
                reading.sent();
            }
            let outcome = {
                let mut rows = query.fetch(bound.start()?);
                loop {
                    match error::within(patience, rows.try_next()).await {
                        Ok(Some(row)) => {
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
                Err(failure) => Err(bound.failed(failure)),
            };
            let mut outcome = outcome.map_err(error::query);
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
