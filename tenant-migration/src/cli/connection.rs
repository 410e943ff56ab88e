//! The connection a migration runs on.

use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};
use sqlx::Connection;
use sqlx::postgres::{PgConnection, PgPoolOptions};

use super::error::CliError;
use crate::database_url::{DatabaseUrl, Place};
use crate::ident::Ident;

/// How long a server may take to answer. A pool would go on trying for 30 s before it says anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// The advisory lock that a deploy holds: two numbers of our own, the second for deploys.
const DEPLOY_LOCK: (i32, i32) = (0x0074_656e, 1);

/// The connections of a deploy.
pub(super) struct Deploy {
    /// On which migrations run.
    pub(super) db: DatabaseConnection,
    /// Holds the lock that keeps a second deploy of this database waiting; released when it closes, however that comes.
    lock: PgConnection,
}

impl Deploy {
    /// Closes the connections.
    pub(super) async fn close(self) -> Result<(), DbErr> {
        self.db.close().await?;
        // The lock is gone with the session, said goodbye to or not.
        drop(self.lock.close().await);
        Ok(())
    }
}

/// Connects, after a first connection has shown what is wrong if something is, and waited for its turn.
pub(super) async fn connect(url: Option<&str>, schema: &str) -> Result<Deploy, CliError> {
    connect_to(&read(url)?, schema).await
}

/// [`connect`] for a URL that was read.
pub(super) async fn connect_to(url: &DatabaseUrl, schema: &str) -> Result<Deploy, CliError> {
    let place = url.place();
    let no_schema = || CliError::NoSchema { schema: schema.to_owned() };
    let search_path = Ident::new(schema).map_err(|_| no_schema())?.to_string();

    let mut lock = look_at(url).await?;
    let exists = sqlx::query_scalar("SELECT pg_catalog.to_regnamespace($1) IS NOT NULL").bind(&search_path);
    if !exists.fetch_one(&mut lock).await.map_err(|source| explain(source, place))? {
        return Err(no_schema());
    }
    match wait_for_turn(&mut lock, place).await {
        // A role without the right to lock is none that migrates, and the migrator says which one does.
        Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("42501") => {}
        waited => waited.map_err(|source| explain(source, place))?,
    }
    let pool = PgPoolOptions::new()
        // One for the migration, one for what it may do outside its transaction.
        .max_connections(2)
        .acquire_timeout(PATIENCE)
        .after_connect(move |connection, _| {
            let search_path = search_path.clone();
            Box::pin(async move {
                let set = sqlx::query("SELECT pg_catalog.set_config('search_path', $1, false)");
                set.bind(search_path).execute(connection).await.map(drop)
            })
        })
        .connect_with(url.options().clone())
        .await
        .map_err(|source| explain(source, place))?;
    Ok(Deploy { db: pool.into(), lock })
}

/// A connection to look through, which waits for no deploy, and what to call its place.
pub(super) async fn look(url: Option<&str>) -> Result<(PgConnection, Place), CliError> {
    let url = read(url)?;
    Ok((look_at(&url).await?, url.place().clone()))
}

/// A connection that waits for no deploy, or what is in its way.
pub(super) async fn look_at(url: &DatabaseUrl) -> Result<PgConnection, CliError> {
    let (place, options) = (url.place(), url.options());
    let connecting = tokio::time::timeout(PATIENCE, PgConnection::connect_with(options)).await;
    connecting
        .map_err(|_| CliError::Unreachable {
            place: place.clone(),
            reason: format!("no answer in {} s", PATIENCE.as_secs()),
        })?
        .map_err(|source| refusal(source, place, options.get_username()))
}

/// Takes the lock of deploys, and says who has it while it waits.
async fn wait_for_turn(connection: &mut PgConnection, place: &Place) -> Result<(), sqlx::Error> {
    let (class, object) = DEPLOY_LOCK;
    let try_lock = sqlx::query_scalar("SELECT pg_catalog.pg_try_advisory_lock($1, $2)").bind(class).bind(object);
    if try_lock.fetch_one(&mut *connection).await? {
        return Ok(());
    }
    let holder = "SELECT pg_catalog.format('process %s of role %s, since %s', a.pid, a.usename, a.backend_start)
                  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
                  WHERE l.locktype = 'advisory' AND l.classid = $1 AND l.objid = $2 AND l.granted
                    AND a.datname = pg_catalog.current_database()";
    let holder: Option<String> = sqlx::query_scalar(holder)
        .bind(sqlx::postgres::types::Oid(class.unsigned_abs()))
        .bind(sqlx::postgres::types::Oid(object.unsigned_abs()))
        .fetch_optional(&mut *connection)
        .await?;
    let holder = holder.as_deref().unwrap_or("just ending");
    eprintln!("another deploy of {place} runs ({holder}): waiting for it");
    let lock = sqlx::query("SELECT pg_catalog.pg_advisory_lock($1, $2)").bind(class).bind(object);
    lock.execute(connection).await.map(drop)
}

/// The URL that a single database was given by.
fn read(url: Option<&str>) -> Result<DatabaseUrl, CliError> {
    Ok(url.filter(|url| !url.is_empty()).ok_or(CliError::NoUrl)?.parse()?)
}

fn refusal(error: sqlx::Error, place: &Place, user: &str) -> CliError {
    let (place, user) = (place.clone(), user.to_owned());
    match &error {
        sqlx::Error::Io(reason) => CliError::Unreachable { place, reason: reason.to_string() },
        sqlx::Error::Database(server) => {
            let reason = server.message().to_owned();
            match server.code().as_deref() {
                Some("28P01" | "28000") => CliError::Refused { place, user, reason },
                Some("3D000") => CliError::NoDatabase { place, reason },
                _ => explain(error, &place),
            }
        }
        _ => explain(error, &place),
    }
}

/// What went wrong at `place`.
pub(super) fn explain(source: sqlx::Error, place: &Place) -> CliError {
    CliError::Connection { place: place.clone(), source }
}
