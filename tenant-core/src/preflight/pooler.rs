//! Whether something between us and the server gives one server session to several of its clients by turns.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor, Row};

/// How many sessions hold on to what they were given, at most. A pooler with no more server connections than that is found out
/// for certain.
const HOLDERS: u32 = 4;

/// How often all of them are asked. Among many other clients each time finds a pooler out unless chance gives every session
/// what a direct server would.
const ROUNDS: u32 = 3;

/// Whether two sessions share a server process, or one session moves from one to another.
///
/// Between its statements, a pooler of transactions takes the first session's server process away. Others, which each hold in
/// a transaction what they are given, most likely get it at once: it was the last to become free.
pub(crate) async fn is_multiplexed(
    first: &mut PgConnection,
    options: &PgConnectOptions,
    max_connections: u32,
) -> Result<bool, sqlx::Error> {
    let process = server_process(first).await?;
    let mut holders = Vec::new();
    for _ in 0..HOLDERS.min(max_connections.saturating_sub(1)).max(1) {
        holders.push(options.connect().await?);
    }
    for _ in 0..ROUNDS {
        for holder in &mut holders {
            if server_process(first).await? != process {
                return Ok(true);
            }
            holder.execute("BEGIN").await?;
            // Asked before the first session would wait because all that a pooler has is held.
            if server_process(holder).await? == process {
                return Ok(true);
            }
        }
        for holder in &mut holders {
            holder.execute("ROLLBACK").await?;
        }
    }
    for holder in holders {
        holder.close().await?;
    }
    Ok(false)
}

/// Asked without preparing anything, which poolers may not bear.
async fn server_process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let row = connection.fetch_one("SELECT pg_catalog.pg_backend_pid()").await?;
    row.try_get_unchecked::<String, _>(0)?.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
