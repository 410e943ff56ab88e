//! One operation, cut at one point.

use std::time::Duration;

use entities::molecule;
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, StreamTrait, TransactionSession, TransactionTrait};
use tenant_core::TenantContext;
use tenant_testkit::cancellation::{Cut, CutPoint};
use tokio::time::{sleep, timeout};

use super::books::{Books, Promise};
use super::{Access, Fault, Operation, TENANTS, tenant};

/// How long anything may take: longer than the pool's own deadline, whose error says more.
const DEADLINE: Duration = Duration::from_secs(8);

/// How long a connection takes at most to go back to its pool, as a rule.
const GOES_BACK: Duration = Duration::from_millis(3);

/// One cut on a pool.
pub(crate) struct Trial<'a, A> {
    pub(crate) access: &'a A,
    pub(crate) books: &'a mut Books,
    /// How many the pool has.
    pub(crate) connections: usize,
    /// Whose operation it is.
    pub(crate) number: usize,
    pub(crate) point: CutPoint,
    /// Whether what was used last had time to go back, or is still on its way.
    pub(crate) settled: bool,
}

/// The future's output within the deadline.
pub(crate) async fn within<T>(what: &'static str, future: impl Future<Output = Result<T, DbErr>>) -> Result<T, Fault> {
    let outcome = timeout(DEADLINE, future).await.map_err(|_| Fault::Stuck { what })?;
    outcome.map_err(|error| Fault::Failed { what, error })
}

