//! Several tasks that send statements, each the next one when it has the answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use tokio::task::JoinSet;

use crate::Failure;

/// How long one arm's turn is.
pub(crate) const TURN: Duration = Duration::from_millis(100);

/// What each task does, given its number and the statement's.
#[derive(Clone)]
pub(crate) struct Statement(Arc<Run>);

type Run = dyn Fn(u32, u32) -> BoxFuture<'static, Result<(), DbErr>> + Send + Sync;

impl Statement {
    pub(crate) fn new<F>(statement: impl Fn(u32, u32) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), DbErr>> + Send + 'static,
    {
        Self(Arc::new(move |task, number| Box::pin(statement(task, number))))
    }

    pub(crate) async fn run(&self, task: u32, number: u32) -> Result<(), DbErr> {
        (self.0)(task, number).await
    }
}

/// How many statements were answered in how long.
pub(crate) struct Load {
    pub(crate) statements: u32,
    pub(crate) elapsed: Duration,
}

impl Load {
    /// Runs so many tasks for a turn.
    pub(crate) async fn run(tasks: u32, turn: Duration, statement: &Statement) -> Result<Self, Failure> {
        let start = Instant::now();
        let mut running = JoinSet::new();
        for task in 0..tasks {
            let statement = statement.clone();
            running.spawn(async move {
                let mut done = 0;
                while start.elapsed() < turn {
                    statement.run(task, done).await?;
                    done += 1;
                }
                Ok::<_, DbErr>(done)
            });
        }
        let mut statements = 0;
        while let Some(done) = running.join_next().await {
            statements += done??;
        }
        Ok(Self { statements, elapsed: start.elapsed() })
    }

    /// The time a statement: what one more would have taken.
    pub(crate) fn each(&self) -> Duration {
        self.elapsed / self.statements.max(1)
    }

    pub(crate) fn per_second(&self) -> f64 {
        f64::from(self.statements) / self.elapsed.as_secs_f64()
    }
}
