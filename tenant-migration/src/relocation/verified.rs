//! Comparing both homes while the organisation works, so that it waits for what it wrote last alone.

use std::collections::HashSet;

use sqlx::AssertSqlSafe;

use super::error::MoveError;
use super::event::MoveEvent;
use super::mover::{Mover, Work};
use super::{copying, following};
use crate::holdings::Holding;
use crate::replication::Noted;
use crate::transfer::digest::{self, RowDifference};

/// From how many changed rows on they are compared once more before the organisation waits for it.
const MANY: usize = 5_000;

/// How often that is done at the most: who writes faster than that waits longer.
const TIMES: usize = 5;

/// Compares all rows. Those that aren't alike must have changed meanwhile: what the log says next must say so.
pub(super) async fn begin(mover: &mut Mover, work: &mut Work) -> Result<(), MoveError> {
    // What is applied from here on may not be visible at the source yet, where its commit is on disk a moment before.
    note_anew(work);
    following::now(mover, work).await?;
    let (tenant, mut differing, mut rows) = (mover.record.organization, Vec::new(), 0);
    for holding in work.holdings.clone().iter() {
        let (source, target) = (|error| mover.source.failed(error), |error| mover.target.failed(error));
        let here = digest::table(&mut work.source, holding, tenant).await.map_err(source)?;
        let there = digest::table(&mut work.target, holding, tenant).await.map_err(target)?;
        rows += here.rows;
        let parts = here.differing(&there);
        if !parts.is_empty() {
            let here = digest::rows_of(&mut work.source, holding, tenant, &parts).await.map_err(source)?;
            let there = digest::rows_of(&mut work.target, holding, tenant, &parts).await.map_err(target)?;
            differing.push((holding.clone(), digest::differences(&here, &there)));
        }
    }
    must_have_changed(mover, work, differing).await?;
    mover.is_verified = true;
    mover.notice(MoveEvent::Compared { tables: work.holdings.len(), rows });
    for _ in 0..TIMES {
        let Some(follower) = &mut work.follower else { break };
        if follower.noted.count().is_some_and(|count| count < MANY) {
            break;
        }
        let noted = note_anew(work);
        if noted.count().is_none() {
            // Nobody knows which they are.
            mover.is_verified = false;
            break;
        }
        following::now(mover, work).await?;
        let differing = noted_differences(mover, work, &noted).await?;
        must_have_changed(mover, work, differing).await?;
    }
    Ok(())
}

/// Compares the rows that changed since, while nobody writes to either. How many they are; `None` where all must be compared.
pub(super) async fn end(mover: &Mover, work: &mut Work) -> Result<Option<usize>, MoveError> {
    let noted = note_anew(work);
    let (Some(count), true) = (noted.count(), mover.is_verified) else { return Ok(None) };
    let tenant = mover.record.organization;
    let differing = noted_differences(mover, work, &noted).await?;
    if let Some((holding, row)) =
        differing.into_iter().find_map(|(holding, rows)| Some((holding, rows.into_iter().next()?)))
    {
        let table = holding.name.to_string();
        return Err(MoveError::Different { tenant, table, key: row.key, found: row.found });
    }
    copying::refer(mover, work, |holding| noted.conditions(holding)).await?;
    Ok(Some(count))
}

/// What was noted until now; from here on it is noted anew.
fn note_anew(work: &mut Work) -> Noted {
    work.follower.as_mut().map(|follower| std::mem::take(&mut follower.noted)).unwrap_or_default()
}

async fn noted_differences(
    mover: &Mover,
    work: &mut Work,
    noted: &Noted,
) -> Result<Vec<(Holding, Vec<RowDifference>)>, MoveError> {
    let (tenant, mut differing) = (mover.record.organization, Vec::new());
    for holding in work.holdings.iter() {
        for condition in noted.conditions(holding) {
            let (source, target) = (|error| mover.source.failed(error), |error| mover.target.failed(error));
            let here = digest::rows_that(&mut work.source, holding, tenant, &condition).await.map_err(source)?;
            let there = digest::rows_that(&mut work.target, holding, tenant, &condition).await.map_err(target)?;
            let rows = digest::differences(&here, &there);
            if !rows.is_empty() {
                differing.push((holding.clone(), rows));
            }
        }
    }
    Ok(differing)
}

/// Follows up to now, and refuses rows that were not alike and that the log says nothing of.
async fn must_have_changed(
    mover: &Mover,
    work: &mut Work,
    differing: Vec<(Holding, Vec<RowDifference>)>,
) -> Result<(), MoveError> {
    if differing.is_empty() {
        return Ok(());
    }
    following::now(mover, work).await?;
    let Some(noted) = work.follower.as_ref().map(|follower| follower.noted.clone()) else { return Ok(()) };
    if noted.count().is_none() {
        return Ok(());
    }
    for (holding, rows) in differing {
        let mut changed = HashSet::new();
        for print in noted.prints(&holding) {
            let keys = sqlx::query_scalar(AssertSqlSafe(print)).persistent(false).fetch_all(&mut work.source).await;
            let keys: Vec<String> = keys.map_err(|error| mover.source.failed(error))?;
            changed.extend(keys);
        }
        if let Some(row) = rows.into_iter().find(|row| !changed.contains(&row.key)) {
            let (tenant, table) = (mover.record.organization, holding.name.to_string());
            return Err(MoveError::Different { tenant, table, key: row.key, found: row.found });
        }
    }
    Ok(())
}
