//! Keeping the organisation out of the home that it leaves.

use std::time::{Duration, Instant};

use sqlx::Connection;

use super::error::MoveError;
use super::event::MoveEvent;
use super::following;
use super::mover::{Mover, Work};
use crate::fence::{self, Older};

/// How often older transactions are looked for.
const LOOKS: Duration = Duration::from_millis(50);

/// How often is said whose they are.
const TELLS: Duration = Duration::from_secs(2);

/// For how long those who waited behind the mover go on, before he tries again.
const GIVES_WAY: Duration = Duration::from_millis(200);

/// Arms the fence, waits for who knows nothing of it, takes the lock, and closes the fence. From then on the organisation's statements
/// wait.
pub(super) async fn keep_out(mover: &mut Mover, work: &mut Work) -> Result<(), MoveError> {
    let tenant = mover.record.organization;
    let mut lock = mover.source.open().await?;
    let (source, roles) = (&mover.source, mover.source.migrator.roles());
    let failed = |error| source.failed(error);
    fence::arm(&mut work.source, roles, tenant).await.map_err(failed)?;
    let older = Older::now(&mut work.source).await.map_err(failed)?;
    let since = Instant::now();
    let mut told = since;
    loop {
        let open = older.still_open(&mut work.source).await.map_err(failed)?;
        if open.is_empty() {
            break;
        }
        if since.elapsed() > mover.pace.patience {
            return Err(MoveError::Blocked { waited_s: since.elapsed().as_secs(), blockers: open.join(", ") });
        }
        if told.elapsed() >= TELLS {
            told = Instant::now();
            mover.notice(MoveEvent::Waiting { blockers: open });
        }
        tokio::time::sleep(LOOKS).await;
    }
    // What it wrote while others were waited for.
    following::now(mover, work).await?;
    let (source, roles) = (&mover.source, mover.source.migrator.roles());
    let failed = |error| source.failed(error);
    let since = Instant::now();
    let mut paused = Instant::now();
    while !fence::hold(&mut lock, tenant, mover.pace.lock_timeout).await.map_err(failed)? {
        if since.elapsed() > mover.pace.patience {
            let blockers = "transactions of the organisation itself".to_owned();
            return Err(MoveError::Blocked { waited_s: since.elapsed().as_secs(), blockers });
        }
        tokio::time::sleep(GIVES_WAY).await;
        paused = Instant::now();
    }
    fence::close(&mut work.source, roles, tenant).await.map_err(failed)?;
    mover.catalog.set_moving(tenant).await?;
    // It is closed now, whoever has the lock.
    drop(lock.close().await);
    mover.paused = Some(paused);
    Ok(())
}

/// Opens the home that it was to leave again.
pub(super) async fn let_in(mover: &Mover, work: &mut Work) -> Result<(), MoveError> {
    let (source, tenant) = (&mover.source, mover.record.organization);
    let lifted = fence::lift(&mut work.source, source.migrator.roles(), tenant).await;
    lifted.map_err(|error| source.failed(error))?;
    Ok(())
}
