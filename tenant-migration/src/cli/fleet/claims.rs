//! No database is done twice in one run, whatever two names it has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sqlx::PgConnection;

use crate::cli::error::CliError;
use crate::fleet::Member;
use crate::reach::explain;

/// A server is known by its cluster and the moment it was started: a copy of a cluster's files has the same identifier,
/// and so has a replica.
const IDENTITY: &str = "SELECT pg_catalog.concat_ws('/',
      (SELECT system_identifier FROM pg_catalog.pg_control_system()),
      EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time()),
      (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))";

/// Which database of a run belongs to which member: two hosts' names, or a pooler, may lead to one database.
#[derive(Default)]
pub(super) struct Claims(Mutex<HashMap<String, String>>);

impl Claims {
    /// Claims the database of `connection` for `member`.
    pub(super) async fn claim(&self, member: &Member, connection: &mut PgConnection) -> Result<(), CliError> {
        let place = member.url().place();
        let identity = match sqlx::query_scalar(IDENTITY).persistent(false).fetch_one(connection).await {
            // Somebody has closed these functions. Then the lock of deploys alone keeps two from running at once.
            Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("42501") => return Ok(()),
            identity => identity.map_err(|source| explain(source, place))?,
        };
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = claims.entry(identity).or_insert_with(|| member.name().to_owned());
        if holder == member.name() {
            return Ok(());
        }
        Err(CliError::SameDatabase { place: place.clone(), name: member.name().to_owned(), other: holder.clone() })
    }
}
