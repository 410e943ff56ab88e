//! The organisation's rows are copied.

use std::time::{Duration, Instant};

use super::error::MoveError;
use super::event::MoveEvent;
use super::mover::{Mover, Work};
use crate::catalog::CopiedTable;
use crate::holdings::Holding;
use crate::transfer::copy::{self, CopyError};
use crate::transfer::references::{self, Dangling};
use crate::transfer::removal;
use crate::transfer::sequences::{self, RaiseError};

/// How often is said how far it is.
const TELLS: Duration = Duration::from_secs(1);

/// Copies all, while the organisation waits.
pub(super) async fn all(mover: &mut Mover, work: &mut Work) -> Result<(), MoveError> {
    tables(mover, work).await?;
    numbers(mover, work).await?;
    refer(mover, work, references::all).await
}

/// Copies all tables. What an earlier run has brought is removed first.
pub(super) async fn tables(mover: &mut Mover, work: &mut Work) -> Result<(), MoveError> {
    let tenant = mover.record.organization;
    for holding in work.there.iter().rev() {
        removal::empty(&mut work.target, holding, tenant).await.map_err(|error| mover.target.failed(error))?;
    }
    let mut copied = Vec::with_capacity(work.holdings.len());
    for holding in work.holdings.iter() {
        let (table, observer) = (holding.name.to_string(), mover.observer.clone());
        let (since, mut told) = (Instant::now(), Instant::now());
        let mut tell = |bytes: u64| {
            if told.elapsed() >= TELLS {
                told = Instant::now();
                let rate = rate(bytes, since.elapsed());
                observer.notice(&MoveEvent::Copying { table: table.clone(), bytes, rows: None, rate });
            }
        };
        let all = copy::rows(&mut work.source, &mut work.target, holding, tenant, &mut tell).await;
        let copy::Copied { rows, bytes } = all.map_err(|error| match error {
            CopyError::Source(error) => mover.source.failed(error),
            CopyError::Target(error) => mover.target.failed(error),
        })?;
        let rate = rate(bytes, since.elapsed());
        mover.notice(MoveEvent::Copying { table: table.clone(), bytes, rows: Some(rows), rate });
        copied.push(CopiedTable { table, rows, bytes });
    }
    mover.record.notes.copied = copied;
    Ok(())
}

/// Has the target's sequences go on where the source's are.
pub(super) async fn numbers(mover: &Mover, work: &mut Work) -> Result<(), MoveError> {
    let raised = sequences::raise(&mut work.source, &mut work.target, &work.holdings, &work.there).await;
    raised.map_err(|error| match error {
        RaiseError::Source(error) => mover.source.failed(error),
        RaiseError::Target(error) => mover.target.failed(error),
    })?;
    Ok(())
}

/// Refuses copied rows that refer to nothing; see [`references::dangling`].
pub(super) async fn refer(
    mover: &Mover,
    work: &mut Work,
    which: impl Fn(&Holding) -> Vec<String>,
) -> Result<(), MoveError> {
    let (target, tenant) = (&mover.target, mover.record.organization);
    let found = references::dangling(&mut work.target, &work.there, tenant, which).await;
    match found.map_err(|error| target.failed(error))? {
        None => Ok(()),
        Some(Dangling { table, constraint, parent, rows }) => {
            Err(MoveError::Dangling { placement: target.name().clone(), table, constraint, parent, rows })
        }
    }
}

/// Bytes a second.
fn rate(bytes: u64, time: Duration) -> u64 {
    (bytes as f64 / time.as_secs_f64().max(0.001)) as u64
}
