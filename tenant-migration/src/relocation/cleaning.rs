//! What the organisation leaves behind goes.

use super::error::MoveError;
use super::event::MoveEvent;
use super::mover::{Mover, Work};
use crate::catalog::Outcome;
use crate::fence;
use crate::transfer::removal;

/// Removes the organisation's rows from the home that it left, and from there the fence.
///
/// A program that knows of neither the switch nor the fence could write there again then. Routers hear of a switch at once, and trust what
/// they heard last for a bounded time alone.
pub(super) async fn left_home(mover: &mut Mover, work: &mut Work) -> Result<(), MoveError> {
    let tenant = mover.record.organization;
    let has_moved = mover.record.notes.outcome == Some(Outcome::Moved);
    let home = if has_moved { mover.record.target.clone() } else { mover.record.source.clone() };
    mover.organization_at(&home).await?;
    let (side, connection, holdings) = match has_moved {
        true => (&mover.source, &mut work.source, &work.holdings),
        false => (&mover.target, &mut work.target, &work.there),
    };
    for holding in holdings.iter().rev() {
        let rows = removal::empty(connection, holding, tenant).await.map_err(|error| side.failed(error))?;
        if rows > 0 {
            mover.notice(MoveEvent::Removed { table: holding.name.to_string(), rows });
        }
    }
    let lifted = fence::lift(connection, side.migrator.roles(), tenant).await;
    lifted.map_err(|error| side.failed(error))?;
    Ok(())
}
