//! Waiting for a connection of a pool that has none left.

use std::time::Duration;

use sea_orm::TransactionSession;
use tokio::time::sleep;

use super::trial::{Trial, all, within};
use super::{Access, Fault, TENANTS};

/// How long the others keep all connections.
const HELD: Duration = Duration::from_millis(1);

impl<A: Access> Trial<'_, A> {
    /// Two wait for a connection while neighbours have all of them; the first of them is cut, the second must get one.
    pub(super) async fn wait(&mut self, returned: bool) -> Result<bool, Fault> {
        let held = self.all_connections(self.neighbour()).await?;
        let third = (self.number + 2) % TENANTS;
        let second = self.connect(third);
        // Tasks of their own, so that nothing but the pool wakes the one that is cut.
        let second = tokio::spawn(async move { within("the one who waits behind it", all(&second)).await });
        let ending = tokio::spawn(async move {
            sleep(HELD).await;
            for transaction in held {
                if returned {
                    within("a commit", transaction.commit()).await?;
                }
            }
            Ok::<_, Fault>(())
        });
        let ended = self.read().await?;
        ending.await.expect("a task")?;
        let rows = second.await.expect("a task")?;
        self.books.check_all(third, &rows)?;
        Ok(ended)
    }
}
