//! Rows in whatever tables there are.

use sea_orm::DatabaseConnection;

use crate::support::{execute, texts};

/// Rows of two tenants in every table, made from the catalog; but for those that must refer to other
/// rows. None refers to another: a foreign key of any later description holds.
pub(super) async fn fill(admin: &DatabaseConnection) {
    let statements = texts(
        admin,
        "SELECT format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM generate_series(1, 40) AS n', c.oid::regclass,
           string_agg(quote_ident(attname), ', ' ORDER BY attnum),
           string_agg(CASE
             WHEN attname = 'organization_id' THEN $$('00000000-0000-0000-0000-00000000000' || n % 2)::uuid$$
             WHEN atttypid = 'uuid'::regtype THEN 'gen_random_uuid()'
             WHEN atttypid IN ('text'::regtype, 'varchar'::regtype) THEN $$'row ' || n$$
             WHEN atttypid = 'bool'::regtype THEN 'true'
             WHEN atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype) THEN 'current_date + n'
             ELSE 'n' END, ', ' ORDER BY attnum))
         FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
         WHERE relkind = 'r' AND (relnamespace >= 16384 OR relnamespace = 'public'::regnamespace)
           AND relnamespace <> 'tenancy'::regnamespace AND relname <> 'seaql_migrations'
           AND attname NOT IN ('one_id', 'Other Id', 'part_id', 'part_code')
           AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('one_id', 'Other Id', 'part_id', 'part_code') AND attnotnull)
         GROUP BY c.oid ORDER BY c.oid",
    )
    .await;
    for statement in statements {
        execute(admin, &statement).await;
    }
}
