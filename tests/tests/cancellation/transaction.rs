//! Transactions with an operation that is cut, and what their end promises.

use entities::molecule;
use sea_orm::{DbErr, EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::TenantError;
use uuid::Uuid;

use super::books::Promise;
use super::trial::{Trial, within};
use super::{Access, Fault};

impl<A: Access> Trial<'_, A> {
    pub(super) async fn transaction_with_a_row(&mut self) -> Result<(A::Transaction, Uuid), Fault> {
        let connection = self.connect(self.number);
        let transaction = within("a begin", A::begin(&connection)).await?;
        let (id, row) = self.books.new_row(self.number);
        within("a write", molecule::Entity::insert(row).exec_without_returning(&transaction)).await?;
        Ok((transaction, id))
    }

    pub(super) async fn nested_with_a_row(&mut self) -> Result<(A::Transaction, A::Transaction, [Uuid; 2]), Fault> {
        let (transaction, id) = self.transaction_with_a_row().await?;
        let nested = within("a nested begin", transaction.begin()).await?;
        let (second, row) = self.books.new_row(self.number);
        within("a write", molecule::Entity::insert(row).exec_without_returning(&nested)).await?;
        Ok((transaction, nested, [id, second]))
    }

    /// Writes once more, commits, and notes what that promised. Only after a cut may the transaction be lost, and then
    /// nothing of it stays.
    pub(super) async fn end(
        &mut self,
        transaction: A::Transaction,
        kept: &[Uuid],
        perhaps: &[Uuid],
        ended: bool,
    ) -> Result<bool, Fault> {
        let (id, row) = self.books.new_row(self.number);
        let insert = molecule::Entity::insert(row).exec_without_returning(&transaction);
        let written = within("a write after it", insert).await;
        let committed = within("a commit after it", transaction.commit()).await;
        let excused = |fault| match fault {
            Fault::Failed { error, .. } if !ended && is_lost(&error) => Ok(()),
            fault => Err(fault),
        };
        match (written, committed) {
            (Ok(_), Ok(())) => {
                kept.iter().chain([&id]).for_each(|id| self.books.promise(self.number, *id, Promise::Kept));
                perhaps.iter().for_each(|id| self.books.promise(self.number, *id, Promise::Perhaps));
            }
            (Err(fault), Ok(())) => {
                excused(fault)?;
                return Err(Fault::CommittedAfterFailure);
            }
            (written, Err(fault)) => {
                written.map(drop).or_else(excused)?;
                excused(fault)?;
            }
        }
        Ok(ended)
    }
}

/// Whether the error says that the transaction is rolled back because an operation did not run to its end.
fn is_lost(error: &DbErr) -> bool {
    matches!(TenantError::of(error), Some(TenantError::TransactionLost | TenantError::TransactionFailed))
}
