//! What isolation rests on in a live database, as one hash: whether anything of it was changed since a deploy recorded it.
//!
//! The facts are the catalog's: flags, policies, rights, constraints, triggers, rules and views of what the owner owns or programs
//! have a right on; the functions of schema `tenancy`, those that policies ask, and those that run with other rights than their
//! caller's; and what was granted on PostgreSQL's own objects. Not among them are rows, indexes that are no constraints, and
//! columns' types and defaults. A partition counts only where it is protected otherwise than its parent.

use sqlx::postgres::PgConnection;

/// What is a fact, and how it is written, as a number: digests of different formats can't be compared.
pub const FORMAT: i32 = 3;

/// Must be run in the transaction, before [`DIGEST`] or [`FACTS`]: what the server's way of printing expressions depends on.
/// Ends with the transaction, or with its savepoint when that is rolled back.
pub const SETTINGS: &str = "SELECT pg_catalog.set_config(name, value, true) FROM (VALUES
    ('search_path', ''), ('quote_all_identifiers', 'off'), ('standard_conforming_strings', 'on'),
    ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'), ('extra_float_digits', '1'),
    ('bytea_output', 'hex'), ('lc_monetary', 'C'),
    -- Compiling it would take longer than running it.
    ('jit', 'off')) AS settings (name, value)";

/// Every fact, one line each, in no order, in the column `line`.
pub const FACTS: &str = include_str!("posture.sql");

/// One row: `digest`, the hash of all facts, and `server`, the major version of the server, which has its own way of printing them.
pub const DIGEST: &str = concat!(
    "SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
       coalesce(pg_catalog.string_agg(line, E'\\n' ORDER BY line COLLATE \"C\"), ''), 'UTF8')), 'hex') AS digest,
       pg_catalog.current_setting('server_version_num')::integer / 10000 AS server
     FROM (",
    include_str!("posture.sql"),
    ") AS facts"
);

/// The digest of a database as it is.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Posture {
    /// The hash, in hexadecimal digits.
    pub digest: String,
    /// The server's major version.
    pub server: i32,
}

impl Posture {
    /// Computes it. It is the same for every role.
    ///
    /// The connection must be in a transaction, whose settings are changed.
    ///
    /// # Errors
    /// What the server says.
    pub async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        // Nothing is prepared by name, so that it works behind a pooler.
        sqlx::query(SETTINGS).persistent(false).execute(&mut *connection).await?;
        sqlx::query_as(DIGEST).persistent(false).fetch_one(connection).await
    }
}
