//! Whether both homes have the same rows.

use super::error::MoveError;
use super::event::MoveEvent;
use super::mover::{Mover, Work};
use crate::transfer::digest;

/// Compares all tables, while nobody writes to either.
pub(super) async fn all(mover: &Mover, work: &mut Work) -> Result<(), MoveError> {
    let tenant = mover.record.organization;
    let (source, target) = (|error| mover.source.failed(error), |error| mover.target.failed(error));
    let mut rows = 0;
    for holding in work.holdings.iter() {
        let here = digest::table(&mut work.source, holding, tenant).await.map_err(source)?;
        let there = digest::table(&mut work.target, holding, tenant).await.map_err(target)?;
        let differing = here.differing(&there);
        if !differing.is_empty() {
            let here = digest::rows_of(&mut work.source, holding, tenant, &differing).await.map_err(source)?;
            let there = digest::rows_of(&mut work.target, holding, tenant, &differing).await.map_err(target)?;
            if let Some(row) = digest::differences(&here, &there).into_iter().next() {
                let table = holding.name.to_string();
                return Err(MoveError::Different { tenant, table, key: row.key, found: row.found });
            }
        }
        rows += here.rows;
    }
    mover.notice(MoveEvent::Compared { tables: work.holdings.len(), rows });
    Ok(())
}