impl<A: Access> Trial<'_, A> {
    /// Runs the operation to the point, and says whether it ended before.
    pub(crate) async fn run(&mut self, operation: Operation) -> Result<bool, Fault> {
        match operation {
            Operation::Begin => {
                self.used_by(self.neighbour()).await?;
                self.begin().await
            }
            Operation::Connect => {
                drop(self.all_connections(self.number).await?);
                self.begin().await
            }
            Operation::Bind => {
                self.used_by(self.neighbour()).await?;
                self.read().await
            }
            Operation::Query => {
                self.used_by(self.number).await?;
                self.read().await
            }
            Operation::Release => {
                self.used_by(self.number).await?;
                let ended = self.read().await?;
                let rows = within("a neighbour's read", all(&self.connect(self.neighbour()))).await?;
                self.books.check_all(self.neighbour(), &rows)?;
                Ok(ended)
            }
            Operation::Write => self.write().await,
            Operation::QueryInTransaction => {
                let (transaction, id) = self.transaction_with_a_row().await?;
                let rows = self.cut("a read in a transaction", all(&transaction)).await?;
                let ended = rows.is_some();
                if let Some(rows) = rows {
                    self.books.promise(self.number, id, Promise::Kept);
                    self.books.check_all(self.number, &rows)?;
                    self.books.withdraw(self.number, id);
                }
                self.end(transaction, &[id], &[], ended).await
            }
            Operation::WriteInTransaction => {
                let (transaction, id) = self.transaction_with_a_row().await?;
                let (second, row) = self.books.new_row(self.number);
                let insert = molecule::Entity::insert(row).exec_without_returning(&transaction);
                let ended = self.cut("a write in a transaction", insert).await?.is_some();
                let (kept, perhaps): (&[_], &[_]) = if ended { (&[id, second], &[]) } else { (&[id], &[second]) };
                self.end(transaction, kept, perhaps, ended).await
            }
            Operation::HalfStream => {
                let connection = self.connect(self.number);
                self.stream(&connection, 2).await
            }
            Operation::WholeStream => {
                let connection = self.connect(self.number);
                self.stream(&connection, usize::MAX).await
            }
            Operation::StreamInTransaction => {
                let (transaction, id) = self.transaction_with_a_row().await?;
                self.books.promise(self.number, id, Promise::Perhaps);
                let ended = self.stream(&transaction, 2).await?;
                self.books.withdraw(self.number, id);
                // Dropped in its middle, it takes the transaction with it, whether it was cut or not.
                self.end(transaction, &[id], &[], false).await?;
                Ok(ended)
            }
            Operation::NestedBegin => {
                let (transaction, id) = self.transaction_with_a_row().await?;
                let nested = self.cut("a nested begin", transaction.begin()).await?;
                let ended = nested.is_some();
                drop(nested);
                self.end(transaction, &[id], &[], ended).await
            }
            Operation::NestedCommit => {
                let (transaction, nested, ids) = self.nested_with_a_row().await?;
                let ended = self.cut("a nested commit", nested.commit()).await?.is_some();
                let (kept, perhaps) = ids.split_at(if ended { 2 } else { 1 });
                self.end(transaction, kept, perhaps, ended).await
            }
            Operation::NestedRollback => {
                let (transaction, nested, ids) = self.nested_with_a_row().await?;
                let ended = self.cut("a nested rollback", nested.rollback()).await?.is_some();
                self.end(transaction, &ids[..1], &[], ended).await
            }
            Operation::Commit => {
                let (transaction, id) = self.transaction_with_a_row().await?;
                let ended = self.cut("a commit", transaction.commit()).await?.is_some();
                self.books.promise(self.number, id, if ended { Promise::Kept } else { Promise::Perhaps });
                Ok(ended)
            }
            Operation::Rollback => {
                let (transaction, _) = self.transaction_with_a_row().await?;
                Ok(self.cut("a rollback", transaction.rollback()).await?.is_some())
            }
            Operation::WaitForReturned => self.wait(true).await,
            Operation::WaitForGivenUp => self.wait(false).await,
        }
    }

    pub(super) fn connect(&self, number: usize) -> A::Connection {
        self.access.connect(TenantContext::new(tenant(number)))
    }

    pub(super) const fn neighbour(&self) -> usize {
        (self.number + 1) % TENANTS
    }

    /// `None` if it was cut.
    async fn cut<T>(
        &self,
        what: &'static str,
        future: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<Option<T>, Fault> {
        let cut = async {
            match self.point.cut(future).await {
                Cut::Finished(outcome) => outcome.map(Some),
                Cut::Dropped => Ok(None),
            }
        };
        within(what, cut).await
    }

    /// Transactions of a tenant on all connections of the pool.
    pub(super) async fn all_connections(&self, number: usize) -> Result<Vec<A::Transaction>, Fault> {
        let mut open = Vec::new();
        for _ in 0..self.connections {
            open.push(within("a begin", A::begin(&self.connect(number))).await?);
        }
        Ok(open)
    }

    /// Lets a tenant be the last one that used each connection.
    async fn used_by(&self, number: usize) -> Result<(), Fault> {
        for transaction in self.all_connections(number).await? {
            within("a commit", transaction.commit()).await?;
        }
        // Outside transactions too, all at once: what stays bound between statements is bound to the tenant then.
        let connection = self.connect(number);
        within("reads", try_join_all((0..self.connections).map(|_| all(&connection)))).await?;
        if self.settled {
            sleep(GOES_BACK).await;
        }
        Ok(())
    }

    async fn begin(&self) -> Result<bool, Fault> {
        let connection = self.connect(self.number);
        Ok(self.cut("a begin", A::begin(&connection)).await?.is_some())
    }

    pub(super) async fn read(&mut self) -> Result<bool, Fault> {
        let connection = self.connect(self.number);
        let rows = self.cut("a read", all(&connection)).await?;
        rows.map_or(Ok(false), |rows| self.books.check_all(self.number, &rows).map(|()| true))
    }

    async fn write(&mut self) -> Result<bool, Fault> {
        let connection = self.connect(self.number);
        let (id, row) = self.books.new_row(self.number);
        let insert = molecule::Entity::insert(row).exec_without_returning(&connection);
        let ended = self.cut("a write", insert).await?.is_some();
        self.books.promise(self.number, id, if ended { Promise::Kept } else { Promise::Perhaps });
        Ok(ended)
    }

    /// Reads up to so many rows of a stream, and drops it.
    async fn stream(&mut self, connection: &(impl ConnectionTrait + StreamTrait), most: usize) -> Result<bool, Fault> {
        let mut rows = Vec::new();
        let read = async {
            let mut stream = molecule::Entity::find().stream(connection).await?;
            while rows.len() < most {
                let Some(row) = stream.try_next().await? else { break };
                rows.push(row);
            }
            Ok(())
        };
        let ended = self.cut("a stream", read).await?.is_some();
        // Also what was read before the cut.
        if ended && most == usize::MAX {
            self.books.check_all(self.number, &rows)?;
        } else {
            self.books.check_some(self.number, &rows)?;
        }
        Ok(ended)
    }
}

/// All rows that a connection shows.
pub(crate) async fn all(connection: &impl ConnectionTrait) -> Result<Vec<molecule::Model>, DbErr> {
    molecule::Entity::find().all(connection).await
}
