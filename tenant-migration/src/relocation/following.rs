//! The organisation's rows are copied while it works, and what it writes meanwhile follows.

use std::time::{Duration, Instant};

use sqlx::Connection;

use super::copying;
use super::error::MoveError;
use super::event::MoveEvent;
use super::mover::{Mover, Work};
use super::verified;
use crate::catalog::{Followed, Wish};
use crate::fence;
use crate::replication::apply::{FollowError, Follower};
use crate::replication::publication::{self, StreamName};
use crate::replication::snapshot::Snapshot;
use crate::replication::{arrival, slot};
use crate::transfer::references;

/// The target is close behind when it takes no longer to follow up to now.
const CLOSE: Duration = Duration::from_millis(50);

/// Who writes all the time may never let it come as close. After so many rounds it is close enough where it takes no longer than this;
/// once the organisation waits nothing more is written.
const ROUNDS: u32 = 10;
const CLOSE_ENOUGH: Duration = Duration::from_secs(1);

/// For how long a slot may be held by somebody who was cut while reading it.
const CUT: Duration = Duration::from_secs(10);

/// Copies, follows until the target is close behind, and compares. `false` where somebody wants something else first.
pub(super) async fn all(mover: &mut Mover, work: &mut Work) -> Result<bool, MoveError> {
    work.follower = goes_on(mover, work).await?;
    if work.follower.is_none() {
        work.follower = Some(anew(mover, work).await?);
    }
    if !catch_up(mover, work).await? {
        return Ok(false);
    }
    copying::refer(mover, work, references::all).await?;
    verified::begin(mover, work).await?;
    catch_up(mover, work).await
}

/// What an earlier run followed with, if the slot is there and nothing of the log was lost.
pub(super) async fn goes_on(mover: &Mover, work: &mut Work) -> Result<Option<Follower>, MoveError> {
    let tenant = mover.record.organization;
    let Some(Followed { snapshot: Some(snapshot) }) = &mover.record.notes.followed else { return Ok(None) };
    let name = StreamName::of(&mover.record.id);
    let is_whole = slot::is_whole(&mut work.source, &name, CUT).await.map_err(|error| mover.source.failed(error))?;
    let reached = arrival::reached(&mut work.target, tenant).await.map_err(|error| mover.target.failed(error))?;
    let (Some(snapshot), Some(applied), true) = (Snapshot::read(snapshot), reached, is_whole) else { return Ok(None) };
    Ok(Some(Follower::new(name, tenant, snapshot, work.holdings.clone(), applied)))
}

/// Has the source keep its log, and copies what is there after that.
async fn anew(mover: &mut Mover, work: &mut Work) -> Result<Follower, MoveError> {
    let tenant = mover.record.organization;
    forget(mover, work).await?;
    mover.record.notes.followed = Some(Followed::default());
    mover.catalog.save_move(&mover.record).await?;
    let name = StreamName::of(&mover.record.id);
    let listened = listen(mover, work, &name).await;
    let copied = match listened {
        Ok(()) => copy(mover, work).await,
        Err(error) => Err(error),
    };
    let snapshot = match copied {
        Ok(snapshot) => snapshot,
        Err(error) => {
            // Nobody may come back to it, and a slot that nobody reads fills the disk.
            if let Ok(connection) = mover.source.open().await {
                work.source = connection;
                drop(forget(mover, work).await);
            }
            return Err(error);
        }
    };
    let unreadable = || mover.source.failed(sqlx::Error::Protocol(format!("{snapshot} is no snapshot")));
    let seen = Snapshot::read(&snapshot).ok_or_else(unreadable)?;
    mover.record.notes.followed = Some(Followed { snapshot: Some(snapshot) });
    mover.catalog.save_move(&mover.record).await?;
    Ok(Follower::new(name, tenant, seen, work.holdings.clone(), slot::Position::default()))
}

