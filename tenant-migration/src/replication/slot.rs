//! A place in a server's log, from which on it keeps and prints it.

use std::fmt;
use std::time::{Duration, Instant};

use futures_util::stream::BoxStream;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::publication::StreamName;

/// A place in a server's log (`pg_lsn`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(pub(crate) u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl Position {
    /// As PostgreSQL prints it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (high, low) = text.split_once('/')?;
        let half = |text| u32::from_str_radix(text, 16).ok().map(u64::from);
        Some(Self(half(high)? << 32 | half(low)?))
    }
}

/// How often a slot that somebody reads is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Has the server keep its log from here on. Waits, for `patience` at the most, for the end of the transactions that are open now.
/// Whether they ended in time.
pub(crate) async fn create(
    connection: &mut PgConnection,
    name: &StreamName,
    patience: Duration,
) -> Result<bool, sqlx::Error> {
    let timeout = patience.as_millis().clamp(1, 2_000_000_000);
    sqlx::raw_sql(AssertSqlSafe(format!("SET statement_timeout = {timeout}"))).execute(&mut *connection).await?;
    let create = "SELECT FROM pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')";
    let created = sqlx::query(create).bind(name.as_str()).persistent(false).execute(&mut *connection).await;
    sqlx::raw_sql("SET statement_timeout = 0").execute(connection).await?;
    match created {
        Ok(_) => Ok(true),
        Err(error) if error.as_database_error().and_then(|error| error.code()).as_deref() == Some("57014") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether it is there, and all that it should keep. Who was cut while reading it may hold it for a moment, which is waited for.
pub(crate) async fn is_whole(
    connection: &mut PgConnection,
    name: &StreamName,
    patience: Duration,
) -> Result<bool, sqlx::Error> {
    let since = Instant::now();
    let query = "SELECT active, wal_status IS DISTINCT FROM 'lost' AND confirmed_flush_lsn IS NOT NULL
                 FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND database = pg_catalog.current_database()";
    loop {
        let slot = sqlx::query_as(query).bind(name.as_str()).persistent(false);
        let slot: Option<(bool, bool)> = slot.fetch_optional(&mut *connection).await?;
        match slot {
            Some((true, true)) if since.elapsed() < patience => tokio::time::sleep(PAUSE).await,
            Some((_, is_whole)) => return Ok(is_whole),
            None => return Ok(false),
        }
    }
}

/// Has all that was committed until now on disk, and says up to where that is: only from there is the log printed. Who doesn't wait for
/// the disk (`synchronous_commit = off`) can be seen before.
pub(crate) async fn flush(connection: &mut PgConnection) -> Result<Position, sqlx::Error> {
    // A transaction that writes and does wait.
    let write = "SELECT FROM pg_catalog.pg_logical_emit_message(true, 'tenancy_move', '')";
    sqlx::query(write).persistent(false).execute(&mut *connection).await?;
    let query = sqlx::query_scalar("SELECT pg_catalog.pg_current_wal_flush_lsn()::text");
    let text: String = query.persistent(false).fetch_one(connection).await?;
    Position::read(&text).ok_or_else(|| sqlx::Error::Protocol(format!("{text} is no place in a server's log")))
}

/// What the log has from the slot's place up to `until`, or fewer whole transactions with `limit` changes or a few more. The slot stays
/// where it is.
pub(crate) fn peek<'c>(
    connection: &'c mut PgConnection,
    name: &StreamName,
    until: Position,
    limit: i32,
) -> BoxStream<'c, Result<Vec<u8>, sqlx::Error>> {
    let peek = "SELECT data FROM pg_catalog.pg_logical_slot_peek_binary_changes(
                  $1, $2::pg_catalog.pg_lsn, $3, 'proto_version', '1', 'publication_names', $1)";
    sqlx::query_scalar(peek)
        .bind(name.as_str().to_owned())
        .bind(until.to_string())
        .bind(limit)
        .persistent(false)
        .fetch(connection)
}

/// Lets the server forget what comes before `to`.
pub(crate) async fn advance(connection: &mut PgConnection, name: &StreamName, to: Position) -> Result<(), sqlx::Error> {
    let advance = "SELECT pg_catalog.pg_replication_slot_advance(slot_name, $2::pg_catalog.pg_lsn)
                   FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn < $2::pg_catalog.pg_lsn";
    let advance = sqlx::query(advance).bind(name.as_str()).bind(to.to_string());
    advance.persistent(false).execute(connection).await.map(drop)
}

/// Lets the server forget all; the slot may be gone. Who was cut while reading it may hold it for a moment.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    name: &StreamName,
    patience: Duration,
) -> Result<(), sqlx::Error> {
    let since = Instant::now();
    let remove = "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots
                  WHERE slot_name = $1 AND database = pg_catalog.current_database()";
    loop {
        let removed = sqlx::query(remove).bind(name.as_str()).persistent(false).execute(&mut *connection).await;
        let in_use =
            |error: &sqlx::Error| error.as_database_error().and_then(|error| error.code()).as_deref() == Some("55006");
        match removed {
            Err(error) if in_use(&error) && since.elapsed() < patience => tokio::time::sleep(PAUSE).await,
            ended => return ended.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_postgresql_prints_them() {
        for text in ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            assert_eq!(Position::read(text).expect("a position").to_string(), text);
        }
        assert_eq!(Position::read("1/0"), Some(Position(1 << 32)));
        for text in ["", "1", "1/x", "1/100000000"] {
            assert_eq!(Position::read(text), None, "{text}");
        }
    }
}
