//! Whether something between us and the server gives one server session to several of its clients by turns.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor, Row};

/// How often it is asked. A pooler in nobody else's use is found out at the first; among many clients each question finds it
/// out unless chance gives both sessions what a direct server would.
const QUESTIONS: u32 = 5;

/// Whether two sessions share a server process, or one session moves from one to another.
///
/// While the second session holds whatever it was given in a transaction, the first is between transactions: a pooler of
/// transactions has taken its server process away and, most likely, given it to the second.
pub(crate) async fn is_multiplexed(first: &mut PgConnection, options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let process = server_process(first).await?;
    for _ in 0..QUESTIONS {
        let mut second = options.connect().await?;
        second.execute("BEGIN").await?;
        let other = server_process(&mut second).await?;
        let moved = server_process(first).await? != process;
        second.execute("ROLLBACK").await?;
        second.close().await?;
        if moved || other == process {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Asked without preparing anything, which poolers may not bear.
async fn server_process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let row = connection.fetch_one("SELECT pg_catalog.pg_backend_pid()").await?;
    row.try_get_unchecked::<String, _>(0)?.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
