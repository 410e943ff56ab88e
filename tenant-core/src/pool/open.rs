//! Opening a connection to a server that may be starting.

use std::io;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};

/// The pauses between attempts, doubled from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Opens a connection; tries again as long as the server seems to be on its way, until the caller's time is over.
///
/// `failure` holds why the last attempt failed.
pub(super) async fn open(
    options: &PgConnectOptions,
    failure: &mut Option<sqlx::Error>,
) -> Result<PgConnection, sqlx::Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        match options.connect().await {
            Ok(connection) => return Ok(connection),
            Err(transient) if is_transient(&transient) => *failure = Some(transient),
            Err(lasting) => return Err(lasting),
        }
        // Each of those that wait for a server comes at another moment.
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Whether the same may succeed a moment later: nobody listens (yet), the server starts up or shuts down (57P01 to 57P03), or
/// all its connections are taken (53300), as while it still ends those that were dropped.
fn is_transient(error: &sqlx::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
    match error {
        sqlx::Error::Io(failure) => {
            // A server's Unix socket is not found while it doesn't run.
            matches!(failure.kind(), ConnectionRefused | ConnectionReset | ConnectionAborted | NotFound | UnexpectedEof)
        }
        sqlx::Error::Database(refusal) => {
            matches!(refusal.code().as_deref(), Some("57P01" | "57P02" | "57P03" | "53300"))
        }
        _ => false,
    }
}
