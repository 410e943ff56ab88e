//! What is there of a catalog.

use std::fmt;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::schema::VERSION;

/// One digest of what a catalog consists of.
pub(super) const STATE: &str = include_str!("../../sql/catalog_state.sql");

/// How the catalog in a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogStatus {
    /// There is none.
    Missing,
    /// It is as this release makes it.
    Current,
    /// It is of this release's version, and was changed since it was made.
    Changed,
    /// It was made by a later release.
    Later {
        /// Its version.
        version: u32,
    },
    /// There is a schema of that name, which no release has made or which has no record of it.
    Unknown,
}

impl fmt::Display for CatalogStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no catalog"),
            Self::Current => write!(f, "version {VERSION}, as it was made"),
            Self::Changed => {
                write!(f, "version {VERSION}, and not as it was made: `migrate catalog up` makes it so again")
            }
            Self::Later { version } => {
                write!(f, "version {version}, of a later release than this program, which makes version {VERSION}")
            }
            Self::Unknown => f.write_str("there is a schema tenancy_catalog without a record of who made it"),
        }
    }
}

/// Looks.
pub(super) async fn look(connection: &mut PgConnection) -> Result<CatalogStatus, sqlx::Error> {
    // Which names are printed with their schema must not depend on the session.
    sqlx::raw_sql("SET search_path = pg_catalog, pg_temp").execute(&mut *connection).await?;
    let query = format!(
        "SELECT pg_catalog.to_regnamespace('tenancy_catalog') IS NOT NULL,
           pg_catalog.obj_description(pg_catalog.to_regnamespace('tenancy_catalog')::pg_catalog.oid, 'pg_namespace'), ({STATE})"
    );
    let query = sqlx::query_as(AssertSqlSafe(query)).persistent(false);
    let (exists, comment, state): (bool, Option<String>, Option<String>) = query.fetch_one(connection).await?;
    let recorded =
        comment.as_deref().and_then(|comment| comment.strip_prefix("version ")?.split_once("; as it was made: "));
    let recorded = recorded.and_then(|(version, state)| Some((version.parse::<u32>().ok()?, state)));
    Ok(match (exists, recorded) {
        (false, _) => CatalogStatus::Missing,
        (true, None) => CatalogStatus::Unknown,
        (true, Some((version, _))) if version > VERSION => CatalogStatus::Later { version },
        (true, Some((VERSION, made))) if Some(made) == state.as_deref() => CatalogStatus::Current,
        (true, Some(_)) => CatalogStatus::Changed,
    })
}