async fn listen(mover: &Mover, work: &mut Work, name: &StreamName) -> Result<(), MoveError> {
    let (tenant, patience) = (mover.record.organization, mover.pace.patience);
    let failed = |error| mover.source.failed(error);
    let mut login = mover.source.login().await?;
    publication::create(&mut login, name, &work.holdings, tenant).await.map_err(failed)?;
    drop(login.close().await);
    let older = fence::Older::now(&mut work.source).await.map_err(failed)?;
    if slot::create(&mut work.source, name, patience).await.map_err(failed)? {
        return Ok(());
    }
    let blockers = older.still_open(&mut work.source).await.map_err(failed)?.join(", ");
    Err(MoveError::Blocked { waited_s: patience.as_secs(), blockers })
}

/// Copies with one snapshot, which is the answer.
async fn copy(mover: &mut Mover, work: &mut Work) -> Result<String, MoveError> {
    let tenant = mover.record.organization;
    arrival::begin(&mut work.target, tenant).await.map_err(|error| mover.target.failed(error))?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    sqlx::raw_sql(begin).execute(&mut work.source).await.map_err(|error| mover.source.failed(error))?;
    let snapshot = Snapshot::current(&mut work.source).await.map_err(|error| mover.source.failed(error))?;
    copying::tables(mover, work).await?;
    sqlx::raw_sql("COMMIT").execute(&mut work.source).await.map_err(|error| mover.source.failed(error))?;
    Ok(snapshot)
}

/// Follows until the target is close behind. `false` where somebody wants something else first.
pub(super) async fn catch_up(mover: &mut Mover, work: &mut Work) -> Result<bool, MoveError> {
    let (since, mut rounds) = (Instant::now(), 0);
    loop {
        rounds += 1;
        if mover.catalog.wish_of(&mover.record.id).await? != Wish::Run {
            return Ok(false);
        }
        let took = now(mover, work).await?;
        if took < CLOSE || rounds >= ROUNDS && took < CLOSE_ENOUGH {
            return Ok(true);
        }
        if since.elapsed() > mover.pace.patience {
            let (tenant, waited_s) = (mover.record.organization, since.elapsed().as_secs());
            return Err(MoveError::Outrun { tenant, waited_s });
        }
    }
}

/// Applies all that was committed until now. How long it took.
pub(super) async fn now(mover: &Mover, work: &mut Work) -> Result<Duration, MoveError> {
    let Some(follower) = &mut work.follower else { return Ok(Duration::ZERO) };
    let since = Instant::now();
    let until = slot::flush(&mut work.source).await.map_err(|error| mover.source.failed(error))?;
    let round = follower.follow(&mut work.source, &mut work.target, until).await;
    let round = round.map_err(|error| match error {
        FollowError::Source(error) => mover.source.failed(error).into(),
        FollowError::Target(error) => mover.target.failed(error).into(),
        FollowError::Unreadable(source) => MoveError::Log { placement: mover.source.name().clone(), source },
        FollowError::Wrong { table, key, found } => {
            MoveError::Different { tenant: mover.record.organization, table, key, found }
        }
    })?;
    let took = since.elapsed();
    if round.changes > 0 {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        mover.notice(MoveEvent::Followed { transactions: round.transactions, changes: round.changes, ms });
    }
    Ok(took)
}

/// Has the source keep its log no longer. What came to the target is another matter.
pub(super) async fn forget(mover: &Mover, work: &mut Work) -> Result<(), MoveError> {
    let (tenant, name) = (mover.record.organization, StreamName::of(&mover.record.id));
    work.follower = None;
    let failed = |error| mover.source.failed(error);
    slot::remove(&mut work.source, &name, CUT).await.map_err(failed)?;
    let mut login = mover.source.login().await?;
    publication::remove(&mut login, &name).await.map_err(failed)?;
    drop(login.close().await);
    arrival::end(&mut work.target, tenant).await.map_err(|error| mover.target.failed(error))?;
    Ok(())
}
