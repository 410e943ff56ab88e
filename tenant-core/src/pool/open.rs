//! Opening a connection to a server that may be starting.

use std::io;
use std::time::Duration;

use crate::servers::{NoPrimary, Opened, Servers};

/// The pauses between attempts, doubled from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Opens a connection; tries again as long as a server seems to be on its way, until the caller's time is over.
///
/// `failure` holds why the last attempt failed.
pub(super) async fn open(servers: &Servers, failure: &mut Option<sqlx::Error>) -> Result<Opened, sqlx::Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        match servers.open().await {
            Ok(opened) => return Ok(opened),
            Err(transient) if is_transient(&transient) => *failure = Some(transient),
            Err(lasting) => return Err(lasting),
        }
        // Each of those that wait for a server comes at another moment.
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Whether the same may succeed a moment later: nobody listens (yet), the server starts up or shuts down (57P01 to 57P03), or
/// all its connections are taken (53300), as while it still ends those that were dropped; or none of several hosts accepts
/// writes, as while one is promoted.
fn is_transient(error: &sqlx::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
    match error {
        _ if NoPrimary::is_in(error) => true,
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
