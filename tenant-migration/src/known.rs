//! What an earlier run found to be as it should, so that the next one need not look closely.
//!
//! A record holds two digests: of what was wanted, and of what the database said when it had it. While both are the same
//! there is nothing to compare. It is a saving only: without it everything is compared.

use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;

/// The roles of the configuration, by their place among the six.
pub(crate) const ROLES: &str = "role";
/// Roles, rights and schema of the framework.
pub(crate) const FOUNDATION: &str = "foundation";
/// What roles of old programs keep until tenancy is enforced: the statement that takes it from them, and as `desired` the one
/// that gives it, where the owner can.
pub(crate) const LENT: &str = "lent";
/// A table, by its name.
pub(crate) const TABLE: &str = "table";

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) desired: String,
    pub(crate) live: String,
}

/// Whether there are records.
pub(crate) async fn exists(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let query = "SELECT pg_catalog.to_regclass('tenancy.known') IS NOT NULL";
    sqlx::query_scalar(query).persistent(false).fetch_one(connection).await
}

/// The records of a kind, by name.
pub(crate) async fn of_kind(connection: &mut PgConnection, kind: &str) -> Result<Vec<Known>, sqlx::Error> {
    let query = "SELECT name, desired, live FROM tenancy.known WHERE kind = $1 ORDER BY name";
    sqlx::query_as(query).bind(kind).persistent(false).fetch_all(connection).await
}

pub(crate) async fn record(
    connection: &mut PgConnection,
    kind: &str,
    name: &str,
    desired: &str,
    live: &str,
) -> Result<(), sqlx::Error> {
    let query = "INSERT INTO tenancy.known (kind, name, desired, live) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (kind, name) DO UPDATE SET desired = excluded.desired, live = excluded.live";
    let query = sqlx::query(query).bind(kind).bind(name).bind(desired).bind(live);
    query.persistent(false).execute(connection).await.map(drop)
}

/// Records of a kind, in place of all that there were. Nothing is written where nothing is new.
pub(crate) async fn replace(connection: &mut PgConnection, kind: &str, records: &[Known]) -> Result<(), sqlx::Error> {
    let query = "WITH found (name, desired, live) AS MATERIALIZED (
                   SELECT * FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]),
                     pg_catalog.unnest($4::text[])) AS found),
                 gone AS (DELETE FROM tenancy.known WHERE kind = $1 AND name <> ALL ($2))
                 INSERT INTO tenancy.known (kind, name, desired, live) SELECT $1, * FROM found
                 WHERE NOT EXISTS (SELECT FROM tenancy.known k
                   WHERE k.kind = $1 AND k.name = found.name AND k.desired = found.desired AND k.live = found.live)
                 ON CONFLICT (kind, name) DO UPDATE SET desired = excluded.desired, live = excluded.live";
    let texts = |of: fn(&Known) -> &str| records.iter().map(of).collect::<Vec<_>>();
    let query = sqlx::query(query).bind(kind).bind(texts(|record| &record.name));
    let query = query.bind(texts(|record| &record.desired)).bind(texts(|record| &record.live));
    query.persistent(false).execute(connection).await.map(drop)
}

pub(crate) async fn forget(connection: &mut PgConnection, kind: &str) -> Result<(), sqlx::Error> {
    let query = sqlx::query("DELETE FROM tenancy.known WHERE kind = $1").bind(kind);
    query.persistent(false).execute(connection).await.map(drop)
}

/// A digest of texts in their order.
pub(crate) fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
