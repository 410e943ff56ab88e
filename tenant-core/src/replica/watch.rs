//! Asking the primary where it is, and each standby how far it has come.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnection;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::position::Position;
use super::replicas::Replicas;
use crate::pool::Pool;
use crate::preflight::{self, Access};
use crate::servers::Opened;

/// How often each server is asked.
const EVERY: Duration = Duration::from_millis(100);

/// How long a server may take to let the watcher in or to answer it.
const PATIENCE: Duration = Duration::from_secs(2);

impl Replicas {
    /// Watches them until they or the primary's pool are gone or closed. Each server is watched by itself: one that says nothing
    /// makes no other look stale.
    pub(crate) fn watch(self: &Arc<Self>, primary: &Arc<Pool>) {
        tokio::spawn(watch_primary(Arc::downgrade(self), Arc::downgrade(primary)));
        for at in 0..self.each().len() {
            tokio::spawn(watch_replica(Arc::downgrade(self), at));
        }
    }
}

async fn watch_primary(replicas: Weak<Replicas>, pool: Weak<Pool>) {
    let mut ticks = ticks();
    let mut watched: Option<Opened> = None;
    loop {
        ticks.tick().await;
        let (Some(replicas), Some(pool)) = (replicas.upgrade(), pool.upgrade()) else { return };
        if pool.is_closed() {
            return;
        }
        let servers = pool.servers();
        let mut opened = match watched.take().filter(|opened| opened.era == servers.era().now()) {
            Some(opened) => opened,
            None => match timeout(PATIENCE, servers.open()).await {
                Ok(Ok(opened)) => opened,
                // Whoever needs the primary is told why.
                Ok(Err(_)) | Err(_) => continue,
            },
        };
        // Before it is asked: what is committed later may lie before the position that it answers.
        let asked = Instant::now();
        if let Ok(Ok(position)) = timeout(PATIENCE, Position::of(&mut opened.connection)).await
            && !position.is_standby
        {
            replicas.samples().note(&position, asked);
            watched = Some(opened);
        }
    }
}

async fn watch_replica(replicas: Weak<Replicas>, at: usize) {
    let mut ticks = ticks();
    let mut watched: Option<PgConnection> = None;
    let mut is_known_unsafe = false;
    loop {
        ticks.tick().await;
        let Some(replicas) = replicas.upgrade() else { return };
        let Some(replica) = replicas.each().get(at) else { return };
        let pool = replica.backend.pool();
        if pool.is_closed() {
            return;
        }
        let mut connection = match watched.take() {
            Some(connection) => connection,
            None => {
                // What was known was about a server that may have been replaced since.
                replica.set_fresh(None);
                match timeout(PATIENCE, examined(&replicas, at)).await {
                    Ok(Ok(Some(connection))) => connection,
                    Ok(Err(refusal)) => {
                        if !std::mem::replace(&mut is_known_unsafe, true) {
                            let server = pool.servers().label();
                            tracing::warn!("{server} is not read from: {refusal}");
                        }
                        continue;
                    }
                    Ok(Ok(None)) | Err(_) => continue,
                }
            }
        };
        is_known_unsafe = false;
        match timeout(PATIENCE, Position::of(&mut connection)).await {
            Ok(Ok(position)) => {
                let fresh = replicas.samples().fresh_as_of(&position);
                replica.set_fresh(fresh);
                watched = Some(connection);
            }
            Ok(Err(_)) | Err(_) => replica.set_fresh(None),
        }
    }
}

/// A connection to a host that the preflight has passed; nothing while it can't be reached.
async fn examined(replicas: &Replicas, at: usize) -> Result<Option<PgConnection>, preflight::PreflightError> {
    let backend = &replicas.each()[at].backend;
    let Ok(mut connection) = backend.pool().servers().options(0).connect().await else { return Ok(None) };
    let (registry, mode) = (backend.rewriter().registry(), backend.conduct().binding_mode);
    preflight::check(&mut connection, registry, mode, Access::Tenants).await?;
    Ok(Some(connection))
}

fn ticks() -> tokio::time::Interval {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
